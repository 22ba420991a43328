"""Space that writes take up must be free again when their data is gone."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from bucketry import Body, IncompleteBody, PreconditionFailed, QuotaExceeded

from bucketry_contract._capabilities import needs
from bucketry_contract._contents import broken_after, meanwhile
from bucketry_contract._contract_tests import ContractTests
from bucketry_contract._scratch import Bucket
from bucketry_contract._threads import outcome_of, side_by_side
from bucketry_contract.suite.multipart import MULTIPART

FAILING_BYTES = 256 * 1024
FAILURES = 20
"""Puts of this size and number need more space than a `Backend.full` store has."""


def _part_bytes(bucket: Bucket) -> int:
    return min(FAILING_BYTES, bucket.store.capabilities.features.max_part_size)


def _aborted_upload(bucket: Bucket) -> None:
    upload = bucket.upload("key")
    for number in (1, 1, 2):
        upload.send(number, bytes(_part_bytes(bucket)))
    upload.abort()


def _broken_part(bucket: Bucket) -> None:
    upload = bucket.upload("key")
    size = _part_bytes(bucket)
    for length in (size, None):
        with pytest.raises(IncompleteBody):
            upload.send(1, Body(broken_after(bytes(size // 2), bytes(size // 4)), length))
    upload.abort()


def _completed_and_deleted(bucket: Bucket) -> None:
    upload = bucket.upload("key")
    upload.complete(upload.send(1, bytes(_part_bytes(bucket))))
    bucket.delete("key")


def _copied_part(bucket: Bucket) -> None:
    bucket.put("source", bytes(_part_bytes(bucket)))
    upload = bucket.upload("key")
    for _ in range(2):
        bucket.store.upload_part_copy(bucket.name, "key", upload.upload_id, 1, bucket.name, "source")
    upload.abort()


def _late_parts(bucket: Bucket) -> None:
    size = _part_bytes(bucket)
    _late_part(bucket, size, size)
    _late_part(bucket, size, None)


def _late_part(bucket: Bucket, size: int, length: int | None) -> None:
    upload = bucket.upload("key")
    with side_by_side(upload.abort) as start:
        body = Body(meanwhile(start, bytes(size // 2), bytes(size - size // 2)), length)
        assert outcome_of(lambda: upload.send(1, body)) in {"done", "no_such_upload"}


def _deleted_with_its_bucket(bucket: Bucket) -> None:
    store, name = bucket.store, f"{bucket.name}-x"
    store.create_bucket(name)
    upload = store.create_multipart_upload(name, "key")
    store.upload_part(name, "key", upload.upload_id, 1, bytes(_part_bytes(bucket)))
    store.delete_bucket(name)


def _copied_and_deleted(bucket: Bucket) -> None:
    bucket.put("source", bytes(FAILING_BYTES))
    bucket.copy("source", "copy")
    bucket.copy("source", "copy")
    for key in ("source", "copy"):
        bucket.delete(key)


def _refused_by_its_condition(bucket: Bucket) -> None:
    bucket.put("taken", b"")
    for body in (bytes(FAILING_BYTES), iter([bytes(FAILING_BYTES)])):
        with pytest.raises(PreconditionFailed):
            bucket.put("taken", body, if_none_match="*")


def _late_for_their_condition(bucket: Bucket) -> None:
    _late_for_its_condition(bucket, FAILING_BYTES)
    _late_for_its_condition(bucket, None)


def _late_for_its_condition(bucket: Bucket, length: int | None) -> None:
    with side_by_side(lambda: bucket.put("late", b"")) as start:
        body = Body(meanwhile(start, bytes(FAILING_BYTES // 2), bytes(FAILING_BYTES // 2)), length)
        assert outcome_of(lambda: bucket.put("late", body, if_none_match="*")) in {"done", "precondition_failed"}
    bucket.delete("late")


def _put_and_deleted(bucket: Bucket) -> None:
    bucket.put("key", bytes(FAILING_BYTES))
    bucket.put("key", b"")
    bucket.put("key", bytes(FAILING_BYTES))
    bucket.delete("key")


def _deleted_in_a_batch(bucket: Bucket) -> None:
    bucket.put("key", bytes(FAILING_BYTES))
    bucket.store.delete_objects(bucket.name, ["key", "missing"])


GONE = {
    "an overwritten object": (lambda bucket: bucket.put("key", bytes(FAILING_BYTES)), ()),
    "a deleted object": (_put_and_deleted, ()),
    "objects deleted in a batch": (_deleted_in_a_batch, ("delete_objects",)),
    "a deleted copy": (_copied_and_deleted, ("copy_object",)),
    "a put that its condition refused": (_refused_by_its_condition, ("put_if_none_match",)),
    "a put that came too late for its condition": (_late_for_their_condition, ("put_if_none_match",)),
    "a part that broke off": (_broken_part, (*MULTIPART, "abort_multipart_upload")),
    "a part that came too late for its upload": (_late_parts, (*MULTIPART, "abort_multipart_upload")),
    "a copied part": (_copied_part, (*MULTIPART, "upload_part_copy", "abort_multipart_upload")),
    "an aborted upload": (_aborted_upload, (*MULTIPART, "abort_multipart_upload")),
    "an upload that ended with its bucket": (_deleted_with_its_bucket, MULTIPART),
    "a completed and deleted upload": (_completed_and_deleted, MULTIPART),
}
"""Actions that leave no data behind, each with the capabilities that it needs."""


class FreedSpaceTests(ContractTests):
    """A store that is nearly full can use freed space again."""

    @pytest.mark.parametrize("length", [FAILING_BYTES, None], ids=["known length", "unknown length"])
    def test_a_put_that_fails_gives_its_room_back(self, bucket_on: Callable[[str], Bucket], length: int | None) -> None:
        bucket = bucket_on("full")
        for _ in range(FAILURES):
            with pytest.raises((IncompleteBody, QuotaExceeded)):
                bucket.put("failed", Body(broken_after(*[bytes(FAILING_BYTES // 4)] * 3), length))
            assert bucket.entries() == []
        bucket.put("key", b"x" * 1024)
        assert bucket.read("key") == b"x" * 1024

    @pytest.mark.parametrize(
        "act", [pytest.param(act, marks=needs("put_object", *names), id=what) for what, (act, names) in GONE.items()]
    )
    def test_what_is_gone_gives_its_room_back(
        self, bucket_on: Callable[[str], Bucket], act: Callable[[Bucket], object]
    ) -> None:
        bucket = bucket_on("full")
        for _ in range(FAILURES):
            act(bucket)
        bucket.put("last", b"x" * 1024)
        assert bucket.read("last") == b"x" * 1024
