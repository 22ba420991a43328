"""What MinIO does in its own way: hidden objects, odd names in listings, long copies, folder objects."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from bucketry import (
    Body,
    CopyOptions,
    HeadOptions,
    InvalidKey,
    ListOptions,
    ObjectHeaders,
    PreconditionFailed,
    PutOptions,
    Store,
)
from bucketry.features import MIB
from bucketry_minio.objects import Objects

from tests.minio.backend import MinioBackend, store_on
from tests.servers.handles import MinioServer


def _keys(store: Store, bucket: str, **options: object) -> list[str]:
    return [info.key for info in store.iter_objects(bucket, ListOptions(**options))]  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("first", "second"),
    [("a", "a/b"), ("a/b", "a"), ("a", "a/b/c/d"), ("a/b/c/d", "a"), ("a/b", "a/b/c"), ("a", "a/b/")],
)
def test_an_object_that_would_hide_another_from_listings_is_refused(
    store: Store, bucket: str, first: str, second: str
) -> None:
    store.put_object(bucket, first, b"first")
    for write in (
        lambda: store.put_object(bucket, second, b"second"),
        lambda: store.copy_object(bucket, first, bucket, second),
        lambda: store.create_multipart_upload(bucket, second),
    ):
        with pytest.raises(InvalidKey, match="list"):
            write()
    assert _keys(store, bucket) == [first]
    store.delete_object(bucket, first)
    store.put_object(bucket, second, b"second")
    assert _keys(store, bucket) == [second]


def test_an_upload_that_would_hide_what_was_written_meanwhile_is_refused_at_its_end(store: Store, bucket: str) -> None:
    upload = store.create_multipart_upload(bucket, "a")
    part = store.upload_part(bucket, "a", upload.upload_id, 1, b"x")
    store.put_object(bucket, "a/b", b"x")
    with pytest.raises(InvalidKey):
        store.complete_multipart_upload(bucket, "a", upload.upload_id, [part])
    assert _keys(store, bucket) == ["a/b"]
    store.abort_multipart_upload(bucket, "a", upload.upload_id)


def test_an_object_written_where_a_folder_was_remembered_is_noticed(store: Store, bucket: str) -> None:
    store.put_object(bucket, "a/b", b"x")
    store.delete_object(bucket, "a/b")
    store.put_object(bucket, "a", b"x")
    with pytest.raises(InvalidKey):
        store.put_object(bucket, "a/b", b"x")


def test_a_folder_object_stands_beside_what_is_in_the_folder(store: Store, bucket: str) -> None:
    for key in ("a/", "a/b", "b", "b/"):
        store.put_object(bucket, key, key.encode())
    assert _keys(store, bucket) == ["a/", "a/b", "b", "b/"]


@pytest.mark.parametrize("length", [12 * MIB, None], ids=["known length", "unknown length"])
def test_a_large_folder_object_is_sent_in_one_request(store: Store, bucket: str, length: int | None) -> None:
    def pieces() -> Iterator[bytes]:
        for number in range(12):
            yield bytes([number]) * MIB

    store.put_object(bucket, "a/", Body(pieces(), length))
    assert store.get_object(bucket, "a/").read() == b"".join(pieces())


def test_metadata_names_that_xml_does_not_allow_do_not_break_the_listing(store: Store, bucket: str) -> None:
    names = {f"a{mark}b": "v<&>" for mark in "!#$%&'*+.^_`|~-"}
    store.put_object(bucket, "key", b"x", PutOptions(content_type="text/x-odd", metadata=names))
    assert store.head_object(bucket, "key").metadata == names
    (info,) = store.iter_objects(bucket)
    assert info.content_type == "text/x-odd"


@pytest.mark.parametrize(
    ("prefix", "found"),
    [
        (".", [".a", ".b/c", "..d"]),
        ("..", ["..d"]),
        ("x/.", ["x/.e"]),
        ("x/..", []),
        ("./", []),
        ("../", []),
        ("x//", []),
        ("/", []),
        ("\0", []),
    ],
)
def test_a_prefix_that_minio_refuses_is_listed_all_the_same(
    store: Store, bucket: str, prefix: str, found: list[str]
) -> None:
    for key in (".a", ".b/c", "..d", "-", "0", "x/.e", "x/-", "x/f", "y"):
        store.put_object(bucket, key, b"")
    for limit in (1, 2, 1000):
        assert _keys(store, bucket, prefix=prefix, limit=limit) == sorted(found)


@pytest.mark.parametrize("after", [".", "..", "x/.", "x/..", "x/./z", "x/../z", "/", "//", "\0", "a/../.."])
def test_a_listing_begins_after_what_can_be_no_key(store: Store, bucket: str, after: str) -> None:
    keys = ["-", ".a", "..d", "0", "x/-", "x/.e", "x/0", "x/..f", "y"]
    for key in keys:
        store.put_object(bucket, key, b"")
    for limit in (1, 2, 1000):
        assert _keys(store, bucket, start_after=after, limit=limit) == sorted(key for key in keys if key > after)


def test_a_copy_of_more_than_one_request_takes_is_done_in_parts(
    minio_server: MinioServer, backend: MinioBackend, bucket: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Objects, "max_copy_bytes", 6 * MIB)
    monkeypatch.setattr(Objects, "copied_part_bytes", 5 * MIB)
    content = b"".join(bytes([number]) * MIB for number in range(13))
    with store_on(minio_server) as store:
        tagged = PutOptions(content_type="text/x-a", metadata={"a": "b"}, tags={"colour": "blue"})
        store.put_object(bucket, "source", content, tagged)
        made = store.copy_object(bucket, "source", bucket, "copy")
        assert (made.content_type, made.metadata, made.size_bytes) == ("text/x-a", {"a": "b"}, len(content))
        assert made == store.head_object(bucket, "copy")
        assert backend.raw_object(bucket, "copy") == content
        changed = CopyOptions(headers=ObjectHeaders(content_type="text/x-b"))
        made = store.copy_object(bucket, "source", bucket, "copy", changed)
        assert (made.content_type, made.metadata, made.tag_count) == ("text/x-b", {}, 1)
        made = store.copy_object(bucket, "source", bucket, "copy", CopyOptions(tags={"shape": "round", "a": "b"}))
        assert (made.metadata, made.tag_count) == ({"a": "b"}, 2)
        made = store.copy_object(bucket, "source", bucket, "source", changed)
        assert (made.content_type, made.size_bytes) == ("text/x-b", len(content))
        assert backend.raw_object(bucket, "source") == content
        with pytest.raises(PreconditionFailed):
            store.copy_object(bucket, "source", bucket, "copy", CopyOptions(source_if_match="another"))
    assert list(backend.raw_uploads(bucket)) == []


def test_a_source_that_changes_before_it_is_copied_is_copied_as_it_is_then(
    store: Store, bucket: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.put_object(bucket, "source", b"old", PutOptions(content_type="text/x-old"))
    stored = Objects.stored
    changes = [b"new"]

    def changed_after(objects: Objects, bucket: str, key: str, *options: HeadOptions) -> object:
        info = stored(objects, bucket, key, *options)
        if changes:
            store.put_object(bucket, "source", changes.pop(), PutOptions(content_type="text/x-new"))
        return info

    monkeypatch.setattr(Objects, "stored", changed_after)
    made = store.copy_object(bucket, "source", bucket, "copy")
    assert (made.content_type, store.get_object(bucket, "copy").read()) == ("text/x-new", b"new")
