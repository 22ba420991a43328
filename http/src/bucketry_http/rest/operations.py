"""Which operations of S3 each operation of this API is, by which policies and roles decide about it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NamedTuple

from bucketry.bucket_settings import SETTINGS_KINDS
from bucketry.documents import DOCUMENTS

from bucketry_http.shared.record import PRESIGN
from bucketry_http.shared.settings_names import SETTINGS_NAMES


class Rule(NamedTuple):
    """What an operation of this API is in S3.

    Attributes:
        name: The operation's name in the S3 API reference, which logs have too; empty: it has none. ``{kind}`` stands
            for the kind of settings.
        decided: When the decision about it falls. ``early``: before its handler, about the bucket and the key that the
            URL names. ``late``: in its handler, since its body or its headers matter. ``list``: any user may do it, and
            its result has only what the user may see. ``user``: any user may do it. ``all``: only who may list every
            bucket.
        recorded: The name in logs, if it is another one.
    """

    name: str
    decided: str = "early"
    recorded: str = ""

    def name_for(self, kind: object) -> str:
        """Returns the name for a kind of settings; ``None``: it is not about settings."""
        return self.name if kind is None else self.name.replace("{kind}", KIND_NAMES.get(str(kind), "BucketSettings"))


RULES: Final[Mapping[str, Rule]] = {
    "getStatus": Rule("ListBuckets", "list"),
    "getUsageReport": Rule("ListBuckets", "all"),
    "whoami": Rule("", "user"),
    "listBuckets": Rule("ListBuckets", "list"),
    "createBucket": Rule("CreateBucket", "late"),
    "getBucket": Rule("HeadBucket"),
    "deleteBucket": Rule("DeleteBucket"),
    "getBucketSettings": Rule("Get{kind}"),
    "putBucketSettings": Rule("Put{kind}"),
    "deleteBucketSettings": Rule("Delete{kind}"),
    "listVersions": Rule("ListObjectVersions"),
    "getRetention": Rule("GetObjectRetention"),
    "putRetention": Rule("PutObjectRetention"),
    "getLegalHold": Rule("GetObjectLegalHold"),
    "putLegalHold": Rule("PutObjectLegalHold"),
    "getTags": Rule("GetObjectTagging"),
    "putTags": Rule("PutObjectTagging"),
    "deleteTags": Rule("DeleteObjectTagging"),
    "listObjects": Rule("ListObjectsV2"),
    "uploadObjects": Rule("PutObject", "late"),
    "deleteObject": Rule("DeleteObject", "late"),
    "deleteObjects": Rule("DeleteObjects", "late"),
    # Nothing is read or written yet, whatever the URL will do.
    "presign": Rule("GetObject", "late", PRESIGN),
    "getObject": Rule("GetObject"),
    "headObject": Rule("HeadObject"),
    "putObject": Rule("PutObject", "late"),
}
"""The operations of this API by their ids in its document. ``presign`` needs what its URL gives."""

KIND_NAMES: Final[Mapping[str, str]] = {
    str(kind.__struct_config__.tag): SETTINGS_NAMES[DOCUMENTS[kind].subresource] for kind in SETTINGS_KINDS
}
"""The name that S3's operations have for each kind of settings."""
