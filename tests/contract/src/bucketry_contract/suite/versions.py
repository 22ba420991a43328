"""Versions of objects: what writes and deletes make of them, and what reads find."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from bucketry import (
    AttributesOptions,
    BucketNotEmpty,
    CopyOptions,
    InvalidArgument,
    IsDeleteMarker,
    NoSuchKey,
    NoSuchVersion,
    ObjectToDelete,
    PreconditionFailed,
    Store,
    VersioningSettings,
    VersionOptions,
)

from bucketry_contract._capabilities import needs
from bucketry_contract._contract_tests import ContractTests
from bucketry_contract._scratch import Bucket
from bucketry_contract._threads import race
from bucketry_contract._versions import (
    LISTING,
    NULL,
    NULL_IDS,
    VERSIONING,
    Act,
    Seen,
    copy_part,
    every_use,
    mark,
    mark_null,
    put_null,
    put_version,
    versioned,
    versions_of,
)
from bucketry_contract.backend import Backend
from bucketry_contract.suite.multipart import MULTIPART

THREADS = 6


class VersionTests(ContractTests):
    """Nothing is lost in a bucket with versions, unless its version is named.

    Versioning outlives a test, so each test has a bucket of its own.
    """

    # Writes

    @needs(*VERSIONING)
    def test_every_write_makes_a_version_and_keeps_those_before(self, fresh_bucket: Bucket) -> None:
        bucket = versioned(fresh_bucket)
        contents = [b"one", b"two", b"three"]
        infos = [bucket.put("key", content) for content in contents]
        ids = [str(info.version_id) for info in infos]
        assert len({*ids, NULL, "None"}) == 5
        assert bucket.head("key") == infos[-1]
        assert bucket.read("key") == b"three"
        for info, content in zip(infos, contents, strict=True):
            assert bucket.head("key", version_id=info.version_id) == info
            assert bucket.read("key", version_id=info.version_id) == content

    @needs(*VERSIONING)
    def test_a_bucket_without_versioning_tells_no_ids(self, fresh_bucket: Bucket) -> None:
        assert fresh_bucket.put("key").version_id is None
        assert fresh_bucket.head("key").version_id is None
        assert fresh_bucket.delete("key").version_id is None
        assert versioned(fresh_bucket).put("key").version_id

    @needs(*LISTING)
    def test_what_was_there_before_versioning_is_the_version_null(self, fresh_bucket: Bucket) -> None:
        fresh_bucket.put("key", b"before")
        bucket = versioned(fresh_bucket)
        assert bucket.head("key").version_id in NULL_IDS
        after = put_version(bucket, "key", b"after")
        assert bucket.read("key", version_id=NULL) == b"before"
        assert bucket.read("key") == b"after"
        assert versions_of(bucket) == [Seen("key", after, is_latest=True), Seen("key", NULL)]

    @needs(*LISTING)
    def test_while_versioning_is_suspended_a_write_replaces_the_version_null(self, fresh_bucket: Bucket) -> None:
        first = put_version(versioned(fresh_bucket), "key", b"first")
        bucket = versioned(fresh_bucket, "Suspended")
        for content in (b"second", b"third"):
            put_null(bucket, "key", content)
            assert versions_of(bucket) == [Seen("key", NULL, is_latest=True), Seen("key", first)]
            assert bucket.read("key") == bucket.read("key", version_id=NULL) == content
        assert bucket.read("key", version_id=first) == b"first"

    @needs(*LISTING)
    def test_a_version_null_is_replaced_wherever_it_is(self, fresh_bucket: Bucket) -> None:
        fresh_bucket.put("key", b"before")
        newer = put_version(versioned(fresh_bucket), "key", b"newer")
        bucket = versioned(fresh_bucket, "Suspended")
        put_null(bucket, "key", b"newest")
        assert versions_of(bucket) == [Seen("key", NULL, is_latest=True), Seen("key", newer)]
        assert bucket.read("key", version_id=NULL) == b"newest"

    @needs(*LISTING)
    def test_versions_stay_when_versioning_is_suspended_and_enabled_again(
        self, store: Store, fresh_bucket: Bucket
    ) -> None:
        bucket = versioned(fresh_bucket)
        first, second = put_version(bucket, "key", b"first"), put_version(bucket, "key", b"second")
        wanted = [Seen("key", second, is_latest=True), Seen("key", first)]
        for status in ("Suspended", "Enabled"):
            versioned(bucket, status)
            assert store.get_bucket_settings(bucket.name, VersioningSettings).status == status
            assert versions_of(bucket) == wanted
            assert bucket.head("key").version_id == second
        assert put_version(bucket, "key") not in {first, second, NULL}

    @needs(*LISTING, *MULTIPART)
    @pytest.mark.parametrize("status", ["Enabled", "Suspended"])
    def test_a_completed_upload_makes_a_version_as_a_put_does(self, fresh_bucket: Bucket, status: str) -> None:
        first = put_version(versioned(fresh_bucket), "key", b"first")
        bucket = versioned(fresh_bucket, status)  # type: ignore[arg-type]
        upload = bucket.upload("key")
        part = upload.send(1, b"uploaded")
        assert versions_of(bucket) == [Seen("key", first, is_latest=True)]
        info = upload.complete(part)
        assert info == bucket.head("key")
        assert (info.version_id in NULL_IDS) == (status == "Suspended")
        assert versions_of(bucket) == [Seen("key", info.version_id or NULL, is_latest=True), Seen("key", first)]

    @needs(*VERSIONING, *MULTIPART, "complete_again")
    def test_a_completion_that_is_sent_again_finds_its_version_below_a_newer_one(self, fresh_bucket: Bucket) -> None:
        bucket = versioned(fresh_bucket)
        upload = bucket.upload("key")
        part = upload.send(1, b"uploaded")
        made = upload.complete(part)
        put_version(bucket, "key", b"newer")
        assert upload.complete(part).version_id == made.version_id
        assert bucket.read("key") == b"newer"

    @needs(*LISTING, "copy_object")
    def test_a_copy_makes_a_version_as_a_put_does(self, fresh_bucket: Bucket) -> None:
        bucket = versioned(fresh_bucket)
        source, old = put_version(bucket, "source", b"source"), put_version(bucket, "key", b"old")
        info = bucket.copy("source", "key")
        assert info == bucket.head("key")
        assert info.version_id not in {source, old, NULL, None}
        assert versions_of(bucket, prefix="key") == [
            Seen("key", str(info.version_id), is_latest=True),
            Seen("key", old),
        ]

    @needs(*VERSIONING, "copy_object")
    def test_a_version_is_copied(self, fresh_bucket: Bucket) -> None:
        bucket = versioned(fresh_bucket)
        old, _ = put_version(bucket, "key", b"old"), put_version(bucket, "key", b"new")
        bucket.copy("key", "copy", source_version_id=old)
        assert bucket.read("copy") == b"old"

    @needs(*VERSIONING, "copy_object")
    def test_an_older_version_that_is_copied_onto_its_key_is_the_newest(self, fresh_bucket: Bucket) -> None:
        bucket = versioned(fresh_bucket)
        old, new = put_version(bucket, "key", b"old"), put_version(bucket, "key", b"new")
        restored = bucket.copy("key", "key", source_version_id=old).version_id
        assert restored not in {old, new}
        assert bucket.read("key") == b"old"
        assert bucket.read("key", version_id=new) == b"new"

    @needs(*VERSIONING, *MULTIPART, "upload_part_copy")
    def test_a_part_is_copied_from_a_version(self, fresh_bucket: Bucket) -> None:
        bucket = versioned(fresh_bucket)
        old, _ = put_version(bucket, "source", b"old"), put_version(bucket, "source", b"newer")
        upload = bucket.upload("key")
        part = copy_part(upload, "source", old)
        assert part.source_version_id in {old, None}
        upload.complete(part)
        assert bucket.read("key") == b"old"

    # Deletes

    @pytest.mark.short
    @needs(*LISTING)
    def test_a_delete_makes_a_marker_and_keeps_the_versions(self, fresh_bucket: Bucket) -> None:
        bucket = versioned(fresh_bucket)
        version = put_version(bucket, "key", b"content")
        marker = mark(bucket, "key")
        assert marker not in {version, NULL}
        assert versions_of(bucket) == [
            Seen("key", marker, is_latest=True, is_marker=True),
            Seen("key", version),
        ]
        assert bucket.read("key", version_id=version) == b"content"
        assert bucket.entries() == []

    @needs(*VERSIONING)
    def test_a_deleted_object_is_not_found_and_the_error_tells_the_marker(
        self, fresh_bucket: Bucket, contract_backend: Backend
    ) -> None:
        left_out = set() if contract_backend.knows_all_facts else {None}
        bucket = versioned(fresh_bucket)
        put_version(bucket, "key")
        marker = mark(bucket, "key")
        for read in (bucket.head, bucket.read):
            with pytest.raises(NoSuchKey) as caught:
                read("key")
            assert caught.value.delete_marker in {True} | left_out
            assert caught.value.version_id in {marker} | left_out

    @needs(*LISTING)
    def test_a_delete_of_nothing_says_whether_it_made_a_marker(self, fresh_bucket: Bucket) -> None:
        bucket = versioned(fresh_bucket)
        made: list[Seen] = []
        for _ in range(2):
            deleted = bucket.delete("key")
            if deleted.delete_marker:
                made.insert(0, Seen("key", str(deleted.version_id), is_marker=True))
            assert [seen._replace(is_latest=False) for seen in versions_of(bucket)] == made

    @needs(*LISTING)
    def test_deleting_the_marker_brings_the_object_back(self, fresh_bucket: Bucket) -> None:
        bucket = versioned(fresh_bucket)
        version = put_version(bucket, "key", b"content")
        marker = mark(bucket, "key")
        deleted = bucket.delete("key", version_id=marker)
        assert (deleted.version_id, deleted.delete_marker) == (marker, True)
        assert bucket.head("key").version_id == version
        assert bucket.read("key") == b"content"
        assert bucket.entries() == ["key"]
        assert versions_of(bucket) == [Seen("key", version, is_latest=True)]

    @needs(*LISTING)
    def test_a_delete_while_versioning_is_suspended_makes_a_marker_null(self, fresh_bucket: Bucket) -> None:
        version = put_version(versioned(fresh_bucket), "key", b"content")
        bucket = versioned(fresh_bucket, "Suspended")
        put_null(bucket, "key", b"null")
        mark_null(bucket, "key")
        assert versions_of(bucket) == [Seen("key", NULL, is_latest=True, is_marker=True), Seen("key", version)]
        put_null(bucket, "key", b"again")
        assert versions_of(bucket) == [Seen("key", NULL, is_latest=True), Seen("key", version)]

    @needs(*LISTING)
    @pytest.mark.parametrize("which", [0, 1, 2])
    def test_exactly_the_version_that_is_named_is_gone(self, fresh_bucket: Bucket, which: int) -> None:
        bucket = versioned(fresh_bucket)
        contents = {put_version(bucket, "key", content): content for content in (b"one", b"two", b"three")}
        gone = list(contents)[which]
        deleted = bucket.delete("key", version_id=gone)
        assert (deleted.version_id, deleted.delete_marker) == (gone, False)
        del contents[gone]
        newest = list(contents)[-1]
        assert versions_of(bucket) == [
            Seen("key", version, is_latest=version == newest) for version in reversed(contents)
        ]
        assert bucket.read("key") == contents[newest]
        with pytest.raises(NoSuchVersion):
            bucket.head("key", version_id=gone)

    @needs(*LISTING)
    def test_the_version_null_is_deleted_by_its_id(self, fresh_bucket: Bucket) -> None:
        fresh_bucket.put("key", b"before")
        bucket = versioned(fresh_bucket)
        after = put_version(bucket, "key", b"after")
        bucket.delete("key", version_id=NULL)
        assert versions_of(bucket) == [Seen("key", after, is_latest=True)]
        bucket.delete("key", version_id=after)
        assert versions_of(bucket) == []
        with pytest.raises(NoSuchKey) as caught:
            bucket.head("key")
        assert not caught.value.delete_marker

    @needs(*LISTING)
    def test_deleting_a_version_that_does_not_exist_succeeds(self, fresh_bucket: Bucket) -> None:
        bucket = versioned(fresh_bucket)
        kept, gone = put_version(bucket, "key"), put_version(bucket, "key")
        for _ in range(2):
            bucket.delete("key", version_id=gone)
            bucket.delete("other", version_id=gone)
        assert versions_of(bucket) == [Seen("key", kept, is_latest=True)]

    @needs(*LISTING, "delete_objects")
    def test_a_batch_deletes_versions_and_makes_markers(self, fresh_bucket: Bucket) -> None:
        bucket = versioned(fresh_bucket)
        kept, gone = put_version(bucket, "key"), put_version(bucket, "key")
        other, marker, third = put_version(bucket, "other"), mark(bucket, "other"), put_version(bucket, "third")
        entries = [ObjectToDelete("key", gone), ObjectToDelete("other", marker), ObjectToDelete("third")]
        result = bucket.store.delete_objects(bucket.name, entries)
        assert result.failed == ()
        done = {entry.key: entry for entry in result.deleted}
        assert (done["key"].version_id, done["key"].delete_marker) == (gone, False)
        assert done["other"].version_id == marker
        assert done["third"].delete_marker
        made = str(done["third"].delete_marker_version_id)
        assert versions_of(bucket) == [
            Seen("key", kept, is_latest=True),
            Seen("other", other, is_latest=True),
            Seen("third", made, is_latest=True, is_marker=True),
            Seen("third", third),
        ]

    @needs(*VERSIONING, "delete_bucket", "create_multipart_upload", "list_multipart_uploads")
    def test_a_bucket_that_is_not_deleted_for_its_versions_keeps_its_uploads(self, fresh_bucket: Bucket) -> None:
        bucket = versioned(fresh_bucket)
        put_version(bucket, "key", b"content")
        mark(bucket, "key")
        upload = bucket.store.create_multipart_upload(bucket.name, "uploaded")
        with pytest.raises(BucketNotEmpty):
            bucket.store.delete_bucket(bucket.name)
        listed = bucket.store.list_multipart_uploads(bucket.name).uploads
        assert [found.upload_id for found in listed] == [upload.upload_id]

    @needs(*VERSIONING, "delete_bucket")
    def test_a_bucket_that_holds_versions_alone_is_not_deleted(self, fresh_bucket: Bucket) -> None:
        bucket = versioned(fresh_bucket)
        version = put_version(bucket, "key", b"content")
        marker = mark(bucket, "key")
        for left in (version, marker):
            with pytest.raises(BucketNotEmpty):
                bucket.store.delete_bucket(bucket.name)
            bucket.delete("key", version_id=left)
        bucket.store.delete_bucket(bucket.name)

    @needs(*VERSIONING, "delete_if_match")
    def test_delete_if_match_compares_the_newest_version(self, fresh_bucket: Bucket) -> None:
        bucket = versioned(fresh_bucket)
        old, new = bucket.put("key", b"old"), bucket.put("key", b"new")
        with pytest.raises(PreconditionFailed):
            bucket.delete("key", if_match=old.etag)
        assert bucket.delete("key", if_match=new.etag).delete_marker
        with pytest.raises(NoSuchKey):
            bucket.delete("key", if_match=new.etag)

    # Reads

    @every_use
    @needs(*VERSIONING)
    def test_a_version_that_does_not_exist_is_not_found(self, fresh_bucket: Bucket, use: Act) -> None:
        bucket = versioned(fresh_bucket)
        put_version(bucket, "key")
        gone = put_version(bucket, "key")
        bucket.delete("key", version_id=gone)
        for version_id in (gone, NULL):
            with pytest.raises(NoSuchVersion) as caught:
                use(bucket, "key", version_id)
            assert caught.value.version_id in {version_id, None}

    @every_use
    @needs(*VERSIONING)
    def test_a_delete_marker_holds_nothing(self, fresh_bucket: Bucket, use: Act) -> None:
        bucket = versioned(fresh_bucket)
        put_version(bucket, "key")
        marker = mark(bucket, "key")
        put_version(bucket, "key")
        # Some backends do not tell a marker from a version that does not exist.
        with pytest.raises((IsDeleteMarker, NoSuchVersion)) as caught:
            use(bucket, "key", marker)
        assert getattr(caught.value, "version_id", None) in {marker, None}

    @every_use
    @needs(*VERSIONING)
    def test_an_id_that_is_none_is_refused(self, fresh_bucket: Bucket, use: Act) -> None:
        bucket = versioned(fresh_bucket)
        put_version(bucket, "key")
        with pytest.raises((InvalidArgument, NoSuchVersion)):
            use(bucket, "key", "this is not the id of a version")

    @pytest.mark.short
    @needs(*VERSIONING, "get_object_attributes")
    def test_a_version_tells_its_attributes(self, fresh_bucket: Bucket) -> None:
        bucket = versioned(fresh_bucket)
        old = bucket.put("key", b"old")
        bucket.put("key", b"newer")
        options = AttributesOptions(version_id=old.version_id)
        assert bucket.store.get_object_attributes(bucket.name, "key", options).info == old

    @needs(*VERSIONING, "get_object_tagging", "put_object_tagging", "delete_object_tagging")
    def test_tags_are_those_of_one_version(self, store: Store, fresh_bucket: Bucket) -> None:
        bucket = versioned(fresh_bucket)
        old, new = put_version(bucket, "key", b"old"), put_version(bucket, "key", b"new")
        of_old = VersionOptions(version_id=old)

        def tags() -> list[dict[str, str]]:
            versions = (of_old, VersionOptions(version_id=new), VersionOptions())
            return [dict(store.get_object_tagging(bucket.name, "key", version)) for version in versions]

        store.put_object_tagging(bucket.name, "key", {"of": "old"}, of_old)
        assert tags() == [{"of": "old"}, {}, {}]
        store.put_object_tagging(bucket.name, "key", {"of": "new"})
        assert tags() == [{"of": "old"}, {"of": "new"}, {"of": "new"}]
        store.delete_object_tagging(bucket.name, "key", of_old)
        assert tags() == [{}, {"of": "new"}, {"of": "new"}]
        assert bucket.head("key").version_id == new

    # Conditions, usage and threads

    @needs(*VERSIONING, "put_if_none_match")
    def test_a_deleted_object_counts_as_none_for_if_none_match(self, fresh_bucket: Bucket) -> None:
        bucket = versioned(fresh_bucket)
        put_version(bucket, "key")
        with pytest.raises(PreconditionFailed):
            bucket.put("key", b"other", if_none_match="*")
        mark(bucket, "key")
        assert put_version(bucket, "key", b"other", if_none_match="*")
        assert bucket.read("key") == b"other"

    @needs(*VERSIONING, "put_if_match")
    def test_a_deleted_object_counts_as_none_for_if_match(self, fresh_bucket: Bucket) -> None:
        bucket = versioned(fresh_bucket)
        etag = bucket.put("key").etag
        mark(bucket, "key")
        for wanted in (etag, "*"):
            with pytest.raises(NoSuchKey):
                bucket.put("key", b"other", if_match=wanted)

    @needs(*VERSIONING, "bucket_usage")
    def test_usage_counts_current_objects_and_names_the_others(self, fresh_bucket: Bucket) -> None:
        bucket = versioned(fresh_bucket)
        put_version(bucket, "key", b"x" * 100)
        put_version(bucket, "key", b"x" * 10)
        put_version(bucket, "gone", b"x" * 1000)
        mark(bucket, "gone")
        usage = bucket.store.bucket_usage(bucket.name)
        if usage.source in {"index", "listing"}:
            assert (usage.object_count, usage.size_bytes) == (1, 10)
            assert usage.noncurrent_count in {3, None}
            assert usage.noncurrent_bytes in {1100, None}

    @needs(*LISTING)
    @pytest.mark.parametrize("deletes", [False, True], ids=["writes", "writes and deletes"])
    def test_of_many_writers_each_makes_a_version(self, fresh_bucket: Bucket, deletes: bool) -> None:
        bucket = versioned(fresh_bucket)

        def delete() -> Seen | None:
            deleted = bucket.delete("key")
            return Seen("key", str(deleted.version_id), is_marker=True) if deleted.delete_marker else None

        def write(number: int) -> Callable[[], Seen | None]:
            if deletes and number % 2:
                return delete
            return lambda: Seen("key", put_version(bucket, "key", f"{number}".encode()))

        made = race([write(number) for number in range(THREADS)])
        found = versions_of(bucket)
        assert sorted(seen._replace(is_latest=False) for seen in found) == sorted(filter(None, made))
        assert [seen.is_latest for seen in found] == [True] + [False] * (len(found) - 1)
        for number, seen in enumerate(made):
            if seen is not None and not seen.is_marker:
                assert bucket.read("key", version_id=seen.version_id) == f"{number}".encode()

    @needs(*LISTING)
    def test_of_many_writers_while_versioning_is_suspended_one_version_is_left(self, fresh_bucket: Bucket) -> None:
        bucket = versioned(fresh_bucket, "Suspended")
        race([lambda number=number: bucket.put("key", f"{number}".encode()) for number in range(THREADS)])  # type: ignore[misc]
        assert versions_of(bucket) == [Seen("key", NULL, is_latest=True)]
        assert bucket.read("key") == bucket.read("key", version_id=NULL)

    @needs(*VERSIONING, "copy_object")
    def test_a_copy_of_a_deleted_object_is_not_made(self, fresh_bucket: Bucket) -> None:
        bucket = versioned(fresh_bucket)
        put_version(bucket, "key")
        mark(bucket, "key")
        with pytest.raises(NoSuchKey):
            bucket.store.copy_object(bucket.name, "key", bucket.name, "copy", CopyOptions())
        assert not bucket.holds("copy")
