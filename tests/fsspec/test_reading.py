"""Files that are read: whole, in slices, in blocks, in versions."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pytest
from bucketry import Store, VersioningSettings
from bucketry.fsspec import BucketryFileSystem
from fsspec.callbacks import Callback
from hypothesis import given
from hypothesis import strategies as st

CONTENT = bytes(range(100))


@given(start=st.none() | st.integers(-120, 120), end=st.none() | st.integers(-120, 120))
def test_a_range_is_a_slice(start: int | None, end: int | None) -> None:
    import fsspec

    fs = fsspec.filesystem("bucketry+memory", region="slices")
    if not fs.exists("slices/file"):
        fs.makedirs("slices", exist_ok=True)
        fs.pipe("slices/file", CONTENT)
    assert fs.cat_file("slices/file", start, end) == CONTENT[slice(start, end)]


def test_cat_ranges_returns_errors_in_their_place(fs: BucketryFileSystem) -> None:
    fs.pipe({"bucket/a": b"0123456789", "bucket/b": b"abc"})
    first, second, third = fs.cat_ranges(["bucket/a", "bucket/none", "bucket/b"], [2, 0, 1], [4, 1, 100])
    assert (first, third) == (b"23", b"bc")
    assert isinstance(second, FileNotFoundError)
    with pytest.raises(FileNotFoundError):
        fs.cat_ranges(["bucket/none"], [0], [1], on_error="raise")


def test_cat_of_many(fs: BucketryFileSystem) -> None:
    fs.pipe({f"bucket/d/{number}": str(number).encode() for number in range(20)})
    assert fs.cat("bucket/d", recursive=True) == {f"bucket/d/{number}": str(number).encode() for number in range(20)}
    assert fs.cat(["bucket/d/1", "bucket/none"], on_error="omit") == {"bucket/d/1": b"1"}


@pytest.mark.filterwarnings("ignore:unclosed file:ResourceWarning")  # of fsspec's own cache
@pytest.mark.parametrize(
    "cache_type", ["readahead", "bytes", "mmap", "blockcache", "first", "all", "background", "none"]
)
def test_every_cache_reads_what_is_there(fs: BucketryFileSystem, cache_type: str) -> None:
    content = bytes(range(256)) * 400
    fs.pipe("bucket/file", content)
    with fs.open("bucket/file", block_size=10_000, cache_type=cache_type) as file:
        assert file.read(10) == content[:10]
        file.seek(50_000)
        assert file.read(30_000) == content[50_000:80_000]
        file.seek(-7, 2)
        assert file.read() == content[-7:]
        file.seek(5)
        assert file.read(100) == content[5:105]


def test_lines_of_text(fs: BucketryFileSystem) -> None:
    with fs.open("bucket/text", "w", encoding="utf-8", newline="\n") as file:
        file.write("eins\nzwei\ndreißig")
    with fs.open("bucket/text", "r", encoding="utf-8", block_size=4) as file:
        assert list(file) == ["eins\n", "zwei\n", "dreißig"]
    assert fs.read_text("bucket/text", encoding="utf-8") == "eins\nzwei\ndreißig"
    assert fs.head("bucket/text", 4) == b"eins"
    assert fs.tail("bucket/text", 1) == b"g"
    assert fs.read_block("bucket/text", 1, 6, b"\n") == b"zwei\n"


def test_a_file_that_is_replaced_while_it_is_read_is_an_error(fs: BucketryFileSystem) -> None:
    fs.pipe("bucket/file", b"old" * 100)
    with fs.open("bucket/file", block_size=10, cache_type="none") as file:
        assert file.read(3) == b"old"
        fs.pipe("bucket/file", b"new" * 100)
        with pytest.raises(OSError, match="has changed"):
            file.read(3)


def test_versions(fs: BucketryFileSystem, store: Store) -> None:
    store.put_bucket_settings("bucket", VersioningSettings(status="Enabled"))
    fs.pipe("bucket/file", b"first")
    first = fs.info("bucket/file")["VersionId"]
    fs.pipe({"bucket/file": b"second", "bucket/file2": b"other"})
    assert fs.cat_file("bucket/file", version_id=first) == b"first"
    with fs.open("bucket/file", version_id=first) as file:
        assert file.read() == b"first"
    assert fs.info("bucket/file", version_id=first)["size"] == 5
    fs.rm("bucket/file")
    versions = fs.object_version_info("bucket/file")
    assert [(each["IsDeleteMarker"], each["IsLatest"], each["size"]) for each in versions] == [
        (True, True, 0),
        (False, False, 6),
        (False, False, 5),
    ]
    assert versions[2]["VersionId"] == first


def test_downloads(fs: BucketryFileSystem, tmp_path: Path) -> None:
    fs.pipe("bucket/d/file", bytes(3_000_000))
    callback = Callback()
    fs.get_file("bucket/d/file", str(tmp_path / "new" / "file"), callback=callback)
    assert (tmp_path / "new" / "file").read_bytes() == bytes(3_000_000)
    assert (callback.size, callback.value) == (3_000_000, 3_000_000)
    target = io.BytesIO()
    fs.get_file("bucket/d/file", target)
    assert target.getvalue() == bytes(3_000_000)
    fs.get_file("bucket/d", str(tmp_path / "folder"))
    assert (tmp_path / "folder").is_dir()
    with pytest.raises(FileNotFoundError):
        fs.get_file("bucket/none", str(tmp_path / "none"))
    assert not (tmp_path / "none").exists()


def test_a_download_that_breaks_off_leaves_no_file(
    fs: BucketryFileSystem, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fs.pipe("bucket/file", bytes(100))

    class Breaks(Callback):  # type: ignore[misc]  # fsspec has no types
        def relative_update(self, inc: int = 1) -> None:
            raise KeyError

    with pytest.raises(KeyError):
        fs.get_file("bucket/file", str(tmp_path / "file"), callback=Breaks())
    assert not (tmp_path / "file").exists()


def test_names_from_a_listing_cannot_leave_the_target_of_a_download(fs: BucketryFileSystem, tmp_path: Path) -> None:
    fs.pipe("bucket/d/../../../escaped", b"x")
    with pytest.raises(ValueError, match="outside"):
        fs.get("bucket/d", str(tmp_path / "into"), recursive=True)
    assert not list(tmp_path.rglob("escaped"))


def test_uploads_count_their_bytes(fs: BucketryFileSystem, tmp_path: Path) -> None:
    (tmp_path / "a.json").write_bytes(bytes(2_500_000))
    callback = Callback()
    fs.put_file(str(tmp_path / "a.json"), "bucket/a.json", callback=callback)
    assert (callback.size, callback.value) == (2_500_000, 2_500_000)
    assert fs.info("bucket/a.json")["ContentType"] == "application/json"
    with pytest.raises(FileExistsError):
        fs.put_file(str(tmp_path / "a.json"), "bucket/a.json", mode="create")


@pytest.mark.parametrize("path", ["bucket", "bucket/d"])
def test_a_folder_is_not_opened(fs: BucketryFileSystem, path: str) -> None:
    fs.pipe("bucket/d/file", b"x")
    with pytest.raises(IsADirectoryError):
        fs.open(path)


def test_signed_urls(fs: BucketryFileSystem) -> None:
    fs.pipe("bucket/a b", b"x")
    assert "/bucket/a%20b?" in fs.sign("bucket/a b", expiration=60)
    assert "X-Amz-Expires=60" in fs.sign("bucket/a b", expiration=60, method="PUT")
    with pytest.raises(ValueError, match="expires_in"):
        fs.sign("bucket/a b", expiration=0)


def test_files_are_pickled_while_they_are_read() -> None:
    import pickle

    import fsspec

    fs: Any = fsspec.filesystem("bucketry+memory", region="pickled")
    fs.makedirs("pickled", exist_ok=True)
    fs.pipe("pickled/file", CONTENT)
    with fs.open("pickled/file") as file:
        file.seek(10)
        again = pickle.loads(pickle.dumps(file))
        assert again.read() == CONTENT[10:]
        again.close()
