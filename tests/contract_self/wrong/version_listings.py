"""Drivers with mistakes in listings of versions."""

from __future__ import annotations

from typing import Any

from bucketry import (
    DeleteMarker,
    ListOptions,
    ObjectPage,
    ObjectVersion,
    VersionListOptions,
    VersionPage,
)
from bucketry.hookspecs import hookimpl
from bucketry_contract.suite.version_listing import VersionListingTests
from msgspec.structs import replace

from tests.contract_self.cases import fails
from tests.contract_self.honest_memory import HonestMemory

Listed = ObjectVersion | DeleteMarker


class ListsOtherwise(HonestMemory):
    """Lists versions with a mistake."""

    def other(self, options: VersionListOptions) -> VersionListOptions:
        """Returns other options."""
        return options

    def listed(self, versions: tuple[Listed, ...]) -> tuple[Listed, ...]:
        """Returns other versions."""
        return versions

    @hookimpl
    def list_object_versions(self, bucket: str, options: VersionListOptions) -> VersionPage:
        page = super().list_object_versions(bucket, self.other(options))
        return replace(page, versions=self.listed(page.versions))


@fails(VersionListingTests, VersionListingTests.test_versions_are_listed_by_key_and_the_newest_first)
class ListsTheOldestFirst(ListsOtherwise):
    def listed(self, versions: tuple[Listed, ...]) -> tuple[Listed, ...]:
        backwards = versions[::-1]
        return tuple(sorted(backwards, key=lambda version: version.key))


@fails(VersionListingTests, VersionListingTests.test_versions_are_listed_by_key_and_the_newest_first)
class ListsMarkersAfterAllVersions(ListsOtherwise):
    def listed(self, versions: tuple[Listed, ...]) -> tuple[Listed, ...]:
        return tuple(sorted(versions, key=lambda version: (version.key, isinstance(version, DeleteMarker))))


@fails(VersionListingTests, VersionListingTests.test_exactly_the_newest_version_of_a_key_is_the_latest)
class EveryObjectIsTheLatest(ListsOtherwise):
    def listed(self, versions: tuple[Listed, ...]) -> tuple[Listed, ...]:
        return tuple(replace(version, is_latest=isinstance(version, ObjectVersion)) for version in versions)


@fails(VersionListingTests, VersionListingTests.test_exactly_the_newest_version_of_a_key_is_the_latest)
class TheLatestIsTheNewestObject(ListsOtherwise):
    def listed(self, versions: tuple[Listed, ...]) -> tuple[Listed, ...]:
        seen: set[str] = set()
        marked: list[Listed] = []
        for version in versions:
            latest = isinstance(version, ObjectVersion) and version.key not in seen
            seen |= {version.key} if latest else set()
            marked.append(replace(version, is_latest=latest))
        return tuple(marked)


@fails(VersionListingTests, VersionListingTests.test_pages_of_any_size_give_every_version_once)
class APageEndsWithItsKey(HonestMemory):
    @hookimpl
    def list_object_versions(self, bucket: str, options: VersionListOptions) -> VersionPage:
        page = super().list_object_versions(bucket, options)
        if page.cursor is None:
            return page
        after = replace(options, cursor=None, start_after=page.versions[-1].key, start_after_version="")
        rest = super().list_object_versions(bucket, replace(after, limit=1))
        return page if rest.versions else replace(page, cursor=None)


@fails(VersionListingTests, VersionListingTests.test_a_version_is_listed_with_what_it_is)
class ListsTheSizesOfTheNewest(ListsOtherwise):
    def listed(self, versions: tuple[Listed, ...]) -> tuple[Listed, ...]:
        sizes: dict[str, int] = {}
        return tuple(
            replace(one, info=replace(one.info, size_bytes=sizes.setdefault(one.key, one.info.size_bytes)))
            if isinstance(one, ObjectVersion)
            else one
            for one in versions
        )


@fails(VersionListingTests, VersionListingTests.test_only_versions_of_keys_with_the_prefix_are_listed)
class ListsMarkersOfOtherPrefixes(ListsOtherwise):
    @hookimpl
    def list_object_versions(self, bucket: str, options: VersionListOptions) -> VersionPage:
        page = super().list_object_versions(bucket, options)
        if options.cursor is not None or not options.prefix or options.limit <= len(page.versions):
            return page
        everything = super().list_object_versions(bucket, VersionListOptions()).versions
        markers = [
            one for one in everything if isinstance(one, DeleteMarker) and not one.key.startswith(options.prefix)
        ]
        return replace(page, versions=tuple(sorted([*page.versions, *markers[:1]], key=lambda one: one.key)))


@fails(VersionListingTests, VersionListingTests.test_versions_are_rolled_up_at_a_delimiter)
class RollsNothingUp(ListsOtherwise):
    def other(self, options: VersionListOptions) -> VersionListOptions:
        return replace(options, delimiter="")


@fails(VersionListingTests, VersionListingTests.test_a_listing_begins_after_a_version)
class BeginsAfterTheKey(ListsOtherwise):
    def other(self, options: VersionListOptions) -> VersionListOptions:
        return replace(options, start_after_version="")


@fails(VersionListingTests, VersionListingTests.test_a_listing_that_begins_after_a_key_has_none_of_its_versions)
class BeginsWithTheKey(ListsOtherwise):
    def other(self, options: VersionListOptions) -> VersionListOptions:
        if options.start_after and not options.start_after_version:
            return replace(options, start_after=options.start_after[:-1])
        return options


@fails(VersionListingTests, VersionListingTests.test_a_listing_of_objects_has_current_objects_alone)
class ListsEveryVersionAsAnObject(HonestMemory):
    @hookimpl
    def list_objects(self, bucket: str, options: ListOptions) -> ObjectPage:
        found = self.list_object_versions(bucket, VersionListOptions(prefix=options.prefix)).versions
        objects: dict[str, Any] = {}
        for version in found:
            if isinstance(version, ObjectVersion):
                objects[version.key] = version.info
        return ObjectPage(objects=tuple(objects.values()))


@fails(
    VersionListingTests,
    VersionListingTests.test_versions_that_exist_throughout_are_listed_once_while_others_come_and_go,
)
class PagesByNumber(HonestMemory):
    @hookimpl
    def list_object_versions(self, bucket: str, options: VersionListOptions) -> VersionPage:
        versions: list[Listed] = []
        page = super().list_object_versions(bucket, VersionListOptions())
        versions += page.versions
        begin = int(options.cursor or "0")
        end = begin + options.limit
        return VersionPage(versions=tuple(versions[begin:end]), cursor=str(end) if end < len(versions) else None)


@fails(VersionListingTests, VersionListingTests.test_nothing_is_cut_off_after_a_thousand_versions)
class ListsAThousandVersionsOfAKey(HonestMemory):
    @hookimpl
    def list_object_versions(self, bucket: str, options: VersionListOptions) -> VersionPage:
        page = super().list_object_versions(bucket, options)
        return replace(page, cursor=None) if len(page.versions) == 1000 else page
