"""The names that S3 has for the operations of the routes, and which of them take headers about access."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from bucketry_http.s3.headers import ACL_HEADERS, OWNERSHIP
from bucketry_http.shared.settings_names import SETTINGS_NAMES

_OF_METHOD: Final[Mapping[str, str]] = {"GET": "Get", "PUT": "Put", "DELETE": "Delete"}

_OF_OBJECT: Final[Mapping[str, str]] = {
    "acl": "ObjectAcl",
    "attributes": "ObjectAttributes",
    "legal-hold": "ObjectLegalHold",
    "retention": "ObjectRetention",
    "tagging": "ObjectTagging",
}
"""Names of what an object has besides its content, by sub-resource."""

SERVICE: Final[Mapping[tuple[str, str], str]] = {("GET", ""): "ListBuckets"}

BUCKET: Final[Mapping[tuple[str, str], str]] = {
    ("GET", ""): "ListObjects",
    ("GET", "list-type"): "ListObjectsV2",
    ("GET", "location"): "GetBucketLocation",
    ("GET", "uploads"): "ListMultipartUploads",
    ("GET", "versions"): "ListObjectVersions",
    ("PUT", ""): "CreateBucket",
    ("HEAD", ""): "HeadBucket",
    ("DELETE", ""): "DeleteBucket",
    ("POST", "delete"): "DeleteObjects",
    ("POST", ""): "PostObject",
    **{(method, name): verb + rest for method, verb in _OF_METHOD.items() for name, rest in SETTINGS_NAMES.items()},
}

OBJECT: Final[Mapping[tuple[str, str], str]] = {
    ("GET", ""): "GetObject",
    ("HEAD", ""): "HeadObject",
    ("PUT", ""): "PutObject",
    ("DELETE", ""): "DeleteObject",
    ("POST", "uploads"): "CreateMultipartUpload",
    ("PUT", "uploadId"): "UploadPart",
    ("POST", "uploadId"): "CompleteMultipartUpload",
    ("DELETE", "uploadId"): "AbortMultipartUpload",
    ("GET", "uploadId"): "ListParts",
    **{(method, name): verb + rest for method, verb in _OF_METHOD.items() for name, rest in _OF_OBJECT.items()},
}

COPIES: Final[Mapping[tuple[str, str], str]] = {("PUT", ""): "CopyObject", ("PUT", "uploadId"): "UploadPartCopy"}

WITHOUT_BUCKET: Final = frozenset({"ListBuckets", "CreateBucket"})
"""Operations before which there is no bucket."""

NEW_VERSIONS: Final = frozenset({"PutObject", "CopyObject", "CreateMultipartUpload", "PostObject"})
"""Operations that say who owns a new object, and what its ACL is."""

HEADERS: Final[Mapping[str, frozenset[str]]] = {
    **dict.fromkeys((*NEW_VERSIONS, "PutBucketAcl", "PutObjectAcl"), ACL_HEADERS),
    "CreateBucket": ACL_HEADERS | {OWNERSHIP},
}
"""Headers about access that an operation takes."""
