"""Tags of objects: the requests, and the header that takes tags along with a write."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping
from hashlib import md5
from types import MappingProxyType
from typing import Final
from urllib.parse import quote, urlencode
from xml.sax.saxutils import escape

from bucketry.tagging import NO_TAGS

from bucketry_s3client._broken import reading
from bucketry_s3client._wire import Wire

_TAGGING: Final = {"tagging": ""}
_HEADER: Final = "x-amz-tagging"


def of_tags(tags: Mapping[str, str]) -> dict[str, str]:
    """Returns the request header that gives an object its tags as it is written (S3 API reference, PutObject)."""
    return {_HEADER: urlencode(tags, safe="", quote_via=quote)} if tags else {}


def get_tags(wire: Wire, bucket: str, key: str, *, may_be_empty: bool = False) -> Mapping[str, str]:
    """Returns an object's tags: one request.

    Args:
        wire: The way to the server.
        bucket: The bucket.
        key: The object.
        may_be_empty: Whether a response whose length is 0 says that there are no tags.

    Raises:
        Unavailable: The answer cannot be read.
    """
    headers, body = wire.send("GET", bucket, key, query=_TAGGING)
    if may_be_empty and headers.get("content-length") == "0":
        return NO_TAGS
    document = wire.parsed(body, "Tagging")
    with reading("the response about tags"):
        (tag_set,) = document.all("TagSet")
        pairs = [tag.texts() for tag in tag_set.all("Tag")]
        tags = {pair["Key"]: pair["Value"] for pair in pairs}
    return MappingProxyType(tags) if tags else NO_TAGS


def put_tags(wire: Wire, bucket: str, key: str, tags: Mapping[str, str]) -> None:
    """Replaces an object's tags: one request."""
    listed = "".join(f"<Tag><Key>{escape(name)}</Key><Value>{escape(tags[name])}</Value></Tag>" for name in tags)
    content = f"<Tagging><TagSet>{listed}</TagSet></Tagging>".encode()
    wire.send("PUT", bucket, key, query=_TAGGING, headers=with_md5(content), content=content)


def delete_tags(wire: Wire, bucket: str, key: str) -> None:
    """Takes all tags from an object: one request."""
    wire.send("DELETE", bucket, key, query=_TAGGING)


def with_md5(content: bytes) -> dict[str, str]:
    """Returns the header that S3 asks for with the bodies of some requests (S3 API reference, PutObjectTagging)."""
    return {"content-md5": b64encode(md5(content, usedforsecurity=False).digest()).decode()}
