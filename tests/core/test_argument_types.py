"""Arguments of a wrong type: each method of a store and each field of its options names the type that it wants."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
from bucketry import (
    DEFAULT_OWNER,
    Acl,
    AttributesOptions,
    BatchDeleteOptions,
    ByteRange,
    Checksum,
    CompletedPart,
    CompleteOptions,
    CopyOptions,
    CorsRule,
    CorsSettings,
    CreateBucketOptions,
    DeleteOptions,
    GetOptions,
    HeadOptions,
    InvalidArgument,
    ListOptions,
    ObjectHeaders,
    PageOptions,
    PartCopyOptions,
    PartOptions,
    PresignOptions,
    PutOptions,
    Retention,
    RetentionOptions,
    Store,
    UploadListOptions,
    UploadOptions,
    VersionListOptions,
    VersionOptions,
    open_store,
)


def _cors(rules: Any) -> CorsSettings:
    return CorsSettings(rules=rules)


GOOD: dict[str, Any] = {
    "bucket": "photos",
    "source_bucket": "photos",
    "key": "key",
    "source_key": "source",
    "upload_id": "upload",
    "part_number": 1,
    "body": b"content",
    "buckets": ["photos"],
    "objects": ["key"],
    "retention": Retention(),
    "legal_hold": True,
    "acl": Acl(owner=DEFAULT_OWNER),
    "tags": {"name": "value"},
    "kind": CorsSettings,
    "settings": CorsSettings(rules=(CorsRule(allowed_origins=("*",), allowed_methods=("GET",)),)),
    "parts": [CompletedPart(1, "etag")],
}
TEXT = ["bucket", "source_bucket", "key", "source_key", "upload_id"]
STRANGE: dict[str, list[Any]] = {
    **{name: [None, 7, 1.5, True, b"bytes", {}, ["text"], str] for name in TEXT},
    "part_number": [None, "1", 1.0, True, b"1", {}, [1]],
    "body": [None, 7, 1.5, "text", {b"piece": b""}, bytes],
    "content_md5": [7, "text", [7], {}],
    "buckets": [None, 7, "photos", b"photos"],
    "objects": [None, 7, "key", b"key"],
    "retention": [None, 7, "GOVERNANCE", {}, Retention],
    "legal_hold": [None, 1, "ON", {}],
    "acl": [None, 7, "private", {}, Acl],
    "tags": [None, 7, "name=value", [("name", "value")]],
    "kind": [None, 7, "cors", CorsSettings(), str],
    "settings": [None, 7, "text", {}, b"bytes", CorsSettings],
    "parts": [None, 7, "text", {}, b"bytes"],
}
"""Values of other types, which each message names."""

STRANGE_WITHIN: dict[str, list[Any]] = {
    "buckets": [[7], [None], [["photos"]]],
    "objects": [[7], [None], [b"key"], [["key"]]],
    "retention": [Retention(until="now")],  # type: ignore[arg-type]
    "acl": [Acl(owner="me"), Acl(owner=DEFAULT_OWNER, grants=(7,))],  # type: ignore[arg-type]
    "tags": [{"name": 7}, {7: "value"}],
    "settings": [_cors([7]), _cors([{"allowed_origins": ["*"]}])],
    "parts": [[7], [(1, "etag")], [{"part_number": 1, "etag": "etag"}]],
}
"""Lists and mappings of values of other types."""

FIELD_WITHIN = {"buckets": "bucket", "objects": "key", "settings": "rules"}
"""What the error names for such a list, if it is not the argument."""

OPTIONS = [
    AttributesOptions,
    BatchDeleteOptions,
    CompleteOptions,
    CopyOptions,
    CreateBucketOptions,
    DeleteOptions,
    GetOptions,
    HeadOptions,
    ListOptions,
    PageOptions,
    PartCopyOptions,
    PartOptions,
    PresignOptions,
    PutOptions,
    RetentionOptions,
    UploadListOptions,
    UploadOptions,
    VersionListOptions,
    VersionOptions,
]


@pytest.fixture(scope="module")
def store() -> Iterator[Store]:
    with open_store("memory://") as store:
        store.create_bucket("photos")
        yield store


def methods() -> Iterator[tuple[str, dict[str, inspect.Parameter]]]:
    for name, method in inspect.getmembers(Store, inspect.isfunction):
        parameters = dict(list(inspect.signature(method).parameters.items())[1:])
        if not name.startswith("_") and parameters:
            yield name, parameters


def call(store: Store, name: str, arguments: dict[str, Any]) -> None:
    result = getattr(store, name)(**arguments)
    if inspect.isgenerator(result):
        list(result)


@pytest.mark.parametrize(
    ("name", "parameter"),
    [(name, parameter) for name, parameters in methods() for parameter in parameters if parameter != "options"],
)
def test_every_argument_of_another_type_is_refused(store: Store, name: str, parameter: str) -> None:
    needed = next(parameters for method, parameters in methods() if method == name)
    good = {other: GOOD[other] for other in needed if other != "options"}
    for strange in STRANGE[parameter]:
        came = "None" if strange is None else type(strange).__name__
        with pytest.raises(InvalidArgument, match=rf"not {came}\b") as caught:
            call(store, name, {**good, parameter: strange})
        assert caught.value.field == parameter.removeprefix("source_")
    for strange in STRANGE_WITHIN.get(parameter, ()):
        with pytest.raises(InvalidArgument, match="must be") as caught:
            call(store, name, {**good, parameter: strange})
        assert caught.value.field == FIELD_WITHIN.get(parameter, parameter)


@pytest.mark.parametrize("name", [name for name, parameters in methods() if "options" in parameters])
def test_options_of_another_operation_are_refused(store: Store, name: str) -> None:
    parameters = next(parameters for method, parameters in methods() if method == name)
    good = {other: GOOD[other] for other in parameters if other != "options"}
    wanted = type(parameters["options"].default)
    assert wanted in OPTIONS
    for kind in [kind for kind in OPTIONS if kind is not wanted]:
        with pytest.raises(InvalidArgument, match=f"the options must be {wanted.__name__}, not {kind.__name__}"):
            call(store, name, {**good, "options": kind()})
    others: list[Any] = [None, 7, "text", [], wanted]
    for strange in others:
        with pytest.raises(InvalidArgument, match=f"must be {wanted.__name__}, not"):
            call(store, name, {**good, "options": strange})
    with pytest.raises(InvalidArgument, match=rf"must be {wanted.__name__}, not dict: write {wanted.__name__}\("):
        call(store, name, {**good, "options": {"content_type": "text/plain"}})


USES: dict[type[msgspec.Struct], str] = {
    AttributesOptions: "get_object_attributes",
    CompleteOptions: "complete_multipart_upload",
    CopyOptions: "copy_object",
    DeleteOptions: "delete_object",
    GetOptions: "get_object",
    HeadOptions: "head_object",
    ListOptions: "list_objects",
    PageOptions: "list_parts",
    PartCopyOptions: "upload_part_copy",
    PartOptions: "upload_part",
    PresignOptions: "presign",
    PutOptions: "put_object",
    UploadListOptions: "list_multipart_uploads",
    VersionListOptions: "list_object_versions",
    UploadOptions: "create_multipart_upload",
    BatchDeleteOptions: "delete_objects",
    CreateBucketOptions: "create_bucket",
    RetentionOptions: "put_object_retention",
    VersionOptions: "get_object_tagging",
}


@pytest.mark.parametrize(
    ("kind", "field"), [(kind, field.name) for kind in USES for field in msgspec.structs.fields(kind)]
)
def test_every_field_of_options_is_refused_in_another_type(
    store: Store, kind: type[msgspec.Struct], field: str
) -> None:
    name = USES[kind]
    parameters = next(parameters for method, parameters in methods() if method == name)
    good = {other: GOOD[other] for other in parameters if other != "options"}
    for strange in (1.5, object(), {7: "value"}, {"name": 7}, ["text"], {"text"}):
        with pytest.raises(InvalidArgument) as caught:
            call(store, name, {**good, "options": kind(**{field: strange})})
        assert f"{field}" in str(caught.value)
        assert "must be" in str(caught.value)
        assert caught.value.field == field


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (PutOptions(content_type=None), "PutOptions.content_type must be str, not None"),  # type: ignore[arg-type]
        (PutOptions(metadata={"name": 7}), r"PutOptions.metadata\['name'\] must be str, not int"),  # type: ignore[dict-item]
        (PutOptions(tags=[("a", "b")]), r"PutOptions.tags must be Mapping\[str, str\], not list"),  # type: ignore[arg-type]
        (PutOptions(content_md5="abc"), r"PutOptions.content_md5 must be bytes \| None, not str"),  # type: ignore[arg-type]
        (PutOptions(if_none_match=["*"]), "PutOptions.if_none_match must be"),  # type: ignore[arg-type]
    ],
)
def test_the_message_names_the_field_and_both_types(store: Store, options: PutOptions, said: str) -> None:
    with pytest.raises(InvalidArgument, match=said):
        store.put_object("photos", "key", b"", options)


def test_what_stands_within_an_option_is_named_too(store: Store) -> None:
    with pytest.raises(InvalidArgument, match=r"ByteRange.first must be int \| None, not str"):
        store.get_object("photos", "key", GetOptions(range=ByteRange("0", 5)))  # type: ignore[arg-type]
    with pytest.raises(InvalidArgument, match=r"GetOptions.range must be ByteRange \| None, not str"):
        store.get_object("photos", "key", GetOptions(range="bytes=0-1"))  # type: ignore[arg-type]
    with pytest.raises(InvalidArgument, match=r"ObjectHeaders\.content_type must be str, not int"):
        store.copy_object("photos", "a", "photos", "b", CopyOptions(headers=ObjectHeaders(content_type=7)))  # type: ignore[arg-type]
    with pytest.raises(InvalidArgument, match="headers is ObjectHeaders, not PutOptions"):
        store.copy_object("photos", "a", "photos", "b", CopyOptions(headers=PutOptions(tags={"a": "b"})))
    with pytest.raises(InvalidArgument, match=r"CompletedPart\.part_number must be int, not str"):
        store.complete_multipart_upload("photos", "key", "upload", [CompletedPart("1", "etag")])  # type: ignore[arg-type]
    rule = CorsRule(allowed_origins=("*",), allowed_methods=("GET",), max_age_seconds="5")  # type: ignore[arg-type]
    with pytest.raises(InvalidArgument, match="max_age_seconds must be"):
        store.put_bucket_settings("photos", _cors([rule]))


@pytest.mark.parametrize("place", [0, 19, 20, 99])
def test_one_wrong_value_among_much_metadata_is_found_wherever_it_is(store: Store, place: int) -> None:
    metadata: dict[str, Any] = {f"name-{number}": "value" for number in range(100)}
    metadata[f"name-{place}"] = 7
    with pytest.raises(
        InvalidArgument, match=rf"PutOptions\.metadata\['name-{place}'\] must be str, not int"
    ) as caught:
        store.put_object("photos", "key", b"", PutOptions(metadata=metadata))
    assert caught.value.field == "metadata"


@pytest.mark.parametrize(
    ("operation", "options", "field"),
    [
        ("get_object", GetOptions(range=ByteRange("0", 1)), "range"),  # type: ignore[arg-type]
        ("copy_object", CopyOptions(headers=ObjectHeaders(expires=7)), "headers"),  # type: ignore[arg-type]
        ("put_object", PutOptions(checksum=Checksum("CRC32", "text")), "checksum"),  # type: ignore[arg-type]
    ],
)
def test_the_error_names_the_option_that_holds_the_wrong_value(
    store: Store, operation: str, options: Any, field: str
) -> None:
    parameters = next(parameters for method, parameters in methods() if method == operation)
    arguments = {name: GOOD[name] for name in parameters if name != "options"}
    with pytest.raises(InvalidArgument, match="must be") as caught:
        call(store, operation, {**arguments, "options": options})
    assert caught.value.field == field


def test_a_flag_is_no_number(store: Store) -> None:
    with pytest.raises(InvalidArgument, match=r"ListOptions\.limit must be int, not bool"):
        store.list_objects("photos", ListOptions(limit=True))


def test_what_an_object_is_described_with_may_be_its_copys_headers(store: Store) -> None:
    info = store.put_object("photos", "described", b"", PutOptions(metadata={"a": "b"}))
    copy = store.copy_object("photos", "described", "photos", "copy", CopyOptions(headers=info))
    assert copy.metadata == {"a": "b"}


def test_lists_do_where_a_rule_has_tuples(store: Store) -> None:
    rule = CorsRule(allowed_origins=["*"], allowed_methods=["GET"])  # type: ignore[arg-type]
    store.put_bucket_settings("photos", _cors([rule]))
    assert store.get_bucket_settings("photos", CorsSettings).rules[0].allowed_origins == ("*",)


def test_any_iterable_of_names_will_do(store: Store) -> None:
    assert set(store.bucket_usages(name for name in ("photos",))) == {"photos"}
    assert store.delete_objects("photos", (key for key in ("a", "b"))).deleted_keys == ("a", "b")


def test_a_time_is_a_datetime(store: Store) -> None:
    store.put_object("photos", "timed", b"")
    with pytest.raises(InvalidArgument, match=r"if_unmodified_since must be datetime \| None, not str"):
        store.head_object("photos", "timed", HeadOptions(if_unmodified_since="now"))  # type: ignore[arg-type]
    store.head_object("photos", "timed", HeadOptions(if_unmodified_since=datetime(2999, 1, 1, tzinfo=UTC)))
