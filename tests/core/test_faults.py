"""The layer that fails on request."""

from __future__ import annotations

import io
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from bucketry import (
    CompletedPart,
    InvalidArgument,
    NoSuchKey,
    QuotaExceeded,
    Store,
    Throttled,
    Unavailable,
    open_store,
)
from bucketry.hookspecs import OPERATIONS
from bucketry.layers import Fault, Faults, ReadOnly


def opened(*faults: str | Fault, seed: int = 0, blocks: bool | None = None) -> tuple[Store, Faults]:
    """A store in memory with a bucket, and the faults around it."""
    layer = Faults(seed=seed, blocks=blocks)
    store = open_store("memory://", layers=[layer])
    store.create_bucket("assets")
    layer.add(*faults)
    return store, layer


def outcomes(store: Store, calls: int, key: str = "key") -> str:
    """Puts an object so often: ``.`` for each that succeeded, ``x`` for each that was struck."""
    found = ""
    for _ in range(calls):
        try:
            store.put_object("assets", key, b"content")
            found += "."
        except Throttled:
            found += "x"
    return found


@pytest.mark.parametrize(
    ("when", "expected"),
    [
        ("", "xxxxxx"),
        (":nth=3", "..x..."),
        (":nth=2-4", ".xxx.."),
        (":nth=5-", "....xx"),
        (":probability=0", "......"),
        (":bucket=assets", "xxxxxx"),
        (":bucket=other", "......"),
        (":prefix=ke", "xxxxxx"),
        (":prefix=images/", "......"),
        (":nth=2:prefix=key", ".x...."),
    ],
)
def test_a_fault_strikes_when_it_says(when: str, expected: str) -> None:
    store, _ = opened(f"put_object:throttled{when}")
    assert outcomes(store, 6) == expected


def test_what_is_struck_is_left_undone() -> None:
    store, _ = opened("put_object:throttled:nth=1")
    with pytest.raises(Throttled, match="put_object:throttled:nth=1"):
        store.put_object("assets", "key", b"content")
    with pytest.raises(NoSuchKey):
        store.head_object("assets", "key")


def test_only_the_calls_that_a_fault_is_about_are_counted() -> None:
    store, faults = opened("put_object:throttled:nth=2:prefix=a")
    assert outcomes(store, 3, key="b") == "..."
    store.list_buckets()
    assert outcomes(store, 3, key="a") == ".x."
    (count,) = faults.counts()
    assert (count.calls, count.struck) == (3, 1)


def test_the_same_seed_draws_the_same_again() -> None:
    drawn = [outcomes(opened("put_object:throttled:probability=0.3", seed=seed)[0], 200) for seed in (1, 1, 2)]
    assert drawn[0] == drawn[1] != drawn[2]
    assert 30 < drawn[0].count("x") < 90


def test_a_fault_draws_for_itself() -> None:
    alone, _ = opened("put_object:throttled:probability=0.3")
    beside, _ = opened("put_object:throttled:probability=0.3", "put_object:quota_exceeded:probability=0.5:bucket=other")
    assert outcomes(alone, 50) == outcomes(beside, 50)


def test_it_is_switched_off_and_on_and_begins_anew() -> None:
    store, faults = opened("put_object:throttled:nth=2")
    assert outcomes(store, 1) == "."
    faults.enabled = False
    assert outcomes(store, 3) == "..."
    faults.enabled = True
    assert outcomes(store, 2) == "x."
    faults.reset()
    assert outcomes(store, 3) == ".x."
    faults.clear()
    assert outcomes(store, 3) == "..."
    assert faults.counts() == ()


def test_reset_draws_from_the_start() -> None:
    store, faults = opened("put_object:throttled:probability=0.5")
    before = outcomes(store, 30)
    faults.reset()
    assert outcomes(store, 30) == before


def test_injected_faults_end_with_their_block() -> None:
    store, faults = opened("put_object:throttled:prefix=always")
    with faults.injected("put_object:throttled"):
        faults.add("put_object:throttled:prefix=added")
        assert outcomes(store, 2) == "xx"
    assert outcomes(store, 2) == ".."
    assert outcomes(store, 1, key="always") == outcomes(store, 1, key="added") == "x"


def test_every_error_of_the_contract_can_be_had() -> None:
    store, _ = opened("list_buckets:quota_exceeded")
    with pytest.raises(QuotaExceeded):
        store.list_buckets()


def test_every_operation_can_be_struck() -> None:
    assert all(hasattr(Faults, name) for name in OPERATIONS)
    # What every call asks of the driver, a fault by the operation's own name finds.
    for name in OPERATIONS:
        assert Fault(operation=name, error="unavailable").operations == {name}


def test_the_star_leaves_out_what_asks_a_backend_nothing() -> None:
    assert set(OPERATIONS) - Fault(error="unavailable").operations == {"close", "status", "presign"}
    store, _ = opened("*:unavailable")
    assert store.status().available
    assert store.presign("assets", "key").url
    store.close()
    named, _ = opened("presign,status:unavailable")
    with pytest.raises(Unavailable):
        named.presign("assets", "key")
    with pytest.raises(Unavailable):
        named.status()


def test_buckets_and_keys_are_found_in_calls_about_many() -> None:
    store, faults = opened("delete_objects:unavailable:prefix=b", "bucket_usage:unavailable:bucket=other")
    store.delete_objects("assets", ["a", "c"])
    with pytest.raises(Unavailable):
        store.delete_objects("assets", ["a", "b"])
    store.bucket_usages(["assets"])
    with pytest.raises(Unavailable):
        store.bucket_usages(["assets", "other"])
    assert [count.struck for count in faults.counts()] == [1, 1]


@pytest.mark.parametrize(("fault", "expected"), [("torn", 5000), ("torn:after=1234", 1234), ("torn:after=0", 0)])
def test_a_torn_download_breaks_off_after_so_many_bytes(fault: str, expected: int) -> None:
    store, _ = opened(f"get_object:{fault}")
    store.put_object("assets", "key", b"x" * 10_000)
    closed: list[bool] = []
    content = store.get_object("assets", "key").on_close(lambda: closed.append(True))
    received = b""
    with pytest.raises(Unavailable):  # noqa: PT012 - what comes before the error counts
        for chunk in content:
            received += chunk
    assert received == b"x" * expected
    assert closed


def test_content_that_ends_before_it_is_torn_comes_whole() -> None:
    store, _ = opened("get_object,put_object:torn:after=7")
    store.put_object("assets", "key", b"content")
    assert store.get_object("assets", "key").read() == b"content"


def test_a_torn_upload_leaves_the_old_object() -> None:
    store, faults = opened()
    store.put_object("assets", "key", b"old")
    sources = (b"x" * 10_000, io.BytesIO(b"x" * 10_000), [b"x" * 5000] * 2, iter([b"x" * 3_000_000] * 3))
    for source in sources:
        with faults.injected("put_object:torn:after=100"), pytest.raises(Unavailable):
            store.put_object("assets", "key", source)
        assert store.get_object("assets", "key").read() == b"old"
    assert store.bucket_usage("assets").size_bytes == 3


def test_a_torn_upload_fails_as_it_is_told() -> None:
    store, _ = opened("put_object:quota_exceeded:torn:after=10")
    with pytest.raises(QuotaExceeded):
        store.put_object("assets", "key", b"x" * 11)


def test_a_torn_part_leaves_no_trace() -> None:
    store, _ = opened("upload_part:torn:nth=1")
    upload = store.create_multipart_upload("assets", "key")
    with pytest.raises(Unavailable):
        store.upload_part("assets", "key", upload.upload_id, 1, b"content")
    assert store.list_parts("assets", "key", upload.upload_id).parts == ()
    part = store.upload_part("assets", "key", upload.upload_id, 1, b"content")
    store.complete_multipart_upload("assets", "key", upload.upload_id, [CompletedPart(1, part.etag)])
    assert store.get_object("assets", "key").read() == b"content"


def test_latency_comes_before_the_call_and_adds_up() -> None:
    store, faults = opened("put_object:latency=0.02", "put_object:throttled:latency=0.03:nth=2", blocks=True)
    for expected, least in ((".", 0.02), ("x", 0.05), (".", 0.02)):
        begun = time.monotonic()
        assert outcomes(store, 1) == expected
        assert time.monotonic() - begun >= least
    assert [count.struck for count in faults.counts()] == [3, 1]


def test_clearing_ends_the_waiting() -> None:
    store, faults = opened("put_object:latency=3600", blocks=True)
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(outcomes, store, 1)
        while not faults.counts()[0].struck:
            time.sleep(0.001)
        faults.clear()
        assert waiting.result(timeout=60) == "."


def test_a_store_that_may_wait_says_so() -> None:
    def non_blocking(*layers: object) -> bool:
        return open_store("memory://", layers=layers).capabilities.features.non_blocking

    assert non_blocking()
    assert non_blocking(Faults("*:throttled"), ReadOnly())
    assert not non_blocking(Faults("*:latency=0.1"))
    assert not non_blocking(ReadOnly(), Faults(blocks=True))


def test_a_store_that_never_waits_gets_no_latency() -> None:
    faults = Faults("*:throttled")
    with pytest.raises(InvalidArgument, match="blocks=True"):
        faults.add("*:latency=0.1")
    with pytest.raises(InvalidArgument, match="blocks=True"):
        Faults("*:latency=0.1", blocks=False)
    assert len(faults.counts()) == 1


def test_threads_count_together() -> None:
    store, faults = opened("put_object:throttled:nth=500-599")
    barrier = threading.Barrier(8)

    def put(_: int) -> str:
        barrier.wait()
        return outcomes(store, 100)

    with ThreadPoolExecutor(8) as pool:
        found = "".join(pool.map(put, range(8)))
    assert (len(found), found.count("x")) == (800, 100)
    assert (faults.counts()[0].calls, faults.counts()[0].struck) == (800, 100)


def test_two_stores_share_nothing() -> None:
    one, _ = opened("put_object:throttled:nth=2")
    other, _ = opened("put_object:throttled:nth=2")
    assert outcomes(one, 1) + outcomes(other, 2) + outcomes(one, 1) == "..xx"


def test_its_repr_names_the_faults() -> None:
    assert repr(Faults("*:throttled:nth=2-")) == "Faults('*:throttled:nth=2-')"
