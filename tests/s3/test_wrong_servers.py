"""Servers that are wrong on purpose are found out: what they do wrong is not declared, or the store is not opened.

The servers are our own S3 port over the drivers that are wrong on purpose for the tests of the contract suite.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from bucketry import (
    BackendError,
    Body,
    BucketNotEmpty,
    CompletedPart,
    CompleteOptions,
    CopyOptions,
    DeleteMarker,
    DeleteOptions,
    Done,
    GetOptions,
    HeadOptions,
    InvalidKey,
    ListOptions,
    NoSuchBucket,
    NoSuchKey,
    NoSuchUpload,
    ObjectHeaders,
    ObjectInfo,
    ObjectPage,
    OpenedObject,
    PreconditionFailed,
    PutOptions,
    Store,
    Throttled,
    Unsupported,
    UploadOptions,
    VersioningSettings,
    VersionListOptions,
    VersionPage,
)
from bucketry.features import FEATURE_NAMES
from bucketry.hookspecs import hookimpl
from bucketry_memory import MemoryDriver, MemorySettings
from bucketry_s3 import condition_probes
from bucketry_testing import s3_endpoint
from msgspec.structs import replace

from tests.contract_self.honest import HonestDriver
from tests.contract_self.honest_memory import HonestMemory
from tests.contract_self.wrong import (
    access,
    checksums,
    completions,
    encryption,
    headers,
    keys,
    listing,
    object_lock,
    parts,
    storage_classes,
    tags,
    uploads,
    version_listings,
    versions,
    website_redirects,
    writes,
)
from tests.s3.backend import new_user, reachable, store_on


@contextmanager
def opened(kind: type[Any]) -> Iterator[Store]:
    """A store on a server of this kind, with what probes found out of it."""
    driver = kind() if issubclass(kind, HonestDriver | HonestMemory) else kind(MemorySettings())
    with Store(driver) as behind, s3_endpoint(behind, **new_user()) as served:
        with store_on(reachable(served)) as store:
            yield store
        assert [info.name for info in behind.list_buckets()] == [], "the probes left a bucket behind"


class KnowsNoAsterisk(MemoryDriver):
    """``if-match: *`` is an etag that nothing has, as for VersityGW and moto."""

    @hookimpl
    def put_object(self, bucket: str, key: str, body: Body, options: PutOptions) -> ObjectInfo:
        if options.if_match == "*":
            self.head_object(bucket, key, HeadOptions())
            raise PreconditionFailed(condition="if_match")
        return super().put_object(bucket, key, body, options)


class CompletesWhatIsGone(MemoryDriver):
    """Every upload whose key has an object was completed, as for VersityGW."""

    @hookimpl
    def complete_multipart_upload(
        self, bucket: str, key: str, upload_id: str, parts: tuple[CompletedPart, ...], options: CompleteOptions
    ) -> ObjectInfo:
        try:
            return super().complete_multipart_upload(bucket, key, upload_id, parts, options)
        except NoSuchUpload:
            return self.head_object(bucket, key, HeadOptions())


class ListsMarkersFirst(MemoryDriver):
    """Delete markers are listed before all versions, as by VersityGW."""

    @hookimpl
    def list_object_versions(self, bucket: str, options: VersionListOptions) -> VersionPage:
        page = super().list_object_versions(bucket, options)
        ordered = sorted(page.versions, key=lambda version: not isinstance(version, DeleteMarker))
        return replace(page, versions=tuple(ordered))


class IgnoresConditionsOfDeletes(MemoryDriver):
    @hookimpl
    def delete_object(self, bucket: str, key: str, options: DeleteOptions) -> Any:
        return super().delete_object(bucket, key, replace(options, if_match=None))


class IgnoresConditionsOfCopies(MemoryDriver):
    @hookimpl
    def copy_object(self, source_bucket: str, source_key: str, bucket: str, key: str, options: CopyOptions) -> Any:
        options = replace(options, if_match=None, if_none_match=None, source_if_match=None)
        return super().copy_object(source_bucket, source_key, bucket, key, options)


class IgnoresConditionsOfCompletions(MemoryDriver):
    @hookimpl
    def complete_multipart_upload(
        self, bucket: str, key: str, upload_id: str, parts: Any, options: CompleteOptions
    ) -> Any:
        options = replace(options, if_match=None, if_none_match=None)
        return super().complete_multipart_upload(bucket, key, upload_id, parts, options)


class ChecksBeforeTheBody(HonestDriver):
    """The conditions of a put are evaluated as the request begins, and not again when its body has come."""

    @hookimpl
    def put_object(self, bucket: str, key: str, body: Body, options: PutOptions) -> ObjectInfo:
        self.check_write(bucket, key, options)
        return self.replace(bucket, key, self.pull(bucket, key, body), options)


class IgnoresTheAsteriskOfPuts(MemoryDriver):
    @hookimpl
    def put_object(self, bucket: str, key: str, body: Any, options: PutOptions) -> Any:
        return super().put_object(bucket, key, body, replace(options, if_none_match=None))


class MakesWhatShouldBeThere(MemoryDriver):
    """A write under ``if_match`` makes the object if it is missing, as some servers did for years."""

    def _asked(self, bucket: str, key: str, options: Any) -> Any:
        try:
            self.head_object(bucket, key, HeadOptions())
        except NoSuchKey:
            return replace(options, if_match=None)
        return options

    @hookimpl
    def put_object(self, bucket: str, key: str, body: Any, options: PutOptions) -> Any:
        return super().put_object(bucket, key, body, self._asked(bucket, key, options))

    @hookimpl
    def copy_object(self, source_bucket: str, source_key: str, bucket: str, key: str, options: CopyOptions) -> Any:
        return super().copy_object(source_bucket, source_key, bucket, key, self._asked(bucket, key, options))

    @hookimpl
    def complete_multipart_upload(
        self, bucket: str, key: str, upload_id: str, parts: Any, options: CompleteOptions
    ) -> Any:
        return super().complete_multipart_upload(bucket, key, upload_id, parts, self._asked(bucket, key, options))


class TruncatesContent(MemoryDriver):
    """What is longer than 64 KiB is read as 64 KiB, and its length says so."""

    most = 64 * 1024

    def _short(self, info: ObjectInfo) -> ObjectInfo:
        return replace(info, size_bytes=min(info.size_bytes, self.most))

    @hookimpl
    def head_object(self, bucket: str, key: str, options: HeadOptions) -> ObjectInfo:
        return self._short(super().head_object(bucket, key, options))

    @hookimpl
    def get_object(self, bucket: str, key: str, options: Any) -> OpenedObject:
        found = super().get_object(bucket, key, options)
        content = b"".join(found)[: self.most]
        return OpenedObject(self._short(found.info), iter([content]), content_range=None)


class TruncatesListings(MemoryDriver):
    @hookimpl
    def list_objects(self, bucket: str, options: ListOptions) -> ObjectPage:
        page = super().list_objects(bucket, options)
        return ObjectPage(objects=page.objects[:5], prefixes=page.prefixes)


class ListsThePrefixOfWhatIsAfter(MemoryDriver):
    """Lists the common prefix of ``start_after``, as long as there are keys in it."""

    @hookimpl
    def list_objects(self, bucket: str, options: ListOptions) -> ObjectPage:
        page = super().list_objects(bucket, options)
        head, found, _ = options.start_after[len(options.prefix) :].partition(options.delimiter or "no delimiter")
        if found and options.cursor is None:
            return replace(page, prefixes=(f"{options.prefix}{head}{found}", *page.prefixes))
        return page


FOUND_OUT: dict[type[Any], set[str]] = {
    ListsMarkersFirst: {"bucket_versioning", "bucket_object_lock"},
    IgnoresConditionsOfCompletions: {"complete_if_match", "complete_if_none_match"},
    IgnoresConditionsOfCopies: {"copy_if_match", "copy_if_none_match"},
    IgnoresConditionsOfDeletes: {"delete_if_match"},
    MakesWhatShouldBeThere: {"put_if_match", "copy_if_match", "complete_if_match"},
    IgnoresTheAsteriskOfPuts: {"put_if_none_match"},
    access.ForgetsTheAclOfAnUpload: {"put_acl"},
    checksums.CopiesPartsWithoutChecksum: {"upload_checksums"},
    checksums.CopiesTheSourcesChecksum: {"upload_checksums"},
    checksums.IgnoresChecksumsOfListedParts: {"upload_checksums"},
    checksums.IgnoresTheChecksumOfTheWhole: {"upload_checksums"},
    checksums.ListsPartsWithoutTheirAlgorithm: {"upload_checksums"},
    checksums.MakesAllChecksumsComposite: {"upload_checksums"},
    checksums.TakesPartsOfAnyAlgorithm: {"upload_checksums"},
    checksums.TakesWhatIsSaidOfTheObject: {"upload_checksums"},
    completions.ForgetsCompletions: {"complete_again"},
    encryption.CompletesWithAnyKey: {"encrypt_sse_c"},
    encryption.CopiesPartsWithoutTheKeyOfTheSource: {"encrypt_sse_c"},
    encryption.CopiesTheEncryptionOfTheSource: {"encrypt_sse_kms"},
    encryption.DoesNotTellTheKeysDigest: {"encrypt_sse_c"},
    encryption.ForgetsTheEncryption: {"encrypt_sse_s3", "encrypt_sse_kms"},
    encryption.IgnoresAWrongKey: {"encrypt_sse_c"},
    encryption.IgnoresAWrongKeyOnHead: {"encrypt_sse_c"},
    encryption.LosesTheEncryptionOfUploads: {"encrypt_sse_s3", "encrypt_sse_kms"},
    encryption.ReadsRangesWithoutTheKey: {"encrypt_sse_c"},
    encryption.TakesKeysThatNothingNeeds: {"encrypt_sse_c"},
    encryption.TakesPartsWithAnyKey: {"encrypt_sse_c"},
    encryption.WantsTheKeyToComplete: {"encrypt_sse_c"},
    keys.ChecksAndDeletesInTwoSteps: {"delete_if_match"},
    keys.DeclaresDeleteIfMatchAndIgnoresIt: {"delete_if_match"},
    listing.BeginsAtStartAfter: {"list_start_after"},
    object_lock.AnybodyWeakensARetention: {"bucket_object_lock"},
    object_lock.BypassesALegalHold: {"bucket_object_lock"},
    object_lock.BypassesCompliance: {"bucket_object_lock"},
    object_lock.ShortensCompliance: {"bucket_object_lock"},
    object_lock.UploadsWithoutTheLock: {"upload_object_lock"},
    parts.ReadsTheWholeForAPart: {"get_part_number"},
    storage_classes.CopiesTheClassOfTheSource: {"storage_class"},
    storage_classes.ForgetsTheClassOfAnUpload: {"storage_class"},
    storage_classes.StoresNoClass: {"storage_class"},
    tags.CountsNoTags: {"put_tagging"},
    tags.ForgetsTheTagsOfAPut: {"put_tagging"},
    tags.ForgetsTheTagsOfTheUpload: {"upload_tagging"},
    uploads.ChecksAndCompletesInTwoSteps: {"complete_if_none_match"},
    uploads.ForgetsTheHeadersOfTheUpload: {"put_headers"},
    uploads.CompletesUnconditionally: {"complete_if_match", "complete_if_none_match"},
    uploads.JoinsAllParts: {"complete_subset"},
    version_listings.ListsTheOldestFirst: {"bucket_versioning"},
    website_redirects.ForgetsTheRedirectOfAnUpload: {"website_redirect"},
    website_redirects.StoresNoRedirect: {"website_redirect"},
    writes.ChecksAndCopiesInTwoSteps: {"copy_if_none_match"},
    writes.ChecksAndWritesInTwoSteps: {"put_if_match", "put_if_none_match"},
    writes.CopiesWithOldMetadata: {"put_metadata"},
    writes.ForgetsHeaders: {"put_headers"},
    headers.JoinsRunsOfBlanks: {"put_metadata"},
    writes.ForgetsMetadata: {"put_metadata"},
    writes.IgnoresIfMatch: {"put_if_match", "complete_if_match", "copy_if_match"},
    writes.IgnoresIfNoneMatch: {"put_if_none_match", "complete_if_none_match", "copy_if_none_match"},
}
"""Drivers, and the features that a store on a server of this kind must not declare."""


def named(kind: Any) -> str:
    return str(getattr(kind, "__name__", kind))


@pytest.fixture(scope="module")
def right() -> dict[bool, frozenset[str]]:
    """What is found on the same servers when they do nothing wrong: the small honest driver, and the memory driver."""
    found = {}
    for is_small, kind in ((True, HonestDriver), (False, MemoryDriver)):
        with opened(kind) as store:
            found[is_small] = features_of(store)
    return found


def features_of(store: Store) -> frozenset[str]:
    return frozenset(name for name in FEATURE_NAMES if getattr(store.capabilities.features, name))


@pytest.mark.parametrize("kind", FOUND_OUT, ids=named)
def test_what_a_server_does_wrong_is_not_declared(kind: type[Any], right: dict[bool, frozenset[str]]) -> None:
    with opened(kind) as store:
        lost = right[issubclass(kind, HonestDriver)] - features_of(store)
    assert FOUND_OUT[kind] <= lost


def test_conditions_that_hold_as_the_request_begins_and_not_later_are_found_out(
    right: dict[bool, frozenset[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(condition_probes, "AHEAD", 2)
    with opened(ChecksBeforeTheBody) as store:
        lost = right[True] - features_of(store)
    assert lost >= {"put_if_match", "put_if_none_match"}


def test_a_condition_that_the_server_ignores_is_refused() -> None:
    with opened(IgnoresTheAsteriskOfPuts) as store:
        store.create_bucket("photos")
        store.put_object("photos", "cat", b"one")
        with pytest.raises(Unsupported, match="put_if_none_match"):
            store.put_object("photos", "cat", b"two", PutOptions(if_none_match="*"))
        assert b"".join(store.get_object("photos", "cat")) == b"one"
        store.delete_object("photos", "cat")
        store.delete_bucket("photos")


def test_an_asterisk_that_the_server_does_not_know_is_the_etag_of_what_is_there() -> None:
    with opened(KnowsNoAsterisk) as store:
        assert store.capabilities.features.put_if_match
        store.create_bucket("photos")
        wanted = PutOptions(if_match="*")
        with pytest.raises(NoSuchKey):
            store.put_object("photos", "cat", b"one", wanted)
        with pytest.raises(NoSuchBucket):
            store.put_object("missing", "cat", b"one", wanted)
        store.put_object("photos", "cat", b"one")
        store.put_object("photos", "cat", b"two", wanted)
        assert b"".join(store.get_object("photos", "cat")) == b"two"
        store.delete_object("photos", "cat")
        store.delete_bucket("photos")


class WritesInBetween(KnowsNoAsterisk):
    """Somebody else writes each object between the moment at which it is looked at and the write."""

    is_busy = False

    @hookimpl
    def head_object(self, bucket: str, key: str, options: HeadOptions) -> ObjectInfo:
        info = super().head_object(bucket, key, options)
        if self.is_busy:
            super().put_object(bucket, key, Body(b"others'"), PutOptions())
        return info


def test_an_upload_that_is_gone_is_not_completed_whatever_the_server_says() -> None:
    with opened(CompletesWhatIsGone) as store:
        assert not store.capabilities.features.complete_again
        store.create_bucket("photos")
        store.put_object("photos", "cat", b"one")
        upload = store.create_multipart_upload("photos", "cat")
        part = store.upload_part("photos", "cat", upload.upload_id, 1, b"two")
        store.abort_multipart_upload("photos", "cat", upload.upload_id)
        with pytest.raises(NoSuchUpload):
            store.complete_multipart_upload("photos", "cat", upload.upload_id, [CompletedPart(1, part.etag)])
        assert b"".join(store.get_object("photos", "cat")) == b"one"
        store.delete_object("photos", "cat")
        store.delete_bucket("photos")


def test_an_object_that_is_written_meanwhile_is_not_overwritten(monkeypatch: pytest.MonkeyPatch) -> None:
    with opened(WritesInBetween) as store:
        store.create_bucket("photos")
        store.put_object("photos", "cat", b"one")
        monkeypatch.setattr(WritesInBetween, "is_busy", True)
        with pytest.raises(Throttled):
            store.put_object("photos", "cat", b"two", PutOptions(if_match="*"))
        monkeypatch.undo()
        assert b"".join(store.get_object("photos", "cat")) == b"others'"
        store.delete_object("photos", "cat")
        store.delete_bucket("photos")


class DropsEmptyMetadataOfPuts(MemoryDriver):
    """As SeaweedFS; it keeps that of copies and uploads."""

    @hookimpl
    def put_object(self, bucket: str, key: str, body: Body, options: PutOptions) -> ObjectInfo:
        kept = {name: value for name, value in options.metadata.items() if value}
        return super().put_object(bucket, key, body, replace(options, metadata=kept))


@pytest.mark.parametrize("kind", [DropsEmptyMetadataOfPuts, headers.LeavesOutEmptyMetadata], ids=named)
def test_metadata_that_the_server_drops_is_refused_before_anything_is_sent(
    kind: type[Any], requests_made: list[str]
) -> None:
    empty = {"colour": "red", "shape": ""}
    with opened(kind) as store:
        assert store.capabilities.features.put_metadata
        store.create_bucket("photos")
        store.put_object("photos", "cat", b"one", PutOptions(metadata={"colour": "red"}))
        requests_made.clear()
        for write in (
            lambda: store.put_object("photos", "new", b"two", PutOptions(metadata=empty)),
            lambda: store.copy_object(
                "photos", "cat", "photos", "new", CopyOptions(headers=ObjectHeaders(metadata=empty))
            ),
            lambda: store.create_multipart_upload("photos", "new", UploadOptions(metadata=empty)),
        ):
            with pytest.raises(Unsupported, match="'shape'") as caught:
                write()
            assert caught.value.feature == "put_metadata"
        assert requests_made == []
        assert store.copy_object("photos", "cat", "photos", "cat2").metadata == {"colour": "red"}
        store.delete_objects("photos", ["cat", "cat2"])
        store.delete_bucket("photos")


class CopiesEmptyMetadata(DropsEmptyMetadataOfPuts):
    """Objects have such metadata all the same, from elsewhere."""

    is_full = False

    @hookimpl
    def head_object(self, bucket: str, key: str, options: HeadOptions) -> ObjectInfo:
        info = super().head_object(bucket, key, options)
        return replace(info, metadata={**info.metadata, "shape": ""}) if self.is_full else info


def test_a_copy_that_would_drop_metadata_of_its_source_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    with opened(CopiesEmptyMetadata) as store:
        store.create_bucket("photos")
        store.put_object("photos", "cat", b"one", PutOptions(expires="Wed, 01 Dec 2094 16:00:00 GMT"))
        monkeypatch.setattr(CopiesEmptyMetadata, "is_full", True)
        with pytest.raises(Unsupported, match="'shape'"):
            store.copy_object("photos", "cat", "photos", "new")
        monkeypatch.undo()
        store.delete_object("photos", "cat")
        store.delete_bucket("photos")


@pytest.mark.parametrize(
    ("kind", "key"),
    [
        (keys.EatsSlashes, "a//b"),
        (keys.DropsLeadingSlash, "/a"),
        (keys.FoldsCase, "Cat"),
        (keys.ComposesUnicode, "cafe\u0301"),
    ],
    ids=named,
)
def test_keys_that_the_server_changes_are_refused(kind: type[Any], key: str) -> None:
    with opened(kind) as store:
        store.create_bucket("photos")
        with pytest.raises(InvalidKey):
            store.put_object("photos", key, b"one")
        assert store.list_objects("photos").objects == ()
        store.delete_bucket("photos")


def test_another_delimiter_than_a_slash_is_refused_where_the_server_does_not_know_it() -> None:
    with opened(listing.DelimiterIsItsFirstCharacter) as store:
        store.create_bucket("photos")
        store.put_object("photos", "a/b", b"")
        assert store.list_objects("photos", ListOptions(delimiter="/")).prefixes == ("a/",)
        with pytest.raises(Unsupported, match="delimiter '/' alone"):
            store.list_objects("photos", ListOptions(delimiter="--"))
        store.delete_object("photos", "a/b")
        store.delete_bucket("photos")


def test_a_common_prefix_of_what_was_listed_is_left_out() -> None:
    with opened(ListsThePrefixOfWhatIsAfter) as store:
        store.create_bucket("photos")
        for key in ("a/1", "a/2", "b"):
            store.put_object("photos", key, b"")
        page = store.list_objects("photos", ListOptions(delimiter="/", start_after="a/1"))
        assert ([info.key for info in page.objects], page.prefixes) == (["b"], ())
        store.delete_objects("photos", ["a/1", "a/2", "b"])
        store.delete_bucket("photos")


@pytest.mark.parametrize(
    ("kind", "reason"),
    [
        (TruncatesContent, "does not give back the content"),
        (TruncatesListings, "its listings are not complete"),
        (versions.KeepsTheNewestVersionAlone, "does not find what was written"),
    ],
    ids=named,
)
def test_a_server_that_loses_data_is_not_opened(kind: type[Any], reason: str) -> None:
    with pytest.raises(BackendError, match=reason), opened(kind):
        pass


class DeletesFullBuckets(MemoryDriver):
    """Deletes a bucket with all that is in it, as SeaweedFS does by default."""

    @hookimpl
    def delete_bucket(self, bucket: str) -> Done:
        for version in self.list_object_versions(bucket, VersionListOptions()).versions:
            self.delete_object(bucket, version.key, DeleteOptions(version_id=version.version_id))
        return super().delete_bucket(bucket)


class DeletesOldVersions(DeletesFullBuckets):
    """Deletes a bucket that holds no objects, and the versions that are in it."""

    @hookimpl
    def delete_bucket(self, bucket: str) -> Done:
        if self.list_objects(bucket, ListOptions()).objects:
            raise BucketNotEmpty
        return super().delete_bucket(bucket)


@pytest.mark.parametrize("kind", [DeletesFullBuckets, DeletesOldVersions], ids=named)
def test_a_bucket_is_not_deleted_with_what_is_in_it(kind: type[Any]) -> None:
    with opened(kind) as store:
        store.create_bucket("photos")
        store.put_bucket_settings("photos", VersioningSettings(status="Enabled"))
        version = store.put_object("photos", "cat", b"one").version_id
        with pytest.raises(BucketNotEmpty):
            store.delete_bucket("photos")
        store.delete_object("photos", "cat")
        with pytest.raises(BucketNotEmpty):
            store.delete_bucket("photos")
        with store.get_object("photos", "cat", GetOptions(version_id=version)) as found:
            assert found.read() == b"one"
        store.delete_object("photos", "cat", DeleteOptions(version_id=version))
        store.delete_bucket("photos")
