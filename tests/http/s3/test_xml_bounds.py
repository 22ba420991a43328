"""Documents that are well-formed and meant to keep the server busy."""

from __future__ import annotations

import asyncio

import pytest
from bucketry import Store
from bucketry_http import S3Settings
from bucketry_http.s3.xml_reading import read_xml

from tests.http.s3.client import Client

MALFORMED = (400, "MalformedXML")
DELETE = "/things?delete"
KEY = "<Object><Key>a</Key></Object>"
KIB = 1024

HOSTILE = {
    "attributes without end": "<Delete {}>{}</Delete>".format(" ".join(f'a{n}=">"' for n in range(50_000)), KEY),
    "attributes": "<Delete {}>{}</Delete>".format(" ".join(f'a{n}=""' for n in range(9)), KEY),
    "namespaces": "<Delete {}>{}</Delete>".format(" ".join(f'xmlns:a{n}="b"' for n in range(50_000)), KEY),
    "an attribute without end": f'<Delete a="{"x" * 50_000}">{KEY}</Delete>',
    "a comment without end": f"<Delete><!--{'x' * 50_000}-->{KEY}</Delete>",
    "a comment before it": f"<!--{'x' * 50_000}--><Delete>{KEY}</Delete>",
    "an instruction without end": f"<Delete><?x {'x' * 50_000}?>{KEY}</Delete>",
}


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
@pytest.mark.parametrize("document", HOSTILE.values(), ids=HOSTILE)
def test_no_tag_has_more_than_a_tag_of_s3_s(s3: Client, store: Store, document: str, encoding: str) -> None:
    store.put_object("things", "a", b"")
    assert s3.ask("POST", DELETE, document.encode(encoding)).error == MALFORMED
    assert [info.key for info in store.iter_objects("things")] == ["a"]


PADDING = {
    "space": " " * 700 * KIB,
    "lines": "\n " * 350 * KIB,
    "comments": "<!-- x -->" * 70 * KIB,
    "CDATA": f"<![CDATA[{' ' * 700 * KIB}]]>",
    "references": "&#32;" * 140 * KIB,
}


@pytest.mark.parametrize("padding", PADDING.values(), ids=PADDING)
def test_a_list_of_keys_may_be_long(s3: Client, store: Store, padding: str) -> None:
    store.put_object("things", "a", b"")
    body = f"<Delete>{KEY}{padding}</Delete>".encode()
    assert s3.ask("POST", DELETE, body).texts("{*}Deleted/{*}Key") == ["a"]


CORS = (
    "<CORSConfiguration><CORSRule><AllowedMethod>GET</AllowedMethod><AllowedOrigin>*</AllowedOrigin>{}</CORSRule>"
    "</CORSConfiguration>"
)
OTHERS = {
    "tagging": ("/things/a?tagging", "<Tagging><TagSet>{}</TagSet></Tagging>"),
    "cors": (
        "/things?cors",
        CORS,
    ),
    "bucket": ("/new-bucket", "<CreateBucketConfiguration>{}</CreateBucketConfiguration>"),
}


@pytest.mark.parametrize(("target", "document"), OTHERS.values(), ids=OTHERS)
def test_other_documents_are_short(s3: Client, store: Store, target: str, document: str) -> None:
    store.put_object("things", "a", b"")
    assert s3.ask("PUT", target, document.format(" " * 300 * KIB).encode()).error == (400, "MaxMessageLengthExceeded")
    assert s3.ask("PUT", target, document.format(" " * 200 * KIB).encode()).status == 200


def test_others_have_their_turn_while_a_document_is_read() -> None:
    turns = 0

    async def count() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    async def run() -> str:
        counting = asyncio.create_task(count())
        root = await read_xml(S3Settings(), f"<Delete>{KEY}{PADDING['lines']}</Delete>".encode(), "Delete")
        counting.cancel()
        return root.name

    assert asyncio.run(run()) == "Delete"
    assert turns > 40
