"""What a page of a listing of versions costs, counted, among a million keys."""

from __future__ import annotations

from datetime import UTC, datetime
from threading import Lock

import pytest
from bucketry import InvalidArgument, ObjectHeaders, ObjectToDelete, VersioningSettings, VersionListOptions
from bucketry.version_facts import VersionFacts
from bucketry.version_ids import new_version_id
from bucketry_memory.bucket import Bucket
from bucketry_memory.objects import StoredObject
from bucketry_memory.quota import Quota
from bucketry_memory.versions import History, StoredMarker, VersionEntries, list_versions
from sortedcontainers import SortedList

from tests.memory.opened import BUCKET, make_store
from tests.memory.test_listing import CountingKeys

NOW = datetime(2024, 1, 15, 10, 30, tzinfo=UTC)
PLAIN = StoredObject(b"", "etag", NOW, ObjectHeaders())
DEEP = "wanted/deep"
VERSIONS = 100_000


def with_id(number: int) -> StoredObject:
    return PLAIN.with_facts(VersionFacts(version_id=new_version_id(number), number=number))


@pytest.fixture(scope="module")
def million() -> Bucket:
    """A bucket with a million keys. Every tenth has an older version, and one has 100,000."""
    bucket = Bucket("million", NOW, Quota(Lock(), 0, 1))
    bucket.history = History()
    keys = [f"{side}/{number:06}" for side in ("before", "xafter") for number in range(500_000)]
    bucket.objects = dict.fromkeys([*keys, DEEP], PLAIN)
    bucket.keys = SortedList(bucket.objects)
    for key in keys[::10]:
        bucket.history.add(key, PLAIN)
    for number in range(1, VERSIONS + 1):
        version = with_id(number)
        bucket.history.add(DEEP, version if number % 2 else StoredMarker(number, NOW, new_version_id(number)))
    bucket.objects[DEEP] = with_id(VERSIONS + 1)
    return bucket


def cost(bucket: Bucket, options: VersionListOptions) -> tuple[int, int, VersionEntries]:
    """Returns how often the two indexes are searched, how many keys are looked at, and the page."""
    assert bucket.history is not None
    current, older = CountingKeys(bucket.keys), CountingKeys(bucket.history.keys)
    keys, older_keys = bucket.keys, bucket.history.keys
    bucket.keys, bucket.history.keys = current, older  # type: ignore[assignment]
    try:
        page = list_versions(bucket, bucket.history, options)
    finally:
        bucket.keys, bucket.history.keys = keys, older_keys
    return current.searches + older.searches, current.steps + older.steps, page


def test_a_page_looks_at_its_own_keys_alone(million: Bucket) -> None:
    first = VersionListOptions(prefix="before/", limit=110)
    searches, steps, page = cost(million, first)
    assert len(page.found) == 110
    # 100 keys, ten of them in both indexes, and one key beyond in each.
    assert (searches, steps) == (2, 112)

    middle = VersionListOptions(prefix="before/", start_after="before/249999", limit=110)
    searches, steps, page = cost(million, middle)
    assert page.found[0].key == "before/250000"
    assert (searches, steps) == (2, 112)

    searches, steps, page = cost(million, VersionListOptions(prefix="before/", cursor=page.cursor, limit=110))
    assert page.found[0].key == "before/250100"
    assert searches == 2
    assert steps <= 114


def test_common_prefixes_are_jumped_over(million: Bucket) -> None:
    searches, steps, page = cost(million, VersionListOptions(delimiter="/"))
    assert page.prefixes == ["before/", "wanted/", "xafter/"]
    assert searches <= 8
    assert steps < 100


def test_a_page_within_a_hundred_thousand_versions_of_a_key_looks_at_one_key(million: Bucket) -> None:
    assert million.history is not None
    middle = million.history.of(DEEP)[VERSIONS // 2].version_id
    options = VersionListOptions(start_after=DEEP, start_after_version=middle, limit=100)
    for begin in (VERSIONS // 2, VERSIONS // 2 - 100, VERSIONS // 2 - 200):
        searches, steps, page = cost(million, options)
        assert [found.version.number for found in page.found] == list(range(begin, begin - 100, -1))
        assert not any(found.is_latest for found in page.found)
        assert searches == 2
        assert steps <= 4
        options = VersionListOptions(limit=100, cursor=page.cursor)


def test_the_id_of_a_version_tells_neither_another_id_nor_comes_twice() -> None:
    ids = {new_version_id(7) for _ in range(1000)}
    assert len(ids) == 1000
    assert {len(version_id) for version_id in ids} == {32}
    assert len({version_id[-20:] for version_id in ids}) == 1000


@pytest.mark.parametrize("malformed", ["nul", "NULL", "null ", "0" * 31, "0" * 33, "g" * 32, "A" * 32, "é" * 32])
def test_what_is_not_an_id_is_refused_everywhere(malformed: str) -> None:
    store, _ = make_store()
    for status in (None, "Enabled"):
        if status is not None:
            store.put_bucket_settings(BUCKET, VersioningSettings(status="Enabled"))
        failed = store.delete_objects(BUCKET, [ObjectToDelete("key", malformed)]).failed if malformed.isascii() else ()
        assert [one.code for one in failed] in ([], ["invalid_argument"])
        with pytest.raises(InvalidArgument) as caught:
            store.list_object_versions(
                BUCKET, VersionListOptions(start_after="key", start_after_version=malformed or "-")
            )
        assert caught.value.field == "start_after_version"
