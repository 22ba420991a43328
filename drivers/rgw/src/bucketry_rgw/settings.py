"""The driver's settings, and how Rook gives them to a workload: as variables, or as files of mounted secrets.

Sources: Rook, "Object Store User CRD" (the keys of the user's secret) and "Object Bucket Claim" (the keys of the
claim's secret and config map).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import ClassVar, Final
from urllib.parse import urlsplit

from bucketry import InvalidSettings, Secret
from bucketry_s3client import S3Settings
from typing_extensions import override

_MAX_FILE_BYTES: Final = 64 * 1024
_HTTPS_PORT: Final = "443"

Lookup = Callable[[str], str]
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
        return _from_rook(environ, given)

    def __post_init__(self) -> None:
        super().__post_init__()
        if not (_PATH.fullmatch(self.admin_path) and _PATH.fullmatch(self.swift_path)):
            raise InvalidSettings("admin_path and swift_path are the first segments of the gateway's own paths")
        if bool(self.swift_user) != bool(self.swift_secret):
            missing = "SWIFT_SECRET" if self.swift_user else "SWIFT_USER"
            raise InvalidSettings(f"swift_user and swift_secret go together: set BUCKETRY_RGW_{missing}")


def _from_rook(environ: Mapping[str, str], given: Mapping[str, object]) -> Mapping[str, object]:
    """Returns what Rook says of endpoint, region and keys; nothing if it says nothing.

    Args:
        environ: The environment.
        given: The settings that are given otherwise, which win.

    Raises:
        InvalidSettings: ``rook_dir`` holds no complete set, or a file in it cannot be read.
    """
    folder = given.get("rook_dir")
    if folder is None:
        return _settings(lambda name: environ.get(name, ""), given)
    found = _settings(lambda name: _read(Path(str(folder)), name), given)
    if not found:
        raise InvalidSettings(
            "rook_dir holds neither a CephObjectStoreUser's secret (AccessKey, SecretKey, Endpoint) "
            "nor an ObjectBucketClaim's secret and config map (AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, BUCKET_HOST)"
        )
    return found


def _settings(value_of: Lookup, given: Mapping[str, object]) -> dict[str, object]:
    # Only complete sets: keys of one place must not be sent to another. AWS_ACCESS_KEY_ID alone may be the user's own.
    found = _of_user(value_of) or _of_claim(value_of)
    if "location" in given:
        # Then the scheme of Rook's endpoint says nothing about the one that is used.
        found.pop("location", None)
        found.pop("secure", None)
    return found


def _of_user(value_of: Lookup) -> dict[str, object]:
    access_key, secret_key, endpoint = (value_of(name) for name in ("AccessKey", "SecretKey", "Endpoint"))
    if not (access_key and secret_key and endpoint):
        return {}
    parts = urlsplit(endpoint)
    if parts.scheme not in {"http", "https"} or not parts.netloc or "@" in parts.netloc:
        raise InvalidSettings("Rook's Endpoint is a URL such as http://rook-ceph-rgw-my-store.rook-ceph.svc:80")
    return {
        "location": parts.netloc,
        "secure": parts.scheme == "https",
        "access_key": access_key,
        "secret_key": secret_key,
    }


def _of_claim(value_of: Lookup) -> dict[str, object]:
    access_key, secret_key, host = (
        value_of(name) for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "BUCKET_HOST")
    )
    if not (access_key and secret_key and host):
        return {}
    port, region = value_of("BUCKET_PORT"), value_of("BUCKET_REGION")
    found: dict[str, object] = {
        "location": f"{host}:{port}" if port else host,
        "secure": port == _HTTPS_PORT,
        "access_key": access_key,
        "secret_key": secret_key,
    }
    return {**found, "region": region} if region else found


def _read(folder: Path, name: str) -> str:
    try:
        with (folder / name).open("rb") as file:
            content = file.read(_MAX_FILE_BYTES + 1)
        text = content.decode().strip()
    except FileNotFoundError:
        return ""
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidSettings(f"the file {name} in rook_dir cannot be read: {type(error).__name__}") from None
    if len(content) > _MAX_FILE_BYTES:
        raise InvalidSettings(f"the file {name} in rook_dir is too large for a key")
    return text
