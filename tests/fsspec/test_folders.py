"""Folders: listings, walks, keys of all kinds, deletes, copies."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from bucketry import DeleteMarker, Store, VersioningSettings
from bucketry.fsspec import BucketryFileSystem

TREE = ["bucket/a.txt", "bucket/d/b.txt", "bucket/d/e/c.txt", "bucket/d2/x.csv"]


@pytest.fixture
def tree(fs: BucketryFileSystem) -> BucketryFileSystem:
    """Some files in folders."""
    fs.pipe({path: path.encode() for path in TREE})
    return fs


def test_listings(tree: BucketryFileSystem) -> None:
    assert tree.ls("", detail=False) == ["bucket"]
    assert tree.ls("bucket", detail=False) == ["bucket/a.txt", "bucket/d", "bucket/d2"]
    assert tree.ls("bucketry://bucket/d/", detail=False) == ["bucket/d/b.txt", "bucket/d/e"]
    assert tree.ls("bucket/a.txt", detail=False) == ["bucket/a.txt"]
    (entry,) = tree.ls("bucket/d/e")
    assert (entry["name"], entry["size"], entry["type"]) == ("bucket/d/e/c.txt", 16, "file")
    for path in ("bucket/none", "none", "none/key"):
        with pytest.raises(FileNotFoundError):
            tree.ls(path)


def test_find_walk_glob_and_du(tree: BucketryFileSystem) -> None:
    assert tree.find("bucket") == TREE
    assert tree.find("") == TREE
    assert tree.find("bucket/a.txt") == ["bucket/a.txt"]
    assert tree.find("bucket/none") == tree.find("none") == []
    assert tree.find("bucket", maxdepth=1) == ["bucket/a.txt"]
    assert tree.find("bucket", maxdepth=2) == ["bucket/a.txt", "bucket/d/b.txt", "bucket/d2/x.csv"]
    assert tree.find("bucket/d", withdirs=True) == ["bucket/d", "bucket/d/b.txt", "bucket/d/e", "bucket/d/e/c.txt"]
    assert tree.find("bucket", prefix="d2") == ["bucket/d2/x.csv"]
    assert tree.find("bucket", maxdepth=2, prefix="d2") == ["bucket/d2/x.csv"]
    assert tree.find("bucket/d", detail=True)["bucket/d/b.txt"]["size"] == 14
    assert tree.glob("bucket/**/*.txt") == ["bucket/a.txt", "bucket/d/b.txt", "bucket/d/e/c.txt"]
    assert tree.glob("bucket/d*") == ["bucket/d", "bucket/d2"]
    assert tree.glob("bucket/*/x.csv") == ["bucket/d2/x.csv"]
    assert [(root, sorted(folders), sorted(files)) for root, folders, files in tree.walk("bucket")] == [
        ("bucket", ["d", "d2"], ["a.txt"]),
        ("bucket/d", ["e"], ["b.txt"]),
        ("bucket/d/e", [], ["c.txt"]),
        ("bucket/d2", [], ["x.csv"]),
    ]
    assert tree.du("bucket/d") == 30
    with pytest.raises(ValueError, match="maxdepth"):
        tree.find("bucket", maxdepth=0)


def test_listings_of_more_than_one_page(fs: BucketryFileSystem) -> None:
    paths = [f"bucket/many/{number:04}" for number in range(1500)]
    fs.pipe(dict.fromkeys(paths, b""))
    assert fs.ls("bucket/many", detail=False) == paths
    assert fs.find("bucket") == paths
    fs.rm("bucket/many", recursive=True)
    assert fs.find("bucket") == []


def test_what_stands_at_a_path(tree: BucketryFileSystem) -> None:
    assert tree.info("")["type"] == tree.info("bucket")["type"] == tree.info("bucket/d")["type"] == "directory"
    assert tree.info("bucket/d/") == {"name": "bucket/d", "size": 0, "type": "directory"}
    assert tree.isdir("bucket")
    assert tree.isdir("bucket/d")
    assert not tree.isdir("bucket/a.txt")
    assert not tree.isdir("none")
    assert tree.isfile("bucket/a.txt")
    assert not tree.isfile("bucket/d")
    assert not tree.exists("bucket/none")
    assert not tree.exists("none/none")
    assert not tree.exists("Not a bucket/key")
    assert tree.sizes(["bucket/a.txt", "bucket/d/b.txt"]) == [12, 14]
    age = datetime.now(UTC) - tree.modified("bucket/a.txt")
    assert age.total_seconds() < 600
    assert tree.created("bucket/a.txt") == tree.modified("bucket/a.txt")
    assert tree.created("bucket").tzinfo is not None
    with pytest.raises(IsADirectoryError):
        tree.modified("bucket/d")


def test_a_file_beside_a_folder_of_its_name(fs: BucketryFileSystem) -> None:
    fs.pipe({"bucket/a": b"file", "bucket/a/b": b"below"})
    assert fs.info("bucket/a")["type"] == "file"
    assert fs.isfile("bucket/a")
    assert fs.isdir("bucket/a")
    assert fs.ls("bucket/a", detail=False) == ["bucket/a/b"]
    fs.rm("bucket/a", recursive=True)
    assert fs.find("bucket") == []


@pytest.mark.parametrize("cached", [False, True])
def test_such_a_file_is_found_copied_and_read(store: Store, cached: bool) -> None:
    fs = BucketryFileSystem(store, use_listings_cache=cached)
    fs.mkdir("bucket")
    both = {"bucket/x/a": b"file", "bucket/x/a/b": b"below", "bucket/x/a/c/d": b"deeper"}
    fs.pipe(both)
    for folder in ("bucket/x/a", "bucket/x", "bucket"):
        fs.ls(folder)
        assert fs.info("bucket/x/a")["type"] == "file"
        assert fs.isfile("bucket/x/a")
        assert fs.isdir("bucket/x/a")
        assert fs.open("bucket/x/a").read() == b"file"
    for depth in (None, 9):
        assert fs.find("bucket", maxdepth=depth) == list(both)
        assert fs.find("bucket", maxdepth=depth, withdirs=True, detail=True)["bucket/x/a"]["type"] == "file"
    fs.cp("bucket/x", "bucket/y", recursive=True)
    assert fs.cat("bucket/y", recursive=True) == {path.replace("x", "y", 1): both[path] for path in both}


def test_the_mark_of_a_folder_is_the_folder(fs: BucketryFileSystem, store: Store) -> None:
    store.put_object("bucket", "made/", b"")
    assert fs.isdir("bucket/made")
    assert fs.ls("bucket/made") == []
    assert fs.find("bucket") == []
    assert fs.find("bucket", withdirs=True) == ["bucket", "bucket/made"]
    fs.rm("bucket/made", recursive=True)
    assert not fs.exists("bucket/made")
    assert store.list_objects("bucket").objects == ()


@pytest.mark.parametrize("key", ["a//b", "/a", "..", "../x", "%2F", "a+b c", "é/😀", "a?versionId=1", "a::b", "a#b"])
def test_keys_are_byte_exact(fs: BucketryFileSystem, store: Store, key: str) -> None:
    path = f"bucket/{key}"
    with fs.open(path, "wb") as file:
        file.write(b"x")
    assert [info.key for info in store.iter_objects("bucket")] == [key]
    assert fs.find("bucket") == [path]
    assert fs.cat_file(path) == b"x"
    assert fs.info(path)["name"] == path
    fs.cp_file(path, "bucket/copy")
    fs.rm_file(path)
    assert fs.find("bucket") == ["bucket/copy"]


def test_keys_with_an_empty_part_do_not_confuse_walks(fs: BucketryFileSystem) -> None:
    fs.pipe({"bucket/a//b": b"x", "bucket/a/c": b"x", "bucket//d": b"x"})
    assert fs.find("bucket") == ["bucket//d", "bucket/a//b", "bucket/a/c"]
    assert [files for _, _, files in fs.walk("bucket")] == [[], ["c"]]
    assert fs.find("bucket", maxdepth=9) == ["bucket/a/c"]


def test_deletes(tree: BucketryFileSystem) -> None:
    tree.rm(["bucket/a.txt", "bucket/none"])
    assert not tree.exists("bucket/a.txt")
    tree.rm("bucket/d*/*.csv")
    assert tree.find("bucket") == TREE[1:3]
    tree.rm("bucket/d", recursive=True, maxdepth=1)
    assert tree.find("bucket") == TREE[2:3]
    with pytest.raises(FileNotFoundError):
        tree.rm("bucket/none", recursive=True)
    with pytest.raises(ValueError, match="name a bucket"):
        tree.rm("", recursive=True)
    with pytest.raises(OSError, match="not empty"):
        tree.rmdir("bucket")
    with pytest.raises(OSError, match="within a bucket"):
        tree.rmdir("bucket/d")
    tree.rm("bucket", recursive=True)
    assert tree.ls("") == []


def test_buckets(fs: BucketryFileSystem) -> None:
    with pytest.raises(FileExistsError):
        fs.mkdir("bucket")
    fs.makedirs("bucket/any/folder")
    fs.makedirs("bucket", exist_ok=True)
    with pytest.raises(FileNotFoundError):
        fs.mkdir("bucket2/folder", create_parents=False)
    fs.mkdir("bucket2/folder")
    assert fs.ls("", detail=False) == ["bucket", "bucket2"]
    fs.rmdir("bucket2")
    with pytest.raises(FileNotFoundError):
        fs.rmdir("bucket2")
    with pytest.raises(ValueError, match="bucket name"):
        fs.mkdir("Not A Bucket")


def test_copies_and_moves(tree: BucketryFileSystem, store: Store) -> None:
    tree.pipe_file("bucket/typed", b"x", content_type="image/png", metadata={"who": "me"})
    tree.cp("bucket/typed", "bucket/copy")
    info = store.head_object("bucket", "copy")
    assert (info.content_type, dict(info.metadata)) == ("image/png", {"who": "me"})
    tree.cp("bucket/copy", "bucket/copy")
    tree.mv("bucket/d", "bucket/moved", recursive=True)
    assert tree.find("bucket/moved") == ["bucket/moved/b.txt", "bucket/moved/e/c.txt"]
    assert tree.find("bucket/d") == []
    tree.mv("bucket/a.txt", "bucket/z.txt")
    assert tree.cat("bucket/z.txt") == b"bucket/a.txt"
    with pytest.raises(FileNotFoundError):
        tree.mv("bucket/none", "bucket/elsewhere")


@pytest.mark.parametrize(
    ("source", "target", "recursive"),
    [
        ("bucket/d/b.txt", "bucket/d/", False),
        ("/bucket/d/b.txt", "bucket/d/b.txt", False),
        ("bucket/d", "bucket/", True),
        ("bucket/d/*", "bucket/d", False),
        (["bucket/a.txt", "bucket/d/b.txt"], ["bucket/new", "bucket/d/b.txt"], False),
    ],
)
def test_a_move_onto_itself_deletes_nothing(
    tree: BucketryFileSystem, source: Any, target: Any, recursive: bool
) -> None:
    before = tree.find("bucket")
    with pytest.raises(shutil.SameFileError):
        tree.mv(source, target, recursive=recursive)
    assert tree.find("bucket") == before


def test_a_file_beside_a_folder_of_its_name_is_moved_alone(tree: BucketryFileSystem) -> None:
    tree.pipe("bucket/d", b"a file")
    tree.mv("bucket/d", "bucket/moved")
    assert tree.cat("bucket/moved") == b"a file"
    assert not tree.isfile("bucket/d")
    assert tree.cat("bucket/d/b.txt") == b"bucket/d/b.txt"


@pytest.mark.parametrize("path", ["bucket/d", "bucket"])
def test_folders_are_moved_only_if_that_is_asked_for(tree: BucketryFileSystem, path: str) -> None:
    before = tree.find("bucket")
    tree.mkdir("elsewhere")
    with pytest.raises(IsADirectoryError):
        tree.mv(path, "elsewhere/x")
    assert tree.find("bucket") == before


def test_a_bucket_is_moved_with_all_that_it_holds(tree: BucketryFileSystem) -> None:
    tree.mkdir("elsewhere")
    tree.mv("bucket", "elsewhere/all", recursive=True)
    assert tree.find("elsewhere") == [path.replace("bucket", "elsewhere/all", 1) for path in TREE]
    assert tree.ls("", detail=False) == ["elsewhere"]


def test_that_a_store_is_closed_does_not_mean_that_nothing_exists(fs: BucketryFileSystem, store: Store) -> None:
    fs.pipe("bucket/a", b"content")
    store.close()
    for ask in (fs.exists, fs.isdir, fs.isfile):
        with pytest.raises(ValueError, match="closed"):
            ask("bucket/a")


def test_touch(fs: BucketryFileSystem) -> None:
    fs.touch("bucket/a")
    assert fs.size("bucket/a") == 0
    fs.pipe("bucket/a", b"content")
    with pytest.raises(NotImplementedError):
        fs.touch("bucket/a", truncate=False)
    fs.touch("bucket/a")
    assert fs.size("bucket/a") == 0


def test_checksums_tell_contents_apart(fs: BucketryFileSystem) -> None:
    fs.pipe({"bucket/a": b"one", "bucket/b": b"one"})
    first, key = fs.checksum("bucket/a"), fs.ukey("bucket/a")
    assert (first, key) == (fs.checksum("bucket/a"), fs.ukey("bucket/a"))
    fs.pipe("bucket/a", b"two")
    assert first != fs.checksum("bucket/a")
    assert key != fs.ukey("bucket/a")


def test_listings_are_not_kept_by_default(fs: BucketryFileSystem, store: Store) -> None:
    assert fs.ls("bucket") == []
    store.put_object("bucket", "new", b"")
    assert fs.ls("bucket", detail=False) == ["bucket/new"]


def test_kept_listings_are_forgotten_by_each_write(store: Store) -> None:
    fs = BucketryFileSystem(store, use_listings_cache=True)
    fs.mkdir("bucket")
    fs.pipe("bucket/d/a", b"")
    assert fs.ls("bucket/d", detail=False) == ["bucket/d/a"]
    store.put_object("bucket", "d/theirs", b"")
    assert fs.ls("bucket/d", detail=False) == ["bucket/d/a"]
    assert not fs.exists("bucket/d/theirs")
    assert fs.ls("bucket/d", detail=False, refresh=True) == ["bucket/d/a", "bucket/d/theirs"]
    for write in (
        lambda: fs.pipe("bucket/d/b", b""),
        lambda: fs.touch("bucket/d/c"),
        lambda: fs.cp("bucket/d/c", "bucket/d/e"),
        lambda: fs.open("bucket/d/f", "wb").close(),
        lambda: fs.rm("bucket/d/b"),
        lambda: fs.rm(["bucket/d/c"]),
        lambda: fs.mv("bucket/d/e", "bucket/d/g"),
        lambda: fs.rm("bucket/d/g", recursive=True),
    ):
        fs.ls("bucket/d")
        write()
        assert fs.ls("bucket/d", detail=False) == [f"bucket/{info.key}" for info in store.iter_objects("bucket")]
    with fs.transaction:
        fs.ls("bucket/d")
        fs.pipe("bucket/d/late", b"")
    assert "bucket/d/late" in fs.ls("bucket/d", detail=False)
    fs.ls("")
    fs.rm("bucket", recursive=True)
    assert fs.ls("") == []


def test_deleting_a_folder_in_a_bucket_with_versions_makes_no_marker_of_its_name(
    tree: BucketryFileSystem, store: Store
) -> None:
    store.put_bucket_settings("bucket", VersioningSettings(status="Enabled"))
    tree.rm("bucket/d", recursive=True)
    assert not tree.exists("bucket/d")
    markers = [each.key for each in store.iter_object_versions("bucket") if isinstance(each, DeleteMarker)]
    assert markers == ["d/b.txt", "d/e/c.txt"]
    tree.pipe("bucket/d", b"a file beside a folder")
    tree.pipe("bucket/d/b", b"x")
    tree.rm("bucket/d", recursive=True)
    assert not tree.isfile("bucket/d")
    assert tree.find("bucket/d") == []


def test_folders_that_lie_within_others_are_deleted_with_them(tree: BucketryFileSystem) -> None:
    tree.rm(["bucket/d/e", "bucket/d", "bucket/d/b.txt"], recursive=True)
    assert tree.find("bucket") == ["bucket/a.txt", "bucket/d2/x.csv"]
    tree.rm("bucket/**", recursive=True)
    assert tree.find("bucket") == []


def test_a_whole_bucket_is_downloaded_and_uploaded(tree: BucketryFileSystem, tmp_path: Path) -> None:
    tree.get("bucket", str(tmp_path / "all"), recursive=True)
    assert sorted(str(path.relative_to(tmp_path / "all")) for path in (tmp_path / "all").rglob("*.*")) == [
        path.removeprefix("bucket/") for path in TREE
    ]
    tree.put(str(tmp_path / "all"), "copied", recursive=True)
    assert tree.find("copied") == [path.replace("bucket", "copied", 1) for path in TREE]
    with pytest.raises(FileNotFoundError):
        tree.get_file("none", str(tmp_path / "none"))
    assert not (tmp_path / "none").exists()
