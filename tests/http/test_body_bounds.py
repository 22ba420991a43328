"""A body may be as large as its bound says, and not larger by one: by default, and as settings say."""

from __future__ import annotations

import asyncio
import base64
import hashlib
from collections.abc import Callable
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import pytest
from bucketry import InvalidSettings
from bucketry_http import RestSettings, S3Settings
from bucketry_http.s3.errors import S3Error
from bucketry_http.s3.xml_reading import read_xml

from tests.http.bounded import BUCKET, FORM_TYPE, OBJECTS, Served, form, serving
from tools.bounds import Refusal

API = "/api/v1/storage"
MIB = 1024 * 1024
JSON = "application/json"

Answer = tuple[Refusal, str]


class Limit(NamedTuple):
    """A setting, and requests that have as much of what it limits as asked for.

    Attributes:
        name: The setting.
        port: The port.
        default: Its default.
        changed: Another value.
        send: Sends a request.
        fits: What is said to a request at the limit.
        refused: What is said to one that is beyond it by one.
    """

    name: str
    port: str
    default: int
    changed: int
    send: Callable[[Served, int], Answer]
    fits: Refusal
    refused: Refusal


def padded(begin: bytes, end: bytes, size: int) -> bytes:
    return begin + b" " * (size - len(begin) - len(end)) + end


def delete_by_json(served: Served, size: int) -> Answer:
    return served.ask("rest", "POST", f"{OBJECTS}/delete", padded(b'{"keys": ["a"]', b"}", size), Content_Type=JSON)


def delete_by_xml(served: Served, size: int) -> Answer:
    body = padded(b"<Delete><Object><Key>a</Key></Object>", b"</Delete>", size)
    digest = base64.b64encode(hashlib.md5(body, usedforsecurity=False).digest()).decode()
    return served.ask("s3", "POST", f"/{BUCKET}?delete", body, Content_MD5=digest)


def complete(served: Served, size: int) -> Answer:
    part = b"<Part><PartNumber>1</PartNumber><ETag>x</ETag></Part>"
    body = padded(b"<CompleteMultipartUpload>" + part, b"</CompleteMultipartUpload>", size)
    return served.ask("s3", "POST", f"/{BUCKET}/key?uploadId=x", body)


def create_by_json(served: Served, size: int) -> Answer:
    body = padded(b'{"name": "another"', b"}", size)
    return served.ask("rest", "POST", f"{API}/buckets", body, Content_Type=JSON)


def put_settings(served: Served, size: int) -> Answer:
    body = padded(b'{"status": "Enabled"', b"}", size)
    return served.ask("rest", "PUT", f"{API}/buckets/{BUCKET}/settings/versioning", body, Content_Type=JSON)


def create_by_xml(served: Served, size: int) -> Answer:
    body = padded(b"<CreateBucketConfiguration>", b"</CreateBucketConfiguration>", size)
    return served.ask("s3", "PUT", "/another", body)


def put_versioning(served: Served, size: int) -> Answer:
    end = b"<Status>Enabled</Status></VersioningConfiguration>"
    return served.ask("s3", "PUT", f"/{BUCKET}?versioning", padded(b"<VersioningConfiguration>", end, size))


def put_acl(served: Served, size: int) -> Answer:
    return served.ask("s3", "PUT", f"/{BUCKET}?acl", padded(b"<AccessControlPolicy>", b"</AccessControlPolicy>", size))


def parts(elements: int) -> bytes:
    """Returns a list of parts with so many elements."""
    short, long = divmod(elements - 1, 3)
    part = b"<Part><PartNumber>1</PartNumber><ETag>x</ETag></Part>"
    longer = b"<Part><PartNumber>1</PartNumber><ETag>x</ETag><ChecksumCRC32>AAAAAA==</ChecksumCRC32></Part>"
    return b"<CompleteMultipartUpload>%b</CompleteMultipartUpload>" % (part * (short - long) + longer * long)


def complete_of(served: Served, elements: int) -> Answer:
    return served.ask("s3", "POST", f"/{BUCKET}/key?uploadId=x", parts(elements))


def upload(served: Served, files: int) -> Answer:
    body, kind = form(("prefix", b"a/"), files=files)
    return served.ask("rest", "POST", OBJECTS, body, Content_Type=kind)


def post(served: Served, body: bytes) -> Answer:
    """Sends a form without a signature. It is refused for that once all of its fields are read."""
    host = urlsplit(served.urls["s3"]).netloc
    head = f"POST /{BUCKET} HTTP/1.1\r\nHost: {host}\r\nContent-Type: {FORM_TYPE}\r\nContent-Length: {len(body)}\r\n"
    return served.ask_raw("s3", f"{head}Connection: close\r\n\r\n".encode() + body)


def post_fields(served: Served, parts_of_it: int) -> Answer:
    return post(served, form(*((f"x-ignore-{number}", b"") for number in range(parts_of_it - 1)))[0])


def post_bytes(served: Served, size: int) -> Answer:
    return post(served, form(("key", b"k" * 100), ("x-ignore-a", b"x" * (size - 100)))[0])


TOO_LARGE = Refusal(413, "too_large")
TOO_BIG = Refusal(400, "MaxMessageLengthExceeded")
FORM_TOO_LARGE = Refusal(400, "MaxPostPreDataLengthExceededError")
DONE = Refusal(200, "")
NO_UPLOAD = Refusal(404, "NoSuchUpload")
UNSIGNED = Refusal(403, "AccessDenied")

LIMITS = [
    Limit("max_list_bytes", "rest", 8 * MIB, 2048, delete_by_json, DONE, TOO_LARGE),
    Limit("max_list_bytes", "s3", 8 * MIB, 2048, delete_by_xml, DONE, TOO_BIG),
    Limit("max_list_bytes", "s3", 8 * MIB, 2048, complete, NO_UPLOAD, TOO_BIG),
    Limit("max_json_bytes", "rest", 64 * 1024, 2048, create_by_json, Refusal(201, ""), TOO_LARGE),
    Limit("max_json_bytes", "rest", 64 * 1024, 200_000, put_settings, DONE, TOO_LARGE),
    Limit("max_xml_bytes", "s3", 256 * 1024, 2048, create_by_xml, DONE, TOO_BIG),
    Limit("max_xml_bytes", "s3", 256 * 1024, 2048, put_versioning, DONE, TOO_BIG),
    Limit("max_xml_bytes", "s3", 256 * 1024, 300 * 1024, put_acl, Refusal(400, "MalformedXML"), TOO_BIG),
    Limit("max_form_files", "rest", 10_000, 2, upload, Refusal(201, ""), TOO_LARGE),
    Limit("max_form_fields", "s3", 100, 12, post_fields, Refusal(400, "UserKeyMustBeSpecified"), FORM_TOO_LARGE),
    Limit("max_policy_bytes", "s3", 64 * 1024, 2048, post_bytes, UNSIGNED, FORM_TOO_LARGE),
]
IDS = [f"{limit.name} {limit.port} {limit.send.__name__}" for limit in LIMITS]


@pytest.mark.parametrize("limit", LIMITS, ids=IDS)
@pytest.mark.parametrize("is_changed", [False, True], ids=["default", "changed"])
def test_a_body_may_be_as_large_as_its_limit(limit: Limit, *, is_changed: bool) -> None:
    most = limit.changed if is_changed else limit.default
    settings: dict[str, Any] = {limit.name: most} if is_changed else {}
    with serving(limit.name, **settings) as served:
        assert limit.send(served, most)[0] == limit.fits
        refused, said = limit.send(served, most + 1)
    assert refused == limit.refused
    assert str(most) in said


def test_an_error_of_s3_has_the_limit_as_an_element() -> None:
    with serving("--max-xml-bytes", max_xml_bytes=1500) as served:
        said = create_by_xml(served, 1501)[1]
    assert "<MaxMessageLengthBytes>1500</MaxMessageLengthBytes>" in said


def test_a_document_may_have_as_many_elements_as_the_limit() -> None:
    with serving("--max-xml-elements", max_xml_elements=100) as served:
        assert complete_of(served, 100)[0] == NO_UPLOAD
        refused, said = complete_of(served, 101)
    assert refused == Refusal(400, "MalformedXML")
    assert "this document may have 100" in said


def test_50_000_elements_by_default() -> None:
    root = asyncio.run(read_xml(S3Settings(), parts(50_000), "CompleteMultipartUpload"))
    assert len(root) == 49_999 // 3
    with pytest.raises(S3Error, match="this document may have 50000"):
        asyncio.run(read_xml(S3Settings(), parts(50_001), "CompleteMultipartUpload"))


def test_documents_that_are_small_in_s3_have_no_more_elements() -> None:
    tags = b"<Tag><Key>a</Key><Value>b</Value></Tag>" * 200
    with serving("--max-xml-elements", max_xml_elements=1_000_000) as served:
        served.send("s3", "PUT", f"/{BUCKET}/key", b"")
        refused, said = served.ask(
            "s3", "PUT", f"/{BUCKET}/key?tagging", b"<Tagging><TagSet>%b</TagSet></Tagging>" % tags
        )
    assert refused == Refusal(400, "MalformedXML")
    assert "this document may have 500" in said


def test_a_list_of_lifecycle_rules_is_a_list() -> None:
    acts = b"<Filter><Prefix>a</Prefix></Filter><Expiration><Days>1</Days></Expiration>"
    rule = b"<Rule><Status>Enabled</Status>%b</Rule>" % acts
    body = padded(b"<LifecycleConfiguration>", rule + b"</LifecycleConfiguration>", 300 * 1024)
    digest = base64.b64encode(hashlib.md5(body, usedforsecurity=False).digest()).decode()
    path = f"/{BUCKET}?lifecycle"
    with serving("--max-list-bytes") as served:
        assert served.send("s3", "PUT", path, body, Content_MD5=digest) == DONE
    with serving("--max-list-bytes", max_list_bytes=200 * 1024) as served:
        assert served.send("s3", "PUT", path, body, Content_MD5=digest) == TOO_BIG


@pytest.mark.parametrize("limit", LIMITS, ids=IDS)
def test_a_limit_of_nothing_is_refused(limit: Limit) -> None:
    kind = RestSettings if limit.port == "rest" else S3Settings
    for wrong in (0, -1):
        settings: dict[str, Any] = {limit.name: wrong}
        with pytest.raises(InvalidSettings, match=f"{limit.name} is {wrong}: a limit is at least 1"):
            kind(**settings)
