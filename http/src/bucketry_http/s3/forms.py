"""Uploads by a browser's form (S3 API reference, POST Object), and the policy that allows them.

The file is streamed and never spooled. A policy says what its signer allows the sender (S3 API reference, "Creating a
POST policy"): a field without a condition on it is not allowed, and a policy without a condition on the bucket is valid
for no bucket.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final, NoReturn
from urllib.parse import quote, urlencode, urlsplit

import msgspec
from bucketry import ObjectInfo, PutOptions, TooLarge
from bucketry.decoding import from_json
from bucketry.headers import METADATA_PREFIX
from bucketry.ranges import whole_number
from bucketry.sigv4 import Verified

from bucketry_http.s3 import access
from bucketry_http.s3.access_facts import RequestFacts
from bucketry_http.s3.authentication import Authenticator
from bucketry_http.s3.body import content_md5
from bucketry_http.s3.checksums import (
    ALGORITHM,
    BodyChecksum,
    body_checksum,
    checksum_elements,
    checksum_headers,
    kept_checksum,
)
from bucketry_http.s3.cors import refuse_foreign
from bucketry_http.s3.errors import S3Error, invalid_argument, precondition_failed
from bucketry_http.s3.header_options import HeaderOptions
from bucketry_http.s3.headers import ACL_HEADERS, CANNED, EXPECTED_OWNER, check_headers, tags_by_key, written_headers
from bucketry_http.s3.origin import count_sender, tell_origin
from bucketry_http.s3.request import FORM_TYPE, Endpoint, S3Request
from bucketry_http.s3.response import Response, empty_response, xml_response
from bucketry_http.s3.response_headers import WRITTEN
from bucketry_http.s3.tagging import MAX_TAG_ELEMENTS, read_tags
from bucketry_http.s3.xml import document, element
from bucketry_http.s3.xml_reading import read_xml
from bucketry_http.shared.deciding import Target
from bucketry_http.shared.forms import Form, Part
from bucketry_http.shared.headers import TAGGING
from bucketry_http.shared.origin import ADMISSION
from bucketry_http.shared.strict_json import RepeatedName, check_names

_FORM_TOO_LARGE: Final = "MaxPostPreDataLengthExceededError"
_FILENAME: Final = "${filename}"

_UNCHECKED_FIELDS: Final = frozenset({"policy", "x-amz-signature", "signature", "awsaccesskeyid", "file"})
"""Fields that a policy need not allow (S3 API reference, "Creating a POST policy", "Conditions")."""

_UNCHECKED_PREFIX: Final = "x-ignore-"
"""Begins the names of other such fields."""

_CONDITIONS_OF_A_FIELD: Final = 2
"""How many conditions of its policy a form may have for each of its fields: a policy may allow fields that are not
there."""

_FORM_OPTIONS: Final = HeaderOptions(PutOptions)
"""Fields of a form that are headers of PutObject."""

_MATCHES: Final = frozenset({"eq", "starts-with"})
"""The kinds of conditions on a field."""

_RANGE_BOUND: Final = re.compile("[0-9]+")
"""Some signers write the numbers as strings."""

_EXPIRATION: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)", re.ASCII)
"""ISO 8601 with date, time and zone (S3 API reference, "Creating a POST policy", "Expiration")."""


async def refuse_post(_endpoint: Endpoint, _request: S3Request) -> NoReturn:
    """Refuses a POST to a bucket that is not a form."""
    raise precondition_failed(f"Bucket POST must be of the enclosure-type {FORM_TYPE}")


async def post_object(endpoint: Endpoint, authenticator: Authenticator, request: S3Request) -> Response:
    """POST Object, for a request that `is_form`."""
    upload = _FormUpload(endpoint, authenticator, request)
    info = await upload.run()
    return upload.response(info)


class _FormUpload:
    """The upload of one form."""

    def __init__(self, endpoint: Endpoint, authenticator: Authenticator, request: S3Request) -> None:
        self._endpoint = endpoint
        self._limits = endpoint.settings
        self._authenticator = authenticator
        self._request = request
        self._form = Form(request.content, request.headers.get("content-type", ""), self._limits.max_form_fields)
        self._fields: dict[str, str] = {}
        self._tags: Mapping[str, str] = {}
        self._size = 0
        self._checksum: BodyChecksum | None = None

    async def run(self) -> ObjectInfo:
        """Reads the fields, checks them, and stores the file that follows them."""
        file = await self._read_fields()
        fields, request = self._fields, self._request
        self._authenticator.authenticate_form(request, fields)
        if ADMISSION in request.scope:
            count_sender(request)
        if self._endpoint.regions.several:
            await self._endpoint.regions.require(request)
        await refuse_foreign(self._endpoint, request)
        access.refuse_reader(request)
        if self._endpoint.tells_origin:
            tell_origin(request, action="form")
        most_conditions = _CONDITIONS_OF_A_FIELD * self._limits.max_form_fields
        policy = Policy(fields["policy"], most_conditions) if "policy" in fields else None
        self._name_file(file.file_name or "")
        if policy is not None:
            self._check_expiration(policy)
            policy.check(fields, request.bucket)
        request.key = self._key()
        await self._authorise()
        # A form has the algorithm in another field than an SDK's request (S3 API reference, POST Object).
        self._checksum = body_checksum(fields, ALGORITHM)
        options = await self._options()
        content = _File(self._form, policy, self._checksum)
        return await self._endpoint.uploader.store(request.bucket, request.key, content, options)

    async def _read_fields(self) -> Part:
        while (part := await self._next_part()) is not None:
            name = part.name.lower()
            if name == "file":
                return part
            if name in self._fields:
                raise invalid_argument(part.name[:100], "", "The form has this field twice.")
            self._fields[name] = value = await self._read_field()
            self._size += len(value.encode())
        raise S3Error("InvalidArgument", "POST requires exactly one file upload per request.")

    async def _next_part(self) -> Part | None:
        try:
            return await self._form.next_part()
        except TooLarge as error:
            raise S3Error(_FORM_TOO_LARGE, f"{error.detail[:1].upper()}{error.detail[1:]}.") from None

    async def _read_field(self) -> str:
        try:
            return await self._form.read_field(self._limits.max_policy_bytes - self._size)
        except TooLarge:
            raise self._too_large() from None

    def _grow(self, size: int) -> None:
        self._size += size
        if self._size > self._limits.max_policy_bytes:
            raise self._too_large()

    def _too_large(self) -> S3Error:
        limit = self._limits.max_policy_bytes
        return S3Error(_FORM_TOO_LARGE, f"The fields before the file are too large: they may have {limit} bytes.")

    def _check_expiration(self, policy: Policy) -> None:
        verified, fields = self._request.verified, self._fields
        signature = fields.get("x-amz-signature") or fields.get("signature", "")
        signed_at = verified.date if isinstance(verified, Verified) else None
        if self._authenticator.times.is_over(policy.expiration.timestamp(), signature, signed_at):
            raise S3Error("AccessDenied", "Invalid according to Policy: Policy expired.")

    def _name_file(self, path: str) -> None:
        """Replaces ``${filename}`` in fields by the file's name without its directory. The policy checks the result.

        Source: S3 API reference, POST Object ("key") and "Creating a POST policy" ("Conditions").
        """
        name = path[max(path.rfind("/"), path.rfind("\\")) + 1 :]
        size = len(name.encode())
        for field, value in self._fields.items():
            if times := value.count(_FILENAME):
                # Count first: a short form can ask for a long name thousands of times.
                self._grow(times * size)
                self._fields[field] = value.replace(_FILENAME, name)

    def _key(self) -> str:
        key = self._fields.get("key", "")
        if not key:
            raise S3Error("UserKeyMustBeSpecified")
        return key

    async def _authorise(self) -> None:
        """Refuses an upload that its sender may not make."""
        endpoint, request, headers = self._endpoint, self._request, self._headers()
        facts = RequestFacts(endpoint, request, "PostObject", headers)
        facts.new_tags = self._tags = await self._read_tags()
        target = Target(request.bucket, request.key, None, request.headers.get(EXPECTED_OWNER))
        request.access = await endpoint.decider.check(request.principal, target, ["s3:PutObject"], facts)
        access.authorise_new_version(endpoint, request, facts, headers)

    async def _read_tags(self) -> Mapping[str, str]:
        if "tagging" not in self._fields:
            return {}
        content = self._fields["tagging"].encode()
        return tags_by_key(read_tags(await read_xml(self._limits, content, "Tagging", most=MAX_TAG_ELEMENTS)))

    def _headers(self) -> dict[str, str]:
        headers = {name: _as_header(name, value) for name, value in self._fields.items()}
        if "acl" in headers:
            headers[CANNED] = headers.pop("acl")
        return headers

    async def _options(self) -> PutOptions:
        # As in S3, the type that the file's own part declares does not count: no policy could restrict it.
        headers = self._headers()
        check_headers(headers, write=True, taken=_FORM_OPTIONS.names | ACL_HEADERS)
        fields: dict[str, Any] = {**written_headers(headers), **self._request.options}
        fields.update(_FORM_OPTIONS.read(self._endpoint, self._request, headers))
        fields["content_md5"] = content_md5(headers.get("content-md5"))
        if TAGGING in headers:
            raise S3Error("InvalidArgument", f"A form has its tags as XML in the field tagging, not in {TAGGING}.")
        if "tagging" in headers:
            fields["tags"] = self._tags
        return PutOptions(**fields, **kept_checksum(self._endpoint.features.checksum_algorithms, self._checksum))

    def response(self, info: ObjectInfo) -> Response:
        """Returns the response that the form asks for: a redirect, or a status with or without a document."""
        request, etag = self._request, f'"{info.etag}"'
        place = f"{request.scope['scheme']}://{request.headers.get('host', '')}{request.resource.rstrip('/')}"
        location = f"{place}/{quote(request.key, safe='/')}"
        checksum = None if self._checksum is None else self._checksum.value
        facts = WRITTEN.headers(WRITTEN.of(info))
        headers = [
            (b"etag", etag.encode()),
            (b"location", location.encode("latin-1")),
            *checksum_headers(checksum),
            *facts,
        ]
        target = self._fields.get("success_action_redirect") or self._fields.get("redirect", "")
        if target and _is_web(target):
            query = urlencode({"bucket": request.bucket, "key": request.key, "etag": etag})
            joined = f"{target}{'&' if '?' in target else '?'}{query}"
            return empty_response(303, [(b"etag", etag.encode()), (b"location", joined.encode()), *facts])
        status = self._fields.get("success_action_status", "204")
        if status == "201":
            content = (
                element("Location", location)
                + element("Bucket", request.bucket)
                + element("Key", request.key)
                + element("ETag", etag)
                + checksum_elements(checksum)
            )
            return xml_response(document("PostResponse", content), headers, 201)
        return empty_response(200 if status == "200" else 204, headers)


def _as_header(name: str, value: str) -> str:
    # A form is UTF-8. In headers, each character is a byte.
    return value.encode().decode("latin-1") if name.startswith(METADATA_PREFIX) else value


def _is_web(target: str) -> bool:
    """Says whether a browser can be redirected there. As in S3, any other target is ignored."""
    try:
        parts = urlsplit(target)
    except ValueError:
        return False
    return target.isascii() and target.isprintable() and parts.scheme in {"http", "https"} and bool(parts.netloc)


class _File:
    """The file's content, whose size and checksum are checked."""

    def __init__(self, form: Form, policy: Policy | None, checksum: BodyChecksum | None) -> None:
        self._form = form
        self._least = 0 if policy is None else policy.least
        self._most = None if policy is None else policy.most
        self._checksum = checksum
        self._size = 0
        self.ended = False

    async def next(self) -> bytes:
        """Returns the next piece, or an empty one at the end.

        Raises:
            S3Error: The file is smaller or larger than the policy allows, or has another checksum.
        """
        piece = b"" if self.ended else await self._form.next()
        self._size += len(piece)
        if self._most is not None and self._size > self._most:
            raise S3Error("EntityTooLarge")
        if piece:
            if self._checksum is not None:
                self._checksum.update(piece)
        elif not self.ended:
            self.ended = True
            self._check()
        return piece

    def _check(self) -> None:
        if self._size < self._least:
            raise S3Error("EntityTooSmall")
        if self._checksum is not None:
            self._checksum.check()


class _Document(msgspec.Struct, frozen=True):
    """A policy document."""

    expiration: str
    conditions: list[Any]


class Policy:
    """A signed policy.

    Attributes:
        expiration: When it expires.
        least: Smallest size of the file, in bytes.
        most: Largest size of the file, in bytes; ``None``: any.
    """

    def __init__(self, encoded: str, most_conditions: int) -> None:
        """Reads a policy.

        Args:
            encoded: The document in base64.
            most_conditions: How many conditions it may have.

        Raises:
            S3Error: The policy is malformed.
        """
        self.least, self.most = 0, None
        self._equal: list[tuple[str, str]] = []
        self._starts: list[tuple[str, str]] = []
        document = _decoded(encoded)
        self.expiration = _time(document.expiration)
        if len(document.conditions) > most_conditions:
            raise _invalid(f"it has more than {most_conditions} conditions")
        for number, condition in enumerate(document.conditions, 1):
            self._read(number, condition)

    most: int | None

    def _read(self, number: int, condition: Any) -> None:
        if isinstance(condition, dict) and len(condition) == 1:
            ((name, value),) = condition.items()
            if isinstance(value, str):
                self._equal.append((name.lower(), value))
                return
        if isinstance(condition, list) and len(condition) == 3 and isinstance(condition[0], str):
            kind, first, second = condition[0].lower(), condition[1], condition[2]
            if kind == "content-length-range":
                self._read_range(first, second)
                return
            if isinstance(first, str) and isinstance(second, str) and first.startswith("$") and kind in _MATCHES:
                (self._equal if kind == "eq" else self._starts).append((first[1:].lower(), second))
                return
        raise _invalid(f"its condition {number} cannot be read")

    def _read_range(self, *bounds: Any) -> None:
        if not all(_RANGE_BOUND.fullmatch(str(bound)) for bound in bounds):
            raise _invalid("content-length-range has two numbers")
        least, most = (whole_number(str(bound)) for bound in bounds)
        # All conditions must hold, so also all ranges.
        self.least = max(self.least, least)
        self.most = most if self.most is None else min(self.most, most)

    def check(self, fields: Mapping[str, str], bucket: str) -> None:
        """Compares a form with the policy. Whether that has expired is another question.

        Args:
            fields: The form's fields by lower-case name. Variables in them are already replaced.
            bucket: The bucket that the form was sent to.

        Raises:
            S3Error: A condition does not hold, or the policy does not allow a field.
        """
        values = {**fields, "bucket": bucket}
        for name, expected in self._equal:
            if values.get(name, "") != expected:
                raise _failed(["eq", f"${name}", expected])
        for name, start in self._starts:
            value = values.get(name, "")
            # Each content type in a list must match (S3 API reference, "Creating a POST policy", "Condition matching").
            parts = value.split(",") if name == "content-type" else [value]
            if not all(part.strip().startswith(start) for part in parts):
                raise _failed(["starts-with", f"${name}", start])
        allowed = {name for name, _ in self._equal + self._starts} | _UNCHECKED_FIELDS
        # The bucket counts: without a condition on it, S3 calls it an extra field.
        extra = sorted(name for name in values if name not in allowed and not name.startswith(_UNCHECKED_PREFIX))
        if extra:
            raise S3Error("AccessDenied", f"Invalid according to Policy: Extra input fields: {', '.join(extra)[:200]}")


def _decoded(encoded: str) -> _Document:
    try:
        text = base64.b64decode(encoded, validate=True)
        document = from_json(text, _Document)
        check_names(text)
    except RepeatedName as error:
        raise _invalid(f"the name {error.name[:100]!r} stands twice in one object") from None
    except (binascii.Error, msgspec.DecodeError, ValueError, RecursionError):
        raise _invalid("it is not JSON with expiration and conditions") from None
    return document


def _time(expiration: str) -> datetime:
    try:
        if _EXPIRATION.fullmatch(expiration):
            return datetime.fromisoformat(expiration)
    except ValueError:
        pass
    raise _invalid(f"Invalid 'expiration' value: {expiration[:100]!r} is not a time such as 2030-01-01T00:00:00Z")


def _invalid(reason: str) -> S3Error:
    return S3Error("InvalidPolicyDocument", f"Invalid Policy: {reason}.")


def _failed(condition: list[str]) -> S3Error:
    """Shows the condition as S3 does: with a space after each comma."""
    shown = json.dumps(condition, ensure_ascii=False)[:300]
    return S3Error("AccessDenied", f"Invalid according to Policy: Policy Condition failed: {shown}")
