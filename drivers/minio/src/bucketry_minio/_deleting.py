"""Deletes many objects."""

from __future__ import annotations

import re
from typing import Final

from bucketry import BackendError, BucketryError, DeleteFailure, DeleteResult, InvalidKey
from bucketry_s3client import S3ResponseError, delete_keys

from bucketry_minio._connection import Connection
from bucketry_minio._errors import KINDS, classify
from bucketry_minio._keys import check_key

# XML holds no control characters but three, its readers turn a carriage return into a newline, and U+FFFE and U+FFFF
# are no characters to it (XML 1.0, 2.2 and 2.11).
_NOT_FOR_XML: Final = re.compile("[\x00-\x08\x0b-\x1f\ufffe\uffff]")


def delete_batch(connection: Connection, bucket: str, keys: tuple[str, ...]) -> DeleteResult:
    """Deletes up to 1,000 objects, and says of each key what became of it, in the order given."""
    failed: dict[str, DeleteFailure] = {}
    together: list[str] = []
    alone: list[str] = []
    for key in keys:
        try:
            check_key(key)
        except InvalidKey as error:
            failed[key] = DeleteFailure(key, error.code, str(error))
        else:
            (alone if _NOT_FOR_XML.search(key) else together).append(key)
    if together:
        failed.update(_delete_together(connection, bucket, together))
    for key in alone:
        if failure := _delete_alone(connection, bucket, key):
            failed[key] = failure
    return DeleteResult(tuple(key for key in keys if key not in failed), tuple(failed[k] for k in keys if k in failed))


def _delete_together(connection: Connection, bucket: str, keys: list[str]) -> dict[str, DeleteFailure]:
    return {
        key: _failure(key, KINDS.get(code, BackendError), message)
        for key, (code, message) in delete_keys(connection, bucket, keys).items()
    }


def _delete_alone(connection: Connection, bucket: str, key: str) -> DeleteFailure | None:
    try:
        connection.request("DELETE", bucket, key)
    except S3ResponseError as error:
        if error.code == "NoSuchBucket":
            raise
        verdict = classify(error)
        return _failure(key, verdict.kind, verdict.detail)
    return None


def _failure(key: str, kind: type[BucketryError], message: str) -> DeleteFailure:
    return DeleteFailure(key, kind.code, message or kind.sentence)
