"""The decision: may this principal do that?

Sources: S3 user guide, "How Amazon S3 authorizes a request"; IAM user guide, "Policy evaluation logic".
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Final, Literal, NamedTuple

import msgspec
from bucketry import BucketAccess
from bucketry.acls import Acl, Grant, Grantee
from bucketry.owners import Owner

from bucketry_access.acls import allows
from bucketry_access.actions import (
    BUCKET_PERMISSIONS,
    OBJECT_PERMISSIONS,
    OF_OBJECT_OWNER,
    POLICY_ACTIONS,
)
from bucketry_access.principals import ANONYMOUS_ID, ANONYMOUS_OWNER, Principal
from bucketry_access.stored_policies import policy_of

if TYPE_CHECKING:
    from bucketry_access.conditions import Facts

Reason = Literal[
    "root",
    "owner",
    "user_policy",
    "bucket_policy",
    "bucket_acl",
    "object_acl",
    "user_policy_denies",
    "bucket_policy_denies",
    "bucket_policy_invalid",
    "user_policy_silent",
    "acl_revoked",
    "nothing_allows",
]
"""What decided: what allowed it, what denied it, or why nothing allowed it."""


class Decision(NamedTuple):
    """Whether a request is allowed, and why.

    Attributes:
        allowed: Whether it is.
        reason: What decided.
        sid: The name of the statement that decided; empty: it has none, or no statement did.
    """

    allowed: bool
    reason: Reason
    sid: str = ""


NO_FACTS: Final[Mapping[str, tuple[str, ...]]] = {}


class Request(NamedTuple):
    """What somebody wants to do.

    Attributes:
        action: The action, such as ``s3:GetObject``: one of `ACTIONS`.
        bucket: The bucket; empty for an action on all buckets.
        key: The key; empty for an action on a bucket.
        facts: What conditions may ask about the request, besides the principal.
    """

    action: str
    bucket: str = ""
    key: str = ""
    facts: Facts = NO_FACTS

    @property
    def resource(self) -> str:
        """The resource without the beginning of its ARN."""
        return f"{self.bucket}/{self.key}" if self.key else self.bucket


class ObjectAccess(msgspec.Struct, frozen=True, kw_only=True):
    """What is set on an object about access.

    Attributes:
        owner: Who owns it; ``None``: whoever owns the bucket.
        acl: Its ACL; ``None``: it is private.
    """

    owner: Owner | None = None
    acl: Acl | None = None


OWNERS_OBJECT: Final = ObjectAccess()
"""An object of the bucket's owner, with nothing set."""

_ALLOWED_ROOT: Final = Decision(True, "root")
_ALLOWED_OWNER: Final = Decision(True, "owner")


def decide(
    principal: Principal, request: Request, access: BucketAccess | None = None, target: ObjectAccess | None = None
) -> Decision:
    """Decides whether somebody may do something.

    Args:
        principal: Who.
        request: What.
        access: What is set on the bucket; ``None``: the request is about no bucket, or about one that does not exist.
        target: What is set on the object; ``None``: there is no object, or its owner is the bucket's and it has no ACL.
    """
    target = target or OWNERS_OBJECT
    facts = _WithPrincipal(principal, request, access)
    user = _user_said(principal, request, facts)
    if user.denied is not None:
        return user.denied
    if access is None:
        return _without_bucket(principal, user)
    if target.owner is not None and target.owner.id == ANONYMOUS_OWNER.id:
        target = _adopted(target, access.owner)
    owner = access.owner
    is_owner = principal.is_root or principal.user_id == owner.id
    bucket = _bucket_said(principal, request, access, facts)
    if bucket.denied is not None:
        # The account's own root can always repair a policy that shuts it out.
        if not (is_owner and principal.policies is None and request.action in POLICY_ACTIONS):
            return bucket.denied
        bucket = _SILENT
    of_object = request.action in OF_OBJECT_OWNER
    enforced = access.ownership == "BucketOwnerEnforced"
    holder = owner.id if enforced or not of_object or target.owner is None else target.owner.id
    # A bucket's policy is about the objects of the bucket's owner.
    by_policy = bucket.allowed if holder == owner.id and _policy_counts(access, request, is_owner=is_owner) else None
    by_acl = None if enforced else _acl_said(principal, request, access, target)
    if principal.is_root or principal.user_id == holder:
        revoked = not enforced and _is_revoked(request, access, target)
        return _for_owner(principal, user, by_policy, by_acl, revoked=revoked)
    if principal.is_member and user.allowed is not None:
        return user.allowed
    if not principal.is_member and principal.policies is not None and user.allowed is None:
        return Decision(False, "user_policy_silent")
    return by_policy or by_acl or Decision(False, "nothing_allows")


def is_denied(principal: Principal, request: Request, access: BucketAccess | None = None) -> bool:
    """Says whether a policy denies something, or the user's own policies do not allow it.

    For the actions `OF_SENDER_ALONE`, which nothing else has to allow.
    """
    facts = _WithPrincipal(principal, request, access)
    user = _user_said(principal, request, facts)
    bucket = _SILENT if access is None else _bucket_said(principal, request, access, facts)
    if user.denied is not None or bucket.denied is not None:
        return True
    if principal.policies is None or user.allowed is not None:
        return False
    return not principal.is_member or bucket.allowed is None


def leaves_to_owner(access: BucketAccess, bucket: str, actions: frozenset[str]) -> bool:
    """Says whether nothing that is set on a bucket can keep its owner from some actions, whatever the request is.

    Then nobody has to decide about them, unless the owner has policies or the object another owner.
    """
    acl = None if access.ownership == "BucketOwnerEnforced" else access.acl
    if acl is not None and not any(_gives_all(grant, access.owner) for grant in acl.grants):
        return False
    return denies_nothing(access, bucket, actions)


@lru_cache(maxsize=4096)
def always_may(principal: Principal, actions: Collection[str], bucket: str, *, objects: bool) -> bool:
    """Says whether a member's own policies allow some actions, whatever the request and the object are like.

    Nobody has to decide about them then, unless a policy of the bucket denies them (`denies_nothing`).

    Args:
        principal: Who.
        actions: What: a tuple or a frozen set.
        bucket: The bucket; empty for actions on all buckets.
        objects: Whether the actions are about any object of the bucket, and not about the bucket.
    """
    if not principal.is_member or principal.policies is None:
        return False
    # A policy that may deny one of them says so, whatever the others say.
    if any(not policy.denied.isdisjoint(actions) for policy in principal.policies):
        return False
    return all(
        any(policy.always_allows(action, bucket, objects=objects) for policy in principal.policies)
        for action in actions
    )


def denies_nothing(access: BucketAccess, bucket: str, actions: Collection[str]) -> bool:
    """Says whether the policy of a bucket denies none of some actions to anybody, whatever the request is like."""
    if access.policy is None:
        return True
    policy = policy_of(access.policy, bucket)
    return policy is not None and policy.denied.isdisjoint(actions)


def _gives_all(grant: Grant, owner: Owner) -> bool:
    grantee = grant.grantee
    return grant.permission == "FULL_CONTROL" and grantee.kind == "user" and grantee.id == owner.id


def needs_object(principal: Principal, action: str, access: BucketAccess) -> bool:
    """Says whether the owner and the ACL of the object matter.

    The caller passes them to `decide` then. Otherwise it need not look them up.
    """
    return action in OF_OBJECT_OWNER and not principal.is_root and access.ownership != "BucketOwnerEnforced"


def needs_tags(principal: Principal, action: str, bucket: str, access: BucketAccess) -> bool:
    """Says whether the tags of the object matter, so that the facts must have them."""
    policies = [*(principal.policies or ())]
    if access.policy is not None and (found := policy_of(access.policy, bucket)) is not None:
        policies.append(found)
    return any(policy.needs_tags(action) for policy in policies)


class _Said(NamedTuple):
    """What all policies of one side say together."""

    denied: Decision | None
    allowed: Decision | None


_SILENT: Final = _Said(None, None)


def _without_bucket(principal: Principal, user: _Said) -> Decision:
    """Decides an action that needs no bucket: only the user's own policies matter."""
    if principal.is_anonymous and not principal.is_root:
        return Decision(False, "nothing_allows")
    if principal.policies is None:
        return _ALLOWED_ROOT if principal.is_root else _ALLOWED_OWNER
    return user.allowed or Decision(False, "user_policy_silent")


def _user_said(principal: Principal, request: Request, facts: Facts) -> _Said:
    allowed = None
    for policy in principal.policies or ():
        effect, sid = policy.effect(principal.user_id, request.action, request.resource, facts)
        if effect == "Deny":
            return _Said(Decision(False, "user_policy_denies", sid), None)
        if effect == "Allow" and allowed is None:
            allowed = Decision(True, "user_policy", sid)
    return _Said(None, allowed)


def _bucket_said(principal: Principal, request: Request, access: BucketAccess, facts: Facts) -> _Said:
    if access.policy is None:
        return _SILENT
    policy = policy_of(access.policy, request.bucket)
    if policy is None:
        return _Said(Decision(False, "bucket_policy_invalid"), None)
    effect, sid = policy.effect(principal.user_id, request.action, request.resource, facts)
    if effect == "Deny":
        return _Said(Decision(False, "bucket_policy_denies", sid), None)
    return _Said(None, Decision(True, "bucket_policy", sid) if effect == "Allow" else None)


def _policy_counts(access: BucketAccess, request: Request, *, is_owner: bool) -> bool:
    """Says whether what the policy allows counts. It does not if it is public, and the bucket restricts that."""
    block = access.public_access
    if is_owner or access.policy is None or block is None or not block.restrict_public_buckets:
        return True
    policy = policy_of(access.policy, request.bucket)
    return policy is not None and not policy.is_public


def _acl_said(principal: Principal, request: Request, access: BucketAccess, target: ObjectAccess) -> Decision | None:
    of_object = request.action in OF_OBJECT_OWNER
    acl = target.acl if of_object else access.acl
    permission = (OBJECT_PERMISSIONS if of_object else BUCKET_PERMISSIONS).get(request.action)
    if acl is None or permission is None:
        return None
    public = access.public_access is None or not access.public_access.ignore_public_acls
    if not allows(acl, principal, permission, public=public):
        return None
    return Decision(True, "object_acl" if of_object else "bucket_acl")


def _for_owner(
    principal: Principal, user: _Said, by_policy: Decision | None, by_acl: Decision | None, *, revoked: bool
) -> Decision:
    """Decides for the owner of what the request is about."""
    if principal.policies is not None:
        return user.allowed or by_policy or Decision(False, "user_policy_silent")
    if principal.is_root:
        return _ALLOWED_ROOT
    if revoked and not by_policy and not by_acl:
        return Decision(False, "acl_revoked")
    return by_policy or _ALLOWED_OWNER


def _adopted(target: ObjectAccess, owner: Owner) -> ObjectAccess:
    """Gives an object that somebody anonymous wrote to the owner of the bucket, who could not read it otherwise.

    Ceph RGW does so, too. S3 leaves such objects to nobody.
    """
    if target.acl is None:
        return ObjectAccess(owner=owner)
    theirs = Grantee(kind="user", id=owner.id)
    grants = tuple(
        Grant(grantee=theirs, permission=grant.permission) if grant.grantee.id == ANONYMOUS_OWNER.id else grant
        for grant in target.acl.grants
    )
    return ObjectAccess(owner=owner, acl=Acl(owner=owner, grants=grants))


def _is_revoked(request: Request, access: BucketAccess, target: ObjectAccess) -> bool:
    """Says whether an ACL decides what the owner may do, because somebody set one.

    Owners always keep the right to read and to write the ACL, and all rights that no ACL has.
    """
    of_object = request.action in OF_OBJECT_OWNER
    acl = target.acl if of_object else access.acl
    permission = (OBJECT_PERMISSIONS if of_object else BUCKET_PERMISSIONS).get(request.action)
    return acl is not None and permission in ("READ", "WRITE")


class _WithPrincipal:
    """The facts of a request, with those that follow from the principal and the bucket."""

    __slots__ = ("_access", "_facts", "_principal")

    def __init__(self, principal: Principal, request: Request, access: BucketAccess | None) -> None:
        self._principal = principal
        self._facts = request.facts
        self._access = access

    def get(self, key: str, /) -> tuple[str, ...] | None:
        """Returns the values of a condition key."""
        if (of_principal := _OF_PRINCIPAL.get(key)) is not None:
            value = of_principal(self._principal)
            return None if value is None else (value,)
        if key in _OF_RESOURCE:
            return None if self._access is None else (self._access.owner.id,)
        return self._facts.get(key)


def _name(principal: Principal) -> str | None:
    return principal.user_id or None


_OF_PRINCIPAL: Final[Mapping[str, Callable[[Principal], str | None]]] = {
    "aws:principalaccount": _name,
    "aws:principalarn": lambda principal: None if principal.is_anonymous else principal.arn,
    "aws:principalisawsservice": lambda _: "false",
    "aws:principaltype": lambda principal: "Anonymous" if principal.is_anonymous else "User",
    "aws:userid": lambda principal: principal.user_id or ANONYMOUS_ID,
    "aws:username": _name,
    "aws:viaawsservice": lambda _: "false",
}
_OF_RESOURCE: Final = frozenset({"aws:resourceaccount", "s3:resourceaccount"})
