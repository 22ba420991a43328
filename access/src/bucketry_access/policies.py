"""Policies: what their statements say about a request.

Source: S3 user guide, "Policies and permissions in Amazon S3"; IAM user guide, "IAM JSON policy elements reference".
"""

from __future__ import annotations

from typing import Literal, NamedTuple, final

from bucketry_access.conditions import Condition, Facts
from bucketry_access.errors import UnclearError
from bucketry_access.keys import EXISTING_TAG
from bucketry_access.named_principals import Named
from bucketry_access.patterns import Lookup, Pattern

Effect = Literal["Allow", "Deny"]


class Statement(NamedTuple):
    """One statement of a policy.

    Attributes:
        effect: What it does to the requests that it applies to.
        sid: Its name; empty: it has none.
        principals: Who it names; ``None``: it is in a user's own policy.
        except_principals: Whether it applies to all but those.
        actions: The actions that it applies to, written out.
        resources: Patterns of bucket, or bucket and key, without the beginning of the ARN.
        except_resources: Whether it applies to all but those.
        conditions: All of them must hold.
    """

    effect: Effect
    sid: str
    principals: Named | None
    except_principals: bool
    actions: frozenset[str]
    resources: tuple[Pattern, ...]
    except_resources: bool
    conditions: tuple[Condition, ...]

    def applies(self, user_id: str, action: str, resource: str, facts: Facts, lookup: Lookup) -> bool:
        """Says whether it applies to a request."""
        if action not in self.actions:
            return False
        if self.principals is not None and self.principals.has(user_id) == self.except_principals:
            return False
        if not self._has_resource(resource, lookup):
            return False
        unclear = False
        for condition in self.conditions:
            try:
                if not condition.holds(facts, lookup):
                    return False
            except UnclearError:
                # Another condition may still say that the statement does not apply.
                unclear = True
        return not unclear or self.effect == "Deny"

    def _has_resource(self, resource: str, lookup: Lookup) -> bool:
        found = [pattern.matches(resource, lookup) for pattern in self.resources]
        if self.except_resources and None in found and True not in found:
            # The request lacks a variable, so nobody knows what is excepted.
            return self.effect == "Deny"
        return (True in found) != self.except_resources

    @property
    def is_public(self) -> bool:
        """Whether it allows something to anybody: S3 user guide, "The meaning of public"."""
        if self.effect == "Deny" or self.principals is None:
            return False
        if not self.principals.everybody and not self.except_principals:
            return False
        return not any(condition.is_fixed for condition in self.conditions)


@final
class Policy:
    """A parsed policy. `parse_policy` and `parse_user_policy` make it.

    Attributes:
        version: The version of the policy language.
        id: Its name; empty: it has none.
        statements: Its statements.
        is_public: Whether it allows something to anybody.
        denied: The actions that it may deny, to somebody.
    """

    __slots__ = ("_with_tags", "denied", "id", "is_public", "statements", "version")

    def __init__(self, version: str, id: str, statements: tuple[Statement, ...]) -> None:
        self.version = version
        self.id = id
        self.statements = statements
        self.is_public = any(statement.is_public for statement in statements)
        denying = [statement.actions for statement in statements if statement.effect == "Deny"]
        self.denied: frozenset[str] = frozenset().union(*denying)
        with_tags = [statement.actions for statement in statements if _asks_tags(statement)]
        self._with_tags: frozenset[str] = frozenset().union(*with_tags)

    def needs_tags(self, action: str) -> bool:
        """Says whether the tags of the object matter to an action (``s3:ExistingObjectTag``)."""
        return action in self._with_tags

    def always_allows(self, action: str, bucket: str, *, objects: bool) -> bool:
        """Says whether a user's own policy allows an action whatever the request is like.

        Args:
            action: The action.
            bucket: The bucket; empty for an action on all buckets.
            objects: Whether it is about any object of the bucket, and not about the bucket.
        """
        if action in self.denied:
            return False
        return any(
            statement.effect == "Allow"
            and action in statement.actions
            and statement.principals is None
            and not (statement.conditions or statement.except_resources)
            and any(_always_stands_for(pattern, bucket, objects=objects) for pattern in statement.resources)
            for statement in self.statements
        )

    def effect(self, user_id: str, action: str, resource: str, facts: Facts) -> tuple[Effect | None, str]:
        """Returns what the policy says about a request, and the name of the statement that says so.

        A statement that denies wins over all that allow. ``None``: no statement applies. The id of somebody anonymous
        is empty.
        """

        def lookup(key: str) -> str | None:
            values = facts.get(key)
            return values[0] if values is not None and len(values) == 1 else None

        allowed: str | None = None
        for statement in self.statements:
            if allowed is not None and statement.effect == "Allow":
                continue
            if statement.applies(user_id, action, resource, facts, lookup):
                if statement.effect == "Deny":
                    return "Deny", statement.sid
                allowed = statement.sid
        return (None, "") if allowed is None else ("Allow", allowed)


def _always_stands_for(pattern: Pattern, bucket: str, *, objects: bool) -> bool:
    if objects:
        return pattern.covers(f"{bucket}/")
    return not pattern.variables and bool(pattern.matches(bucket, lambda _: None))


def _asks_tags(statement: Statement) -> bool:
    names = [condition.name for condition in statement.conditions]
    names += [variable for pattern in statement.resources for variable in pattern.variables]
    names += [variable for condition in statement.conditions for variable in condition.variables]
    return any(name.startswith(EXISTING_TAG) for name in names)
