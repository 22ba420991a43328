"""Random operations in random order, compared with a model that is a dict."""

from __future__ import annotations

import sys
from typing import Any

import pytest
from bucketry import ByteRange, InvalidKey, InvalidRange, NoSuchKey, PreconditionFailed
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from bucketry_contract._capabilities import declared, needs
from bucketry_contract._contract_tests import ContractTests, once
from bucketry_contract._examples import bounded, shrinking_briefly
from bucketry_contract._pages import expected
from bucketry_contract._scratch import Bucket, MultipartUpload, empty

KEYS = st.sampled_from(["a", "a/b", "a//b", "a/b/", "b", "/b", "é", "\U00010000", "\ufffd", " ", "a+b", "a%2Fb"])
CONTENTS = st.binary(max_size=40)
PREFIXES = st.sampled_from(["", "a", "a/", "b", "é"])


class StoreMachine(RuleBasedStateMachine):
    """A bucket, and the dict that it must equal. The test sets ``bucket`` before it runs."""

    bucket: Bucket

    def __init__(self) -> None:
        super().__init__()
        self.model: dict[str, bytes] = {}
        self.uploads: list[tuple[MultipartUpload, list[Any], list[bytes]]] = []
        self.can = declared(self.bucket.store.capabilities)

    @rule(key=KEYS, content=CONTENTS)
    def put(self, key: str, content: bytes) -> None:
        """Puts an object."""
        if self.bucket.put_if_held(key, content):
            self.model[key] = content

    @precondition(lambda self: "put_if_none_match" in self.can)
    @rule(key=KEYS, content=CONTENTS)
    def put_new(self, key: str, content: bytes) -> None:
        """Puts an object where there is none."""
        try:
            self.bucket.put(key, content, if_none_match="*")
        except PreconditionFailed:
            assert key in self.model
        except InvalidKey:
            assert key not in self.model
        else:
            assert key not in self.model
            self.model[key] = content

    @rule(key=KEYS)
    def delete(self, key: str) -> None:
        """Deletes an object, if there is one."""
        try:
            self.bucket.delete(key)
        except InvalidKey:
            assert key not in self.model
        self.model.pop(key, None)

    @precondition(lambda self: "delete_objects" in self.can)
    @rule(keys=st.lists(KEYS, min_size=1, max_size=4))
    def delete_many(self, keys: list[str]) -> None:
        """Deletes some objects in one call."""
        for key in self.bucket.store.delete_objects(self.bucket.name, keys).deleted_keys:
            self.model.pop(key, None)
        assert not set(keys) & set(self.model)

    @precondition(lambda self: "copy_object" in self.can)
    @rule(source=KEYS, key=KEYS)
    def copy(self, source: str, key: str) -> None:
        """Copies an object onto another key."""
        if source == key:
            return
        try:
            self.bucket.store.copy_object(self.bucket.name, source, self.bucket.name, key)
        except NoSuchKey:
            assert source not in self.model
        except InvalidKey:
            assert source not in self.model or key not in self.model
        else:
            self.model[key] = self.model[source]

    @precondition(lambda self: "complete_multipart_upload" in self.can and len(self.uploads) < 3)
    @rule(key=KEYS, content=CONTENTS)
    def begin_upload(self, key: str, content: bytes) -> None:
        """Begins an upload and sends a part."""
        try:
            upload = self.bucket.upload(key)
        except InvalidKey:
            return
        self.uploads.append((upload, [upload.send(1, content)], [content]))

    @precondition(lambda self: self.uploads)
    @rule(content=CONTENTS)
    def send_again(self, content: bytes) -> None:
        """Replaces the part of the oldest upload."""
        upload, _, _ = self.uploads[0]
        self.uploads[0] = (upload, [upload.send(1, content)], [content])

    @precondition(lambda self: self.uploads)
    @rule()
    def complete(self) -> None:
        """Completes the oldest upload."""
        upload, parts, contents = self.uploads.pop(0)
        try:
            upload.complete(*parts)
        except InvalidKey:
            return
        self.model[upload.key] = b"".join(contents)

    @precondition(lambda self: self.uploads and "abort_multipart_upload" in self.can)
    @rule()
    def abort(self) -> None:
        """Aborts the youngest upload."""
        self.uploads.pop()[0].abort()

    @rule(key=KEYS, first=st.integers(0, 45), length=st.integers(1, 45))
    def read_a_range(self, key: str, first: int, length: int) -> None:
        """Reads some bytes of an object."""
        wanted = ByteRange(first, first + length - 1)
        try:
            found = self.bucket.read(key, range=wanted)
        except (NoSuchKey, InvalidKey):
            assert key not in self.model
        except InvalidRange:
            assert first >= len(self.model[key])
        else:
            assert found == self.model[key][first : first + length]

    @rule(prefix=PREFIXES, limit=st.integers(1, 4))
    def list_some(self, prefix: str, limit: int) -> None:
        """Lists what begins with a prefix."""
        assert self.bucket.entries(prefix=prefix, limit=limit) == expected(self.model, prefix=prefix)

    @precondition(lambda self: "list_delimiter" in self.can)
    @rule(prefix=PREFIXES, limit=st.integers(1, 4))
    def list_level(self, prefix: str, limit: int) -> None:
        """Lists one level below a prefix."""
        wanted = expected(self.model, prefix=prefix, delimiter="/")
        assert self.bucket.entries(prefix=prefix, delimiter="/", limit=limit) == wanted

    @invariant()
    def the_listing_is_the_model(self) -> None:
        """Compares keys and sizes after each step."""
        listed = self.bucket.store.list_objects(self.bucket.name).objects
        assert {info.key: info.size_bytes for info in listed} == {k: len(v) for k, v in self.model.items()}

    def teardown(self) -> None:
        """Compares all contents at the end, and empties the bucket for the next run."""
        try:
            if sys.exc_info()[1] is None:  # What failed is not hidden behind what comes of it.
                self._compare_at_the_end()
        finally:
            for upload, _, _ in self.uploads:
                if "abort_multipart_upload" in self.can:
                    upload.abort()
            empty(self.bucket.store, self.bucket.name)

    def _compare_at_the_end(self) -> None:
        assert {key: self.bucket.read(key) for key in self.model} == self.model
        if "bucket_usage" in self.can:
            usage = self.bucket.store.bucket_usage(self.bucket.name)
            if usage.source in {"index", "listing"}:
                total = sum(map(len, self.model.values()))
                assert (usage.object_count, usage.size_bytes) == (len(self.model), total)


class ModelTests(ContractTests):
    """A bucket behaves like a dict, for any operations in any order."""

    effort = 2

    @needs("put_object", "get_object", "delete_object", "list_objects")
    @once
    @pytest.mark.parametrize("length", [12, 30])
    def test_any_sequence_of_operations_does_what_a_dict_does(self, bucket: Bucket, length: int) -> None:
        class Machine(StoreMachine):
            pass

        Machine.bucket = bucket
        with shrinking_briefly():
            run_state_machine_as_test(Machine, settings=bounded(12, stateful_step_count=length))
