"""What a router can do: what all of its stores can."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any, Final, Literal

from bucketry import Features, PutOptions
from bucketry.checksums import CHECKSUM_ALGORITHMS
from bucketry.composing import InnerDriver
from bucketry.features import FEATURE_NAMES
from bucketry.hookspecs import OPERATIONS

_LARGER: Final = frozenset({"min_part_size"})
"""Limits whose largest value counts. Of the others it is the smallest."""

_ACROSS: Final = {
    "copy_if_match": "put_if_match",
    "copy_if_none_match": "put_if_none_match",
    "copy_tagging": "put_tagging",
    "copy_source_if_match": "get_if_match",
    "part_copy_source_if_match": "get_if_match",
}
"""What a copy needs besides where its source lies in another store: it is a get and a put then."""

_PLAIN: Final = PutOptions()
"""What an object has that needs no feature."""

_OWN: Final = frozenset({"close"})
"""What a router has whatever its stores have: a store also closes if its driver has nothing to close."""


def common_features(stores: Sequence[InnerDriver], *, presigns: bool) -> Features:
    """Returns the features that all stores declare, and limits that all of them keep.

    Args:
        stores: The stores.
        presigns: Whether the router signs URLs itself.
    """
    declared = [store.features for store in stores]
    values = {name: _common(name, [getattr(each, name) for each in declared]) for name in Features.__struct_fields__}
    if len(stores) > 1:
        for copying, needed in _ACROSS.items():
            values[copying] = values[copying] and values[needed]
    values["checksums"] = values["checksums"] and bool(values["checksum_algorithms"])
    values["upload_checksums"] = values["upload_checksums"] and values["checksums"]
    if not values["checksums"]:
        values["checksum_algorithms"] = ()
    if presigns:
        values["presign_content_type"] = values["presign_response_headers"] = True
    if lifecycle_of(stores) is None:
        values["bucket_lifecycle"] = False
    return Features(**values)


def _common(name: str, values: Sequence[Any]) -> Any:
    first = values[0]
    if isinstance(first, bool):
        return all(values)
    if isinstance(first, tuple):
        return tuple(value for value in first if all(value in others for others in values))
    return max(values) if name in _LARGER else min(values)


def lifecycle_of(stores: Sequence[InnerDriver]) -> Literal["backend", "core"] | None:
    """Says who carries out rules of lifecycle; ``None``: that differs, so the router has no rules."""
    found = {store.driver.lifecycle for store in stores}
    return found.pop() if len(found) == 1 else None


def lacking(stores: Mapping[str, InnerDriver], *, presigns: bool) -> dict[str, str]:
    """Returns what some store does not have, each with a sentence that names the store.

    It has the operations, the features and the algorithms of checksums.

    Args:
        stores: The stores, by their names.
        presigns: Whether the router signs URLs itself.
    """
    own = _OWN | {"presign"} if presigns else _OWN
    having: dict[str, list[str]] = {
        name: [store for store, inner in stores.items() if name in inner.operations]
        for name in OPERATIONS
        if name not in own
    }
    for feature in FEATURE_NAMES:
        needed = {feature, _ACROSS.get(feature, feature) if len(stores) > 1 else feature}
        having[feature] = [
            store for store, inner in stores.items() if all(getattr(inner.features, name) for name in needed)
        ]
    for algorithm in CHECKSUM_ALGORITHMS:
        having[algorithm] = [
            store for store, inner in stores.items() if algorithm in inner.features.checksum_algorithms
        ]
    lacks = {name: _reason(name, stores, found) for name, found in having.items() if len(found) < len(stores)}
    if lifecycle_of(tuple(stores.values())) is None:
        by = ", ".join(f"{name!r} by {store.driver.lifecycle}" for name, store in stores.items())
        lacks.setdefault("bucket_lifecycle", f"rules of lifecycle are not carried out alike in all stores ({by})")
    return lacks


def _reason(what: str, stores: Mapping[str, InnerDriver], having: Collection[str]) -> str:
    without = [f"{name!r} (driver {store.driver.name!r})" for name, store in stores.items() if name not in having]
    one = len(without) == 1
    names = f"the store {' and the store '.join(without)}"
    if what in OPERATIONS:
        return f"{names} {'does' if one else 'do'} not implement {what}"
    if what in CHECKSUM_ALGORITHMS:
        return f"{names} {'keeps' if one else 'keep'} no checksums of {what}"
    return f"{names} {'has' if one else 'have'} no {what}"


def unkept(put: PutOptions, features: Features) -> list[str]:
    """Returns the features that an object with such options needs, and that a store does not declare.

    Args:
        put: The options.
        features: What the store declares.
    """
    needed = [feature for name, feature in PutOptions.feature_of.items() if getattr(put, name) != getattr(_PLAIN, name)]
    if put.encryption is not None:
        needed.append(put.encryption.feature)
    return [feature for feature in dict.fromkeys(needed) if not getattr(features, feature)]
