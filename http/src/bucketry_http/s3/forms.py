"""Uploads by a browser's form (S3 API reference, POST Object). The file is streamed, never spooled."""

from __future__ import annotations

from typing import Any, Final, NoReturn
from urllib.parse import quote, urlencode, urlsplit

from bucketry import ObjectInfo, PutOptions
from bucketry.options import MAX_KEY_BYTES

from bucketry_http.s3.answers import Answer, no_content, xml_answer
from bucketry_http.s3.authentication import authorise
from bucketry_http.s3.checksums import ALGORITHM, BodyChecksum, body_checksum, checksum_elements, checksum_headers
from bucketry_http.s3.endpoint import Endpoint
from bucketry_http.s3.errors import S3Error, invalid_argument, precondition_failed
from bucketry_http.s3.foreign_pages import refuse_foreign
from bucketry_http.s3.object_headers import checked_tags, written_headers
from bucketry_http.s3.payload import content_md5
from bucketry_http.s3.policy import Policy
from bucketry_http.s3.refused import check_headers
from bucketry_http.s3.request import S3Request
from bucketry_http.s3.tagging import MAX_TAG_ELEMENTS, read_tags
from bucketry_http.s3.writing import kept_checksum
from bucketry_http.s3.xml import document, element
from bucketry_http.s3.xml_reading import read_xml
from bucketry_http.shared.form import Form, Part

_MAX_PARTS: Final = 100
_FILENAME: Final = "${filename}"
_MEDIA_TYPE: Final = "multipart/form-data"


def is_form(request: S3Request) -> bool:
    """Says whether a request is a form upload, which carries its signature in the form."""
    return (
        request.method == "POST"
        and not request.key
        and not request.query
        and bool(request.bucket)
        and request.headers.get("content-type", "").lower().startswith(_MEDIA_TYPE)
    )


async def refuse_post(_endpoint: Endpoint, _request: S3Request) -> NoReturn:
    """Refuses what is posted to a bucket and is no form."""
    raise precondition_failed(f"Bucket POST must be of the enclosure-type {_MEDIA_TYPE}")


async def post_object(endpoint: Endpoint, request: S3Request) -> Answer:
    """POST Object, of a request that is a form."""
    upload = _FormUpload(endpoint, request)
    info = await upload.run()
    return upload.answer(info)


class _FormUpload:
    """One form on its way."""

    def __init__(self, endpoint: Endpoint, request: S3Request) -> None:
        self._endpoint = endpoint
        self._request = request
        self._form = Form(request.content, request.headers.get("content-type", ""), _MAX_PARTS)
        self._fields: dict[str, str] = {}
        self._size = 0
        self._checksum: BodyChecksum | None = None

    async def run(self) -> ObjectInfo:
        """Reads the fields, checks them, and stores the file behind them."""
        file = await self._read_fields()
        fields, request = self._fields, self._request
        self._endpoint.authenticator.authenticate_form(request, fields)
        await refuse_foreign(self._endpoint, request)
        authorise(request.rights, request.bucket, write=True)
        policy = Policy(fields["policy"]) if "policy" in fields else None
        self._name_file(file.file_name or "")
        if policy is not None:
            policy.check(fields, request.bucket)
        request.key = self._key()
        # A form has the algorithm in another field than an SDK's request (S3 API reference, POST Object).
        self._checksum = body_checksum(fields, ALGORITHM)
        options = await self._options()
        content = _File(self._form, policy, self._checksum)
        return await self._endpoint.uploader.store(request.bucket, request.key, content, options)

    async def _read_fields(self) -> Part:
        while (part := await self._form.next_part()) is not None:
            name = part.name.lower()
            if name == "file":
                return part
            if name in self._fields:
                raise invalid_argument(part.name[:100], "", "The form has this field twice.")
            self._fields[name] = await self._read_value()
        raise S3Error("InvalidArgument", "POST requires exactly one file upload per request.")

    async def _read_value(self) -> str:
        value = b""
        while piece := await self._form.next():
            value += piece
            self._grow(len(piece))
        try:
            return value.decode()
        except UnicodeDecodeError:
            raise S3Error("MalformedPOSTRequest", "A field is not UTF-8.") from None

    def _grow(self, size: int) -> None:
        self._size += size
        if self._size > self._endpoint.settings.max_policy_bytes:
            raise S3Error("MaxPostPreDataLengthExceededError", "The fields before the file are too large.")

    def _name_file(self, path: str) -> None:
        """Puts the file's name, without its directory, where fields ask for it; the policy is about the result.

        Source: S3 API reference, POST Object ("key") and "Creating a POST policy" ("Conditions").
        """
        name = path[max(path.rfind("/"), path.rfind("\\")) + 1 :]
        size = len(name.encode())
        for field, value in self._fields.items():
            if times := value.count(_FILENAME):
                # Bounded before it is done: a short form can ask for a long name thousands of times.
                self._grow(times * size)
                self._fields[field] = value.replace(_FILENAME, name)

    def _key(self) -> str:
        key = self._fields.get("key", "")
        if not key:
            raise S3Error("UserKeyMustBeSpecified")
        if len(key.encode()) > MAX_KEY_BYTES:
            raise S3Error("KeyTooLongError")
        return key

    async def _options(self) -> PutOptions:
        # The type that the file's own part declares does not count, as in S3: no policy is about it.
        headers = dict(self._fields)
        if "acl" in headers:
            headers["x-amz-acl"] = headers.pop("acl")
        check_headers(headers, write=True)
        fields: dict[str, Any] = written_headers(headers)
        fields["content_md5"] = content_md5(headers.get("content-md5"))
        if "x-amz-tagging" in headers:
            raise S3Error("InvalidArgument", "A form has its tags as XML in the field tagging, not in x-amz-tagging.")
        if "tagging" in headers:
            fields["tags"] = checked_tags(
                read_tags(await read_xml(headers["tagging"].encode(), "Tagging", most=MAX_TAG_ELEMENTS))
            )
        return PutOptions(**fields, **kept_checksum(self._endpoint, self._checksum))

    def answer(self, info: ObjectInfo) -> Answer:
        """Returns what the form asks to be answered with."""
        request, etag = self._request, f'"{info.etag}"'
        place = f"{request.scope['scheme']}://{request.headers.get('host', '')}{request.resource.rstrip('/')}"
        location = f"{place}/{quote(request.key, safe='/')}"
        checksum = None if self._checksum is None else self._checksum.value
        headers = [
            (b"etag", etag.encode()),
            (b"location", location.encode("latin-1")),
            *checksum_headers(checksum),
        ]
        target = self._fields.get("success_action_redirect") or self._fields.get("redirect", "")
        if target and _is_web(target):
            query = urlencode({"bucket": request.bucket, "key": request.key, "etag": etag})
            joined = f"{target}{'&' if '?' in target else '?'}{query}"
            return no_content(303, [(b"etag", etag.encode()), (b"location", joined.encode())])
        status = self._fields.get("success_action_status", "204")
        if status == "201":
            content = (
                element("Location", location)
                + element("Bucket", request.bucket)
                + element("Key", request.key)
                + element("ETag", etag)
                + checksum_elements(checksum)
            )
            return xml_answer(document("PostResponse", content), headers, 201)
        return no_content(200 if status == "200" else 204, headers)


def _is_web(target: str) -> bool:
    """Says whether a browser may be sent there; anything else is ignored, as S3 does."""
    try:
        parts = urlsplit(target)
    except ValueError:
        return False
    return target.isascii() and target.isprintable() and parts.scheme in {"http", "https"} and bool(parts.netloc)


class _File:
    """The file's content, bounded by the policy."""

    def __init__(self, form: Form, policy: Policy | None, checksum: BodyChecksum | None) -> None:
        self._form = form
        self._least = 0 if policy is None else policy.least
        self._most = None if policy is None else policy.most
        self._checksum = checksum
        self._size = 0
        self._ended = False

    async def next(self) -> bytes:
        """Returns the next piece; an empty one at the end.

        Raises:
            S3Error: The file is smaller or larger than the policy allows, or has another checksum.
        """
        piece = b"" if self._ended else await self._form.next()
        self._size += len(piece)
        if self._most is not None and self._size > self._most:
            raise S3Error("EntityTooLarge")
        if piece:
            if self._checksum is not None:
                self._checksum.update(piece)
        elif not self._ended:
            self._ended = True
            self._check()
        return piece

    def _check(self) -> None:
        if self._size < self._least:
            raise S3Error("EntityTooSmall")
        if self._checksum is not None:
            self._checksum.check()
