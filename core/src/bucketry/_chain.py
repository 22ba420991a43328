"""Joins a driver and its layers into one chain of calls. It is checked when the store opens, and never changes.

A guard stands around each of the driver's operations. It turns the SDK's errors into the contract's, in the call and in
the content that is read later. And it refuses results whose type is not the contract's. Layers stand around the guards,
as pluggy wrappers. An operation without layers is called without pluggy: the chain holds the guarded method itself.
A layer with a method ``around`` needs no pluggy either: it is a function around a call, whatever the operation.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from functools import wraps
from typing import TYPE_CHECKING, Any, NoReturn, cast

import pluggy

from bucketry._driver_checks import (
    check_driver_class,
    check_features,
    check_layers,
    check_lifecycle,
    fault_of_verdict,
    implemented_operations,
    overrides,
)
from bucketry._type_checks import find_mismatch, fits
from bucketry.body import Body
from bucketry.bucket_access import BucketAccess
from bucketry.conditions import add_facts
from bucketry.errors import BackendError, BucketryError, InvalidDriver, Unavailable, Unsupported
from bucketry.features import Features
from bucketry.hookspecs import OPERATIONS, PROJECT, DriverSpec, hookimpl
from bucketry.models import DONE, Done, ObjectInfo
from bucketry.opened_object import OpenedObject
from bucketry.ranges import ContentRange
from bucketry.redaction import redacted

if TYPE_CHECKING:
    from bucketry.layers import Breaker

Call = Callable[..., Any]


def build_chain(driver: DriverSpec, layers: Sequence[object]) -> tuple[DriverSpec, frozenset[str]]:
    """Checks driver and layers and joins them.

    Args:
        driver: The driver.
        layers: Its layers; the last is outermost.

    Returns:
        What a store calls, with the driver's interface; and the names of the operations that the driver implements.

    Raises:
        InvalidDriver: A hook is misspelt, not marked, or has other parameters than the contract's; a layer's is not
            a wrapper, or its ``around`` cannot be called.
    """
    check_driver_class(type(driver), source=f"the driver {type(driver).__name__}")
    check_features(driver)
    kind: Any = type(driver)  # mypy doubts that a class can be hashed.
    implemented = implemented_operations(kind) - driver.lacks.keys()
    check_lifecycle(driver, implemented)
    check_layers(layers)
    for layer in layers:
        if (attach := getattr(layer, "attach", None)) is not None:
            attach(driver)

    def join(name: str) -> Call:
        if name in implemented:
            return _behind(driver, name, _guard(driver, name), layers)
        if name == "close":  # Layers may have something to close.
            return _behind(driver, name, _close_nothing, layers)
        return _refusal(driver, name)

    return cast("DriverSpec", _Chain(join)), implemented


def peek_of(
    driver: DriverSpec, layers: Sequence[object], features: Features, get_bucket_access: Callable[[str], BucketAccess]
) -> Callable[[str], BucketAccess | None]:
    """Returns what looks at the access of a bucket without waiting.

    No layer stands around a look. So nobody looks past a layer that stands around ``get_bucket_access``: a store that
    never waits is asked by that, and others cannot tell. Layers that only watch calls do not count: a look is no call.

    Args:
        driver: The driver.
        layers: Its layers.
        features: What the driver declares, behind its layers.
        get_bucket_access: The store's operation.
    """
    peeks = type(driver).peek_bucket_access is not DriverSpec.peek_bucket_access
    is_around = any(map(_stands_around_access, layers))
    if peeks and not is_around:
        return driver.peek_bucket_access
    return get_bucket_access if features.non_blocking else _cannot_tell


def at_once_of(driver: DriverSpec, layers: Sequence[object]) -> Callable[[str, str], bool]:
    """Returns what says whether a read of an object waits for nothing: never, if a layer may wait."""
    return _never if any(getattr(layer, "blocks", False) for layer in layers) else driver.answers_at_once


def _never(_bucket: str, _key: str) -> bool:
    return False


def _cannot_tell(_bucket: str) -> BucketAccess | None:
    return None


def _stands_around_access(layer: object) -> bool:
    if hasattr(layer, "around"):
        return not getattr(layer, "only_watches", False)
    return hasattr(layer, "get_bucket_access")


def breakers_of(driver: DriverSpec, layers: Sequence[object]) -> tuple[Breaker, ...]:
    """Returns the circuit breakers among the layers, then those of the drivers that the driver is made of."""
    return (*(breaker for layer in layers for breaker in getattr(layer, "breakers", ())), *driver.breakers)


class _Chain:
    """Has each operation, which is joined at its first use: no store uses all of them."""

    def __init__(self, join: Callable[[str], Call]) -> None:
        self._join = join

    def __getattr__(self, name: str) -> Call:
        if name not in OPERATIONS:
            raise AttributeError(name)
        call = self._join(name)
        setattr(self, name, call)  # So that this method is not asked again.
        return call


class _Alone:
    """Holds one operation alone: pluggy looks at each name of a plugin, and that takes most of its time.

    A plain class, since pluggy compares plugins with ``==``.
    """

    def __init__(self, name: str, call: Call) -> None:
        setattr(self, name, call)

    def __dir__(self) -> Iterable[str]:
        return vars(self)


def _behind(driver: DriverSpec, name: str, call: Call, layers: Sequence[object]) -> Call:
    """Returns what calls an operation behind these layers. Neighbours that are pluggy wrappers share a link."""
    wrappers: list[object] = []
    for layer in layers:
        if not hasattr(layer, "around"):
            wrappers += [layer] if hasattr(layer, name) else []
            continue
        if wrappers:
            call, wrappers = _link(driver, name, call, wrappers), []
        call = _around(layer, name, call)
    return _link(driver, name, call, wrappers) if wrappers else call


def _around(layer: Any, name: str, call: Call) -> Call:
    """Returns the function that a layer wants in the place of a call, which may be that call itself."""
    made: Call = layer.around(name, call)
    if not callable(made):
        raise InvalidDriver(f"around of the layer {type(layer).__name__} returned {made!r} for {name}, and no function")
    if made is not call:
        with suppress(AttributeError):  # A bound method takes no attribute, and needs none.
            _of_method(made, call)
    return made


def _hook_caller(driver: DriverSpec, name: str, call: Call, layers: Sequence[object]) -> pluggy.HookCaller:
    manager = pluggy.PluginManager(PROJECT)
    specification: Any = _Alone(name, getattr(DriverSpec, name))
    manager.add_hookspecs(specification)
    hook = call if call is _close_nothing else hookimpl(wraps(getattr(driver, name))(call))
    manager.register(_Alone(name, hook), name="driver")
    for layer in layers:
        manager.register(_Alone(name, getattr(layer, name)))
    caller: pluggy.HookCaller = getattr(manager.hook, name)
    return caller


def _guard(driver: DriverSpec, name: str) -> Call:
    method: Call = getattr(driver, name)
    operation = OPERATIONS[name]
    parameters, wanted = operation.parameters, operation.result
    if operation.opens:
        return _guard_opening(driver, method, parameters)

    fits_result: Callable[[object], bool]

    def make_test(result: object) -> bool:
        """Makes the quick test at the first result: no store uses all operations, and all tests take 20 ms."""
        nonlocal fits_result
        fits_result = fits(wanted)
        return fits_result(result)

    fits_result = make_test

    # Positional, as pluggy calls it too: this stands in every call's way, and keywords would double its cost.
    def guarded(*values: object) -> object:
        try:
            result = method(*values)
        except Exception as error:  # noqa: BLE001 - whatever the SDK raises
            _raise_translated(driver, error, parameters, values)
        if not fits_result(result):
            _check_result(driver, name, result, wanted)
        return result

    return _of_method(guarded, method)


def _guard_opening(driver: DriverSpec, method: Call, parameters: tuple[str, ...]) -> Call:
    """Guards ``get_object``: also what it holds, and its content while that is read."""
    fits_info: Callable[[object], bool]

    def make_test(info: object) -> bool:
        nonlocal fits_info
        fits_info = fits(ObjectInfo)
        return fits_info(info)

    fits_info = make_test

    def guarded(*values: object) -> OpenedObject:
        try:
            opened = method(*values)
        except Exception as error:  # noqa: BLE001 - whatever the SDK raises
            _raise_translated(driver, error, parameters, values)
        if type(opened) is not OpenedObject:
            _check_result(driver, "get_object", opened, OpenedObject)
        wanted = opened.content_range
        if not (fits_info(opened.info) and (wanted is None or fits(ContentRange)(wanted))):
            opened.close()
            _check_result(driver, "get_object", opened.info, ObjectInfo)
            _check_result(driver, "get_object", wanted, ContentRange | None)
        return opened if opened.is_held else _guard_content(driver, opened, parameters, values)

    return _of_method(guarded, method)


def _of_method(guarded: Call, method: Call) -> Call:
    """Notes the method that a guard calls. The rest of `functools.wraps` takes time, and matters to pluggy alone."""
    guarded.__wrapped__ = method  # type: ignore[attr-defined]  # As functools.wraps does.
    return guarded


def _check_result(driver: DriverSpec, name: str, result: object, wanted: Any) -> None:
    mismatch = find_mismatch(result, wanted)
    if mismatch is None:
        return
    place = f" as {mismatch.where}" if mismatch.where else ""
    advice = ": a return is missing" if result is None else ""
    raise InvalidDriver(
        f"{name} of the driver {driver.name!r} returned {mismatch.came} instead of {mismatch.wanted}{place}{advice}"
    )


def _guard_content(
    driver: DriverSpec, opened: OpenedObject, parameters: tuple[str, ...], values: tuple[object, ...]
) -> OpenedObject:
    missing = opened.length

    def checked(chunks: Iterator[bytes]) -> Iterator[bytes]:
        nonlocal missing
        try:
            for chunk in chunks:
                if type(chunk) is not bytes:
                    raise InvalidDriver(
                        f"get_object of the driver {driver.name!r} gave a chunk of {type(chunk).__name__}, not of bytes"
                    )
                missing -= len(chunk)
                if missing < 0:  # At once: content that never ends must not be read for ever.
                    raise Unavailable(f"at least {-missing} bytes too many came")
                yield chunk
            if missing:
                raise Unavailable(f"{missing} bytes are missing")
        except Exception as error:  # noqa: BLE001 - whatever the SDK raises
            _raise_translated(driver, error, parameters, values)

    return opened.wrap(checked)


def _raise_translated(
    driver: DriverSpec, error: Exception, parameters: tuple[str, ...], values: tuple[object, ...]
) -> NoReturn:
    """Raises the contract's error for this one, which stays its cause."""
    arguments = dict(zip(parameters, values, strict=True))
    body = arguments.get("body")
    if isinstance(body, Body) and body.failure is not None:
        # SDKs wrap what comes out of a body that they send.
        error = body.failure
    bucket, key = (value if isinstance(value := arguments.get(name), str) else None for name in ("bucket", "key"))
    translated = error if isinstance(error, BucketryError) else _classified(driver, error)
    translated.locate(bucket, key)
    add_facts(translated, arguments.get("options"))
    raise translated from (error.__cause__ if error is translated else error)


def _classified(driver: DriverSpec, error: Exception) -> BucketryError:
    verdict = driver.classify_error(error) if overrides(type(driver), "classify_error") else None
    if verdict is None:
        return BackendError(redacted(f"{type(error).__name__}: {error}"))
    if (fault := fault_of_verdict(verdict, driver.name)) is not None:
        return InvalidDriver(fault)
    return verdict.kind(redacted(verdict.detail), **verdict.facts)  # type: ignore[arg-type]  # They have been compared.


def _link(driver: DriverSpec, name: str, call: Call, layers: Sequence[object]) -> Call:
    parameters, wanted = OPERATIONS[name].parameters, OPERATIONS[name].result
    fits_result: Callable[[object], bool]
    caller: pluggy.HookCaller | None = None

    def layered(*values: object) -> object:
        nonlocal caller, fits_result
        if caller is None:  # Now, and not when the store opens: no store uses all operations.
            # The caller comes last: another thread that finds it goes on with both.
            fits_result, caller = fits(wanted), _hook_caller(driver, name, call, layers)
        result = caller(**dict(zip(parameters, values, strict=True)))
        if not fits_result(result):
            _check_layered(name, result, wanted)
        return result

    return layered


def _check_layered(name: str, result: object, wanted: Any) -> None:
    if result is None:
        raise InvalidDriver(f"a layer around {name} returned None: end it with `return (yield)`")
    if (mismatch := find_mismatch(result, wanted)) is not None:
        place = f" as {mismatch.where}" if mismatch.where else ""
        raise InvalidDriver(f"a layer around {name} returned {mismatch.came} instead of {mismatch.wanted}{place}")


@hookimpl
def _close_nothing() -> Done:
    return DONE


def _refusal(driver: DriverSpec, name: str) -> Call:
    why = driver.lacks.get(name) or f"the driver {driver.name!r} does not implement {name}"

    def refuse(*_: object) -> object:
        raise Unsupported(why, operation=name)

    return refuse
