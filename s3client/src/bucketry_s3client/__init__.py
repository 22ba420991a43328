"""What drivers for servers that speak S3 have in common.

A driver has `S3Settings`, an `S3Client`, `PartsUpload` with `FailedUploads`, and functions between the contract's
models and S3's requests and responses. `README.md` shows a whole driver.
"""

from __future__ import annotations

from bucketry_s3client.body import Content, Feed, Pieces, length_of, one_piece, take
from bucketry_s3client.bucket_settings import delete_settings, get_settings, put_settings
from bucketry_s3client.buckets import Buckets, list_buckets
from bucketry_s3client.client import MAX_RESPONSE_BYTES, S3Client, read_body, request_target
from bucketry_s3client.connections import SdkPools
from bucketry_s3client.encryption import encryption_fields, explaining_customer_key, explaining_kms_key
from bucketry_s3client.errors import (
    S3_DETAILS,
    S3_KINDS,
    S3ResponseError,
    classify,
    classify_code,
    code_of_status,
    explain_no_response,
    incomplete_response,
    reading,
)
from bucketry_s3client.failed_uploads import MAX_FAILED_UPLOADS, FailedUploads
from bucketry_s3client.headers import (
    md5_header,
    object_headers,
    quoted,
    read_count,
    read_etag,
    response_date,
    response_etag,
    unquoted,
    written_within,
)
from bucketry_s3client.lock_refusals import check_lock, explained, explaining_locks, explaining_missing_lock
from bucketry_s3client.objects import (
    head_objects,
    object_info,
    opened_object,
    part_info,
    stored_info,
)
from bucketry_s3client.sdk import SdkClient
from bucketry_s3client.settings import S3Settings
from bucketry_s3client.tagging import delete_tags, get_tags, put_tags, tag_headers
from bucketry_s3client.uploads import (
    PartsUpload,
    complete_upload,
    copy_part,
    copy_source_headers,
    create_upload,
    part_sizes,
    read_copy_result,
    upload_page,
    upload_part,
)
from bucketry_s3client.version_headers import (
    BYPASS_GOVERNANCE,
    CHECKSUM_MODE,
    checksum_headers,
    customer_key_headers,
    deleted_in,
    new_version_headers,
    version_fields,
    version_query,
)
from bucketry_s3client.versions import (
    batch_entry,
    delete_versions,
    failure_of,
    get_acl,
    in_order,
    list_versions,
    put_acl,
    put_legal_hold,
    put_retention,
)
from bucketry_s3client.xml import (
    Element,
    complete_request,
    is_truncated,
    parse_xml,
    read_part,
    read_time,
    read_upload,
    url_decoded,
)

__all__ = [
    "BYPASS_GOVERNANCE",
    "CHECKSUM_MODE",
    "MAX_FAILED_UPLOADS",
    "MAX_RESPONSE_BYTES",
    "S3_DETAILS",
    "S3_KINDS",
    "Buckets",
    "Content",
    "Element",
    "FailedUploads",
    "Feed",
    "PartsUpload",
    "Pieces",
    "S3Client",
    "S3ResponseError",
    "S3Settings",
    "SdkClient",
    "SdkPools",
    "batch_entry",
    "check_lock",
    "checksum_headers",
    "classify",
    "classify_code",
    "code_of_status",
    "complete_request",
    "complete_upload",
    "copy_part",
    "copy_source_headers",
    "create_upload",
    "customer_key_headers",
    "delete_settings",
    "delete_tags",
    "delete_versions",
    "deleted_in",
    "encryption_fields",
    "explain_no_response",
    "explained",
    "explaining_customer_key",
    "explaining_kms_key",
    "explaining_locks",
    "explaining_missing_lock",
    "failure_of",
    "get_acl",
    "get_settings",
    "get_tags",
    "head_objects",
    "in_order",
    "incomplete_response",
    "is_truncated",
    "length_of",
    "list_buckets",
    "list_versions",
    "md5_header",
    "new_version_headers",
    "object_headers",
    "object_info",
    "one_piece",
    "opened_object",
    "parse_xml",
    "part_info",
    "part_sizes",
    "put_acl",
    "put_legal_hold",
    "put_retention",
    "put_settings",
    "put_tags",
    "quoted",
    "read_body",
    "read_copy_result",
    "read_count",
    "read_etag",
    "read_part",
    "read_time",
    "read_upload",
    "reading",
    "request_target",
    "response_date",
    "response_etag",
    "stored_info",
    "tag_headers",
    "take",
    "unquoted",
    "upload_page",
    "upload_part",
    "url_decoded",
    "version_fields",
    "version_query",
    "written_within",
]
