"""What probes find on each server: at least what is known of it, by hand or from its own driver."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import pytest
from bucketry import CHECKSUM_ALGORITHMS, FEATURE_NAMES, Features, Store
from bucketry_minio import MinioDriver
from bucketry_rgw import RgwDriver

from tests.minio.backend import store_on as minio_store
from tests.rgw.backend import store_on as rgw_store
from tests.s3.backend import store_on
from tests.servers.handles import MinioServer, Reachable, RgwServer
from tests.servers.programs import LocalServer

OWN_PORT = frozenset(FEATURE_NAMES) - {
    # What the driver does not do.
    "bucket_region",
    "delete_if_last_modified",
    "owners",
}
"""What our own S3 port has over the memory driver, checked by hand: everything."""

SEAWEEDFS_LACKS = frozenset(
    {
        "bucket_accelerate",  # each of these settings is taken for the creation of the bucket: 409
        "bucket_acl",  # 403 unless the list names the identity of the server's own settings as the owner
        "bucket_analytics",  # lists of such configurations are empty, whatever was put
        "bucket_intelligent_tiering",
        "bucket_inventory",
        "bucket_logging",
        "bucket_metrics",
        "bucket_notification",  # 409
        "bucket_ownership",  # is BucketOwnerEnforced after it was deleted
        "bucket_public_access",  # 501
        "bucket_request_payment",  # 400
        "bucket_website",  # 409
        "copy_own_etag",  # the copy of an upload has the upload's etag
        "encrypt_sse_c",  # parts of an upload are taken without the key, and with another one
        "encrypt_sse_kms",  # 500 without the id of a key
        "put_acl",  # x-amz-grant-… of a put is ignored
        "storage_class",  # a copy has the class of its source
        "upload_checksums",  # parts are taken without one, and lists do not say which an upload has
        "website_redirect",  # not kept
    }
)
"""What SeaweedFS 4.48 lacks, tried with boto3: nothing of the driver was used."""

SEAWEEDFS_RACES = frozenset({"complete_if_match", "complete_if_none_match", "delete_if_match"})
"""What it checks before it writes, and not again: of six completions at once, up to five won in one round of six. A
probe sees that often, not always. Deletes at once were not tried by hand. Of puts and copies one won each time."""

SEAWEEDFS_CHECKSUMS = frozenset({"CRC32", "CRC32C", "CRC64NVME", "SHA1", "SHA256"})


class Known(NamedTuple):
    """What is known of a server, by requests sent by hand with boto3 and httpx on 27 November 2026.

    Attributes:
        has: The features that it has.
        unused: Those of them that the driver does not use, and what keeps it from that.
        algorithms: The checksums that it verifies and keeps.
    """

    has: frozenset[str]
    unused: Mapping[str, str]
    algorithms: frozenset[str] = frozenset()


WRITES = frozenset(
    {
        "complete_if_match",
        "complete_if_none_match",
        "copy_if_match",
        "copy_if_none_match",
        "delete_if_match",
        "put_if_match",
        "put_if_none_match",
    }
)
"""Conditions of writes. These servers look and write in two steps. Where several write at once, more than one may win.
So probes find some of these conditions one time and not another."""

READS = ("get_if_match", "get_if_none_match", "get_if_modified_since", "get_if_unmodified_since")
_MARKERS_FIRST = "a page of versions has the delete markers before all versions"
_OTHER_DOCUMENT = "the document has the name of the operation, not the one that S3 gives it"

VERSITYGW = Known(
    has=frozenset(
        {
            *READS,
            "bucket_cors",
            "bucket_object_lock",
            "bucket_ownership",
            "bucket_policy",
            "bucket_tagging",
            "bucket_versioning",
            "bucket_website",
            "complete_if_match",
            "complete_if_none_match",
            "complete_subset",
            "copy_source_if_match",
            "copy_tagging",
            "get_part_number",
            "list_delimiter",
            "list_start_after",
            "list_versions_start_after",
            "object_lock_later",
            "part_copy_source_if_match",
            "presign_content_type",
            "presign_response_headers",
            "put_headers",
            "put_if_match",  # Not with an asterisk, which the driver replaces.
            "put_if_none_match",
            "put_metadata",
            "put_tagging",
            "upload_object_lock",
            "upload_tagging",
            "website_redirect",
        }
    ),
    unused={
        "bucket_object_lock": _MARKERS_FIRST,
        "bucket_versioning": _MARKERS_FIRST,
        "list_versions_start_after": _MARKERS_FIRST,
        "object_lock_later": _MARKERS_FIRST,
        "upload_object_lock": _MARKERS_FIRST,
    },
    algorithms=frozenset(CHECKSUM_ALGORITHMS),
)
"""VersityGW 1.8.0, its backend posix.

Without an error it ignores conditions of a copy's destination, storage classes and encryption. It deletes what is not
there under ``If-Match``, keeps the etag and the checksum of an upload when an object is copied onto itself, and says of
any upload whose key has an object that it was completed. A part that is read alone has the checksum of the whole. Its
ACLs have groups that S3 does not know. The rest is 501.
"""

MOTO = Known(
    has=frozenset(
        {
            *READS,
            "bucket_accelerate",
            "bucket_cors",
            "bucket_encryption",
            "bucket_lifecycle",
            "bucket_ownership",
            "bucket_policy",
            "bucket_public_access",
            "bucket_tagging",
            "bucket_versioning",
            "bucket_website",
            "complete_if_none_match",
            "complete_subset",
            "copy_own_etag",
            "copy_tagging",
            "delete_if_match",  # Not with an asterisk, which the driver replaces.
            "encrypt_sse_kms",
            "encrypt_sse_s3",
            "list_delimiter",
            "list_start_after",
            "presign_response_headers",
            "put_headers",
            "put_if_match",  # Not with an asterisk, which the driver replaces.
            "put_if_none_match",
            "put_metadata",
            "put_tagging",
            "storage_class",
            "upload_tagging",
        }
    ),
    unused={"bucket_accelerate": _OTHER_DOCUMENT, "bucket_versioning": _OTHER_DOCUMENT},
)
"""moto 5.2.5.

Without an error it ignores conditions of a copy (source and destination), ``If-Match`` of a completion, and wrong
checksums. It checks no signature, so also not the content type of a presigned URL. Parts that are not there are the
whole object. A completion that is sent again after the object was overwritten is 500. A copy has the redirect and the
ACL of its source.
"""


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


def check_known(server: LocalServer, known: Known) -> None:
    """What probes find is what is known. Where they find more, look by hand: a probe is wrong, or the table is."""
    with store_on(server) as store:
        features = store.capabilities.features
    found = names(features) - {"checksums"}
    assert found <= known.has
    assert found - WRITES == known.has - known.unused.keys() - WRITES
    assert set(features.checksum_algorithms) == known.algorithms


def test_versitygw_has_what_was_seen_by_hand(versitygw_server: LocalServer) -> None:
    check_known(versitygw_server, VERSITYGW)


def test_moto_has_what_was_seen_by_hand(moto_server: LocalServer) -> None:
    check_known(moto_server, MOTO)


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


def test_seaweedfs_has_what_the_table_says(seaweedfs_server: LocalServer) -> None:
    """If probes find less, they are wrong. If they find more, try it by hand: the table is wrong, or they are."""
    with store_on(seaweedfs_server) as store:
        found = names(store.capabilities.features)
        assert set(store.capabilities.features.checksum_algorithms) == SEAWEEDFS_CHECKSUMS
    assert found - SEAWEEDFS_RACES == OWN_PORT - SEAWEEDFS_LACKS - SEAWEEDFS_RACES
