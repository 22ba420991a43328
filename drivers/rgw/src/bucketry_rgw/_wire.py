"""The way to RGW: signed requests, at half of what boto3's cost or less (docs/adr/0007-one-wire.md)."""

from __future__ import annotations

from botocore.httpsession import where
from bucketry_s3client import Wire

from bucketry_rgw._errors import refused
from bucketry_rgw._settings import RgwSettings
from bucketry_rgw._xml import as_xml


def make_wire(settings: RgwSettings) -> Wire:
    """Makes what sends signed requests. What RGW refuses fails as the SDK's ``ClientError``.

    Raises:
        InvalidSettings: ``ca_file`` cannot be used.
        ValueError: The credentials cannot be written in a signature.
    """
    return Wire(settings, refused, authorities=where(), user_agent="bucketry-rgw", clean=as_xml)
