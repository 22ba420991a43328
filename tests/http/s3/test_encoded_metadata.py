"""Metadata beyond US-ASCII, which S3 returns in the encoded words of RFC 2047."""

from __future__ import annotations

from email.header import decode_header, make_header
from typing import Any

import pytest
from bucketry import Store
from types_boto3_s3 import S3Client

from tests.http.s3.client import Client
from tests.http.s3.test_forms import post

NAME = "x-amz-meta-colour"
TEXTS = ["ä", "blå", "ÄMÄZÕÑ S3", "синий", "a 😀 b", "é" * 200, "Q: " + "plain text, " * 20 + "ü", "日本語 " * 40 + "x"]


def raw(text: str) -> str:
    """A header in UTF-8 as `http.client` sends it."""
    return text.encode().decode("latin-1")


def read_back(s3: Client, target: str = "/things/a") -> str:
    found = s3.ask("HEAD", target).headers[NAME]
    assert found.isascii()
    assert max(map(len, found.split())) <= 75
    return str(make_header(decode_header(found)))


@pytest.mark.parametrize("text", TEXTS)
def test_utf_8_comes_back_in_encoded_words(s3: Client, store: Store, text: str) -> None:
    assert s3.ask("PUT", "/things/a", b"", {NAME: raw(text)}).status == 200
    assert read_back(s3) == text
    # What a client got it can send again.
    sent = s3.ask("GET", "/things/a").headers[NAME]
    assert s3.ask("PUT", "/things/b", b"", {NAME: sent}).status == 200
    assert read_back(s3, "/things/b") == text
    assert store.head_object("things", "b").metadata == {"colour": sent}


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("=?UTF-8?B?w6Q=?=", "=?UTF-8?B?w6Q=?="),
        ("=?utf-8?q?=C3=A4?=", "=?UTF-8?B?w6Q=?="),
        ("=?iso-8859-1?Q?bl=E5_is_blue?=", "=?UTF-8?Q?bl=C3=A5_is_blue?="),
        ("=?UTF-8?Q?plain?= =?UTF-8?Q?_text?=", "plain text"),
        ("\xe4", "=?UTF-8?B?w6Q=?="),
        ("a =?b", "a =?b"),
        ("=?klingon?Q?=C3=A4?=", "=?klingon?Q?=C3=A4?="),
        ("=?UTF-8?B?w6Q?=", "=?UTF-8?B?w6Q?="),
        ("=?UTF-8?B?/w==?=", "=?UTF-8?B?/w==?="),
        ("=?UTF-8?Q?a=0D=0Ab?=", "=?UTF-8?Q?a=0D=0Ab?="),
        ("=?UTF-8?Q?_a_?=", "=?UTF-8?Q?_a_?="),
    ],
)
def test_encoded_words_are_read_where_they_can_be(s3: Client, sent: str, kept: str) -> None:
    assert s3.ask("PUT", "/things/a", b"", {NAME: sent}).status == 200
    assert s3.ask("HEAD", "/things/a").headers[NAME] == kept


def test_copies_uploads_and_forms_keep_it_too(s3: Client, boto: S3Client, store: Store) -> None:
    s3.ask("PUT", "/things/a", b"", {NAME: raw("ä")})
    s3.ask("PUT", "/things/copy", b"", {"x-amz-copy-source": "things/a"})
    assert read_back(s3, "/things/copy") == "ä"
    replaced = {"x-amz-copy-source": "things/a", "x-amz-metadata-directive": "REPLACE", NAME: raw("ö")}
    s3.ask("PUT", "/things/copy", b"", replaced)
    assert read_back(s3, "/things/copy") == "ö"
    upload = s3.ask("POST", "/things/big?uploads", b"", {NAME: raw("ü")}).text("{*}UploadId")
    part = store.upload_part("things", "big", upload, 1, b"x")
    store.complete_multipart_upload("things", "big", upload, [part])
    assert read_back(s3, "/things/big") == "ü"
    fields: Any = {NAME: "Ã¤ß"}
    signed = boto.generate_presigned_post("things", "form", Fields=fields, Conditions=[fields])["fields"]
    assert post(s3, signed).status == 204
    assert read_back(s3, "/things/form") == "Ã¤ß"


def test_too_much_of_it_is_refused(s3: Client) -> None:
    assert s3.ask("PUT", "/things/a", b"", {NAME: raw("ä" * 2000)}).error == (400, "MetadataTooLarge")
