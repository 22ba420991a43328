"""The boto3 client, set up for RGW."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

import boto3
from botocore.client import Config
from botocore.httpsession import where

from bucketry_rgw._settings import RgwSettings

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

# RGW echoes prefixes and markers as they are, or as character references, also what XML 1.0 (2.2) cannot hold, and
# whatever encoding was asked for.
NOT_XML: Final = re.compile(
    rb"[\x00-\x08\x0b\x0c\x0e-\x1f]|\xef\xbf[\xbe\xbf]"
    rb"|&#(?:[xX]0*(?:[0-8bcBCefEF]|1[0-9a-fA-F]|[fF]{3}[eEfF])|0*(?:[0-8]|1[124-9]|2[0-9]|3[01]|6553[45]));"
)
"""What an XML parser stumbles over in RGW's answers."""


def as_xml(document: bytes) -> bytes:
    """Leaves out what XML does not allow; keys that were asked for encoded hold none of it."""
    return NOT_XML.sub(b"", document)


def make_client(settings: RgwSettings) -> S3Client:
    """Makes the client. It takes milliseconds, and threads may share it: make it once."""
    config = Config(
        signature_version="s3v4",
        # boto3's own checksums are trailers that RGW refuses over TLS.
        request_checksum_calculation="when_required",
        response_checksum_validation="when_required",
        s3={"addressing_style": "path"},
        max_pool_connections=settings.max_connections,
        connect_timeout=settings.connect_timeout,
        read_timeout=settings.read_timeout,
        retries={"mode": "standard", "total_max_attempts": settings.retries + 1},
        proxies={},  # The gateway is reached as it is said to be, as by the rest of the driver.
    )
    token = settings.session_token
    client = boto3.session.Session().client(
        "s3",
        endpoint_url=settings.endpoint,
        region_name=settings.region,
        aws_access_key_id=settings.access_key,
        aws_secret_access_key=settings.secret_key.reveal(),
        aws_session_token=None if token is None else token.reveal(),
        verify=(settings.ca_file or where()) if settings.secure else None,
        config=config,
    )
    client.meta.events.register("before-parse.s3", _clean)
    return client


def _clean(response_dict: dict[str, Any], **_: object) -> None:
    body = response_dict.get("body")
    if isinstance(body, bytes):
        response_dict["body"] = as_xml(body)
