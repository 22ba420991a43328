"""What core does around a driver: translating, refusing, layering."""

from __future__ import annotations

import threading
from collections.abc import Generator, Iterator
from typing import Any

import pytest
from bucketry import (
    BackendError,
    Body,
    BucketryError,
    GetOptions,
    IncompleteBody,
    InvalidDriver,
    NoSuchKey,
    ObjectInfo,
    OpenedObject,
    PutOptions,
    Store,
    TooLarge,
    Unavailable,
    Unsupported,
)
from bucketry.hookspecs import OPERATIONS, DriverSpec, hookimpl

from tests.core.tiny import SdkError, TinyDriver, TinySettings


class PassThrough:
    """A layer around everything that changes nothing."""


def _pass(self: PassThrough) -> Generator[None, Any, Any]:
    return (yield)


for _operation in OPERATIONS:
    setattr(PassThrough, _operation, hookimpl(wrapper=True)(_pass))


@pytest.fixture(params=[[], [PassThrough], [PassThrough, PassThrough]], ids=["bare", "layered", "twice"])
def layers(request: pytest.FixtureRequest) -> list[object]:
    return [kind() for kind in request.param]


@pytest.fixture
def driver() -> TinyDriver:
    return TinyDriver(TinySettings())


@pytest.fixture
def store(driver: TinyDriver, layers: list[object]) -> Store:
    return Store(driver, layers)


def test_what_is_put_comes_back(store: Store) -> None:
    info = store.put_object("photos", "key", b"content", PutOptions(metadata={"Camera": "x"}))
    assert info.metadata == {"camera": "x"}
    with store.get_object("photos", "key") as opened:
        assert opened.info == info
        assert b"".join(opened) == b"content"


def test_an_sdk_error_becomes_the_contracts_and_stays_its_cause(store: Store) -> None:
    with pytest.raises(NoSuchKey) as caught:
        store.get_object("photos", "missing")
    assert isinstance(caught.value.__cause__, KeyError)
    assert (caught.value.bucket, caught.value.key) == ("photos", "missing")
    assert str(caught.value) == "The object does not exist (bucket 'photos', key 'missing')"


def test_an_error_late_in_the_content_is_translated_too(store: Store, driver: TinyDriver) -> None:
    store.put_object("photos", "breaks", b"content")
    opened = store.get_object("photos", "breaks")
    chunks = iter(opened)
    assert next(chunks) == b"c"
    with pytest.raises(Unavailable, match=r"the connection broke \(bucket 'photos', key 'breaks'\)") as caught:
        next(chunks)
    assert isinstance(caught.value.__cause__, SdkError)
    assert driver.closed_streams == 1


@pytest.mark.parametrize(("key", "said"), [("short", "6 bytes are missing"), ("long", "4 bytes too many")])
def test_content_of_another_length_is_an_error(store: Store, driver: TinyDriver, key: str, said: str) -> None:
    store.put_object("photos", key, b"content")
    with pytest.raises(Unavailable, match=said):
        store.get_object("photos", key).read()
    assert driver.closed_streams == 1


def test_an_opened_object_closes_once_whatever_happens(store: Store, driver: TinyDriver) -> None:
    store.put_object("photos", "key", b"content")
    with store.get_object("photos", "key") as opened:
        opened.read()
        opened.close()
    assert driver.closed_streams == 1
    store.get_object("photos", "key").close()
    assert driver.closed_streams == 2
    for _ in store.get_object("photos", "key"):
        break
    assert driver.closed_streams == 3


def test_the_contracts_own_errors_pass_unchanged(layers: list[object]) -> None:
    raised = TooLarge("too much")

    class Driver(TinyDriver):
        @hookimpl
        def get_object(self, bucket: str, key: str, options: GetOptions) -> OpenedObject:
            raise raised

    with pytest.raises(TooLarge) as caught:
        Store(Driver(TinySettings()), layers).get_object("photos", "key")
    assert caught.value is raised
    assert caught.value.key == "key"


def test_without_classify_error_a_failure_names_the_sdks_error(layers: list[object]) -> None:
    class Driver(TinyDriver):
        classify_error = DriverSpec.classify_error

    with pytest.raises(BackendError, match="KeyError"):
        Store(Driver(TinySettings()), layers).get_object("photos", "key")


def test_none_from_a_hook_is_a_broken_driver(layers: list[object]) -> None:
    class Driver(TinyDriver):
        @hookimpl
        def put_object(self, bucket: str, key: str, body: Body, options: PutOptions) -> ObjectInfo:
            return None  # type: ignore[return-value]

    with pytest.raises(InvalidDriver, match="put_object of the driver 'tiny' returned None"):
        Store(Driver(TinySettings()), layers).put_object("photos", "key", b"")


def test_an_operation_that_is_not_implemented_is_refused_and_not_listed(store: Store) -> None:
    with pytest.raises(Unsupported, match="'tiny' does not implement list_buckets"):
        store.list_buckets()
    assert store.capabilities.operations == {"put_object", "get_object", "head_object"}


def test_an_option_that_is_not_declared_never_reaches_the_driver(store: Store, driver: TinyDriver) -> None:
    with pytest.raises(Unsupported, match="does not declare put_if_match, which the option if_match needs"):
        store.put_object("photos", "key", b"", PutOptions(if_match="x"))
    assert not driver.objects


def test_a_close_that_is_not_implemented_is_none(store: Store) -> None:
    with store:
        pass
    store.close()


def test_layers_wrap_inside_out() -> None:
    seen: list[str] = []

    def layer(name: str) -> object:
        class Layer:
            @hookimpl(wrapper=True)
            def head_object(self) -> Generator[None, ObjectInfo, ObjectInfo]:
                seen.append(f"{name} in")
                info = yield
                seen.append(f"{name} out")
                return info

        return Layer()

    store = Store(TinyDriver(TinySettings()), [layer("first"), layer("last")])
    store.put_object("photos", "key", b"")
    store.head_object("photos", "key")
    assert seen == ["last in", "first in", "first out", "last out"]


def test_a_layer_sees_the_contracts_errors_early_and_late() -> None:
    seen: list[BaseException] = []

    class Layer:
        @hookimpl(wrapper=True)
        def get_object(self) -> Generator[None, OpenedObject, OpenedObject]:
            try:
                opened = yield
            except BucketryError as error:
                seen.append(error)
                raise

            def chunks(inner: Any) -> Any:
                try:
                    yield from inner
                except BucketryError as error:
                    seen.append(error)
                    raise

            return opened.wrap(chunks)

    store = Store(TinyDriver(TinySettings()), [Layer()])
    store.put_object("photos", "breaks", b"content")
    with pytest.raises(NoSuchKey):
        store.get_object("photos", "missing")
    with pytest.raises(Unavailable):
        store.get_object("photos", "breaks").read()
    assert [type(error) for error in seen] == [NoSuchKey, Unavailable]


def test_a_layer_that_returns_nothing_is_named() -> None:
    class Forgetful:
        @hookimpl(wrapper=True)
        def put_object(self) -> Generator[None, Any, None]:
            yield

    with pytest.raises(InvalidDriver, match=r"around put_object returned None: end it with `return \(yield\)`"):
        Store(TinyDriver(TinySettings()), [Forgetful()]).put_object("photos", "key", b"")


def test_a_layer_with_a_misspelt_hook_is_refused() -> None:
    class Misspelt:
        @hookimpl(wrapper=True)
        def put_objekt(self) -> Generator[None, Any, Any]:
            return (yield)

    with pytest.raises(InvalidDriver, match="put_objekt"):
        Store(TinyDriver(TinySettings()), [Misspelt()])


def test_a_failure_of_the_body_is_the_reason_whatever_the_sdk_makes_of_it(layers: list[object]) -> None:
    class Driver(TinyDriver):
        @hookimpl
        def put_object(self, bucket: str, key: str, body: Body, options: PutOptions) -> ObjectInfo:
            try:
                body.read()
            except BucketryError as error:
                raise SdkError from error
            raise NotImplementedError

    def broken() -> Iterator[bytes]:
        yield b"begun"
        raise OSError

    with pytest.raises(IncompleteBody, match="its source failed with OSError") as caught:
        Store(Driver(TinySettings()), layers).put_object("photos", "key", broken())
    assert isinstance(caught.value.__cause__, OSError)


def test_two_stores_share_nothing() -> None:
    with_layer = Store(TinyDriver(TinySettings()), [PassThrough()])
    bare = Store(TinyDriver(TinySettings()))
    with_layer.put_object("photos", "key", b"")
    with pytest.raises(NoSuchKey):
        bare.head_object("photos", "key")


def test_equal_layers_can_be_used_side_by_side() -> None:
    layer = PassThrough()
    with pytest.raises(InvalidDriver):
        Store(TinyDriver(TinySettings()), [layer, layer])
    Store(TinyDriver(TinySettings()), [PassThrough(), PassThrough()])


def test_a_store_can_be_used_from_many_threads(store: Store) -> None:
    def work(number: int) -> None:
        for turn in range(100):
            store.put_object("photos", f"{number}/{turn}", b"x" * turn)
            assert len(store.get_object("photos", f"{number}/{turn}").read()) == turn

    errors: list[BaseException] = []

    def watched(number: int) -> None:
        try:
            work(number)
        except BaseException as error:  # noqa: BLE001 - shown by the assertion below
            errors.append(error)

    threads = [threading.Thread(target=watched, args=[number]) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not errors
