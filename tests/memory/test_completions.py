"""How many completions are remembered, and for how long."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from bucketry import CompletedPart, NoSuchUpload, ObjectHeaders
from bucketry.completing import COMPLETIONS_KEPT_FOR, MAX_COMPLETIONS
from bucketry_memory import completions
from bucketry_memory.completions import Completions
from bucketry_memory.objects import Extras, StoredObject

from tests.memory.opened import BUCKET, make_store

NOW = datetime(2024, 1, 15, 10, 30, tzinfo=UTC)
PARTS = (CompletedPart(1, "etag"), CompletedPart(3, "another"))


def made_by(upload_id: str, at: datetime = NOW) -> StoredObject:
    """Returns an object that an upload made."""
    return StoredObject(b"", "etag", at, ObjectHeaders(), Extras(upload_id=upload_id))


def test_the_last_ten_thousand_are_remembered() -> None:
    completions = Completions()
    for number in range(MAX_COMPLETIONS + 2):
        completions.remember("bucket", "key", PARTS, made_by(f"upload {number}"))
    assert MAX_COMPLETIONS == 10_000
    made = [
        completions.version_made("bucket", "key", f"upload {number}", PARTS, NOW)
        for number in (0, 1, 2, MAX_COMPLETIONS + 1)
    ]
    assert made == [None, None, "null", "null"]


def test_they_are_remembered_for_an_hour() -> None:
    completions = Completions()
    completions.remember("bucket", "key", PARTS, made_by("first"))
    assert timedelta(hours=1) == COMPLETIONS_KEPT_FOR
    assert completions.version_made("bucket", "key", "first", PARTS, NOW + COMPLETIONS_KEPT_FOR) == "null"
    assert not completions.version_made(
        "bucket", "key", "first", PARTS, NOW + COMPLETIONS_KEPT_FOR + timedelta(milliseconds=1)
    )
    completions.remember("bucket", "key", PARTS, made_by("second", NOW + 2 * COMPLETIONS_KEPT_FOR))
    # What is too old takes up no room either.
    assert list(completions._by_id) == ["second"]


@pytest.mark.parametrize(
    "other",
    [
        ("another", "key", "upload", PARTS),
        ("bucket", "another", "upload", PARTS),
        ("bucket", "key", "another", PARTS),
        ("bucket", "key", "upload", PARTS[:1]),
        ("bucket", "key", "upload", (CompletedPart(1, "etag"), CompletedPart(4, "another"))),
        ("bucket", "key", "upload", (CompletedPart(1, "etag"), CompletedPart(3, "etag"))),
    ],
    ids=["bucket", "key", "upload", "fewer parts", "another number", "another etag"],
)
def test_only_the_very_same_is_known(other: tuple[str, str, str, tuple[CompletedPart, ...]]) -> None:
    completions = Completions()
    completions.remember("bucket", "key", PARTS, made_by("upload"))
    assert completions.version_made("bucket", "key", "upload", PARTS, NOW) == "null"
    assert not completions.version_made(*other, NOW)


def test_a_completion_is_forgotten_after_its_time(monkeypatch: pytest.MonkeyPatch) -> None:
    store, _ = make_store()
    upload = store.create_multipart_upload(BUCKET, "key").upload_id
    part = store.upload_part(BUCKET, "key", upload, 1, b"part")
    done = store.complete_multipart_upload(BUCKET, "key", upload, [part])
    assert store.complete_multipart_upload(BUCKET, "key", upload, [part]) == done
    monkeypatch.setattr(completions, "COMPLETIONS_KEPT_FOR", timedelta(0) - timedelta(seconds=1))
    with pytest.raises(NoSuchUpload):
        store.complete_multipart_upload(BUCKET, "key", upload, [part])
