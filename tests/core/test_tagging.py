"""Tags: what a store refuses before any driver sees it, and what drivers get."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from bucketry import CopyOptions, InvalidArgument, PutOptions, Store, Unsupported, UploadOptions
from bucketry import _normalisation as normalise
from bucketry.s3 import MAX_TAG_KEY, MAX_TAG_VALUE, MAX_TAGS
from bucketry.tagging import NO_TAGS, normalised_tags

from tests.core.tiny import TinyDriver, TinySettings


@pytest.mark.parametrize(
    "tags",
    [
        {"a": "b"},
        {"a": ""},
        {" ": " "},
        {"Größe": "日本語", "marks": "+-=._:/@"},
        {"colour": "blue", "Colour": "red"},
        {"k" * MAX_TAG_KEY: "v" * MAX_TAG_VALUE},
        {"\U00010400" * (MAX_TAG_KEY // 2): "\U00010400" * (MAX_TAG_VALUE // 2)},
        {str(number): "" for number in range(MAX_TAGS)},
        {"laws:": "aws:"},
    ],
)
def test_tags_within_the_bounds_of_s3_are_passed_on_as_they_are(tags: dict[str, str]) -> None:
    assert normalised_tags(tags) == tags


@pytest.mark.parametrize(
    ("tags", "why"),
    [
        ({str(number): "" for number in range(MAX_TAGS + 1)}, "at most 10 tags"),
        ({"": "value"}, "1 to 128"),
        ({"k" * (MAX_TAG_KEY + 1): ""}, "1 to 128"),
        ({"\U00010400" * (MAX_TAG_KEY // 2) + "k": ""}, "1 to 128"),
        ({"key": "v" * (MAX_TAG_VALUE + 1)}, "at most 256"),
        ({"aws:key": ""}, "reserved"),
        ({"AWS:key": ""}, "reserved"),
        ({"a&b": ""}, "letters, numbers"),
        ({"key": "a\nb"}, "letters, numbers"),
        ({"key": "😀"}, "letters, numbers"),
        ({"key": "\ud800"}, "letters, numbers"),
        ({"key": 7}, "must be str, not int"),
        ({7: "value"}, "must be str, not int"),
    ],
)
def test_tags_beyond_the_bounds_of_s3_are_refused(tags: dict[str, str], why: str) -> None:
    with pytest.raises(InvalidArgument, match=why):
        normalised_tags(tags)


def test_drivers_get_an_immutable_copy() -> None:
    mine = {"key": "value"}
    for options in (PutOptions(tags=mine), UploadOptions(tags=mine), CopyOptions(tags=mine)):
        tags: Mapping[str, str] | None = _normalised(options).tags
        mine["key"] = "changed"
        assert tags == {"key": "value"}
        with pytest.raises(TypeError):
            tags["key"] = "value"  # type: ignore[index]
        mine["key"] = "value"
    assert normalise.put(PutOptions(tags={})).tags is NO_TAGS


def _normalised(options: PutOptions | UploadOptions | CopyOptions) -> PutOptions | UploadOptions | CopyOptions:
    if isinstance(options, PutOptions):
        return normalise.put(options)
    return normalise.upload(options) if isinstance(options, UploadOptions) else normalise.copy(options)


def test_a_driver_that_knows_no_tags_gets_none() -> None:
    driver = TinyDriver(TinySettings())
    store = Store(driver)
    with pytest.raises(Unsupported, match="put_tagging"):
        store.put_object("photos", "key", b"", PutOptions(tags={"key": "value"}))
    assert not driver.objects
    for tags in ({}, {"key": "value"}):
        with pytest.raises(Unsupported, match="copy_tagging"):
            store.copy_object("photos", "key", "photos", "copy", CopyOptions(tags=tags))
    with pytest.raises(Unsupported, match="upload_tagging"):
        store.create_multipart_upload("photos", "key", UploadOptions(tags={"key": "value"}))
    with pytest.raises(Unsupported, match="does not implement put_object_tagging"):
        store.put_object_tagging("photos", "key", {"key": "value"})
    with pytest.raises(InvalidArgument):
        store.put_object_tagging("photos", "key", {"": "value"})
