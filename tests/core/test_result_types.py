"""A driver's result of a wrong type gives one sentence with the driver, the operation and both types."""

from __future__ import annotations

import inspect
from collections.abc import Generator
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any

import msgspec
import pytest
from bucketry import (
    BucketInfo,
    ContentRange,
    DeletedObject,
    DeleteResult,
    InvalidDriver,
    ObjectInfo,
    ObjectPage,
    OpenedObject,
    PresignedUrl,
    Store,
    Usage,
)
from bucketry._type_checks import name_of
from bucketry.hookspecs import OPERATIONS, hookimpl

from tests.core.test_argument_types import GOOD
from tests.core.tiny import TinyDriver, TinySettings

NOW = datetime(2024, 1, 15, tzinfo=UTC)
INFO = ObjectInfo(key="key", size_bytes=3, etag="etag", last_modified=NOW)

WRONG_RANGE = ContentRange(0, "1", 1)  # type: ignore[arg-type]
NO_TUPLE = DeleteResult(["key"])  # type: ignore[arg-type]
WRONG_PAGE = ObjectPage(objects=[INFO])  # type: ignore[arg-type]


def changed(**fields: object) -> ObjectInfo:
    values: dict[str, Any] = {"key": "key", "size_bytes": 3, "etag": "etag", "last_modified": NOW, **fields}
    return ObjectInfo(**values)


def driver_of(operation: str, result: object) -> TinyDriver:
    """Makes a driver whose operation returns this."""
    names = ", ".join(OPERATIONS[operation].parameters)
    scope: dict[str, Any] = {"result": result}
    exec(f"def {operation}(self, {names}): return result", scope)  # noqa: S102 - the parameters' names count
    scope[operation].__qualname__ = f"Driver.{operation}"  # By which pluggy knows a method.
    features = msgspec.structs.replace(TinyDriver.features, bucket_cors=True)
    kind = type("Driver", (TinyDriver,), {operation: hookimpl(scope[operation]), "features": features})
    return kind(TinySettings())  # type: ignore[no-any-return]


def call(store: Store, operation: str) -> object:
    if operation == "bucket_usage":
        return store.bucket_usages(["photos"])
    if operation == "close":
        store.close()
        return None
    method = getattr(store, operation)
    parameters = inspect.signature(method).parameters
    return method(**{name: GOOD[name] for name in parameters if name not in {"options", "content_md5"}})


class PassThrough:
    """A layer around everything that changes nothing."""


def _pass(self: PassThrough) -> Generator[None, Any, Any]:
    return (yield)


for _operation in OPERATIONS:
    setattr(PassThrough, _operation, hookimpl(wrapper=True)(_pass))


@pytest.fixture(params=[[], [PassThrough()]], ids=["bare", "layered"])
def layers(request: pytest.FixtureRequest) -> list[object]:
    return request.param  # type: ignore[no-any-return]


@pytest.mark.parametrize("operation", OPERATIONS)
def test_a_result_of_another_type_is_named(operation: str, layers: list[object]) -> None:
    wanted = name_of(OPERATIONS[operation].result)
    for result, came in ((7, "int"), ("text", "str"), ([], "list"), (object(), "object")):
        with pytest.raises(InvalidDriver) as caught:
            call(Store(driver_of(operation, result), layers), operation)
        assert caught.value.detail == f"{operation} of the driver 'tiny' returned {came} instead of {wanted}"
    with pytest.raises(InvalidDriver, match=r"'tiny' returned None instead of .*: a return is missing"):
        call(Store(driver_of(operation, None), layers), operation)


@pytest.mark.parametrize(
    ("operation", "result", "said"),
    [
        ("head_object", changed(etag=None), "returned None instead of str as ObjectInfo.etag"),
        ("head_object", changed(size_bytes="3"), "returned str instead of int as ObjectInfo.size_bytes"),
        ("head_object", changed(size_bytes=3.0), "returned float instead of int as ObjectInfo.size_bytes"),
        ("head_object", changed(last_modified="now"), "returned str instead of datetime as ObjectInfo.last_modified"),
        ("head_object", changed(metadata={"a": 1}), "returned int instead of str as ObjectInfo.metadata['a']"),
        ("put_object", changed(metadata=None), "returned None instead of Mapping[str, str] as ObjectInfo.metadata"),
        ("head_object", changed(part_range=(0, 1)), "returned tuple instead of ContentRange | None"),
        ("head_object", changed(part_range=WRONG_RANGE), "returned str instead of int as ContentRange.stop"),
        ("list_buckets", ("photos",), "returned str instead of BucketInfo as [0]"),
        ("list_buckets", [BucketInfo(name="a", created_at=NOW)], "returned list instead of tuple[BucketInfo, ...]"),
        ("list_objects", WRONG_PAGE, "returned list instead of tuple[ObjectInfo, ...] as ObjectPage.objects"),
        ("list_objects", ObjectPage(objects=({},)), "returned dict instead of ObjectInfo as ObjectPage.objects[0]"),  # type: ignore[arg-type]
        ("list_objects", ObjectPage(objects=(), cursor=7), "returned int instead of str | None as ObjectPage.cursor"),  # type: ignore[arg-type]
        ("bucket_usage", {"photos": 7}, "returned int instead of Usage as ['photos']"),
        ("delete_objects", NO_TUPLE, "returned list instead of tuple[DeletedObject, ...] as DeleteResult.deleted"),
        ("get_object", OpenedObject(changed(etag=7), ()), "returned int instead of str as ObjectInfo.etag"),
        ("get_object", OpenedObject(INFO, (), content_range=(0, 3)), "returned tuple instead of ContentRange | None"),  # type: ignore[arg-type]
    ],
)  # fmt: skip
def test_what_a_result_holds_is_named_too(operation: str, result: object, said: str, layers: list[object]) -> None:
    with pytest.raises(InvalidDriver) as caught:
        call(Store(driver_of(operation, result), layers), operation)
    assert f"{operation} of the driver 'tiny' {said}" in str(caught.value)


@pytest.mark.parametrize("place", [0, 19, 20, 999])
def test_one_wrong_entry_of_a_long_result_is_found_wherever_it_is(place: int, layers: list[object]) -> None:
    objects: list[Any] = [INFO] * 1000
    objects[place] = "key"
    keys: list[Any] = [DeletedObject("key")] * 1000
    keys[place] = 7
    metadata: dict[str, Any] = {f"name-{number}": "value" for number in range(1000)}
    metadata[f"name-{place}"] = 7
    for operation, result, said in (
        ("list_objects", ObjectPage(objects=tuple(objects)), f"ObjectPage.objects[{place}]"),
        ("delete_objects", DeleteResult(tuple(keys)), f"DeleteResult.deleted[{place}]"),
        ("head_object", changed(metadata=metadata), f"ObjectInfo.metadata['name-{place}']"),
    ):
        with pytest.raises(InvalidDriver) as caught:
            call(Store(driver_of(operation, result), layers), operation)
        assert caught.value.detail.endswith(f" as {said}")


def test_a_page_of_entries_of_a_class_of_the_driver_is_right() -> None:
    class Entry(ObjectInfo, frozen=True, kw_only=True):
        pass

    entry = Entry(key="key", size_bytes=3, etag="etag", last_modified=NOW)
    page = ObjectPage(objects=(entry,) * 1000)
    assert call(Store(driver_of("list_objects", page)), "list_objects") is page


def test_one_wrong_result_does_not_make_the_right_ones_wrong_nor_the_other_way_round() -> None:
    results = [INFO, changed(etag=None), INFO, changed(etag=None), changed(expires="Sun, 06 Nov 1994 08:49:37 GMT")]
    said = []
    for result in results:
        try:
            call(Store(driver_of("head_object", result)), "head_object")
        except InvalidDriver:
            said.append("wrong")
        else:
            said.append("right")
    assert said == ["right", "wrong", "right", "wrong", "right"]


@pytest.mark.parametrize("chunk", ["abc", bytearray(b"abc"), memoryview(b"abc"), [1, 2, 3]])
@pytest.mark.parametrize("held", [True, False], ids=["held", "streamed"])
def test_content_that_is_not_bytes_is_named(chunk: Any, held: bool) -> None:
    closed: list[bool] = []
    chunks = (chunk,) if held else iter([chunk])
    opened = OpenedObject(INFO, chunks, close=lambda: closed.append(True))
    store = Store(driver_of("get_object", opened))
    with pytest.raises(InvalidDriver, match=rf"'tiny' gave a chunk of {type(chunk).__name__}, not of bytes"):
        store.get_object("photos", "key").read()
    assert closed == [True]


def test_an_opened_object_that_is_refused_is_closed() -> None:
    closed: list[bool] = []
    opened = OpenedObject(changed(etag=None), (), close=lambda: closed.append(True))
    with pytest.raises(InvalidDriver):
        Store(driver_of("get_object", opened)).get_object("photos", "key")
    assert closed == [True]


def test_kinds_of_the_wanted_types_will_do() -> None:
    class Info(ObjectInfo, frozen=True, kw_only=True):
        more: int = 0

    class Text(str):
        __slots__ = ()

    info = Info(key=Text("key"), size_bytes=3, etag="etag", last_modified=NOW, metadata=MappingProxyType({"a": "b"}))
    for operation, result in (("head_object", info), ("list_objects", ObjectPage(objects=(info,)))):
        assert call(Store(driver_of(operation, result)), operation) is result


def test_a_layer_that_returns_another_type_is_named() -> None:
    class Layer:
        @hookimpl(wrapper=True)
        def head_object(self) -> Generator[None, Any, Any]:
            yield
            return "text"

    with pytest.raises(InvalidDriver, match="a layer around head_object returned str instead of ObjectInfo"):
        call(Store(driver_of("head_object", INFO), [Layer()]), "head_object")


def test_right_results_pass() -> None:
    usage = Usage(object_count=1, size_bytes=3, source="index", as_of=NOW)
    url = PresignedUrl(url="http://localhost/photos/key", method="GET", expires_at=NOW)
    for operation, result in (("bucket_usage", {"photos": usage}), ("presign", url), ("list_buckets", ())):
        assert call(Store(driver_of(operation, result)), operation) is result
