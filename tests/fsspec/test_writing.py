"""Files that are written: atomic, in parts, with conditions."""

from __future__ import annotations

import gc
import gzip
import random
import time
from collections.abc import Iterator
from contextlib import suppress
from threading import Event, Thread
from typing import Any

import fsspec
import pytest
from bucketry import Store, Unavailable, open_store
from bucketry._object_writer import THREADS, Writer
from bucketry.fsspec import BucketryFileSystem
from bucketry.hookspecs import hookimpl

PART = 5 * 1024**2


class FailingParts:
    """A layer that fails each part after the first."""

    blocks = True  # So that parts are sent in threads.

    def __init__(self) -> None:
        self.fails = True

    @hookimpl(wrapper=True)
    def upload_part(self, part_number: int) -> Iterator[None]:
        if self.fails and part_number > 1:
            raise Unavailable("planned")
        return (yield)


@pytest.fixture
def threaded() -> Iterator[BucketryFileSystem]:
    """A file system that sends its parts in threads."""

    class Waits:
        blocks = True

        @hookimpl(wrapper=True)
        def head_bucket(self, bucket: str) -> Iterator[None]:
            return (yield)

    with open_store("memory://", environ={}, layers=[Waits()]) as store:
        made = BucketryFileSystem(store, default_block_size=PART)
        made.mkdir("bucket")
        yield made


def uploads(fs: BucketryFileSystem) -> list[str]:
    return [upload.key for upload in fs.store.iter_multipart_uploads("bucket")]


def write_large(fs: BucketryFileSystem, path: str, mode: str = "wb") -> bytes:
    content = bytes(range(256)) * (3 * PART // 256) + b"rest"
    with fs.open(path, mode, block_size=PART) as file:
        for start in range(0, len(content), 700_000):
            file.write(content[start : start + 700_000])
    return content


def test_a_large_file_is_written_in_parts(fs: BucketryFileSystem) -> None:
    content = write_large(fs, "bucket/large")
    assert fs.cat("bucket/large") == content
    assert fs.info("bucket/large")["ETag"].endswith("-4")
    assert uploads(fs) == []


def test_parts_that_are_sent_side_by_side_keep_their_order(threaded: BucketryFileSystem) -> None:
    content = write_large(threaded, "bucket/large")
    assert threaded.cat("bucket/large") == content


def test_one_write_of_many_parts_is_cut(threaded: BucketryFileSystem) -> None:
    content = bytes(4 * PART + 1)
    with threaded.open("bucket/large", "wb", block_size=PART) as file:
        assert file.write(content) == len(content)
        assert file.tell() == len(content)
    assert threaded.cat("bucket/large") == content
    assert threaded.info("bucket/large")["ETag"].endswith("-5")


def test_a_small_file_is_one_put(fs: BucketryFileSystem) -> None:
    with fs.open("bucket/small.csv", "wb") as file:
        file.write(b"a,b\n")
    assert "-" not in fs.info("bucket/small.csv")["ETag"]
    assert fs.info("bucket/small.csv")["ContentType"] == "text/csv"


def test_an_empty_file(fs: BucketryFileSystem) -> None:
    fs.open("bucket/empty", "wb").close()
    assert fs.cat("bucket/empty") == b""
    assert fs.cat_file("bucket/empty", -5) == b""
    with fs.open("bucket/empty") as file:
        assert file.read() == b""


def test_content_type_and_metadata_are_given(fs: BucketryFileSystem) -> None:
    with fs.open("bucket/a.bin", "wb", content_type="image/png", metadata={"who": "me"}) as file:
        file.write(b"x")
    fs.pipe_file("bucket/b.bin", b"x", metadata={"who": "you"})
    info = fs.store.head_object("bucket", "a.bin")
    assert (info.content_type, dict(info.metadata)) == ("image/png", {"who": "me"})
    assert dict(fs.store.head_object("bucket", "b.bin").metadata) == {"who": "you"}


@pytest.mark.parametrize("size", [10, 3 * PART])
@pytest.mark.parametrize("options", [{}, {"mode": "w"}, {"compression": "gzip"}, {"mode": "w", "compression": "bz2"}])
def test_a_with_statement_that_is_left_by_an_error_stores_nothing(
    fs: BucketryFileSystem, size: int, options: dict[str, str]
) -> None:
    fs.pipe("bucket/file", b"old")
    text = "mode" in options
    noise = random.Random(1).randbytes(size)
    content: Any = noise.hex() if text else noise
    arguments: dict[str, Any] = {"mode": "wb", "block_size": PART, **options}

    def write() -> None:
        with fs.open("bucket/file", **arguments) as file:
            file.write(content)
            raise KeyError

    with pytest.raises(KeyError):
        write()
    assert fs.cat("bucket/file") == b"old"
    assert uploads(fs) == []


@pytest.mark.parametrize(("compression", "unpack"), [("gzip", gzip.decompress)])
def test_a_compressed_file_is_stored_when_it_is_closed(fs: BucketryFileSystem, compression: str, unpack: Any) -> None:
    with fs.open("bucket/a.txt.gz", "wt", compression=compression, encoding="utf-8") as file:
        file.write("größer\n")
    assert unpack(fs.cat("bucket/a.txt.gz")).decode() == "größer\n"
    with fs.open("bucket/a.txt.gz", "rt", compression="infer", encoding="utf-8") as file:
        assert file.read() == "größer\n"
    assert fs.info("bucket/a.txt.gz")["ContentType"] == "application/gzip"


def test_an_unknown_compression_leaves_nothing_open(fs: BucketryFileSystem) -> None:
    with pytest.raises(ValueError, match="nosuch"):
        fs.open("bucket/a", "wb", compression="nosuch")
    assert not fs.exists("bucket/a")


def test_a_file_that_is_dropped_stores_nothing_and_warns(fs: BucketryFileSystem) -> None:
    file = fs.open("bucket/dropped", "wb", block_size=PART)
    file.write(bytes(2 * PART))
    assert uploads(fs) == ["dropped"]
    with pytest.warns(ResourceWarning, match="was not closed"):
        file.__del__()
    del file
    gc.collect()
    assert not fs.exists("bucket/dropped")
    assert uploads(fs) == []


@pytest.mark.parametrize(
    "arguments", [{"mode": "w"}, {"mode": "wb", "compression": "gzip"}], ids=["text", "compressed"]
)
def test_so_does_what_is_around_it(fs: BucketryFileSystem, arguments: dict[str, Any]) -> None:
    file = fs.open("bucket/dropped", **arguments)
    file.write("text" if arguments["mode"] == "w" else b"bytes")
    with pytest.warns(ResourceWarning, match="was not closed"):
        file.__del__()
    del file
    gc.collect()
    assert not fs.exists("bucket/dropped")


class SecondPartFails:
    """A layer that refuses the second part of each upload."""

    @hookimpl(wrapper=True)
    def upload_part(self, part_number: int) -> Iterator[None]:
        if part_number == 2:
            raise Unavailable("the second part never comes")
        return (yield)


def test_closing_after_a_write_that_failed_stores_nothing() -> None:
    with open_store("memory://", environ={}, layers=[SecondPartFails()]) as store:
        fs = BucketryFileSystem(store)
        fs.mkdir("bucket")
        file = fs.open("bucket/large", "wb", block_size=PART)
        with pytest.raises(ConnectionError):
            file.write(bytes(3 * PART))
        file.close()
        assert not fs.exists("bucket/large")
        assert uploads(fs) == []


def test_parts_that_never_began_are_not_waited_for() -> None:
    began, goes_on = Event(), Event()

    class SlowParts:
        blocks = True

        @hookimpl(wrapper=True)
        def upload_part(self) -> Iterator[None]:
            began.set()
            goes_on.wait(30)
            return (yield)

    with open_store("memory://", environ={}, layers=[SlowParts()]) as store:
        store.create_bucket("bucket")
        writer = Writer(store, "bucket", "large", "wb", PART, {})
        writer.start()

        def write() -> None:
            with suppress(RuntimeError):  # The threads of the parts are gone then.
                writer.write(memoryview(bytes(6 * PART)), final=False)

        Thread(target=write, daemon=True).start()
        assert began.wait(30)
        while len(writer._parts) <= THREADS:
            time.sleep(0.001)
        discarding = Thread(target=writer.discard, daemon=True)
        discarding.start()
        while not writer._parts[-1].cancelled():
            time.sleep(0.001)
        goes_on.set()
        discarding.join(30)
        assert not discarding.is_alive()


def test_a_part_that_fails_ends_the_upload() -> None:
    layer = FailingParts()
    with open_store("memory://", environ={}, layers=[layer]) as store:
        fs = BucketryFileSystem(store)
        fs.mkdir("bucket")
        with pytest.raises(ConnectionError):
            write_large(fs, "bucket/large")
        assert not fs.exists("bucket/large")
        assert uploads(fs) == []
        layer.fails = False
        write_large(fs, "bucket/large")
        assert fs.exists("bucket/large")


@pytest.mark.parametrize("size", [3, 2 * PART])
def test_exclusive_writing_is_decided_when_the_file_is_closed(fs: BucketryFileSystem, size: int) -> None:
    first = fs.open("bucket/new", "xb", block_size=PART)
    first.write(bytes(size))
    fs.pipe("bucket/new", b"other")
    with pytest.raises(FileExistsError):
        first.close()
    assert fs.cat("bucket/new") == b"other"
    assert uploads(fs) == []
    with pytest.raises(FileExistsError):
        fs.open("bucket/new", "x")
    with fs.open("bucket/newer", "x") as file:
        file.write("text")
    assert fs.cat("bucket/newer") == b"text"


@pytest.mark.parametrize("size", [0, 5, PART, 2 * PART + 1])
def test_appending(fs: BucketryFileSystem, size: int) -> None:
    fs.pipe_file("bucket/log.txt", bytes(size), metadata={"who": "me"})
    with fs.open("bucket/log.txt", "ab", block_size=PART) as file:
        assert file.tell() == size
        file.write(b"more")
    assert fs.cat("bucket/log.txt") == bytes(size) + b"more"
    info = fs.store.head_object("bucket", "log.txt")
    assert (info.content_type, dict(info.metadata)) == ("text/plain", {"who": "me"})
    with fs.open("bucket/new.txt", "a") as file:
        file.write("first")
    assert fs.cat("bucket/new.txt") == b"first"


@pytest.mark.parametrize("size", [5, PART])
def test_appending_to_a_file_that_changed_is_refused(fs: BucketryFileSystem, size: int) -> None:
    fs.pipe("bucket/log", bytes(size))
    file = fs.open("bucket/log", "ab", block_size=PART)
    file.write(b"more")
    fs.pipe("bucket/log", b"other")
    with pytest.raises(OSError, match="has changed"):
        file.close()
    assert fs.cat("bucket/log") == b"other"
    assert uploads(fs) == []


def test_a_transaction_stores_its_files_at_its_end(fs: BucketryFileSystem) -> None:
    with fs.transaction:
        write_large(fs, "bucket/large")
        with fs.open("bucket/small", "wb") as file:
            file.write(b"small")
        assert not fs.exists("bucket/large")
        assert not fs.exists("bucket/small")
    assert fs.cat("bucket/small") == b"small"
    assert fs.size("bucket/large") == 3 * PART + 4


def test_a_transaction_that_fails_stores_nothing(fs: BucketryFileSystem) -> None:
    def write() -> None:
        with fs.transaction:
            write_large(fs, "bucket/large")
            fs.open("bucket/open", "wb").write(b"still open")
            raise KeyError

    with pytest.raises(KeyError):
        write()
    assert fs.find("bucket") == []
    assert uploads(fs) == []


def test_pipe_creates_only_what_is_missing(fs: BucketryFileSystem) -> None:
    fs.pipe_file("bucket/a", b"1", mode="create")
    with pytest.raises(FileExistsError):
        fs.pipe_file("bucket/a", b"2", mode="create")
    with pytest.raises(ValueError, match="mode"):
        fs.pipe_file("bucket/a", b"2", mode="replace")
    assert fs.cat("bucket/a") == b"1"


def test_what_is_not_understood_is_refused(fs: BucketryFileSystem) -> None:
    with pytest.raises(NotImplementedError, match="mode"):
        fs.open("bucket/a", "r+b", block_size=PART)
    with pytest.raises(TypeError):
        fs.pipe_file("bucket/a", b"1", acl="public-read")  # type: ignore[call-arg]
    with pytest.raises(ValueError, match="version"):
        fs.open("bucket/a", "wb", version_id="null")


def test_parts_grow_so_that_any_object_can_be_written(store: Store, fs: BucketryFileSystem) -> None:
    from bucketry._object_writer import DOUBLED_AFTER, Writer

    writer = Writer(store, "bucket", "key", "wb", PART, {})
    sizes = []
    for _ in range(2500):
        sizes.append(writer.part_bytes)
        writer._parts.append(None)  # type: ignore[arg-type]  # only their number counts
    assert (sizes[0], sizes[899], sizes[900], sizes[1800]) == (PART, PART, 2 * PART, 4 * PART)
    # 10,000 parts hold the largest object that S3 knows.
    assert sum(PART << number // DOUBLED_AFTER for number in range(10_000)) >= 5 * 1024**4


def test_fsspecs_own_open_does_not_tell_of_errors(fs: BucketryFileSystem) -> None:
    """As docs/data-libraries.md says. When this fails, fsspec has learned it, and the page can say so."""
    options = {"region": "own-open"}
    fsspec.filesystem("bucketry+memory", **options).makedirs("bucket", exist_ok=True)

    def write() -> None:
        with fsspec.open("bucketry+memory://bucket/file", "wb", **options) as file:
            file.write(b"half")
            raise KeyError

    with pytest.raises(KeyError):
        write()
    assert fsspec.filesystem("bucketry+memory", **options).cat("bucket/file") == b"half"
