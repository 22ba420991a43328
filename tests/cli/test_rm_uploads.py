"""`bucketry rm --uploads`: ends uploads in progress that nobody goes on with."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
from bucketry import Store, open_store

from tests.cli import kept_driver
from tests.cli.conftest import Install, Run

URL = "kept://"


@pytest.fixture
def kept(store_url: str, install: Install) -> Iterator[Store]:
    """A store with uploads in progress: two that began two days ago, and one of now."""
    install("kept", "tests.cli.kept_driver:KeptDriver")
    kept_driver.STATE.clear()
    store = open_store(URL)
    store.create_bucket("assets")
    store.put_object("assets", "tmp/a", b"content")
    for key in ("tmp/a", "tmp/b"):
        upload_id = store.create_multipart_upload("assets", key).upload_id
        store.upload_part("assets", key, upload_id, 1, b"part")
    store.clock.advance(timedelta(days=2))
    store.create_multipart_upload("assets", "tmp/now")
    yield store
    kept_driver.STATE.clear()


def keys(store: Store) -> list[str]:
    return [upload.key for upload in store.iter_multipart_uploads("assets")]


def test_those_that_began_a_day_ago_are_aborted_below_the_prefix_alone(run: Run, kept: Store) -> None:
    done = run("rm", "--recursive", "--yes", "--uploads", "assets/tmp/b", store=URL)
    assert (done.exit_code, done.stderr.splitlines()) == (0, ["aborted 1 upload in assets/tmp/b"])
    assert keys(kept) == ["tmp/a", "tmp/now"]
    done = run("rm", "--recursive", "--yes", "--uploads", "assets", store=URL)
    assert (done.exit_code, done.stderr.splitlines()) == (0, ["aborted 1 upload in assets"])
    assert keys(kept) == ["tmp/now"]
    assert kept.get_object("assets", "tmp/a").read() == b"content"


@pytest.mark.parametrize(
    ("seconds", "left"), [("0", []), ("3600", ["tmp/now"]), ("259200", ["tmp/a", "tmp/b", "tmp/now"])]
)
def test_how_long_ago_they_began_is_an_option(run: Run, kept: Store, seconds: str, left: list[str]) -> None:
    assert run("rm", "-r", "-y", "--uploads", "--older-than", seconds, "assets", store=URL).exit_code == 0
    assert keys(kept) == left


def test_it_asks_before_it_aborts_any(run: Run, kept: Store) -> None:
    done = run("rm", "-r", "--uploads", "assets", "assets/tmp/", store=URL, stdin="y\nn\n")
    assert done.exit_code == 1
    assert "Abort 2 uploads in bucket assets?" in done.stderr
    assert "Abort 2 uploads with keys that begin with 'tmp/' in bucket assets?" in done.stderr
    assert len(keys(kept)) == 3
    # What the first target has aborted, the second one no longer finds.
    assert run("rm", "-r", "--uploads", "assets", "assets/tmp/", store=URL, stdin="y\ny\n").exit_code == 0
    assert keys(kept) == ["tmp/now"]


def test_where_none_is_left_it_asks_nothing(run: Run, kept: Store) -> None:
    done = run("rm", "-r", "--uploads", "assets/nothing", store=URL)
    assert (done.exit_code, done.stderr.splitlines()) == (0, ["aborted 0 uploads in assets/nothing"])


@pytest.mark.parametrize(
    "options",
    [
        ["--uploads", "assets"],
        ["--recursive", "--versions", "--uploads", "assets"],
        ["--recursive", "--older-than", "5", "assets"],
        ["--uploads", "--version-id", "1", "assets/tmp/a"],
        ["--recursive", "--uploads", "--older-than", "-1", "assets"],
    ],
    ids=" ".join,
)
def test_options_that_do_not_go_together_abort_nothing(run: Run, kept: Store, options: list[str]) -> None:
    assert run("rm", "--yes", *options, store=URL).exit_code == 2
    assert len(keys(kept)) == 3


def test_a_store_without_uploads_says_so(run: Run, store: Store, store_url: str) -> None:
    done = run("rm", "-r", "--uploads", "assets")
    assert done.exit_code == 1
    assert "multipart" in done.stderr
