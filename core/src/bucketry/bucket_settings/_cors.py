"""CORS rules: what pages of other origins may do."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Annotated, ClassVar, Final, Literal, Self

import msgspec
from typing_extensions import override

from bucketry._xml_names import Xml
from bucketry.bucket_settings._base import BucketSettings, check_unique, invalid
from bucketry.errors import InvalidBucketSettings, SettingsFault
from bucketry.s3 import MAX_CORS_BYTES, MAX_CORS_ID, MAX_CORS_RULES

CorsMethod = Literal["GET", "PUT", "HEAD", "POST", "DELETE"]
"""The methods that a rule can allow (S3 API reference, ``CORSRule``)."""

MAX_CORS_AGE: Final = 2**31 - 1
"""Most seconds that a browser may keep a response; S3 states no limit, and its field is an integer of 32 bits."""

_LISTS: Final = ("allowed_origins", "allowed_methods", "allowed_headers", "expose_headers")
_ORIGIN: Final = re.compile(r"[\x21-\x7e]+")
_HEADER: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")


class CorsRule(msgspec.Struct, frozen=True, kw_only=True):
    """One CORS rule: what pages of which origins may do.

    Attributes:
        allowed_origins: Origins, at least one; one ``*`` in each stands for any characters.
        allowed_methods: Methods, at least one.
        allowed_headers: Headers that a request may have; one ``*`` in each, likewise. Case does not matter.
        expose_headers: Headers of the response that a page may read.
        max_age_seconds: How long a browser may keep the response to a preflight; ``None``: it decides.
        id: Name of the rule, unique in the bucket; ``None``: it has no name.
    """

    id: Annotated[str | None, Xml("ID")] = None
    allowed_methods: Annotated[tuple[CorsMethod, ...], Xml("AllowedMethod")]
    allowed_origins: Annotated[tuple[str, ...], Xml("AllowedOrigin")]
    allowed_headers: Annotated[tuple[str, ...], Xml("AllowedHeader")] = ()
    expose_headers: Annotated[tuple[str, ...], Xml("ExposeHeader")] = ()
    max_age_seconds: int | None = None


class CorsSettings(BucketSettings, frozen=True, kw_only=True, tag="cors"):
    """Which pages of other origins may use the bucket (CORS). Whoever serves the bucket to browsers evaluates them.

    Attributes:
        rules: The rules, 1 to 100 of them, with at most 64 KiB together. The first rule that fits a request decides.
    """

    feature: ClassVar[str] = "bucket_cors"

    rules: Annotated[tuple[CorsRule, ...], Xml("CORSRule")] = ()

    @override
    def validated(self) -> Self:
        """Checks the rules.

        Raises:
            InvalidBucketSettings: There are more than 100 rules, they are larger than 64 KiB, two have the same id, or
                a rule is malformed.
        """
        if not 1 <= len(self.rules) <= MAX_CORS_RULES:
            raise _invalid_rules(f"a bucket has 1 to {MAX_CORS_RULES} CORS rules", "schema")
        if sum(len(text.encode(errors="replace")) for rule in self.rules for text in _texts(rule)) > MAX_CORS_BYTES:
            raise _invalid_rules(f"the CORS rules of a bucket have at most {MAX_CORS_BYTES} bytes together", "schema")
        for rule in self.rules:
            _check_rule(rule)
        check_unique(
            (rule.id for rule in self.rules if rule.id is not None), "two CORS rules have the same id", "refused"
        )
        return self


def _invalid_rules(why: str, fault: SettingsFault = "refused") -> InvalidBucketSettings:
    return invalid(why, fault, "rules")


def _texts(rule: CorsRule) -> Iterable[str]:
    for field in _LISTS:
        yield from getattr(rule, field)
    yield rule.id or ""


def _check_rule(rule: CorsRule) -> None:
    if not rule.allowed_origins or not rule.allowed_methods:
        raise _invalid_rules("a CORS rule allows at least one origin and one method", "schema")
    _check_each("origin", rule.allowed_origins, _ORIGIN, wildcards=1)
    _check_each("allowed header", rule.allowed_headers, _HEADER, wildcards=1)
    _check_each("exposed header", rule.expose_headers, _HEADER, wildcards=0)
    if rule.max_age_seconds is not None and not 0 <= rule.max_age_seconds <= MAX_CORS_AGE:
        raise _invalid_rules(f"max_age_seconds of a CORS rule is 0 to {MAX_CORS_AGE}", "value")
    if rule.id is not None and (not 1 <= len(rule.id) <= MAX_CORS_ID or not rule.id.isprintable()):
        raise _invalid_rules(f"the id of a CORS rule has 1 to {MAX_CORS_ID} printable characters", "value")


def _check_each(what: str, values: Iterable[str], pattern: re.Pattern[str], *, wildcards: int) -> None:
    for value in values:
        if not pattern.fullmatch(value):
            raise _invalid_rules(f"an {what} of a CORS rule is printable US-ASCII without blanks")
        if value.count("*") > wildcards:
            raise _invalid_rules(f"an {what} of a CORS rule has {'at most one' if wildcards else 'no'} *")
