"""Listings of versions, page by page, from a server that begins a page with the last version of the page before."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import pytest
from bucketry import VersionListOptions
from bucketry_s3client import list_versions

from tests.s3client.fake import Answer, Request, wired

STORED = [("a", "3"), ("a", "2"), ("b", "3"), ("b", "2"), ("c", "3")]
NEWEST = {("a", "3"), ("b", "3"), ("c", "3")}


def repeats_the_newest(request: Request) -> Answer:
    """As VersityGW 1.8 does: the newest version of a key is listed again after the page that it ended."""
    query = {name: values[0] for name, values in parse_qs(urlsplit(request.target).query).items()}
    begin = query.get("key-marker", ""), query.get("version-id-marker", "")
    rest = STORED[STORED.index(begin) + (begin not in NEWEST) :] if begin[0] else STORED
    page = rest[: int(query["max-keys"])]
    more = len(page) < len(rest)
    entries = "".join(
        f"<Version><Key>{key}</Key><VersionId>{version}</VersionId><LastModified>2026-11-27T14:00:51Z</LastModified>"
        f"<ETag>x</ETag><Size>3</Size><IsLatest>{'true' if (key, version) in NEWEST else 'false'}</IsLatest></Version>"
        for key, version in page
    )
    marker = f"<NextKeyMarker>{page[-1][0]}</NextKeyMarker><NextVersionIdMarker>{page[-1][1]}</NextVersionIdMarker>"
    truncated = f"<IsTruncated>true</IsTruncated>{marker}" if more else "<IsTruncated>false</IsTruncated>"
    return Answer(body=f"<ListVersionsResult>{truncated}{entries}</ListVersionsResult>".encode())


@pytest.mark.parametrize("limit", [1, 2, 3, 4, 5])
def test_a_version_that_the_server_repeats_is_listed_once(limit: int) -> None:
    found: list[tuple[str, str | None]] = []
    cursor = None
    with wired(repeats_the_newest) as (_, client):
        for _ in STORED:
            page = list_versions(client, "photos", VersionListOptions(limit=limit, cursor=cursor), "versions")
            assert len(page.versions) <= limit
            found += [(version.key, version.version_id) for version in page.versions]
            cursor = page.cursor
            if cursor is None:
                break
    assert found == STORED
