"""Drivers with mistakes in listings."""

from __future__ import annotations

import fnmatch

import msgspec
from bucketry import (
    ListOptions,
    ObjectInfo,
    ObjectPage,
    ObjectVersion,
    Upload,
    UploadListOptions,
    VersionListOptions,
    VersionPage,
)
from bucketry.hookspecs import hookimpl
from bucketry_contract.suite.listing import ListingTests
from bucketry_contract.suite.multipart_errors import MultipartErrorTests
from bucketry_contract.suite.paging import PagingTests

from tests.contract_self.cases import fails
from tests.contract_self.honest import HonestDriver


@fails(ListingTests, ListingTests.test_keys_are_listed_in_byte_order)
class ListsInOrderOfWriting(HonestDriver):
    def entries(self, bucket: str, options: ListOptions) -> list[str]:
        found = super().entries(bucket, options)
        return sorted(found, key=list(self.bucket(bucket).objects).index) if not options.delimiter else found


@fails(ListingTests, ListingTests.test_keys_are_listed_in_byte_order)
class ListsInOrderOfUtf16(HonestDriver):
    def entries(self, bucket: str, options: ListOptions) -> list[str]:
        return sorted(super().entries(bucket, options), key=lambda entry: entry.encode("utf-16-be"))


@fails(ListingTests, ListingTests.test_a_prefix_is_neither_a_path_nor_a_pattern)
class PrefixIsAPattern(HonestDriver):
    def has_prefix(self, key: str, prefix: str) -> bool:
        return fnmatch.fnmatchcase(key, f"{prefix}*")


@fails(ListingTests, ListingTests.test_any_listing_is_what_the_model_says)
@fails(ListingTests, ListingTests.test_a_prefix_is_neither_a_path_nor_a_pattern)
class PrefixIsAFolder(HonestDriver):
    def has_prefix(self, key: str, prefix: str) -> bool:
        return not prefix or key.startswith(prefix.rstrip("/") + "/") or key == prefix


@fails(ListingTests, ListingTests.test_a_delimiter_may_have_many_characters)
class DelimiterIsItsFirstCharacter(HonestDriver):
    def entry(self, key: str, options: ListOptions) -> str:
        return super().entry(key, msgspec.structs.replace(options, delimiter=options.delimiter[:1]))


@fails(ListingTests, ListingTests.test_a_key_may_begin_with_the_delimiter)
class HidesWhatBeginsWithTheDelimiter(HonestDriver):
    def entries(self, bucket: str, options: ListOptions) -> list[str]:
        return [entry for entry in super().entries(bucket, options) if entry != options.delimiter]


@fails(ListingTests, ListingTests.test_a_delimiter_begins_after_the_prefix)
class TakesEveryEndForAPrefix(HonestDriver):
    @hookimpl
    def list_objects(self, bucket: str, options: ListOptions) -> ObjectPage:
        after = max(self.decode(options.cursor), options.start_after.encode())
        is_prefix = bool(options.delimiter) and after.endswith(options.delimiter.encode())
        entries = [entry.encode() for entry in self.entries(bucket, options)]
        left = [e.decode() for e in entries if e > after and not (is_prefix and e.startswith(after))]
        return self.page(bucket, left, options)


@fails(ListingTests, ListingTests.test_a_listing_begins_after_a_key_that_need_not_exist)
class BeginsAtStartAfter(HonestDriver):
    @hookimpl
    def list_objects(self, bucket: str, options: ListOptions) -> ObjectPage:
        if options.start_after in self.bucket(bucket).objects:
            options = msgspec.structs.replace(options, start_after=options.start_after[:-1])
        return super().list_objects(bucket, options)


@fails(ListingTests, ListingTests.test_every_prefix_that_is_listed_is_after_start_after)
class ListsThePrefixOfWhatIsAfter(HonestDriver):
    @hookimpl
    def list_objects(self, bucket: str, options: ListOptions) -> ObjectPage:
        after = max(self.decode(options.cursor), self.entry(options.start_after, options).encode()[:-1])
        entries = [entry for entry in self.entries(bucket, options) if entry.encode() > after]
        return self.page(bucket, entries, options)


@fails(ListingTests, ListingTests.test_a_listing_names_key_size_etag_time_and_content_type)
class ListsNoContentType(HonestDriver):
    def listed(self, info: ObjectInfo) -> ObjectInfo:
        return msgspec.structs.replace(info, content_type="application/octet-stream")


@fails(ListingTests, ListingTests.test_a_put_or_delete_shows_in_the_next_listing)
class ListsLate(HonestDriver):
    before: tuple[str, ...] = ()

    def entries(self, bucket: str, options: ListOptions) -> list[str]:
        found = super().entries(bucket, options)
        shown, self.before = [key for key in found if key in self.before], tuple(found)
        return shown


@fails(PagingTests, PagingTests.test_pages_of_any_size_give_every_key_once)
class DropsTheLastPage(HonestDriver):
    def page(self, bucket: str, entries: list[str], options: ListOptions) -> ObjectPage:
        page = super().page(bucket, entries, options)
        return page if len(entries) > 2 * options.limit else msgspec.structs.replace(page, cursor=None)


@fails(PagingTests, PagingTests.test_nothing_is_cut_off_after_a_thousand_keys)
class CutsOffAfterAThousand(HonestDriver):
    def entries(self, bucket: str, options: ListOptions) -> list[str]:
        return super().entries(bucket, options)[:1000]


class PagesByOffset(HonestDriver):
    @hookimpl
    def list_objects(self, bucket: str, options: ListOptions) -> ObjectPage:
        offset = int(self.decode(options.cursor) or 0)
        entries = [e for e in self.entries(bucket, options) if e.encode() > options.start_after.encode()][offset:]
        page = self.page(bucket, entries, options)
        return (
            page
            if page.cursor is None
            else msgspec.structs.replace(page, cursor=self.encode(str(offset + options.limit)))
        )


fails(PagingTests, PagingTests.test_keys_that_exist_throughout_are_listed_once_while_others_come_and_go)(PagesByOffset)
fails(PagingTests, PagingTests.test_a_page_goes_on_after_its_last_key_was_deleted)(PagesByOffset)


@fails(PagingTests, PagingTests.test_a_page_goes_on_after_its_last_key_was_deleted)
class GoesOnAtAKeyThatMustExist(HonestDriver):
    def decode(self, cursor: str | None) -> bytes:
        after = super().decode(cursor)
        held = {key.encode() for bucket in self.buckets.values() for key in bucket.objects}
        return after if not after or after in held else b"\xff"


@fails(PagingTests, PagingTests.test_a_page_goes_on_after_its_last_prefix_was_emptied)
class GoesOnWithinAPrefix(HonestDriver):
    def decode(self, cursor: str | None) -> bytes:
        after = super().decode(cursor)
        keys = [key.encode() for bucket in self.buckets.values() for key in bucket.objects]
        return after if not after.endswith(b"/") or any(key.startswith(after) for key in keys) else b"\xff"


@fails(PagingTests, PagingTests.test_a_common_prefix_counts_as_one_entry_of_a_page)
class PrefixesAreNotCounted(HonestDriver):
    def page(self, bucket: str, entries: list[str], options: ListOptions) -> ObjectPage:
        rolled_up = sum(self.is_rolled_up(entry, options) for entry in entries[: options.limit])
        return super().page(bucket, entries, msgspec.structs.replace(options, limit=options.limit + rolled_up))


@fails(PagingTests, PagingTests.test_a_cursor_of_somebody_elses_is_refused)
class TakesAnyCursor(HonestDriver):
    def decode(self, cursor: str | None) -> bytes:
        return (cursor or "").encode()

    def encode(self, entry: str) -> str:
        return entry


@fails(PagingTests, PagingTests.test_of_cursor_and_start_after_the_later_counts)
class CursorWins(HonestDriver):
    @hookimpl
    def list_objects(self, bucket: str, options: ListOptions) -> ObjectPage:
        after = self.decode(options.cursor) if options.cursor else options.start_after.encode()
        return self.page(bucket, [e for e in self.entries(bucket, options) if e.encode() > after], options)


@fails(MultipartErrorTests, MultipartErrorTests.test_uploads_are_listed_by_a_prefix_that_is_no_path)
class ListsAllUploads(HonestDriver):
    def is_listed(self, upload: Upload, options: UploadListOptions) -> bool:
        return True


class ListsOtherVersions(HonestDriver):
    """Lists the versions of objects wrongly."""

    def other(self, version: ObjectVersion) -> ObjectVersion:
        return version

    @hookimpl
    def list_object_versions(self, bucket: str, options: VersionListOptions) -> VersionPage:
        page = super().list_object_versions(bucket, options)
        return msgspec.structs.replace(
            page, versions=tuple(self.other(version) for version in page.versions if isinstance(version, ObjectVersion))
        )


@fails(ListingTests, ListingTests.test_an_object_without_versioning_has_one_version)
class MakesUpIdsOfVersions(ListsOtherVersions):
    def other(self, version: ObjectVersion) -> ObjectVersion:
        return msgspec.structs.replace(version, info=msgspec.structs.replace(version.info, version_id="1"))


@fails(ListingTests, ListingTests.test_an_object_without_versioning_has_one_version)
class HasNoLatestVersion(ListsOtherVersions):
    def other(self, version: ObjectVersion) -> ObjectVersion:
        return msgspec.structs.replace(version, is_latest=False)


class ListsVersionsOfOtherKeys(HonestDriver):
    """Ignores an option of a listing of versions."""

    ignored: dict[str, str]

    @hookimpl
    def list_object_versions(self, bucket: str, options: VersionListOptions) -> VersionPage:
        return super().list_object_versions(bucket, msgspec.structs.replace(options, **self.ignored))


@fails(ListingTests, ListingTests.test_versions_are_listed_as_objects_are)
class IgnoresThePrefixOfVersions(ListsVersionsOfOtherKeys):
    ignored = {"prefix": ""}  # noqa: RUF012


@fails(ListingTests, ListingTests.test_versions_are_listed_as_objects_are)
class IgnoresTheDelimiterOfVersions(ListsVersionsOfOtherKeys):
    ignored = {"delimiter": ""}  # noqa: RUF012


@fails(ListingTests, ListingTests.test_versions_begin_after_a_key_that_need_not_exist)
class ListsVersionsFromTheFirst(ListsVersionsOfOtherKeys):
    ignored = {"start_after": ""}  # noqa: RUF012
