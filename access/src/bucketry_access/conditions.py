"""Conditions of a statement: operators, and how a request is compared with the values in the policy.

Source: IAM user guide, "IAM JSON policy elements: Condition operators" and "Multivalued context keys".
"""

from __future__ import annotations

import base64
import binascii
import ipaddress
import operator
import re
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any, Final, Literal, NamedTuple, Protocol, TypeVar

from bucketry_access.errors import InvalidPolicy, UnclearError
from bucketry_access.keys import ConditionKey, KeyType, find_key
from bucketry_access.patterns import Lookup, Pattern, parse_pattern
from bucketry_access.principals import ANONYMOUS_ID

_INVALID_KEY: Final = "Policy has an invalid condition key"
_INVALID_VALUE: Final = "Policy has an invalid condition"

_DATE: Final = re.compile(r"\d{4}(-\d\d(-\d\d(T\d\d:\d\d(:\d\d(\.\d{1,9})?)?(Z|[+-]\d\d:?\d\d)?)?)?)?")

_MAX_NUMBER: Final = 64
"""Longest number in a policy or a request, in characters."""


class Facts(Protocol):
    """What conditions ask about a request."""

    def get(self, key: str, /) -> tuple[str, ...] | None:
        """Returns the values of a condition key, by its name in lower case; ``None``: the request has none.

        The key of a tag, behind the ``/``, keeps its case.
        """


Test = Callable[[str, Lookup], bool]
"""Says whether a value of a request fits one value of the policy."""


def _text(value: str, *, variables: bool) -> Test:
    pattern = parse_pattern(value, wildcards=False, variables=variables)
    return lambda found, lookup: _clear(pattern.matches(found, lookup))


def _caseless(value: str, *, variables: bool) -> Test:
    pattern = parse_pattern(value, wildcards=False, variables=variables)
    folded = Pattern(value, tuple(token.casefold() if isinstance(token, str) else token for token in pattern.tokens))
    return lambda found, lookup: _clear(folded.matches(found.casefold(), lambda key: _fold(lookup(key))))


def _fold(value: str | None) -> str | None:
    return None if value is None else value.casefold()


def _like(value: str, *, variables: bool) -> Test:
    pattern = parse_pattern(value, wildcards=True, variables=variables)
    return lambda found, lookup: _clear(pattern.matches(found, lookup))


def _arn(value: str, *, variables: bool) -> Test:
    """Compares each of the six parts of an ARN by itself, so that no ``*`` reaches over a colon."""
    if value == "*":
        return lambda *_: True
    parts = value.split(":", 5)
    if len(parts) < 6:
        raise InvalidPolicy(_INVALID_VALUE)
    patterns = [parse_pattern(part, wildcards=True, variables=variables) for part in parts]

    def test(found: str, lookup: Lookup) -> bool:
        given = found.split(":", 5)
        if len(given) < 6:
            return False
        return all(_clear(one.matches(part, lookup)) for one, part in zip(patterns, given, strict=True))

    return test


def _clear(found: bool | None) -> bool:
    if found is None:
        raise UnclearError
    return found


def _number(text: str) -> Decimal:
    try:
        found = Decimal(text) if len(text) <= _MAX_NUMBER else None
    except InvalidOperation:
        found = None
    # An exponent would make a comparison of two short numbers slow.
    if found is None or not found.is_finite() or abs(found.adjusted()) > _MAX_NUMBER:
        raise ValueError(text)
    return found


def _moment(text: str) -> float:
    """Returns the seconds since 1970 of a date (ISO 8601), or of such a number itself."""
    if _DATE.fullmatch(text) and len(text) > 4:
        padded = text + "-01" if len(text) == 7 else text
        moment = datetime.fromisoformat(padded)
        return (moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)).timestamp()
    return float(_number(text))


def _truth(text: str) -> bool:
    if text.lower() not in ("true", "false"):
        raise ValueError(text)
    return text.lower() == "true"


Network = ipaddress.IPv4Network | ipaddress.IPv6Network


def _network(text: str) -> Network:
    if text.isdecimal():
        raise ValueError(text)
    found = ipaddress.ip_network(text, strict=False)
    if isinstance(found, ipaddress.IPv6Network) and found.prefixlen >= 96:
        mapped = found.network_address.ipv4_mapped
        if mapped is not None:
            return ipaddress.IPv4Network((mapped, found.prefixlen - 96))
    return found


def _binary(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except binascii.Error:
        raise ValueError(text) from None


ValueT = TypeVar("ValueT")
Maker = Callable[..., Test]
"""Makes a test of a value of the policy."""


def _comparing(read: Callable[[str], ValueT], holds: Callable[[Any, Any], bool]) -> Maker:
    """Returns what makes tests of values that are read in some way before they are compared."""

    def make(value: str, *, variables: bool) -> Test:  # noqa: ARG001 - numbers, dates and addresses have no variables
        try:
            wanted = read(value)
        except ValueError:
            raise InvalidPolicy(_INVALID_VALUE) from None

        def test(found: str, _: Lookup) -> bool:
            try:
                return holds(read(found), wanted)
            except ValueError:
                raise UnclearError from None

        return test

    return make


def _is_inside(found: Network, wanted: Network) -> bool:
    if isinstance(found, ipaddress.IPv4Network):
        return isinstance(wanted, ipaddress.IPv4Network) and found.subnet_of(wanted)
    return isinstance(wanted, ipaddress.IPv6Network) and found.subnet_of(wanted)


class Operator(NamedTuple):
    """A condition operator.

    Attributes:
        make: Makes the test of one value.
        types: The types of keys that it can compare.
        negated: Whether it holds if no value fits, and if the request lacks the key.
        fixes: Whether the values that it lets through are listed in the policy, if they have no wildcard.
    """

    make: Maker
    types: frozenset[KeyType]
    negated: bool = False
    fixes: bool = False


_ANY_TYPE: Final[frozenset[KeyType]] = frozenset({"text", "number", "date", "moment", "bool", "address", "arn"})
_TEXT: Final[frozenset[KeyType]] = frozenset({"text", "arn", "date", "moment", "number", "bool"})
_NUMBERS: Final[frozenset[KeyType]] = frozenset({"number", "moment"})
_DATES: Final[frozenset[KeyType]] = frozenset({"date", "moment"})


def _of_order(family: str, types: frozenset[KeyType], read: Callable[[str], Any]) -> dict[str, Operator]:
    """Returns the six operators on numbers or dates."""
    return {
        f"{family}Equals": Operator(_comparing(read, operator.eq), types),
        f"{family}NotEquals": Operator(_comparing(read, operator.eq), types, negated=True),
        f"{family}LessThan": Operator(_comparing(read, operator.lt), types),
        f"{family}LessThanEquals": Operator(_comparing(read, operator.le), types),
        f"{family}GreaterThan": Operator(_comparing(read, operator.gt), types),
        f"{family}GreaterThanEquals": Operator(_comparing(read, operator.ge), types),
    }


_ADDRESS: Final[frozenset[KeyType]] = frozenset({"address"})
_ARN: Final[frozenset[KeyType]] = frozenset({"arn", "text"})

OPERATORS: Final[Mapping[str, Operator]] = {
    "StringEquals": Operator(_text, _TEXT, fixes=True),
    "StringNotEquals": Operator(_text, _TEXT, negated=True),
    "StringEqualsIgnoreCase": Operator(_caseless, _TEXT, fixes=True),
    "StringNotEqualsIgnoreCase": Operator(_caseless, _TEXT, negated=True),
    "StringLike": Operator(_like, _TEXT, fixes=True),
    "StringNotLike": Operator(_like, _TEXT, negated=True),
    **_of_order("Numeric", _NUMBERS, _number),
    **_of_order("Date", _DATES, _moment),
    "Bool": Operator(_comparing(_truth, operator.eq), frozenset({"bool"})),
    "BinaryEquals": Operator(_comparing(_binary, operator.eq), _TEXT),
    "IpAddress": Operator(_comparing(_network, _is_inside), _ADDRESS, fixes=True),
    "NotIpAddress": Operator(_comparing(_network, _is_inside), _ADDRESS, negated=True),
    "ArnEquals": Operator(_arn, _ARN, fixes=True),
    "ArnLike": Operator(_arn, _ARN, fixes=True),
    "ArnNotEquals": Operator(_arn, _ARN, negated=True),
    "ArnNotLike": Operator(_arn, _ARN, negated=True),
    "Null": Operator(_comparing(_truth, operator.eq), _ANY_TYPE),
}
"""All operators, without the prefixes ``ForAllValues:`` and ``ForAnyValue:`` and the suffix ``IfExists``."""

Quantifier = Literal["ForAllValues", "ForAnyValue"]
_QUANTIFIERS: Final[Mapping[str, Quantifier]] = {"ForAllValues": "ForAllValues", "ForAnyValue": "ForAnyValue"}


class Condition(NamedTuple):
    """One key of a policy's ``Condition``, with the values that it is compared with.

    Attributes:
        key: The key.
        name: Its name as requests have it.
        operator: The name of the operator, without prefix and suffix.
        values: The values as the policy has them.
        tests: One for each value.
        variables: The policy variables in the values.
        quantifier: The prefix of the operator.
        if_exists: Whether the condition holds for a request without the key.
    """

    key: ConditionKey
    name: str
    operator: str
    values: tuple[str, ...]
    tests: tuple[Test, ...]
    variables: tuple[str, ...]
    quantifier: Quantifier | None
    if_exists: bool

    def holds(self, facts: Facts, lookup: Lookup) -> bool:
        """Says whether it holds for a request.

        Raises:
            UnclearError: The request lacks a variable, or has a malformed value.
        """
        found = facts.get(self.name)
        if self.operator == "Null":
            return any(test("true" if found is None else "false", lookup) for test in self.tests)
        negated = OPERATORS[self.operator].negated
        if found is None:
            if self.if_exists or self.quantifier == "ForAllValues":
                return True
            return negated and self.quantifier is None
        fitting = [self._fits(value, lookup) != negated for value in found]
        if self.quantifier is None and any(fitting) != all(fitting):
            # Keys with several values need a prefix; without one, it is not defined which value counts.
            raise UnclearError
        return any(fitting) if self.quantifier == "ForAnyValue" else all(fitting)

    def _fits(self, value: str, lookup: Lookup) -> bool:
        return any(test(value, lookup) for test in self.tests)

    @property
    def is_fixed(self) -> bool:
        """Whether it lets only senders through that the policy lists, so that the statement is not public."""
        if self.if_exists or self.quantifier == "ForAllValues" or not OPERATORS[self.operator].fixes:
            return False
        if not self.key.is_fixed or any(value.casefold() == ANONYMOUS_ID for value in self.values):
            return False
        if self.operator == "IpAddress":
            return all(not _is_broad(_network(value)) for value in self.values)
        return all(not any(mark in value for mark in "*?$") for value in self.values)


def _is_broad(network: Network) -> bool:
    """Says whether so many addresses are as good as all: S3 user guide, "The meaning of public"."""
    return network.prefixlen < (32 if isinstance(network, ipaddress.IPv6Network) else 8)


def parse_conditions(block: object, *, variables: bool) -> tuple[Condition, ...]:
    """Parses a statement's ``Condition``.

    Args:
        block: The element, decoded from JSON.
        variables: Whether values may have policy variables.

    Raises:
        InvalidPolicy: An operator or a key is unknown, or a value does not fit its operator.
    """
    if not isinstance(block, dict):
        raise InvalidPolicy(_INVALID_VALUE)
    found = []
    for name, keys in block.items():
        if not isinstance(keys, dict):
            raise InvalidPolicy(_INVALID_VALUE)
        for key, values in keys.items():
            found.append(_condition(name, key, _values(values), variables=variables))
    return tuple(found)


def _condition(operator_name: str, key_name: str, values: tuple[str, ...], *, variables: bool) -> Condition:
    prefix, colon, rest = operator_name.partition(":")
    quantifier = _QUANTIFIERS.get(prefix) if colon else None
    name = rest if quantifier else operator_name
    base = name.removesuffix("IfExists")
    known = OPERATORS.get(base)
    if known is None or (base == "Null" and operator_name != "Null"):
        raise InvalidPolicy(f"Invalid Condition type : {operator_name[:64]}")
    key = find_key(key_name)
    if key is None:
        raise InvalidPolicy(_INVALID_KEY)
    if key[0].type not in known.types:
        raise InvalidPolicy(_INVALID_VALUE)
    tests = tuple(known.make(value, variables=variables) for value in values)
    patterns = [parse_pattern(value, wildcards=False, variables=variables) for value in values]
    named = tuple(variable for pattern in patterns for variable in pattern.variables)
    return Condition(key[0], key[1], base, values, tests, named, quantifier, if_exists=base != name)


def _values(values: object) -> tuple[str, ...]:
    listed = values if isinstance(values, list) else [values]
    if not listed:
        raise InvalidPolicy(_INVALID_VALUE)
    return tuple(map(_value, listed))


def _value(value: object) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return str(value)
    raise InvalidPolicy(_INVALID_VALUE)


def applicable(conditions: Iterable[Condition], actions: frozenset[str]) -> bool:
    """Says whether the requests of some of these actions can have all the keys."""
    return all(condition.key.actions is None or condition.key.actions & actions for condition in conditions)
