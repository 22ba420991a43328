"""A server whose short pages end too early, as MinIO's do: the driver finds out, and its own pages are complete."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from bucketry import ListOptions, NoSuchBucket, ObjectPage, Store
from bucketry.hookspecs import hookimpl
from bucketry_memory import MemoryDriver, MemorySettings
from bucketry_s3.keys import begins_no_key
from bucketry_testing import s3_endpoint
from msgspec.structs import replace

from tests.s3.backend import new_user, reachable, store_on

KEYS = ("a", "a-1", "a-2", "ab", "b", "c/1", "c/2", "d")


class EndsEarly(MemoryDriver):
    """Asked for one entry, it says that nothing follows where the prefix is a key, as MinIO does."""

    @hookimpl
    def list_objects(self, bucket: str, options: ListOptions) -> ObjectPage:
        page = super().list_objects(bucket, options)
        ends = options.limit == 1 and any(info.key == options.prefix for info in page.objects)
        return replace(page, cursor=None) if ends else page


class Repeats(MemoryDriver):
    """After a common prefix that does not end in a slash it shows the same again, as MinIO does."""

    @hookimpl
    def list_objects(self, bucket: str, options: ListOptions) -> ObjectPage:
        if options.delimiter == "-" and options.limit == 1 and options.cursor is not None:
            options = replace(options, cursor=None)
        return super().list_objects(bucket, options)


@contextmanager
def _filled(kind: type[MemoryDriver]) -> Iterator[Store]:
    with (
        Store(kind(MemorySettings())) as behind,
        s3_endpoint(behind, **new_user()) as served,
        store_on(reachable(served)) as store,
    ):
        store.create_bucket("bucket")
        for key in KEYS:
            store.put_object("bucket", key, b"x")
        yield store


@pytest.mark.parametrize("kind", [EndsEarly, Repeats])
def test_pages_are_complete_whatever_their_length(kind: type[MemoryDriver]) -> None:
    with _filled(kind) as store:
        for prefix, delimiter in [("", ""), ("a", ""), ("", "-"), ("a", "-"), ("", "/"), ("c/", "/"), ("b", "")]:
            whole = store.list_objects("bucket", ListOptions(prefix=prefix, delimiter=delimiter))
            assert whole.cursor is None
            for limit in (1, 2, 3):
                options = ListOptions(prefix=prefix, delimiter=delimiter, limit=limit)
                pages = list(store.iter_object_pages("bucket", options))
                assert all(len(page.objects) + len(page.prefixes) <= limit for page in pages)
                assert [info for page in pages for info in page.objects] == list(whole.objects)
                assert [shown for page in pages for shown in page.prefixes] == list(whole.prefixes)
        for after in ("", "a", "a-", "a-1", "c", "d", "e"):
            listed = store.iter_objects("bucket", ListOptions(start_after=after, limit=1))
            assert [info.key for info in listed] == [key for key in KEYS if key > after]


@pytest.mark.parametrize(
    ("prefix", "kind", "expected"),
    [
        ("a//", "empty segments", True),
        ("a/", "empty segments", False),
        ("/", "a slash at the beginning", True),
        ("./a", "segments of dots", True),
        ("a/../", "segments of dots", True),
        ("a/..", "segments of dots", False),
        ("a/", "a slash at the end", False),
        ("a" * 255, "segments of more than 255 bytes", False),
        ("a" * 256, "segments of more than 255 bytes", True),
        ("a\0", "a NUL", True),
    ],
)
def test_what_no_key_begins_with(prefix: str, kind: str, expected: bool) -> None:
    assert begins_no_key(prefix, (kind,)) is expected
    assert begins_no_key(prefix, ()) is False


def test_nothing_is_listed_below_a_prefix_that_no_key_has() -> None:
    class KeepsNoEmptySegments(MemoryDriver):
        @hookimpl
        def put_object(self, bucket, key, body, options):  # type: ignore[no-untyped-def]
            return super().put_object(bucket, key.replace("//", "/"), body, options)

    with _filled(KeepsNoEmptySegments) as store:
        assert store.list_objects("bucket", ListOptions(prefix="c//")).objects == ()
        with pytest.raises(NoSuchBucket):
            store.list_objects("no-such-bucket", ListOptions(prefix="c//"))
