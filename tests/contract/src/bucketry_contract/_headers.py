"""One value for each header that an object keeps, so that no test forgets one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final

import pytest
from bucketry import ObjectHeaders, Unsupported
from bucketry.headers import HEADER_FEATURES, METADATA_FEATURE

from bucketry_contract._capabilities import needs
from bucketry_contract._report_notes import Notes, cannot_try
from bucketry_contract._scratch import Bucket

METADATA: Final[Mapping[str, str]] = {
    "colour": "blue",
    "with-hyphen": 'a, b; c="d"',
    "number": "1",
    "blanks": "one two  three   four",
}
"""Metadata with values that a parser of headers may change by mistake."""

EMPTY: Final[Mapping[str, str]] = {"empty": "", "other": "1"}
"""Metadata with an empty value, which some backends drop. Then the driver refuses it."""

HEADERS: Final[Mapping[str, Any]] = {
    "content_type": "text/csv",
    "cache_control": "private, max-age=60",
    "content_disposition": "attachment; filename=\"a b.csv\"; filename*=UTF-8''%C3%A9.csv",
    "content_encoding": "br",
    "content_language": "de, en",
    "expires": "Sun, 06 Nov 1994 08:49:37 GMT",
    "metadata": METADATA,
}
"""Every field of `ObjectHeaders`, each with another value than its default."""

assert set(HEADERS) == set(ObjectHeaders.__struct_fields__), "a header of the contract has no value here"


def each_header(operation: str) -> list[Any]:
    """Returns the name of each header for a test of this operation, with the feature that it needs."""
    return [pytest.param(name, marks=needs(operation, *_features_of(name))) for name in HEADERS]


def _features_of(name: str) -> tuple[str, ...]:
    return (HEADER_FEATURES[name],) if name in HEADER_FEATURES else ()


def headers_of(info: ObjectHeaders) -> dict[str, Any]:
    """Returns every header of an object, to compare with `HEADERS`."""
    return {name: getattr(info, name) for name in HEADERS}


@contextmanager
def kept_or_refused(bucket: Bucket, key: str, notes: Notes) -> Iterator[None]:
    """Runs a write of a key with `EMPTY`. It ends the test if the driver refuses that; the report says so."""
    refusal = None
    try:
        yield
    except Unsupported as error:
        # Otherwise the refusal is what the test has to end in.
        if error.feature != METADATA_FEATURE or not bucket.store.capabilities.features.put_metadata:
            raise
        refusal = error
    if refusal is not None:
        assert not bucket.holds(key)
        cannot_try(notes, "metadata whose value is empty", "the driver refuses it")
