"""The operations of the REST API on the store, on buckets and on their settings: the first half of `api`."""

from __future__ import annotations

from typing import TypeVar

from bucketry import AnyBucketSettings, UsageReport

from bucketry_client import operations
from bucketry_client.calls import Calls
from bucketry_client.exchange import Exchange
from bucketry_client.requests import Request, json_body, path_of, tag_of
from bucketry_client.views import BucketDetail, BucketSummary, Health, StorageStatus, Whoami

SettingsT = TypeVar("SettingsT", bound=AnyBucketSettings)


class BucketApi:
    """The operations on the store, on buckets and on their settings.

    Errors are those of `bucketry.errors`, by the code in the server's response. Every operation may raise
    ``AccessDenied`` (a token is missing, wrong or not enough), ``Throttled``, ``Unavailable`` and ``BackendError``.
    """

    def __init__(self, exchange: Exchange) -> None:
        """Takes what sends the requests."""
        self._exchange = exchange
        self._calls = Calls(exchange)

    async def get_live(self) -> Health:
        """Says that the server answers."""
        return await self._calls.json(operations.GET_LIVE)

    async def get_ready(self) -> Health:
        """Says that the server's store answers.

        Raises:
            Unavailable: It does not.
        """
        return await self._calls.json(operations.GET_READY)

    async def get_status(self, *, once: bool = False) -> StorageStatus:
        """Says whether object storage is available.

        Args:
            once: Asks in one try, whatever happens.
        """
        operation = operations.GET_STATUS
        request = Request(operation=operation, path=path_of(operation), once=once)
        found: StorageStatus = await self._calls.read(request, operation.result)
        return found

    async def get_usage_report(self) -> UsageReport:
        """Returns room on disk, owners, quotas and operations, as far as the backend knows them.

        Raises:
            Unsupported: It knows nothing.
        """
        return await self._calls.json(operations.GET_USAGE_REPORT)

    async def whoami(self) -> Whoami:
        """Says whose token the requests carry."""
        return await self._calls.json(operations.WHOAMI)

    async def list_buckets(self) -> tuple[BucketSummary, ...]:
        """Lists all buckets that the caller may see, in byte order of their names, with what each holds."""
        return await self._calls.json(operations.LIST_BUCKETS)

    async def create_bucket(self, bucket: str, *, object_lock: bool = False) -> BucketSummary:
        """Creates a bucket.

        Args:
            bucket: Its name.
            object_lock: Whether versions of its objects can be locked. Then versioning is on, and stays on.

        Raises:
            BucketAlreadyExists: It exists already, or a lost response was that of this call.
            InvalidBucketName: The name is not valid.
            Unsupported: The server's store has no object lock.
        """
        # A server that does not know the field refuses it.
        content = json_body({"name": bucket, **({"object_lock": True} if object_lock else {})})
        return await self._calls.json(operations.CREATE_BUCKET, content=content)

    async def get_bucket(self, bucket: str) -> BucketDetail:
        """Returns a bucket with what it holds, and where these figures come from.

        Raises:
            NoSuchBucket: It does not exist.
        """
        return await self._calls.json(operations.GET_BUCKET, bucket)

    async def delete_bucket(self, bucket: str) -> None:
        """Deletes a bucket, which must be empty.

        Raises:
            NoSuchBucket: It does not exist.
            BucketNotEmpty: It holds objects, or other versions of objects.
        """
        await self._calls.nothing(operations.DELETE_BUCKET, bucket)

    async def get_bucket_settings(self, bucket: str, kind: type[SettingsT]) -> SettingsT:
        """Returns a bucket's settings of one kind. Where nothing is set, all fields have their defaults.

        Raises:
            NoSuchBucket: It does not exist.
            Unsupported: The server's store has no settings of this kind.
        """
        path = path_of(operations.GET_BUCKET_SETTINGS, bucket=bucket, kind=tag_of(kind))
        found: SettingsT = await self._calls.read(Request(operation=operations.GET_BUCKET_SETTINGS, path=path), kind)
        return found

    async def put_bucket_settings(self, bucket: str, settings: SettingsT) -> SettingsT:
        """Replaces a bucket's settings of one kind.

        Returns:
            The settings as they are stored.

        Raises:
            NoSuchBucket: It does not exist.
            InvalidBucketSettings: The settings are not valid.
            Unsupported: The server's store has no settings of this kind.
        """
        operation, kind = operations.PUT_BUCKET_SETTINGS, type(settings)
        path = path_of(operation, bucket=bucket, kind=tag_of(kind))
        stored: SettingsT = await self._calls.read(
            Request(operation=operation, path=path, content=json_body(settings)), kind
        )
        return stored

    async def delete_bucket_settings(self, bucket: str, kind: type[AnyBucketSettings]) -> None:
        """Deletes a bucket's settings of one kind. Where nothing is set, this succeeds.

        Raises:
            NoSuchBucket: It does not exist.
            Unsupported: The server's store has no settings of this kind.
        """
        operation = operations.DELETE_BUCKET_SETTINGS
        await self._calls.send(Request(operation=operation, path=path_of(operation, bucket=bucket, kind=tag_of(kind))))
