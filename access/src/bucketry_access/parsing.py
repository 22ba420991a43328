"""From the JSON text of a policy to a `Policy`. What is not understood is refused, never ignored.

Source: IAM user guide, "Grammar of the IAM JSON policy language". The messages are S3's own.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping
from typing import Any, Final, NoReturn

from bucketry_access.actions import ACTIONS
from bucketry_access.conditions import Condition, applicable, parse_conditions
from bucketry_access.errors import InvalidPolicy
from bucketry_access.keys import find_key
from bucketry_access.named_principals import Named, parse_principals
from bucketry_access.patterns import Glob, Pattern, Wildcard, parse_pattern
from bucketry_access.policies import Effect, Policy, Statement

MAX_POLICY_BYTES: Final = 20 * 1024
"""Longest policy of a bucket (S3 user guide, "Policies and permissions in Amazon S3")."""

VERSIONS: Final = ("2008-10-17", "2012-10-17")

_WITH_VARIABLES: Final = "2012-10-17"
_ELEMENTS: Final = frozenset({"Version", "Id", "Statement"})
_OF_STATEMENT: Final = frozenset(
    {
        "Sid",
        "Effect",
        "Principal",
        "NotPrincipal",
        "Action",
        "NotAction",
        "Resource",
        "NotResource",
        "Condition",
    }
)
_INVALID_ACTION: Final = "Policy has invalid action"
_INVALID_RESOURCE: Final = "Policy has invalid resource"
_SYNTAX: Final = "Policies must be valid JSON and the first byte must be '{'"


def parse_policy(text: str, *, bucket: str, users: Collection[str] | None = None) -> Policy:
    """Parses the policy of a bucket.

    Args:
        text: The JSON document.
        bucket: The bucket. All resources must be in it.
        users: The ids of all users; ``None``: not known, so a policy may name others.

    Raises:
        InvalidPolicy: The policy is malformed, or has an element, action, principal, condition operator or key that is
            not known here. The detail is the message of S3's ``MalformedPolicy``.
    """
    return _parse(text, bucket, users, MAX_POLICY_BYTES)


def parse_user_policy(text: str, *, max_bytes: int = MAX_POLICY_BYTES) -> Policy:
    """Parses a policy of a user. Its statements have no principal, and their resources may be in any bucket.

    Args:
        text: The JSON document.
        max_bytes: Longest document.

    Raises:
        InvalidPolicy: As for `parse_policy`.
    """
    return _parse(text, None, None, max_bytes)


def _parse(text: str, bucket: str | None, users: Collection[str] | None, max_bytes: int) -> Policy:
    document = _document(text, max_bytes)
    _check_elements(document, _ELEMENTS)
    version = document.get("Version", VERSIONS[0])
    if version not in VERSIONS:
        raise InvalidPolicy("The policy must contain a valid version string")
    name = document.get("Id", "")
    if not isinstance(name, str):
        raise InvalidPolicy("Invalid policy syntax.")
    if "Statement" not in document:
        raise InvalidPolicy("Missing required field Statement")
    listed = document["Statement"] if isinstance(document["Statement"], list) else [document["Statement"]]
    if not listed:
        raise InvalidPolicy("Could not parse the policy: Statement is empty!")
    variables = version == _WITH_VARIABLES
    statements = tuple(_statement(element, bucket, users, variables=variables) for element in listed)
    names = [statement.sid for statement in statements if statement.sid]
    if len(set(names)) < len(names):
        raise InvalidPolicy("Statement IDs (SID) in a single policy must be unique.")
    return Policy(version, name, statements)


def _document(text: str, max_bytes: int) -> dict[str, Any]:
    if len(text.encode(errors="replace")) > max_bytes:
        raise InvalidPolicy("Policy exceeds the maximum allowed document size.")
    if not text.startswith("{"):
        raise InvalidPolicy(_SYNTAX)
    try:
        document = json.loads(text, object_pairs_hook=_unique, parse_constant=_refuse_constant)
    except (ValueError, RecursionError):
        raise InvalidPolicy(_SYNTAX) from None
    if not isinstance(document, dict):
        raise InvalidPolicy(_SYNTAX)
    return document


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Refuses an object that has a name twice: readers of JSON do not agree on which one counts."""
    found = dict(pairs)
    if len(found) < len(pairs):
        raise InvalidPolicy("Invalid policy syntax.")
    return found


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(name)


def _check_elements(element: Mapping[str, Any], known: Collection[str]) -> None:
    for name in element:
        if name not in known:
            raise InvalidPolicy(f"Unknown field {name[:64]}")


def _statement(element: object, bucket: str | None, users: Collection[str] | None, *, variables: bool) -> Statement:
    if not isinstance(element, dict):
        raise InvalidPolicy("Invalid policy syntax.")
    _check_elements(element, _OF_STATEMENT)
    effect = _effect(element)
    sid = element.get("Sid", "")
    if not isinstance(sid, str):
        raise InvalidPolicy("Invalid policy syntax.")
    principals, except_principals = _principals(element, bucket, users, effect)
    named, except_actions = _texts(element, "Action", _INVALID_ACTION)
    patterns = [_written_out(text) for text in named]
    actions: frozenset[str] = frozenset().union(*patterns)
    listed, except_resources = _texts(element, "Resource", _INVALID_RESOURCE)
    resources = tuple(_resource(text, bucket, variables=variables) for text in listed)
    conditions: tuple[Condition, ...] = ()
    if "Condition" in element:
        conditions = parse_conditions(element["Condition"], variables=variables)
    for variable in _variables(resources, conditions):
        if find_key(variable) is None:
            raise InvalidPolicy("Policy has an invalid policy variable")
    if except_actions:
        actions = frozenset(ACTIONS) - actions
    if bucket is not None:
        _check_applies(patterns if not except_actions else [actions], resources, bucket, anything=except_resources)
    if not applicable(conditions, actions):
        raise InvalidPolicy("Conditions do not apply to combination of actions and resources in statement")
    return Statement(effect, sid, principals, except_principals, actions, resources, except_resources, conditions)


def _effect(element: Mapping[str, Any]) -> Effect:
    if "Effect" not in element:
        raise InvalidPolicy("Missing required field Effect")
    effect = element["Effect"]
    if effect == "Allow":
        return "Allow"
    if effect == "Deny":
        return "Deny"
    raise InvalidPolicy(f"Invalid effect: {str(effect)[:64]}")


def _principals(
    element: Mapping[str, Any], bucket: str | None, users: Collection[str] | None, effect: Effect
) -> tuple[Named | None, bool]:
    given = [name for name in ("Principal", "NotPrincipal") if name in element]
    if bucket is None:
        if given:
            raise InvalidPolicy(f"Unknown field {given[0]}")
        return None, False
    if not given:
        raise InvalidPolicy("Missing required field Principal")
    if len(given) > 1:
        raise InvalidPolicy("Invalid policy syntax.")
    excepted = given[0] == "NotPrincipal"
    if excepted and effect == "Allow":
        raise InvalidPolicy("Allow with NotPrincipal is not allowed.")
    return parse_principals(element[given[0]], users), excepted


def _texts(element: Mapping[str, Any], name: str, message: str) -> tuple[list[str], bool]:
    """Returns the texts of an element or of its ``Not…``, and whether it was the latter."""
    given = [found for found in (name, f"Not{name}") if found in element]
    if not given:
        raise InvalidPolicy(f"Missing required field {name}")
    if len(given) > 1:
        raise InvalidPolicy("Invalid policy syntax.")
    value = element[given[0]]
    listed = value if isinstance(value, list) else [value]
    if not listed or not all(isinstance(text, str) and text for text in listed):
        raise InvalidPolicy(message)
    return listed, given[0] != name


def _written_out(text: str) -> frozenset[str]:
    """Returns the actions that a text with wildcards stands for. Case does not matter."""
    glob = Glob(_action_tokens(text.lower()))
    found = frozenset(action for action in ACTIONS if glob.matches(action.lower()))
    if not found:
        raise InvalidPolicy(_INVALID_ACTION)
    return found


def _action_tokens(text: str) -> Iterable[str | Wildcard]:
    return [Wildcard(char) if char in "*?" else char for char in text]


def _resource(text: str, bucket: str | None, *, variables: bool) -> Pattern:
    """Returns the pattern of a resource without the beginning of its ARN."""
    if text == "*":
        return parse_pattern(text, wildcards=True, variables=variables)
    parts = text.split(":", 5)
    if len(parts) < 6 or parts[:3] != ["arn", "aws", "s3"] or not parts[5]:
        raise InvalidPolicy(_INVALID_RESOURCE)
    if any(part not in ("", "*") for part in parts[3:5]):
        # Names of buckets are unique everywhere, so these ARNs have neither a region nor an account.
        raise InvalidPolicy(_INVALID_RESOURCE)
    pattern = parse_pattern(parts[5], wildcards=True, variables=variables)
    if bucket is not None and not (_is_bucket(pattern, bucket) or pattern.may_begin_with(f"{bucket}/")):
        raise InvalidPolicy(_INVALID_RESOURCE)
    return pattern


def _is_bucket(pattern: Pattern, bucket: str) -> bool:
    # A variable may have any value.
    tokens = [token if isinstance(token, str | Wildcard) else Wildcard.STAR for token in pattern.tokens]
    return Glob(tokens).matches(bucket)


def _variables(resources: Iterable[Pattern], conditions: Iterable[Condition]) -> Iterable[str]:
    for pattern in resources:
        yield from pattern.variables
    for condition in conditions:
        yield from condition.variables


def _check_applies(
    named: Iterable[frozenset[str]], resources: Iterable[Pattern], bucket: str, *, anything: bool
) -> None:
    """Refuses an action that is about buckets where all resources are objects, and the other way round."""
    kinds = set()
    if anything or any(_is_bucket(pattern, bucket) for pattern in resources):
        kinds.add("bucket")
    if anything or any(pattern.may_begin_with(f"{bucket}/") for pattern in resources):
        kinds.add("object")
    for actions in named:
        if not any(ACTIONS[action] in kinds for action in actions):
            raise InvalidPolicy("Action does not apply to any resource(s) in statement")
