"""Rules of a bucket for browsers: which pages of other origins may use it (CORS), and S3's bounds on them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Final, Literal, get_args

import msgspec

from bucketry._types import check_listed, check_type
from bucketry.errors import InvalidArgument
from bucketry.s3 import MAX_CORS_BYTES, MAX_CORS_ID, MAX_CORS_RULES

CorsMethod = Literal["GET", "PUT", "HEAD", "POST", "DELETE"]
"""The methods that a rule can allow (S3 API reference, ``CORSRule``)."""

MAX_CORS_AGE: Final = 2**31 - 1
"""Most seconds that an answer may be kept; S3 states no bound, and its field is an integer of 32 bits."""

_LISTS: Final = ("allowed_origins", "allowed_methods", "allowed_headers", "expose_headers")
_METHODS: Final = frozenset(get_args(CorsMethod))
_ORIGIN: Final = re.compile(r"[\x21-\x7e]+")
_HEADER: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")


class CorsRule(msgspec.Struct, frozen=True, kw_only=True):
    """One rule: what pages of which origins may do. The first rule that fits a request decides.

    Attributes:
        allowed_origins: Origins, at least one; one ``*`` in each stands for any characters.
        allowed_methods: Methods, at least one.
        allowed_headers: Headers that a request may have; one ``*`` in each, likewise. Case does not matter.
        expose_headers: Headers of the answer that a page may read.
        max_age_seconds: How long a browser may keep the answer; ``None``: it decides.
        id: Name of the rule, other than those of the bucket's other rules; ``None``: it has none.
    """

    allowed_origins: tuple[str, ...]
    allowed_methods: tuple[CorsMethod, ...]
    allowed_headers: tuple[str, ...] = ()
    expose_headers: tuple[str, ...] = ()
    max_age_seconds: int | None = None
    id: str | None = None


def checked_rules(rules: Sequence[CorsRule]) -> tuple[CorsRule, ...]:
    """Returns rules as drivers get them: checked, and immutable.

    Raises:
        InvalidArgument: There is none or more than 100, they are larger than 64 KiB, or one is malformed.
    """
    check_listed(rules, "the rules are a list of CorsRule")
    rules = tuple(map(_with_tuples, rules))
    if not 1 <= len(rules) <= MAX_CORS_RULES:
        raise InvalidArgument(
            f"a bucket has 1 to {MAX_CORS_RULES} CORS rules; delete_bucket_cors removes them", field="rules"
        )
    if sum(len(text.encode(errors="replace")) for rule in rules for text in _texts(rule)) > MAX_CORS_BYTES:
        raise InvalidArgument(f"the CORS rules of a bucket have at most {MAX_CORS_BYTES} bytes together", field="rules")
    checked = tuple(_checked(rule) for rule in rules)
    names = [rule.id for rule in checked if rule.id is not None]
    if len(set(names)) != len(names):
        raise InvalidArgument("two CORS rules have the same id", field="rules")
    return checked


def _with_tuples(rule: CorsRule) -> CorsRule:
    """Returns a rule whose lists are tuples, and whose fields are of the right types."""
    if isinstance(rule, CorsRule):
        lists = {name: tuple(value) for name in _LISTS if isinstance(value := getattr(rule, name), list)}
        rule = msgspec.structs.replace(rule, **lists) if lists else rule
    check_type(rule, CorsRule, "a rule")
    return rule


def _texts(rule: CorsRule) -> Iterable[str]:
    for field in _LISTS:
        yield from getattr(rule, field)
    yield rule.id or ""


def _checked(rule: CorsRule) -> CorsRule:
    if not rule.allowed_origins or not rule.allowed_methods:
        raise InvalidArgument("a CORS rule allows at least one origin and one method", field="rules")
    if unknown := [method for method in rule.allowed_methods if method not in _METHODS]:
        raise InvalidArgument(
            f"a CORS rule allows {', '.join(sorted(_METHODS))}, not {unknown[0][:20]!r}", field="rules"
        )
    _check_each("origin", rule.allowed_origins, _ORIGIN, wildcards=1)
    _check_each("allowed header", rule.allowed_headers, _HEADER, wildcards=1)
    _check_each("exposed header", rule.expose_headers, _HEADER, wildcards=0)
    if rule.max_age_seconds is not None and not 0 <= rule.max_age_seconds <= MAX_CORS_AGE:
        raise InvalidArgument(f"max_age_seconds of a CORS rule is 0 to {MAX_CORS_AGE}", field="rules")
    if rule.id is not None and (not 1 <= len(rule.id) <= MAX_CORS_ID or not rule.id.isprintable()):
        raise InvalidArgument(f"the id of a CORS rule has 1 to {MAX_CORS_ID} printable characters", field="rules")
    return rule


def _check_each(what: str, values: Iterable[str], pattern: re.Pattern[str], *, wildcards: int) -> None:
    for value in values:
        if not pattern.fullmatch(value):
            raise InvalidArgument(f"an {what} of a CORS rule is printable US-ASCII without blanks", field="rules")
        if value.count("*") > wildcards:
            raise InvalidArgument(
                f"an {what} of a CORS rule has {'at most one' if wildcards else 'no'} *", field="rules"
            )
