"""Parts of uploads that are copied within RGW."""

from __future__ import annotations

from urllib.parse import unquote

import msgspec
from bucketry import Body, GetOptions, HeadOptions, InvalidRange, Part, PartCopyOptions, PartOptions, TooLarge
from bucketry.hookspecs import hookimpl
from bucketry.s3 import MAX_PART_BYTES
from bucketry_s3client import copy_part, copy_source_headers, request_target
from typing_extensions import override

from bucketry_rgw._inflight import parts
from bucketry_rgw._object_operations import ObjectOperations
from bucketry_rgw._upload_operations import UploadOperations

_VERSION = "?versionId="


class PartCopyOperations(ObjectOperations, UploadOperations):
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
        """Copies a part: one request for a range; three for a whole object, whose size RGW does not say.

        Of a key that RGW would mistake for another, the content passes through here: two requests.
        """
        self._check_object(bucket, key)
        self._check_object(source_bucket, source_key)
        place = (bucket, key, upload_id, part_number)
        if _is_mistaken(source_key):
            return self._pass_through(place, source_bucket, source_key, options)
        wanted = options.range
        headers = copy_source_headers(request_target(source_bucket, source_key), wanted)
        if wanted is not None:
            return copy_part(self._client, *place, headers, (wanted.last or 0) + 1 - (wanted.first or 0))
        size = self.head_object(source_bucket, source_key, HeadOptions()).size_bytes
        _check_size(size)
        part = copy_part(self._client, *place, headers, size)
        # The source may have been written meanwhile, and no condition can keep to what it was.
        stored = next(parts(self._client, bucket, key, upload_id, part_number - 1), None)
        if stored is None or (stored.part_number, stored.etag) != (part_number, part.etag):
            return part
        return msgspec.structs.replace(part, size_bytes=stored.size_bytes)

    def _pass_through(
        self, place: tuple[str, str, str, int], source_bucket: str, source_key: str, options: PartCopyOptions
    ) -> Part:
        with self.get_object(source_bucket, source_key, GetOptions(range=options.range)) as opened:
            found = opened.content_range
            if found is not None and options.range is not None and found.stop - 1 != options.range.last:
                raise InvalidRange(f"the source has {found.size_bytes} bytes")
            _check_size(opened.length)
            return self.upload_part(*place, Body(iter(opened), opened.length), PartOptions())


def _is_mistaken(key: str) -> bool:
    """Whether RGW takes this source for another: 16.2 decodes it twice here, and then looks for a version in it."""
    return unquote(key) != key or _VERSION in key


def _check_size(size_bytes: int) -> None:
    if size_bytes > MAX_PART_BYTES:
        raise TooLarge(f"a part has at most {MAX_PART_BYTES} bytes, and the source {size_bytes}")
