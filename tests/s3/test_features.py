"""What probes find on each server: at least what is known of it, by hand or from its own driver."""

from __future__ import annotations

import pytest
from bucketry import FEATURE_NAMES, Features, Store
from bucketry_minio import MinioDriver
from bucketry_rgw import RgwDriver

from tests.minio.backend import store_on as minio_store
from tests.rgw.backend import store_on as rgw_store
from tests.s3.backend import store_on
from tests.servers.handles import MinioServer, Reachable, RgwServer

OWN_PORT = frozenset(FEATURE_NAMES) - {
    # What the driver does not do.
    "bucket_region",
    "delete_if_last_modified",
    "encrypt_sse_c",
    "owners",
    "upload_checksums",
}
"""What our own S3 port has over the memory driver, checked by hand: everything."""


def names(features: Features) -> frozenset[str]:
    return frozenset(name for name in FEATURE_NAMES if getattr(features, name))


def check_at_least(found: Store, own: Store) -> None:
    """A store through the driver for any server declares all that the server's own driver does."""
    assert names(own.capabilities.features) <= names(found.capabilities.features)
    algorithms = set(own.capabilities.features.checksum_algorithms)
    assert algorithms <= set(found.capabilities.features.checksum_algorithms)
    assert own.capabilities.operations <= found.capabilities.operations


def test_our_own_port_has_everything(own_port: Reachable) -> None:
    with store_on(own_port) as store:
        assert names(store.capabilities.features) == OWN_PORT
        assert len(store.capabilities.features.checksum_algorithms) == 10


def test_minio_has_what_its_own_driver_declares(minio_server: MinioServer) -> None:
    with store_on(minio_server) as found, minio_store(minio_server, kms=True) as own:
        assert MinioDriver.features.put_if_match
        check_at_least(found, own)


def test_rgw_has_what_its_own_driver_declares(rgw_server: RgwServer) -> None:
    with store_on(rgw_server) as found, rgw_store(rgw_server) as own:
        assert RgwDriver.features.put_if_match
        check_at_least(found, own)


@pytest.mark.parametrize(
    ("feature", "works"),
    [
        ("copy_if_none_match", False),  # ignored silently
        ("complete_if_none_match", True),
        ("delete_if_match", False),  # ignored silently
        ("get_part_number", True),
    ],
)
def test_what_minio_ignores_is_not_declared(minio_server: MinioServer, feature: str, works: bool) -> None:
    with store_on(minio_server) as store:
        assert getattr(store.capabilities.features, feature) is works


@pytest.mark.parametrize("feature", ["complete_if_match", "complete_if_none_match", "copy_if_match", "get_part_number"])
def test_what_rgw_ignores_is_not_declared(rgw_server: RgwServer, feature: str) -> None:
    with store_on(rgw_server) as store:
        assert not getattr(store.capabilities.features, feature)
