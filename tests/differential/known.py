"""Known differences: where our port says something else than MinIO and Ceph RGW both say, and why.

AWS's documented behaviour wins. "Reference" is Amazon's S3 API reference, "guide" is the S3 user guide.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

_RANGE: Final = "RFC 9110, 15.5.17: a 416 tells the size of the object, so that the client can ask again."
_MALFORMED_RANGE: Final = "RFC 9110, 14.1.1 and 14.2: a range that ends before it begins is not valid, and is ignored."
_NULL: Final = (
    "Guide, 'Working with objects in a versioning-suspended bucket': the version's id is null, and S3 says so."
)
_ASKED: Final = (
    "Reference, UploadPartCopy and CopyObject: x-amz-copy-source-version-id names the version that was copied."
)
_EMPTY_ID: Final = (
    "Reference, GetObject: S3 refuses an empty versionId (InvalidArgument), which may be a client's mistake."
)
_NO_TAGS: Final = "Reference, GetBucketTagging: NoSuchTagSet where no tag is set; an empty set of tags is none."
_COMPLETED: Final = "Reference, AbortMultipartUpload: NoSuchUpload where the upload was completed."
_UNTRUNCATED: Final = (
    "Reference, ListParts and ListMultipartUploads: the next marker is there when the list is truncated."
)

KNOWN: Final[Mapping[str, str]] = MappingProxyType(
    {
        "bucket tags: after none | *": _NO_TAGS,
        "bucket tags: fifty-one | code": "Reference, PutBucketTagging: more than 50 tags are a BadRequest.",
        "bucket tags: twice | code": "Reference, PutBucketTagging: InvalidTag where two tags have the same key.",
        "lifecycle: after uploads | body Rules.0.Filter.Prefix": "The filter comes back as it was put, with its prefix.",
        "lifecycle: no action | code": "S3 says InvalidRequest: at least one action needs to be specified in a rule.",
        "listings: head bucket | body BucketRegion": "Reference, HeadBucket: x-amz-bucket-region is always there.",
        "listings: list two | body NextMarker": "Reference, ListObjects: NextMarker is there only with a delimiter.",
        "lock configuration: too many days | code": "Reference, error codes: InvalidRetentionPeriod.",
        "reads: range -0 | header content-range": _RANGE,
        "reads: range 10- | header content-range": _RANGE,
        "reads: range 10-20 | header content-range": _RANGE,
        "reads: range 5-2 | *": _MALFORMED_RANGE,
        "reads: range of nothing -1 | *": "RFC 9110, 14.1.2: the last bytes of an empty object are none, and no error.",
        "reads: range of nothing 0- | header content-range": _RANGE,
        "reads: range of nothing 0-0 | header content-range": _RANGE,
        "retention: lock of copy | *": "Reference, GetObjectRetention: NoSuchObjectLockConfiguration without retention.",
        "suspended: copy while suspended | header x-amz-copy-source-version-id": _ASKED,
        "suspended: delete null | header x-amz-delete-marker": "Reference, DeleteObject: it says that it was a marker.",
        "suspended: head | header x-amz-version-id": _NULL,
        "uploads: abort completed | *": _COMPLETED,
        "uploads: attributes | body ObjectParts.MaxParts": "Reference, GetObjectAttributes: 1,000 by default.",
        "uploads: list parts | body NextPartNumberMarker": _UNTRUNCATED,
        "uploads: list parts after 1 | body NextPartNumberMarker": _UNTRUNCATED,
        "uploads: list | body NextKeyMarker": _UNTRUNCATED,
        "uploads: list | body NextUploadIdMarker": _UNTRUNCATED,
        "uploads: part 0 | code": "Reference, UploadPart: a part number is 1 to 10,000, else InvalidArgument.",
        "versioned uploads: copy part of 1 | header x-amz-copy-source-version-id": _ASKED,
        "versions: delete version again | header x-amz-version-id": "Reference, DeleteObject: it names the version.",
        "versions: empty version | *": _EMPTY_ID,
        "versions: head old | header x-amz-version-id": _NULL,
        "versions: tags of latest | header x-amz-version-id": "Reference, GetObjectTagging: it names the version.",
        "versions: wrong status | code": "Reference: a document that does not fit the schema is MalformedXML.",
    }
)
"""Reason and source, by the name of the request and the field, or ``*`` for all fields of its response."""
