"""The sorted index: what a page costs, counted, and what is on it, against a plain model."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from bucketry import InvalidArgument, ListOptions, PageOptions, Store, UploadListOptions
from bucketry_memory.listing import after_prefix, list_entries
from hypothesis import given, settings
from hypothesis import strategies as st
from sortedcontainers import SortedList

from tests.memory.opened import BUCKET, make_store


class CountingKeys:
    """Counts how often the index is searched, and how many keys are looked at."""

    def __init__(self, keys: SortedList[str]) -> None:
        self._keys = keys
        self.searches = self.steps = 0

    def irange(self, minimum: str) -> Iterator[str]:
        self.searches += 1
        for key in self._keys.irange(minimum):
            self.steps += 1
            yield key


def cost(keys: SortedList[str], options: ListOptions) -> tuple[int, int]:
    counting = CountingKeys(keys)
    list_entries(counting, options)  # type: ignore[arg-type]
    return counting.searches, counting.steps


def fill(count: int) -> SortedList[str]:
    """Makes an index of that many keys, and among them 1,000 with a prefix of their own."""
    keys = [f"wanted/{number:04}" for number in range(1000)]
    keys += [f"{side}/{number:07}" for side in ("before", "xafter") for number in range(count // 2)]
    return SortedList(keys)


@pytest.fixture(scope="module")
def million() -> SortedList[str]:
    return fill(1_000_000)


def test_a_page_of_a_prefix_costs_the_same_among_a_million_keys(million: SortedList[str]) -> None:
    options = ListOptions(prefix="wanted/")

    among_million, among_thousand = cost(million, options), cost(fill(0), options)

    # One more step finds that the prefix has ended.
    assert among_thousand == (1, 1000)
    assert among_million == (1, 1001)


def test_a_page_in_the_middle_costs_what_is_on_it(million: SortedList[str]) -> None:
    page = list_entries(million, ListOptions(prefix="before/", start_after="before/0250000", limit=100))

    assert page.keys[0] == "before/0250001"
    assert cost(million, ListOptions(prefix="before/", cursor=page.cursor, limit=100)) == (1, 101)


def test_common_prefixes_are_jumped_over(million: SortedList[str]) -> None:
    page = list_entries(million, ListOptions(delimiter="/"))
    searches, steps = cost(million, ListOptions(delimiter="/"))

    assert page.prefixes == ["before/", "wanted/", "xafter/"]
    assert searches == 4
    assert steps < 50


@settings(deadline=None)
@given(st.text(max_size=5), st.text(max_size=5))
def test_the_end_of_a_prefix_is_after_its_keys_and_before_all_others(prefix: str, key: str) -> None:
    end = after_prefix(prefix)

    assert end is None or prefix + key < end
    if end is not None and key > prefix and not key.startswith(prefix):
        assert key >= end


KEYS = st.sets(st.text("ab/\ud7ff\ue000\uffff\U00010000\U0010ffff", min_size=1, max_size=5), max_size=30)
PART = st.text("ab/\ud7ff\U0010ffff", max_size=3)


def model(keys: set[str], options: ListOptions) -> list[str]:
    """What a complete listing is, in UTF-8 byte order, without any index."""
    entries = set()
    for key in keys:
        if key.startswith(options.prefix):
            at = key.find(options.delimiter, len(options.prefix)) if options.delimiter else -1
            entries.add(key if at < 0 else key[: at + len(options.delimiter)])
    return sorted((entry for entry in entries if entry > options.start_after), key=str.encode)


def pages(store: Store, options: ListOptions) -> list[str]:
    found: list[str] = []
    cursor: str | None = None
    while True:
        page = store.list_objects(
            BUCKET,
            ListOptions(
                prefix=options.prefix,
                delimiter=options.delimiter,
                start_after=options.start_after,
                limit=options.limit,
                cursor=cursor,
            ),
        )
        entries = sorted([*(info.key for info in page.objects), *page.prefixes])
        assert 0 < len(entries) <= options.limit or (not entries and page.cursor is None)
        found += entries
        cursor = page.cursor
        if cursor is None:
            return found


@settings(deadline=None)
@given(KEYS, PART, PART, PART, st.integers(1, 5))
def test_pages_together_are_the_whole_listing(
    keys: set[str], prefix: str, delimiter: str, start_after: str, limit: int
) -> None:
    store, _ = make_store()
    for key in keys:
        store.put_object(BUCKET, key, b"")
    options = ListOptions(prefix=prefix, delimiter=delimiter, start_after=start_after, limit=limit)

    assert pages(store, options) == model(keys, options)


@settings(deadline=None)
@given(KEYS, KEYS, KEYS, st.sampled_from(["", "/", "a"]), st.integers(1, 4))
def test_what_exists_throughout_is_listed_once_whatever_comes_and_goes(
    staying: set[str], going: set[str], coming: set[str], delimiter: str, limit: int
) -> None:
    store, _ = make_store()
    going, coming = going - staying, coming - staying
    for key in staying | going:
        store.put_object(BUCKET, key, b"")
    found: list[str] = []
    cursor: str | None = None
    changes = [(key, True) for key in going] + [(key, False) for key in coming]
    while True:
        page = store.list_objects(BUCKET, ListOptions(delimiter=delimiter, limit=limit, cursor=cursor))
        found += [*(info.key for info in page.objects), *page.prefixes]
        cursor = page.cursor
        if cursor is None:
            break
        for key, goes in changes[-3:]:
            store.delete_object(BUCKET, key) if goes else store.put_object(BUCKET, key, b"")
        del changes[-3:]

    assert len(found) == len(set(found))
    assert set(model(staying, ListOptions(delimiter=delimiter))) <= set(found)


def test_a_common_prefix_within_which_a_listing_begins_is_not_after_its_beginning() -> None:
    store, _ = make_store()
    for key in ("a/1", "a/2", "a/3", "b/1", "c"):
        store.put_object(BUCKET, key, b"")

    page = store.list_objects(BUCKET, ListOptions(delimiter="/", start_after="a/1"))

    assert page.prefixes == ("b/",)
    assert [info.key for info in page.objects] == ["c"]


def test_a_cursor_outlives_the_key_that_it_stands_for() -> None:
    store, _ = make_store()
    for key in ("a", "b", "c"):
        store.put_object(BUCKET, key, b"")
    page = store.list_objects(BUCKET, ListOptions(limit=2))

    store.delete_object(BUCKET, "b")

    after = store.list_objects(BUCKET, ListOptions(cursor=page.cursor))
    assert [info.key for info in after.objects] == ["c"]
    assert after.cursor is None


@pytest.mark.parametrize("cursor", ["x", "not a cursor", "AAAA", "é", "=", "cdZjbJvKk6ZwcmVmaXiiYS8B"])
def test_text_that_is_no_cursor_is_refused(cursor: str) -> None:
    store, _ = make_store()
    upload = store.create_multipart_upload(BUCKET, "key")

    with pytest.raises(InvalidArgument, match="cursor"):
        store.list_objects(BUCKET, ListOptions(cursor=cursor))
    with pytest.raises(InvalidArgument, match="cursor"):
        store.list_multipart_uploads(BUCKET, UploadListOptions(cursor=cursor))
    with pytest.raises(InvalidArgument, match="cursor"):
        store.list_parts(BUCKET, "key", upload.upload_id, PageOptions(cursor=cursor))


def test_a_cursor_that_was_changed_is_refused() -> None:
    store, _ = make_store()
    for number in range(2):
        store.put_object(BUCKET, f"key-{number}", b"")
    cursor = store.list_objects(BUCKET, ListOptions(limit=1)).cursor
    assert cursor is not None

    for at in range(len(cursor)):
        other = "A" if cursor[at] != "A" else "B"
        with pytest.raises(InvalidArgument, match="cursor"):
            store.list_objects(BUCKET, ListOptions(cursor=cursor[:at] + other + cursor[at + 1 :]))


def test_a_cursor_of_another_kind_of_listing_is_refused() -> None:
    store, _ = make_store()
    for number in range(2):
        store.put_object(BUCKET, f"key-{number}", b"")
        store.create_multipart_upload(BUCKET, f"key-{number}")
    of_objects = store.list_objects(BUCKET, ListOptions(limit=1)).cursor
    of_uploads = store.list_multipart_uploads(BUCKET, UploadListOptions(limit=1)).cursor

    assert of_objects is not None
    assert of_uploads is not None
    with pytest.raises(InvalidArgument):
        store.list_objects(BUCKET, ListOptions(cursor=of_uploads))
    with pytest.raises(InvalidArgument):
        store.list_multipart_uploads(BUCKET, UploadListOptions(cursor=of_objects))


def test_usage_needs_no_listing() -> None:
    store, driver = make_store()
    for number in range(10):
        store.put_object(BUCKET, f"key-{number}", bytes(number))

    def refuse(minimum: str) -> Iterator[str]:
        raise AssertionError(f"the keys were listed from {minimum!r}")

    driver._buckets[BUCKET].keys.irange = refuse  # type: ignore[method-assign,assignment]
    usage = store.bucket_usage(BUCKET)

    assert (usage.object_count, usage.size_bytes, usage.source) == (10, 45, "index")
