"""Listings of versions: their order, their pages, and where they begin."""

from __future__ import annotations

import pytest
from bucketry import VersionListOptions

from bucketry_contract._capabilities import needs
from bucketry_contract._contract_tests import ContractTests, once
from bucketry_contract._pages import expected
from bucketry_contract._scratch import Bucket
from bucketry_contract._threads import for_all
from bucketry_contract._versions import LISTING, Seen, mark, put_version, versioned, versions_of

KEYS = ["B", "a", "b", "d/b", "d/c/d", "é", "\ufffd", "\U00010000"]
"""In UTF-8 byte order, which differs from the order of UTF-16."""


class VersionListingTests(ContractTests):
    """A listing of versions is complete, in S3's order, and says which version is the newest."""

    def _written(self, bucket: Bucket) -> list[Seen]:
        """Makes three versions and a delete marker of each key, and returns what a listing must have."""
        versioned(bucket)
        made: dict[str, list[Seen]] = {key: [] for key in KEYS}
        for number in range(4):
            for key in reversed(KEYS):
                marked = number == 2
                version_id = mark(bucket, key) if marked else put_version(bucket, key, f"{number}".encode())
                made[key].insert(0, Seen(key, version_id, is_marker=marked))
        for stack in made.values():
            stack[0] = stack[0]._replace(is_latest=True)
        return [seen for key in KEYS for seen in made[key]]

    @pytest.mark.short
    @needs(*LISTING)
    def test_versions_are_listed_by_key_and_the_newest_first(self, fresh_bucket: Bucket) -> None:
        wanted = self._written(fresh_bucket)
        assert versions_of(fresh_bucket) == wanted

    @pytest.mark.short
    @needs(*LISTING)
    def test_exactly_the_newest_version_of_a_key_is_the_latest(self, fresh_bucket: Bucket) -> None:
        bucket = versioned(fresh_bucket)
        first = put_version(bucket, "key")
        assert versions_of(bucket) == [Seen("key", first, is_latest=True)]
        marker = mark(bucket, "key")
        assert [seen.is_latest for seen in versions_of(bucket)] == [True, False]
        second = put_version(bucket, "key")
        assert [seen.is_latest for seen in versions_of(bucket)] == [True, False, False]
        bucket.delete("key", version_id=second)
        assert versions_of(bucket) == [Seen("key", marker, is_latest=True, is_marker=True), Seen("key", first)]

    @needs(*LISTING)
    @pytest.mark.parametrize("limit", [1, 2, 3, 5, 31, 32])
    def test_pages_of_any_size_give_every_version_once(self, fresh_bucket: Bucket, limit: int) -> None:
        wanted = self._written(fresh_bucket)
        assert versions_of(fresh_bucket, limit=limit) == wanted

    @needs(*LISTING)
    def test_a_version_is_listed_with_what_it_is(self, fresh_bucket: Bucket) -> None:
        bucket = versioned(fresh_bucket)
        old, marker, new = bucket.put("key", b"old!"), mark(bucket, "key"), bucket.put("key", b"newer")
        newest, middle, oldest = bucket.store.list_object_versions(bucket.name).versions
        for version, info in ((newest, new), (oldest, old)):
            listed = version.info  # type: ignore[union-attr]
            assert (listed.key, listed.version_id) == ("key", info.version_id)
            assert (listed.size_bytes, listed.etag) == (info.size_bytes, info.etag)
        assert (middle.key, middle.version_id) == ("key", marker)
        times = [oldest.info.last_modified, middle.last_modified, newest.info.last_modified]  # type: ignore[union-attr]
        assert times == sorted(times)

    @needs(*LISTING)
    def test_only_versions_of_keys_with_the_prefix_are_listed(self, fresh_bucket: Bucket) -> None:
        wanted = self._written(fresh_bucket)
        for prefix in ("d", "d/", "c", "é"):
            found = versions_of(fresh_bucket, prefix=prefix, limit=3)
            assert found == [seen for seen in wanted if seen.key.startswith(prefix)]

    @needs(*LISTING, "list_delimiter")
    @pytest.mark.parametrize("limit", [1, 2, 1000])
    def test_versions_are_rolled_up_at_a_delimiter(self, fresh_bucket: Bucket, limit: int) -> None:
        wanted = self._written(fresh_bucket)
        options = VersionListOptions(delimiter="/", limit=limit)
        found = versions_of(fresh_bucket, delimiter="/", limit=limit)
        prefixes: list[str] = []
        assert found == [seen for seen in wanted if "/" not in seen.key]
        while True:
            page = fresh_bucket.store.list_object_versions(fresh_bucket.name, options)
            prefixes += page.prefixes
            if page.cursor is None:
                break
            options = VersionListOptions(delimiter="/", limit=limit, cursor=page.cursor)
        assert prefixes == [entry for entry in expected(KEYS, delimiter="/") if entry.endswith("/")]

    @needs(*LISTING, "list_versions_start_after")
    def test_a_listing_begins_after_a_version(self, fresh_bucket: Bucket) -> None:
        wanted = self._written(fresh_bucket)
        for at in (0, 1, 3, 4, 30, 31):
            seen = wanted[at]
            for limit in (2, 1000):
                found = versions_of(
                    fresh_bucket, start_after=seen.key, start_after_version=seen.version_id, limit=limit
                )
                assert found == wanted[at + 1 :]

    @needs(*LISTING, "list_versions_start_after")
    def test_a_listing_that_begins_after_a_key_has_none_of_its_versions(self, fresh_bucket: Bucket) -> None:
        wanted = self._written(fresh_bucket)
        for start_after in ("b", "d/b", "d/bb"):
            found = versions_of(fresh_bucket, start_after=start_after)
            assert found == [seen for seen in wanted if seen.key.encode() > start_after.encode()]

    @needs(*LISTING)
    def test_a_listing_of_objects_has_current_objects_alone(self, fresh_bucket: Bucket) -> None:
        bucket = versioned(fresh_bucket)
        for key in ("a", "b", "c"):
            put_version(bucket, key, b"old")
            put_version(bucket, key, b"newer")
        marker = mark(bucket, "b")
        assert [(info.key, info.size_bytes) for info in bucket.store.iter_objects(bucket.name)] == [("a", 5), ("c", 5)]
        bucket.delete("b", version_id=marker)
        assert bucket.entries() == ["a", "b", "c"]

    @needs(*LISTING)
    def test_versions_that_exist_throughout_are_listed_once_while_others_come_and_go(
        self, fresh_bucket: Bucket
    ) -> None:
        bucket = versioned(fresh_bucket)
        kept = [Seen(key, put_version(bucket, key)) for key in ("a", "b", "c") for _ in range(3)]
        doomed = put_version(bucket, "b")
        found: list[Seen] = []
        options = VersionListOptions(limit=2)
        for _ in range(20):
            page = bucket.store.list_object_versions(bucket.name, options)
            found += [Seen(version.key, version.version_id) for version in page.versions]
            put_version(bucket, "a")
            put_version(bucket, "c")
            bucket.delete("b", version_id=doomed)
            if page.cursor is None:
                break
            options = VersionListOptions(limit=2, cursor=page.cursor)
        assert sorted(seen for seen in found if seen in kept) == sorted(kept)

    @needs(*LISTING)
    @once
    def test_nothing_is_cut_off_after_a_thousand_versions(self, fresh_bucket: Bucket) -> None:
        bucket = versioned(fresh_bucket)
        ids: list[str] = []
        for_all(lambda _: ids.append(put_version(bucket, "key", b"")), range(1003))
        assert sorted(seen.version_id for seen in versions_of(bucket)) == sorted(ids)
