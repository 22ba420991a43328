"""CORS rules: what a store refuses before any driver sees it, and what drivers get."""

from __future__ import annotations

from typing import Any

import pytest
from bucketry import CorsRule, CorsSettings, InvalidArgument, Store, Unsupported
from bucketry.bucket_settings import MAX_CORS_AGE
from bucketry.s3 import MAX_CORS_BYTES, MAX_CORS_ID, MAX_CORS_RULES
from msgspec.structs import replace

from tests.core.tiny import TinyDriver, TinySettings

PLAIN = CorsRule(allowed_origins=("*",), allowed_methods=("GET",))


def checked_rules(rules: Any) -> tuple[CorsRule, ...]:
    return CorsSettings(rules=rules).checked().rules


@pytest.mark.parametrize(
    "fields",
    [
        {"allowed_origins": ("https://*.example.com", "http://localhost:8080", "null")},
        {"allowed_methods": ("GET", "PUT", "HEAD", "POST", "DELETE")},
        {"allowed_headers": ("*", "x-amz-*", "Content-Type")},
        {"expose_headers": ("ETag",)},
        {"max_age_seconds": 0},
        {"max_age_seconds": MAX_CORS_AGE},
        {"id": "é" * MAX_CORS_ID},
    ],
)
def test_rules_within_the_bounds_of_s3_are_passed_on_as_they_are(fields: dict[str, Any]) -> None:
    rule = replace(PLAIN, **fields)
    assert checked_rules([rule]) == (rule,)


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({"allowed_origins": ()}, "at least one origin"),
        ({"allowed_methods": ()}, "at least one origin and one method"),
        ({"allowed_methods": ("PATCH",)}, "not 'PATCH'"),
        ({"allowed_methods": ("get",)}, "not 'get'"),
        ({"allowed_origins": ("https://*.*",)}, "at most one [*]"),
        ({"allowed_origins": ("https://a b",)}, "printable US-ASCII"),
        ({"allowed_origins": ("https://é",)}, "printable US-ASCII"),
        ({"allowed_origins": ("",)}, "printable US-ASCII"),
        ({"allowed_origins": "*"}, r"allowed_origins must be tuple\[str, ...\], not str"),
        ({"allowed_origins": (7,)}, r"allowed_origins\[0\] must be str, not int"),
        ({"allowed_headers": ("x-*-*",)}, "at most one [*]"),
        ({"allowed_headers": ("a:b",)}, "printable US-ASCII"),
        ({"expose_headers": ("*",)}, "has no [*]"),
        ({"expose_headers": ("a\r\nb",)}, "printable US-ASCII"),
        ({"max_age_seconds": -1}, "max_age_seconds"),
        ({"max_age_seconds": MAX_CORS_AGE + 1}, "max_age_seconds"),
        ({"id": ""}, "1 to 255"),
        ({"id": "x" * (MAX_CORS_ID + 1)}, "1 to 255"),
        ({"id": "\ud800"}, "printable"),
    ],
)
def test_rules_beyond_the_bounds_of_s3_are_refused(fields: dict[str, Any], why: str) -> None:
    with pytest.raises(InvalidArgument, match=why):
        checked_rules([replace(PLAIN, **fields)])


def test_a_bucket_has_one_to_a_hundred_rules_of_at_most_64_kib() -> None:
    assert len(checked_rules([PLAIN] * MAX_CORS_RULES)) == MAX_CORS_RULES
    with pytest.raises(InvalidArgument, match="nothing is set in these CorsSettings; delete_bucket_settings"):
        checked_rules([])
    with pytest.raises(InvalidArgument, match="1 to 100 CORS rules"):
        checked_rules([PLAIN] * (MAX_CORS_RULES + 1))
    fits = replace(PLAIN, allowed_origins=("x" * (MAX_CORS_BYTES - len("GET")),))
    assert checked_rules([fits]) == (fits,)
    with pytest.raises(InvalidArgument, match="at most 65536 bytes"):
        checked_rules([replace(fits, id="x")])


def test_no_two_rules_have_the_same_id() -> None:
    with pytest.raises(InvalidArgument, match="same id"):
        checked_rules([replace(PLAIN, id="one"), PLAIN, replace(PLAIN, id="one")])


def test_drivers_get_tuples() -> None:
    mine: Any = ["*"]
    (rule,) = checked_rules([replace(PLAIN, allowed_origins=mine)])
    mine.append("changed")
    assert rule == PLAIN


def test_a_driver_that_knows_no_rules_says_so() -> None:
    store = Store(TinyDriver(TinySettings()))
    with pytest.raises(Unsupported, match="the driver 'tiny' does not declare bucket_cors, which CorsSettings needs"):
        store.put_bucket_settings("photos", CorsSettings(rules=(PLAIN,)))
    with pytest.raises(InvalidArgument):
        store.put_bucket_settings("photos", CorsSettings())
