"""The XML that clients send: what is no such document is refused, at no cost, and nothing is changed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from bucketry import CorsSettings, Store

from tests.http.s3.checksums import checksum
from tests.http.s3.client import Client
from tests.http.s3.signing import UNSIGNED
from tests.http.s3.test_checksums import md5

MALFORMED = (400, "MalformedXML")
S3 = 'xmlns="http://s3.amazonaws.com/doc/2006-03-01/"'
DELETE = "/things?delete"
LAUGHS = "".join(f'<!ENTITY l{number} "{f"&l{number - 1};" * 10}">' for number in range(1, 10))

TARGETS = {
    "Delete": ("POST", DELETE, "<Delete><Object><Key>{}</Key></Object></Delete>"),
    "Tagging": ("PUT", "/things/a?tagging", "<Tagging><TagSet><Tag><Key>{}</Key><Value/></Tag></TagSet></Tagging>"),
    "CORS": (
        "PUT", "/things?cors",
        (
            "<CORSConfiguration><CORSRule><ID>{}</ID><AllowedMethod>GET</AllowedMethod>"
            "<AllowedOrigin>*</AllowedOrigin></CORSRule></CORSConfiguration>"
        ),
    ),
    "Complete": (
        "POST", "/things/a?uploadId={upload}",
        "<CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>{}</ETag></Part></CompleteMultipartUpload>",
    ),
    "Create": (
        "PUT", "/new-bucket",
        "<CreateBucketConfiguration><LocationConstraint>{}</LocationConstraint></CreateBucketConfiguration>",
    ),
}  # fmt: skip

Send = tuple[str, str, str]


@pytest.fixture(params=list(TARGETS.values()), ids=list(TARGETS))
def sending(request: pytest.FixtureRequest, store: Store) -> Iterator[Send]:
    """Method, target and a proper document of an operation, with a place for text in it; nothing may change."""
    store.put_object("things", "a", b"a")
    upload = store.create_multipart_upload("things", "a").upload_id
    method, target, document = request.param
    yield method, target.replace("{upload}", upload), document
    assert [bucket.name for bucket in store.list_buckets()] == ["guests", "public", "things"]
    assert [info.key for info in store.iter_objects("things")] == ["a"]
    assert store.get_object_tagging("things", "a") == {}
    assert store.get_bucket_settings("things", CorsSettings).rules == ()


def bodies(document: str) -> dict[str, bytes]:
    root = document[1 : document.index(">")]
    entity = document.replace("{}", "&e;")
    plain = document.replace("{}", "a")
    texts = {
        "entities in entities": f'<!DOCTYPE x [<!ENTITY l0 "ha">{LAUGHS}]>{document.replace("{}", "&l9;")}',
        "an entity without end": f'<!DOCTYPE x [<!ENTITY e "{"x" * 50_000}">]>{document.replace("{}", "&e;" * 1000)}',
        "a file": f'<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>{entity}',
        "a page": f'<!DOCTYPE x [<!ENTITY e SYSTEM "http://127.0.0.1:1/">]>{entity}',
        "a document type elsewhere": f'<!DOCTYPE x SYSTEM "http://127.0.0.1:1/x.dtd">{plain}',
        "a parameter entity": f'<!DOCTYPE x [<!ENTITY % p SYSTEM "http://127.0.0.1:1/x.dtd"> %p;]>{plain}',
        "a document type alone": f"<!DOCTYPE x>{plain}",
        "an entity that is not there": entity,
        "depth": f"<{root}>{'<a>' * 5000}{'</a>' * 5000}</{root}>",
        "elements without end": f"<{root}>{'<a/>' * 60_000}</{root}>",
        "another root": "<Another/>",
        "an element more": plain.replace(f"<{root}>", f"<{root}><More/>"),
        "no end": plain[:-1],
        "two roots": plain * 2,
        "text": "a",
        "JSON": '{"Delete": []}',
        "a character that is none": document.replace("{}", "&#0;"),
    }
    encoded = {name: text.encode() for name, text in texts.items()}
    return encoded | {
        "no UTF-8": document.replace("{}", "?").encode().replace(b"?", b"\xff"),
        "an unknown encoding": b'<?xml version="1.0" encoding="klingon"?>' + plain.encode(),
    }


@pytest.mark.parametrize("name", bodies("<a>{}</a>"))
def test_what_is_no_such_document_is_refused(s3: Client, sending: Send, name: str) -> None:
    method, target, document = sending
    reply = s3.ask(method, target, bodies(document)[name])
    if (name, target) == ("an element more", "/new-bucket"):
        # S3 may have it, this endpoint has not.
        assert reply.error == (501, "NotImplemented")
        return
    assert reply.error == MALFORMED
    assert b"root:" not in reply.body


def test_too_long_a_document_is_not_read(s3: Client, sending: Send) -> None:
    method, target, document = sending
    body = document.replace("{}", "x" * 3 * 1024**2).encode()
    assert s3.ask(method, target, body).error == (400, "MaxMessageLengthExceeded")


def test_a_damaged_document_is_refused(s3: Client, sending: Send) -> None:
    method, target, document = sending
    body = document.replace("{}", "a").encode()
    assert s3.ask(method, target, body, {"content-md5": md5(b"another")}).error == (400, "BadDigest")
    # In a completion it is that of the object, which is looked at once its parts are known.
    expected = (400, "InvalidPart") if "uploadId" in target else (400, "BadDigest")
    assert s3.ask(method, target, body, {"x-amz-checksum-crc32": "AAAAAA=="}).error == expected


@pytest.mark.parametrize("namespace", ["", f" {S3}", ' xmlns="https://s3.amazonaws.com/doc/2006-03-01"'])
@pytest.mark.parametrize("declaration", ["", '<?xml version="1.0" encoding="UTF-8"?>\n', "<!-- a comment -->"])
def test_any_namespace_is_taken_as_s3_does(s3: Client, store: Store, namespace: str, declaration: str) -> None:
    store.put_object("things", "a", b"")
    body = f"{declaration}<Delete{namespace}>\n <Object>\n  <Key>a</Key>\n </Object>\n</Delete>\n"
    reply = s3.ask("POST", DELETE, body.encode())
    assert (reply.status, reply.texts("{*}Deleted/{*}Key")) == (200, ["a"])
    assert list(store.iter_objects("things")) == []


def test_a_namespace_with_a_prefix(s3: Client, store: Store) -> None:
    store.put_object("things", "a", b"")
    body = f"<s3:Delete {S3.replace('xmlns', 'xmlns:s3')}><s3:Object><s3:Key>a</s3:Key></s3:Object></s3:Delete>"
    assert s3.ask("POST", DELETE, body.encode()).texts("{*}Deleted/{*}Key") == ["a"]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "iso-8859-1", "us-ascii"])
def test_encodings_that_xml_has(s3: Client, store: Store, encoding: str) -> None:
    store.put_object("things", "é", b"")
    body = f'<?xml version="1.0" encoding="{encoding}"?><Delete><Object><Key>é</Key></Object></Delete>'
    encoded = body.encode(encoding, "xmlcharrefreplace")
    assert s3.ask("POST", DELETE, encoded).texts("{*}Deleted/{*}Key") == ["é"]
    assert list(store.iter_objects("things")) == []


@pytest.mark.parametrize("how", [{}, {"payload": UNSIGNED}])
def test_a_batch_without_a_digest_is_refused(s3: Client, store: Store, how: dict[str, Any]) -> None:
    store.put_object("things", "a", b"")
    body = b"<Delete><Object><Key>a</Key></Object></Delete>"
    refused = s3.ask("POST", DELETE, body, digest=False, **how)
    assert refused.error == (400, "InvalidRequest")
    assert refused.text("Message").startswith("Missing required header for this request: Content-MD5")
    assert [info.key for info in store.iter_objects("things")] == ["a"]
    assert s3.ask("POST", DELETE, body, {"content-md5": md5(b"another")}, **how).error == (400, "BadDigest")
    assert [info.key for info in store.iter_objects("things")] == ["a"]
    for headers in ({"content-md5": md5(body)}, {"x-amz-checksum-crc32": checksum("crc32", body)}):
        assert s3.ask("POST", DELETE, body, headers, digest=False, **how).status == 200
    assert list(store.iter_objects("things")) == []
