"""Forms that are none, or not as they should be, and forms without a signature."""

from __future__ import annotations

import pytest
from bucketry import Store
from bucketry_http import S3Rights

from tests.http.s3.asking import Client
from tests.http.s3.serving import memory_store, serving
from tests.http.s3.test_forms import FILE, KEY, KEY_CONDITION, form, post, signed, stored

FORM = "multipart/form-data; boundary=B"


def test_a_form_without_a_file(s3: Client, store: Store) -> None:
    assert post(s3, signed([KEY_CONDITION]) | KEY, file=None).error == (400, "InvalidArgument")
    assert list(store.iter_objects("things")) == []


def test_fields_too_large(s3: Client, store: Store) -> None:
    more = {"x-ignore-a": "x" * 70_000}
    assert post(s3, signed([KEY_CONDITION]) | KEY | more).error == (400, "MaxPostPreDataLengthExceededError")
    assert list(store.iter_objects("things")) == []


def test_fields_without_end(s3: Client) -> None:
    more = {f"x-ignore-{number}": "" for number in range(200)}
    assert post(s3, signed([KEY_CONDITION]) | KEY | more).status == 400


def test_a_field_twice(s3: Client) -> None:
    assert post(s3, signed([KEY_CONDITION]) | KEY | {"Key": "another"}).error == (400, "InvalidArgument")


BODIES = {
    "nothing": (FORM, b"", "MalformedPOSTRequest"),
    "no end": (FORM, form(signed([KEY_CONDITION]) | KEY)[:-10], "MalformedPOSTRequest"),
    "another boundary": (FORM, form({}).replace(b"--B", b"--C"), "MalformedPOSTRequest"),
    "no boundary": ("multipart/form-data", form({}), "MalformedPOSTRequest"),
    "a field that is no UTF-8": (FORM, form({"key": "?"}).replace(b"?", b"\xff"), "MalformedPOSTRequest"),
}


@pytest.mark.parametrize(("content_type", "body", "code"), BODIES.values(), ids=BODIES)
def test_what_is_no_form(s3: Client, store: Store, content_type: str, body: bytes, code: str) -> None:
    assert s3.send("POST", "/things", {"content-type": content_type}, body).error == (400, code)
    assert list(store.iter_objects("things")) == []


@pytest.mark.parametrize("content_type", ["application/x-www-form-urlencoded", "text/plain", ""])
def test_a_post_of_something_else(s3: Client, content_type: str) -> None:
    headers = {"content-type": content_type} if content_type else {}
    assert s3.send("POST", "/things", headers, b"key=a").error == (403, "AccessDenied")
    assert s3.ask("POST", "/things", b"key=a", headers).error == (412, "PreconditionFailed")


def test_the_bucket_must_be_there(s3: Client) -> None:
    assert post(s3, signed([KEY_CONDITION], bucket="none-such") | KEY, "/none-such").error == (404, "NoSuchBucket")


def test_everybody_may_send_forms_where_everybody_may_write() -> None:
    rights = S3Rights(buckets=("open",))
    with memory_store() as store, serving(store, anonymous=rights) as url:
        store.create_bucket("open")
        store.create_bucket("things")
        client = Client(url)
        assert post(client, KEY | {"Content-Type": "text/plain"}, "/open").status == 204
        assert store.head_object("open", "from/a form").content_type == "text/plain"
        assert post(client, KEY, "/things").error == (403, "AccessDenied")
        wrong = signed([KEY_CONDITION], bucket="open") | {"x-amz-signature": "0" * 64}
        assert post(client, wrong | KEY, "/open").error == (403, "SignatureDoesNotMatch")


def test_a_file_may_be_empty(s3: Client, store: Store) -> None:
    assert post(s3, signed([KEY_CONDITION]) | KEY, file=b"").status == 204
    assert stored(store) == b""


def test_a_file_may_hold_what_looks_like_an_end(s3: Client, store: Store) -> None:
    file = b"\r\n--A--\r\n--" + FILE + b"\r\n--\r\n"
    assert post(s3, signed([KEY_CONDITION]) | KEY, file=file).status == 204
    assert stored(store) == file
