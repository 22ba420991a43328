"""The driver's settings."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import ClassVar, Final

from bucketry import InvalidSettings, Secret
from bucketry_s3client import S3Settings
from typing_extensions import override

from bucketry_rgw._rook import from_rook

_PATH: Final = re.compile(r"[A-Za-z0-9._-]{1,64}")


class RgwSettings(S3Settings, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Settings of a store on a Ceph RGW: those of every S3 server (`S3Settings`), and RGW's own.

    In the environment, ``access_key`` is ``BUCKETRY_RGW_ACCESS_KEY``; the secrets may also be in a file that
    ``BUCKETRY_RGW_SECRET_KEY_FILE`` names. Endpoint and keys are also taken as Rook gives them; see `from_environment`.

    Attributes:
        location_constraint: Where new buckets go: ``ZONEGROUP`` or ``ZONEGROUP:PLACEMENT``, either of which may be
            empty. Without it, the gateway's own default.
        uid: The user's id, for the admin API; without it, the gateway is asked whose the keys are.
        swift_user: A subuser for the Swift API (``USER:SUBUSER``), which lists content types in one request.
        swift_secret: Its Swift secret.
        admin_path: What the gateway has as ``rgw admin entry``. No bucket can have this name.
        swift_path: What the gateway has as ``rgw swift url prefix``. No bucket can have this name.
        rook_dir: A folder where Rook's secrets and config maps are mounted; see `from_environment`.
        lookup_threads: Requests that are sent side by side where there is one for each object or bucket.

    Raises:
        InvalidSettings: One of them is malformed or out of bounds.
    """

    scheme: ClassVar[str] = "rgw"
    bounds: ClassVar[Mapping[str, tuple[float, float]]] = {"lookup_threads": (1, 64)}

    location_constraint: str = ""
    uid: str = ""
    swift_user: str = ""
    swift_secret: Secret | None = None
    admin_path: str = "admin"
    swift_path: str = "swift"
    rook_dir: str | None = None
    lookup_threads: int = 8

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
        super().__post_init__()
        if not (_PATH.fullmatch(self.admin_path) and _PATH.fullmatch(self.swift_path)):
            raise InvalidSettings("admin_path and swift_path are the first segments of the gateway's own paths")
        if bool(self.swift_user) != bool(self.swift_secret):
            missing = "SWIFT_SECRET" if self.swift_user else "SWIFT_USER"
            raise InvalidSettings(f"swift_user and swift_secret go together: set BUCKETRY_RGW_{missing}")
