from __future__ import annotations

import os
from pathlib import Path

import pytest
from bucketry import Store
from bucketry_cli.files import UnsafeName, checked_name

from tests.cli.conftest import Run


def files() -> dict[str, bytes]:
    return {path.as_posix(): path.read_bytes() for path in Path().rglob("*") if path.is_file()}


def test_the_file_is_named_after_the_last_part_of_the_key(run: Run, store: Store) -> None:
    store.put_object("assets", "images//photo.jpg", b"picture")
    result = run("get", "assets/images//photo.jpg")
    assert result.stderr == "downloaded assets/images//photo.jpg to photo.jpg (7 B)\n"
    assert files() == {"photo.jpg": b"picture"}


def test_the_file_can_be_named_or_its_folder(run: Run, store: Store) -> None:
    store.put_object("assets", "a/b", b"x")
    Path("folder").mkdir()
    assert run("get", "assets/a/b", "other").exit_code == 0
    assert run("get", "assets/a/b", "folder").exit_code == 0
    assert files() == {"other": b"x", "folder/b": b"x"}


def test_content_goes_to_standard_output_and_nothing_else_does(run: Run, store: Store) -> None:
    store.put_object("assets", "a", bytes(range(256)))
    result = run("get", "assets/a", "-")
    assert result.stdout_bytes == bytes(range(256))
    assert result.stderr == ""
    assert files() == {}


@pytest.mark.parametrize("key", ["a/", "..", "a/..", "a/.", "a/\0x", "/"])
def test_a_key_that_names_no_file_is_refused(run: Run, store: Store, key: str) -> None:
    store.put_object("assets", key, b"x")
    result = run("get", f"assets/{key}")
    assert result.exit_code == 1
    assert "gives no file name" in result.stderr
    assert files() == {}
    assert run("get", f"assets/{key}", "named").exit_code == 0
    assert files() == {"named": b"x"}


@pytest.mark.parametrize("name", ["", ".", "..", "/", "a/b", "/etc", "a\0", "x" * 256, "ä" * 128])
def test_unsafe_names(name: str) -> None:
    with pytest.raises(UnsafeName):
        checked_name(name)


@pytest.mark.parametrize("name", ["...", "..a", "-", "~", "$HOME", "a b", "a\nb", "%2F", "x" * 255])
def test_safe_names(name: str) -> None:
    assert checked_name(name) == name


def test_a_download_that_breaks_off_leaves_the_old_file_and_nothing_else(
    run: Run, store: Store, store_url: str
) -> None:
    store.put_object("assets", "big", b"x" * 300_000)
    Path("big").write_bytes(b"old")
    result = run("get", "assets/big", store=f"{store_url}?breaks=true")
    assert result.exit_code == 1
    assert "error: The store is not available: the connection broke (bucket 'assets', key 'big')" in result.stderr
    assert files() == {"big": b"old"}


def test_a_missing_object_makes_no_file(run: Run, store: Store) -> None:
    result = run("get", "assets/nothing")
    assert result.exit_code == 1
    assert "error: The object does not exist (bucket 'assets', key 'nothing')" in result.stderr
    assert files() == {}


@pytest.mark.parametrize(
    ("file", "message"),
    [
        ("no/folder", "No such file or directory: '"),
        ("folder/", "there is no folder 'folder/'"),
    ],
)
def test_a_folder_that_does_not_exist_is_not_made(run: Run, store: Store, file: str, message: str) -> None:
    store.put_object("assets", "a", b"x")
    result = run("get", "assets/a", file)
    assert result.exit_code == 1
    assert result.stderr.startswith(f"error: {message}")
    assert ".part" not in result.stderr
    assert not list(Path().iterdir())


def test_a_file_that_is_replaced_keeps_its_permissions_and_links_to_it_stay(run: Run, store: Store) -> None:
    store.put_object("assets", "a", b"new")
    Path("private").write_bytes(b"old")
    Path("private").chmod(0o600)
    Path("link").symlink_to("private")
    assert run("get", "assets/a", "link").exit_code == 0
    assert Path("link").is_symlink()
    assert files()["private"] == b"new"
    assert Path("private").stat().st_mode & 0o777 == 0o600


def test_a_new_file_has_the_usual_permissions(run: Run, store: Store) -> None:
    store.put_object("assets", "a", b"new")
    Path("usual").write_bytes(b"")
    run("get", "assets/a", "fresh")
    assert Path("fresh").stat().st_mode == Path("usual").stat().st_mode


def test_a_pipe_is_written_to_and_not_replaced(run: Run, store: Store) -> None:
    store.put_object("assets", "a", b"through")
    os.mkfifo("pipe")
    reader = os.open("pipe", os.O_RDONLY | os.O_NONBLOCK)
    assert run("get", "assets/a", "pipe").exit_code == 0
    assert os.read(reader, 100) == b"through"
    os.close(reader)
    assert Path("pipe").is_fifo()


def test_recursive_keeps_the_path_after_the_last_slash_of_the_prefix(run: Run, store: Store) -> None:
    for key in ("images/a", "images/deep/b", "images/empty/", "other"):
        store.put_object("assets", key, b"" if key.endswith("/") else key.encode())
    assert run("get", "-r", "assets/images/", "one").exit_code == 0
    assert run("get", "-r", "assets/ima", "two").exit_code == 0
    assert files() == {
        "one/a": b"images/a",
        "one/deep/b": b"images/deep/b",
        "two/images/a": b"images/a",
        "two/images/deep/b": b"images/deep/b",
    }
    assert Path("one/empty").is_dir()


HOSTILE = ("../escape", "/etc/escape", "a/../../escape", "a//b", "./escape", "..", "a/\0", "end/")


def test_recursive_never_leaves_the_folder_and_reports_what_it_left_out(run: Run, store: Store) -> None:
    for key in HOSTILE:
        store.put_object("assets", key, b"evil")
    store.put_object("assets", "good/file", b"good")
    result = run("get", "--recursive", "assets", "target")
    assert result.exit_code == 1
    assert files() == {"target/good/file": b"good"}
    refused = [line for line in result.stderr.splitlines() if line.startswith("not downloaded: ")]
    assert len(refused) == len(HOSTILE)
    assert result.stderr.splitlines()[-1] == "error: 8 objects could not be downloaded"


def test_recursive_follows_no_link_that_lies_in_the_folder(run: Run, store: Store, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "file").write_bytes(b"mine")
    Path("target").mkdir()
    Path("target/out").symlink_to(outside)
    Path("target/link").symlink_to(outside / "file")
    for key in ("out/new", "out/deep/new", "link"):
        store.put_object("assets", key, b"evil")
    assert run("get", "-r", "assets", "target").exit_code == 1
    assert {path.name: path.read_bytes() for path in outside.iterdir()} == {"file": b"mine"}


def test_recursive_reports_a_key_whose_folder_is_a_file_already(run: Run, store: Store) -> None:
    store.put_object("assets", "a", b"file")
    store.put_object("assets", "a/b", b"below")
    result = run("get", "-r", "assets", "target")
    assert result.exit_code == 1
    assert files() == {"target/a": b"file"}
    assert "not downloaded: 'a/b'" in result.stderr
