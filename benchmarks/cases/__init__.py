"""All rows, in the order in which they are measured and printed."""

from __future__ import annotations

from benchmarks.case import Case
from benchmarks.cases import (
    async_calls,
    fixtures,
    footprint,
    fsspec_files,
    listing,
    memory,
    on_call,
    on_disk,
    overhead,
    presign,
    rest,
    s3_endpoint,
    s3_in_front,
    s3_listing,
    s3_request,
    server_calls,
    server_listings,
    server_transfers,
    upload,
    workers,
)

CASES: tuple[Case, ...] = (
    *memory.CASES,
    *listing.CASES,
    *footprint.CASES,
    *presign.CASES,
    *rest.CASES,
    *on_call.CASES,
    *upload.CASES,
    *workers.CASES,
    *overhead.CASES,
    *s3_endpoint.CASES,
    *s3_in_front.CASES,
    *s3_listing.CASES,
    *on_disk.CASES,
    *s3_request.CASES,
    *fixtures.CASES,
    *server_calls.CASES,
    *server_transfers.CASES,
    *server_listings.CASES,
    *async_calls.CASES,
    *fsspec_files.CASES,
)
