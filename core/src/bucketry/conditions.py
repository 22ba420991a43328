"""Evaluates conditions on an object's etag and time, for drivers whose backend does not do it itself."""

from __future__ import annotations

from datetime import datetime

from bucketry.errors import NoSuchKey, NotModified, PreconditionFailed
from bucketry.models import ObjectInfo
from bucketry.options import HeadOptions, PutOptions, WriteConditions


def check_read(info: ObjectInfo, options: HeadOptions) -> None:
    """Evaluates the conditions of a read in the order of RFC 9110, 13.2.2.

    HTTP dates have whole seconds (RFC 9110, 5.6.7), so times are compared in whole seconds.

    Raises:
        PreconditionFailed: ``if_match`` or ``if_unmodified_since`` does not hold.
        NotModified: ``if_none_match`` or ``if_modified_since`` says that the caller's copy is current.
    """
    if options.if_match is not None:
        if options.if_match not in {"*", info.etag}:
            raise PreconditionFailed("the object has another etag than if_match says")
    elif options.if_unmodified_since is not None and _seconds(info) > options.if_unmodified_since:
        raise PreconditionFailed("the object was modified after if_unmodified_since")
    if options.if_none_match is not None:
        if options.if_none_match in {"*", info.etag}:
            raise NotModified("the object has the etag that if_none_match says")
    elif options.if_modified_since is not None and _seconds(info) <= options.if_modified_since:
        raise NotModified("the object was not modified after if_modified_since")


def _seconds(info: ObjectInfo) -> datetime:
    return info.last_modified.replace(microsecond=0)


def check_write(current: ObjectInfo | None, conditions: WriteConditions | PutOptions) -> None:
    """Evaluates the conditions of a write against what the key holds now.

    Raises:
        NoSuchKey: There is an ``if_match``, also ``*``, and no object (S3 user guide, "Conditional writes").
        PreconditionFailed: A condition does not hold.
    """
    if conditions.if_match is not None:
        if current is None:
            raise NoSuchKey("if_match asks for an object")
        if conditions.if_match not in {"*", current.etag}:
            raise PreconditionFailed("the object has another etag")
    if conditions.if_none_match is not None and current is not None:
        raise PreconditionFailed("the key holds an object already")
