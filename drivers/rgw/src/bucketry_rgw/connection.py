"""The connection to RGW: the client that sends signed requests, and RGW's XML, which is not always XML."""

from __future__ import annotations

import re
from typing import Final

from bucketry_s3client import S3Client

from bucketry_rgw.settings import RgwSettings

# RGW echoes prefixes and markers as they are, or as character references. It does so whatever encoding was asked for,
# and also with what XML 1.0 (2.2) cannot hold.
NOT_XML: Final = re.compile(
    rb"[\x00-\x08\x0b\x0c\x0e-\x1f]|\xef\xbf[\xbe\xbf]"
    rb"|&#(?:[xX]0*(?:[0-8bcBCefEF]|1[0-9a-fA-F]|[fF]{3}[eEfF])|0*(?:[0-8]|1[124-9]|2[0-9]|3[01]|6553[45]));"
)
"""What an XML parser refuses in RGW's responses."""


def as_xml(document: bytes) -> bytes:
    """Removes what XML does not allow. Keys that were asked for encoded hold none of it."""
    return NOT_XML.sub(b"", document)


def connect(settings: RgwSettings) -> S3Client:
    """Makes the client. It connects when it is first used.

    Raises:
        InvalidSettings: ``ca_file`` cannot be used.
        ValueError: The credentials cannot be written in a signature.
    """
    return S3Client(settings, user_agent="bucketry-rgw", clean=as_xml)
