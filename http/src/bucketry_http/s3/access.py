"""The decision about each request to the S3 port: what it names, and what its headers set besides.

`shared.deciding` decides. The owner of a bucket where nothing is set does not come here
(`authentication.is_owners_own`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from bucketry.object_lock import BUCKET_LOCK
from bucketry_access import OPERATIONS, WITH_BUCKET, WITH_OBJECT, Request, decide, owner_of_new_object

from bucketry_http.s3.access_facts import RequestFacts
from bucketry_http.s3.acl_headers import gives_full_control, new_acl
from bucketry_http.s3.errors import S3Error
from bucketry_http.s3.headers import ACL_HEADERS, EXPECTED_OWNER, OWNERSHIP
from bucketry_http.s3.operations import NEW_VERSIONS, WITHOUT_BUCKET
from bucketry_http.s3.request import Endpoint, S3Request
from bucketry_http.shared.deciding import BYPASS, PLAIN, Target
from bucketry_http.shared.headers import TAGGING
from bucketry_http.shared.lock_headers import lock_parts


async def authorise(endpoint: Endpoint, request: S3Request, operation: str) -> None:
    """Refuses a request that its sender may not make, and notes who will own what it makes.

    Args:
        endpoint: The endpoint.
        request: The request.
        operation: The operation's name in the S3 API reference.

    Raises:
        NotAllowed: The sender may not do that, or somebody else owns the bucket than the sender expects.
        NoSuchBucket: The bucket does not exist.
    """
    headers, decider, principal = request.headers, endpoint.decider, request.principal
    if operation in WITHOUT_BUCKET:
        _authorise_without_bucket(endpoint, request, operation)
        return
    facts = RequestFacts(endpoint, request, operation)
    target = Target(request.bucket, request.key, request.version_id, headers.get(EXPECTED_OWNER))
    actions = OPERATIONS[operation].of(version="versionId" in request.query)
    if operation == "DeleteObjects":
        request.access = await decider.access_of(principal, target, actions, facts)
        _authorise_batch(request, facts)
        return
    access = request.access = await decider.check(principal, target, actions, facts)
    if request.options.get("bypass_governance"):
        decider.require(principal, BYPASS, target, facts, access)
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
        NotAllowed: The sender may not set something.
        S3Error: The bucket does not take the ACL.
    """
    access = request.access or PLAIN
    target = Target(request.bucket, request.key, None)
    principal = request.principal
    for part in _parts(headers):
        endpoint.decider.require_besides(principal, WITH_OBJECT[part], target, facts, access)
    # What members of one account write belongs to the owner of the bucket, as with IAM's users.
    writer = access.owner if principal.is_root or principal.is_member else endpoint.users.owner(principal)
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
    if headers.get(TAGGING) or headers.get("tagging"):
        yield "tags"
    yield from lock_parts(headers)


def _authorise_without_bucket(endpoint: Endpoint, request: S3Request, operation: str) -> None:
    headers, facts = request.headers, RequestFacts(endpoint, request, operation)
    target, require = Target(request.bucket), endpoint.decider.require
    for action in OPERATIONS[operation].actions:
        require(request.principal, action, target, facts)
    given = {
        "acl": not ACL_HEADERS.isdisjoint(headers),
        "ownership": OWNERSHIP in headers,
        "object_lock": BUCKET_LOCK in headers,
    }
    if operation == "CreateBucket":
        needed = [action for part, actions in WITH_BUCKET.items() if given[part] for action in actions]
        for action in needed:
            require(request.principal, action, target, facts)


def _authorise_batch(request: S3Request, facts: RequestFacts) -> None:
    """Prepares the decision about each key of a batch delete, and refuses the batch if no key can be allowed.

    Raises:
        S3Error: The sender may delete nothing.
    """
    access = request.access or PLAIN
    refuse_reader(request)
    actions = [BYPASS] if request.options.get("bypass_governance") else []

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
