"""Errors carry the facts that their reader needs: from core, from a driver, and from what the call's options say."""

from __future__ import annotations

import ast
import copy
import pickle
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import bucketry
import pytest
from bucketry import (
    BadDigest,
    BucketryError,
    Classified,
    CopyOptions,
    DeleteOptions,
    Features,
    GetOptions,
    HeadOptions,
    InvalidArgument,
    InvalidDriver,
    InvalidPart,
    InvalidRange,
    NoSuchKey,
    NotModified,
    NotModifiedInfo,
    ObjectInfo,
    PartCopyOptions,
    PartTooSmall,
    PreconditionFailed,
    PutOptions,
    Store,
    TooLarge,
    Unsupported,
)
from bucketry.conditions import add_facts, check_copy_source, check_delete, check_read, check_write
from bucketry.hookspecs import hookimpl
from bucketry.options import Options
from bucketry.ranges import ByteRange
from typing_extensions import override

from tests.core.tiny import TinyDriver, TinySettings

NOW = datetime(2026, 1, 1, tzinfo=UTC)
INFO = ObjectInfo(key="a", size_bytes=3, etag="abc", last_modified=NOW, cache_control="no-cache", expires="never")
KNOWN = NotModifiedInfo(etag="abc", last_modified=NOW, cache_control="no-cache", expires="never")
LATER = datetime(2027, 1, 1, tzinfo=UTC)
EARLIER = datetime(2025, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("options", "condition"),
    [
        (HeadOptions(if_match="x"), "if_match"),
        (HeadOptions(if_unmodified_since=EARLIER), "if_unmodified_since"),
        (HeadOptions(if_match="x", if_unmodified_since=EARLIER, if_none_match="abc"), "if_match"),
    ],
)
def test_a_read_says_which_condition_failed(options: HeadOptions, condition: str) -> None:
    with pytest.raises(PreconditionFailed) as caught:
        check_read(INFO, options)
    assert caught.value.condition == condition


@pytest.mark.parametrize(
    "options",
    [HeadOptions(if_none_match="*"), HeadOptions(if_none_match="abc"), HeadOptions(if_modified_since=LATER)],
)
def test_not_modified_says_what_a_cache_needs(options: HeadOptions) -> None:
    with pytest.raises(NotModified) as caught:
        check_read(INFO, options)
    assert caught.value.info == KNOWN


def test_writes_deletes_and_copies_say_which_condition_failed() -> None:
    cases: tuple[tuple[Callable[[ObjectInfo, Any], None], object, str], ...] = (
        (check_write, PutOptions(if_match="x"), "if_match"),
        (check_write, PutOptions(if_none_match="*"), "if_none_match"),
        (check_delete, DeleteOptions(if_match="x"), "if_match"),
        (check_copy_source, CopyOptions(source_if_match="x"), "source_if_match"),
    )
    for check, options, condition in cases:
        with pytest.raises(PreconditionFailed) as caught:
            check(INFO, options)
        assert caught.value.condition == condition


def test_conditions_that_hold_raise_nothing() -> None:
    for etag in ("abc", "*", None):
        check_delete(INFO, DeleteOptions(if_match=etag))
        check_copy_source(INFO, CopyOptions(source_if_match=etag))
    check_delete(None, DeleteOptions())


def test_a_conditional_delete_of_nothing_is_no_such_key() -> None:
    for etag in ("abc", "*"):
        with pytest.raises(NoSuchKey):
            check_delete(None, DeleteOptions(if_match=etag))


class Failing(TinyDriver):
    """A driver that refuses every look at an object, with the verdict that its test gives it."""

    features = Features(
        get_if_match=True, get_if_none_match=True, get_if_modified_since=True, get_if_unmodified_since=True
    )

    def __init__(self, verdict: Classified) -> None:
        super().__init__(TinySettings())
        self.verdict = verdict

    @override
    @hookimpl
    def classify_error(self, error: Exception) -> Classified:
        return self.verdict


def raised(verdict: Classified, **conditions: Any) -> BucketryError:
    with Store(Failing(verdict)) as store, pytest.raises(BucketryError) as caught:
        store.head_object("bucket", "key", HeadOptions(**conditions))
    return caught.value


def test_a_driver_gives_facts_with_its_verdict() -> None:
    error = raised(Classified(InvalidRange, "the server says so", {"size_bytes": 11}))
    assert isinstance(error, InvalidRange)
    assert (error.size_bytes, error.detail, error.bucket, error.key) == (11, "the server says so", "bucket", "key")
    assert isinstance(error.__cause__, KeyError)
    assert "size_bytes=11" in repr(error)


@pytest.mark.parametrize(
    ("verdict", "message"),
    [
        (Classified(InvalidRange, facts={"size": 11}), "InvalidRange the unknown fact 'size'"),
        (Classified(NoSuchKey, facts={"field": "key"}), "NoSuchKey the unknown fact 'field'"),
        (Classified(InvalidRange, facts={"size_bytes": "11"}), "InvalidRange str as size_bytes instead of int | None"),
        (
            Classified(NotModified, facts={"info": INFO}),
            "ObjectInfo as info instead of NotModifiedInfo | None",
        ),
        (
            Classified(PreconditionFailed, facts={"condition": "etag"}),
            "PreconditionFailed 'etag' as condition instead of",
        ),
        (Classified(InvalidPart, facts={"fault": "gone"}), "InvalidPart 'gone' as fault instead of"),
        (Classified(InvalidRange, facts=7), "returned int instead of Mapping[str, object] as Classified.facts"),  # type: ignore[arg-type]
        (Classified(InvalidRange, 7), "returned int instead of str as Classified.detail"),  # type: ignore[arg-type]
        (Classified(KeyError), "names KeyError, which is not an error of the contract"),  # type: ignore[arg-type]
        ("no_such_key", "classify_error of the driver 'tiny' returned str instead of Classified"),
    ],
)
def test_a_wrong_verdict_is_a_broken_driver(verdict: Any, message: str) -> None:
    error = raised(verdict)
    assert isinstance(error, InvalidDriver)
    assert message in str(error)
    assert (error.bucket, error.key) == ("bucket", "key")
    assert isinstance(error.__cause__, KeyError)


@pytest.mark.parametrize(
    ("conditions", "condition"),
    [
        ({"if_match": "x"}, "if_match"),
        ({"if_unmodified_since": EARLIER}, "if_unmodified_since"),
        ({"if_match": "x", "if_unmodified_since": EARLIER, "if_none_match": "y"}, "if_match"),
        ({"if_none_match": "y"}, None),
    ],
)
def test_the_options_name_a_condition_that_the_backend_does_not_name(
    conditions: dict[str, Any], condition: str | None
) -> None:
    error = raised(Classified(PreconditionFailed), **conditions)
    assert isinstance(error, PreconditionFailed)
    assert error.condition == condition


@pytest.mark.parametrize(
    ("options", "field"),
    [
        (GetOptions(range=ByteRange(5)), "range"),
        (HeadOptions(part_number=7), "part_number"),
        (PartCopyOptions(range=ByteRange(1, 5)), "range"),
        (HeadOptions(), None),
    ],
)
def test_the_options_name_what_lies_beyond_the_object(options: Options, field: str | None) -> None:
    error = InvalidRange()
    add_facts(error, options)
    assert error.field == field


def test_a_copy_with_two_conditions_does_not_guess() -> None:
    for options, condition in (
        (CopyOptions(source_if_match="x"), "source_if_match"),
        (CopyOptions(if_none_match="*"), "if_none_match"),
        (CopyOptions(source_if_match="x", if_match="y"), None),
    ):
        error = PreconditionFailed()
        add_facts(error, options)
        assert error.condition == condition


@pytest.mark.parametrize(
    ("conditions", "etag"),
    [({"if_none_match": '"x"'}, "x"), ({"if_none_match": "*"}, None), ({"if_modified_since": LATER}, None)],
)
def test_the_options_name_the_etag_that_was_not_modified(conditions: dict[str, Any], etag: str | None) -> None:
    error = raised(Classified(NotModified), **conditions)
    assert isinstance(error, NotModified)
    assert error.info == NotModifiedInfo(etag=etag)


def test_what_a_driver_says_itself_is_kept() -> None:
    error = raised(Classified(NotModified, facts={"info": KNOWN}), if_none_match="other")
    assert isinstance(error, NotModified)
    assert error.info == KNOWN


def test_core_says_the_facts_of_what_it_refuses() -> None:
    with Store(TinyDriver(TinySettings())) as store:
        cases: list[tuple[type[BucketryError], dict[str, object], Callable[[], object]]] = [
            (
                InvalidArgument,
                {"field": "range"},
                lambda: store.get_object("bucket", "key", GetOptions(range=ByteRange(2, 1))),
            ),
            (TooLarge, {"max_size_bytes": 1000}, lambda: store.put_object("bucket", "key", bytes(1001))),
            (TooLarge, {"max_size_bytes": 1000}, lambda: store.put_object("bucket", "key", iter([bytes(1001)]))),
            (Unsupported, {"operation": "list_buckets"}, store.list_buckets),
            (
                Unsupported,
                {"feature": "put_headers"},
                lambda: store.put_object("bucket", "key", b"", PutOptions(expires="Sun, 06 Nov 1994 08:49:37 GMT")),
            ),
            (
                BadDigest,
                {"digest": "md5"},
                lambda: store.put_object("bucket", "key", b"", PutOptions(content_md5=bytes(16))),
            ),
        ]
        for kind, facts, call in cases:
            with pytest.raises(kind) as caught:
                call()
            assert {name: getattr(caught.value, name) for name in facts} == facts


def test_a_range_beyond_the_end_says_how_large_the_object_is() -> None:
    with pytest.raises(InvalidRange) as caught:
        ByteRange(5).resolve(3)
    assert (caught.value.size_bytes, caught.value.field) == (3, "range")


def test_facts_survive_copies_and_other_processes() -> None:
    error = PartTooSmall("small", part_number=1, size_bytes=3, min_size_bytes=5, bucket="bucket")
    for other in (copy.copy(error), pickle.loads(pickle.dumps(error))):
        assert vars(other) == vars(error)


CORE = Path(bucketry.__file__).parent
NOT_AN_ARGUMENT = {"opened_object.py", "_opened_object.py"}
"""Modules that refuse what is not an argument: to read a closed object."""


@pytest.mark.parametrize("path", sorted(CORE.rglob("*.py")), ids=lambda path: str(path.relative_to(CORE)))
def test_core_names_the_argument_that_it_refuses(path: Path) -> None:
    if path.name in NOT_AN_ARGUMENT:
        return
    calls = [node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Call)]
    refusals = [call for call in calls if isinstance(call.func, ast.Name) and call.func.id == "InvalidArgument"]
    assert [call.lineno for call in refusals if "field" not in {keyword.arg for keyword in call.keywords}] == []
