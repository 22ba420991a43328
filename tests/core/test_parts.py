"""Copied parts, reads of one part, and dates: what a store refuses before any driver sees it."""

from __future__ import annotations

import pytest
from bucketry import (
    ByteRange,
    Features,
    GetOptions,
    HeadOptions,
    InvalidArgument,
    InvalidKey,
    NoSuchUpload,
    PartCopyOptions,
    PutOptions,
    Store,
    TooLarge,
    Unsupported,
)
from bucketry import _normalisation as normalise

from tests.core.tiny import TinyDriver, TinySettings


@pytest.fixture
def store() -> Store:
    driver = TinyDriver(TinySettings())
    driver.features = Features(max_part_size=100, max_parts=50, get_part_number=True, put_headers=True)
    return Store(driver)


@pytest.mark.parametrize("number", [0, -1, 10_001])
def test_a_read_names_a_part_from_1_to_10000(store: Store, number: int) -> None:
    with pytest.raises(InvalidArgument, match="1 to 10000"):
        store.head_object("photos", "key", HeadOptions(part_number=number))


def test_a_read_names_a_range_or_a_part(store: Store) -> None:
    with pytest.raises(InvalidArgument, match="not both"):
        store.get_object("photos", "key", GetOptions(part_number=1, range=ByteRange(0)))


def test_a_driver_that_does_not_declare_it_gets_no_part_number() -> None:
    with pytest.raises(Unsupported, match="get_part_number"):
        Store(TinyDriver(TinySettings())).get_object("photos", "key", GetOptions(part_number=1))


@pytest.mark.parametrize("wanted", [ByteRange(0), ByteRange(None, 5), ByteRange(5, 4), ByteRange(None, None)])
def test_the_range_of_a_copied_part_has_both_its_ends(store: Store, wanted: ByteRange) -> None:
    with pytest.raises(InvalidArgument):
        store.upload_part_copy("photos", "key", "id", 1, "photos", "source", PartCopyOptions(range=wanted))


def test_what_is_no_part_is_not_copied(store: Store) -> None:
    copy = store.upload_part_copy
    with pytest.raises(InvalidArgument, match="1 to 50"):
        copy("photos", "key", "id", 51, "photos", "source")
    with pytest.raises(TooLarge, match="at most 100 bytes"):
        copy("photos", "key", "id", 1, "photos", "source", PartCopyOptions(range=ByteRange(5, 105)))
    with pytest.raises(NoSuchUpload):
        copy("photos", "key", "", 1, "photos", "source")
    with pytest.raises(InvalidKey):
        copy("photos", "key", "id", 1, "photos", "")
    with pytest.raises(Unsupported, match="part_copy_source_if_match"):
        copy("photos", "key", "id", 1, "photos", "source", PartCopyOptions(source_if_match="etag"))
    with pytest.raises(Unsupported, match="does not implement upload_part_copy"):
        copy("photos", "key", "id", 1, "photos", "source", PartCopyOptions(range=ByteRange(5, 104)))


def test_the_etag_of_a_source_loses_its_quotes() -> None:
    assert normalise.part_copy(PartCopyOptions(source_if_match='"etag"')).source_if_match == "etag"


def test_a_date_is_kept_as_it_is() -> None:
    date = "Sun, 06 Nov 1994 08:49:37 GMT"
    assert normalise.put(PutOptions(expires=date)).expires == date


@pytest.mark.parametrize(
    "date",
    [
        "0",
        "-1",
        "1994-11-06T08:49:37Z",
        "Sunday, 06-Nov-94 08:49:37 GMT",
        "Sun Nov  6 08:49:37 1994",
        "Mon, 06 Nov 1994 08:49:37 GMT",
        "Sun, 6 Nov 1994 08:49:37 GMT",
        "Sun, 06 Nov 1994 08:49:37 +0000",
        "Sun, 06 Nov 1994 24:49:37 GMT",
        "Sun, 31 Feb 1994 08:49:37 GMT",
        "Sun, 06 Nov 0000 08:49:37 GMT",
        "Sun, 06 Abc 1994 08:49:37 GMT",
    ],
)
def test_any_other_form_of_a_date_is_refused(store: Store, date: str) -> None:
    with pytest.raises(InvalidArgument, match="expires is a date"):
        store.put_object("photos", "key", b"", PutOptions(expires=date))
