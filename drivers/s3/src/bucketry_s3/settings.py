"""The driver's settings."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import ClassVar, Final, Literal

from bucketry import InvalidSettings, Secret
from bucketry.s3 import BUCKET_NAME
from bucketry_s3client import S3Settings
from typing_extensions import override

AUTO: Final = "auto"

Addressing = Literal["auto", "path", "virtual"]


class S3StoreSettings(S3Settings, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Settings of a store on a server that speaks S3: those of every such server (`S3Settings`), and the driver's own.

    In the environment, ``access_key`` is ``BUCKETRY_S3_ACCESS_KEY``; the secrets may also be in a file that
    ``BUCKETRY_S3_SECRET_KEY_FILE`` names. Without keys, boto3's chain finds them.

    Attributes:
        location: ``host`` or ``host:port`` of the S3 endpoint; empty for AWS.
        region: The region that requests are signed for; ``auto``: the one that the profile or the environment names
            for boto3, else ``us-east-1``.
        access_key: Access key; empty: boto3's chain finds the credentials.
        secret_key: Its secret key.
        profile: The profile in AWS's files whose credentials and region are used.
        addressing: ``path`` puts the bucket first in the path, ``virtual`` before the host's name; ``auto``: virtual
            for AWS, where the bucket's name allows it, and path for others.
        dual_stack: Whether AWS is reached at its endpoint for IPv4 and IPv6.
        fips: Whether AWS is reached at its endpoint with FIPS 140 cryptography.
        probe: Whether opening finds out what the server can do. ``false``: see `bucketry_s3.found.CONSERVATIVE`.
        probe_bucket: A bucket that exists, below whose prefix ``bucketry-probe/`` probes write. Empty: probes make
            buckets of their own, and delete them.
        probe_cache: A file that keeps what was found out for a day, for other processes; ``auto``: one in the folder of
            the user's caches; empty: none.
        lookup_threads: Requests that are sent side by side where there is one for each object or bucket.

    Raises:
        InvalidSettings: One of them is malformed or out of bounds.
    """

    scheme: ClassVar[str] = "s3"
    bounds: ClassVar[Mapping[str, tuple[float, float]]] = {"lookup_threads": (1, 64)}

    location: str = ""
    region: str = AUTO
    access_key: str = ""
    secret_key: Secret = Secret("")
    profile: str = ""
    addressing: Addressing = "auto"
    dual_stack: bool = False
    fips: bool = False
    probe: bool = True
    probe_bucket: str = ""
    probe_cache: str = AUTO
    lookup_threads: int = 16

    @property
    def has_keys(self) -> bool:
        """Whether the keys are in the settings."""
        return bool(self.access_key)

    @override
    def check_place(self) -> None:
        """Checks the place. ``location`` may be empty: then AWS is meant, which always speaks TLS."""
        if self.location:
            super().check_place()
            if self.dual_stack or self.fips:
                raise InvalidSettings("dual_stack and fips are for AWS: s3:// without a location")

    @override
    def check_keys(self) -> None:
        """Checks the keys: both or none; and what belongs to finding them."""
        if bool(self.access_key) != bool(self.secret_key):
            missing = "SECRET_KEY" if self.access_key else "ACCESS_KEY"
            raise InvalidSettings(f"access_key and secret_key go together: set BUCKETRY_S3_{missing}")
        if self.session_token is not None and not self.access_key:
            raise InvalidSettings("session_token belongs to access_key and secret_key: set these too")
        if self.access_key and self.profile:
            raise InvalidSettings("give access_key and secret_key or a profile, not both")
        if self.probe_bucket and not re.fullmatch(BUCKET_NAME, self.probe_bucket):
            raise InvalidSettings("probe_bucket is the name of a bucket")
