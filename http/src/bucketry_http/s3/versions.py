"""ListObjectVersions.

Versioning is never on here, so each object has exactly one version, whose id is ``null`` (S3 user guide, "How S3
Versioning works"). The list of versions is the list of objects in another form, and there are no delete markers.
"""

from __future__ import annotations

from bucketry import ListOptions
from bucketry.options import MAX_PAGE

from bucketry_http.s3.answers import Answer, xml_answer
from bucketry_http.s3.endpoint import Endpoint
from bucketry_http.s3.errors import invalid_argument
from bucketry_http.s3.listing import common_prefixes, last_entry, read_page
from bucketry_http.s3.parameters import NULL_VERSION, number
from bucketry_http.s3.request import S3Request
from bucketry_http.s3.xml import Encoding, document, element, escape, optional, owner, timestamp

_OWNER = owner()


async def list_versions(endpoint: Endpoint, request: S3Request) -> Answer:
    """ListObjectVersions. After the only version of a key comes the next key, with or without its id as a marker."""
    query, encoding = request.query, Encoding(request.query)
    limit = min(number(query, "max-keys", MAX_PAGE), MAX_PAGE)
    key_marker, id_marker = _markers(query)
    options = ListOptions(
        prefix=query.get("prefix", ""),
        delimiter=query.get("delimiter", ""),
        start_after=key_marker,
        limit=max(limit, 1),
        content_type=False,
    )
    page = await read_page(endpoint, request.bucket, options, limit, "key-marker")
    last = last_entry(page) if page.cursor else ""
    # A common prefix is no object, and so has no version after which a page could begin.
    last_id = NULL_VERSION if last and last not in page.prefixes[-1:] else ""
    versions = "".join(
        f"<Version><Key>{encoding.text(info.key)}</Key><VersionId>{NULL_VERSION}</VersionId><IsLatest>true</IsLatest>"
        f"<LastModified>{timestamp(info.last_modified)}</LastModified><ETag>&quot;{escape(info.etag)}&quot;</ETag>"
        f"<Size>{info.size_bytes}</Size><StorageClass>STANDARD</StorageClass>{_OWNER}</Version>"
        for info in page.objects
    )
    content = (
        f"{element('Name', request.bucket)}{encoding.element('Prefix', options.prefix)}"
        f"{encoding.element('KeyMarker', key_marker)}{element('VersionIdMarker', id_marker)}"
        f"{encoding.optional('NextKeyMarker', last)}{optional('NextVersionIdMarker', last_id)}"
        f"{element('MaxKeys', limit)}{encoding.optional('Delimiter', options.delimiter)}"
        f"<IsTruncated>{'true' if page.cursor else 'false'}</IsTruncated>{encoding.declaration()}"
        f"{versions}{common_prefixes(page, encoding)}"
    )
    return xml_answer(document("ListVersionsResult", content))


def _markers(query: dict[str, str]) -> tuple[str, str]:
    key, version_id = query.get("key-marker", ""), query.get("version-id-marker")
    if version_id is None:
        return key, ""
    if not key:
        raise invalid_argument(
            "version-id-marker", version_id, "A version-id marker cannot be specified without a key marker."
        )
    if not version_id:
        raise invalid_argument("version-id-marker", "", "A version-id marker cannot be empty.")
    if version_id != NULL_VERSION:
        # S3 says so of every id that the key does not have, whatever it looks like.
        raise invalid_argument("version-id-marker", version_id, "Invalid version id specified")
    return key, version_id
