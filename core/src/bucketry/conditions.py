"""Conditions on an object's etag and time.

Drivers whose backend does not evaluate a condition call a function here.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final, Protocol

from bucketry.errors import BucketryError, Condition, InvalidRange, NoSuchKey, NotModified, PreconditionFailed
from bucketry.models import NotModifiedInfo, ObjectInfo
from bucketry.options import CopyOptions, DeleteOptions, HeadOptions, PartCopyOptions, PutOptions, WriteConditions

_ANY: Final = "*"
_OF_READS: Final[tuple[Condition, ...]] = ("if_match", "if_unmodified_since")
_OF_WRITES: Final[tuple[Condition, ...]] = ("if_match", "if_none_match", "if_last_modified", "source_if_match")


class HasEtag(Protocol):
    """An object as far as conditions on its etag need it: an `ObjectInfo`, or a driver's own record."""

    @property
    def etag(self) -> str:
        """Its etag, without quotes."""


class Deletable(Protocol):
    """A version as far as the conditions of a delete need it: an `ObjectInfo`, or a driver's own record."""

    @property
    def etag(self) -> str | None:
        """Its etag, without quotes; ``None``: it is a delete marker."""

    @property
    def last_modified(self) -> datetime:
        """When it was last written."""


def check_read(info: ObjectInfo, options: HeadOptions) -> None:
    """Evaluates the conditions of a read in the order of RFC 9110, 13.2.2.

    HTTP dates have whole seconds (RFC 9110, 5.6.7), so times are compared in whole seconds.

    Raises:
        PreconditionFailed: ``if_match`` or ``if_unmodified_since`` does not hold.
        NotModified: ``if_none_match`` or ``if_modified_since`` says that the caller's copy is current.
    """
    if options.if_match is not None:
        if options.if_match not in {_ANY, info.etag}:
            raise PreconditionFailed("the object has another etag than if_match says", condition="if_match")
    elif options.if_unmodified_since is not None and _seconds(info) > options.if_unmodified_since:
        raise PreconditionFailed("the object was modified after if_unmodified_since", condition="if_unmodified_since")
    if options.if_none_match is not None:
        if options.if_none_match in {_ANY, info.etag}:
            raise NotModified(
                "the object has the etag that if_none_match says",
                info=NotModifiedInfo.of(info),
                condition="if_none_match",
            )
    elif options.if_modified_since is not None and _seconds(info) <= options.if_modified_since:
        raise NotModified(
            "the object was not modified after if_modified_since",
            info=NotModifiedInfo.of(info),
            condition="if_modified_since",
        )


def _seconds(info: ObjectInfo) -> datetime:
    return info.last_modified.replace(microsecond=0)


def check_write(current: HasEtag | None, conditions: WriteConditions | PutOptions) -> None:
    """Evaluates the conditions of a write.

    Args:
        current: The object that the key holds now, if any.
        conditions: The conditions.

    Raises:
        NoSuchKey: There is an ``if_match``, also ``*``, and no object (S3 user guide, "Conditional writes").
        PreconditionFailed: A condition does not hold.
    """
    if conditions.if_match is not None:
        _check_etag(current, conditions.if_match)
    if conditions.if_none_match is not None and current is not None:
        raise PreconditionFailed("the key holds an object already", condition="if_none_match")


def check_delete(current: Deletable | None, options: DeleteOptions) -> None:
    """Evaluates the conditions of a delete.

    Args:
        current: What the delete is about: the version that the options name, or else the object that the key holds now.
        options: The options of the delete.

    Raises:
        NoSuchKey: There is a condition, and no object or version; or an ``if_match``, also ``*``, and a delete marker.
        PreconditionFailed: It has another etag, or was last written at another time.
    """
    if options.if_match is not None:
        _check_etag(current, options.if_match)
    wanted = options.if_last_modified
    if wanted is None:
        return
    if current is None:
        raise NoSuchKey("if_last_modified asks for an object")
    if current.last_modified != wanted:
        raise PreconditionFailed("the object was written at another time", condition="if_last_modified")


def _check_etag(current: HasEtag | Deletable | None, wanted: str) -> None:
    if current is None or current.etag is None:
        raise NoSuchKey("if_match asks for an object")
    if wanted not in {_ANY, current.etag}:
        raise PreconditionFailed("the object has another etag", condition="if_match")


def check_copy_source(source: HasEtag, options: CopyOptions | PartCopyOptions) -> None:
    """Evaluates the condition of a copy on its source.

    Raises:
        PreconditionFailed: The source has another etag than ``source_if_match`` says.
    """
    if options.source_if_match not in {None, _ANY, source.etag}:
        raise PreconditionFailed("the source has another etag than source_if_match says", condition="source_if_match")


def add_facts(error: BucketryError, options: Any) -> None:
    """Fills in what the options of a call say about its error, where the driver did not say it.

    Args:
        error: The error of the call.
        options: The options of the call.
    """
    if isinstance(error, PreconditionFailed):
        error.condition = error.condition or _only_condition(options)
    elif isinstance(error, InvalidRange):
        error.field = error.field or _only_range(options)
    elif isinstance(error, NotModified):
        wanted = getattr(options, "if_none_match", None)
        # Beside if_none_match, if_modified_since is ignored.
        error.condition = error.condition or ("if_modified_since" if wanted is None else "if_none_match")
        error.info = error.info or NotModifiedInfo(etag=None if wanted == _ANY else wanted)


def _only_condition(options: Any) -> Condition | None:
    """Returns the condition that must have failed, or ``None`` where several can have."""
    if isinstance(options, HeadOptions):
        # Beside if_match, if_unmodified_since is ignored. The others end in NotModified.
        return next((name for name in _OF_READS if getattr(options, name) is not None), None)
    stated = [name for name in _OF_WRITES if getattr(options, name, None) is not None]
    return stated[0] if len(stated) == 1 else None


def _only_range(options: Any) -> str | None:
    """Returns the option that names bytes of an object: a read has a range or a part, never both."""
    return next((name for name in ("range", "part_number") if getattr(options, name, None) is not None), None)
