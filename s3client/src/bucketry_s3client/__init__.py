"""What drivers for servers that speak S3 have in common.

A driver is made of `S3Settings`, a `Wire` with an error of its own for refusals, `PartsUpload` with `Leftovers`, and
functions between the contract's models and what goes over the wire. `README.md` shows a whole one.
"""

from __future__ import annotations

from bucketry_s3client._answers import page_of_uploads, presigned
from bucketry_s3client._bodies import MAX_ANSWER_BYTES, read_answer
from bucketry_s3client._broken import reading, unreadable
from bucketry_s3client._buckets import Buckets, list_buckets
from bucketry_s3client._content import Content, Feed, Pieces, length_of, one_piece, take
from bucketry_s3client._cors import cors_of, cors_request
from bucketry_s3client._deleting import delete_together
from bucketry_s3client._headers import (
    count_of,
    date_of,
    etag_in,
    etag_of,
    http_date,
    info_of_part,
    object_info,
    of_object,
    opened_object,
    quoted,
    some_etag,
    stored_info,
    written_within,
)
from bucketry_s3client._heads import head_objects
from bucketry_s3client._leftovers import MOST_LEFTOVERS, Leftovers
from bucketry_s3client._parts import copied_of, copy_part, of_source
from bucketry_s3client._refusals import (
    BROKEN,
    NO_ANSWER,
    NO_CONNECTION,
    NO_TLS,
    REFUSED,
    S3_DETAILS,
    S3_KINDS,
    Refusal,
    code_of_status,
    explain,
)
from bucketry_s3client._settings import S3Settings
from bucketry_s3client._tagging import delete_tags, get_tags, of_tags, put_tags, with_md5
from bucketry_s3client._targets import target_of
from bucketry_s3client._uploading import (
    PartsUpload,
    begin_upload,
    complete_upload,
    part_sizes,
    send_part,
)
from bucketry_s3client._wire import Wire
from bucketry_s3client._xml import Element, complete_request, decoded, is_cut, parse_xml, part_of, time_of, upload_of

__all__ = [
    "BROKEN",
    "MAX_ANSWER_BYTES",
    "MOST_LEFTOVERS",
    "NO_ANSWER",
    "NO_CONNECTION",
    "NO_TLS",
    "REFUSED",
    "S3_DETAILS",
    "S3_KINDS",
    "Buckets",
    "Content",
    "Element",
    "Feed",
    "Leftovers",
    "PartsUpload",
    "Pieces",
    "Refusal",
    "S3Settings",
    "Wire",
    "begin_upload",
    "code_of_status",
    "complete_request",
    "complete_upload",
    "copied_of",
    "copy_part",
    "cors_of",
    "cors_request",
    "count_of",
    "date_of",
    "decoded",
    "delete_tags",
    "delete_together",
    "etag_in",
    "etag_of",
    "explain",
    "get_tags",
    "head_objects",
    "http_date",
    "info_of_part",
    "is_cut",
    "length_of",
    "list_buckets",
    "object_info",
    "of_object",
    "of_source",
    "of_tags",
    "one_piece",
    "opened_object",
    "page_of_uploads",
    "parse_xml",
    "part_of",
    "part_sizes",
    "presigned",
    "put_tags",
    "quoted",
    "read_answer",
    "reading",
    "send_part",
    "some_etag",
    "stored_info",
    "take",
    "target_of",
    "time_of",
    "unreadable",
    "upload_of",
    "with_md5",
    "written_within",
]
