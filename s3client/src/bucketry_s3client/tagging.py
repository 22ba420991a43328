"""Tags of objects: the requests, and the header that takes tags along with a write."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final
from urllib.parse import quote, urlencode
from xml.sax.saxutils import escape

from bucketry.tagging import NO_TAGS

from bucketry_s3client.client import S3Client
from bucketry_s3client.errors import reading
from bucketry_s3client.headers import md5_header
from bucketry_s3client.version_headers import version_query

_HEADER: Final = "x-amz-tagging"


def tag_headers(tags: Mapping[str, str]) -> dict[str, str]:
    """Returns the request header that gives an object its tags as it is written (S3 API reference, PutObject)."""
    return {_HEADER: urlencode(tags, safe="", quote_via=quote)} if tags else {}


def get_tags(
    client: S3Client, bucket: str, key: str, version_id: str | None = None, *, may_be_empty: bool = False
) -> Mapping[str, str]:
    """Returns an object's tags: one request.

    Args:
        client: The way to the server.
        bucket: The bucket.
        key: The object.
        version_id: Its version; ``None``: the latest.
        may_be_empty: Whether a response whose length is 0 says that there are no tags.

    Raises:
        Unavailable: The response cannot be read.
    """
    headers, body = client.request("GET", bucket, key, query=_query(version_id))
    if may_be_empty and headers.get("content-length") == "0":
        return NO_TAGS
    document = client.parsed(body, "Tagging")
    with reading("the response about tags"):
        (tag_set,) = document.all("TagSet")
        pairs = [tag.texts() for tag in tag_set.all("Tag")]
        tags = {pair["Key"]: pair["Value"] for pair in pairs}
    return MappingProxyType(tags) if tags else NO_TAGS


def put_tags(client: S3Client, bucket: str, key: str, tags: Mapping[str, str], version_id: str | None = None) -> None:
    """Replaces an object's tags: one request."""
    listed = "".join(f"<Tag><Key>{escape(name)}</Key><Value>{escape(tags[name])}</Value></Tag>" for name in tags)
    content = f"<Tagging><TagSet>{listed}</TagSet></Tagging>".encode()
    client.request("PUT", bucket, key, query=_query(version_id), headers=md5_header(content), content=content)


def delete_tags(client: S3Client, bucket: str, key: str, version_id: str | None = None) -> None:
    """Takes all tags from an object: one request."""
    client.request("DELETE", bucket, key, query=_query(version_id))


def _query(version_id: str | None) -> dict[str, str]:
    return {"tagging": "", **version_query(version_id)}
