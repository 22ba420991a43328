"""Listings: what they hold, in which order."""

from __future__ import annotations

import pytest
from bucketry import ListOptions, NoSuchBucket, ObjectInfo, ObjectVersion, VersionListOptions
from bucketry.paging import iter_pages
from hypothesis import given
from hypothesis import strategies as st

from bucketry_contract._capabilities import needs
from bucketry_contract._contract_tests import ContractTests
from bucketry_contract._examples import some_examples
from bucketry_contract._pages import byte_order, expected
from bucketry_contract._scratch import Bucket, Scratch

SORTED_OTHERWISE = [
    "B",
    "a",
    "Z",
    "_",
    "a-b",
    "a/b",
    "a.b",
    "a0",
    "é",
    "z",
    "\ud7ff",
    "\ue000",
    "\ufffd",
    "\U00010000",
    "😀",
]
"""Keys whose order by UTF-8 bytes differs from that by locale, by case, by UTF-16 and by path."""

TREE = [
    "a",
    "a-b",
    "a/",
    "a/b",
    "a/b/c",
    "a/b/d",
    "a/c",
    "ab",
    "b//c",
    "b/c",
    "b/c/",
    "c--d",
    "c--e--f",
    "c-d",
    "é/ä",
    "é/ö",
]
FRAGMENTS = ["", "a", "a/", "a/b", "b", "b/", "c-", "c--", "é", "é/", "a/b/c", "x", "\U0010ffff"]


class ListingTests(ContractTests):
    """A listing holds all entries of a bucket, in byte order."""

    @needs("list_objects")
    def test_keys_are_listed_in_byte_order(self, bucket: Bucket) -> None:
        held = [key for key in SORTED_OTHERWISE if bucket.put_if_held(key, b"")]
        assert bucket.entries() == byte_order(held)

    @pytest.mark.short
    @needs("list_objects")
    def test_a_listing_names_key_size_etag_time_and_content_type(self, bucket: Bucket) -> None:
        bucket.put("key", b"12345", content_type="text/plain; charset=utf-8")
        listed, head = bucket.listed_info("key"), bucket.head("key")
        assert _promised(listed) == _promised(head)
        assert (listed.size_bytes, listed.content_type) == (5, "text/plain; charset=utf-8")
        assert listed.last_modified.utcoffset() is not None

    @pytest.mark.short
    @needs("list_objects")
    def test_a_listing_may_leave_out_the_content_type_alone(self, bucket: Bucket) -> None:
        bucket.put("key", b"12345", content_type="text/plain")
        listed, head = bucket.listed_info("key", content_type=False), bucket.head("key")
        assert _promised(listed)[:-1] == _promised(head)[:-1]

    @needs("list_objects")
    def test_a_put_or_delete_shows_in_the_next_listing(self, bucket: Bucket) -> None:
        for number in range(5):
            bucket.put(f"key{number}")
            assert bucket.entries() == [f"key{number}"]
            bucket.put(f"key{number}", b"changed")
            assert bucket.listed_info(f"key{number}").size_bytes == len(b"changed")
            bucket.delete(f"key{number}")
            assert bucket.entries() == []

    @needs("list_objects")
    @pytest.mark.parametrize(
        ("prefix", "found"),
        [
            ("", ["*", "[a]", "a", "a%b", "a*", "a.b", "a/b", "a/b/c", "ab"]),
            ("a", ["a", "a%b", "a*", "a.b", "a/b", "a/b/c", "ab"]),
            ("a/", ["a/b", "a/b/c"]),
            ("a/b", ["a/b", "a/b/c"]),
            ("a*", ["a*"]),
            ("a.", ["a.b"]),
            ("a%", ["a%b"]),
            ("[a", ["[a]"]),
            ("*", ["*"]),
            ("A", []),
            ("/a", []),
            ("./a", []),
            ("a//", []),
            ("a/../a", []),
            ("^a", []),
            ("abc", []),
        ],
    )
    def test_a_prefix_is_neither_a_path_nor_a_pattern(self, bucket: Bucket, prefix: str, found: list[str]) -> None:
        held = [key for key in ["*", "[a]", "a%b", "a*", "a.b", "a/b/c", "ab"] if bucket.put_if_held(key, b"")]
        held += [key for key in ["a", "a/b"] if bucket.put_if_held(key, b"")]
        assert bucket.entries(prefix=prefix) == [key for key in found if key in held]

    @needs("list_objects", "list_delimiter")
    def test_keys_are_rolled_up_at_a_delimiter(self, bucket: Bucket) -> None:
        bucket.put_all("a", "photos/1", "photos/2/x", "photos/2/y")
        last = ("z/",) if bucket.put_if_held("z/", b"") else ()
        page = bucket.store.list_objects(bucket.name, ListOptions(delimiter="/"))
        assert [info.key for info in page.objects] == ["a"]
        assert page.prefixes == ("photos/", *last)
        page = bucket.store.list_objects(bucket.name, ListOptions(delimiter="/", prefix="photos/"))
        assert [info.key for info in page.objects] == ["photos/1"]
        assert page.prefixes == ("photos/2/",)

    @needs("list_objects", "list_delimiter")
    def test_a_delimiter_may_have_many_characters(self, bucket: Bucket) -> None:
        bucket.put_all("a--b", "a--c--d", "a-b", "é😀x", "é😀y")
        assert bucket.entries(delimiter="--") == ["a--", "a-b", "é😀x", "é😀y"]
        assert bucket.entries(delimiter="--", prefix="a--") == ["a--b", "a--c--"]
        assert bucket.entries(delimiter="é😀") == ["a--b", "a--c--d", "a-b", "é😀"]

    @needs("list_objects", "list_delimiter")
    @pytest.mark.parametrize("limit", [1, 2, 1000])
    def test_the_key_right_behind_a_prefix_of_many_keys_is_listed(self, bucket: Bucket, limit: int) -> None:
        # "." comes right after "-".
        bucket.put_all(*[f"a-{number:02}" for number in range(20)], "a", "a.", "a1", "b-1")
        assert bucket.entries(delimiter="-", limit=limit) == ["a", "a-", "a.", "a1", "b-"]

    @needs("list_objects", "list_delimiter")
    @pytest.mark.parametrize("limit", [1, 2, 1000])
    def test_a_delimiter_may_be_the_last_character_there_is(self, bucket: Bucket, limit: int) -> None:
        last = "\U0010ffff"
        bucket.put_all(*[f"a{last}{number:02}" for number in range(10)], "a", "b", f"b{last}{last}c", last)
        assert bucket.entries(delimiter=last, limit=limit) == ["a", f"a{last}", "b", f"b{last}", last]

    @needs("list_objects", "list_delimiter")
    @pytest.mark.parametrize("limit", [1, 2, 1000])
    def test_a_key_may_begin_with_the_delimiter(self, bucket: Bucket, limit: int) -> None:
        bucket.put_all("--a", "--b--c", "-a", "a", "b--c")
        assert bucket.entries(delimiter="--", limit=limit) == ["--", "-a", "a", "b--"]

    @needs("list_objects", "list_delimiter")
    @pytest.mark.parametrize("limit", [1, 2, 1000])
    def test_a_delimiter_begins_after_the_prefix(self, bucket: Bucket, limit: int) -> None:
        bucket.put_all("c-", "c--", "c---x", "c--d", "c--e--f", "c-d")
        listed = ["c-", "c--", "c---", "c--d", "c--e--", "c-d"]
        assert bucket.entries(delimiter="--", prefix="c-", limit=limit) == listed

    @needs("list_objects", "list_start_after")
    def test_a_listing_begins_after_a_key_that_need_not_exist(self, bucket: Bucket) -> None:
        bucket.put_all("a", "b", "c", "\U00010000")
        assert bucket.entries(start_after="a") == ["b", "c", "\U00010000"]
        assert bucket.entries(start_after="aa") == ["b", "c", "\U00010000"]
        assert bucket.entries(start_after="\uffff") == ["\U00010000"]
        assert bucket.entries(start_after="\U0010ffff") == []

    @needs("list_objects", "list_start_after", "list_delimiter")
    def test_every_prefix_that_is_listed_is_after_start_after(self, bucket: Bucket) -> None:
        bucket.put_all("a", "p/a", "p/c", "z")
        assert bucket.entries(start_after="p", delimiter="/") == ["p/", "z"]
        assert bucket.entries(start_after="p/", delimiter="/") == ["z"]
        assert bucket.entries(start_after="p/b", delimiter="/") == ["z"]
        assert bucket.entries(start_after="p/b", delimiter="/", prefix="p/") == ["p/c"]

    @needs("list_objects", "list_delimiter", "list_start_after")
    def test_any_listing_is_what_the_model_says(self, bucket: Bucket) -> None:
        tree = [key for key in TREE if bucket.put_if_held(key, b"")]
        fragments = st.sampled_from(FRAGMENTS)

        @some_examples(40)
        @given(
            prefix=fragments,
            delimiter=st.sampled_from(["", "/", "-", "--", "b", "//"]),
            after=fragments,
            limit=st.integers(1, 6),
        )
        def check(prefix: str, delimiter: str, after: str, limit: int) -> None:
            wanted = expected(tree, prefix=prefix, delimiter=delimiter, start_after=after)
            assert bucket.entries(prefix=prefix, delimiter=delimiter, start_after=after, limit=limit) == wanted

        check()

    @needs("list_objects")
    def test_listing_a_bucket_that_does_not_exist_fails(self, scratch: Scratch) -> None:
        with pytest.raises(NoSuchBucket):
            scratch.store.list_objects(scratch.new_name())

    @needs("list_object_versions")
    def test_an_object_without_versioning_has_one_version(self, bucket: Bucket) -> None:
        bucket.put_all("a", "b/c", "b/d")
        bucket.put("a", b"written again")
        page = bucket.store.list_object_versions(bucket.name)
        assert [(version.version_id, version.is_latest) for version in page.versions] == [("null", True)] * 3
        assert [_promised(version.info)[:-1] for version in page.versions if isinstance(version, ObjectVersion)] == [
            _promised(bucket.listed_info(key, content_type=False))[:-1] for key in ("a", "b/c", "b/d")
        ]
        assert (page.prefixes, page.cursor) == ((), None)

    @needs("list_object_versions")
    @pytest.mark.parametrize("limit", [1, 2, 1000])
    @pytest.mark.parametrize(
        ("prefix", "delimiter"),
        [
            ("", ""),
            ("a", ""),
            ("none", ""),
            pytest.param("", "/", marks=needs("list_delimiter")),
            pytest.param("a/", "/", marks=needs("list_delimiter")),
        ],
    )
    def test_versions_are_listed_as_objects_are(self, bucket: Bucket, prefix: str, delimiter: str, limit: int) -> None:
        bucket.put_all("a.txt", "a/b", "a/c/d", "a/c/e", "b", "é/ä")
        asked = VersionListOptions(prefix=prefix, delimiter=delimiter, limit=limit)
        assert _listed_versions(bucket, asked) == bucket.entries(prefix=prefix, delimiter=delimiter)

    @needs("list_object_versions", "list_versions_start_after")
    def test_versions_begin_after_a_key_that_need_not_exist(self, bucket: Bucket) -> None:
        bucket.put_all("a", "b", "c")
        for after, found in (("a", ["b", "c"]), ("aa", ["b", "c"]), ("c", [])):
            assert _listed_versions(bucket, VersionListOptions(start_after=after, limit=1)) == found

    @needs("list_object_versions")
    def test_listing_versions_of_a_bucket_that_does_not_exist_fails(self, scratch: Scratch) -> None:
        with pytest.raises(NoSuchBucket):
            scratch.store.list_object_versions(scratch.new_name())


def _listed_versions(bucket: Bucket, options: VersionListOptions) -> list[str]:
    """Returns all keys and common prefixes of a listing of versions, page by page, in byte order."""
    found: list[str] = []
    for page in iter_pages(lambda asked: bucket.store.list_object_versions(bucket.name, asked), options):
        assert len(page.versions) + len(page.prefixes) <= options.limit
        found += sorted([*(version.key for version in page.versions), *page.prefixes], key=str.encode)
    return found


def _promised(info: ObjectInfo) -> tuple[object, ...]:
    # HTTP's dates have whole seconds, a listing's may have fractions.
    return info.key, info.size_bytes, info.etag, info.last_modified.replace(microsecond=0), info.content_type
