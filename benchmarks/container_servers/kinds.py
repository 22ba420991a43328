"""The kinds of real servers that there are rows for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import ExitStack

import msgspec

from benchmarks.case import MIB
from benchmarks.container_servers.backend import Backend

_CONTAINERS = ("docker", "filelock", "httpx", "testcontainers", "trustme")


class Kind(msgspec.Struct, frozen=True, kw_only=True):
    """A kind of server.

    Attributes:
        name: In the names of rows.
        title: In the titles of rows.
        sdk_name: The SDK that is compared with.
        start: Starts one; raises `NotAvailable` where that cannot be.
        needs: Modules that its rows need.
        lists_content_types: Whether its SDK can have content types in a listing.
        part_bytes: Size of a part of the driver's uploads.
        parts_held: Most parts that the driver holds of one upload.
        notes: Of rows, by operation.
    """

    name: str
    title: str
    sdk_name: str
    start: Callable[[ExitStack], Backend]
    needs: tuple[str, ...]
    lists_content_types: bool
    part_bytes: int
    parts_held: int
    notes: Mapping[str, str] = {}


def _minio(stack: ExitStack) -> Backend:
    # What is not installed is said before this is imported.
    from benchmarks.container_servers.minio_backend import minio_backend

    return minio_backend(stack)


MINIO = Kind(
    name="minio",
    title="MinIO",
    sdk_name="minio-py",
    start=_minio,
    needs=("bucketry_minio", "minio", *_CONTAINERS),
    lists_content_types=True,
    part_bytes=5 * MIB,
    parts_held=5,
    notes={
        "put": "Ours is two requests: it asks first whether the write would hide objects from MinIO's listings "
        "(`check_paths`), and the SDK does not; docs/adr/0006-minio-check-paths.md has the reason.",
        "list": "With content types on both sides (`include_user_meta=True`).",
        "upload": "Everything runs on the same two cores, which are busy 11.6 core-seconds for the SDK's upload and "
        "12.9 for ours: 3.4 are our server's, which takes in and sends on each byte, and signs its SHA-256 as the "
        "SDK does.",
        "download": "How fast MinIO gives this object away, and so the SDK's figure, swings most of all here: 330 to "
        "555 MB/s within one hour, and ratios of 0.52 to 0.89. Our server takes 1.1 s of CPU a GiB, most of it in the "
        "kernel: it receives each byte from MinIO and sends it to the client, and looks at none. The SDK's process "
        "takes 0.6 s, ours and its client 1.6 s, on two cores that MinIO needs too.",
        "rest-list": "Ours lists content types too, which the SDK's plain listing does not. MinIO itself takes 1.30 "
        "s for these pages with them, and 0.55 s without (signed beforehand, responses not looked at), and the SDK "
        "1.31 s, of which 0.90 s is its own CPU. To read a page takes ours 0.04 s, which cannot run beside MinIO's "
        "work: its end says where the next one begins.",
    },
)


def _unchecked_minio(stack: ExitStack) -> Backend:
    from benchmarks.container_servers.minio_backend import minio_backend

    return minio_backend(stack, check_paths=False)


UNCHECKED_MINIO = msgspec.structs.replace(
    MINIO,
    name="minio-unchecked",
    title="MinIO with check_paths=false",
    start=_unchecked_minio,
    notes={"put": "One request on both sides; see docs/adr/0006-minio-check-paths.md."},
)


def _rgw(stack: ExitStack) -> Backend:
    from benchmarks.container_servers.rgw_backend import rgw_backend

    return rgw_backend(stack)


def _rgw_with_swift(stack: ExitStack) -> Backend:
    from benchmarks.container_servers.rgw_backend import rgw_backend

    return rgw_backend(stack, swift=True)


RGW = Kind(
    name="rgw",
    title="Ceph RGW",
    sdk_name="boto3",
    start=_rgw,
    needs=("boto3", "bucketry_rgw", *_CONTAINERS),
    lists_content_types=False,
    part_bytes=8 * MIB,
    parts_held=4,
    notes={
        "upload": "Everything runs on the same two cores, which are busy 10.5 core-seconds for boto3's upload and "
        "12.1 for ours: were they never idle, that would be 0.87. 3.1 of them are our server's, which takes in and "
        "sends on each byte, and signs its SHA-256 as boto3 does. boto3 sends ten parts at a time, ours three: more "
        "would hold more in memory.",
        "list": "Without content types, which boto3 cannot list.",
        "rest-list": "Ours asks for every object's content type, one HEAD each: 10,000 requests.",
    },
)

RGW_WITH_SWIFT = msgspec.structs.replace(
    RGW, start=_rgw_with_swift, notes={"rest-list": "Ours lists content types too, through the Swift API."}
)

KINDS = (MINIO, RGW)
