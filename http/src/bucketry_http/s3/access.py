"""The decision about each request: may its sender do that?

`bucketry_access` decides; this module finds out what the decision depends on. The owner of a bucket where nothing is
set does not come here (`authentication.is_owners_own`).

Source: S3 user guide, "How Amazon S3 authorizes a request".
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from typing import Final, NamedTuple

from bucketry import BucketAccess, IsDeleteMarker, NoSuchBucket, NoSuchKey, NoSuchVersion, VersionOptions
from bucketry_access import (
    OF_OBJECT_OWNER,
    OF_SENDER_ALONE,
    OPERATIONS,
    WITH_BUCKET,
    WITH_OBJECT,
    Decision,
    ObjectAccess,
    Request,
    decide,
    is_denied,
    needs_tags,
    owner_of_new_object,
)

from bucketry_http.s3.access_facts import RequestFacts
from bucketry_http.s3.acl_headers import ACL_HEADERS, OWNERSHIP, gives_full_control, new_acl
from bucketry_http.s3.errors import S3Error
from bucketry_http.s3.headers import EXPECTED_OWNER
from bucketry_http.s3.locks import BUCKET_LOCK, LOCK_HEADERS
from bucketry_http.s3.operations import NEW_VERSIONS, WITHOUT_BUCKET
from bucketry_http.s3.request import Endpoint, S3Request
from bucketry_http.s3.response_headers import LEGAL_HOLD

logger = logging.getLogger("bucketry_http")

_BYPASS: Final = "s3:BypassGovernanceRetention"

_PLAIN: Final = BucketAccess()
"""What is set on a bucket of a store that does not say."""


class Target(NamedTuple):
    """What an operation is about.

    Attributes:
        bucket: The bucket.
        key: The key; empty: the bucket itself.
        version_id: The version that is named; ``None``: the latest one.
        expected_owner: The header that says whom the sender expects to own the bucket.
    """

    bucket: str
    key: str
    version_id: str | None
    expected_owner: str = EXPECTED_OWNER


async def authorise(endpoint: Endpoint, request: S3Request, operation: str) -> None:
    """Refuses a request that its sender may not make, and notes who will own what it makes.

    Args:
        endpoint: The endpoint.
        request: The request.
        operation: The operation's name in the S3 API reference.

    Raises:
        S3Error: The sender may not do that, or somebody else owns the bucket than the sender expects.
        NoSuchBucket: The bucket does not exist.
    """
    headers = request.headers
    if operation in WITHOUT_BUCKET:
        _authorise_without_bucket(endpoint, request, operation)
        return
    facts = RequestFacts(endpoint, request, operation)
    target = Target(request.bucket, request.key, request.version_id)
    actions = OPERATIONS[operation].of(version="versionId" in request.query)
    if operation == "DeleteObjects":
        request.access = await _access(endpoint, request, target, actions, facts)
        _authorise_batch(request, facts)
        return
    access = request.access = await check(endpoint, request, target, actions, facts)
    if request.options.get("bypass_governance"):
        _refuse(request, access, target, [_BYPASS], facts)
    if operation in NEW_VERSIONS:
        authorise_new_version(endpoint, request, facts, headers)


def authorise_new_version(
    endpoint: Endpoint, request: S3Request, facts: RequestFacts, headers: Mapping[str, str]
) -> None:
    """Refuses what a new object may not have, and puts its owner and its ACL into the request's options.

    Args:
        endpoint: The endpoint.
        request: The request. Its access is known.
        facts: What conditions may ask.
        headers: The request's headers, or the fields of a form.

    Raises:
        S3Error: The sender may not set something, or the bucket does not take the ACL.
    """
    access = request.access or _PLAIN
    target = Target(request.bucket, request.key, None)
    _refuse(request, access, target, [WITH_OBJECT[part] for part in _parts(headers)], facts)
    writer = endpoint.users.owner(request.principal)
    if request.principal.is_root:
        writer = access.owner
    owner = owner_of_new_object(writer, access, gives_full_control=gives_full_control(headers))
    if owner.id != access.owner.id and endpoint.features.owners:
        request.options = {**request.options, "owner": owner}
    acl = new_acl(endpoint, headers, owner, access)
    if acl is not None:
        request.options = {**request.options, "acl": acl}


def _parts(headers: Mapping[str, str]) -> Iterable[str]:
    """Yields what a request sets on a new object besides the content."""
    if not ACL_HEADERS.isdisjoint(headers):
        yield "acl"
    if headers.get("x-amz-tagging") or headers.get("tagging"):
        yield "tags"
    if LEGAL_HOLD in headers:
        yield "legal_hold"
    if not (LOCK_HEADERS - {LEGAL_HOLD}).isdisjoint(headers):
        yield "retention"


def _authorise_without_bucket(endpoint: Endpoint, request: S3Request, operation: str) -> None:
    headers, facts = request.headers, RequestFacts(endpoint, request, operation)
    for action in OPERATIONS[operation].actions:
        _require(decide(request.principal, Request(action, request.bucket, "", facts)), action)
    given = {
        "acl": not ACL_HEADERS.isdisjoint(headers),
        "ownership": OWNERSHIP in headers,
        "object_lock": BUCKET_LOCK in headers,
    }
    if operation == "CreateBucket":
        needed = [action for part, actions in WITH_BUCKET.items() if given[part] for action in actions]
        for action in needed:
            _require(decide(request.principal, Request(action, request.bucket, "", facts)), action)


def _authorise_batch(request: S3Request, facts: RequestFacts) -> None:
    """Prepares the decision about each key of a batch delete, and refuses the batch if no key can be allowed.

    Raises:
        S3Error: The sender may delete nothing.
    """
    access = request.access or _PLAIN
    refuse_reader(request)
    actions = [_BYPASS] if request.options.get("bypass_governance") else []

    def may_delete(key: str, version_id: str | None) -> bool:
        named = version_id is not None
        facts.version_id = version_id
        needed = [*OPERATIONS["DeleteObjects"].of(version=named), *(actions if named else ())]
        asked = (Request(action, request.bucket, key, facts) for action in needed)
        return all(decide(request.principal, one, access).allowed for one in asked)

    if access.policy is None and request.principal.policies is None and not may_delete("key", None):
        raise S3Error("AccessDenied")
    request.may_delete = may_delete


def refuse_reader(request: S3Request) -> None:
    """Refuses a write by somebody whose credential never allows one there, before anything else is looked at.

    Raises:
        S3Error: The credential is read-only, or is for other buckets.
    """
    credential = request.credential
    if credential is not None and not credential.allow(request.bucket, write=True):
        raise S3Error("AccessDenied")


async def check(
    endpoint: Endpoint, request: S3Request, target: Target, actions: Iterable[str], facts: RequestFacts
) -> BucketAccess:
    """Refuses what the sender may not do, and returns what is set on the bucket.

    Raises:
        S3Error: The sender may not do that, or somebody else owns the bucket than the sender expects.
        NoSuchBucket: The bucket does not exist.
    """
    access = await _access(endpoint, request, target, actions, facts)
    principal = request.principal
    found = None
    if target.key and not OF_OBJECT_OWNER.isdisjoint(actions) and endpoint.decides:
        try:
            found = await _object_access(endpoint, target)
        except (NoSuchKey, NoSuchVersion, IsDeleteMarker):
            # Whoever may not list the bucket does not learn that there is no such object.
            _require(decide(principal, Request("s3:ListBucket", target.bucket, "", facts), access), "s3:ListBucket")
            # Nobody decided about the object, so an object that somebody makes meanwhile must not be touched.
            raise
        else:
            if any(needs_tags(principal, action, target.bucket, access) for action in actions):
                facts.existing_tags = await _tags(endpoint, target)
    for action in actions:
        _require(decide(principal, Request(action, target.bucket, target.key, facts), access, found), action)
    return access


async def check_tags_of_source(endpoint: Endpoint, request: S3Request, source: Target, facts: RequestFacts) -> None:
    """Refuses a copy that would give the sender tags that it may not read.

    Source: S3 API reference, CopyObject, "Permissions".

    Raises:
        S3Error: The source has tags, and the sender may not read them.
    """
    if not endpoint.decides or "get_object_tagging" not in endpoint.store.capabilities.operations:
        return
    needed = OPERATIONS["GetObjectTagging"].of(version=facts.version_id is not None)
    try:
        await check(endpoint, request, source, needed, facts)
    except S3Error:
        if await _tags(endpoint, source):
            raise


async def _access(
    endpoint: Endpoint, request: S3Request, target: Target, actions: Iterable[str], facts: RequestFacts
) -> BucketAccess:
    """Returns what is set on a bucket. Whoever may not use it does not learn whether it exists."""
    access = _PLAIN
    if endpoint.decides:
        try:
            access = await endpoint.calls.call(endpoint.store.get_bucket_access, target.bucket)
        except NoSuchBucket:
            asked = (Request(action, target.bucket, target.key, facts) for action in actions)
            if any(is_denied(request.principal, one) for one in asked):
                raise S3Error("AccessDenied") from None
            raise
    if request.headers.get(target.expected_owner, access.owner.id) != access.owner.id:
        raise S3Error("AccessDenied")
    return access


async def _object_access(endpoint: Endpoint, target: Target) -> ObjectAccess:
    options = VersionOptions(version_id=target.version_id)
    acl = await endpoint.calls.call(endpoint.store.get_object_acl, target.bucket, target.key, options)
    return ObjectAccess(owner=acl.owner, acl=acl)


async def _tags(endpoint: Endpoint, target: Target) -> Mapping[str, str]:
    options = VersionOptions(version_id=target.version_id)
    return await endpoint.calls.call(endpoint.store.get_object_tagging, target.bucket, target.key, options)


def _refuse(
    request: S3Request, access: BucketAccess, target: Target, actions: Iterable[str], facts: RequestFacts
) -> None:
    """Refuses what a request sets besides, if the sender may not set it."""
    for action in actions:
        asked = Request(action, target.bucket, target.key, facts)
        if action in OF_SENDER_ALONE:
            if is_denied(request.principal, asked, access):
                _deny("denied", action)
        else:
            _require(decide(request.principal, asked, access), action)


def _require(decision: Decision, action: str) -> None:
    if not decision.allowed:
        _deny(f"{decision.reason} {decision.sid}", action)


def _deny(reason: str, action: str) -> None:
    logger.debug("%s is refused: %s", action, reason)
    raise S3Error("AccessDenied")
