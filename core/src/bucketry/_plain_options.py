"""Options that ask for nothing. They are made once: a call with one of these has nothing to check."""

from __future__ import annotations

from typing import Final

from bucketry.options import (
    AttributesOptions,
    BatchDeleteOptions,
    CompleteOptions,
    CopyOptions,
    CreateBucketOptions,
    DeleteOptions,
    GetOptions,
    HeadOptions,
    ListOptions,
    PageOptions,
    PartCopyOptions,
    PartOptions,
    PresignOptions,
    PutOptions,
    RetentionOptions,
    UploadListOptions,
    UploadOptions,
    VersionListOptions,
    VersionOptions,
)

HEAD: Final = HeadOptions()
ATTRIBUTES: Final = AttributesOptions()
CREATE: Final = CreateBucketOptions()
VERSION: Final = VersionOptions()
RETENTION: Final = RetentionOptions()
GET: Final = GetOptions()
PUT: Final = PutOptions()
COPY: Final = CopyOptions()
DELETE: Final = DeleteOptions()
BATCH_DELETE: Final = BatchDeleteOptions()
PRESIGN: Final = PresignOptions()
LIST: Final = ListOptions()
UPLOAD: Final = UploadOptions()
PART: Final = PartOptions()
PART_COPY: Final = PartCopyOptions()
COMPLETE: Final = CompleteOptions()
LIST_PARTS: Final = PageOptions()
LIST_UPLOADS: Final = UploadListOptions()
LIST_VERSIONS: Final = VersionListOptions()
