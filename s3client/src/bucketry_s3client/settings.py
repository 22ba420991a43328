"""Settings that every server that speaks S3 needs."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import ClassVar, Final
from urllib.parse import urlsplit

from bucketry import InvalidSettings, Secret
from bucketry.features import MIB
from bucketry.s3 import MAX_PART_BYTES, MIN_PART_BYTES
from bucketry.settings import DriverSettings
from bucketry.sigv4 import Credentials

_LOCATION: Final = re.compile(r"(?:[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?|\[[0-9A-Fa-f:.]+\])(?::(\d{1,5}))?")
_REGION: Final = re.compile(r"[A-Za-z0-9_-]{1,64}")
_MAX_PORT: Final = 65_535


class S3Settings(DriverSettings, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Base of the settings of a driver for a server that speaks S3.

    A driver's own Struct inherits from it, sets ``scheme``, adds fields and gives others defaults of its own. What it
    checks besides goes into a ``__post_init__`` that calls this one.

    Attributes:
        location: ``host`` or ``host:port`` of the S3 endpoint; what stands in ``minio://host:9000``.
        secure: Whether the endpoint speaks TLS.
        ca_file: PEM file of the certificate authorities to trust, instead of those that the driver trusts.
        public_endpoint: URL under which clients reach the endpoint, where it is another. Presigned URLs carry it.
        region: The region that requests are signed for.
        access_key: Access key.
        secret_key: Its secret key.
        session_token: Session token that comes with temporary credentials.
        connect_timeout: Seconds that connecting may take.
        read_timeout: Seconds that the server may take to respond, and between two pieces of a response.
        retries: How often a request is sent again that found no connection or a busy server, or that broke off and
            does no harm when it is done twice.
        max_connections: Connections that are kept open: by default one for each thread of a server. More are opened
            when more threads ask, and closed after.
        part_size: Bytes of one part of an upload that is sent in parts, and the most that is sent in one piece. Parts
            of longer uploads are larger, so that 10,000 suffice.
        upload_threads: Parts of one upload that are sent side by side. An upload takes
            ``part_size * (upload_threads + 1)`` bytes of memory.
        bounds: Least and most of the numbers that a driver adds, by name.

    Raises:
        InvalidSettings: One of them is malformed or out of bounds.
    """

    bounds: ClassVar[Mapping[str, tuple[float, float]]] = {}

    location: str
    secure: bool = False
    ca_file: str | None = None
    public_endpoint: str | None = None
    region: str = "us-east-1"
    access_key: str
    secret_key: Secret
    session_token: Secret | None = None
    connect_timeout: float = 5.0
    read_timeout: float = 60.0
    retries: int = 3
    max_connections: int = 96
    part_size: int = 8 * MIB
    upload_threads: int = 3

    @property
    def endpoint(self) -> str:
        """URL of the S3 endpoint, without a trailing slash."""
        return f"{'https' if self.secure else 'http'}://{self.location}"

    @property
    def client_endpoint(self) -> str:
        """URL of the S3 endpoint as clients reach it, without a trailing slash."""
        return (self.public_endpoint or self.endpoint).rstrip("/")

    @property
    def credentials(self) -> Credentials:
        """Who signs.

        Raises:
            ValueError: The access key cannot be written in a signature.
        """
        return Credentials(self.access_key, self.secret_key, self.session_token)

    def __post_init__(self) -> None:
        self.check_place()
        if not _REGION.fullmatch(self.region):
            raise InvalidSettings("region is a name such as us-east-1")
        for name, (least, most) in (*_BOUNDS.items(), *self.bounds.items()):
            if not least <= getattr(self, name) <= most:
                raise InvalidSettings(f"{name} is {least} to {most}, not {getattr(self, name)}")
        if self.public_endpoint is not None and not _is_endpoint(self.public_endpoint):
            raise InvalidSettings("public_endpoint is a URL such as https://s3.example.com")
        self.check_keys()

    def check_place(self) -> None:
        """Checks where the server is. A driver whose server may be found in another way overrides it.

        Raises:
            InvalidSettings: ``location`` is no host and port, or ``ca_file`` is given without TLS.
        """
        match = _LOCATION.fullmatch(self.location)
        if match is None or not 0 < int(match[1] or 1) <= _MAX_PORT:
            raise InvalidSettings(_misplaced(self.scheme, self.location))
        if self.ca_file is not None and not self.secure:
            raise InvalidSettings("ca_file is given, but the store does not use TLS: add secure=true")

    def check_keys(self) -> None:
        """Checks the keys. A driver that finds them in another way overrides it.

        Raises:
            InvalidSettings: One of them is missing.
        """
        if not self.access_key or not self.secret_key:
            raise InvalidSettings("access_key and secret_key are both needed, and not empty")


_BOUNDS: Final[Mapping[str, tuple[float, float]]] = {
    "connect_timeout": (0.01, 3600),
    "read_timeout": (0.01, 3600),
    "retries": (0, 10),
    "max_connections": (1, 1024),
    # S3 user guide, "Amazon S3 multipart upload limits".
    "part_size": (MIN_PART_BYTES, MAX_PART_BYTES),
    "upload_threads": (1, 64),
}


def _misplaced(scheme: str, location: str) -> str:
    """Returns a message: the location is not a server's, and what is too much in it."""
    said = f"location is the host and port of the S3 endpoint: {scheme}://host:9000"
    transport, separator, _ = location.partition("://")
    if separator:
        return f"{said}, without {transport}://{'; add ?secure=true' if transport == 'https' else ''}"
    return f"{said}, without a path: each call names its bucket" if "/" in location else said


def _is_endpoint(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return (
            parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0 and "@" not in parts.netloc
        )
    except ValueError:
        return False
