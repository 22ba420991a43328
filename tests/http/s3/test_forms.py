"""Uploads by a browser's form (S3 API reference, "POST Object" and "Creating a POST policy")."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from bucketry import Store
from types_boto3_s3 import S3Client

from tests.http.s3.checksums import checksum
from tests.http.s3.client import Client, Reply
from tests.http.s3.serving import GUEST, READER
from tests.http.s3.signing import NOTHING, OWNER, Signing, signing_as

FILE = b"what the browser sends"
KEY = {"key": "from/a form"}
KEY_CONDITION = ["starts-with", "$key", "from/"]
DENIED = (403, "AccessDenied")
TAGGING = "<Tagging><TagSet><Tag><Key>k</Key><Value>v</Value></Tag></TagSet></Tagging>"


def md5_of(content: bytes) -> str:
    return base64.b64encode(hashlib.md5(content, usedforsecurity=False).digest()).decode()


def signed(
    conditions: Sequence[Any], by: Signing = OWNER, *, bucket: str | None = "things", seconds: float = 3600
) -> dict[str, str]:
    """The fields that vouch for a policy, whose conditions on those fields themselves are added."""
    expiration = (datetime.now(UTC) + timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    own = [["starts-with", f"$x-amz-{name}", ""] for name in ("algorithm", "credential", "date")]
    bucket_condition = [] if bucket is None else [{"bucket": bucket}]
    policy = {"expiration": expiration, "conditions": [*bucket_condition, *own, *conditions]}
    return encoded(json.dumps(policy).encode(), by)


def encoded(policy: bytes, by: Signing = OWNER) -> dict[str, str]:
    return by.policy_fields(base64.b64encode(policy).decode())


def form(
    fields: Mapping[str, str], file: bytes | None = FILE, name: str = "a file.txt", after: Mapping[str, str] = NOTHING
) -> bytes:
    def part(field: str, value: str) -> bytes:
        return f'--B\r\nContent-Disposition: form-data; name="{field}"\r\n\r\n{value}\r\n'.encode()

    parts = b"".join(part(*each) for each in fields.items())
    if file is not None:
        head = (
            f'--B\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\nContent-Type: text/x-f\r\n\r\n'
        )
        parts += head.encode() + file + b"\r\n"
    return parts + b"".join(part(*each) for each in after.items()) + b"--B--\r\n"


def post(s3: Client, fields: Mapping[str, str], target: str = "/things", **how: Any) -> Reply:
    return s3.send("POST", target, {"content-type": "multipart/form-data; boundary=B"}, form(fields, **how))


def stored(store: Store, key: str = "from/a form") -> bytes:
    with store.get_object("things", key) as opened:
        return opened.read()


@pytest.mark.parametrize("size", [10, 50_000], ids=["held", "streamed"])
def test_a_file_is_stored(s3: Client, store: Store, size: int) -> None:
    reply = post(s3, signed([KEY_CONDITION]) | KEY, file=b"x" * size)
    assert (reply.status, reply.body) == (204, b"")
    info = store.head_object("things", "from/a form")
    assert (info.size_bytes, info.content_type) == (size, "binary/octet-stream")
    assert reply.headers["etag"] == f'"{info.etag}"'
    assert reply.headers["location"] == f"{s3.url}/things/from/a%20form"


def test_a_form_that_boto3_signs(s3: Client, store: Store, presigning: S3Client) -> None:
    made = presigning.generate_presigned_post("things", "a/${filename}", Conditions=[["content-length-range", 1, 100]])
    answer = httpx.post(made["url"], data=made["fields"], files={"file": ("name.txt", FILE)})
    assert answer.status_code == 204
    assert stored(store, "a/name.txt") == FILE


def test_fields_become_what_the_object_carries(s3: Client, store: Store) -> None:
    more = {"Content-Type": "text/plain", "x-amz-meta-colour": "blue", "Cache-Control": "no-cache", "tagging": TAGGING}
    assert (
        post(s3, signed([KEY_CONDITION, *({name: value} for name, value in more.items())]) | KEY | more).status == 204
    )
    info = store.head_object("things", "from/a form")
    assert (info.content_type, info.cache_control, info.metadata) == ("text/plain", "no-cache", {"colour": "blue"})
    assert store.get_object_tagging("things", "from/a form") == {"k": "v"}


@pytest.mark.parametrize("name", ["b.txt", "C:\\fakepath\\b.txt", "/home/me/b.txt"])
def test_the_file_s_own_name_may_stand_in_the_key(s3: Client, store: Store, name: str) -> None:
    assert post(s3, signed([KEY_CONDITION]) | {"key": "from/${filename}"}, name=name).status == 204
    assert [info.key for info in store.iter_objects("things")] == ["from/b.txt"]


@pytest.mark.parametrize(("status", "answered"), [("200", 200), ("201", 201), ("204", 204), ("404", 204), ("x", 204)])
def test_the_status_that_a_form_asks_for(s3: Client, status: str, answered: int) -> None:
    field = {"success_action_status": status}
    reply = post(s3, signed([KEY_CONDITION, field]) | KEY | field)
    assert reply.status == answered
    if answered == 201:
        assert [reply.text(f"{{*}}{name}") for name in ("Bucket", "Key")] == ["things", "from/a form"]
        assert (reply.text("{*}ETag"), reply.text("{*}Location")) == (reply.headers["etag"], reply.headers["location"])
    else:
        assert reply.body == b""


@pytest.mark.parametrize("field", ["success_action_redirect", "redirect"])
def test_the_page_that_a_form_asks_for(s3: Client, field: str) -> None:
    to = {field: "https://a.example/done?ok=1"}
    reply = post(s3, signed([KEY_CONDITION, to]) | KEY | to)
    assert reply.status == 303
    where = urlsplit(reply.headers["location"])
    assert (where.netloc, where.path) == ("a.example", "/done")
    expected = {"ok": ["1"], "bucket": ["things"], "key": ["from/a form"], "etag": [reply.headers["etag"]]}
    assert parse_qs(where.query) == expected


@pytest.mark.parametrize("page", ["javascript:alert(1)", "//a.example", "nonsense", "https://a\r\nset-cookie: a=b"])
def test_no_browser_is_sent_where_no_page_is(s3: Client, page: str) -> None:
    to = {"success_action_redirect": page}
    reply = post(s3, signed([KEY_CONDITION, to]) | KEY | to)
    assert reply.status == 204
    assert "set-cookie" not in reply.headers


MINE = ["eq", "$x-amz-meta-a", "mine"]
CONDITIONS: dict[str, tuple[list[Any], dict[str, str], tuple[int, str]]] = {
    "another key": ([["eq", "$key", "from/b"]], KEY, DENIED),
    "another start of the key": ([["starts-with", "$key", "to/"]], KEY, DENIED),
    "a key that no condition is on": ([], KEY, DENIED),
    "another value": ([KEY_CONDITION, MINE], KEY | {"x-amz-meta-a": "yours"}, DENIED),
    "no value": ([KEY_CONDITION, MINE], KEY, DENIED),
    "a field that no condition is on": ([KEY_CONDITION], KEY | {"x-amz-meta-a": "mine"}, DENIED),
    "one content type of two": (
        [KEY_CONDITION, ["starts-with", "$Content-Type", "image/"]],
        KEY | {"Content-Type": "image/png, text/html"},
        DENIED,
    ),
    "a file too small": ([KEY_CONDITION, ["content-length-range", 100, 200]], KEY, (400, "EntityTooSmall")),
    "a file too large": ([KEY_CONDITION, ["content-length-range", 0, 21]], KEY, (400, "EntityTooLarge")),
    "ranges of which one is too small": (
        [KEY_CONDITION, ["content-length-range", 0, 10], ["content-length-range", 0, 100]],
        KEY,
        (400, "EntityTooLarge"),
    ),
    "no range": ([KEY_CONDITION, ["content-length-range", "a", {}]], KEY, (400, "InvalidPolicyDocument")),
    "a range of fractions": ([KEY_CONDITION, ["content-length-range", 0, 99.5]], KEY, (400, "InvalidPolicyDocument")),
    "no condition": ([KEY_CONDITION, ["like", "$key", "a"]], KEY, (400, "InvalidPolicyDocument")),
    "an unknown acl": ([KEY_CONDITION, {"acl": "open"}], KEY | {"acl": "open"}, (400, "InvalidArgument")),
    "no key": ([], {}, (400, "UserKeyMustBeSpecified")),
    "an empty key": ([KEY_CONDITION], {"key": ""}, DENIED),
    "a key too long": ([["starts-with", "$key", ""]], {"key": "k" * 1025}, (400, "KeyTooLongError")),
    "no tags": ([KEY_CONDITION, {"tagging": "a=b"}], KEY | {"tagging": "a=b"}, (400, "MalformedXML")),
    "a wrong checksum": (
        [KEY_CONDITION, ["starts-with", "$x-amz-checksum-crc32", ""]],
        KEY | {"x-amz-checksum-crc32": checksum("crc32", b"another")},
        (400, "BadDigest"),
    ),
    "a wrong MD5": (
        [KEY_CONDITION, ["starts-with", "$content-md5", ""]],
        KEY | {"Content-MD5": md5_of(b"another")},
        (400, "BadDigest"),
    ),
    "no MD5": (
        [KEY_CONDITION, ["starts-with", "$content-md5", ""]], KEY | {"Content-MD5": "AAAA"}, (400, "InvalidDigest"),
    ),
    "a checksum of another algorithm than is said": (
        [KEY_CONDITION, ["starts-with", "$x-amz-checksum-crc32", ""], {"x-amz-checksum-algorithm": "SHA256"}],
        KEY | {"x-amz-checksum-crc32": checksum("crc32", FILE), "x-amz-checksum-algorithm": "SHA256"},
        (400, "InvalidRequest"),
    ),
    "an algorithm without a checksum": (
        [KEY_CONDITION, {"x-amz-checksum-algorithm": "CRC32"}], KEY | {"x-amz-checksum-algorithm": "CRC32"},
        (400, "InvalidRequest"),
    ),
    "tags as in a header": (
        [KEY_CONDITION, {"x-amz-tagging": "a=b"}], KEY | {"x-amz-tagging": "a=b"}, (400, "InvalidArgument"),
    ),
    "metadata that ends its line": (
        [KEY_CONDITION, ["starts-with", "$x-amz-meta-a", ""]], KEY | {"x-amz-meta-a": "a\r\nset-cookie: b=c"},
        (400, "InvalidArgument"),
    ),
    "a type that ends its line": (
        [KEY_CONDITION, ["starts-with", "$Content-Type", ""]], KEY | {"Content-Type": "text/plain\r\nset-cookie: b=c"},
        (400, "InvalidArgument"),
    ),
}  # fmt: skip


@pytest.mark.parametrize(("conditions", "fields", "error"), CONDITIONS.values(), ids=CONDITIONS)
def test_what_the_policy_does_not_allow_is_not_stored(
    s3: Client, store: Store, conditions: list[Any], fields: dict[str, str], error: tuple[int, str]
) -> None:
    assert post(s3, signed(conditions) | fields).error == error
    assert list(store.iter_objects("things")) == []


def test_a_condition_that_does_not_hold_is_shown_as_s3_shows_it(s3: Client) -> None:
    value = '<mine> & &quot;é"'
    condition = ["eq", "$x-amz-meta-a", value]
    reply = post(s3, signed([KEY_CONDITION, condition]) | KEY | {"x-amz-meta-a": "yours"})
    assert reply.error == DENIED
    shown = f"Invalid according to Policy: Policy Condition failed: {json.dumps(condition, ensure_ascii=False)}"
    assert reply.text("Message") == shown
    assert b': ["eq", "$x-amz-meta-a", "&lt;mine&gt; &amp; &amp;quot;' in reply.body


POLICIES: dict[str, tuple[dict[str, str], tuple[int, str]]] = {
    "expired": (signed([KEY_CONDITION], seconds=-1), DENIED),
    "for another bucket": (signed([KEY_CONDITION], bucket="guests"), DENIED),
    "for another, as a field says": (signed([KEY_CONDITION], bucket="guests") | {"bucket": "guests"}, DENIED),
    "by another secret key": (signed([KEY_CONDITION], Signing(secret_key="x")), (403, "SignatureDoesNotMatch")),
    "by nobody": (signed([KEY_CONDITION], Signing(access_key="nobody")), (403, "InvalidAccessKeyId")),
    "by who may only read": (signed([KEY_CONDITION], signing_as(READER)), DENIED),
    "by a guest of another bucket": (signed([KEY_CONDITION], signing_as(GUEST)), DENIED),
    "for another region": (signed([KEY_CONDITION], Signing(region="eu-west-1")), (400, "InvalidArgument")),
    "no expiration": (encoded(b'{"conditions": []}'), (400, "InvalidPolicyDocument")),
    "no base64": (OWNER.policy_fields("{}"), (400, "InvalidPolicyDocument")),
    "no JSON": (encoded(b"policy"), (400, "InvalidPolicyDocument")),
    "nested deeply": (
        encoded(b'{"expiration":"2099-01-01T00:00:00Z","conditions":' + b"[" * 30000),
        (400, "InvalidPolicyDocument"),
    ),
    "a signature of another policy": (
        signed([KEY_CONDITION]) | {"policy": signed([["starts-with", "$key", ""]])["policy"]},
        (403, "SignatureDoesNotMatch"),
    ),
    "none at all": ({}, DENIED),
}  # fmt: skip


@pytest.mark.parametrize(("fields", "error"), POLICIES.values(), ids=POLICIES)
def test_a_policy_that_does_not_hold(s3: Client, store: Store, fields: dict[str, str], error: tuple[int, str]) -> None:
    assert post(s3, fields | KEY).error == error
    assert list(store.iter_objects("things")) == []


def test_what_a_form_says_of_its_file_is_true(s3: Client, store: Store) -> None:
    said = {
        "Content-MD5": md5_of(FILE),
        "x-amz-checksum-algorithm": "CRC32",
        "x-amz-checksum-crc32": checksum("crc32", FILE),
    }
    policy = signed([KEY_CONDITION, *({name: value} for name, value in said.items())])
    assert post(s3, policy | KEY | said).status == 204
    assert stored(store) == FILE


def test_an_expired_policy_says_so(s3: Client) -> None:
    assert "expired" in post(s3, signed([KEY_CONDITION], seconds=-1) | KEY).text("Message")


@pytest.mark.parametrize("name", ["x-amz-signature", "x-amz-date", "x-amz-credential", "x-amz-algorithm"])
def test_no_field_of_the_signature_may_be_missing(s3: Client, name: str) -> None:
    fields = signed([KEY_CONDITION]) | KEY
    del fields[name]
    assert post(s3, fields).error == (400, "InvalidArgument")


def test_fields_behind_the_file_are_ignored(s3: Client, store: Store) -> None:
    after = {"key": "another", "x-amz-meta-a": "b", "acl": "public-read"}
    assert post(s3, signed([KEY_CONDITION]) | KEY, after=after).status == 204
    assert stored(store) == FILE
    assert store.head_object("things", "from/a form").metadata == {}


def test_some_fields_need_no_condition(s3: Client) -> None:
    assert post(s3, signed([KEY_CONDITION]) | KEY | {"x-ignore-this": "a"}).status == 204
