"""Writing objects: bodies of every kind, headers, and bodies that break off."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable

import pytest
from bucketry import (
    DEFAULT_CONTENT_TYPE,
    Body,
    BodySource,
    ObjectHeaders,
    QuotaExceeded,
    Store,
    TooLarge,
)
from bucketry.features import MIB

from bucketry_contract._broken_bodies import BROKEN, BrokenCase, every_broken_body, fails_as
from bucketry_contract._capabilities import needs
from bucketry_contract._contents import broken_after, content_of, meanwhile
from bucketry_contract._contract_tests import ContractTests, once
from bucketry_contract._headers import EMPTY, HEADERS, METADATA, each_header, headers_of, kept_or_refused
from bucketry_contract._report_notes import Notes
from bucketry_contract._scratch import Bucket
from bucketry_contract.backend import Backend

PIECES = [b"one ", b"", b"two ", b"three ", b"four"]
JOINED = b"one two three four"

BODIES: dict[str, Callable[[], BodySource | Body]] = {
    "bytes": lambda: JOINED,
    "bytearray": lambda: bytearray(JOINED),
    "memoryview": lambda: memoryview(JOINED),
    "file": lambda: io.BytesIO(JOINED),
    "file of known length": lambda: Body(io.BytesIO(JOINED), len(JOINED)),
    "pieces": lambda: iter(PIECES),
    "pieces of known length": lambda: Body(iter(PIECES), len(JOINED)),
}


class WritingTests(ContractTests):
    """A put stores all of its body, or nothing."""

    @pytest.mark.short
    @needs("put_object")
    @pytest.mark.parametrize("body", BODIES.values(), ids=BODIES.keys())
    def test_a_body_may_be_bytes_or_a_file_or_pieces(self, bucket: Bucket, body: Callable[[], BodySource]) -> None:
        assert bucket.put("key", body()).size_bytes == len(JOINED)
        assert bucket.stored("key") == bucket.read("key") == JOINED

    @needs("put_object")
    def test_a_body_may_be_empty(self, bucket: Bucket) -> None:
        bodies: list[BodySource | Body] = [b"", iter([]), Body(iter([]), 0), io.BytesIO()]
        for body in bodies:
            bucket.put("key", b"old")
            bucket.put("key", body)
            assert bucket.head("key").size_bytes == 0
            assert bucket.read("key") == b""

    @needs("put_object", "head_object")
    def test_the_answer_of_a_put_is_what_head_says(self, bucket: Bucket) -> None:
        for content, content_type in ((b"first", "text/plain"), (b"second", "image/png"), (b"", "text/css")):
            assert bucket.put("key", content, content_type=content_type) == bucket.head("key")

    @needs("put_object")
    def test_an_object_has_a_content_type_always(self, bucket: Bucket) -> None:
        bucket.put("key", content_type="text/html; charset=utf-8")
        assert bucket.head("key").content_type == "text/html; charset=utf-8"
        bucket.put("key")
        assert bucket.head("key").content_type == DEFAULT_CONTENT_TYPE == bucket.listed_info("key").content_type

    @needs("put_object")
    @pytest.mark.parametrize("known", [True, False], ids=["known length", "unknown length"])
    def test_pieces_of_any_size_are_stored_in_their_order(self, bucket: Bucket, known: bool) -> None:
        pieces = [bytes([number]) * size for number, size in enumerate((1, 300_000, 10, 5, 100_000, 400_000, 7))]
        content = b"".join(pieces)
        bucket.put("key", Body(iter(pieces), len(content) if known else None))
        assert bucket.stored("key") == bucket.read("key") == content

    @needs("put_object", "put_headers")
    def test_headers_are_kept(self, bucket: Bucket) -> None:
        headers = {name: value for name, value in HEADERS.items() if name != "metadata"}
        bucket.put("key", b"content", **headers)
        assert {name: getattr(bucket.head("key"), name) for name in headers} == headers
        with bucket.store.get_object(bucket.name, "key") as opened:
            assert opened.info == bucket.head("key")
        bucket.put("key", b"content")
        assert {getattr(bucket.head("key"), name) for name in headers} == {None, DEFAULT_CONTENT_TYPE}

    @pytest.mark.parametrize("name", each_header("put_object"))
    def test_a_header_is_kept_without_any_other(self, bucket: Bucket, name: str) -> None:
        answer = bucket.put("key", b"content", **{name: HEADERS[name]})
        assert headers_of(bucket.head("key")) == headers_of(ObjectHeaders()) | {name: HEADERS[name]}
        assert answer == bucket.head("key")

    @needs("put_object", "put_metadata")
    def test_metadata_is_kept(self, bucket: Bucket) -> None:
        metadata = {"colour": "blue", "with-hyphen": 'a, b; c="d"', "number": "1", "long": "x" * 1500}
        bucket.put("key", metadata=metadata)
        assert bucket.head("key").metadata == metadata
        bucket.put("key", metadata={"Upper-Case": "Value"})
        assert bucket.head("key").metadata == {"upper-case": "Value"}
        bucket.put("key")
        assert bucket.head("key").metadata == {}

    @needs("put_object", "put_metadata")
    @pytest.mark.parametrize("name", METADATA)
    def test_a_value_of_metadata_is_kept_character_for_character(self, bucket: Bucket, name: str) -> None:
        bucket.put("key", metadata={name: METADATA[name]})
        assert bucket.head("key").metadata == {name: METADATA[name]}

    @pytest.mark.short
    @needs("put_object", "put_metadata")
    def test_metadata_with_an_empty_value_is_kept_or_refused(self, bucket: Bucket, notes: Notes) -> None:
        with kept_or_refused(bucket, "key", notes):
            bucket.put("key", metadata=EMPTY)
        assert bucket.head("key").metadata == EMPTY

    @needs("put_object", "put_metadata")
    def test_metadata_in_results_cannot_be_changed(self, bucket: Bucket) -> None:
        bucket.put("without")
        put = bucket.put("key", metadata={"colour": "blue"})
        for info in (put, bucket.head("key"), bucket.listed_info("key"), bucket.head("without")):
            with pytest.raises(TypeError):
                info.metadata["colour"] = "red"  # type: ignore[index]
        with bucket.store.get_object(bucket.name, "key") as opened, pytest.raises(TypeError):
            opened.info.metadata["colour"] = "red"  # type: ignore[index]
        assert bucket.head("key").metadata == {"colour": "blue"}

    @needs("put_object", "put_metadata")
    def test_a_caller_may_change_the_metadata_that_was_put(self, bucket: Bucket) -> None:
        metadata = {"colour": "blue"}
        bucket.put("key", metadata=metadata)
        metadata["colour"] = "red"
        assert bucket.head("key").metadata == {"colour": "blue"}

    @needs("put_object")
    def test_a_put_replaces_the_whole_object(self, bucket: Bucket) -> None:
        bucket.put("key", content_of(5000))
        bucket.put("key", b"short")
        assert bucket.stored("key") == bucket.read("key") == b"short"
        assert bucket.entries() == ["key"]

    @needs("put_object")
    def test_the_right_digest_is_accepted(self, bucket: Bucket) -> None:
        digest = hashlib.md5(b"content", usedforsecurity=False).digest()
        bucket.put("key", iter([b"con", b"tent"]), content_md5=digest)
        assert bucket.read("key") == b"content"

    @pytest.mark.short
    @needs("put_object")
    @every_broken_body
    def test_a_body_that_breaks_off_leaves_the_old_object(self, bucket: Bucket, broken: BrokenCase) -> None:
        bucket.put("key", b"old")
        with fails_as(broken):
            bucket.put("key", broken.body())
        assert bucket.stored("key") == bucket.read("key") == b"old"
        assert bucket.upload_ids() == []

    @needs("put_object")
    @every_broken_body
    def test_a_body_that_breaks_off_stores_nothing(self, bucket: Bucket, broken: BrokenCase) -> None:
        with fails_as(broken):
            bucket.put("key", broken.body())
        assert bucket.stored("key") is None
        assert bucket.entries() == []
        assert bucket.upload_ids() == []

    @pytest.mark.short
    @needs("put_object")
    @once
    def test_a_large_body_that_breaks_off_leaves_no_parts_behind(
        self, bucket: Bucket, contract_backend: Backend
    ) -> None:
        bucket.put("key", b"old")
        most = bucket.store.capabilities.features.max_put_size
        pieces = [bytes(MIB)] * min(contract_backend.part_bytes // MIB + 1, most // MIB)
        with fails_as(BROKEN["half-way"]):
            bucket.put("key", broken_after(*pieces))
        assert bucket.stored("key") == b"old"
        assert bucket.upload_ids() == []

    @needs("put_object")
    def test_nobody_sees_an_object_before_it_is_whole(self, bucket: Bucket) -> None:
        seen: list[object] = []
        bucket.put("old", b"old")
        for key in ("old", "new"):
            bucket.put(key, meanwhile(lambda key=key: seen.append(bucket.stored(key)), b"first ", b"last"))  # type: ignore[misc]
            assert bucket.read(key) == b"first last"
        assert seen == [b"old", None]

    @needs("put_object")
    def test_more_than_max_put_size_is_refused(self, store: Store, bucket: Bucket) -> None:
        most = store.capabilities.features.max_put_size
        with pytest.raises(TooLarge) as caught:
            bucket.put("key", Body(iter([b"x"]), most + 1))
        assert caught.value.code == "too_large"
        if most <= 16 * MIB:
            # Of unknown length, it is the driver that has to notice.
            with pytest.raises(TooLarge):
                bucket.put("key", iter([b"x" * most, b"x"]))
            assert bucket.upload_ids() == []
        assert bucket.entries() == []

    def test_a_store_that_is_full_says_so_and_keeps_what_it_has(self, bucket_on: Callable[[str], Bucket]) -> None:
        bucket = bucket_on("full")
        bucket.put("key", b"x" * 1024)
        for body in (b"y" * 4 * MIB, iter([b"y" * MIB] * 4)):
            with pytest.raises(QuotaExceeded) as caught:
                bucket.put("key", body)
            assert caught.value.code == "quota_exceeded"
        assert bucket.read("key") == b"x" * 1024
