"""What the sender of a form chooses besides its fields: the file's name and the type of its part."""

from __future__ import annotations

import time

import pytest
from bucketry import Store
from bucketry_http import S3Rights

from tests.http.s3.client import Client
from tests.http.s3.serving import memory_store, serving
from tests.http.s3.test_forms import KEY, KEY_CONDITION, form, post, signed

TOO_LARGE = (400, "MaxPostPreDataLengthExceededError")
NAMED = {"key": "from/${filename}"}
LONG = "a" * 7900
"""A part's headers have 8 KiB at most."""


def keys(store: Store) -> list[str]:
    return [info.key for info in store.iter_objects("things")]


@pytest.mark.parametrize(
    ("name", "stored"),
    [("a/b\\c", "c"), ("a\\b/c", "c"), ("c", "c"), ("a/", ""), ("é/ü\n", "ü\n"), ("a b.txt", "a b.txt")],
)
def test_directories_are_cut_off(s3: Client, store: Store, name: str, stored: str) -> None:
    fields = signed([KEY_CONDITION]) | NAMED
    body = form(fields, name="?").replace(b'filename="?"', b"filename*=utf-8''" + percent(name))
    assert s3.send("POST", "/things", {"content-type": "multipart/form-data; boundary=B"}, body).status == 204
    assert keys(store) == [f"from/{stored}"]


def percent(text: str) -> bytes:
    return "".join(f"%{byte:02x}" for byte in text.encode()).encode()


def test_a_long_name_costs_next_to_nothing(s3: Client) -> None:
    started = time.monotonic()
    for _ in range(10):
        assert post(s3, KEY, name=LONG).error == (403, "AccessDenied")
    # Each took about a second when the name was cut by backtracking, and takes milliseconds.
    assert time.monotonic() - started < 3


def test_a_form_grows_no_larger_than_it_may_be_sent(s3: Client, store: Store) -> None:
    many = {"x-ignore-a": "${filename}" * 1000}
    assert post(s3, signed([KEY_CONDITION]) | KEY | many, name="\N{FIRE}" + LONG).error == TOO_LARGE
    assert keys(store) == []
    assert post(s3, signed([KEY_CONDITION]) | KEY | many, name="short").status == 204
    assert keys(store) == ["from/a form"]


def test_names_are_replaced_for_those_alone_who_may_write(s3: Client) -> None:
    many = {"x-ignore-a": "${filename}" * 1000}
    assert post(s3, KEY | many, name=LONG).error == (403, "AccessDenied")
    wrong = signed([KEY_CONDITION]) | {"x-amz-signature": "0" * 64}
    assert post(s3, wrong | KEY | many, name=LONG).error == (403, "SignatureDoesNotMatch")


def test_the_name_may_stand_in_any_field_and_the_policy_is_about_the_result(s3: Client, store: Store) -> None:
    meta = {"x-amz-meta-name": "<${filename}>"}
    conditions = [["eq", "$key", "from/b.txt"], ["eq", "$x-amz-meta-name", "<b.txt>"]]
    assert post(s3, signed(conditions) | NAMED | meta, name="b.txt").status == 204
    assert store.head_object("things", "from/b.txt").metadata == {"name": "<b.txt>"}
    assert post(s3, signed(conditions) | NAMED | meta, name="c.txt").error == (403, "AccessDenied")
    assert keys(store) == ["from/b.txt"]


def test_the_type_that_the_file_s_part_declares_does_not_count(s3: Client, store: Store) -> None:
    body = form(signed([KEY_CONDITION]) | KEY).replace(b"text/x-f", b"text/html")
    assert s3.send("POST", "/things", {"content-type": "multipart/form-data; boundary=B"}, body).status == 204
    assert store.head_object("things", "from/a form").content_type == "binary/octet-stream"


def test_nor_does_it_where_everybody_may_write() -> None:
    with memory_store() as store, serving(store, anonymous=S3Rights(buckets=("open",))) as url:
        store.create_bucket("open")
        assert post(Client(url), KEY, "/open").status == 204
        assert store.head_object("open", "from/a form").content_type == "binary/octet-stream"


def test_a_policy_without_a_bucket_is_valid_for_none(s3: Client, store: Store) -> None:
    reply = post(s3, signed([KEY_CONDITION], bucket=None) | KEY)
    assert reply.error == (403, "AccessDenied")
    assert "Extra input fields: bucket" in reply.text("Message")
    assert keys(store) == []
