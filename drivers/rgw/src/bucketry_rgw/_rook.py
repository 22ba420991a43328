"""Settings as Rook gives them to a workload: as variables, or as files of mounted secrets and config maps.

Sources: Rook, "Object Store User CRD" (the keys of the user's secret) and "Object Bucket Claim" (the keys of the
claim's secret and config map).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from bucketry import InvalidSettings

_MAX_FILE_BYTES: Final = 64 * 1024
_HTTPS_PORT: Final = "443"

Lookup = Callable[[str], str]


def from_rook(environ: Mapping[str, str], given: Mapping[str, object]) -> Mapping[str, object]:
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
    # Only whole sets: keys of one place are nothing to show to another. A developer's AWS_ACCESS_KEY_ID alone is none.
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
