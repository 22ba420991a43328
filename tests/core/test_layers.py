"""The layers that come with core, and objects that are refused as layers."""

from __future__ import annotations

import inspect
import io
from collections.abc import Callable, Generator
from contextlib import suppress
from typing import Any

import pytest
from bucketry import (
    AccessDenied,
    InvalidDriver,
    NoSuchKey,
    ObjectInfo,
    PresignOptions,
    PutOptions,
    Store,
    Unavailable,
    Unsupported,
    open_store,
)
from bucketry.body import Body
from bucketry.hookspecs import OPERATIONS, hookimpl
from bucketry.layers import CallEvent, Observe, ReadOnly, ReportCalls, ServedAt

from tests.core.tiny import TinyDriver, TinySettings


def test_read_only_refuses_every_write_before_the_driver_sees_it() -> None:
    driver = TinyDriver(TinySettings())
    store = Store(driver, [ReadOnly()])
    with pytest.raises(AccessDenied, match="reading only"):
        store.put_object("photos", "key", b"")
    assert not driver.objects


def test_read_only_lets_reads_through() -> None:
    driver = TinyDriver(TinySettings())
    Store(driver).put_object("photos", "key", b"content")
    assert Store(driver, [ReadOnly()]).get_object("photos", "key").read() == b"content"


def test_read_only_wraps_exactly_the_operations_that_write() -> None:
    wrapped = {name for name in OPERATIONS if hasattr(ReadOnly, name)}
    reads = {"status", "close", "list_buckets", "bucket_usage", "head_bucket", "list_objects", "list_multipart_uploads"}
    reads |= {"usage_report", "head_object", "get_object", "list_parts", "get_object_tagging", "get_bucket_settings"}
    reads.add("list_object_versions")
    reads |= {"get_object_attributes", "get_object_acl", "get_bucket_access"}
    assert wrapped == set(OPERATIONS) - reads


def test_read_only_refuses_a_presigned_upload() -> None:
    # The tiny driver cannot presign at all, which is what a download's URL runs into.
    store = Store(TinyDriver(TinySettings()), [ReadOnly()])
    with pytest.raises(Unsupported):
        store.presign("photos", "key", PresignOptions(method="GET"))


def test_observe_counts_calls_bytes_and_errors() -> None:
    observe = Observe()
    store = Store(TinyDriver(TinySettings()), [observe])
    store.put_object("photos", "key", b"content")
    store.put_object("photos", "breaks", io.BytesIO(b"12345"))
    store.get_object("photos", "key").read()
    with pytest.raises(NoSuchKey):
        store.head_object("photos", "missing")
    with pytest.raises(Unavailable):
        store.get_object("photos", "breaks").read()
    stats = observe.snapshot()
    assert (stats["put_object"].calls, stats["put_object"].bytes_in) == (2, 12)
    assert (stats["get_object"].calls, stats["get_object"].bytes_out) == (2, 8)
    assert stats["get_object"].errors == {"unavailable": 1}
    assert stats["head_object"].errors == {"no_such_key": 1}
    assert all(stat.seconds >= 0 for stat in stats.values())
    assert stats["put_object"].seconds > 0


def test_a_snapshot_does_not_change_later() -> None:
    observe = Observe()
    store = Store(TinyDriver(TinySettings()), [observe])
    before = observe.snapshot()
    store.put_object("photos", "key", b"", PutOptions())
    assert before == {}
    assert observe.snapshot()["put_object"].calls == 1


def test_each_call_is_reported() -> None:
    events: list[CallEvent] = []
    store = Store(TinyDriver(TinySettings()), [ReportCalls(events.append)])
    store.put_object("photos", "key", b"abc")
    with pytest.raises(NoSuchKey):
        store.head_object("photos", "missing")
    assert [(event.operation, event.calls, event.bytes_in, event.code) for event in events] == [
        ("put_object", 1, 3, ""),
        ("head_object", 1, 0, "no_such_key"),
    ]


def test_observe_stands_around_every_operation() -> None:
    observe = Observe()
    store = open_store("memory://", layers=[observe], environ={})
    for name in store.capabilities.operations:
        values = [Body(b"") if parameter == "body" else None for parameter in OPERATIONS[name].parameters]
        with suppress(Exception):  # The driver cannot do much with that.
            getattr(store._chain, name)(*values)
    assert set(observe.snapshot()) == set(store.capabilities.operations)


def test_a_served_store_says_where() -> None:
    served_at = ServedAt()
    store = open_store("memory://?endpoint=http://elsewhere:1", layers=[served_at], environ={})
    assert store.status().endpoint == "http://elsewhere:1"
    served_at.endpoint, served_at.region = "http://localhost:9000", "eu-1"
    status = store.status()
    assert (status.available, status.endpoint, status.region) == (True, "http://localhost:9000", "eu-1")


def test_a_layer_that_is_no_wrapper_is_refused_where_the_store_opens() -> None:
    class Marked:
        @hookimpl
        def put_object(self) -> Generator[None, Any, Any]:
            return (yield)

    class Unmarked:
        def put_object(self) -> Generator[None, Any, Any]:
            return (yield)

    for layer in (Marked(), Unmarked()):
        said = rf"the layer {type(layer).__name__} has put_object without @hookimpl\(wrapper=True\)"
        with pytest.raises(InvalidDriver, match=said):
            Store(TinyDriver(TinySettings()), [layer])


def test_an_old_wrapper_of_pluggys_is_a_layer_too() -> None:
    seen: list[ObjectInfo] = []

    class Old:
        @hookimpl(hookwrapper=True)
        def put_object(self) -> Generator[None, Any, None]:
            outcome = yield
            seen.append(outcome.get_result())

    info = Store(TinyDriver(TinySettings()), [Old()]).put_object("photos", "key", b"")
    assert seen == [info]


class Noting:
    """Stands around all operations, and notes when it is called."""

    def __init__(self, name: str, seen: list[str]) -> None:
        self._name = name
        self._seen = seen

    def around(self, operation: str, call: Callable[..., Any]) -> Callable[..., Any]:
        def noting(*values: Any) -> Any:
            self._seen.append(f"{self._name} {operation}")
            return call(*values)

        return noting


class NotingPuts:
    """The same as a wrapper around one operation."""

    def __init__(self, name: str, seen: list[str]) -> None:
        self._name = name
        self._seen = seen

    @hookimpl(wrapper=True)
    def put_object(self) -> Generator[None, ObjectInfo, ObjectInfo]:
        self._seen.append(f"{self._name} put_object")
        return (yield)

    @hookimpl(wrapper=True)
    def close(self) -> Generator[None, Any, Any]:
        self._seen.append(f"{self._name} close")
        return (yield)


def test_layers_of_both_kinds_keep_their_order() -> None:
    seen: list[str] = []
    layers = [Noting("a", seen), NotingPuts("b", seen), NotingPuts("c", seen), Noting("d", seen), NotingPuts("e", seen)]
    with Store(TinyDriver(TinySettings()), layers) as store:
        store.put_object("photos", "key", b"abc")
        assert seen == ["e put_object", "d put_object", "c put_object", "b put_object", "a put_object"]
        seen.clear()
    assert seen == ["e close", "d close", "c close", "b close", "a close"]


def test_a_layer_around_everything_has_no_wrapper_as_well() -> None:
    class Both(Noting):
        @hookimpl(wrapper=True)
        def put_object(self) -> Generator[None, ObjectInfo, ObjectInfo]:
            return (yield)

    with pytest.raises(InvalidDriver, match="the layer Both has both around and put_object"):
        Store(TinyDriver(TinySettings()), [Both("a", [])])


class NoMethod:
    around = 5


class TooFew:
    def around(self, operation: str) -> None: ...


class Late:
    async def around(self, operation: str, call: Any) -> Any: ...


@pytest.mark.parametrize("layer", [NoMethod(), TooFew(), Late(), Noting])
def test_an_around_that_cannot_be_called_is_refused_when_the_store_opens(layer: object) -> None:
    with pytest.raises(InvalidDriver, match=r"has an around that is no method \(operation, call\)"):
        Store(TinyDriver(TinySettings()), [layer])


def test_an_around_that_returns_nothing_is_named_at_the_first_call() -> None:
    class Nothing:
        def around(self, operation: str, call: Any) -> Any: ...

    with pytest.raises(InvalidDriver, match="around of the layer Nothing returned None for put_object"):
        Store(TinyDriver(TinySettings()), [Nothing()]).put_object("photos", "key", b"")


class Passing:
    """Returns each call itself."""

    def around(self, operation: str, call: Callable[..., Any]) -> Callable[..., Any]:
        return call


class Counting:
    """Returns a bound method."""

    def __init__(self) -> None:
        self.called = 0

    def around(self, operation: str, call: Callable[..., Any]) -> Callable[..., Any]:
        self._call = call
        return self.count

    def count(self, *values: Any) -> Any:
        self.called += 1
        return self._call(*values)


def test_an_around_may_return_the_call_itself_or_a_method() -> None:
    counting = Counting()
    store = Store(TinyDriver(TinySettings()), [Passing(), counting, Passing()])
    assert store.put_object("photos", "key", b"").key == "key"
    assert counting.called == 1
    inner: Any = Store(TinyDriver(TinySettings()), [Passing()])._chain.put_object
    assert inspect.unwrap(inner).__name__ == "put_object"
