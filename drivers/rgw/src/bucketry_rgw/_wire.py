"""The way to RGW: signed requests, at half of what boto3's cost or less (docs/adr/0007-one-wire.md)."""

from __future__ import annotations

from bucketry_s3client import S3Client

from bucketry_rgw._settings import RgwSettings
from bucketry_rgw._xml import as_xml


def make_wire(settings: RgwSettings) -> S3Client:
    """Makes what sends signed requests.

    Raises:
        InvalidSettings: ``ca_file`` cannot be used.
        ValueError: The credentials cannot be written in a signature.
    """
    return S3Client(settings, user_agent="bucketry-rgw", clean=as_xml)
