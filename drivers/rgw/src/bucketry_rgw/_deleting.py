"""Deletes many objects at once."""

from __future__ import annotations

import re
from typing import Final

from bucketry import DeleteFailure, DeleteResult
from bucketry_s3client import S3Client, S3ResponseError, classify_code, delete_keys

from bucketry_rgw._errors import DETAILS, KINDS

# What XML 1.0 cannot hold (2.2), and what a parser turns into something else (2.11).
_NOT_IN_XML: Final = re.compile("[\x00-\x1f\x7f-\x9f\u2028\ufffe\uffff]")


def delete_batch(client: S3Client, bucket: str, keys: tuple[str, ...]) -> DeleteResult:
    """Deletes up to 1,000 objects. Every key is either deleted or failed.

    Raises:
        S3ResponseError: The bucket does not exist, or RGW refuses the whole.
        Unavailable: RGW does not say of each key what became of it.
    """
    single = [key for key in keys if _NOT_IN_XML.search(key)]
    batch = [key for key in keys if not _NOT_IN_XML.search(key)]
    failures: dict[str, DeleteFailure] = {}
    if batch:
        for key, (code, _) in delete_keys(client, bucket, batch).items():
            if code != "NoSuchKey":
                failures[key] = _failure(key, code)
    for key in single:
        if "\0" in key:
            failures[key] = _failure(key, "InvalidObjectName")
            continue
        try:
            _delete(client, bucket, key)
        except S3ResponseError as error:
            if error.code == "NoSuchBucket":
                raise
            failures[key] = _failure(key, error.code)
    return DeleteResult(
        deleted=tuple(key for key in keys if key not in failures),
        failed=tuple(failures[key] for key in keys if key in failures),
    )


def _delete(client: S3Client, bucket: str, key: str) -> None:
    try:
        client.request("DELETE", bucket, key)
    except S3ResponseError as error:
        if error.code != "NoSuchKey":
            raise


def _failure(key: str, code: str) -> DeleteFailure:
    verdict = classify_code(code, 0, "", KINDS, DETAILS)
    return DeleteFailure(key=key, code=verdict.kind.code, message=str(verdict.kind(verdict.detail)))
