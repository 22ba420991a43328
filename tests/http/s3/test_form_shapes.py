"""Forms that are none, or not as they should be, and forms without a signature."""

from __future__ import annotations

import pytest
from bucketry import Store
from bucketry_http import S3Rights

from tests.http.s3.client import Client
from tests.http.s3.serving import memory_store, serving
from tests.http.s3.test_forms import FILE, KEY, KEY_CONDITION, encoded, form, post, signed, stored

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


EXPIRATIONS = [
    "2099-01-01T00:00:00Z",
    "2099-01-01T00:00:00.000Z",
    "2099-01-01T00:00:00.123456789Z",
    "2099-01-01T02:00:00+02:00",
]
NO_EXPIRATIONS = [
    "2099-01-01 00:00:00Z", "2099-01-01 00:00:00+00:00", "2099-01-01T00:00:00", "2099-01-01", "2099-01-01T00:00Z",
    "20990101T000000Z", "2099-W01-1T00:00:00Z", "2099-13-01T00:00:00Z", "Thu, 01 Jan 2099 00:00:00 GMT", "4070908800",
    "",
    "\u0662\u0660\u0669\u0669-01-01T00:00:00Z", "9" * 5000 + "-01-01T00:00:00Z",
]  # fmt: skip
SIGNATURE = ", ".join(f'["starts-with", "$x-amz-{name}", ""]' for name in ("algorithm", "credential", "date"))
BUCKET = f'{{"bucket": "things"}}, {{"key": "from/a form"}}, {SIGNATURE}'


def policy(expiration: str = "2099-01-01T00:00:00Z", conditions: str = BUCKET, more: str = "") -> dict[str, str]:
    return encoded(f'{{"expiration": "{expiration}", "conditions": [{conditions}]{more}}}'.encode()) | KEY


@pytest.mark.parametrize("expiration", EXPIRATIONS)
def test_how_an_expiration_is_written(s3: Client, expiration: str) -> None:
    assert post(s3, policy(expiration)).status == 204


@pytest.mark.parametrize("expiration", NO_EXPIRATIONS)
def test_no_other_way_is_taken(s3: Client, store: Store, expiration: str) -> None:
    assert post(s3, policy(expiration)).error == (400, "InvalidPolicyDocument")
    assert list(store.iter_objects("things")) == []


@pytest.mark.parametrize(
    "repeated",
    [
        policy(more=', "expiration": "2199-01-01T00:00:00Z"'),
        policy(more=', "condition\\u0073": []'),
        policy(conditions=BUCKET + ', {"acl": "private", "acl": "public-read"}'),
        policy(more=', "other": {"deep": [{"a": 1, "\\u0061": 2}]}'),
    ],
    ids=["expiration", "conditions", "a condition", "deep"],
)
def test_no_name_stands_twice(s3: Client, store: Store, repeated: dict[str, str]) -> None:
    reply = post(s3, repeated)
    assert reply.error == (400, "InvalidPolicyDocument")
    assert "twice" in reply.text("Message")
    assert list(store.iter_objects("things")) == []


@pytest.mark.parametrize(("least", "most", "status"), [
    ("0", "9" * 20, 204), ("0", "9" * 4000, 204), ("9" * 20, "9" * 20, 400), ('"0"', f'"{"9" * 5000}"', 204),
    ("0", "9" * 5000, 400), ("-1", "100", 400), ("0", "1e3", 400), ("0", "true", 400), ("0", '"1_0"', 400),
])  # fmt: skip
def test_bounds_of_any_length(s3: Client, store: Store, least: str, most: str, status: int) -> None:
    bounds = f'{BUCKET}, ["Content-Length-Range", {least}, {most}]'
    assert post(s3, policy(conditions=bounds)).status == status
    assert len(list(store.iter_objects("things"))) == (status == 204)


@pytest.mark.parametrize("condition", ["1", '["eq"]', '{"a": 1}', "1" * 4000, "[[[1]]]", '["eq", "key", "a"]', "null"])
def test_a_condition_that_is_none(s3: Client, condition: str) -> None:
    reply = post(s3, policy(conditions=f"{BUCKET}, {condition}"))
    assert (reply.error, "condition 6" in reply.text("Message")) == ((400, "InvalidPolicyDocument"), True)


@pytest.mark.parametrize("content_type", [
    "Multipart/Form-Data; boundary=B", 'MULTIPART/FORM-DATA; BOUNDARY="B"', "multipart/form-data;Boundary=B",
    "multipart/form-data; charset=utf-8; boundary=B",
])  # fmt: skip
def test_media_types_ignore_case(s3: Client, store: Store, content_type: str) -> None:
    body = form(signed([KEY_CONDITION]) | KEY).replace(b"form-data; name=", b"Form-Data; Name=")
    assert s3.send("POST", "/things", {"content-type": content_type}, body).status == 204
    assert stored(store) == FILE
