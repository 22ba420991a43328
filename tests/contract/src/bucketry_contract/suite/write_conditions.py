"""Conditions of puts and deletes."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Final

import pytest
from bucketry import Body, InvalidArgument, NoSuchKey, PreconditionFailed
from bucketry.features import MIB

from bucketry_contract._capabilities import needs
from bucketry_contract._contents import meanwhile
from bucketry_contract._contract_tests import ContractTests
from bucketry_contract._scratch import Bucket
from bucketry_contract._threads import outcome_of, side_by_side

any_etag = pytest.mark.parametrize("etag", ["another", "*"], ids=["etag", "asterisk"])
"""Values of ``if_match`` on a missing key. The error says that the key is missing, not that a condition failed."""


_LONG: Final = bytes(MIB + 1)
"""Half of a body that servers begin to store before they have the whole."""

_AHEAD: Final = 0.4
"""Seconds for a server to begin with a request whose body is on its way. Nothing fails for it."""

two_halves = pytest.mark.parametrize(
    ("half", "length"), [(b"half", None), (_LONG, 2 * len(_LONG))], ids=["kept back", "sent as it comes"]
)
"""Bodies of which a driver may keep the first half until it has the second, and of which it sends it at once."""


def _when_begun(start: Callable[[], None], length: int | None) -> Callable[[], None]:
    """Returns a function that starts the other write when the backend has begun with the first."""

    def act() -> None:
        time.sleep(0 if length is None else _AHEAD)
        start()

    return act


class WriteConditionTests(ContractTests):
    """A condition and its write are one step."""

    @pytest.mark.short
    @needs("put_if_match")
    def test_put_if_match_replaces_only_the_object_with_that_etag(self, bucket: Bucket) -> None:
        old, etag = bucket.put("key", b"old").etag, bucket.put("key", b"current").etag
        for other in (old, "another"):
            with pytest.raises(PreconditionFailed) as caught:
                bucket.put("key", b"lost", if_match=other)
            assert caught.value.code == "precondition_failed"
        assert bucket.read("key") == b"current"
        etag = bucket.put("key", b"next", if_match=etag).etag
        bucket.put("key", b"last", if_match=f'"{etag}"')
        assert bucket.read("key") == b"last"

    @needs("put_if_match")
    def test_put_if_match_with_an_asterisk_replaces_any_object(self, bucket: Bucket) -> None:
        with pytest.raises(NoSuchKey):
            bucket.put("key", b"lost", if_match="*")
        assert bucket.entries() == []
        bucket.put("key", b"old")
        bucket.put("key", b"new", if_match="*")
        assert bucket.read("key") == b"new"

    @needs("put_if_match")
    @any_etag
    def test_put_if_match_finds_no_key_where_there_is_no_object(self, bucket: Bucket, etag: str) -> None:
        with pytest.raises(NoSuchKey) as caught:
            bucket.put("key", if_match=etag)
        assert (caught.value.bucket, caught.value.key) == (bucket.name, "key")
        assert bucket.entries() == []

    @pytest.mark.short
    @needs("put_if_none_match")
    def test_put_if_none_match_writes_only_where_there_is_no_object(self, bucket: Bucket) -> None:
        bucket.put("key", b"first", if_none_match="*")
        with pytest.raises(PreconditionFailed) as caught:
            bucket.put("key", b"second", if_none_match="*")
        assert caught.value.code == "precondition_failed"
        assert bucket.read("key") == b"first"
        bucket.delete("key")
        bucket.put("key", b"third", if_none_match="*")
        assert bucket.read("key") == b"third"

    @needs("put_if_none_match")
    def test_if_none_match_of_a_write_is_an_asterisk_only(self, bucket: Bucket) -> None:
        with pytest.raises(InvalidArgument):
            bucket.put("key", if_none_match="etag")
        assert bucket.entries() == []

    @needs("put_if_none_match")
    @two_halves
    def test_of_a_writer_and_one_that_comes_while_its_body_is_on_its_way_one_wins(
        self, bucket: Bucket, half: bytes, length: int | None
    ) -> None:
        late: list[str] = []
        act = side_by_side(lambda: late.append(outcome_of(lambda: bucket.put("key", b"late", if_none_match="*"))))
        with act as start:
            body = Body(meanwhile(_when_begun(start, length), half, half), length)
            early = outcome_of(lambda: bucket.put("key", body, if_none_match="*"))
        assert sorted([early, *late]) == ["done", "precondition_failed"]
        assert bucket.read("key") == (2 * half if early == "done" else b"late")

    @needs("put_if_match")
    @two_halves
    def test_an_object_that_changes_while_the_body_is_on_its_way_fails_if_match(
        self, bucket: Bucket, half: bytes, length: int | None
    ) -> None:
        etag = bucket.put("key", b"old").etag
        late: list[str] = []
        act = side_by_side(lambda: late.append(outcome_of(lambda: bucket.put("key", b"late", if_match=etag))))
        with act as start:
            body = Body(meanwhile(_when_begun(start, length), half, half), length)
            early = outcome_of(lambda: bucket.put("key", body, if_match=etag))
        assert sorted([early, *late]) == ["done", "precondition_failed"]
        assert bucket.read("key") == (2 * half if early == "done" else b"late")

    @needs("delete_if_match")
    def test_delete_if_match_deletes_only_the_object_with_that_etag(self, bucket: Bucket) -> None:
        old, etag = bucket.put("key", b"old").etag, bucket.put("key", b"current").etag
        for other in (old, "another"):
            with pytest.raises(PreconditionFailed):
                bucket.delete("key", if_match=other)
        assert bucket.read("key") == b"current"
        bucket.delete("key", if_match=etag)
        assert bucket.entries() == []

    @needs("delete_if_match")
    @any_etag
    def test_delete_if_match_finds_no_key_where_there_is_no_object(self, bucket: Bucket, etag: str) -> None:
        with pytest.raises(NoSuchKey) as caught:
            bucket.delete("key", if_match=etag)
        assert (caught.value.bucket, caught.value.key) == (bucket.name, "key")

    @needs("delete_if_match")
    def test_delete_if_match_with_an_asterisk_deletes_any_object(self, bucket: Bucket) -> None:
        bucket.put("key")
        bucket.delete("key", if_match="*")
        assert bucket.entries() == []
        with pytest.raises(NoSuchKey):
            bucket.delete("key", if_match="*")

    @needs("delete_if_last_modified")
    def test_delete_if_last_modified_deletes_only_what_was_written_at_that_time(self, bucket: Bucket) -> None:
        bucket.put("key")
        written = bucket.head("key").last_modified
        for other in (written - timedelta(seconds=2), written + timedelta(seconds=2)):
            with pytest.raises(PreconditionFailed):
                bucket.delete("key", if_last_modified=other)
        assert bucket.entries() == ["key"]
        bucket.delete("key", if_last_modified=written)
        assert bucket.entries() == []

    @needs("delete_if_last_modified")
    def test_delete_if_last_modified_finds_no_key_where_there_is_no_object(self, bucket: Bucket) -> None:
        with pytest.raises(NoSuchKey):
            bucket.delete("key", if_last_modified=datetime.now(UTC))
