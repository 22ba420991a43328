"""Keys are bytes: each is kept as it is, or refused."""

from __future__ import annotations

import pytest
from bucketry import InvalidKey, NoSuchKey
from bucketry.s3 import MAX_KEY_BYTES

from bucketry_contract._capabilities import needs
from bucketry_contract._contract_tests import ContractTests
from bucketry_contract._pages import byte_order
from bucketry_contract._scratch import Bucket

WEIRD_KEYS = {
    "two slashes": "a//b",
    "many slashes": "a////b",
    "leading slash": "/a",
    "two leading slashes": "//a",
    "trailing slash": "a/",
    "two trailing slashes": "a//",
    "slash": "/",
    "dot": ".",
    "two dots": "..",
    "dot inside": "a/./b",
    "two dots inside": "a/../b",
    "two dots first": "../a",
    "two dots last": "a/..",
    "dot last": "a/.",
    "three dots": "...",
    "ends with a dot": "a.",
    "hidden": ".hidden",
    "encoded slash": "a%2Fb",
    "encoded per cent": "a%252Fb",
    "per cent": "100%",
    "broken encoding": "%zz",
    "plus": "a+b",
    "space": "a b",
    "leading blank": " a",
    "trailing blank": "a ",
    "only a blank": " ",
    "blank before slash": "a /b",
    "question mark": "a?b=c",
    "hash": "a#b",
    "ampersand": "a&b=c;d",
    "backslash": "a\\b",
    "colon": "C:a",
    "asterisk": "a*b",
    "brackets": "[a-z]{b}^",
    "pipe": "a|b",
    "angles and quotes": "<a href='\"'>",
    "tilde": "~a",
    "at sign": "user@host",
    "emoji": "a😀b",
    "family": "👨‍👩‍👧",
    "composed": "caf\u00e9",
    "decomposed": "cafe\u0301",
    "ligature": "\ufb01le",
    "right to left": "\u202eabc",
    "byte order mark": "\ufeffa",
    "no-break space": "a\u00a0b",
    "line separator": "a\u2028b",
    "last of the basic plane": "\uffff",
    "first beyond the basic plane": "\U00010000",
    "last code point": "\U0010ffff",
    "tab": "a\tb",
    "newline": "a\nb",
    "carriage return": "a\r\nb",
    "bell": "a\x07b",
    "delete": "a\x7fb",
    "C1 control": "a\x85b",
    "NUL": "a\x00b",
    "upper case": "UPPER",
    "device name": "CON",
    "longest": "k" * MAX_KEY_BYTES,
    "longest in emoji": "😀" * 256,
    "many levels": "/".join("abcdefgh" * 8),
    "long segment": "s" * 300 + "/" + "t" * 300,
    "looks like an upload": "key.part.1",
    "looks like metadata": "xl.meta",
}

LOOK_ALIKES = [
    "a/b",
    "a//b",
    "/a/b",
    "a/b/",
    "a/./b",
    "a/x/../b",
    "a%2Fb",
    "a%2fb",
    "a\\b",
    "A/b",
    "a/B",
    " a/b",
    "a/b ",
    "a+b",
    "a b",
    "a%20b",
    "caf\u00e9",
    "cafe\u0301",
    "CAF\u00c9",
    "fi",
    "\ufb01",
]


class KeyTests(ContractTests):
    """Any UTF-8 text of 1 to 1,024 bytes is a key. Keys that differ in one byte are different keys."""

    @pytest.mark.parametrize("key", WEIRD_KEYS.values(), ids=WEIRD_KEYS.keys())
    def test_a_key_is_kept_byte_for_byte_or_refused(self, bucket: Bucket, key: str) -> None:
        content = b"content of " + key.encode()
        if bucket.put_if_held(key, content):
            assert bucket.stored(key) == content
            assert bucket.read(key) == content
            assert bucket.head(key).key == key
            assert bucket.entries() == [key]
            assert bucket.entries(prefix=key) == [key]
            bucket.delete(key)
            assert bucket.stored(key) is None
        assert bucket.entries() == []

    @pytest.mark.short
    def test_keys_that_look_alike_are_different_keys(self, bucket: Bucket) -> None:
        held = [key for key in LOOK_ALIKES if bucket.put_if_held(key, b"content of " + key.encode())]
        assert bucket.entries() == byte_order(held)
        assert {key: bucket.read(key) for key in held} == {key: b"content of " + key.encode() for key in held}

    @pytest.mark.parametrize(
        ("stored", "asked"),
        [
            ("a/b", "a//b"),
            ("a//b", "a/b"),
            ("a/b", "/a/b"),
            ("a/b", "a/b/"),
            ("a/b/", "a/b"),
            ("a/b", "a/./b"),
            ("key", "KEY"),
            ("caf\u00e9", "cafe\u0301"),
            ("a b", "a+b"),
            ("a/b", "a%2Fb"),
            ("key", "ke"),
            ("a/b", "a"),
        ],
        ids=ascii,
    )
    def test_only_the_very_key_finds_the_object(self, bucket: Bucket, stored: str, asked: str) -> None:
        if not bucket.put_if_held(stored, b"content"):
            return
        with pytest.raises((NoSuchKey, InvalidKey)):
            bucket.head(asked)
        with pytest.raises((NoSuchKey, InvalidKey)):
            bucket.read(asked)

    @pytest.mark.short
    @needs("copy_object")
    def test_a_copy_keeps_both_keys_byte_for_byte(self, bucket: Bucket) -> None:
        for key in ("a//b + %2F", "a/../é"):
            if bucket.put_if_held(key, key.encode()) and bucket.put_if_held(f"{key}?", b"old"):
                bucket.store.copy_object(bucket.name, key, bucket.name, f"{key}?")
                assert bucket.read(f"{key}?") == key.encode()
                assert bucket.head(f"{key}?").key == f"{key}?"

    @pytest.mark.parametrize(
        "key",
        ["", "k" * 1025, "é" * 513, "\ud800", "a\udfffb"],
        ids=["empty", "1025", "1026 in UTF-8", "lone", "lone inside"],
    )
    def test_what_is_no_key_is_refused(self, bucket: Bucket, key: str) -> None:
        for act in (bucket.put, bucket.head, bucket.read, bucket.delete):
            with pytest.raises(InvalidKey) as caught:
                act(key)
            assert caught.value.code == "invalid_key"
        assert bucket.entries() == []
