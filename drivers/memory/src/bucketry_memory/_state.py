"""What all operations of the driver share."""

from __future__ import annotations

from threading import Lock

from bucketry import Features, InvalidSettings, NoSuchBucket, NoSuchKey, ObjectHeaders
from bucketry.hookspecs import DriverSpec
from bucketry.s3 import MAX_PART_BYTES
from bucketry.sigv4 import Credentials, Presigner
from msgspec.structs import replace

from bucketry_memory._bucket import Bucket
from bucketry_memory._clock import Clock
from bucketry_memory._completions import Completions
from bucketry_memory._room import Room
from bucketry_memory._settings import MemorySettings
from bucketry_memory._stored import Extras, StoredObject

FEATURES = Features(
    get_if_match=True,
    get_if_none_match=True,
    get_if_modified_since=True,
    get_if_unmodified_since=True,
    get_part_number=True,
    put_if_match=True,
    put_if_none_match=True,
    put_headers=True,
    put_metadata=True,
    put_tagging=True,
    checksums=True,
    copy_if_match=True,
    copy_if_none_match=True,
    copy_source_if_match=True,
    copy_tagging=True,
    copy_own_etag=True,
    upload_tagging=True,
    part_copy_source_if_match=True,
    complete_if_match=True,
    complete_if_none_match=True,
    complete_subset=True,
    complete_again=True,
    delete_if_match=True,
    list_delimiter=True,
    list_start_after=True,
    presign_content_type=True,
    presign_response_headers=True,
    non_blocking=True,
    max_put_size=MAX_PART_BYTES,
)
"""All there are, with S3's limits."""


class MemoryState(DriverSpec):
    """The buckets, the lock around every change, and what signs.

    Content is pulled and given out without the lock: it is held for one look-up or one page, never while anything else
    is waited for.
    """

    def __init__(self, settings: MemorySettings) -> None:
        """Makes an empty store.

        Raises:
            InvalidSettings: The endpoint, the region or the access key is malformed.
        """
        self.features = replace(FEATURES, min_part_size=settings.min_part_size)
        self._endpoint = settings.public_endpoint or settings.endpoint
        self._region = settings.region
        try:
            credentials = Credentials(settings.access_key, settings.secret_key)
            self._presigner = Presigner(credentials, endpoint=self._endpoint, region=settings.region)
        except ValueError as error:
            raise InvalidSettings(str(error)) from None
        self._clock = Clock()
        headers = ObjectHeaders()
        self._last_kept: tuple[ObjectHeaders, tuple[ObjectHeaders, Extras | None]] = headers, (headers, None)
        self._buckets: dict[str, Bucket] = {}
        self._completions = Completions()
        self._lock = Lock()
        self._room = Room(self._lock, settings.max_bytes, settings.max_entries)

    def _bucket(self, name: str) -> Bucket:
        bucket = self._buckets.get(name)
        if bucket is None:
            raise NoSuchBucket(bucket=name)
        return bucket

    def _stored(self, bucket: str, key: str) -> StoredObject:
        stored = self._bucket(bucket).objects.get(key)
        if stored is None:
            raise NoSuchKey(bucket=bucket, key=key)
        return stored

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self._endpoint}>"
