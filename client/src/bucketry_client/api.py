"""The operations of the REST API, once: `AsyncClient` has them as they are, `Client` runs them in its thread."""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator, Awaitable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Literal

from bucketry import (
    BucketryError,
    ByteRange,
    Deleted,
    ObjectInfo,
    PresignedUrl,
    Retention,
)
from bucketry.models import NO_METADATA
from bucketry.presigning import DEFAULT_EXPIRES_IN
from bucketry.s3 import MAX_PAGE
from bucketry.tagging import NO_TAGS

from bucketry_client import operations
from bucketry_client.bodies import FormFile, FormUpload, Source, Upload
from bucketry_client.bucket_api import BucketApi
from bucketry_client.downloads import AsyncDownload
from bucketry_client.errors import is_unexplained
from bucketry_client.listings import Listing
from bucketry_client.opening import check_modified, open_download
from bucketry_client.requests import (
    Request,
    encoded_tags,
    etag_header,
    json_body,
    kept_headers,
    lock_headers,
    next_cursor,
    path_of,
    read_conditions,
)
from bucketry_client.responses import expiration_of, info_of, length_of
from bucketry_client.sending import Incoming
from bucketry_client.views import (
    BatchDeleted,
    LegalHold,
    ListedObject,
    ListedObjects,
    ListedVersion,
    ListedVersions,
    Tags,
)


class Api(BucketApi):
    """All operations: those of `BucketApi`, and those on objects and their versions."""

    async def list_versions(
        self,
        bucket: str,
        *,
        prefix: str = "",
        limit: int = MAX_PAGE,
        cursor: str | None = None,
        start_after: str = "",
        start_after_version: str = "",
    ) -> ListedVersions:
        """Returns one page of the versions of a bucket's objects, with their delete markers.

        Args:
            bucket: The bucket.
            prefix: As in `list_objects`; likewise the two below.
            limit: See above.
            cursor: See above.
            start_after: Only versions of keys after this one.
            start_after_version: With ``start_after``: also those versions of that key that are older than this one.

        Raises:
            NoSuchBucket: It does not exist.
        """
        operation = operations.LIST_VERSIONS
        query = {
            "prefix": prefix or None,
            "limit": limit,
            "cursor": cursor,
            "start_after": start_after or None,
            "start_after_version": start_after_version or None,
        }
        request = Request(operation=operation, path=path_of(operation, bucket=bucket), query=query)

        async def page(incoming: Incoming) -> ListedVersions:
            versions: tuple[ListedVersion, ...] = await self._calls.decoded(incoming, operation.result)
            return ListedVersions(versions=versions, cursor=next_cursor(incoming.headers))

        return await self._exchange.run(request, page)

    def iter_versions(
        self, bucket: str, *, prefix: str = "", start_after: str = "", start_after_version: str = ""
    ) -> AsyncIterator[ListedVersion]:
        """Yields all versions of a bucket's objects, page by page.

        Raises:
            NoSuchBucket: It does not exist.
        """

        def page(cursor: str | None) -> Awaitable[ListedVersions]:
            return self.list_versions(
                bucket,
                prefix=prefix,
                cursor=cursor,
                start_after=start_after,
                start_after_version=start_after_version,
            )

        return Listing(page, lambda page: page.versions)

    async def get_retention(self, bucket: str, key: str, *, version_id: str | None = None) -> Retention:
        """Returns until when a version is kept; both fields are ``None`` where it has no retention.

        Raises:
            NotFound: There is no such bucket, key or version.
        """
        return await self._calls.json(operations.GET_RETENTION, bucket, query={"key": key, "version_id": version_id})

    async def put_retention(
        self,
        bucket: str,
        key: str,
        retention: Retention,
        *,
        version_id: str | None = None,
        bypass_governance: bool = False,
    ) -> Retention:
        """Sets until when a version is kept. ``Retention()`` removes the retention.

        Raises:
            NotFound: There is no such bucket, key or version.
            ObjectLocked: The retention that there is would be made shorter.
        """
        query = {"key": key, "version_id": version_id, "bypass_governance": bypass_governance or None}
        content = json_body({"mode": retention.mode, "until": retention.until})
        return await self._calls.json(operations.PUT_RETENTION, bucket, query=query, content=content)

    async def get_legal_hold(self, bucket: str, key: str, *, version_id: str | None = None) -> bool:
        """Says whether a version has a legal hold.

        Raises:
            NotFound: There is no such bucket, key or version.
        """
        query = {"key": key, "version_id": version_id}
        return (await self._calls.json(operations.GET_LEGAL_HOLD, bucket, query=query)).legal_hold

    async def put_legal_hold(self, bucket: str, key: str, legal_hold: bool, *, version_id: str | None = None) -> bool:
        """Sets or removes the legal hold of a version.

        Raises:
            NotFound: There is no such bucket, key or version.
        """
        query, content = {"key": key, "version_id": version_id}, json_body(LegalHold(legal_hold))
        return (await self._calls.json(operations.PUT_LEGAL_HOLD, bucket, query=query, content=content)).legal_hold

    async def get_tags(self, bucket: str, key: str, *, version_id: str | None = None) -> dict[str, str]:
        """Returns the tags of an object, or of one version of it.

        Raises:
            NotFound: There is no such bucket, key or version.
            Unsupported: The server's store keeps no tags.
        """
        query = {"key": key, "version_id": version_id}
        return (await self._calls.json(operations.GET_TAGS, bucket, query=query)).tags

    async def put_tags(
        self, bucket: str, key: str, tags: Mapping[str, str], *, version_id: str | None = None
    ) -> dict[str, str]:
        """Replaces all tags of an object, or of one version of it. Its content and etag stay as they are.

        Raises:
            NotFound: There is no such bucket, key or version.
            InvalidArgument: There are more than 10 tags, or one breaks S3's rules.
            Unsupported: The server's store keeps no tags.
        """
        query, content = {"key": key, "version_id": version_id}, json_body(Tags(dict(tags)))
        return (await self._calls.json(operations.PUT_TAGS, bucket, query=query, content=content)).tags

    async def delete_tags(self, bucket: str, key: str, *, version_id: str | None = None) -> None:
        """Deletes all tags of an object, or of one version of it. If it has none, this succeeds.

        Raises:
            NotFound: There is no such bucket, key or version.
            Unsupported: The server's store keeps no tags.
        """
        await self._calls.nothing(operations.DELETE_TAGS, bucket, query={"key": key, "version_id": version_id})

    async def list_objects(
        self,
        bucket: str,
        *,
        prefix: str = "",
        limit: int = MAX_PAGE,
        cursor: str | None = None,
        etags: bool = False,
        start_after: str = "",
    ) -> ListedObjects:
        """Returns one page of a bucket's objects.

        Args:
            bucket: The bucket.
            prefix: Only keys that begin with it, byte for byte.
            limit: Most objects on the page, 1 to 1,000.
            cursor: Where the page before ended.
            etags: Whether each object is listed with its etag.
            start_after: Only keys after this one in byte order; with ``cursor``, the later of the two counts.

        Raises:
            NoSuchBucket: It does not exist.
        """
        operation = operations.LIST_OBJECTS
        query = {
            "prefix": prefix or None,
            "limit": limit,
            "cursor": cursor,
            "etags": etags or None,
            "start_after": start_after or None,
        }
        request = Request(operation=operation, path=path_of(operation, bucket=bucket), query=query)

        async def page(incoming: Incoming) -> ListedObjects:
            objects: tuple[ListedObject, ...] = await self._calls.decoded(incoming, operation.result)
            return ListedObjects(objects=objects, cursor=next_cursor(incoming.headers))

        return await self._exchange.run(request, page)

    def iter_objects(
        self, bucket: str, *, prefix: str = "", etags: bool = False, start_after: str = ""
    ) -> AsyncIterator[ListedObject]:
        """Yields all objects of a bucket in byte order of their keys, page by page.

        One page is in memory at a time, and each may be asked for again. The API can also send all in one array, of
        which a break loses everything.

        Raises:
            NoSuchBucket: It does not exist.
        """

        def page(cursor: str | None) -> Awaitable[ListedObjects]:
            return self.list_objects(bucket, prefix=prefix, cursor=cursor, etags=etags, start_after=start_after)

        return Listing(page, lambda page: page.objects)

    async def upload_objects(
        self,
        bucket: str,
        files: Iterable[FormFile],
        *,
        prefix: str | None = None,
        key: str | None = None,
        tags: Mapping[str, str] = NO_TAGS,
    ) -> tuple[ListedObject, ...]:
        """Uploads files in one form, which are stored one after the other.

        Args:
            bucket: The bucket.
            files: The files; ``name`` of each is its key.
            prefix: Goes in front of each name as it is: end it with ``/`` for a folder.
            key: The key of the only file, in place of its name. Not beside ``prefix``.
            tags: The tags of each file.

        Raises:
            NoSuchBucket: It does not exist.
            BucketryError: A file could not be stored. Those before it stay stored: the error's ``__cause__`` is a
                `ResponseError`, whose ``problem.stored`` names them.
        """
        fields = {"prefix": prefix, "key": key, "tags": encoded_tags(tags) or None}
        given = {name: value for name, value in fields.items() if value is not None}
        return await self._calls.json(operations.UPLOAD_OBJECTS, bucket, content=FormUpload(given, files))

    async def put_object(
        self,
        bucket: str,
        key: str,
        body: Source,
        *,
        length: int | None = None,
        content_type: str | None = None,
        cache_control: str | None = None,
        content_disposition: str | None = None,
        content_encoding: str | None = None,
        content_language: str | None = None,
        expires: str | None = None,
        metadata: Mapping[str, str] = NO_METADATA,
        tags: Mapping[str, str] = NO_TAGS,
        if_match: str | None = None,
        if_none_match: Literal["*"] | None = None,
        content_md5: bytes | None = None,
        retention: Retention | None = None,
        legal_hold: bool | None = None,
    ) -> ObjectInfo:
        """Stores an object, new or in place of another. It is sent as it is read.

        Bytes and files that can be read again are sent again if the server does not answer, unless there is a
        condition.

        Args:
            bucket: The bucket.
            key: The key, byte for byte.
            body: Bytes, a binary file, or an iterable of bytes.
            length: Its length, where it is known and the body does not tell.
            content_type: Its media type; ``None``: the server guesses it from the key.
            cache_control: Kept, and sent with each download; likewise the five below.
            content_disposition: See above.
            content_encoding: See above.
            content_language: See above.
            expires: See above.
            metadata: See above.
            tags: The object's tags.
            if_match: Only in place of the object with this etag.
            if_none_match: ``*``: only if the key holds no object.
            content_md5: MD5 that the body must have, 16 bytes.
            retention: Until when the version is kept; ``None``: as the bucket's default says.
            legal_hold: Whether the version has a legal hold.

        Raises:
            NoSuchBucket: It does not exist.
            InvalidBucketState: A lock is given, and the bucket has no object lock.
            PreconditionFailed: A condition does not hold.
            IncompleteBody: The body failed or is not as long as declared; nothing was stored.
        """
        fields = {
            "content_type": content_type,
            "cache_control": cache_control,
            "content_disposition": content_disposition,
            "content_encoding": content_encoding,
            "content_language": content_language,
            "expires": expires,
        }
        operation = operations.PUT_OBJECT
        request = Request(
            operation=operation,
            path=path_of(operation, bucket=bucket, key=key),
            headers={
                **kept_headers(fields, metadata, tags),
                **lock_headers(retention, legal_hold),
                "if-match": etag_header(if_match),
                "if-none-match": if_none_match,
                "content-md5": None if content_md5 is None else base64.b64encode(content_md5).decode(),
            },
            content=Upload(body, length),
            conditional=if_match is not None or if_none_match is not None,
        )

        async def stored(incoming: Incoming) -> ObjectInfo:
            view: ListedObject = await self._calls.decoded(incoming, operation.result)
            headers = incoming.headers
            return ObjectInfo(
                key=view.key,
                size_bytes=view.size_bytes,
                etag=headers.get("etag", "").strip('"'),
                last_modified=view.last_modified,
                content_type=view.content_type,
                version_id=headers.get("x-amz-version-id"),
                tag_count=len(tags),
                retention=retention,
                legal_hold=legal_hold,
                expiration=expiration_of(headers),
            )

        return await self._exchange.run(request, stored)

    async def get_object(
        self,
        bucket: str,
        key: str,
        *,
        range: ByteRange | None = None,
        if_range: str | None = None,
        if_match: str | None = None,
        if_none_match: str | None = None,
        if_modified_since: datetime | None = None,
        if_unmodified_since: datetime | None = None,
        inline: bool = False,
        version_id: str | None = None,
    ) -> AsyncDownload:
        """Opens an object, or a range of it, for reading.

        Args:
            bucket: The bucket.
            key: The key, byte for byte.
            range: The bytes; ``None``: all.
            if_range: The range only if the object has this etag, else all bytes.
            if_match: Only if the object has this etag.
            if_none_match: Only if it has another one.
            if_modified_since: Only if it changed after this time.
            if_unmodified_since: Only if it did not.
            inline: Has ``Content-Disposition`` say ``inline``, for a program that passes the response on to a browser.
            version_id: The version; ``None``: the latest.

        Raises:
            NotFound: There is no such bucket, key or version.
            InvalidRange: No byte of the object is in the range.
            PreconditionFailed: ``if_match`` or ``if_unmodified_since`` does not hold.
            NotModified: ``if_none_match`` or ``if_modified_since`` says that the caller's copy is current.
        """
        operation = operations.GET_OBJECT
        request = Request(
            operation=operation,
            path=path_of(operation, bucket=bucket, key=key),
            query={"version_id": version_id, "inline": inline or None},
            headers={
                "range": None if range is None else str(range.checked()),
                "if-range": etag_header(if_range),
                **read_conditions(if_match, if_none_match, if_modified_since, if_unmodified_since),
            },
        )

        async def opened(incoming: Incoming) -> AsyncDownload:
            check_modified(incoming, bucket, key)
            return open_download(self._exchange, key, incoming, request)

        return await self._exchange.run(request, opened, keep=True)

    async def head_object(
        self,
        bucket: str,
        key: str,
        *,
        if_match: str | None = None,
        if_none_match: str | None = None,
        if_modified_since: datetime | None = None,
        if_unmodified_since: datetime | None = None,
        inline: bool = False,
        version_id: str | None = None,
    ) -> ObjectInfo:
        """Returns an object without its content. Arguments are as in `get_object`.

        Raises:
            NotFound: There is no such bucket, key or version.
            PreconditionFailed: As in `get_object`.
            NotModified: As in `get_object`.
        """
        operation = operations.HEAD_OBJECT
        request = Request(
            operation=operation,
            path=path_of(operation, bucket=bucket, key=key),
            query={"version_id": version_id, "inline": inline or None},
            headers=read_conditions(if_match, if_none_match, if_modified_since, if_unmodified_since),
        )

        async def looked_at(incoming: Incoming) -> ObjectInfo:
            headers = incoming.headers
            check_modified(incoming, bucket, key)
            return info_of(key, headers, length_of(headers, self._exchange.address))

        try:
            return await self._exchange.run(request, looked_at)
        except BucketryError as error:
            if not is_unexplained(error):
                raise
        # The response to HEAD has no body that says why. That to GET has.
        async with await self.get_object(
            bucket,
            key,
            if_match=if_match,
            if_none_match=if_none_match,
            if_modified_since=if_modified_since,
            if_unmodified_since=if_unmodified_since,
            version_id=version_id,
        ) as opened:
            return opened.info

    async def delete_object(
        self,
        bucket: str,
        key: str,
        *,
        version_id: str | None = None,
        if_match: str | None = None,
        bypass_governance: bool = False,
    ) -> Deleted:
        """Deletes an object, or one version of it. Deleting an object that does not exist succeeds.

        Raises:
            NoSuchBucket: It does not exist.
            PreconditionFailed: The object does not have the etag of ``if_match``.
            ObjectLocked: The version is locked.
        """
        operation = operations.DELETE_OBJECT
        request = Request(
            operation=operation,
            path=path_of(operation, bucket=bucket),
            query={"key": key, "version_id": version_id, "bypass_governance": bypass_governance or None},
            headers={"if-match": etag_header(if_match)},
            conditional=if_match is not None,
        )

        async def deleted(incoming: Incoming) -> Deleted:
            headers = incoming.headers
            is_marker = headers.get("x-amz-delete-marker") == "true"
            return Deleted(version_id=headers.get("x-amz-version-id"), delete_marker=is_marker)

        return await self._exchange.run(request, deleted)

    async def delete_objects(self, bucket: str, keys: Sequence[str]) -> BatchDeleted:
        """Deletes up to 1,000 objects. One that fails does not hold up the others.

        Raises:
            NoSuchBucket: It does not exist.
        """
        return await self._calls.json(operations.DELETE_OBJECTS, bucket, content=json_body({"keys": list(keys)}))

    async def presign(
        self,
        bucket: str,
        key: str,
        *,
        method: Literal["GET", "PUT"] = "GET",
        expires_in: int = DEFAULT_EXPIRES_IN,
        version_id: str | None = None,
    ) -> PresignedUrl:
        """Makes a URL that lets its holder download or upload one object until it expires.

        Args:
            bucket: The bucket, which need not exist.
            key: The key; nor need the object.
            method: ``GET`` to download, ``PUT`` to upload.
            expires_in: Seconds that the URL works, 1 to 604,800.
            version_id: The version to download.
        """
        wanted = {"key": key, "method": method, "expires_in": expires_in, "version_id": version_id}
        body = json_body({name: value for name, value in wanted.items() if value is not None})
        signed = await self._calls.json(operations.PRESIGN, bucket, content=body)
        return PresignedUrl(url=signed.url, method=method, expires_at=signed.expires_at)

    async def aclose(self) -> None:
        """Closes all connections. A call after that raises `StoreClosed`."""
        await self._exchange.close()
