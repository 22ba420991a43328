"""Each bound of docs/limits.md is exceeded, on each port that it is about."""

from __future__ import annotations

import http.client
import threading
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import pytest
from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from bucketry.layers import MaxObjectSize, Quota
from bucketry.quotas import QuotaRule
from bucketry.sigv4.verifying import _MAX_HEADER_BYTES, _MAX_HEADERS, _MAX_POLICY, _MAX_URI
from bucketry_http import RateLimits, ServerSettings
from bucketry_http.rest.authentication import MAX_TOKEN_BYTES
from bucketry_http.rest.uploads import MAX_TAGS_BYTES
from bucketry_http.s3.xml_reading import MAX_ATTRIBUTES, MAX_DEPTH, MAX_NAME
from bucketry_http.shared.forms import MAX_FIELD_BYTES, MAX_HEADER_BYTES, MAX_HEADERS
from bucketry_http.shared.limits import LEAST_BYTES, Who

from tests.http.bounded import BUCKET, FORM_TYPE, OBJECTS, Served, form, path_of, serving, told
from tests.http.s3.serving import ACCESS_KEY, SECRET_KEY, WAIT
from tools.bounds import BOUNDS, Bound, Refusal

Ways = dict[str, Callable[[str], Refusal]]


def put(served: Served, port: str, size: int) -> Refusal:
    return served.send(port, "PUT", path_of(port), b"x" * size)


def name_of(who: Who, port: str) -> str:
    if who == "address":
        return "127.0.0.1"
    return "alice" if port == "rest" else f"key {ACCESS_KEY}"


def requests_of(who: Who) -> Callable[[str], Refusal]:
    def exceed(port: str) -> Refusal:
        limits = RateLimits(principal_requests=0.01) if who == "principal" else RateLimits(address_requests=0.01)
        with serving(f"--{who}", limits=limits) as served:
            assert put(served, port, 1).status in {200, 201}
            return put(served, port, 1)

    return exceed


def bytes_of(who: Who) -> Callable[[str], Refusal]:
    def exceed(port: str) -> Refusal:
        limits = RateLimits(**{f"{who}_bytes": LEAST_BYTES})
        with serving(f"--{who}", limits=limits) as served:
            assert put(served, port, 1).status in {200, 201}
            name = name_of(who, port)
            served.limiter._table.take(f"bytes {who} {name}", 3600, 0, force=True)  # As after many bodies.
            return put(served, port, 1)

    return exceed


def concurrency_of(who: Who) -> Callable[[str], Refusal]:
    def exceed(port: str) -> Refusal:
        limits = RateLimits(**{f"{who}_concurrency": 1})
        with serving(f"--{who}", limits=limits) as served:
            place = served.limiter.enter(who, name_of(who, port))
            refused = put(served, port, 1)
            served.limiter.leave(place)
            assert put(served, port, 1).status in {200, 201}
        return refused

    return exceed


def call_threads(port: str) -> Refusal:
    with serving("--call-threads", call_threads=1, wait_seconds=0.1) as served:
        listing = OBJECTS if port == "rest" else f"/{BUCKET}"
        held = threading.Thread(target=served.send, args=[port, "GET", listing])
        held.start()
        assert served.gate.entered.wait(WAIT)
        refused = served.send(port, "GET", listing)
        served.gate.opened.set()
        held.join()
        return refused


def transfer_threads(port: str) -> Refusal:
    settings: dict[str, Any] = {"transfer_threads": 1, "wait_seconds": 0.1, "inline_body_bytes": 1000}
    with serving("--transfer-threads", **settings) as served:
        body = b"x" * 200_000
        held = threading.Thread(target=served.send, args=[port, "PUT", path_of(port, "held"), body])
        held.start()
        assert served.gate.entered.wait(WAIT)
        refused = put(served, port, len(body))
        served.gate.opened.set()
        held.join()
        return refused


def send_a_part(served: Served) -> Refusal:
    """Sends a part of a body to the S3 port, and waits."""
    signed = AWSRequest("PUT", f"{served.urls['s3']}/{BUCKET}/held", data=b"x" * 5000)
    S3SigV4Auth(Credentials(ACCESS_KEY, SECRET_KEY), "s3", "us-east-1").add_auth(signed)
    connection = http.client.HTTPConnection(urlsplit(served.urls["s3"]).netloc, timeout=WAIT)
    connection.putrequest("PUT", f"/{BUCKET}/held")
    for name, value in {**dict(signed.headers), "Content-Length": "5000"}.items():
        connection.putheader(name, value)
    connection.endheaders()
    connection.send(b"x" * 2000)
    response = connection.getresponse()
    refused = told(response.status, response.read())
    connection.close()
    return refused


def quotas(port: str) -> Refusal:
    with serving("[[quotas]]", Quota(QuotaRule(buckets="*", max_size_bytes=10))) as served:
        return put(served, port, 11)


def object_size(port: str) -> Refusal:
    with serving("--max-object-size", MaxObjectSize(10)) as served:
        return put(served, port, 11)


def head_bytes(port: str) -> Refusal:
    with serving("--max-head-bytes", server=ServerSettings(max_head_bytes=4096)) as served:
        return served.raw(port, b"GET / HTTP/1.1\r\nHost: localhost\r\nX-A: " + b"x" * 5000 + b"\r\n\r\n")


def headers(port: str) -> Refusal:
    with serving("--max-headers", server=ServerSettings(max_headers=16)) as served:
        return served.raw(port, b"GET / HTTP/1.1\r\nHost: localhost\r\n" + b"X-A: x\r\n" * 17 + b"\r\n")


def url_bytes(port: str) -> Refusal:
    with serving("--max-url-bytes", server=ServerSettings(max_url_bytes=1024)) as served:
        return served.raw(port, b"GET /" + b"x" * 1025 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n")


def idle_seconds(port: str) -> Refusal:
    with serving("--idle-seconds", idle_seconds=0.1) as served:
        if port == "rest":
            return served.raw(
                port, f"PUT {path_of(port)} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\nx".encode()
            )
        return send_a_part(served)


def head_seconds(port: str) -> Refusal:
    with serving("--head-seconds", server=ServerSettings(head_seconds=0.1)) as served:
        return served.raw(port, b"GET / HTTP/1.1\r\nHost: ")


def form_files(port: str) -> Refusal:
    with serving("--max-form-files", max_form_files=2) as served:
        body, kind = form(files=6)
        return served.send(port, "POST", OBJECTS, body, Content_Type=kind)


def form_field(port: str) -> Refusal:
    with serving("field of a form") as served:
        body, kind = form(("prefix", b"x" * (MAX_FIELD_BYTES + 1)))
        return served.send(port, "POST", OBJECTS, body, Content_Type=kind)


def form_tags(port: str) -> Refusal:
    with serving("tags of a form") as served:
        body, kind = form(("tags", b"x" * (MAX_TAGS_BYTES + 1)))
        return served.send(port, "POST", OBJECTS, body, Content_Type=kind)


def post(served: Served, port: str, body: bytes) -> Refusal:
    """Sends a form without a signature: its own is looked for once its fields are read."""
    place = urlsplit(served.urls[port]).netloc
    path = OBJECTS if port == "rest" else f"/{BUCKET}"
    head = f"POST {path} HTTP/1.1\r\nHost: {place}\r\nContent-Type: {FORM_TYPE}\r\nContent-Length: {len(body)}\r\n"
    return served.raw(port, f"{head}Connection: close\r\n\r\n".encode() + body)


def form_fields(port: str) -> Refusal:
    with serving("--max-form-fields", max_form_fields=10) as served:
        return post(served, port, form(*((f"x-ignore-{number}", b"") for number in range(10)))[0])


def policy_bytes(port: str) -> Refusal:
    with serving("--max-policy-bytes", max_policy_bytes=1024) as served:
        return post(served, port, form(("key", b"key"), ("policy", b"x" * 1025))[0])


def part_header(*headers: bytes) -> Callable[[str], Refusal]:
    def exceed(port: str) -> Refusal:
        body = form(("prefix", b"x"))[0].replace(b"\r\n\r\n", b"\r\n%b\r\n\r\n" % b"\r\n".join(headers), 1)
        with serving("a part") as served:
            return post(served, port, body)

    return exceed


def list_bytes(port: str) -> Refusal:
    with serving("--max-list-bytes", max_list_bytes=1024) as served:
        if port == "rest":
            keys = b'{"keys": ["' + b"x" * 1020 + b'"]}'
            return served.send(port, "POST", f"{OBJECTS}/delete", keys, Content_Type="application/json")
        keys = b"".join(b"<Object><Key>%d</Key></Object>" % number for number in range(100))
        return served.send(
            port, "POST", f"/{BUCKET}?delete", b"<Delete>%b</Delete>" % keys, x_amz_checksum_crc32="AAAAAA=="
        )


def json_bytes(port: str) -> Refusal:
    with serving("--max-json-bytes", max_json_bytes=1024) as served:
        body = b'{"name": "' + b"x" * 1024 + b'"}'
        return served.send(port, "POST", "/api/v1/storage/buckets", body, Content_Type="application/json")


def xml_bytes(port: str) -> Refusal:
    with serving("--max-xml-bytes", max_xml_bytes=1024) as served:
        body = b"<Tagging><TagSet>" + b" " * 1024 + b"</TagSet></Tagging>"
        return served.send(port, "PUT", f"/{BUCKET}/key?tagging", body)


def xml_elements(port: str) -> Refusal:
    with serving("--max-xml-elements", max_xml_elements=100) as served:
        upload = "<Part><PartNumber>1</PartNumber><ETag>x</ETag></Part>" * 50
        body = f"<CompleteMultipartUpload>{upload}</CompleteMultipartUpload>".encode()
        return served.send(port, "POST", f"/{BUCKET}/key?uploadId=x", body)


WIDE = ServerSettings(max_headers=1000, max_head_bytes=1024 * 1024, max_url_bytes=100_000, grace_seconds=0.2)


def signed_headers(count: int, size: int) -> Callable[[str], Refusal]:
    def exceed(port: str) -> Refusal:
        with serving("a signed request", server=WIDE) as served:
            headers = {f"X_A{number}": "x" * size for number in range(count)}
            return served.send(port, "GET", f"/{BUCKET}", b"", **headers)

    return exceed


def signed_url(port: str) -> Refusal:
    with serving("a signed request", server=WIDE) as served:
        return served.send(port, "GET", f"/{BUCKET}?prefix=" + "x" * _MAX_URI)


def signed_policy(port: str) -> Refusal:
    signed = {
        "key": b"key",
        "policy": b"x" * (_MAX_POLICY + 1),
        "x-amz-algorithm": b"AWS4-HMAC-SHA256",
        "x-amz-credential": f"{ACCESS_KEY}/20260101/us-east-1/s3/aws4_request".encode(),
        "x-amz-date": b"20260101T000000Z",
        "x-amz-signature": b"0" * 64,
    }
    with serving("policy of a form", max_policy_bytes=1024 * 1024) as served:
        return post(served, port, form(*signed.items())[0])


def token(port: str) -> Refusal:
    with serving("--principal") as served:
        served.token = "x" * (MAX_TOKEN_BYTES + 1)
        return put(served, port, 1)


def xml(document: bytes) -> Callable[[str], Refusal]:
    def exceed(port: str) -> Refusal:
        with serving("XML") as served:
            return served.send(port, "PUT", f"/{BUCKET}?versioning", document)

    return exceed


WAYS: Ways = {
    "--principal-requests": requests_of("principal"),
    "--principal-bytes": bytes_of("principal"),
    "--principal-concurrency": concurrency_of("principal"),
    "--address-requests": requests_of("address"),
    "--address-bytes": bytes_of("address"),
    "--address-concurrency": concurrency_of("address"),
    "--call-threads": call_threads,
    "--transfer-threads": transfer_threads,
    "[[quotas]]": quotas,
    "--max-object-size": object_size,
    "--max-head-bytes": head_bytes,
    "--max-headers": headers,
    "--max-url-bytes": url_bytes,
    "--idle-seconds": idle_seconds,
    "--head-seconds": head_seconds,
    "--max-list-bytes": list_bytes,
    "--max-json-bytes": json_bytes,
    "--max-xml-bytes": xml_bytes,
    "--max-xml-elements": xml_elements,
    "--max-form-files": form_files,
    "--max-form-fields": form_fields,
    "--max-policy-bytes": policy_bytes,
    "field of a form": form_field,
    "tags of a form": form_tags,
    "header of a part": part_header(b"X-Long: " + b"x" * MAX_HEADER_BYTES),
    "headers of a part": part_header(*(b"X-%d: x" % number for number in range(MAX_HEADERS))),
    "headers of a signed request": signed_headers(_MAX_HEADERS, 1),
    "header bytes of a signed request": signed_headers(10, _MAX_HEADER_BYTES // 10),
    "URL of a signed request": signed_url,
    "policy of a form": signed_policy,
    "token": token,
    "depth of XML": xml(b"<a>" * (MAX_DEPTH + 1) + b"</a>" * (MAX_DEPTH + 1)),
    "names in XML": xml(b"<%b/>" % (b"a" * (MAX_NAME + 1))),
    "attributes in XML": xml(b"<a %b/>" % b" ".join(b'a%d=""' % number for number in range(MAX_ATTRIBUTES + 1))),
}
"""How each bound is exceeded."""

PLACES = [
    pytest.param(bound, port, id=f"{bound.name} {port}")
    for bound in BOUNDS
    for port in ("rest", "s3")
    if getattr(bound, port) is not None
]


@pytest.mark.parametrize(("bound", "port"), PLACES)
def test_beyond_each_bound_is_the_refusal_that_the_docs_name(bound: Bound, port: str) -> None:
    assert WAYS[bound.name](port) == getattr(bound, port)


def test_each_bound_is_exceeded() -> None:
    assert set(WAYS) == {bound.name for bound in BOUNDS}
