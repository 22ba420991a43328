"""A driver that breaks the contract is refused when a store is opened over it."""

from __future__ import annotations

from collections.abc import Callable

import msgspec
import pytest
from bucketry import Deleted, DeleteOptions, Done, DriverSettings, InvalidDriver, Store
from bucketry.hookspecs import DriverSpec, hookimpl

from tests.core.tiny import TinyDriver, TinySettings


def _misspelt() -> type[TinyDriver]:
    class Driver(TinyDriver):
        @hookimpl
        def delete_objekt(self, bucket: str, key: str) -> Done:
            raise NotImplementedError

    return Driver


def _unmarked() -> type[TinyDriver]:
    class Driver(TinyDriver):
        def delete_object(self, bucket: str, key: str, options: DeleteOptions) -> Deleted:
            raise NotImplementedError

    return Driver


def _other_parameters() -> type[TinyDriver]:
    class Driver(TinyDriver):
        @hookimpl
        def delete_object(self, bucket: str, key: str) -> Done:  # type: ignore[override]
            raise NotImplementedError

    return Driver


def _other_version() -> type[TinyDriver]:
    class Driver(TinyDriver):
        contract_version = 99

    return Driver


def _other_scheme() -> type[TinyDriver]:
    class Driver(TinyDriver):
        name = "other"

    return Driver


class NamelessSettings(DriverSettings, frozen=True, kw_only=True):
    """Lacks its scheme."""


def _settings_without_scheme() -> type[TinyDriver]:
    class Driver(TinyDriver):
        Settings = NamelessSettings  # type: ignore[assignment]

    return Driver


def _settings_that_are_none() -> type[TinyDriver]:
    class Driver(TinyDriver):
        Settings = None  # type: ignore[assignment]

    return Driver


def _no_features() -> type[TinyDriver]:
    # Everything else is the tiny driver's.
    members = {name: value for name, value in vars(TinyDriver).items() if name not in {"features", "__dict__"}}
    return type("Driver", (DriverSpec,), members)


def _other_features() -> type[TinyDriver]:
    class Driver(TinyDriver):
        features = {"put_metadata": True}  # type: ignore[assignment]  # noqa: RUF012

    return Driver


def _checksums_of_no_algorithm() -> type[TinyDriver]:
    class Driver(TinyDriver):
        features = msgspec.structs.replace(TinyDriver.features, checksums=True)

    return Driver


def _algorithms_without_checksums() -> type[TinyDriver]:
    class Driver(TinyDriver):
        features = msgspec.structs.replace(TinyDriver.features, checksum_algorithms=("CRC32",))

    return Driver


def _checksums_of_uploads_alone() -> type[TinyDriver]:
    class Driver(TinyDriver):
        features = msgspec.structs.replace(TinyDriver.features, upload_checksums=True)

    return Driver


def _an_unknown_algorithm() -> type[TinyDriver]:
    class Driver(TinyDriver):
        features = msgspec.structs.replace(TinyDriver.features, checksums=True, checksum_algorithms=("CRC33",))

    return Driver


def _lifecycle_without_conditions() -> type[TinyDriver]:
    class Driver(TinyDriver):
        features = msgspec.structs.replace(TinyDriver.features, bucket_lifecycle=True, delete_if_match=True)
        lifecycle = "core"

    return Driver


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (_misspelt, "unknown hook 'delete_objekt'"),
        (_unmarked, "has a method delete_object without @hookimpl"),
        (_other_parameters, r"has delete_object\(self, bucket, key\) instead of \(self, bucket, key, options\)"),
        (_other_version, "speaks version 99 of the contract and this bucketry speaks 3"),
        (_other_scheme, "is named 'other', but its settings have the scheme 'tiny'"),
        (_settings_without_scheme, "has settings without a scheme: declare `scheme = 'tiny'` in NamelessSettings"),
        (_settings_that_are_none, "'Settings' is not a class that inherits bucketry.DriverSettings"),
        (_no_features, "the driver 'tiny' does not declare 'features'"),
        (_other_features, "the 'features' of the driver 'tiny' are not bucketry.Features"),
        (_checksums_of_no_algorithm, "declares 'checksums' with 'checksum_algorithms'"),
        (_algorithms_without_checksums, "declares 'checksums' with 'checksum_algorithms'"),
        (_checksums_of_uploads_alone, "declares 'checksums' with 'checksum_algorithms'"),
        (_an_unknown_algorithm, "which are some of CRC32, CRC32C"),
        (_lifecycle_without_conditions, "leaves lifecycle to core, and lacks list_object_versions, .*delete_if_last"),
    ],
)
def test_a_driver_that_breaks_the_contract_is_refused_in_one_sentence(
    make: Callable[[], type[TinyDriver]], said: str
) -> None:
    with pytest.raises(InvalidDriver, match=said) as caught:
        Store(make()(TinySettings()))
    assert "\n" not in str(caught.value)
