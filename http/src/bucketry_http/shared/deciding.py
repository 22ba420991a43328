"""The decision about each request, for both ports: may its sender do that?

`bucketry_access` decides. This module finds out what the decision depends on: what is set on the bucket, on the object,
and its tags.

Source: S3 user guide, "How Amazon S3 authorizes a request".
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from contextlib import suppress
from functools import lru_cache
from typing import Final, NamedTuple, Protocol

from bucketry import (
    AccessDenied,
    BucketAccess,
    BucketInfo,
    HeadOptions,
    InvalidArgument,
    IsDeleteMarker,
    NoSuchBucket,
    NoSuchKey,
    NoSuchVersion,
    VersionOptions,
)
from bucketry.owners import DEFAULT_OWNER
from bucketry_access import (
    ANONYMOUS,
    OF_OBJECT_OWNER,
    OF_SENDER_ALONE,
    OPERATIONS,
    ObjectAccess,
    Principal,
    Request,
    always_may,
    decide,
    denies_nothing,
    is_denied,
    needs_tags,
)

from bucketry_http.shared.calls import StoreCalls

logger = logging.getLogger("bucketry_http")

BYPASS: Final = "s3:BypassGovernanceRetention"
"""What deleting or changing a version that is retained in governance mode needs besides."""

_LIST: Final = "s3:ListBucket"
_LISTING: Final = (_LIST,)
_PREFIX: Final = "s3:prefix"
_SEEING: Final = (_LIST, "s3:GetBucketLocation")
"""Whoever may do one of these with a bucket may see that it is there."""

PLAIN: Final = BucketAccess()
"""What is set on a bucket of a store that does not say."""


class NotAllowed(AccessDenied):
    """The sender of a request may not do what it asks for.

    Attributes:
        action: The action that is not allowed; empty: the request expects another owner of the bucket.
        principal: Who sent it.
    """

    def __init__(self, action: str = "", principal: Principal = ANONYMOUS) -> None:
        """Keeps what the response may say."""
        super().__init__()
        self.action = action
        self.principal = principal


class Facts(Protocol):
    """What conditions may ask about a request.

    Attributes:
        existing_tags: The tags of the object, which are looked up if a condition asks for them.
        version_id: The version that the decision is about; ``None``: no version is named.
    """

    existing_tags: Mapping[str, str]
    version_id: str | None

    def get(self, key: str, /) -> tuple[str, ...] | None:
        """Returns the values of a condition key."""


class Target(NamedTuple):
    """What an operation is about.

    Attributes:
        bucket: The bucket.
        key: The key; empty: the bucket itself.
        version_id: The version that is named; ``None``: the latest one.
        expected_owner: Whom the sender expects to own the bucket; ``None``: anybody.
    """

    bucket: str
    key: str = ""
    version_id: str | None = None
    expected_owner: str | None = None


class Decider:
    """Decides about requests to one store.

    Attributes:
        looks: Whether the store says who may use it. Otherwise nothing is set on any bucket or object, and only the
            sender's own policies decide.
    """

    __slots__ = ("_calls", "_hides_buckets", "_store", "looks")

    def __init__(self, calls: StoreCalls, *, hides_buckets: bool) -> None:
        """Does not call the store yet.

        Args:
            calls: The store.
            hides_buckets: Whether nobody learns without a credential that a bucket does not exist. S3 tells everybody.
        """
        self._calls = calls
        self._hides_buckets = hides_buckets
        self._store = calls.store
        self.looks = calls.keeps_access

    def known_to_allow(
        self, principal: Principal, actions: frozenset[str] | tuple[str, ...], bucket: str
    ) -> BucketAccess | None:
        """Returns what is set on a bucket, if a user may do some actions with any of its objects without a decision.

        That is the usual case where there are users: their own rights are about whole buckets, and have no conditions.
        `check` decides about all others.

        Args:
            principal: The user.
            actions: Actions that are about an object.
            bucket: The bucket.

        Raises:
            NoSuchBucket: The bucket does not exist, which this user may learn.
        """
        if not _always_may(principal, actions, bucket):
            return None
        access = self._calls.known_access(bucket) if self.looks else PLAIN
        if access is None or not (access.policy is None or denies_nothing(access, bucket, actions)):
            return None
        return access

    async def check(self, principal: Principal, target: Target, actions: Iterable[str], facts: Facts) -> BucketAccess:
        """Refuses what the sender may not do, and returns what is set on the bucket.

        Raises:
            NotAllowed: The sender may not do that, or somebody else owns the bucket than the sender expects.
            NoSuchBucket: The bucket does not exist, and the sender may learn that.
            NoSuchKey: The object does not exist, likewise; or `NoSuchVersion`, `IsDeleteMarker`.
        """
        actions = tuple(actions)
        access = await self.access_of(principal, target, actions, facts)
        found, asks_tags = None, self._asks_tags(principal, target, actions, access)
        if asks_tags or self._needs_look(principal, target, actions, facts, access):
            try:
                found = await self._object_access(target) if self.looks else await self._existing(target)
                facts.existing_tags = await self.tags(target) if asks_tags else {}
            except (NoSuchKey, NoSuchVersion, IsDeleteMarker):
                # Whoever may not list the bucket does not learn that there is no such object.
                self._require_listing(principal, target, actions[0], facts, access)
                # Nobody decided about the object, so an object that somebody makes meanwhile must not be touched.
                raise
        for action in actions:
            self.require(principal, action, target, facts, access, found)
        return access

    async def access_of(
        self, principal: Principal, target: Target, actions: Iterable[str], facts: Facts
    ) -> BucketAccess:
        """Returns what is set on a bucket. Whoever may not use it does not learn whether it exists.

        Raises:
            NotAllowed: The bucket does not exist, and the sender could do nothing with it; or somebody else owns it
                than the sender expects.
            NoSuchBucket: The bucket does not exist.
        """
        access = PLAIN
        if self.looks:
            try:
                known = self._calls.known_access(target.bucket)
                if known is None:
                    known = await self._calls.call(self._store.get_bucket_access, target.bucket)
                access = known
            except NoSuchBucket:
                hidden = self._hides_buckets and principal.is_anonymous and not principal.is_root
                for action in actions:
                    if hidden or is_denied(principal, Request(action, target.bucket, target.key, facts)):
                        raise NotAllowed(action, principal) from None
                raise
        if target.expected_owner not in (None, access.owner.id):
            raise NotAllowed("", principal)
        return access

    def require(
        self,
        principal: Principal,
        action: str,
        target: Target,
        facts: Facts,
        access: BucketAccess | None = None,
        found: ObjectAccess | None = None,
    ) -> None:
        """Refuses an action that the sender may not do.

        Args:
            principal: The sender.
            action: The action.
            target: What it is about.
            facts: What conditions may ask.
            access: What is set on the bucket; ``None``: it is about no bucket that exists.
            found: What is set on the object; ``None``: nothing, or there is none.

        Raises:
            NotAllowed: It is not allowed.
        """
        decision = decide(principal, Request(action, target.bucket, target.key, facts), access, found)
        if not decision.allowed:
            logger.debug("%s is refused: %s %s", action, decision.reason, decision.sid)
            raise NotAllowed(action, principal)

    def _require_listing(
        self, principal: Principal, target: Target, action: str, facts: Facts, access: BucketAccess
    ) -> None:
        """Refuses an action on an object that does not exist, in the words for one that does.

        Raises:
            NotAllowed: The sender may not learn that there is none.
        """
        try:
            self.require(principal, _LIST, Target(target.bucket), _listing(principal, target, facts), access)
        except NotAllowed:
            raise NotAllowed(action, principal) from None

    def require_besides(
        self, principal: Principal, action: str, target: Target, facts: Facts, access: BucketAccess
    ) -> None:
        """Refuses what a write sets besides the content, if the sender may not set it (`WITH_OBJECT`).

        Raises:
            NotAllowed: It is not allowed.
        """
        if action not in OF_SENDER_ALONE:
            self.require(principal, action, target, facts, access)
        elif is_denied(principal, Request(action, target.bucket, target.key, facts), access):
            logger.debug("%s is refused: denied", action)
            raise NotAllowed(action, principal)

    async def check_tags_of_source(self, principal: Principal, source: Target, facts: Facts) -> None:
        """Refuses a copy that would give the sender tags that it may not read.

        Source: S3 API reference, CopyObject, "Permissions".

        Raises:
            NotAllowed: The source has tags, and the sender may not read them.
        """
        if not self.looks or "get_object_tagging" not in self._store.capabilities.operations:
            return
        needed = OPERATIONS["GetObjectTagging"].of(version=facts.version_id is not None)
        try:
            await self.check(principal, source, needed, facts)
        except NotAllowed:
            if await self.tags(source):
                raise

    async def tags(self, target: Target) -> Mapping[str, str]:
        """Returns the tags of an object."""
        options = VersionOptions(version_id=target.version_id)
        return await self._calls.call(self._store.get_object_tagging, target.bucket, target.key, options)

    def _asks_tags(self, principal: Principal, target: Target, actions: tuple[str, ...], access: BucketAccess) -> bool:
        """Says whether a policy asks for the tags of the object. A store without tags has none."""
        if not target.key or "get_object_tagging" not in self._store.capabilities.operations:
            return False
        asking = OF_OBJECT_OWNER.intersection(actions)
        return any(needs_tags(principal, action, target.bucket, access) for action in asking)

    def _needs_look(
        self, principal: Principal, target: Target, actions: tuple[str, ...], facts: Facts, access: BucketAccess
    ) -> bool:
        """Says whether the decision depends on the object: on its owner, its ACL or that it exists."""
        if not target.key or OF_OBJECT_OWNER.isdisjoint(actions):
            return False
        if self.looks and access.foreign_objects and not principal.is_member:
            return True
        # Nobody is looked up for if they may do it whatever the object is like, and learn that it does not exist.
        asked = [Request(action, target.bucket, target.key, facts) for action in actions]
        asked.append(Request(_LIST, target.bucket, "", _listing(principal, target, facts)))
        decisions = [decide(principal, one, access) for one in asked]
        if not self.looks:
            # The store says nothing of an object but whether it exists, which is kept from whoever may not list it.
            return not decisions.pop().allowed and all(decision.allowed for decision in decisions)
        if access.foreign_objects:
            return any(decision.reason != "user_policy" for decision in decisions)
        return not all(decision.allowed for decision in decisions)

    async def _existing(self, target: Target) -> ObjectAccess | None:
        """Returns that nothing is set on an object. What else is wrong with it, the operation finds.

        Raises:
            NoSuchKey: There is no such object; or `NoSuchVersion`, `IsDeleteMarker`.
        """
        with suppress(AccessDenied, InvalidArgument):  # It is encrypted with a customer's key.
            await self._calls.call(
                self._store.head_object, target.bucket, target.key, HeadOptions(version_id=target.version_id)
            )
        return None

    async def _object_access(self, target: Target) -> ObjectAccess:
        options = VersionOptions(version_id=target.version_id)
        acl = await self._calls.call(self._store.get_object_acl, target.bucket, target.key, options)
        return ObjectAccess(owner=acl.owner, acl=acl)


@lru_cache(maxsize=4096)
def _always_may(principal: Principal, actions: frozenset[str] | tuple[str, ...], bucket: str) -> bool:
    # Whoever may not list the bucket must not learn that there is no such object.
    listing = always_may(principal, _LISTING, bucket, objects=False)
    return listing and always_may(principal, actions, bucket, objects=True)


def is_visible(principal: Principal, bucket: BucketInfo, facts: Facts) -> bool:
    """Says whether a list of buckets shows one to somebody: it is theirs, and their policies let them see it.

    As in S3, nobody sees a bucket because its own policy or ACL opens it.
    """
    if principal.is_member:
        return any(decide(principal, Request(action, bucket.name, "", facts)).allowed for action in _SEEING)
    if not principal.is_root and principal.user_id != (bucket.owner or DEFAULT_OWNER).id:
        return False
    return principal.policies is None or not is_denied(principal, Request(_LIST, bucket.name, "", facts))


class _Listing:
    """The facts of a listing that has exactly one key as its prefix."""

    __slots__ = ("_facts", "_key", "existing_tags", "version_id")

    def __init__(self, facts: Facts, key: str) -> None:
        self._facts = facts
        self._key = key
        self.existing_tags: Mapping[str, str] = {}
        self.version_id: str | None = None

    def get(self, key: str, /) -> tuple[str, ...] | None:
        return (self._key,) if key == _PREFIX else self._facts.get(key)


def _listing(principal: Principal, target: Target, facts: Facts) -> Facts:
    """Returns the facts for the decision whether the sender may learn that there is no such object.

    A user with rights below a prefix may list there, so such a user learns it. Of others S3 asks for the right to list
    the whole bucket.
    """
    return _Listing(facts, target.key) if principal.is_member else facts
