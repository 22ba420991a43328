"""The settings of the driver: its stores, and which buckets lie in which of them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, ClassVar, Final

import msgspec
from bucketry import InvalidBucketName, InvalidSettings, ServedSettings
from bucketry.bucket_names import check_bucket_pattern
from bucketry.redaction import redacted

_NAME: Final = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}")


class StoreSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One of the stores. Its ``repr`` shows no settings, since they may hold secrets.

    Attributes:
        name: Its name, in messages and in `Status.stores`: up to 63 of ``a-z``, ``0-9``, ``-`` and ``_``.
        url: Its URL, as `open_store` takes it.
        buckets: Patterns of the names of its buckets. ``*`` stands for any letters, ``?`` for one, ``[a-f]`` for one of
            these, ``[!a-f]`` for one that is none of these.
        default: Whether it has the buckets that no pattern of any store matches.
        settings: More settings of its driver, by field name. They win over its URL and the environment. A secret can be
            in a file: ``secret_key_file`` names it.
        defaults: The same, but its URL and the environment win over them.

    Raises:
        InvalidSettings: The name or a pattern is malformed, or no bucket would lie in this store.
    """

    name: str
    url: str
    buckets: tuple[str, ...] = ()
    default: bool = False
    settings: Mapping[str, Any] = {}
    defaults: Mapping[str, Any] = {}

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.name):
            raise InvalidSettings(
                f"{self.name[:80]!r} is not a store's name: take up to 63 of a-z, 0-9, '-' and '_', such as fast"
            )
        for pattern in self.buckets:
            try:
                check_bucket_pattern(pattern)
            except InvalidBucketName as error:
                raise InvalidSettings(
                    f"the store {self.name!r} has the pattern {pattern[:80]!r}: {error.detail}"
                ) from None
        if not self.buckets and not self.default:
            raise InvalidSettings(
                f'no bucket would lie in the store {self.name!r}: give it buckets = ["pattern"], or default = true'
            )

    def __repr__(self) -> str:
        shown = f"name={self.name!r}, url={redacted(self.url)!r}, buckets={self.buckets!r}, default={self.default!r}"
        return f"StoreSettings({shown})"

    def __rich_repr__(self) -> list[tuple[str, Any]]:
        """Returns what `repr` shows: msgspec's own would show the settings."""
        return [("name", self.name), ("url", redacted(self.url)), ("buckets", self.buckets), ("default", self.default)]


class RouterSettings(ServedSettings, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Settings of a router.

    Attributes:
        stores: The stores. A bucket lies in the first of them that has a pattern for its name.
        placements: Path of the file that says which buckets lie elsewhere than the patterns say. ``bucketry move``
            writes it, and every router reads it again once a second if it has changed. ``None``: buckets are not moved.
        breaker: Calls in a row that a store did not answer, after which it is left alone for a while: a circuit breaker
            (`bucketry.layers.Breaker`) around each store. 0: none.
        endpoint: URL of the S3 endpoint that serves the router. Empty: there is none, and presigned URLs are those of
            the store that the bucket lies in.

    Raises:
        InvalidSettings: There is no store, a name or a pattern comes twice, or there are two defaults.
    """

    scheme: ClassVar[str] = "router"

    stores: tuple[StoreSettings, ...]
    placements: str | None = None
    breaker: int = 0
    endpoint: str = ""

    def __post_init__(self) -> None:
        if not self.stores:
            raise InvalidSettings("a router needs at least one store")
        _refuse_twice("store", [store.name for store in self.stores])
        _refuse_twice("pattern", [pattern for store in self.stores for pattern in store.buckets])
        defaults = [store.name for store in self.stores if store.default]
        if len(defaults) > 1:
            raise InvalidSettings(f"the stores {' and '.join(defaults)} are both the default: only one can be")
        if self.breaker < 0:
            raise InvalidSettings("breaker is a number of calls, or 0")
        if not self.secret_key:
            raise InvalidSettings("secret_key is empty")


def _refuse_twice(what: str, names: list[str]) -> None:
    twice = [name for name in dict.fromkeys(names) if names.count(name) > 1]
    if twice:
        raise InvalidSettings(f"the {what} {twice[0]!r} comes twice: only the first would count")
