"""One request as the operations see it, and the endpoint that it came to.

Source of the addresses: S3 user guide, "Virtual hosting of general purpose buckets".
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any, Final, NamedTuple, final
from urllib.parse import unquote_to_bytes, urlsplit

from bucketry import BucketAccess, Store
from bucketry.features import Features
from bucketry.ranges import whole_number
from bucketry.s3 import COPY_SOURCE, MAX_KEY_BYTES, NULL_VERSION
from bucketry.sigv4 import RequestHeaders
from bucketry_access import ANONYMOUS, Principal

from bucketry_http.s3.errors import S3Error, invalid_argument
from bucketry_http.s3.regions import Regions
from bucketry_http.s3.settings import S3Credential, S3Rights, S3Settings
from bucketry_http.s3.users import Users
from bucketry_http.shared.calls import StoreCalls
from bucketry_http.shared.object_writing import Uploader
from bucketry_http.shared.record import RECORD, RequestRecord, request_ids
from bucketry_http.shared.request_body import RequestBody

if TYPE_CHECKING:
    from bucketry_access import Directory

    from bucketry_http.shared.deciding import Decider

FORM_TYPE: Final = "multipart/form-data"
NO_QUERY: Final[dict[str, str]] = {}
NO_OPTIONS: Final[dict[str, Any]] = {}

_VERSION_ID: Final = re.compile(r"[A-Za-z0-9._-]{32}")
"""What the ids that S3 makes look like; it refuses others as malformed."""


@final
class S3Request:
    """A request, with what it is about.

    Attributes:
        id: A unique id, which is in every response and log line.
        scope: The ASGI scope.
        method: The HTTP method.
        fields: The headers as they came.
        headers: The headers by lower-case name, those in the query of a presigned URL too.
        is_plain: Whether the request has usual headers only, which need no further look. `route` sets it.
        query: Decoded parameters by name.
        bucket: The bucket; empty for the service itself.
        key: The key; empty for a bucket.
        content: The body as it comes over the wire.
        payload: What the signature says of the body: a hash or one of the literals; ``None``: nothing.
        verified: The signature; ``None`` for a request without one.
        principal: Who sends it.
        credential: The credential that signed it, or the rights of those who do not sign; ``None``: neither.
        region: The region of the bucket, where the endpoint has several; empty: nobody has looked yet.
        operation: The operation's name in the S3 API; empty: not known yet. `S3App` sets it.
        record: What is recorded of it; ``None``: nobody wants records.
        access: What is set on the bucket about who may use it; ``None``: nobody has looked yet.
        may_delete: Says whether the sender may delete a key, or a version of it, of a batch; ``None``: all of them.
        options: The options of its operation that its headers give, by field. `route` sets them.
        version_id: The version that it names; ``None``: the latest one. `route` sets it.
    """

    __slots__ = (
        "access",
        "bucket",
        "content",
        "credential",
        "fields",
        "headers",
        "id",
        "is_plain",
        "key",
        "may_delete",
        "method",
        "operation",
        "options",
        "payload",
        "principal",
        "query",
        "record",
        "region",
        "scope",
        "verified",
        "version_id",
    )

    def __init__(self, scope: Any, receive: Any, idle_seconds: float) -> None:
        """Reads what cannot be malformed; `read_target` reads the rest."""
        self.record: RequestRecord | None = scope[RECORD] if RECORD in scope else None  # noqa: SIM401 - a call less
        self.id = next(request_ids) if self.record is None else self.record.id
        self.scope = scope
        self.method: str = scope["method"]
        self.fields = RequestHeaders(scope["headers"])
        self.headers = self.fields.values
        self.is_plain = False
        self.content = RequestBody(receive, idle_seconds)
        self.query = NO_QUERY
        self.bucket = self.key = self.region = self.operation = ""
        self.payload: str | None = None
        self.verified: Any = None
        self.principal: Principal = ANONYMOUS
        self.credential: S3Credential | S3Rights | None = None
        self.access: BucketAccess | None = None
        self.may_delete: Callable[[str, str | None], bool] | None = None
        self.options = NO_OPTIONS
        self.version_id: str | None = None

    def read_target(self, domains: Domains) -> None:
        """Reads bucket, key and parameters.

        Raises:
            S3Error: Path or query is malformed.
        """
        raw_path: bytes = self.scope["raw_path"]
        self.bucket = domains.bucket_of(self.headers.get("host", "")) if domains.has_names else ""
        raw_key = raw_path[1:]
        if not self.bucket:
            # The first slash ends the bucket; all others are the key's.
            raw_bucket, _, raw_key = raw_key.partition(b"/")
            if raw_key and not raw_bucket:
                raise S3Error("InvalidBucketName", "The path names no bucket before the key.")
            # The bucket first: an error about the key still says where the bucket is.
            self.bucket = decoded(raw_bucket)
        self.key = decoded(raw_key)
        if raw := self.scope["query_string"]:
            self.query = parse_query(raw)

    @property
    def resource(self) -> str:
        """The path as the client sent it."""
        raw: bytes = self.scope["raw_path"]
        return raw.decode("latin-1")

    @property
    def is_signed(self) -> bool:
        """Whether it is signed."""
        return self.verified is not None

    @property
    def has_body(self) -> bool:
        """Whether it has a body that has not been read to its end."""
        headers = self.headers
        if self.content.ended or not ("content-length" in headers or "transfer-encoding" in headers):
            return False
        return headers.get("content-length", "0") != "0" or "transfer-encoding" in headers


def parse_query(raw: bytes) -> dict[str, str]:
    """Returns the parameters of a query.

    Raises:
        S3Error: A parameter comes twice or is not UTF-8.
    """
    query: dict[str, str] = {}
    for part in raw.split(b"&"):
        if not part:
            continue
        raw_name, _, raw_value = part.partition(b"=")
        name, value = _decoded(raw_name), _decoded(raw_value)
        if name in query:
            raise S3Error("InvalidArgument", f"The parameter {name[:100]!r} comes twice.")
        query[name] = value
    return query


def _decoded(raw: bytes) -> str:
    # "+" is a space, as in the canonical form that is signed.
    if b"+" in raw:
        raw = raw.replace(b"+", b" ")
    try:
        return (unquote_to_bytes(raw) if b"%" in raw else raw).decode()
    except UnicodeDecodeError:
        raise S3Error("InvalidURI", "The query is not UTF-8 behind its percent-encoding.") from None


class Endpoint:
    """A store and how it is served: what all operations share.

    Attributes:
        store: The store.
        settings: How it is served.
        calls: The store as the event loop sees it.
        uploader: Stores what clients send.
        domains: The endpoint's names.
        features: What the store's driver declares.
        regions: Where buckets can be.
        settings_lock: Is held while a part of a bucket's settings is replaced.
        tells_origin: Whether the store wants to know who sends a request.
        decides: Whether the store says who may use a bucket, so that this endpoint decides about each request.
        users: Who may sign requests.
    """

    __slots__ = (
        "_decider",
        "calls",
        "decides",
        "domains",
        "features",
        "regions",
        "settings",
        "settings_lock",
        "store",
        "tells_origin",
        "uploader",
        "users",
    )

    def __init__(self, store: Store, settings: S3Settings, directory: Directory | None = None) -> None:
        """Prepares to serve. It does not call the store yet."""
        self.store = store
        self.features: Features = store.capabilities.features
        self.tells_origin = store.reads_origin
        self.settings = settings
        self.calls = StoreCalls(
            store,
            call_threads=settings.call_threads,
            transfer_threads=settings.transfer_threads,
            wait_seconds=settings.wait_seconds,
        )
        self.uploader = Uploader(self.calls, settings)
        self.domains = Domains(settings.domains, settings.public_endpoints)
        self.regions = Regions(store, self.calls, settings)
        self.settings_lock = asyncio.Lock()
        self._decider: Decider | None = None
        self.decides = self.calls.keeps_access
        self.users = Users(settings, directory, decides=self.decides)

    @property
    def decider(self) -> Decider:
        """Decides about requests."""
        if self._decider is None:
            # Only now: an owner's own requests need no decision, and a server starts sooner without it.
            from bucketry_http.shared.deciding import Decider

            self._decider = Decider(self.calls, hides_buckets=self.users.directory is not None)
        return self._decider


class Domains:
    """The names of the endpoint, and which bucket is in a host name below them.

    Attributes:
        has_names: Whether a host name can name a bucket at all.
    """

    def __init__(self, domains: Iterable[str], endpoints: Iterable[str] = ()) -> None:
        """Prepares to look into hosts.

        Args:
            domains: Host names below which the first label is a bucket.
            endpoints: URLs of the endpoint, whose hosts are names of its own as well.
        """
        # Below several domains, the longest one counts.
        self._suffixes = sorted((f".{domain}" for domain in domains), key=len, reverse=True)
        hosts = (urlsplit(url).hostname or "" for url in endpoints)
        self._own = frozenset([*domains, *(host.rstrip(".") for host in hosts)])
        self._last = ("", "")
        self.has_names = bool(self._suffixes)

    def bucket_of(self, host: str) -> str:
        """Returns the bucket that a ``Host`` header names; empty if it names none.

        The endpoint's own name is never a bucket, even if it lies below another of its domains.
        """
        last, bucket = self._last
        if host != last:
            # Most requests have the same host as the one before.
            bucket = self._bucket_of(host)
            self._last = (host, bucket)
        return bucket

    def _bucket_of(self, host: str) -> str:
        name = host.rpartition(":")[0] if ":" in host and not host.endswith("]") else host
        name = name.lower().rstrip(".")
        if name in self._own:
            return ""
        return next((name.removesuffix(suffix) for suffix in self._suffixes if name.endswith(suffix)), "")


def decoded(raw: bytes) -> str:
    """Returns the name of a bucket or an object without its percent-encoding.

    Raises:
        S3Error: The decoded name is not UTF-8, or is too long.
    """
    if b"%" in raw:
        raw = unquote_to_bytes(raw)
    try:
        text = raw.decode()
    except UnicodeDecodeError:
        raise S3Error("InvalidURI", "The path is not UTF-8 behind its percent-encoding.") from None
    if len(raw) > MAX_KEY_BYTES:
        raise S3Error("KeyTooLongError")
    return text


class CopySource(NamedTuple):
    """The source of a copy.

    Attributes:
        bucket: Its bucket.
        key: Its key.
        version_id: The version that the header names; ``None``: none.
    """

    bucket: str
    key: str
    version_id: str | None


def copy_source(header: str) -> CopySource:
    """Returns what `COPY_SOURCE` names.

    S3 decodes the header before it splits it, so its first slashes may be encoded too, and takes a raw ``+`` for a
    blank: clients encode it in different ways (S3 API reference, CopyObject; aws/aws-sdk-js, issue 1821). A version
    stands behind a raw ``?``, which is why an encoded one belongs to the key.

    Raises:
        S3Error: The header is malformed.
    """
    path, mark, query = header.partition("?")
    name, _, version = query.partition("=")
    if mark and name != "versionId":
        raise invalid_argument(COPY_SOURCE, header, "Encode the ? of a key in the copy source as %3F.")
    try:
        version_id = unquote_to_bytes(version.encode("latin-1")).decode() if mark else None
        text = unquote_to_bytes(path.encode("latin-1").replace(b"+", b" ")).decode()
    except UnicodeDecodeError:
        raise S3Error("InvalidURI", "The copy source is not UTF-8 behind its percent-encoding.") from None
    bucket, slash, key = text.removeprefix("/").partition("/")
    if not bucket or not slash or not key:
        raise invalid_argument(
            COPY_SOURCE,
            header,
            "Copy Source must mention the source bucket and key: sourcebucket/sourcekey",
        )
    return CopySource(_checked(bucket), _checked(key), version_id)


def _checked(name: str) -> str:
    if len(name.encode()) > MAX_KEY_BYTES:
        raise S3Error("KeyTooLongError")
    return name


def number(query: Mapping[str, str], name: str, default: int, *, least: int = 0, most: int = 2**31 - 1) -> int:
    """Returns a parameter that is a number.

    Raises:
        S3Error: It is none, or out of bounds.
    """
    text = query.get(name)
    if text is None or (not text and name != "partNumber"):
        return default
    if not (text.isascii() and text.isdecimal()) or not least <= (value := whole_number(text)) <= most:
        raise invalid_argument(name, text, f"Argument {name} must be an integer between {least} and {most}")
    return value


def known_version(endpoint: Endpoint, version_id: str, name: str = "versionId") -> str | None:
    """Returns the id of a version as the store gets it. A store with versions checks it itself.

    If the store has none, each object has the one version ``null``, which is the object.

    Args:
        endpoint: The endpoint.
        version_id: The id that a request names.
        name: The parameter or header that it stands in.

    Raises:
        S3Error: The id is empty; or the store has no versions, and the id is not ``null``.
    """
    if not version_id:
        raise invalid_argument(name, "", "Version id cannot be the empty string")
    if endpoint.features.bucket_versioning:
        return version_id
    if version_id == NULL_VERSION:
        return None
    if not _VERSION_ID.fullmatch(version_id):
        raise invalid_argument(name, version_id, "Invalid version id specified")
    raise S3Error("NoSuchVersion", elements={"VersionId": version_id})


def is_form(request: S3Request) -> bool:
    """Says whether a POST is a form upload. Its signature is in the form."""
    return (
        not request.key
        and not request.query
        and bool(request.bucket)
        and request.headers.get("content-type", "").lower().startswith(FORM_TYPE)
    )
