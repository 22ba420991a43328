"""Uploads: a multipart form with any number of files, or one object as the raw body of a PUT."""

from __future__ import annotations

import mimetypes
from collections.abc import Mapping
from typing import Final

import msgspec
from bucketry import DEFAULT_CONTENT_TYPE, BucketryError, InvalidArgument, InvalidKey, PutOptions, Store, TooLarge
from bucketry.headers import METADATA_PREFIX, received_fields
from bucketry.owners import Owner
from bucketry.ranges import whole_number
from bucketry.s3 import COPY_SOURCE, MAX_KEY_BYTES, WEBSITE_REDIRECT_HEADER
from bucketry.tagging import NO_TAGS, normalised_tags
from litestar import Response, post, put

from bucketry_http.rest.framework import ApiRequest, JsonResponse
from bucketry_http.rest.lock_headers import legal_hold_of, retention_of
from bucketry_http.rest.openapi import Bucket, FormUpload, RawUpload
from bucketry_http.rest.problems import STORED_BEFORE, backend_problems
from bucketry_http.rest.schemas import ObjectView
from bucketry_http.shared.conditions import match_option
from bucketry_http.shared.errors import MalformedForm, RequestError
from bucketry_http.shared.forms import Form, Part
from bucketry_http.shared.headers import TAGGING, content_md5_of, expiration_headers, tags_in, tags_of, version_headers

_FIELDS: Final = frozenset({"key", "prefix", "tags"})

MAX_TAGS_BYTES: Final = 40 * 1024
"""Longest field with tags. It has no setting: the ten longest tags, percent-encoded, have about 34 KiB."""

_AMAZON: Final = "x-amz-"
_NOT_KEPT: Final = (
    "x-amz-acl",
    "x-amz-checksum-",
    COPY_SOURCE,
    "x-amz-decoded-content-length",
    "x-amz-grant-",
    "x-amz-sdk-checksum-algorithm",
    "x-amz-server-side-encryption",
    "x-amz-storage-class",
    "x-amz-trailer",
    WEBSITE_REDIRECT_HEADER,
    "x-amz-write-offset-bytes",
)
"""Beginnings of PutObject's headers that would change what is stored or checked. This API does not have them."""

_NOT_OF_A_FORM: Final = (*_NOT_KEPT, TAGGING, METADATA_PREFIX, "x-amz-object-lock-")
"""Those that a form does not have either."""


_TYPES: Final = {
    # The table of Python and not of the machine: so a name means the same type everywhere.
    **mimetypes.MimeTypes().types_map[True],
    ".gz": "application/gzip",
    ".md": "text/markdown",
    ".webp": "image/webp",
    ".avif": "image/avif",
    ".woff": "font/woff",
    ".woff2": "font/woff2",
    ".yaml": "application/yaml",
    ".yml": "application/yaml",
}


class FormUploader:
    """Stores the files of one form, in their order."""

    def __init__(self, request: ApiRequest, bucket: str, form: Form) -> None:
        """Begins at the form's first part."""
        self._request = request
        self._uploader = request.app.uploader
        self._max_files = request.app.settings.max_form_files
        self._bucket = bucket
        self._form = form
        self._fields: dict[str, str] = {}
        self._tags = NO_TAGS
        self.stored: list[ObjectView] = []
        self.keys: list[str] = []

    async def run(self) -> None:
        """Stores all files.

        Raises:
            BucketryError: The form is not valid, or a file could not be stored. The files in `stored` stay stored.
        """
        while (part := await self._form.next_part()) is not None:
            if part.file_name is None:
                await self._take_field(part)
            else:
                await self._take_file(part, part.file_name)
        if not self.stored:
            raise InvalidArgument("the form holds no file: send at least one part with a file name")

    async def _take_field(self, part: Part) -> None:
        name = part.name
        if name not in _FIELDS:
            raise InvalidArgument(
                f"the form has a field {name[:100]!r}: besides files it may have key, prefix and tags"
            )
        if self.stored:
            raise InvalidArgument(f"the field {name} stands after a file: fields come before the files")
        if name in self._fields:
            raise InvalidArgument(f"the form may have the field {name} once")
        if name == "tags":
            self._fields[name] = text = await self._form.read_field(MAX_TAGS_BYTES)
            self._tags = normalised_tags(tags_in(text, "the field tags"))
            return
        if not self._fields.keys() <= {"tags"}:
            raise InvalidArgument("the form may have one of two fields: either key or prefix")
        self._fields[name] = await self._read_name()

    async def _read_name(self) -> str:
        try:
            return await self._form.read_field()
        except TooLarge:
            raise InvalidKey(f"a key has at most {MAX_KEY_BYTES} bytes in UTF-8") from None
        except MalformedForm:
            raise InvalidKey("it is not UTF-8") from None

    async def _take_file(self, part: Part, file_name: str) -> None:
        first = await self._form.next()
        if not file_name and not first:
            # A browser sends this for an input in which no file was chosen.
            return
        if len(self.keys) >= self._max_files:
            raise TooLarge(f"the form may have {self._max_files} files, and it has more")
        key = self._key(file_name)
        self.keys.append(key)
        options = PutOptions(content_type=part.content_type or guess_content_type(file_name or key), tags=self._tags)
        if (owner := await authorised(self._request, self._bucket, key, self._tags)) is not None:
            options = msgspec.structs.replace(options, owner=owner)
        pieces = _Begun(first, self._form)
        self.stored.append(ObjectView.of(await self._uploader.store(self._bucket, key, pieces, options)))

    def _key(self, file_name: str) -> str:
        key = self._fields.get("key")
        if key is None:
            if not file_name:
                raise InvalidKey("the file has no name: give it one, or send a field key before it")
            return self._fields.get("prefix", "") + file_name
        if self.stored:
            raise InvalidArgument("the field key names one file, and the form has more: use prefix")
        return key


class _Begun:
    """A part whose first piece was read already. An empty first piece is its end."""

    def __init__(self, first: bytes, form: Form) -> None:
        self._first: bytes | None = first
        self._form = form
        self.ended = False

    async def next(self) -> bytes:
        first, self._first = self._first, None
        piece = await self._form.next() if first is None else first
        self.ended = not piece
        return piece


@post(
    "/buckets/{name:str}/objects",
    tags=["Objects"],
    summary="Upload objects",
    operation_id="uploadObjects",
    operation_class=FormUpload,
    responses=backend_problems(404, 413, 415, 507),
)
async def upload_objects(request: ApiRequest, name: Bucket) -> list[ObjectView]:
    """Upload any number of files in one form. They are stored one after the other, as they come.

    Each file's key is its file name, path and all. A field `prefix` before the files is put in front of each name as
    it is: end it with `/` for a folder. A field `key` before a single file is that file's whole key. A field `tags`
    before the files gives each of them these tags, such as `project=one&draft`.
    The content type is the part's own, or else what the name's ending stands for.

    If a file fails, those before it stay stored: the problem lists them in `stored`.
    """
    app = request.app
    headers = request.fields
    _refuse_headers(headers, _NOT_OF_A_FORM)
    # Fields are parts, too.
    form = Form(request.stream_body(), headers.get("content-type", ""), app.settings.max_form_files + len(_FIELDS))
    upload = FormUploader(request, name, form)
    try:
        await upload.run()
    except BucketryError:
        request.scope["state"][STORED_BEFORE] = [view.key for view in upload.stored]
        raise
    finally:
        request.note_key(*upload.keys)
    return upload.stored


@put(
    "/buckets/{name:str}/objects/{key:str}",
    status_code=201,
    tags=["Objects"],
    summary="Upload an object",
    operation_id="putObject",
    operation_class=RawUpload,
    responses=backend_problems(404, 409, 412, 413, 507),
)
async def put_object(request: ApiRequest, name: Bucket) -> Response[ObjectView]:
    """Store the request's body as an object, new or in place of another.

    `Content-Type`, `Cache-Control`, `Content-Disposition`, `Content-Encoding`, `Content-Language`, `Expires`,
    `x-amz-meta-*` and `x-amz-tagging` are kept with it. `x-amz-object-lock-*` lock the version in a bucket with object
    lock, which needs rights of its own. `Content-MD5` is checked. `If-None-Match: *` stores it only if
    the key holds none yet, `If-Match` only in place of that version.
    """
    app, key, sent = request.app, request.key, request.fields
    _refuse_headers(sent, _NOT_KEPT)
    # Before anything that is said about the object that is there.
    owner = await authorised(request, name, key)
    options = await app.calls.call(_put_options, app.calls.store, name, key, sent)
    if owner is not None:
        options = msgspec.structs.replace(options, owner=owner)
    info = await app.uploader.store(name, key, request.stream_body(), options, _content_length(sent))
    etag = [(b"etag", b'"%b"' % info.etag.encode("latin-1"))]
    headers = etag + version_headers(info.version_id) + expiration_headers(info.expiration)
    return JsonResponse(ObjectView.of(info), raw_headers=headers)


async def authorised(request: ApiRequest, bucket: str, key: str, tags: Mapping[str, str] = NO_TAGS) -> Owner | None:
    """Refuses an upload that its sender may not make, and returns who owns the new object.

    Args:
        request: The request.
        bucket: The bucket.
        key: The key.
        tags: The tags that a form gives it.

    Returns:
        The owner; ``None``: whoever owns the bucket.

    Raises:
        BucketryError: The sender may not do that, or there is no such bucket.
    """
    authorization = request.app.authorization
    return None if authorization is None else await authorization.allow_put(request, bucket, key, tags)


def _put_options(store: Store, bucket: str, key: str, headers: dict[str, str]) -> PutOptions:
    if "content-range" in headers:
        # RFC 9110, 14.5: without this check a part would replace the object.
        raise RequestError("a PUT stores a whole object: Content-Range cannot be honoured", bucket=bucket, key=key)
    kept = received_fields(headers)
    kept["content_type"] = kept.get("content_type") or guess_content_type(key)
    options = PutOptions(
        **kept,
        tags=tags_of(headers),
        retention=retention_of(headers),
        legal_hold=legal_hold_of(headers),
        if_match=match_option(headers.get("if-match"), lambda: store.head_object(bucket, key)),
        content_md5=content_md5_of(headers),
    )
    condition = headers.get("if-none-match")
    if condition is None:
        return options
    if condition.strip() != "*":
        raise InvalidArgument("If-None-Match of a PUT is *: only if the key holds no object yet", field="if_none_match")
    return msgspec.structs.replace(options, if_none_match="*")


def _refuse_headers(headers: dict[str, str], refused: tuple[str, ...]) -> None:
    """Refuses headers that ask for what an upload does not do. To ignore one would be a false success.

    Raises:
        InvalidArgument: The request has one.
    """
    for name in headers:
        if name.startswith(_AMAZON) and name.startswith(refused):
            raise InvalidArgument(f"this upload takes no header {name[:100]}: leave it out")


def _content_length(headers: dict[str, str]) -> int | None:
    # The server has checked it. A request with Transfer-Encoding has none (RFC 9112, 6.3).
    length = headers.get("content-length")
    return whole_number(length) if length is not None and length.isascii() and length.isdecimal() else None


def guess_content_type(name: str) -> str:
    """Returns the media type of a file name's ending, or ``application/octet-stream``."""
    _, dot, ending = name.rpartition(".")
    return _TYPES.get(dot + ending.lower(), DEFAULT_CONTENT_TYPE)
