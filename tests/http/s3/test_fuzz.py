"""Whatever a client sends, the endpoint does not fail: no answer is a 5xx but "not implemented"."""

from __future__ import annotations

import base64
import json
import socket
from http import HTTPStatus
from typing import Any
from urllib.parse import quote

from bucketry import Store
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.http.s3.client import Client
from tests.http.s3.conftest import empty
from tests.http.s3.serving import WAIT
from tests.http.s3.signing import OWNER
from tests.http.s3.versioned import enable

bounded = settings(max_examples=120, suppress_health_check=[HealthCheck.function_scoped_fixture])

PUT = "PUT /things/a HTTP/1.1\r\nHost: localhost\r\n"
PARAMETERS = [
    "acl", "accelerate", "analytics", "attributes", "continuation-token", "cors", "delete", "delimiter",
    "encoding-type", "fetch-owner", "key-marker", "legal-hold", "lifecycle", "list-type", "location", "marker",
    "max-buckets", "max-keys",
    "max-parts", "max-uploads", "metadata", "object-lock", "part-number-marker", "partNumber", "policy", "prefix",
    "response-content-type", "response-expires", "restore", "select", "start-after", "tagging", "torrent",
    "upload-id-marker", "uploadId", "uploads", "versionId", "versioning", "versions", "website", "x-id", "nonsense",
    "retention", "version-id-marker",
]  # fmt: skip
HEADERS = [
    "cache-control", "content-disposition", "content-encoding", "content-language", "content-md5", "content-type",
    "expires", "if-match", "if-modified-since", "if-none-match", "if-range", "if-unmodified-since", "origin", "range",
    "access-control-request-method", "access-control-request-headers", "x-amz-acl", "x-amz-checksum-crc32",
    "x-amz-checksum-sha256", "x-amz-copy-source", "x-amz-copy-source-if-match", "x-amz-copy-source-if-modified-since",
    "x-amz-copy-source-range", "x-amz-decoded-content-length", "x-amz-meta-a", "x-amz-metadata-directive",
    "x-amz-object-attributes", "x-amz-sdk-checksum-algorithm", "x-amz-server-side-encryption", "x-amz-storage-class",
    "x-amz-tagging", "x-amz-tagging-directive", "x-amz-trailer", "x-amz-expected-bucket-owner",
    "x-amz-bucket-object-lock-enabled", "x-amz-bypass-governance-retention", "x-amz-object-lock-legal-hold",
    "x-amz-object-lock-mode", "x-amz-object-lock-retain-until-date",
]  # fmt: skip
VALUES = [
    "", "0", "1", "2", "-1", "10001", "99999999999999999999", "true", "url", "/", "null", "*", '"', '""', '"abc"',
    'W/"a", "b"', "a", "bytes=0-0", "bytes=-0", "bytes=5-1", "bytes=0-0,2-3", "things/a", "/things/%61", "things/%ff",
    "things", "REPLACE", "COPY", "ETag,ObjectParts", "k=v&k=w", "k", "%zz", "é\xff", "Thu, 01 Jan 1970 00:00:00 GMT",
    "Thu, 99 Jan 0000 99:99:99 GMT", "gzip, aws-chunked", "multipart/form-data", "multipart/form-data; boundary=B",
    "text/html; charset=\xff", "\t", "AAAAAA==", "GET", "http://a.example", "GOVERNANCE", "ON", "2140-01-01T00:00:00Z",
    "0" * 32, "things/a?versionId=null", "things/a?versionId=" + "0" * 32,
]  # fmt: skip
ROOTS = ["Delete", "Tagging", "CORSConfiguration", "CompleteMultipartUpload", "CreateBucketConfiguration",
         "Retention", "LegalHold", "VersioningConfiguration", "ObjectLockConfiguration"]  # fmt: skip
INNER = ["Object", "Key", "ETag", "VersionId", "Quiet", "TagSet", "Tag", "Value", "CORSRule", "AllowedMethod",
         "AllowedOrigin", "MaxAgeSeconds", "Part", "PartNumber", "LocationConstraint", "Mode", "RetainUntilDate",
         "Status", "ObjectLockEnabled", "Rule", "DefaultRetention", "Days"]  # fmt: skip

values = st.sampled_from(VALUES) | st.text(st.characters(min_codepoint=0x20, max_codepoint=0xFF), max_size=12)
texts = st.sampled_from(
    [
        "",
        "a",
        "1",
        "GET",
        "*",
        "true",
        "Enabled",
        "GOVERNANCE",
        "ON",
        "2140-01-01T00:00:00Z",
        '"x"',
        "\x85",
        "\u2028",
        "99999999999999999999999",
    ]
)


def _element(name: str, content: str) -> str:
    return f"<{name}>{content}</{name}>"


inner = st.recursive(
    texts,
    lambda children: st.lists(st.tuples(st.sampled_from(INNER), children), max_size=3).map(
        lambda found: "".join(_element(*each) for each in found)
    ),
    max_leaves=6,
)
documents = st.builds(_element, st.sampled_from(ROOTS), inner).map(str.encode)
bodies = st.just(b"") | st.binary(max_size=40) | documents
keys = st.sampled_from(["", "/", "/a", "/a//b", "/%00", "/%ff", "/%F0%9F%98%80", "/" + "k" * 1025, "/.."])
targets = st.builds(
    lambda bucket, key, query: (
        f"/{bucket}{key}{'?' if query else ''}"
        + "&".join(f"{name}={quote(value, safe='')}" if value else name for name, value in query.items())
    ),
    st.sampled_from(["things", "things", "things", "", "none-such", "UPPER", "a..b", "%ff", "%00"]),
    keys,
    st.dictionaries(st.sampled_from(PARAMETERS), values, max_size=3),
)
methods = st.sampled_from(["GET", "HEAD", "PUT", "POST", "DELETE", "OPTIONS", "PATCH"])
OPERATIONS = [
    ("GET", "/?x-id="), ("GET", "/things?x-id="), ("GET", "/things?list-type=2"), ("GET", "/things?uploads"),
    ("PUT", "/things?cors"), ("POST", "/things?delete"), ("OPTIONS", "/things/a?x-id="), ("PUT", "/new?x-id="),
    ("GET", "/things/a?x-id="), ("HEAD", "/things/a?x-id="), ("PUT", "/things/a?x-id="), ("DELETE", "/things/a?x-id="),
    ("GET", "/things/a?attributes"), ("PUT", "/things/a?tagging"), ("POST", "/things/a?uploads"),
    ("PUT", "/things/a?uploadId={upload}&partNumber=1"), ("POST", "/things/a?uploadId={upload}"),
    ("GET", "/things/a?uploadId={upload}"), ("PUT", "/things/b?uploadId=0&partNumber=1"),
    ("GET", "/things?versions"), ("PUT", "/things?versioning"), ("PUT", "/things?object-lock"),
    ("PUT", "/things/a?retention"), ("PUT", "/things/a?legal-hold"), ("GET", "/things/a?retention"),
]  # fmt: skip
operations = st.builds(
    lambda operation, more: (operation[0], operation[1] + "".join(f"&{name}={quote(more[name])}" for name in more)),
    st.sampled_from(OPERATIONS),
    st.dictionaries(st.sampled_from(PARAMETERS), values, max_size=2),
)


def served(status: int) -> bool:
    return 200 <= status < 500 or status == 501


@bounded
@given(
    request=operations | st.tuples(methods, targets),
    headers=st.dictionaries(st.sampled_from(HEADERS), values, max_size=3),
    body=bodies,
    versioned=st.booleans(),
)
def test_signed_requests_of_any_kind(
    s3: Client, s3_store: Store, request: tuple[str, str], headers: dict[str, str], body: bytes, versioned: bool
) -> None:
    empty(s3_store)
    if versioned:
        enable(s3_store)
        s3_store.put_object("things", "a", b"earlier")
        s3_store.delete_object("things", "a")
    s3_store.put_object("things", "a", b"content")
    upload = s3_store.create_multipart_upload("things", "a").upload_id
    reply = s3.ask(request[0], request[1].replace("{upload}", upload), body, headers)
    assert served(reply.status), reply.body
    if reply.status >= 400 and request[0] != "HEAD":
        assert reply.code


fields_of_forms = st.dictionaries(
    st.sampled_from(["key", "acl", "tagging", "Content-Type", "x-amz-meta-a", "success_action_status", "redirect",
                     "success_action_redirect", "x-amz-checksum-crc32", "Expires", "x-amz-storage-class", "extra"]),
    values | documents.map(bytes.decode),
    max_size=5,
)  # fmt: skip
policies = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=5)
    | st.sampled_from(["$key", "eq", "starts-with", "content-length-range", "2099-01-01T00:00:00Z", "\ud800", "key"]),
    lambda inside: st.lists(inside, max_size=4) | st.dictionaries(st.sampled_from(["key", "acl"]), inside, max_size=2),
    max_leaves=12,
)  # fmt: skip


@bounded
@given(
    fields=fields_of_forms,
    conditions=st.lists(policies, max_size=4),
    name=st.text(st.characters(codec="utf-8"), max_size=8),
)
def test_forms_with_any_fields_and_policies(
    s3: Client, s3_store: Store, fields: dict[str, str], conditions: Any, name: str
) -> None:
    policy = json.dumps({"expiration": "2099-01-01T00:00:00Z", "conditions": conditions})
    signed = OWNER.policy_fields(base64.b64encode(policy.encode()).decode())
    reply = s3.send("POST", "/things", {"content-type": "multipart/form-data; boundary=B"}, form(signed | fields, name))
    assert served(reply.status), reply.body


@bounded
@given(body=st.binary(max_size=200), boundary=st.sampled_from(["B", "", "ä", '"', "B" * 300]))
def test_what_is_no_form(s3: Client, store: Store, body: bytes, boundary: str) -> None:
    headers = {"content-type": f"multipart/form-data; boundary={boundary}"}
    for content in (body, b"--B\r\nContent-Disposition: " + body + b"\r\n\r\n--B--"):
        assert served(s3.send("POST", "/things", headers, content).status)


def form(fields: dict[str, str], name: str) -> bytes:
    parts = b"".join(
        f'--B\r\nContent-Disposition: form-data; name="{field}"\r\n\r\n{value}\r\n'.encode(errors="replace")
        for field, value in fields.items()
    )
    head = f'--B\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n\r\n'
    return parts + head.encode() + b"content\r\n--B--\r\n"


@bounded
@given(garbage=st.binary(max_size=60), line=st.sampled_from(["", "GET ", PUT]))
def test_what_is_no_request(s3: Client, garbage: bytes, line: str) -> None:
    host, _, port = s3.host.partition(":")
    with socket.create_connection((host, int(port)), timeout=WAIT) as client:
        client.sendall(line.encode() + garbage + b"\r\n\r\n")
        client.shutdown(socket.SHUT_WR)
        answer = b"".join(iter(lambda: client.recv(65536), b""))
    if answer:
        status = int(answer.split(b" ")[1])
        # Without a version, "GET *" is one of HTTP/0.9.
        assert served(status) or status == HTTPStatus.HTTP_VERSION_NOT_SUPPORTED, answer
