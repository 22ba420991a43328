"""The table of the headers that an object keeps, and the helpers that drivers and ports build on it."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from bucketry import FEATURE_NAMES, InvalidArgument, ObjectHeaders, ObjectInfo, PutOptions, UploadOptions
from bucketry.headers import (
    HEADER_FEATURES,
    HEADER_OF,
    METADATA_PREFIX,
    OBJECT_HEADERS,
    check_headers,
    copy_headers,
    header_copier,
    header_fields,
    header_pairs,
    header_values,
    received_fields,
)
from bucketry.options import PresignOptions
from bucketry.presigning import presigned_headers, presigned_query

DATE = "Sun, 06 Nov 1994 08:49:37 GMT"
VALUES = {
    header.field: {"content_type": "text/csv", "expires": DATE}.get(header.field, "x") for header in OBJECT_HEADERS
}
METADATA = {"colour": "blue"}
FULL = ObjectHeaders(**VALUES, metadata=METADATA)
NAMES = {header.name: VALUES[header.field] for header in OBJECT_HEADERS}
ON_THE_WIRE = NAMES | {METADATA_PREFIX + "colour": "blue"}
PLACE = {"key": "a", "size_bytes": 1, "etag": "e", "last_modified": datetime(2026, 1, 1, tzinfo=UTC)}


def test_the_table_has_a_row_for_each_field_and_names_as_http_has_them() -> None:
    assert (*HEADER_OF, "metadata") == ObjectHeaders.__struct_fields__
    assert [header.name for header in OBJECT_HEADERS] == [field.replace("_", "-") for field in HEADER_OF]
    assert set(HEADER_FEATURES.values()) <= set(FEATURE_NAMES)


def test_options_that_carry_headers_need_the_features_of_the_table() -> None:
    for kind in (PutOptions, UploadOptions):
        assert HEADER_FEATURES.items() <= kind.feature_of.items()


def test_headers_are_copied_between_structs_whole() -> None:
    info = copy_headers(FULL, ObjectInfo, **PLACE)
    assert info == ObjectInfo(**VALUES, metadata=METADATA, **PLACE)  # type: ignore[arg-type]
    assert copy_headers(info, ObjectHeaders) == FULL
    assert copy_headers(info, PutOptions, content_md5=bytes(16)).content_md5 == bytes(16)
    assert header_copier(ObjectInfo, *PLACE)(FULL, *PLACE.values()) == info


def test_headers_come_back_from_the_wire() -> None:
    assert dict(header_pairs(FULL)) == ON_THE_WIRE
    assert ObjectHeaders(**header_fields(ON_THE_WIRE)) == FULL
    assert ObjectHeaders(**received_fields(ON_THE_WIRE)) == FULL
    assert header_values(FULL) == tuple(VALUES.values())


def test_headers_that_an_object_does_not_have_are_not_sent() -> None:
    assert header_pairs(ObjectHeaders()) == [("content-type", "application/octet-stream")]
    assert header_fields({"host": "x"}) == {}


@pytest.mark.parametrize("written", [DATE, "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994"])
def test_a_date_from_a_client_is_kept_in_the_preferred_form(written: str) -> None:
    assert received_fields({"expires": written}) == {"expires": DATE}


@pytest.mark.parametrize("written", ["0", "-1", "", "tomorrow"])
def test_a_date_that_cannot_be_read_is_refused(written: str) -> None:
    with pytest.raises(InvalidArgument, match="Expires is a date such as") as caught:
        received_fields({"expires": written})
    assert caught.value.field == "expires"


@pytest.mark.parametrize("field", HEADER_OF)
@pytest.mark.parametrize("value", ["", " x", "é", "a\nb", "x" * 1025])
def test_a_value_that_no_header_can_hold_is_refused(field: str, value: str) -> None:
    with pytest.raises(InvalidArgument) as caught:
        check_headers(ObjectHeaders(**{field: value}))  # type: ignore[arg-type]
    assert caught.value.field == field
    assert (caught.value.limit is not None) == (len(value) > 1024)


def test_presigning_sends_each_option_under_its_headers_name() -> None:
    options = PresignOptions(response_content_type="text/csv", response_content_disposition="inline")
    assert presigned_query(options) == {
        "response-content-type": "text/csv",
        "response-content-disposition": "inline",
    }
    assert (presigned_query(PresignOptions()), presigned_headers(PresignOptions())) == ({}, {})
    assert presigned_headers(PresignOptions(method="PUT", content_type="text/csv")) == {"content-type": "text/csv"}
