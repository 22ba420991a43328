"""The servers, users and settings whose responses are cut."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from types import MappingProxyType
from typing import Any, Final

import msgspec
from bucketry import Store, open_store

from tests.responses.calls import SCENARIOS, Scenario, driver_of
from tests.responses.scenarios import LEAST_PART

SMALL_PART: Final = 1024
"""What is sent in one piece where nobody really stores it."""


_ADMIN: Final = MappingProxyType({"access_key": "access_key", "secret_key": "secret_key"})
_PLAIN: Final = {"access_key": "plain_access_key", "secret_key": "plain_secret_key"}
_SWIFT: Final = _ADMIN | {"swift_user": "swift_user", "swift_secret": "swift_secret"}


class Setup(msgspec.Struct, frozen=True, kw_only=True):
    """One way to reach a server.

    Attributes:
        name: Its name, and that of its file of recordings.
        driver: The driver.
        keys: Which settings the attributes of a server's handle give.
        operations: The operations that it is for; empty for all.
    """

    name: str
    driver: str
    keys: Mapping[str, str] = _ADMIN
    operations: tuple[str, ...] = ()

    def scenarios(self) -> list[Scenario]:
        """Return the scenarios of this setup."""
        with self.opened("127.0.0.1:1", self.any_settings()) as store:
            return [
                found
                for found in SCENARIOS
                if found.is_for(store) and (not self.operations or found.operation in self.operations)
            ]

    def any_settings(self) -> dict[str, str]:
        """Return settings for a server that does not check them."""
        return dict.fromkeys(self.keys, "bucketry")

    def settings_of(self, server: object) -> dict[str, str]:
        """Return the settings for a real server."""
        return {name: getattr(server, attribute) for name, attribute in self.keys.items()}

    def opened(self, location: str, settings: Mapping[str, str], **more: object) -> Store:
        """Open a store that tries everything once."""
        given: dict[str, object] = {**settings, "retries": 0, "read_timeout": 20, "part_size": LEAST_PART, **more}
        return open_store(f"{self.driver}://{location}", settings=given, environ={})


SETUPS: Final = (
    Setup(name="minio", driver="minio"),
    Setup(name="rgw", driver="rgw"),
    Setup(name="rgw-plain", driver="rgw", keys=_PLAIN, operations=("bucket_usage", "usage_report")),
    Setup(name="rgw-swift", driver="rgw", keys=_SWIFT, operations=("list_objects",)),
)


def opener(setup: Setup, location: str) -> Callable[[], AbstractContextManager[Store]]:
    """Return what opens stores on a server that stores nothing: thousands of them, so settings are read once.

    They send small parts, below what settings allow, since nobody minds.
    """
    with setup.opened(location, setup.any_settings()) as store:
        driver: Any = driver_of(store)
    msgspec.structs.force_setattr(driver._settings, "part_size", SMALL_PART)

    @contextmanager
    def opened() -> Iterator[Store]:
        store = Store(made := type(driver)(driver._settings))
        try:
            yield store
        finally:
            made.close()  # Closing the store would cost more than most calls.

    return opened
