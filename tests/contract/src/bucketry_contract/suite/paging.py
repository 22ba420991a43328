"""Listings page by page, also while the bucket changes."""

from __future__ import annotations

import pytest
from bucketry import InvalidArgument, ListOptions

from bucketry_contract._capabilities import needs
from bucketry_contract._contract_tests import ContractTests, once
from bucketry_contract._pages import byte_order, entries_of, pages_of
from bucketry_contract._scratch import Bucket
from bucketry_contract._threads import for_all

STABLE = [f"stable/{number:02}" for number in range(20)]


class PagingTests(ContractTests):
    """Page after page, a listing is complete."""

    @needs("list_objects")
    @pytest.mark.parametrize("limit", [1, 2, 3, 6, 7, 1000])
    def test_pages_of_any_size_give_every_key_once(self, bucket: Bucket, limit: int) -> None:
        keys = ["a", "a/b", "a//", "é", "z%2F", "\ufffd", "\U00010000"]
        held = [key for key in keys if bucket.put_if_held(key, b"")]
        pages = list(pages_of(bucket.store, bucket.name, limit=limit))
        assert [key for page in pages for key in entries_of(page)] == byte_order(held)
        assert pages[-1].cursor is None

    @needs("list_objects")
    def test_a_cursor_is_given_only_where_more_comes(self, bucket: Bucket) -> None:
        bucket.put_all("a", "b")
        assert bucket.store.list_objects(bucket.name, ListOptions(limit=1)).cursor is not None
        for limit in (2, 3):
            assert bucket.store.list_objects(bucket.name, ListOptions(limit=limit)).cursor is None

    @needs("list_objects", "list_delimiter")
    def test_no_cursor_is_given_where_only_keys_of_the_last_prefix_come(self, bucket: Bucket) -> None:
        bucket.put_all("a", *[f"b/{number:02}" for number in range(12)])
        for limit in (2, 3):
            page = bucket.store.list_objects(bucket.name, ListOptions(delimiter="/", limit=limit))
            assert (entries_of(page), page.cursor) == (["a", "b/"], None)

    @needs("list_objects")
    def test_no_cursor_is_given_where_only_keys_without_the_prefix_come(self, bucket: Bucket) -> None:
        bucket.put_all("a/1", "a/2", "b")
        page = bucket.store.list_objects(bucket.name, ListOptions(prefix="a/", limit=2))
        assert (entries_of(page), page.cursor) == (["a/1", "a/2"], None)

    @needs("list_objects")
    @once
    def test_nothing_is_cut_off_after_a_thousand_keys(self, bucket: Bucket) -> None:
        keys = [f"{number:04}" for number in range(1005)]
        for_all(lambda key: bucket.put(key, b""), keys)
        assert bucket.first_entries() == keys[:1000]
        assert bucket.entries() == keys
        assert [info.key for info in bucket.store.iter_objects(bucket.name)] == keys

    @needs("list_objects", "list_delimiter")
    def test_a_common_prefix_counts_as_one_entry_of_a_page(self, bucket: Bucket) -> None:
        bucket.put_all("a", "p/1", "p/2", "p/3", "q/1", "z")
        pages = [entries_of(page) for page in pages_of(bucket.store, bucket.name, limit=1, delimiter="/")]
        assert [page for page in pages if page] == [["a"], ["p/"], ["q/"], ["z"]]
        pages = [entries_of(page) for page in pages_of(bucket.store, bucket.name, limit=2, delimiter="/")]
        assert [page for page in pages if page] == [["a", "p/"], ["q/", "z"]]

    @needs("list_objects")
    def test_the_prefix_holds_on_every_page(self, bucket: Bucket) -> None:
        bucket.put_all("a", "b/1", "b/2", "b/3", "c")
        assert bucket.entries(prefix="b/", limit=1) == ["b/1", "b/2", "b/3"]

    @needs("list_objects", "list_start_after")
    def test_of_cursor_and_start_after_the_later_counts(self, bucket: Bucket) -> None:
        bucket.put_all("a", "b", "c", "d", "e")
        cursor = bucket.store.list_objects(bucket.name, ListOptions(limit=2)).cursor
        for start_after, found in (("a", ["c", "d", "e"]), ("c", ["d", "e"])):
            page = bucket.store.list_objects(bucket.name, ListOptions(cursor=cursor, start_after=start_after))
            assert entries_of(page) == found

    @pytest.mark.short
    @needs("list_objects")
    def test_keys_that_exist_throughout_are_listed_once_while_others_come_and_go(self, bucket: Bucket) -> None:
        passing = [f"stable/{number:02}-" for number in range(0, 20, 2)]
        bucket.put_all(*STABLE, *passing)
        seen = []
        for number, page in enumerate(pages_of(bucket.store, bucket.name, limit=4)):
            seen += entries_of(page)
            for key in passing[number : number + 2]:
                bucket.delete(key)
            bucket.put_all(f"stable/{number:02}+", f"before-{number}", f"stable/zz-{number}") if number < 5 else None
        assert [key for key in seen if key in STABLE] == STABLE

    @pytest.mark.short
    @needs("list_objects")
    def test_a_page_goes_on_after_its_last_key_was_deleted(self, bucket: Bucket) -> None:
        bucket.put_all(*STABLE)
        seen = []
        for page in pages_of(bucket.store, bucket.name, limit=3):
            seen += entries_of(page)
            for key in entries_of(page):
                bucket.delete(key)
        assert seen == STABLE
        assert bucket.entries() == []

    @needs("list_objects", "list_delimiter")
    def test_a_page_goes_on_after_its_last_prefix_was_emptied(self, bucket: Bucket) -> None:
        bucket.put_all("a/1", "a/2", "b/1", "c/1", "d")
        seen = []
        for page in pages_of(bucket.store, bucket.name, limit=1, delimiter="/"):
            seen += entries_of(page)
            for prefix in page.prefixes:
                for key in bucket.entries(prefix=prefix):
                    bucket.delete(key)
        assert seen == ["a/", "b/", "c/", "d"]

    @needs("list_objects")
    @pytest.mark.parametrize("cursor", ["no cursor of this store", "ÿ", "%00", "e30=", "a" * 4096], ids=ascii)
    def test_a_cursor_of_somebody_elses_is_refused(self, bucket: Bucket, cursor: str) -> None:
        bucket.put("a")
        with pytest.raises(InvalidArgument) as caught:
            bucket.store.list_objects(bucket.name, ListOptions(cursor=cursor))
        assert caught.value.code == "invalid_argument"

    @needs("list_objects")
    @pytest.mark.parametrize("limit", [0, -1, 1001])
    def test_a_page_has_1_to_1000_entries(self, bucket: Bucket, limit: int) -> None:
        with pytest.raises(InvalidArgument):
            bucket.store.list_objects(bucket.name, ListOptions(limit=limit))
