"""Where requests go: AWS's endpoints, and which buckets stand before the host's name.

Source: Amazon S3 user guide, "Virtual hosting of general purpose buckets" and "Amazon S3 dual-stack endpoints".
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

import msgspec
from bucketry import InvalidSettings

from bucketry_s3.settings import AUTO, Addressing, S3StoreSettings

if TYPE_CHECKING:
    from botocore.session import Session

_DEFAULT_REGION: Final = "us-east-1"
_WITHOUT_BOTO3: Final = (
    "boto3 is not installed here, which finds credentials and AWS's endpoints: "
    "set BUCKETRY_S3_ACCESS_KEY and BUCKETRY_S3_SECRET_KEY, and name the server, as in s3://s3.eu-central-1.amazonaws.com"
)
_HOST_LABEL: Final = re.compile(r"[a-z0-9](?:[a-z0-9-]{1,61}[a-z0-9])")
"""Names of buckets that AWS's certificates cover: without dots."""


def session_of(settings: S3StoreSettings) -> Session:
    """Makes a session of botocore: the user's files and variables, and the profile.

    Raises:
        InvalidSettings: There is no such profile, or boto3 is not installed.
    """
    # Only here: to import botocore takes about 0.1 s, and stores with keys and a region do not need it.
    try:
        import botocore.session
    except ImportError:
        raise InvalidSettings(_WITHOUT_BOTO3) from None
    from botocore.exceptions import ProfileNotFound
    from bucketry.redaction import protect_loggers

    protect_loggers("botocore")
    session = botocore.session.Session(profile=settings.profile or None)
    try:
        session.get_scoped_config()
    except ProfileNotFound:
        raise InvalidSettings(f"AWS's files have no profile {settings.profile!r}") from None
    return session


def resolved(settings: S3StoreSettings) -> S3StoreSettings:
    """Returns the settings with a place and a region.

    Raises:
        InvalidSettings: AWS has no such endpoint.
    """
    if settings.region == AUTO:
        settings = msgspec.structs.replace(settings, region=_region_of(settings))
    if settings.location:
        return settings
    return msgspec.structs.replace(settings, location=_aws_host(settings), secure=True, dual_stack=False, fips=False)


def _aws_host(settings: S3StoreSettings) -> str:
    """Returns the host of AWS's endpoint, as botocore knows it."""
    session = session_of(settings)
    from botocore.config import Config
    from botocore.exceptions import BotoCoreError

    options: dict[str, Any] = {
        "use_dualstack_endpoint": settings.dual_stack,
        "use_fips_endpoint": settings.fips,
        "s3": {"us_east_1_regional_endpoint": "regional"},
        "ignore_configured_endpoint_urls": True,
    }
    # It signs nothing. With keys of its own, it does not look for the user's.
    keys: dict[str, Any] = {"aws_access_key_id": "none", "aws_secret_access_key": "none"}
    try:
        client = session.create_client("s3", region_name=settings.region, config=Config(**options), **keys)
    except (BotoCoreError, ValueError) as error:
        raise InvalidSettings(f"AWS has no such endpoint in {settings.region}: {type(error).__name__}") from None
    host = urlsplit(client.meta.endpoint_url).netloc
    client.close()
    return host


def _region_of(settings: S3StoreSettings) -> str:
    if settings.location and not settings.profile:
        # The user's region for AWS says nothing about another server, but these variables are set for the process.
        return os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION") or _DEFAULT_REGION
    found = session_of(settings).get_config_variable("region")
    return str(found) if found else _DEFAULT_REGION


def virtual_buckets(endpoint: str, addressing: Addressing, *, is_aws: bool) -> Callable[[str], bool] | None:
    """Returns what says of a bucket whether its name stands before the host's; ``None``: it never does.

    Args:
        endpoint: URL of the endpoint.
        addressing: As in the settings.
        is_aws: Whether it is one of AWS's.
    """
    if addressing == "path" or (addressing == "auto" and not is_aws):
        return None
    if addressing == "virtual" and not endpoint.startswith("https:"):
        return lambda _: True
    # A certificate for *.host covers no name with a dot.
    return lambda bucket: _HOST_LABEL.fullmatch(bucket) is not None
