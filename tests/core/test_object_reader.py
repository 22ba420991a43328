"""An object as a binary file that is read."""

from __future__ import annotations

import gc

import pytest
from bucketry import open_store
from bucketry._object_reader import ObjectReader
from bucketry.layers import Fault, Faults

CONTENT = bytes(range(256)) * 4000


def test_a_read_that_broke_off_can_be_made_again() -> None:
    faults = Faults(Fault.parse("get_object:torn:after=1000:nth=1"))
    with open_store("memory://", environ={}, layers=[faults]) as store:
        store.create_bucket("bucket")
        store.put_object("bucket", "key", CONTENT)
        with ObjectReader(store, "bucket", "key") as reader:
            found = bytearray()

            def read() -> None:
                while piece := reader.read(100_000):
                    found.extend(piece)

            with pytest.raises(OSError, match="key"):
                read()
            assert len(found) < len(CONTENT)
            read()
        assert found == CONTENT


def test_an_object_that_is_missing_leaves_nothing_half_open() -> None:
    with open_store("memory://", environ={}) as store:
        store.create_bucket("bucket")
        with pytest.raises(FileNotFoundError):
            ObjectReader(store, "bucket", "none")
        gc.collect()
