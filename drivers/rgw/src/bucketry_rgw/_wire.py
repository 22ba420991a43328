"""The way to RGW for what boto3 does at two or three times the cost or not at all."""

from __future__ import annotations

from botocore.httpsession import where
from bucketry_s3client import Wire

from bucketry_rgw._client import as_xml
from bucketry_rgw._errors import refused
from bucketry_rgw._settings import RgwSettings


def make_wire(settings: RgwSettings) -> Wire:
    """Makes what sends signed requests. What RGW refuses fails as the SDK's ``ClientError``.

    Raises:
        InvalidSettings: ``ca_file`` cannot be used.
        ValueError: The credentials cannot be written in a signature.
    """
    return Wire(settings, refused, authorities=where(), user_agent="bucketry-rgw", clean=as_xml)
