"""Fills in the record of a request to the S3 port."""

from __future__ import annotations

from typing import Final

from bucketry.s3 import COPY_SOURCE

from bucketry_http.s3.errors import S3Error
from bucketry_http.s3.request import S3Request, copy_source
from bucketry_http.shared.origin import ANONYMOUS
from bucketry_http.shared.record import RequestRecord

PREFLIGHT: Final = "Preflight"
"""The name of a browser's question what its page may do, which is no operation of S3."""


def fill(record: RequestRecord, request: S3Request, code: str = "") -> None:
    """Says what a request is about, and how it ended, before its response is sent.

    Args:
        record: Its record.
        request: The request.
        code: The code of the error that it ended with; empty: none.
    """
    record.principal = record.principal or request.principal.user_id or ANONYMOUS
    if request.verified is not None:
        record.credential = record.credential or request.verified.access_key
    record.operation = request.operation
    record.bucket = request.bucket
    record.key = request.key
    record.version_id = request.version_id
    record.code = code
    if COPY_SOURCE in request.headers:
        _fill_source(record, request.headers[COPY_SOURCE])


def _fill_source(record: RequestRecord, header: str) -> None:
    try:
        source = copy_source(header)
    except S3Error:
        return  # The request is refused for that, or before anybody has looked.
    record.source_bucket, record.source_key = source.bucket, source.key
    record.source_version_id = record.source_version_id or source.version_id
