from __future__ import annotations

import json

import pytest
from bucketry import FEATURE_NAMES, OPERATIONS, PutOptions, Store
from bucketry_cli.output import size

from tests.cli.conftest import Install, Run


def test_mb_and_rb_make_and_remove_a_bucket(run: Run) -> None:
    assert run("mb", "s3://assets/").exit_code == 0
    assert run("ls").output == "2024-01-15T10:30:00Z  assets\n"
    assert run("rb", "assets").exit_code == 0
    assert run("ls").output == ""


def test_a_bucket_that_holds_objects_stays_and_the_error_says_what_to_do(run: Run, store: Store) -> None:
    store.put_object("assets", "a", b"x")
    result = run("rb", "assets")
    assert result.exit_code == 1
    assert result.stderr == (
        "error: The bucket is not empty: delete its objects first (bucket 'assets')\n"
        "hint: 'bucketry rm --recursive BUCKET' deletes its objects, and with --versions all versions\n"
    )
    assert store.head_bucket("assets").name == "assets"


def test_ls_shows_time_size_type_and_key_of_the_keys_below_a_prefix(run: Run, store: Store) -> None:
    store.put_object("assets", "images/a.png", b"12345", PutOptions(content_type="image/png"))
    store.put_object("assets", "other", b"x")
    [line] = run("ls", "s3://assets/images/").output.splitlines()
    modified, *rest = line.split()
    assert rest == ["5", "image/png", "images/a.png"]
    assert modified == store.head_object("assets", "images/a.png").last_modified.strftime("%Y-%m-%dT%H:%M:%SZ")


def test_ls_splits_at_the_first_slash_alone(run: Run, store: Store) -> None:
    store.put_object("assets", "/a", b"")
    store.put_object("assets", "a", b"")
    keys = [json.loads(line)["key"] for line in run("ls", "--json", "assets//").output.splitlines()]
    assert keys == ["/a"]


def test_ls_rolls_keys_up_at_a_delimiter_in_byte_order(run: Run, store: Store) -> None:
    for key in ("a", "b/1", "b/2", "c"):
        store.put_object("assets", key, b"")
    entries = [json.loads(line) for line in run("ls", "--json", "--delimiter", "/", "assets").output.splitlines()]
    assert [entry.get("key", entry.get("prefix")) for entry in entries] == ["a", "b/", "c"]
    assert "(prefix)" in run("ls", "--delimiter", "/", "assets").output


def test_ls_lists_more_than_a_page(run: Run, store: Store) -> None:
    for number in range(1234):
        store.put_object("assets", f"{number:04}", b"")
    lines = run("ls", "--no-content-type", "assets").output.splitlines()
    assert [line.split()[-1] for line in lines] == [f"{number:04}" for number in range(1234)]


def test_ls_shows_no_control_character_of_a_key_but_json_keeps_the_key(run: Run, store: Store) -> None:
    key = "a\nb\x1b[2J\u200b"
    store.put_object("assets", key, b"")
    [line] = run("ls", "assets").output.splitlines()
    assert line.endswith(r"a\nb\x1b[2J\u200b")
    [line] = run("ls", "--json", "assets").output.splitlines()
    entry = json.loads(line)
    assert entry["key"] == key
    assert set(entry) == {"key", "size_bytes", "content_type", "last_modified", "etag"}


@pytest.mark.parametrize(
    ("count", "shown"),
    [
        (0, "0 B"),
        (1023, "1023 B"),
        (1024, "1.0 KiB"),
        (1536, "1.5 KiB"),
        (5 * 1024**3, "5.0 GiB"),
        (2**50, "1024.0 TiB"),
    ],
)
def test_sizes_for_people(count: int, shown: str) -> None:
    assert size(count) == shown


def test_usage_shows_figures_with_their_source_and_age(run: Run, store: Store) -> None:
    store.put_object("assets", "a", b"x" * 2048)
    header, line = run("usage").output.splitlines()
    assert header.split() == ["BUCKET", "OBJECTS", "BYTES", "SIZE", "SOURCE", "AS", "OF"]
    assert line.split() == ["assets", "1", "2,048", "2.0", "KiB", "listing", "2024-01-15T10:30:00Z"]
    assert json.loads(run("usage", "assets", "--json").output) == {
        "name": "assets",
        "object_count": 1,
        "size_bytes": 2048,
        "noncurrent_count": None,
        "noncurrent_bytes": None,
        "source": "listing",
        "as_of": "2024-01-15T10:30:00Z",
    }


def test_usage_of_a_bucket_that_does_not_exist_fails(run: Run, store: Store) -> None:
    result = run("usage", "nowhere")
    assert result.exit_code == 1
    assert "error: The bucket does not exist (bucket 'nowhere')" in result.stderr


def test_drivers_are_listed_with_what_they_lack(run: Run) -> None:
    rows = {line.split()[0]: line for line in run("drivers", store=None).output.splitlines()}
    assert rows["plain"].split()[1:4] == ["plain-driver", "1.2.3", "3"]
    assert "presign" in rows["plain"]
    assert rows["memory"].split("  ")[-1].strip() == f"all {len(FEATURE_NAMES)}"
    assert f" all {len(OPERATIONS)} " in rows["memory"]


def test_a_broken_driver_is_explained_in_a_sentence_and_hides_no_other(run: Run, install: Install) -> None:
    install("broken", "no_such_module:Driver")
    result = run("drivers", store=None)
    assert result.exit_code == 0
    assert "memory" in result.output
    [sentence] = [line for line in result.output.splitlines() if line.startswith("broken cannot be used: ")]
    assert "ModuleNotFoundError: No module named 'no_such_module'" in sentence


def test_drivers_as_json_name_every_feature(run: Run, install: Install) -> None:
    install("broken", "no_such_module:Driver")
    described = {entry["name"]: entry for entry in map(json.loads, run("drivers", "--json").output.splitlines())}
    assert described["broken"]["features"] is None
    assert described["broken"]["problem"]
    assert described["folder"]["features"]["list_delimiter"] is True
    assert described["folder"]["problem"] is None
    assert {"presign", "delete_objects"} <= set(described["plain"]["missing_operations"])


def test_presign_prints_the_url_alone_on_standard_output(run: Run) -> None:
    result = run("presign", "assets/a b", "--expires-in", "60")
    assert result.stdout == "http://default/assets/a b?method=GET&type=None\n"
    assert result.stderr == "works until 2024-01-15T10:31:00Z\n"
    result = run("presign", "assets/a", "--method", "put", "--content-type", "text/plain", "--json")
    assert json.loads(result.stdout) == {
        "url": "http://default/assets/a?method=PUT&type=text/plain",
        "method": "PUT",
        "expires_at": "2024-01-15T11:30:00Z",
    }


@pytest.mark.parametrize("seconds", ["0", "604801", "soon"])
def test_presign_refuses_an_expiry_out_of_bounds(run: Run, seconds: str) -> None:
    assert run("presign", "assets/a", "--expires-in", seconds).exit_code == 2


def test_what_a_driver_cannot_do_is_said_with_a_hint(run: Run, store_url: str) -> None:
    result = run("presign", "assets/a", store=store_url.replace("folder", "plain", 1))
    assert result.exit_code == 1
    assert "does not implement presign" in result.stderr
    assert "hint: 'bucketry drivers'" in result.stderr
