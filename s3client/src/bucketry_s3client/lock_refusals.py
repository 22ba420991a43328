"""Why a server refused a change of a locked version: servers say it in different ways, and the version itself tells.

MinIO says ``InvalidRequest`` for a version that is locked and for a bucket without object lock. RGW says
``AccessDenied`` for a version that is locked and for a caller who may not. So the version is looked at.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from typing import Final, NoReturn

from bucketry import (
    CopyOptions,
    DeleteFailure,
    InvalidBucketState,
    ObjectInfo,
    ObjectLocked,
    PutOptions,
    UploadOptions,
)
from bucketry.object_lock import check_new_retention

from bucketry_s3client.client import S3Client
from bucketry_s3client.errors import S3ResponseError
from bucketry_s3client.objects import object_info
from bucketry_s3client.version_headers import version_query

LOCKED: Final = "the version has a legal hold or a retention"

_REFUSALS: Final = frozenset({"AccessDenied", "InvalidRequest", "ObjectLocked"})


@contextmanager
def explaining_locks(client: S3Client, bucket: str, key: str, version_id: str | None) -> Iterator[None]:
    """Raises the contract's error where the block is refused because of a lock, or because there is no object lock.

    It makes requests only after a refusal: one for the version, and one for the bucket if the version is not locked.

    Args:
        client: The way to the server.
        bucket: The bucket.
        key: The object.
        version_id: The version that the block changes; ``None``: the latest.

    Raises:
        ObjectLocked: The version has a retention or a legal hold.
        InvalidBucketState: The bucket has no object lock.
        S3ResponseError: It was refused for another reason.
    """
    try:
        yield
    except S3ResponseError as error:
        if error.code not in _REFUSALS:
            raise
        if is_locked(client, bucket, key, version_id):
            raise ObjectLocked(LOCKED) from error
        _raise_missing_lock(client, bucket, error)


@contextmanager
def explaining_missing_lock(
    client: S3Client, bucket: str, options: PutOptions | CopyOptions | UploadOptions
) -> Iterator[None]:
    """Raises the contract's error where a new version with a lock is refused because the bucket has no object lock.

    Raises:
        InvalidArgument: The retention ends in the past.
        InvalidBucketState: The bucket has no object lock.
        S3ResponseError: It was refused for another reason.
    """
    try:
        yield
    except S3ResponseError as error:
        if error.code not in _REFUSALS or (options.retention is None and options.legal_hold is None):
            raise
        if options.retention is not None:
            check_new_retention(options.retention, datetime.now(UTC))
        _raise_missing_lock(client, bucket, error)


def check_lock(client: S3Client, bucket: str, options: PutOptions | CopyOptions | UploadOptions) -> None:
    """Checks the lock that a new version is to have, where the server itself does not: one request if there is a lock.

    Raises:
        InvalidArgument: The retention ends in the past.
        InvalidBucketState: The bucket has no object lock.
    """
    if options.retention is None and options.legal_hold is None:
        return
    if options.retention is not None:
        check_new_retention(options.retention, datetime.now(UTC))
    if not _has_lock(client, bucket):
        raise InvalidBucketState("the bucket has no object lock")


def is_locked(client: S3Client, bucket: str, key: str, version_id: str | None) -> bool:
    """Says whether a version has a lock: one request."""
    found = _looked_at(client, bucket, key, version_id)
    return found is not None and (bool(found.legal_hold) or found.retention is not None)


def _raise_missing_lock(client: S3Client, bucket: str, error: S3ResponseError) -> NoReturn:
    if not _has_lock(client, bucket):
        raise InvalidBucketState("the bucket has no object lock") from error
    raise error


def explained(client: S3Client, bucket: str, failure: DeleteFailure) -> DeleteFailure:
    """Returns a failure of a batch delete; with the code of `ObjectLocked` where a lock is the reason.

    ``failure.code`` is the server's own.
    """
    if failure.version_id is None or failure.code not in _REFUSALS:
        return failure
    if not is_locked(client, bucket, failure.key, failure.version_id):
        return failure
    return DeleteFailure(failure.key, "ObjectLocked", LOCKED, failure.version_id)


def _looked_at(client: S3Client, bucket: str, key: str, version_id: str | None) -> ObjectInfo | None:
    with suppress(S3ResponseError):
        return object_info(key, client.request("HEAD", bucket, key, query=version_query(version_id))[0])
    return None


def _has_lock(client: S3Client, bucket: str) -> bool:
    try:
        client.request("GET", bucket, query={"object-lock": ""})
    except S3ResponseError as error:
        return error.code != "ObjectLockConfigurationNotFoundError"
    return True
