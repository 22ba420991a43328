"""The driver's settings."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import ClassVar, Final
from urllib.parse import urlsplit

from bucketry import InvalidSettings, Secret
from bucketry.features import GIB, MIB
from bucketry.settings import DriverSettings
from typing_extensions import override

from bucketry_rgw._rook import from_rook

_LOCATION: Final = re.compile(r"(?:[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?|\[[0-9A-Fa-f:.]+\])(?::(\d{1,5}))?")
_REGION: Final = re.compile(r"[A-Za-z0-9_-]{1,64}")
_PATH: Final = re.compile(r"[A-Za-z0-9._-]{1,64}")
_MAX_PORT: Final = 65_535
_BOUNDS: Final[Mapping[str, tuple[float, float]]] = {
    "connect_timeout": (0.01, 3600),
    "read_timeout": (0.01, 3600),
    "retries": (0, 10),
    "max_connections": (1, 1024),
    "part_size": (5 * MIB, 5 * GIB),
    "upload_threads": (1, 64),
    "lookup_threads": (1, 64),
}


class RgwSettings(DriverSettings, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Settings of a store on a Ceph RGW.

    In the environment, ``access_key`` is ``BUCKETRY_RGW_ACCESS_KEY``; the secrets may also be in a file that
    ``BUCKETRY_RGW_SECRET_KEY_FILE`` names. Endpoint and keys are also taken as Rook gives them; see `from_environment`.

    Attributes:
        location: ``host`` or ``host:port`` of the gateway; what stands in ``rgw://host:7480``.
        secure: Whether the gateway speaks TLS.
        ca_file: PEM file of the certificate authorities to trust, instead of those that boto3 trusts.
        public_endpoint: URL under which clients reach the gateway, where it is another. Presigned URLs carry it.
        region: The region that requests are signed for. RGW takes any.
        location_constraint: Where new buckets go: ``ZONEGROUP`` or ``ZONEGROUP:PLACEMENT``, either of which may be
            empty. Without it, the gateway's own default.
        access_key: Access key of a user.
        secret_key: Its secret key.
        session_token: Session token that comes with temporary credentials.
        uid: The user's id, for the admin API; without it, the gateway is asked whose the keys are.
        swift_user: A subuser for the Swift API (``USER:SUBUSER``), which lists content types in one request.
        swift_secret: Its Swift secret.
        admin_path: What the gateway has as ``rgw admin entry``. No bucket can have this name.
        swift_path: What the gateway has as ``rgw swift url prefix``. No bucket can have this name.
        rook_dir: A folder where Rook's secrets and config maps are mounted; see `from_environment`.
        connect_timeout: Seconds that connecting may take.
        read_timeout: Seconds that the gateway may take to answer, and between two pieces of an answer.
        retries: How often a request is sent again that found no connection or a busy gateway, or that broke off and
            does no harm when it is done twice.
        max_connections: Connections that are kept open. More are opened when more threads ask, and closed after.
        part_size: Bytes of one part of an upload that is sent in parts, and the most that is sent in one piece. Parts
            of longer uploads are larger, so that 10,000 suffice.
        upload_threads: Parts of one upload that are sent side by side. An upload takes
            ``part_size * (upload_threads + 1)`` bytes of memory.
        lookup_threads: Requests that are sent side by side where there is one for each object or bucket.

    Raises:
        InvalidSettings: One of them is malformed or out of bounds.
    """

    scheme: ClassVar[str] = "rgw"

    location: str
    secure: bool = False
    ca_file: str | None = None
    public_endpoint: str | None = None
    region: str = "us-east-1"
    location_constraint: str = ""
    access_key: str
    secret_key: Secret
    session_token: Secret | None = None
    uid: str = ""
    swift_user: str = ""
    swift_secret: Secret | None = None
    admin_path: str = "admin"
    swift_path: str = "swift"
    rook_dir: str | None = None
    connect_timeout: float = 5.0
    read_timeout: float = 60.0
    retries: int = 3
    max_connections: int = 32
    part_size: int = 8 * MIB
    upload_threads: int = 2
    lookup_threads: int = 8

    @property
    def endpoint(self) -> str:
        """URL of the gateway, without a trailing slash."""
        return f"{'https' if self.secure else 'http'}://{self.location}"

    @property
    def reserved_buckets(self) -> frozenset[str]:
        """What are paths of the gateway itself: a bucket of such a name could not be reached, but its API could."""
        return frozenset({self.admin_path, self.swift_path, "auth"})

    @classmethod
    @override
    def from_environment(cls, environ: Mapping[str, str], given: Mapping[str, object]) -> Mapping[str, object]:
        """Reads endpoint and keys as Rook gives them.

        Of a ``CephObjectStoreUser``: ``Endpoint``, ``AccessKey`` and ``SecretKey``. Of an ``ObjectBucketClaim``:
        ``BUCKET_HOST``, ``BUCKET_PORT``, ``BUCKET_REGION``, ``AWS_ACCESS_KEY_ID`` and ``AWS_SECRET_ACCESS_KEY``. They
        are files in ``rook_dir``, or else variables; of two complete sets in one place, the user's counts.
        """
        return from_rook(environ, given)

    def __post_init__(self) -> None:
        match = _LOCATION.fullmatch(self.location)
        if match is None or not 0 < int(match[1] or 1) <= _MAX_PORT:
            raise InvalidSettings("location is the host and port of the gateway: rgw://host:7480")
        if not _REGION.fullmatch(self.region):
            raise InvalidSettings("region is a name such as us-east-1")
        if not (_PATH.fullmatch(self.admin_path) and _PATH.fullmatch(self.swift_path)):
            raise InvalidSettings("admin_path and swift_path are the first segments of the gateway's own paths")
        for name, (least, most) in _BOUNDS.items():
            if not least <= getattr(self, name) <= most:
                raise InvalidSettings(f"{name} is {least} to {most}, not {getattr(self, name)}")
        if self.public_endpoint is not None and not _is_endpoint(self.public_endpoint):
            raise InvalidSettings("public_endpoint is a URL such as https://s3.example.com")
        if self.ca_file is not None and not self.secure:
            raise InvalidSettings("ca_file is given, but the store does not use TLS: add secure=true")
        if not self.access_key or not self.secret_key:
            raise InvalidSettings("access_key and secret_key are both needed, and not empty")
        if bool(self.swift_user) != bool(self.swift_secret):
            raise InvalidSettings("swift_user and swift_secret go together")


def _is_endpoint(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return (
            parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0 and "@" not in parts.netloc
        )
    except ValueError:
        return False
