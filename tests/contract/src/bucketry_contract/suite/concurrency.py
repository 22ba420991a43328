"""Many threads at once."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import suppress

import pytest
from bucketry import CopyOptions, Part, PreconditionFailed

from bucketry_contract._capabilities import needs
from bucketry_contract._contents import content_of
from bucketry_contract._contract_tests import ContractTests
from bucketry_contract._scratch import Bucket, MultipartUpload
from bucketry_contract._threads import outcome_of, race
from bucketry_contract.suite.multipart import MULTIPART

THREADS = 6
ROUNDS = 4

MOST_TRIES = 200
"""Each failure means that another writer has won, so few are enough."""

MOST_READS = 10_000


class ConcurrencyTests(ContractTests):
    """Calls in parallel have the same effect as calls one after the other."""

    effort = 1

    @pytest.mark.short
    @needs("put_if_none_match")
    def test_of_many_writers_with_if_none_match_exactly_one_wins(self, bucket: Bucket) -> None:
        for round_number in range(ROUNDS):
            key = f"key{round_number}"
            contents = [f"writer {number}".encode() for number in range(THREADS)]
            outcomes = race([_writer(bucket, key, content, if_none_match="*") for content in contents])
            assert sorted(outcomes) == ["done", *["precondition_failed"] * (THREADS - 1)]
            assert bucket.read(key) == contents[outcomes.index("done")]

    @needs("put_if_match")
    def test_no_increment_is_lost_with_if_match(self, bucket: Bucket) -> None:
        bucket.put("counter", b"0")

        def increment() -> None:
            done = 0
            for _ in range(MOST_TRIES):
                with bucket.store.get_object(bucket.name, "counter") as opened:
                    value = int(opened.read())
                with suppress(PreconditionFailed):
                    bucket.put("counter", str(value + 1).encode(), if_match=opened.info.etag)
                    done += 1
                if done == ROUNDS:
                    return
            raise AssertionError(f"if_match with the etag that was read has failed in nearly all of {MOST_TRIES} puts")

        race([increment] * 3)
        assert bucket.read("counter") == str(3 * ROUNDS).encode()

    @needs("put_object", "get_object")
    def test_a_reader_sees_one_whole_version_while_others_write(self, bucket: Bucket) -> None:
        versions = [content_of(200_000 + 1000 * number, number) for number in range(4)]
        bucket.put("key", versions[0])

        def write() -> list[bytes]:
            for version in versions * 2:
                bucket.put("key", iter([version[:50_000], version[50_000:]]))
            return []

        def read() -> list[bytes]:
            return [bucket.read("key") for _ in range(2 * len(versions))]

        seen = [content for contents in race([write, write, read, read]) for content in contents]
        assert len(seen) == 4 * len(versions)
        assert set(seen) <= set(versions)

    @needs("copy_object")
    def test_a_reader_sees_one_whole_version_while_others_copy(self, bucket: Bucket) -> None:
        versions = {f"source{number}": content_of(100_000 + 1000 * number, number) for number in range(3)}
        for source, content in versions.items():
            bucket.put(source, content)
        bucket.put("key", versions["source0"])

        copied = threading.Event()

        def copy() -> list[bytes]:
            try:
                for source in [*versions] * 2:
                    bucket.store.copy_object(bucket.name, source, bucket.name, "key")
            finally:
                copied.set()
            return []

        def read() -> list[bytes]:
            # For as long as there are copies, so that none goes unseen however quick reading is.
            contents = [bucket.read("key") for _ in range(6)]
            while not copied.is_set() and len(contents) < MOST_READS:
                contents.append(bucket.read("key"))
            return contents

        seen = [content for contents in race([copy, copy, read, read]) for content in contents]
        assert len(seen) >= 12
        assert set(seen) <= set(versions.values())

    @needs("copy_object", "copy_if_none_match")
    def test_of_many_copies_with_if_none_match_exactly_one_is_made(self, bucket: Bucket) -> None:
        sources = {f"source{number}": f"source {number}".encode() for number in range(THREADS)}
        for source, content in sources.items():
            bucket.put(source, content)
        for round_number in range(ROUNDS):
            key = f"key{round_number}"
            outcomes = race([_copier(bucket, source, key) for source in sources])
            assert sorted(outcomes) == ["done", *["precondition_failed"] * (THREADS - 1)]
            assert bucket.read(key) == [*sources.values()][outcomes.index("done")]

    @needs("copy_object", "copy_if_none_match", *MULTIPART)
    def test_of_many_copies_of_an_object_in_parts_exactly_one_is_made(self, bucket: Bucket) -> None:
        # A backend may have to read all of it for the etag of the copy, and has to look at the key after that.
        upload = bucket.upload("source")
        size = min(4_000_000, bucket.store.capabilities.features.max_part_size)
        upload.complete(upload.send(1, content_of(size)))
        for round_number in range(ROUNDS):
            outcomes = race([_copier(bucket, "source", f"key{round_number}")] * THREADS)
            assert sorted(outcomes) == ["done", *["precondition_failed"] * (THREADS - 1)]

    @needs(*MULTIPART, "complete_if_none_match")
    def test_of_many_uploads_with_if_none_match_exactly_one_is_completed(self, bucket: Bucket) -> None:
        for round_number in range(ROUNDS):
            uploads = [bucket.upload(f"key{round_number}") for _ in range(THREADS)]
            parts = [upload.send(1, upload.upload_id.encode()) for upload in uploads]
            outcomes = race([_completion(upload, part) for upload, part in zip(uploads, parts, strict=True)])
            assert sorted(outcomes) == ["done", *["precondition_failed"] * (THREADS - 1)]
            winner = uploads[outcomes.index("done")]
            assert bucket.read(winner.key) == winner.upload_id.encode()

    @needs("delete_if_match", "put_if_match")
    def test_of_a_put_and_a_delete_with_one_etag_exactly_one_wins(self, bucket: Bucket) -> None:
        for _ in range(ROUNDS):
            etag = bucket.put("key", b"old").etag
            acts: list[Callable[[], object]] = [
                lambda etag=etag: bucket.put("key", b"new", if_match=etag),  # type: ignore[misc]
                lambda etag=etag: bucket.delete("key", if_match=etag),  # type: ignore[misc]
            ]
            put, delete = race([lambda act=act: outcome_of(act) for act in acts])  # type: ignore[misc]
            # Who is late finds another object, or none any more.
            assert (put, delete) in {("done", "precondition_failed"), ("no_such_key", "done")}
            assert bucket.holds("key") == (put == "done")

    @needs("put_object", "list_objects", "delete_object")
    def test_nothing_is_lost_when_many_put_list_and_delete(self, bucket: Bucket) -> None:
        def work(name: str) -> Callable[[], list[list[str]]]:
            def act() -> list[list[str]]:
                seen = []
                for number in range(8):
                    bucket.put(f"{name}/{number}", name.encode())
                    if number % 2:
                        bucket.delete(f"{name}/{number}")
                    if number % 4 == 3:
                        seen.append(bucket.entries(prefix=f"{name}/", limit=3))
                return seen

            return act

        names = [f"worker{number}" for number in range(THREADS)]
        listings = race([work(name) for name in names])
        for name, seen in zip(names, listings, strict=True):
            kept = [f"{name}/{number}" for number in (0, 2, 4, 6)]
            assert seen == [kept[:2], kept]
        assert bucket.entries() == [f"{name}/{number}" for name in names for number in (0, 2, 4, 6)]

    @pytest.mark.short
    @needs("put_object", "delete_object")
    def test_a_put_and_a_delete_at_once_leave_all_or_nothing(self, bucket: Bucket) -> None:
        for _ in range(ROUNDS):
            race([lambda: bucket.put("key", b"content"), lambda: bucket.delete("key")])
            found = bucket.entries()
            assert found in ([], ["key"])
            assert bucket.holds("key") == bool(found)
            if found:
                assert bucket.read("key") == b"content"


def _completion(upload: MultipartUpload, part: Part) -> Callable[[], str]:
    return lambda: outcome_of(lambda: upload.complete(part, if_none_match="*"))


def _copier(bucket: Bucket, source: str, key: str) -> Callable[[], str]:
    options = CopyOptions(if_none_match="*")
    return lambda: outcome_of(lambda: bucket.store.copy_object(bucket.name, source, bucket.name, key, options))


def _writer(bucket: Bucket, key: str, content: bytes, **options: str) -> Callable[[], str]:
    return lambda: outcome_of(lambda: bucket.put(key, content, **options))
