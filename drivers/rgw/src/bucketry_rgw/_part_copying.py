"""Parts of uploads that are copied within RGW."""

from __future__ import annotations

import msgspec
from bucketry import HeadOptions, Part, PartCopyOptions, TooLarge
from bucketry.hookspecs import hookimpl
from bucketry_s3client import MAX_PART_BYTES, copy_part, of_source, target_of
from typing_extensions import override

from bucketry_rgw._inflight import parts
from bucketry_rgw._object_operations import ObjectOperations


class PartCopyOperations(ObjectOperations):
    """Copies of parts. RGW ignores conditions on their source."""

    @override
    @hookimpl
    def upload_part_copy(
        self,
        bucket: str,
        key: str,
        upload_id: str,
        part_number: int,
        source_bucket: str,
        source_key: str,
        options: PartCopyOptions,
    ) -> Part:
        """Copies a part: one request for a range; three for a whole object, whose size RGW does not say."""
        self._check_object(bucket, key)
        self._check_object(source_bucket, source_key)
        wanted = options.range
        headers = of_source(target_of(source_bucket, source_key), wanted)
        if wanted is not None:
            size = (wanted.last or 0) + 1 - (wanted.first or 0)
            return copy_part(self._wire, bucket, key, upload_id, part_number, headers, size)
        size = self.head_object(source_bucket, source_key, HeadOptions()).size_bytes
        if size > MAX_PART_BYTES:
            raise TooLarge(f"a part has at most {MAX_PART_BYTES} bytes, and the source {size}")
        part = copy_part(self._wire, bucket, key, upload_id, part_number, headers, size)
        # The source may have been written meanwhile, and no condition can keep to what it was.
        for stored in parts(self._client, bucket, key, upload_id, part_number - 1):
            if (stored.part_number, stored.etag) == (part_number, part.etag):
                return msgspec.structs.replace(part, size_bytes=stored.size_bytes)
            break
        return part
