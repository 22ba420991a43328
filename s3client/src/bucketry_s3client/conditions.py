"""Headers of conditions, and which version of a copy's source is meant."""

from __future__ import annotations

from bucketry import CopyOptions, HeadOptions, PartCopyOptions
from bucketry.s3 import http_date

from bucketry_s3client.headers import quoted


def read_conditions(options: HeadOptions) -> dict[str, str]:
    """Returns the header of a read's first condition, in the order of RFC 9110, 13.2.2.

    Servers evaluate all conditions that they are sent, some in an order of their own. `bucketry.conditions` evaluates
    the others.
    """
    if options.if_match is not None:
        return {"if-match": quoted(options.if_match)}
    if options.if_unmodified_since is not None:
        return {"if-unmodified-since": http_date(options.if_unmodified_since)}
    if options.if_none_match is not None:
        return {"if-none-match": quoted(options.if_none_match)}
    if options.if_modified_since is not None:
        return {"if-modified-since": http_date(options.if_modified_since)}
    return {}


def write_conditions(if_match: str | None, if_none_match: str | None, *, quotes: bool = True) -> dict[str, str]:
    """Returns the headers of a write's conditions.

    Args:
        if_match: The etag that the object must have.
        if_none_match: ``*``: there must be no object.
        quotes: Whether the etag has quotes, as HTTP has it (RFC 9110, 8.8.3). RGW honours it only without them.
    """
    sent = {} if if_match is None else {"if-match": quoted(if_match) if quotes else if_match}
    return sent if if_none_match is None else {**sent, "if-none-match": if_none_match}


def source_of(options: CopyOptions | PartCopyOptions) -> HeadOptions:
    """Returns the options of a read of a copy's source."""
    return HeadOptions(version_id=options.source_version_id, customer_key=options.source_customer_key)
