"""Slow copies, whose etag must be computed, while other threads write."""

from __future__ import annotations

import hashlib

import pytest
from bucketry import CopyOptions, ObjectHeaders, PutOptions, Store
from bucketry.checksums import checksum_of
from bucketry_memory import driver as driver_module
from bucketry_memory import objects
from bucketry_memory.content import Content, md5_hex

from tests.memory.opened import BUCKET, counted, held, make_store

ONTO_ITSELF = CopyOptions(headers=ObjectHeaders(content_type="text/css"))


def upload(store: Store, content: bytes) -> None:
    begun = store.create_multipart_upload(BUCKET, "source").upload_id
    store.complete_multipart_upload(BUCKET, "source", begun, [store.upload_part(BUCKET, "source", begun, 1, content)])


@pytest.mark.parametrize("times", [1, 2, 10])
@pytest.mark.parametrize("target", ["copy", "source"])
def test_a_copy_is_of_what_its_source_holds_when_it_is_made(
    monkeypatch: pytest.MonkeyPatch, times: int, target: str
) -> None:
    store, driver = make_store()
    upload(store, b"content 0")
    written = [0]
    real = md5_hex

    def overtaken(content: Content) -> str:
        digest = real(content)
        if written[0] < times and not driver._lock.locked():
            written[0] += 1
            upload(store, b"content %d" % written[0])
        return digest

    monkeypatch.setattr(objects, "md5_hex", overtaken)
    info = store.copy_object(BUCKET, "source", BUCKET, target, ONTO_ITSELF)
    # Whoever is overtaken again and again keeps the others out for once.
    last = b"content %d" % written[0]
    assert written[0] == min(times, driver_module._COPY_TRIES)
    assert store.get_object(BUCKET, target).read() == last
    assert info.etag == store.head_object(BUCKET, target).etag == hashlib.md5(last, usedforsecurity=False).hexdigest()
    assert held(driver) == counted(driver)


def test_a_source_that_has_its_digests_already_is_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    store, _ = make_store()
    made = store.put_object(BUCKET, "source", b"content", PutOptions(checksum_algorithm="SHA256"))

    def unread(*_: object) -> str:
        raise AssertionError("the content was read")

    monkeypatch.setattr(objects, "md5_hex", unread)
    monkeypatch.setattr(objects, "checksum_of", unread)
    copy = store.copy_object(BUCKET, "source", BUCKET, "copy")
    assert (copy.etag, copy.checksum) == (made.etag, checksum_of("SHA256", [b"content"]))
