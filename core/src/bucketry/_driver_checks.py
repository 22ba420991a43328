"""Checks that a class is a driver, before anything is called on it. Each class is checked once."""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from functools import cache
from typing import Any, Final, Literal, get_args, get_origin, get_type_hints
from weakref import WeakSet

import pluggy

from bucketry._type_checks import find_mismatch, fits, name_of
from bucketry.checksums import CHECKSUM_ALGORITHMS
from bucketry.errors import BucketryError, Classified, InvalidDriver
from bucketry.features import Features
from bucketry.hookspecs import CONTRACT_VERSION, OPERATIONS, PROJECT, DriverSpec
from bucketry.models import NotModifiedInfo
from bucketry.settings import DriverSettings

_LIFECYCLE_OPERATIONS: Final = ("list_object_versions", "get_bucket_settings", "delete_object", "list_buckets")
_LIFECYCLE_FEATURES: Final = ("delete_if_match", "delete_if_last_modified")

_MIGRATION: Final = "docs/contract-versions.md"
"""The page that says, for each version of the contract, what a driver has to change."""


def check_driver_class(kind: object, *, source: str) -> None:
    """Refuses a class that is not a driver, or speaks another version of the contract.

    Args:
        kind: The class.
        source: Where it comes from, for the message.

    Raises:
        InvalidDriver: With one sentence that says what is wrong.
    """
    if not (inspect.isclass(kind) and issubclass(kind, DriverSpec)):
        raise InvalidDriver(f"{source} is not a class that inherits bucketry.hookspecs.DriverSpec")
    for attribute in ("name", "contract_version", "Settings"):
        if not hasattr(kind, attribute):
            raise InvalidDriver(f"{source} does not declare {attribute!r}")
    if kind.contract_version != CONTRACT_VERSION:
        raise InvalidDriver(
            f"{source} speaks version {kind.contract_version} of the contract and this bucketry speaks "
            f"{CONTRACT_VERSION}: install matching versions of both; authors of drivers find in {_MIGRATION} of "
            "bucketry's sources what to change"
        )
    _check_settings(kind, source)


def _check_settings(kind: type[DriverSpec], source: str) -> None:
    settings: object = kind.Settings
    if not (inspect.isclass(settings) and issubclass(settings, DriverSettings)):
        raise InvalidDriver(f"{source}: its 'Settings' is not a class that inherits bucketry.DriverSettings")
    scheme = getattr(settings, "scheme", None)
    if scheme is None:
        raise InvalidDriver(
            f"{source} has settings without a scheme: declare `scheme = {kind.name!r}` in {settings.__name__}"
        )
    if scheme != kind.name:
        raise InvalidDriver(f"{source} is named {kind.name!r}, but its settings have the scheme {scheme!r}")


def check_features(driver: DriverSpec) -> None:
    """Refuses a driver without ``features``, or with features that contradict each other.

    The features may be the class's or the object's.

    Raises:
        InvalidDriver: It has none, or declares ``checksums`` without algorithms, or algorithms that do not exist.
    """
    features: object = getattr(driver, "features", None)
    if features is None:
        raise InvalidDriver(f"the driver {driver.name!r} does not declare 'features'")
    if not isinstance(features, Features):
        raise InvalidDriver(f"the 'features' of the driver {driver.name!r} are not bucketry.Features")
    algorithms = features.checksum_algorithms
    without = features.upload_checksums and not features.checksums
    if without or features.checksums != bool(algorithms) or not CHECKSUM_ALGORITHMS.keys() >= set(algorithms):
        raise InvalidDriver(
            f"the driver {driver.name!r} declares 'checksums' with 'checksum_algorithms', which are some of "
            f"{', '.join(CHECKSUM_ALGORITHMS)}; or neither"
        )


def check_lifecycle(driver: DriverSpec, operations: frozenset[str]) -> None:
    """Refuses a driver that leaves lifecycle to core without what core needs for it.

    Raises:
        InvalidDriver: It lacks an operation or a feature.
    """
    if driver.lifecycle != "core" or not driver.features.bucket_lifecycle:
        return
    lacking = [name for name in _LIFECYCLE_OPERATIONS if name not in operations]
    lacking += [name for name in _LIFECYCLE_FEATURES if not getattr(driver.features, name)]
    if lacking:
        raise InvalidDriver(f"the driver {driver.name!r} leaves lifecycle to core, and lacks {', '.join(lacking)}")


@cache
def implemented_operations(kind: type[DriverSpec]) -> frozenset[str]:
    """Returns the names of the operations that a driver implements.

    Raises:
        InvalidDriver: A hook is misspelt, not marked, or has other parameters than the contract's.
    """
    for name in (*OPERATIONS, "classify_error"):
        _check_hook(kind, name)
    manager = pluggy.PluginManager(PROJECT)
    manager.add_hookspecs(DriverSpec)
    register(manager, kind, f"the driver {kind.name!r}")
    return frozenset(name for name in OPERATIONS if overrides(kind, name))


def check_layers(layers: Sequence[object]) -> None:
    """Refuses layers whose hooks are misspelt, not marked as wrappers, or have other parameters than the contract's.

    pluggy ignores a method without a mark. And a marked method that is not a wrapper would take the driver's place: its
    result would be the operation's, and the driver would not be called.

    Raises:
        InvalidDriver: There is such a layer, or the same layer twice.
    """
    for number, layer in enumerate(layers):
        kind: Any = type(layer)  # mypy doubts that a class can be hashed.
        if layer in layers[:number]:
            raise InvalidDriver(f"the layer {kind.__name__} comes twice")
        if kind not in _checked_layers:
            _check_layer(layer)
            _checked_layers.add(kind)


_checked_layers: Final[WeakSet[type]] = WeakSet()
"""Classes of layers that have passed. The hooks of a layer are methods of its class, so one object stands for all."""


def _check_layer(layer: object) -> None:
    is_around = hasattr(layer, "around")
    if is_around:
        _check_around(layer)
    for name in OPERATIONS:
        method = getattr(layer, name, None)
        if method is None:
            continue
        if is_around:
            raise InvalidDriver(
                f"the layer {type(layer).__name__} has both around and {name}: it stands around {name} already"
            )
        marks = getattr(method, f"{PROJECT}_impl", {})
        if not (marks.get("wrapper") or marks.get("hookwrapper")):
            raise InvalidDriver(
                f"the layer {type(layer).__name__} has {name} without @hookimpl(wrapper=True): it would wrap nothing"
            )
    manager = pluggy.PluginManager(PROJECT)
    manager.add_hookspecs(DriverSpec)
    register(manager, layer, f"the layer {type(layer).__name__}")


def _check_around(layer: Any) -> None:
    """Refuses a layer whose ``around`` could not be called: that is done before the first call of an operation."""
    around = layer.around
    try:
        fits_call = not inspect.iscoroutinefunction(around)
        inspect.signature(around).bind("operation", "call")
    except TypeError:
        fits_call = False
    if not fits_call:
        raise InvalidDriver(f"the layer {type(layer).__name__} has an around that is no method (operation, call)")


def register(manager: pluggy.PluginManager, plugin: object, source: str) -> None:
    """Registers a plugin, and lets pluggy look for misspelt hooks and wrong parameters.

    Raises:
        InvalidDriver: pluggy found one.
    """
    try:
        manager.register(plugin)
        manager.check_pending()
    except (pluggy.PluginValidationError, ValueError) as error:
        raise InvalidDriver(f"{source}: {' '.join(str(error).split())}") from error


def fault_of_verdict(verdict: Classified, driver: str) -> str | None:
    """Says what is wrong with the result of a driver's ``classify_error``; ``None``: nothing.

    Its type must be right, its class must be an error of the contract, and its facts must belong to that class.
    """
    if not fits(Classified)(verdict) and (mismatch := find_mismatch(verdict, Classified)) is not None:
        place = f" as {mismatch.where}" if mismatch.where else ""
        return f"classify_error of the driver {driver!r} returned {mismatch.came} instead of {mismatch.wanted}{place}"
    kind: Any = verdict.kind  # mypy doubts that a class can be hashed.
    if not issubclass(kind, BucketryError):
        return f"classify_error of the driver {driver!r} names {kind.__name__}, which is not an error of the contract"
    known = _facts_of(kind)
    for name, value in verdict.facts.items():
        if name not in known:
            return f"the driver {driver!r} gives {kind.__name__} the unknown fact {name!r}"
        if (mismatch := find_mismatch(value, known[name], name)) is not None:
            return f"the driver {driver!r} gives {kind.__name__} {mismatch.came} as {name} instead of {mismatch.wanted}"
        if not _is_choice(value, known[name]):
            return f"the driver {driver!r} gives {kind.__name__} {value!r} as {name} instead of {name_of(known[name])}"
    return None


def _is_choice(value: object, annotation: Any) -> bool:
    """Says whether a fact of a ``Literal`` has one of its values. Other facts may have any value of their type."""
    choices = [choice for kind in get_args(annotation) if get_origin(kind) is Literal for choice in get_args(kind)]
    return value is None or not choices or value in choices


@cache
def _facts_of(kind: type[BucketryError]) -> dict[str, Any]:
    """Returns the facts that a class of errors can carry, and their annotations."""
    hints = get_type_hints(kind.__init__, localns={"NotModifiedInfo": NotModifiedInfo})
    return {name: hint for name, hint in hints.items() if name not in {"detail", "bucket", "key", "return"}}


def _check_hook(kind: type[DriverSpec], name: str) -> None:
    if overrides(kind, name) and not hasattr(getattr(kind, name), f"{PROJECT}_impl"):
        raise InvalidDriver(f"the driver {kind.name!r} has a method {name} without @hookimpl: it would never be called")
    expected, found = (list(inspect.signature(getattr(spec, name)).parameters) for spec in (DriverSpec, kind))
    if expected != found:
        raise InvalidDriver(
            f"the driver {kind.name!r} has {name}({', '.join(found)}) instead of ({', '.join(expected)})"
        )


def overrides(kind: type[DriverSpec], name: str) -> bool:
    """Says whether a driver has a method of its own for a hook."""
    return getattr(kind, name) is not getattr(DriverSpec, name)
