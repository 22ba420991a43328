"""Settings of a bucket: one frozen Struct for each kind, with its feature, its "not set" and its checks.

`BucketSettings` is their base, and `AnyBucketSettings` the union of all kinds. It is tagged, so a driver that stores
settings as JSON can decode them with it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import ClassVar, Final, Literal, Self, TypeVar, get_args

import msgspec

from bucketry._type_checks import check_listed, check_type, type_name
from bucketry.errors import InvalidArgument
from bucketry.s3 import MAX_CORS_BYTES, MAX_CORS_ID, MAX_CORS_RULES

CorsMethod = Literal["GET", "PUT", "HEAD", "POST", "DELETE"]
"""The methods that a rule can allow (S3 API reference, ``CORSRule``)."""

MAX_CORS_AGE: Final = 2**31 - 1
"""Most seconds that a browser may keep a response; S3 states no limit, and its field is an integer of 32 bits."""

_LISTS: Final = ("allowed_origins", "allowed_methods", "allowed_headers", "expose_headers")
_METHODS: Final = frozenset(get_args(CorsMethod))
_ORIGIN: Final = re.compile(r"[\x21-\x7e]+")
_HEADER: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")


class BucketSettings(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind"):
    """Base of all kinds. A kind without arguments, as `CorsSettings()`, means that nothing is set.

    Attributes:
        feature: The feature that a driver declares if it has this kind.
    """

    feature: ClassVar[str]

    def checked(self) -> Self:
        """Returns the settings as drivers get them: checked, normalised and immutable.

        Raises:
            InvalidArgument: They are not valid; the message says why.
        """
        raise NotImplementedError


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

    allowed_origins: tuple[str, ...]
    allowed_methods: tuple[CorsMethod, ...]
    allowed_headers: tuple[str, ...] = ()
    expose_headers: tuple[str, ...] = ()
    max_age_seconds: int | None = None
    id: str | None = None


class CorsSettings(BucketSettings, frozen=True, kw_only=True, tag="cors"):
    """Which pages of other origins may use the bucket (CORS). Whoever serves the bucket to browsers evaluates them.

    Attributes:
        rules: The rules, 1 to 100 of them, with at most 64 KiB together. The first rule that fits a request decides.
    """

    feature: ClassVar[str] = "bucket_cors"

    rules: tuple[CorsRule, ...] = ()

    def checked(self) -> Self:
        """Returns the settings with checked rules.

        Raises:
            InvalidArgument: There is no rule or more than 100, they are larger than 64 KiB, two have the same id, or a
                rule is malformed.
        """
        check_listed(self.rules, "the rules are a list of CorsRule", "rules")
        rules = tuple(map(_with_tuples, self.rules))
        if not 1 <= len(rules) <= MAX_CORS_RULES:
            raise _invalid_rules(f"a bucket has 1 to {MAX_CORS_RULES} CORS rules; delete_bucket_settings removes them")
        if sum(len(text.encode(errors="replace")) for rule in rules for text in _texts(rule)) > MAX_CORS_BYTES:
            raise _invalid_rules(f"the CORS rules of a bucket have at most {MAX_CORS_BYTES} bytes together")
        for rule in rules:
            _check_rule(rule)
        names = [rule.id for rule in rules if rule.id is not None]
        if len(set(names)) != len(names):
            raise _invalid_rules("two CORS rules have the same id")
        return msgspec.structs.replace(self, rules=rules)


def _invalid_rules(why: str) -> InvalidArgument:
    return InvalidArgument(why, field="rules")


def _with_tuples(rule: CorsRule) -> CorsRule:
    """Returns a rule whose lists are tuples, and whose fields are of the right types."""
    if isinstance(rule, CorsRule):
        lists = {name: tuple(value) for name in _LISTS if isinstance(value := getattr(rule, name), list)}
        rule = msgspec.structs.replace(rule, **lists) if lists else rule
    check_type(rule, CorsRule, "a rule", field="rules")
    return rule


def _texts(rule: CorsRule) -> Iterable[str]:
    for field in _LISTS:
        yield from getattr(rule, field)
    yield rule.id or ""


def _check_rule(rule: CorsRule) -> None:
    if not rule.allowed_origins or not rule.allowed_methods:
        raise _invalid_rules("a CORS rule allows at least one origin and one method")
    if unknown := [method for method in rule.allowed_methods if method not in _METHODS]:
        raise _invalid_rules(f"a CORS rule allows {', '.join(sorted(_METHODS))}, not {unknown[0][:20]!r}")
    _check_each("origin", rule.allowed_origins, _ORIGIN, wildcards=1)
    _check_each("allowed header", rule.allowed_headers, _HEADER, wildcards=1)
    _check_each("exposed header", rule.expose_headers, _HEADER, wildcards=0)
    if rule.max_age_seconds is not None and not 0 <= rule.max_age_seconds <= MAX_CORS_AGE:
        raise _invalid_rules(f"max_age_seconds of a CORS rule is 0 to {MAX_CORS_AGE}")
    if rule.id is not None and (not 1 <= len(rule.id) <= MAX_CORS_ID or not rule.id.isprintable()):
        raise _invalid_rules(f"the id of a CORS rule has 1 to {MAX_CORS_ID} printable characters")


def _check_each(what: str, values: Iterable[str], pattern: re.Pattern[str], *, wildcards: int) -> None:
    for value in values:
        if not pattern.fullmatch(value):
            raise _invalid_rules(f"an {what} of a CORS rule is printable US-ASCII without blanks")
        if value.count("*") > wildcards:
            raise _invalid_rules(f"an {what} of a CORS rule has {'at most one' if wildcards else 'no'} *")


AnyBucketSettings = CorsSettings
"""Settings of any kind: the union of all kinds."""

SettingsT = TypeVar("SettingsT", bound=AnyBucketSettings)

SETTINGS_KINDS: Final[tuple[type[AnyBucketSettings], ...]] = get_args(AnyBucketSettings) or (AnyBucketSettings,)
"""All kinds of settings."""


def check_kind(kind: object) -> None:
    """Refuses what is not one of the kinds of settings.

    Raises:
        InvalidArgument: It is something else; the message names the kinds.
    """
    if not any(kind is known for known in SETTINGS_KINDS):
        known = ", ".join(known.__name__ for known in SETTINGS_KINDS)
        raise InvalidArgument(
            f"the kind of a bucket's settings is a class ({known}), not {type_name(kind)}", field="kind"
        )


def check_settings(settings: SettingsT) -> SettingsT:
    """Returns settings as drivers get them.

    Raises:
        InvalidArgument: They are not settings, or are not valid.
    """
    if type(settings) not in SETTINGS_KINDS:
        known = " or ".join(known.__name__ for known in SETTINGS_KINDS)
        raise InvalidArgument(f"the settings must be {known}, not {type_name(settings)}", field="settings")
    return settings.checked()
