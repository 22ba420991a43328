"""The operations of the REST API: method, path and statuses, what each returns, and whether it may be sent twice.

A test compares this table with the OpenAPI document of the server.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final, Generic, TypeVar

import msgspec
from bucketry import Retention, UsageReport
from bucketry.rest_api import PREFIX

from bucketry_client.views import (
    BatchDeleted,
    BucketDetail,
    BucketSummary,
    Health,
    LegalHold,
    ListedObject,
    ListedVersion,
    SignedUrl,
    StorageStatus,
    Tags,
    Whoami,
)

ResultT = TypeVar("ResultT")


class Operation(msgspec.Struct, Generic[ResultT], frozen=True):
    """One operation.

    Attributes:
        id: Its id in the OpenAPI document.
        method: Its HTTP method.
        path: Its path, with ``{…}`` for what a request fills in.
        statuses: The statuses of success.
        result: The type of its JSON; ``None``: the response has none.
        repeatable: Whether it may be sent again when its response is lost (``docs/lost-responses.md``). A request with
            a condition, or with a body that is gone, never is.
    """

    id: str
    method: str
    path: str
    statuses: tuple[int, ...]
    result: Any = None
    repeatable: bool = True


_BUCKET: Final = f"{PREFIX}/buckets/{{name}}"
_OBJECT: Final = f"{_BUCKET}/objects/{{key}}"
_SETTINGS: Final = f"{_BUCKET}/settings/{{kind}}"

# A POST that changes nothing, or does the same each time, may be sent again.
GET_LIVE: Final = Operation[Health]("getLive", "GET", "/health/live", (200,), Health)
GET_READY: Final = Operation[Health]("getReady", "GET", "/health/ready", (200,), Health)
GET_STATUS: Final = Operation[StorageStatus]("getStatus", "GET", f"{PREFIX}/status", (200,), StorageStatus)
GET_USAGE_REPORT: Final = Operation[UsageReport]("getUsageReport", "GET", f"{PREFIX}/usage", (200,), UsageReport)
WHOAMI: Final = Operation[Whoami]("whoami", "GET", f"{PREFIX}/whoami", (200,), Whoami)
LIST_BUCKETS: Final = Operation[tuple[BucketSummary, ...]](
    "listBuckets", "GET", f"{PREFIX}/buckets", (200,), tuple[BucketSummary, ...]
)
CREATE_BUCKET: Final = Operation[BucketSummary](
    "createBucket", "POST", f"{PREFIX}/buckets", (201,), BucketSummary, repeatable=False
)
GET_BUCKET: Final = Operation[BucketDetail]("getBucket", "GET", _BUCKET, (200,), BucketDetail)
DELETE_BUCKET: Final = Operation[None]("deleteBucket", "DELETE", _BUCKET, (204,), repeatable=False)
GET_BUCKET_SETTINGS: Final = Operation[dict[str, Any]]("getBucketSettings", "GET", _SETTINGS, (200,), dict[str, Any])
PUT_BUCKET_SETTINGS: Final = Operation[dict[str, Any]]("putBucketSettings", "PUT", _SETTINGS, (200,), dict[str, Any])
DELETE_BUCKET_SETTINGS: Final = Operation[None]("deleteBucketSettings", "DELETE", _SETTINGS, (204,))
LIST_VERSIONS: Final = Operation[tuple[ListedVersion, ...]](
    "listVersions", "GET", f"{_BUCKET}/versions", (200,), tuple[ListedVersion, ...]
)
GET_RETENTION: Final = Operation[Retention]("getRetention", "GET", f"{_BUCKET}/retention", (200,), Retention)
PUT_RETENTION: Final = Operation[Retention]("putRetention", "PUT", f"{_BUCKET}/retention", (200,), Retention)
GET_LEGAL_HOLD: Final = Operation[LegalHold]("getLegalHold", "GET", f"{_BUCKET}/legal-hold", (200,), LegalHold)
PUT_LEGAL_HOLD: Final = Operation[LegalHold]("putLegalHold", "PUT", f"{_BUCKET}/legal-hold", (200,), LegalHold)
GET_TAGS: Final = Operation[Tags]("getTags", "GET", f"{_BUCKET}/tags", (200,), Tags)
PUT_TAGS: Final = Operation[Tags]("putTags", "PUT", f"{_BUCKET}/tags", (200,), Tags)
DELETE_TAGS: Final = Operation[None]("deleteTags", "DELETE", f"{_BUCKET}/tags", (204,))
LIST_OBJECTS: Final = Operation[tuple[ListedObject, ...]](
    "listObjects", "GET", f"{_BUCKET}/objects", (200,), tuple[ListedObject, ...]
)
UPLOAD_OBJECTS: Final = Operation[tuple[ListedObject, ...]](
    "uploadObjects", "POST", f"{_BUCKET}/objects", (201,), tuple[ListedObject, ...]
)
DELETE_OBJECT: Final = Operation[None]("deleteObject", "DELETE", f"{_BUCKET}/objects", (204,))
DELETE_OBJECTS: Final = Operation[BatchDeleted](
    "deleteObjects", "POST", f"{_BUCKET}/objects/delete", (200,), BatchDeleted
)
PRESIGN: Final = Operation[SignedUrl]("presign", "POST", f"{_BUCKET}/objects/presign", (200,), SignedUrl)
GET_OBJECT: Final = Operation[None]("getObject", "GET", _OBJECT, (200, 206, 304))
HEAD_OBJECT: Final = Operation[None]("headObject", "HEAD", _OBJECT, (200, 304))
PUT_OBJECT: Final = Operation[ListedObject]("putObject", "PUT", _OBJECT, (201,), ListedObject)

OPERATIONS: Final[Mapping[str, Operation[Any]]] = MappingProxyType(
    {found.id: found for found in list(globals().values()) if isinstance(found, Operation)}
)
"""All operations, by id."""
