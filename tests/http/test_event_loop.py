"""No client keeps the event loop to itself, whatever it sends: see `tests.http.ticking`."""

from __future__ import annotations

import base64
import gc
import hashlib
import time
import zlib
from collections.abc import Iterator
from contextlib import suppress

import pytest
from bucketry import LifecycleExpiration, LifecycleRule, LifecycleSettings, Store
from bucketry_memory import MemoryDriver, MemorySettings

from tests.http.raw_requests import OBJECTS, answers, request
from tests.http.serving import API, connect
from tests.http.ticking import Ticking, percentile, ticking_ports

MIB = 1024 * 1024
USUAL_SECONDS = 0.05
"""Most of 99 turns in a hundred."""

WORST_SECONDS = 0.1

FORM = {"Content-Type": "multipart/form-data; boundary=XX"}
CHUNKED = {"Transfer-Encoding": "chunked"}
PART = b'--XX\r\nContent-Disposition: form-data; name="f"; filename="f%d"\r\n\r\nx\r\n'
FILES = b"".join(PART % number for number in range(9990)) + b"--XX--\r\n"
LONG_NAME = b"x" * 8000
ETAG = hashlib.md5(b"x", usedforsecurity=False).hexdigest().encode()


def digested(method: str, target: str, document: bytes) -> bytes:
    digest = base64.b64encode(hashlib.md5(document, usedforsecurity=False).digest()).decode()
    return request(method, target, document, **{"Content-MD5": digest})


def deleting(content: bytes, attributes: bytes = b"") -> bytes:
    return digested("POST", "/my-assets?delete", b"<Delete%b>%b</Delete>" % (attributes, content))


def chunks_of_one_byte(content: bytes) -> bytes:
    return b"".join(b"1\r\n%c\r\n" % byte for byte in content) + b"0\r\n\r\n"


def aws_chunks(count: int) -> bytes:
    checksum = base64.b64encode(zlib.crc32(b"x" * count).to_bytes(4, "big"))
    headers = {
        "x-amz-content-sha256": "STREAMING-UNSIGNED-PAYLOAD-TRAILER",
        "x-amz-decoded-content-length": str(count),
        "x-amz-trailer": "x-amz-checksum-crc32",
        "Content-Encoding": "aws-chunked",
    }
    body = b"1\r\nx\r\n" * count + b"0\r\nx-amz-checksum-crc32:%b\r\n\r\n" % checksum
    return request("PUT", "/my-assets/a", body, **headers)


PARTS = b"".join(
    b"<Part><PartNumber>%d</PartNumber><ETag>%b</ETag></Part>" % (number, ETAG) for number in range(1, 10_001)
)

RULE = (
    b"<Rule><ID>%d</ID><Filter><And><Prefix>%d/</Prefix><Tag><Key>k</Key><Value>v</Value></Tag></And></Filter>"
    b"<Status>Enabled</Status><Transition><Days>30</Days><StorageClass>STANDARD_IA</StorageClass></Transition>"
    b"<Expiration><Days>365</Days></Expiration></Rule>"
)
LIFECYCLE_OF = b"<LifecycleConfiguration>%b</LifecycleConfiguration>"
LIFECYCLE = LIFECYCLE_OF % b"".join(RULE % (n, n) for n in range(1000))

QUEUE = b"<QueueConfiguration><Id>%d</Id><Queue>arn:aws:sqs:us-east-1:1:q</Queue>%b</QueueConfiguration>"
NOTIFICATIONS = b"<NotificationConfiguration>%b</NotificationConfiguration>" % b"".join(
    QUEUE % (n, b"<Event>s3:ObjectCreated:*</Event>" * 50) for n in range(100)
)

SHAPES: dict[str, tuple[str, bytes]] = {
    "HTTP chunks": ("rest", request("PUT", f"{OBJECTS}/a", b"", **CHUNKED) + chunks_of_one_byte(b"x" * 700_000)),
    "HTTP chunks of line ends": (
        "rest",
        request("PUT", f"{OBJECTS}/a", b"", **CHUNKED) + b"4\r\n\r\n\r\n\r\n" * 60_000 + b"0\r\n\r\n",
    ),
    "files of a form": ("rest", request("POST", OBJECTS, FILES, **FORM)),
    "a form in chunks": (
        "rest",
        request("POST", OBJECTS, b"", **FORM, **CHUNKED) + chunks_of_one_byte(FILES[:200_000]),
    ),
    "boundaries that are none": (
        "rest",
        request("POST", OBJECTS, PART % 1 + b"\r\n--X" * 800_000 + b"\r\n--XX--\r\n", **FORM),
    ),
    "a long namespace": ("s3", deleting(b"<a/>" * 50_000, b' xmlns="%b"' % LONG_NAME)),
    "long attributes": ("s3", deleting(b'<a p:a="" p:b="" p:c=""/>' * 50_000, b' xmlns:p="%b"' % LONG_NAME)),
    "elements": ("s3", deleting(b"<Object/>" * 49_000)),
    "elements of an object": ("s3", deleting((b"<Object><Key>a</Key>" + b"<b/>" * 47 + b"</Object>") * 1000)),
    "keys to delete": ("s3", deleting(b"".join(b"<Object><Key>k%d</Key></Object>" % n for n in range(1000)))),
    "keys to delete if": ("s3", deleting(b"<Object><Key>k</Key><ETag>x</ETag></Object>" * 1000)),
    "comments": ("s3", deleting(b"<!---->" * 500_000)),
    "tags": (
        "s3",
        digested(
            "PUT",
            "/my-assets/k?tagging",
            b"<Tagging><TagSet>%b</TagSet></Tagging>" % (b"<Tag><Key>a</Key></Tag>" * 9000),
        ),
    ),
    "CORS rules": (
        "s3",
        digested("PUT", "/my-assets?cors", b"<CORSConfiguration>%b</CORSConfiguration>" % (b"<CORSRule/>" * 20_000)),
    ),
    "lifecycle rules": ("s3", digested("PUT", "/my-assets?lifecycle", LIFECYCLE)),
    "lifecycle rules without any content": (
        "s3",
        digested(
            "PUT",
            "/my-assets?lifecycle",
            b"<LifecycleConfiguration>%b</LifecycleConfiguration>" % (b"<Rule/>" * 49_000),
        ),
    ),
    "lifecycle rules that are stored": ("s3", request("GET", "/rules?lifecycle")),
    "notifications": ("s3", request("PUT", "/my-assets?notification", NOTIFICATIONS)),
    "aws-chunks": ("s3", aws_chunks(300_000)),
    "parts to put together": (
        "s3",
        digested(
            "POST", "/my-assets/parts?uploadId=UPLOAD", b"<CompleteMultipartUpload>%b</CompleteMultipartUpload>" % PARTS
        ),
    ),
    "a large copy": (
        "s3",
        request(
            "PUT", "/my-assets/parts?partNumber=1&uploadId=UPLOAD", b"", **{"x-amz-copy-source": "/my-assets/large"}
        ),
    ),
    "a long listing": ("rest", request("GET", f"{API}/buckets/many-keys/objects")),
    "many buckets": ("rest", request("GET", f"{API}/buckets")),
    "uploads in progress": ("s3", request("GET", "/uploads?uploads&delimiter=/")),
    "a bucket of uploads": ("rest", request("DELETE", f"{API}/buckets/uploads")),
    "parameters": ("s3", request("GET", "/my-assets?" + "&".join(f"a{n}=" for n in range(2400)))),
    "headers": ("s3", request("GET", "/my-assets/k", b"", **{f"x-amz-{n}": "y" * 40 for n in range(950)})),
    "conditions": ("rest", request("GET", f"{OBJECTS}/k", b"", **{"If-None-Match": '"a", ' * 12_000})),
    "a deep JSON": (
        "rest",
        request("POST", f"{OBJECTS}/delete", b"[" * 60_000, **{"Content-Type": "application/json"}),
    ),
}


def _many_rules() -> LifecycleSettings:
    rules = (
        LifecycleRule(id=str(n), prefix=f"{n}/", status="Enabled", expiration=LifecycleExpiration(days=1))
        for n in range(1000)
    )
    return LifecycleSettings(rules=tuple(rules))


@pytest.fixture(scope="module")
def store() -> Iterator[Store]:
    with Store(MemoryDriver(MemorySettings(min_part_size=1))) as opened:
        for name in ("my-assets", "many-keys", "uploads", "rules"):
            opened.create_bucket(name)
        opened.put_bucket_settings("rules", _many_rules())
        opened.put_object("my-assets", "k", b"content")
        opened.put_object("my-assets", "large", (bytes(MIB) for _ in range(200)))
        for number in range(40_000):
            opened.put_object("many-keys", f"dir/{number:06}", b"")
        for number in range(10_000):
            opened.create_bucket(f"bucket-{number}")
        for number in range(40_000):
            opened.create_multipart_upload("uploads", f"dir/{number}")
        yield opened


@pytest.fixture(scope="module")
def served(store: Store) -> Iterator[tuple[dict[str, int], Ticking]]:
    with ticking_ports(store) as found:
        # As `bucketry serve` does: a collection of garbage goes through what requests made, not through all of pytest.
        gc.collect()
        gc.freeze()
        try:
            yield found
        finally:
            gc.unfreeze()


@pytest.mark.parametrize(("name", "sent"), SHAPES.values(), ids=SHAPES)
def test_others_have_their_turn(store: Store, served: tuple[dict[str, int], Ticking], name: str, sent: bytes) -> None:
    ports, ticking = served
    if b"UPLOAD" in sent[:200]:
        upload_id = store.create_multipart_upload("my-assets", "parts").upload_id
        for number in range(1, 10_001):
            store.upload_part("my-assets", "parts", upload_id, number, b"x")
        sent = sent.replace(b"UPLOAD", upload_id.encode(), 1)
    ticking.turns.clear()
    with connect(ports[name]) as client, suppress(ConnectionError):
        client.sendall(sent.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n", 1))
        assert answers(client).startswith(b"HTTP/1.1 ")
    time.sleep(0.05)
    assert max(ticking.turns) < WORST_SECONDS
    assert percentile(ticking.turns, 0.99) < USUAL_SECONDS
