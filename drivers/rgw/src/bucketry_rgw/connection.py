"""The connection to RGW: the client that sends signed requests. RGW's XML is not always XML."""

from __future__ import annotations

from bucketry_s3client import S3Client, as_xml

from bucketry_rgw.settings import RgwSettings


def connect(settings: RgwSettings) -> S3Client:
    """Makes the client. It connects when it is first used.

    Raises:
        InvalidSettings: ``ca_file`` cannot be used.
        ValueError: The credentials cannot be written in a signature.
    """
    return S3Client(settings, user_agent="bucketry-rgw", clean=as_xml)
