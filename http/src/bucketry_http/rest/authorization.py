"""What the sender of a request to the REST API may do: each operation is decided as the operation of S3 that it is."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Final

from bucketry import AccessDenied, BucketAccess, BucketInfo, NoSuchBucket, NotFound
from bucketry.bucket_settings import BucketSettings
from bucketry.owners import Owner
from bucketry.tagging import NO_TAGS
from bucketry_access import (
    ANONYMOUS_OWNER,
    OPERATIONS,
    WITH_BUCKET,
    WITH_OBJECT,
    Directory,
    Identity,
    always_may,
    owner_of_new_object,
)

from bucketry_http.rest.authentication import NOBODY, SENDER, Sender
from bucketry_http.rest.docs_page import PATH as DOCUMENT
from bucketry_http.rest.operations import KIND_NAMES, Rule
from bucketry_http.shared.access_facts import CommonFacts
from bucketry_http.shared.access_settings import AccessSettingsCheck
from bucketry_http.shared.calls import StoreCalls
from bucketry_http.shared.deciding import BYPASS, Decider, NotAllowed, Target, is_visible
from bucketry_http.shared.errors import Unauthenticated
from bucketry_http.shared.headers import TAGGING
from bucketry_http.shared.health_paths import asks_for_health
from bucketry_http.shared.lock_headers import lock_parts

if TYPE_CHECKING:
    from bucketry_http.rest.framework import ApiRequest

logger = logging.getLogger("bucketry_http")

_OF_QUERY: Final[Mapping[str, str]] = {"s3:prefix": "prefix", "s3:max-keys": "limit"}

_OF_EVERY_REQUEST: Final = ("referer", "user-agent")
"""Headers that say who asks, and not what for."""

_LISTING: Final = OPERATIONS["ListBuckets"].actions
_EVERY_BUCKET: Final = "*"
"""As a resource: what is allowed for all buckets is allowed for it. Some may be denied all the same."""


class RestFacts(CommonFacts):
    """What conditions may ask about a request to the REST API."""

    __slots__ = ()

    def __init__(self, request: ApiRequest, version_id: str | None, operation: str = "") -> None:
        """Takes the request.

        Args:
            request: The request.
            version_id: The version that it is about.
            operation: As in `CommonFacts`.
        """
        query = request.query_params
        named = {key: str(query[name]) for key, name in _OF_QUERY.items() if name in query}
        headers = _honoured(request, operation)
        super().__init__(operation, request.scope, request.app.clock, headers, named, version_id)


class Authorization:
    """Decides about the requests to one store."""

    def __init__(self, calls: StoreCalls, directory: Directory) -> None:
        """Takes what is needed for all requests.

        Args:
            calls: The store.
            directory: The users.
        """
        self._calls = calls
        self._directory = directory
        self._decider = Decider(calls, hides_buckets=True)

    async def begin(self, request: ApiRequest, rule: Rule | None) -> None:
        """Decides about a request before its handler, as far as its URL says what it is about.

        Args:
            request: The request.
            rule: What it is in S3; ``None``: no rule says.

        Raises:
            NotAllowed: The sender may not do that, or nothing says what it needs.
            BucketryError: There is no such bucket or object, and the sender may learn that.
        """
        if rule is None:
            _require_open(request)
            return
        if rule.decided in ("list", "all"):
            self._check_lister(request, every=rule.decided == "all")
            return
        if rule.decided == "user":
            return
        params = request.path_params
        if rule.decided == "late":
            await self._check_opened(request, params.get("name"))
            return
        kind = params.get("kind")
        if kind is not None and kind not in KIND_NAMES:
            return  # The handler refuses it.
        query = request.query_params
        key = request.key if "key" in params else str(query.get("key", ""))
        bypass = str(query.get("bypass_governance", "false")).lower() not in ("false", "0")
        name, version_id = rule.name_for(kind), query.get("version_id")
        await self.allow(request, name, str(params["name"]), key, version_id, bypass=bypass)

    async def allow(
        self,
        request: ApiRequest,
        operation: str,
        bucket: str,
        key: str = "",
        version_id: str | None = None,
        *,
        bypass: bool = False,
        tags: Mapping[str, str] = NO_TAGS,
    ) -> BucketAccess:
        """Refuses an operation of S3 that the sender may not do, and returns what is set on the bucket.

        Args:
            request: The request.
            operation: The operation's name in the S3 API reference.
            bucket: The bucket.
            key: The key; empty: the operation is about the bucket.
            version_id: The version that it names.
            bypass: Whether it ends or shortens a retention in governance mode.
            tags: The tags that a form gives the object.

        Raises:
            NotAllowed: The sender may not do that.
            BucketryError: There is no such bucket or object, and the sender may learn that.
        """
        principal = sender_of(request).principal
        actions = OPERATIONS[operation].of(version=version_id is not None)
        given = tuple(_given(_honoured(request, operation), tags)) if operation == "PutObject" else ()
        if key and not bypass and not given:
            known = self._decider.known_to_allow(principal, actions, bucket)
            if known is not None:
                return known
        facts, target = RestFacts(request, version_id, operation), Target(bucket, key, version_id)
        facts.new_tags = tags or None
        access = await self._decider.check(principal, target, actions, facts)
        if bypass:
            self._decider.require(principal, BYPASS, target, facts, access)
        for part in given:
            self._decider.require_besides(principal, WITH_OBJECT[part], target, facts, access)
        return access

    async def allow_put(
        self, request: ApiRequest, bucket: str, key: str, tags: Mapping[str, str] = NO_TAGS
    ) -> Owner | None:
        """Refuses an upload that its sender may not make, and returns who owns the new object.

        What members of one account write belongs to the owner of the bucket, as with IAM's users.

        Args:
            request: The request.
            bucket: The bucket.
            key: The key.
            tags: The tags that a form gives the object; those in headers are known.

        Returns:
            The owner; ``None``: whoever owns the bucket.

        Raises:
            NotAllowed: The sender may not do that.
            NoSuchBucket: There is no such bucket, and the sender may learn that.
        """
        access = await self.allow(request, "PutObject", bucket, key, tags=tags)
        if not sender_of(request).principal.is_anonymous:
            return None
        owner = owner_of_new_object(ANONYMOUS_OWNER, access, gives_full_control=False)
        is_other = owner.id != access.owner.id and request.app.calls.store.capabilities.features.owners
        return owner if is_other else None

    async def allow_url(
        self, request: ApiRequest, operation: str, bucket: str, key: str, version_id: str | None
    ) -> Identity:
        """Refuses a presigned URL that does what the sender may not do. Neither bucket nor object need exist.

        Returns:
            Who asks for it: a URL outlives a policy that opens a bucket to everybody, so nobody gets one without a
            token.

        Raises:
            Unauthenticated: The request carries no token.
            NotAllowed: The sender may not do that.
        """
        sender = sender_of(request)
        if sender.identity is None:
            raise Unauthenticated
        try:
            await self.allow(request, operation, bucket, key, version_id)
        except NotFound:
            # Whoever gets here may learn that it does not exist. The rights of the sender alone decide.
            facts = RestFacts(request, version_id)
            for action in OPERATIONS[operation].of(version=version_id is not None):
                self._decider.require(sender.principal, action, Target(bucket, key), facts)
        return sender.identity

    def allow_creation(self, request: ApiRequest, bucket: str, *, object_lock: bool) -> None:
        """Refuses to create a bucket that the sender may not create.

        Args:
            request: The request.
            bucket: The bucket.
            object_lock: Whether its versions can be locked.

        Raises:
            NotAllowed: The sender may not do that.
        """
        facts = RestFacts(request, None)
        for action in (*OPERATIONS["CreateBucket"].actions, *(WITH_BUCKET["object_lock"] if object_lock else ())):
            self._decider.require(sender_of(request).principal, action, Target(bucket), facts)

    def allow_listing(self, request: ApiRequest, buckets: Iterable[str]) -> None:
        """Refuses whoever may not list all of some buckets by their own rights.

        Raises:
            NotAllowed: The sender may not do that.
        """
        principal, facts = sender_of(request).principal, RestFacts(request, None)
        for bucket in buckets:
            for action in OPERATIONS["ListObjectsV2"].actions:
                self._decider.require(principal, action, Target(bucket), facts)

    async def allowed_keys(self, request: ApiRequest, bucket: str, keys: Iterable[str]) -> frozenset[str]:
        """Returns those keys of a batch that the sender may delete.

        Raises:
            NotAllowed: The bucket does not exist, and the sender may not learn that.
            NoSuchBucket: It does not exist.
        """
        keys = frozenset(keys)
        principal, facts = sender_of(request).principal, RestFacts(request, None)
        actions = OPERATIONS["DeleteObjects"].actions
        access = await self._decider.access_of(principal, Target(bucket, min(keys)), actions, facts)
        allowed = frozenset(key for key in keys if self._allows(request, actions, Target(bucket, key), facts, access))
        if not allowed and principal.is_anonymous:
            raise NotAllowed(actions[0], principal)
        return allowed

    async def check_settings(self, request: ApiRequest, bucket: str, settings: BucketSettings) -> None:
        """Refuses settings about access that the bucket does not take; errors as in `AccessSettingsCheck`."""
        check = AccessSettingsCheck(self._calls, self._directory.ids)
        await check.check(sender_of(request).principal, bucket, settings)

    def visible(self, request: ApiRequest) -> Callable[[BucketInfo], bool]:
        """Returns what says whether a list shows a bucket to the sender."""
        principal, facts = sender_of(request).principal, RestFacts(request, None)
        return lambda bucket: is_visible(principal, bucket, facts)

    def _allows(
        self, request: ApiRequest, actions: Iterable[str], target: Target, facts: RestFacts, access: BucketAccess
    ) -> bool:
        try:
            for action in actions:
                self._decider.require(sender_of(request).principal, action, target, facts, access)
        except NotAllowed:
            return False
        return True

    async def _check_opened(self, request: ApiRequest, bucket: str | None) -> None:
        """Refuses somebody without a token before the body is read, unless the bucket is open to somebody.

        Raises:
            Unauthenticated: The request needs a token.
        """
        if not sender_of(request).principal.is_anonymous:
            return
        if bucket is None or not self._decider.looks:
            raise Unauthenticated
        try:
            access = await self._calls.call(self._calls.store.get_bucket_access, bucket)
        except NoSuchBucket:
            raise Unauthenticated from None
        if access.policy is None and access.acl is None:
            raise Unauthenticated

    def _check_lister(self, request: ApiRequest, *, every: bool) -> None:
        principal = sender_of(request).principal
        if not always_may(principal, _LISTING, "", objects=False):
            facts = RestFacts(request, None)
            for action in _LISTING:
                self._decider.require(principal, action, Target(""), facts)
        if every:
            self.allow_listing(request, [_EVERY_BUCKET])


def _honoured(request: ApiRequest, operation: str) -> Mapping[str, str]:
    """Returns the headers that an operation acts on. One that it ignores must not fulfil a condition of a policy.

    Only the raw upload takes headers of S3. A form and a presigned URL take no preconditions either.
    """
    headers = request.fields
    if request.method == "POST":
        return {name: headers[name] for name in _OF_EVERY_REQUEST if name in headers}
    if operation == "PutObject":
        return headers
    return {name: value for name, value in headers.items() if not name.startswith("x-amz-")}


def _given(headers: Mapping[str, str], tags: Mapping[str, str]) -> Iterable[str]:
    """Yields what an upload gives its object besides the content, as `WITH_OBJECT` names it."""
    if tags or TAGGING in headers:
        yield "tags"
    yield from lock_parts(headers)


def _require_open(request: ApiRequest) -> None:
    """Refuses what no rule is about, unless it is health, the document, or a question which methods there are.

    Raises:
        NotAllowed: It is something else.
    """
    path: str = request.scope["path"]
    if request.method != "OPTIONS" and not path.startswith(DOCUMENT) and not asks_for_health(request.scope):
        logger.error("no rule says who may do %s %s, so nobody may", request.method, path)
        raise NotAllowed("", sender_of(request).principal)


def sender_of(request: ApiRequest) -> Sender:
    """Returns who sends a request. Without a directory everybody is anonymous, and nobody is asked."""
    sender: Sender = request.scope["state"].get(SENDER, NOBODY)
    return sender


def owner_of(request: ApiRequest) -> Owner:
    """Returns the owner of the buckets that the sender of a request makes."""
    principal = sender_of(request).principal
    if principal.is_anonymous:
        return ANONYMOUS_OWNER
    return Owner(id=principal.user_id, display_name=principal.display_name)


def explained(error: NotAllowed) -> AccessDenied | Unauthenticated:
    """Returns the error that the sender of a request gets to see: 401 without a token, otherwise 403."""
    if error.principal.is_anonymous:
        return Unauthenticated()
    found = AccessDenied(f"this needs {error.action}" if error.action else "")
    found.locate(error.bucket, error.key)
    return found
