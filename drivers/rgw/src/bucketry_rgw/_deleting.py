"""Deletes many objects at once."""

from __future__ import annotations

import re
from typing import Final

from botocore.exceptions import ClientError
from bucketry import DeleteFailure, DeleteResult
from bucketry_s3client import Wire, delete_together

from bucketry_rgw._errors import classify, code_of

# What XML 1.0 cannot hold (2.2), and what a parser turns into something else (2.11).
_NOT_IN_XML: Final = re.compile("[\x00-\x1f\x7f-\x9f\u2028\ufffe\uffff]")


def delete_batch(wire: Wire, bucket: str, keys: tuple[str, ...]) -> DeleteResult:
    """Deletes up to 1,000 objects. Every key is either deleted or failed.

    Raises:
        ClientError: The bucket does not exist, or RGW refuses the whole.
        Unavailable: RGW does not say of each key what became of it.
    """
    single = [key for key in keys if _NOT_IN_XML.search(key)]
    batch = [key for key in keys if not _NOT_IN_XML.search(key)]
    failures: dict[str, DeleteFailure] = {}
    if batch:
        for key, (code, _) in delete_together(wire, bucket, batch).items():
            if code != "NoSuchKey":
                failures[key] = _failure(key, code)
    for key in single:
        try:
            _delete(wire, bucket, key)
        except ClientError as error:
            if code_of(error) == "NoSuchBucket":
                raise
            failures[key] = _failure(key, code_of(error))
    return DeleteResult(
        deleted=tuple(key for key in keys if key not in failures),
        failed=tuple(failures[key] for key in keys if key in failures),
    )


def _delete(wire: Wire, bucket: str, key: str) -> None:
    if "\0" in key:
        raise ClientError({"Error": {"Code": "InvalidObjectName"}}, "DELETE")
    try:
        wire.send("DELETE", bucket, key)
    except ClientError as error:
        if code_of(error) != "NoSuchKey":
            raise


def _failure(key: str, code: str) -> DeleteFailure:
    verdict = classify(ClientError({"Error": {"Code": code}}, "DELETE"))
    return DeleteFailure(key=key, code=verdict.kind.code, message=str(verdict.kind(verdict.detail)))
