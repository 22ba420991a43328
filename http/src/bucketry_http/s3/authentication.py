"""Who sends a request, and what they may do."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Final, Protocol

from bucketry import Secret
from bucketry.settings import DEFAULT_SECRET_KEY
from bucketry.sigv4 import SignatureError, Times, Verified, Verifier
from bucketry_access import SESSION_KEY

from bucketry_http.s3.errors import S3Error, of_signature
from bucketry_http.s3.failed_signatures import note_refused, note_verified
from bucketry_http.s3.headers import ACL_HEADERS, EXPECTED_OWNERS, MARKS_V2, SCHEME_V2, take_query_headers
from bucketry_http.s3.request import Endpoint, S3Request
from bucketry_http.shared.failed_attempts import FailedAttempts
from bucketry_http.shared.record import RECORD

if TYPE_CHECKING:
    from bucketry_http.s3.signature_v2 import VerifiedV2, VerifierV2

_MARKS_V4: Final = frozenset({"X-Amz-Algorithm", "X-Amz-Credential", "X-Amz-Signature"})
"""A request with one of these in its query claims to be signed with Signature Version 4."""

_HEADER_V2: Final = "Authorization header of version 2"
_QUERY_V2: Final = "query of version 2"
_FORM_V2: Final = "form of version 2"
_FORM_MARKS: Final = {
    "form of version 4": frozenset({"x-amz-algorithm", "x-amz-credential", "x-amz-signature"}),
    _FORM_V2: frozenset({"awsaccesskeyid", "signature"}),
}

DECIDING_HEADERS: Final = ACL_HEADERS | EXPECTED_OWNERS
"""Headers about which there is a decision even if the owner of the bucket sends them."""


class Rights(Protocol):
    """What the decision about the owner of a bucket depends on: a `Route`."""

    @property
    def write(self) -> bool:
        """Whether the operation writes."""

    @property
    def of_object(self) -> bool:
        """Whether the owner of an object decides about it, who may be somebody else."""

    @property
    def actions(self) -> frozenset[str]:
        """The actions that it needs, with a version or without."""


class Authenticator:
    """Finds out who signed a request, and refuses wrong signatures.

    Attributes:
        times: Judges when signatures were made, and when they expire.
    """

    def __init__(self, endpoint: Endpoint, *, published: bool) -> None:
        """Takes the credentials, and the names of the endpoint, which signatures of version 2 cover.

        Args:
            endpoint: The endpoint.
            published: Whether the published secret key may sign. It may for a store in memory alone.
        """
        settings, domains, clock = endpoint.settings, endpoint.domains, endpoint.store.clock
        self._published = published
        self._region = settings.region
        self._users = endpoint.users
        self._anonymous_rights = settings.anonymous
        self.times = times = Times(clock)
        # A client asks where a bucket is because it does not know the region yet (GetBucketLocation).
        self._any_region = Verifier(self._secret_key, times=times)
        self._regions = endpoint.regions
        one_region = Verifier(self._secret_key, region=settings.region, times=times)
        self._verifier = self._any_region if endpoint.regions.several else one_region
        self._takes_v2 = settings.signature_v2
        self._domains = domains
        self._attempts = None if endpoint.users.directory is None else FailedAttempts()

    @cached_property
    def _v2(self) -> VerifierV2:
        from bucketry_http.s3.signature_v2 import VerifierV2  # Only here: few clients sign so.

        return VerifierV2(self._secret_key, self._domains, self.times)

    def authenticate(self, request: S3Request) -> None:
        """Sets who sends a request. The body is checked later, when it comes.

        Raises:
            S3Error: The signature is wrong, or is missing and anonymous requests are not allowed.
            TooManyRequests: Wrong signatures came too often from the address.
        """
        try:
            if not request.query and request.headers.get("authorization", SCHEME_V2)[: len(SCHEME_V2)] != SCHEME_V2:
                self._verify_v4(request)  # Most requests.
            else:
                self._verify(request)
        except S3Error as error:
            self._note_refused(request, error)
            raise
        if self._attempts is not None:
            note_verified(self._attempts, request)
        if request.query:
            take_query_headers(request)

    def _verify(self, request: S3Request) -> None:
        claimed = _claimed(request)
        if self._users.anonymous is not None and not claimed:
            request.principal = self._users.anonymous
            request.credential = self._anonymous_rights
            request.payload = request.headers.get("x-amz-content-sha256")
            return
        if not self._takes_v2 or not {_HEADER_V2, _QUERY_V2}.intersection(claimed):
            self._verify_v4(request)
            return
        try:
            _check_alone(claimed)
            verify = self._v2.verify if _QUERY_V2 in claimed else self._v2.verify_header
            self._accept(request, verify(request))
        except SignatureError as error:
            raise of_signature(error, self._region) from None
        request.payload = request.headers.get("x-amz-content-sha256")

    def _verify_v4(self, request: S3Request) -> None:
        scope = request.scope
        verifier = self._any_region if "location" in request.query else self._verifier
        try:
            verified = verifier.verify(request.method, scope["raw_path"], scope["query_string"], request.fields)
        except SignatureError as error:
            raise of_signature(error, self._region) from None
        if self._regions.several and "location" not in request.query:
            self._regions.check_signed(verified)
        request.payload = verified.payload
        if verified.session_token is None:
            self._set_sender(request, verified)
        else:
            self._set_bearer(request, verified, verified.session_token)

    def authenticate_form(self, request: S3Request, fields: Mapping[str, str]) -> None:
        """Sets who signed the policy of a form upload; errors as in `authenticate`.

        Args:
            request: The request. It carries no signature itself.
            fields: The form's fields by lower-case name.
        """
        try:
            self._verify_form(request, fields)
        except S3Error as error:
            self._note_refused(request, error)
            raise
        if self._attempts is not None:
            note_verified(self._attempts, request)

    def _note_refused(self, request: S3Request, error: S3Error) -> None:
        if request.record is not None:
            request.record.refused = True
        if self._attempts is not None:
            note_refused(self._attempts, request, error)

    def _verify_form(self, request: S3Request, fields: Mapping[str, str]) -> None:
        if self._users.anonymous is not None and "policy" not in fields:
            request.principal = self._users.anonymous
            request.credential = self._anonymous_rights
            return
        if "policy" not in fields:
            raise S3Error("AccessDenied", "The form is not signed: it needs a policy and its signature.")
        try:
            claimed = _claimed_by_form(fields)
            if self._takes_v2 and _FORM_V2 in claimed:
                _check_alone(claimed)
                self._accept(request, self._v2.verify_policy(fields))
            else:
                self._accept(request, self._verifier.verify_policy(fields))
        except SignatureError as error:
            raise of_signature(error, self._region) from None

    def _accept(self, request: S3Request, verified: Verified | VerifiedV2) -> None:
        of_session = verified.session_token is not None if isinstance(verified, Verified) else verified.of_session
        if of_session:
            raise _no_session()
        self._set_sender(request, verified)

    def _set_sender(self, request: S3Request, verified: Verified | VerifiedV2) -> None:
        access_key = verified.access_key
        signers = self._users.signers
        signer = signers[access_key] if access_key in signers else self._users.signer_again(access_key)
        if signer is None:
            # The access file has changed within this request.
            raise S3Error("AccessDenied")
        request.verified = verified
        request.principal = signer.principal
        request.credential = signer.credential

    def _set_bearer(self, request: S3Request, verified: Verified, session_token: Secret) -> None:
        """Sets whose presigned URL a request uses: the only requests that sessions sign."""
        access_key = verified.access_key
        if verified.kind != "query" or not access_key.startswith(SESSION_KEY):
            raise _no_session()
        bearer = self._users.bearer(access_key, session_token.reveal())
        if bearer is None:
            raise S3Error("AccessDenied", "The token that this URL was made with has ended. Ask for a new URL.")
        request.verified = verified
        request.principal = bearer.principal
        if RECORD in request.scope:
            request.scope[RECORD].credential = bearer.credential

    def _secret_key(self, access_key: str) -> Secret | None:
        signers = self._users.signers
        if access_key in signers:
            secret: Secret | None = signers[access_key].secret_key
        else:
            secret = self._users.secret_key(access_key)
        # A secret's file may have changed to the published one since the start.
        return secret if self._published or secret != DEFAULT_SECRET_KEY else None


def _no_session() -> S3Error:
    # This endpoint issues session tokens in presigned URLs alone.
    return S3Error("InvalidToken")


def _claimed(request: S3Request) -> list[str]:
    """Returns all the ways in which a request claims to be signed."""
    claimed = []
    if "authorization" in request.headers:
        of_v2 = request.headers["authorization"].startswith(SCHEME_V2)
        claimed.append(_HEADER_V2 if of_v2 else "Authorization header")
    if query := request.query:
        if not _MARKS_V4.isdisjoint(query):
            claimed.append("query of version 4")
        if not MARKS_V2.isdisjoint(query):
            claimed.append(_QUERY_V2)
    return claimed


def _claimed_by_form(fields: Mapping[str, str]) -> list[str]:
    return [where for where, marks in _FORM_MARKS.items() if not marks.isdisjoint(fields)]


def _check_alone(claimed: list[str]) -> None:
    if len(claimed) > 1:
        ways = " and ".join(claimed)
        raise SignatureError("InvalidArgument", f"Only one signature is allowed, and this request has several: {ways}.")


def is_owners_own(endpoint: Endpoint, request: S3Request, operation: Rights) -> bool:
    """Says whether the owner of a bucket sends a request, and nothing is set that could keep the owner from it.

    The same holds for a user of the directory whose own rights always allow it.

    That is the usual case, and the decision about it is short. `access.authorise` decides about all other requests,
    also about those for a bucket that does not exist.
    """
    principal, bucket = request.principal, request.bucket
    if principal.is_member:
        return _is_members_own(endpoint, request, operation)
    if not endpoint.decides or not principal.user_id:
        return False
    if principal.policies is not None:
        rights = request.credential
        # Simple rights say the same as the policies that are made of them.
        if rights is None or rights.policy is not None or not rights.allow(bucket, write=operation.write):
            return False
    access = endpoint.calls.known_access(bucket)
    if access is None:
        return False
    request.access = access
    if access.owner.id != principal.user_id or (operation.of_object and access.foreign_objects):
        return False
    if not request.is_plain and not DECIDING_HEADERS.isdisjoint(request.headers):
        return False
    if access.policy is None and access.acl is None:
        return True
    from bucketry_access import leaves_to_owner  # Only here: most buckets have neither.

    return request.is_plain and leaves_to_owner(access, bucket, operation.actions)


def _is_members_own(endpoint: Endpoint, request: S3Request, operation: Rights) -> bool:
    # What is not plain may need more actions, and so does each key of a batch.
    if not (request.is_plain and request.key):
        return False
    access = endpoint.decider.known_to_allow(request.principal, operation.actions, request.bucket)
    if access is None:
        return False
    request.access = access
    return True
