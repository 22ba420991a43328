"""Settings of a bucket: every kind is got, put and deleted in one way, by the table of S3's documents in core.

The store keeps the kinds that its driver declares. For others, clients get what holds for every bucket: many ask for
these settings before they do anything (``s3cmd info``, consoles), and infrastructure tools also put them. A put of such
a kind is accepted if it changes nothing, and refused otherwise.

Source: S3 API reference, the ``GetBucket…``, ``PutBucket…`` and ``DeleteBucket…`` actions.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

from bucketry import BucketSettings, InvalidBucketSettings, NoSuchBucket
from bucketry.bucket_settings import (
    BUCKET_OWNER_ENFORCED,
    AccelerateSettings,
    AclSettings,
    LoggingSettings,
    OwnershipSettings,
    PolicySettings,
    PublicAccessSettings,
    VersioningSettings,
)
from bucketry.documents import (
    BY_SUBRESOURCE,
    DOCUMENTS,
    Document,
    Element,
    read_settings,
    write_settings,
)
from bucketry_access import ANONYMOUS, InvalidPolicy, is_public

from bucketry_http.s3.acls import OWNER_ALONE, owner_alone
from bucketry_http.s3.body import S3Body
from bucketry_http.s3.errors import S3Error, not_implemented
from bucketry_http.s3.request import Endpoint, S3Request
from bucketry_http.s3.response import Response, empty_response, json_response, xml_response
from bucketry_http.s3.xml import document as xml_document
from bucketry_http.s3.xml import element, settings_document
from bucketry_http.s3.xml_reading import Node, read_any_xml
from bucketry_http.shared.access_settings import AccessSettingsCheck

_ENTRY_BYTES: Final = 200
"""Size of a small rule in a document."""

_NO_REPLICATION: Final = ("ReplicationConfigurationNotFoundError", "The replication configuration was not found")


async def get_settings(endpoint: Endpoint, request: S3Request) -> Response:
    """Gets settings of a kind that has one document."""
    document = document_of(request)
    settings = await current_settings(endpoint, request.bucket, document.kind)
    if settings == document.kind() and document.missing:
        raise missing(*document.missing)
    if settings == AclSettings():
        settings = await owner_alone(endpoint, request.bucket)
    if isinstance(settings, PolicySettings):
        return json_response(settings.document.encode())
    return xml_response(await endpoint.calls.bulk_call(_entries(settings), _written, settings))


async def put_settings(endpoint: Endpoint, request: S3Request) -> Response:
    """Puts settings of a kind that has one document."""
    document = document_of(request)
    body = await read_body(endpoint, document, request)
    if not is_stored(endpoint, document.kind):
        await _put_unchanged(endpoint, request.bucket, document, body)
        return empty_response(200)
    settings = await _read(endpoint, document, body)
    if (check := _CHECKS.get(document.kind)) is not None:
        await check(endpoint, request.bucket, settings)
    if document.empty_removes and settings == document.kind():
        await endpoint.calls.call(endpoint.store.delete_bucket_settings, request.bucket, document.kind)
    else:
        put = endpoint.store.put_bucket_settings
        await endpoint.calls.bulk_call(_entries(settings), put, request.bucket, settings)
    return empty_response(204 if document.kind is PolicySettings else 200)


async def delete_settings(endpoint: Endpoint, request: S3Request) -> Response:
    """Deletes settings of a kind that has one document. S3 responds in the same way if nothing is set."""
    document = document_of(request)
    if is_stored(endpoint, document.kind):
        await endpoint.calls.call(endpoint.store.delete_bucket_settings, request.bucket, document.kind)
    else:
        await endpoint.calls.call(endpoint.store.head_bucket, request.bucket)
    return empty_response()


async def get_policy_status(endpoint: Endpoint, request: S3Request) -> Response:
    """GetBucketPolicyStatus: whether the policy or the ACL of a bucket is public."""
    if not endpoint.decides:
        await endpoint.calls.call(endpoint.store.head_bucket, request.bucket)
        raise missing(*DOCUMENTS[PolicySettings].missing)
    access = await endpoint.calls.call(endpoint.store.get_bucket_access, request.bucket)
    public = "true" if is_public(access, request.bucket) else "false"
    return xml_response(xml_document("PolicyStatus", element("IsPublic", public)))


async def get_replication(endpoint: Endpoint, request: S3Request) -> Response:
    """GetBucketReplication: no bucket has it."""
    await endpoint.calls.call(endpoint.store.head_bucket, request.bucket)
    raise missing(*_NO_REPLICATION)


async def delete_replication(endpoint: Endpoint, request: S3Request) -> Response:
    """DeleteBucketReplication: there is nothing to delete."""
    await endpoint.calls.call(endpoint.store.head_bucket, request.bucket)
    return empty_response()


async def current_settings(endpoint: Endpoint, bucket: str, kind: type[BucketSettings]) -> BucketSettings:
    """Returns the settings of a bucket: those that are stored, or those that hold for every bucket."""
    if is_stored(endpoint, kind):
        return await endpoint.calls.call(endpoint.store.get_bucket_settings, bucket, kind)
    await endpoint.calls.call(endpoint.store.head_bucket, bucket)
    return _held(endpoint, kind)


def is_stored(endpoint: Endpoint, kind: type[BucketSettings]) -> bool:
    """Says whether the driver declares a kind."""
    return bool(getattr(endpoint.features, kind.feature))


def document_of(request: S3Request) -> Document:
    """Returns the document that a request is about."""
    return next(BY_SUBRESOURCE[name] for name in request.query if name in BY_SUBRESOURCE)


def missing(code: str, message: str) -> S3Error:
    """Returns the error if nothing is set."""
    return S3Error(code, message, status=404)


async def read_body(endpoint: Endpoint, document: Document, request: S3Request) -> bytes:
    """Reads the body of a put.

    Raises:
        S3Error: It is too long, or missing, or has no digest and S3 requires one.
    """
    body = S3Body(request)
    if document.needs_digest and not body.has_digest:
        raise S3Error("InvalidRequest", "Missing required header for this request: Content-MD5 OR x-amz-checksum-*")
    limits = endpoint.settings
    limit = min(document.max_list_bytes, limits.max_list_bytes) if document.max_list_bytes else limits.max_xml_bytes
    content = await body.read(limit)
    if not content and document.root:
        raise S3Error("MissingRequestBodyError")
    return content


_HELD: Final[Mapping[type[BucketSettings], BucketSettings]] = {
    AclSettings: OWNER_ALONE,
    OwnershipSettings: OwnershipSettings(ownership=BUCKET_OWNER_ENFORCED),
}
"""What holds for every bucket, of the kinds that the driver does not declare. Of other kinds, nothing is set."""

_BLOCKED: Final = PublicAccessSettings(
    block_public_acls=True, ignore_public_acls=True, block_public_policy=True, restrict_public_buckets=True
)
"""What holds without anonymous requests: no ACL or policy gives anything to the public."""


def _held(endpoint: Endpoint, kind: type[BucketSettings]) -> BucketSettings:
    if kind is PublicAccessSettings and endpoint.settings.anonymous is None:
        return _BLOCKED
    return _HELD.get(kind, kind())


async def _put_unchanged(endpoint: Endpoint, bucket: str, document: Document, body: bytes) -> None:
    """Accepts settings of a kind that is not stored, if they hold anyway."""
    try:
        settings = await _read(endpoint, document, body)
    except InvalidBucketSettings:
        settings = None
    nothing = settings == document.kind() and not document.empty_removes
    if settings != _held(endpoint, document.kind) or nothing:
        raise not_implemented(f"this configuration of {document.subresource}")
    await endpoint.calls.call(endpoint.store.head_bucket, bucket)


async def _read(endpoint: Endpoint, document: Document, body: bytes) -> BucketSettings:
    if document.kind is PolicySettings:
        return _read_policy(body)
    root = await read_any_xml(endpoint.settings, body, document.max_elements)
    return await endpoint.calls.bulk_call(len(body) // _ENTRY_BYTES, _settings_in, root, document.kind)


def _settings_in(root: Node, kind: type[BucketSettings]) -> BucketSettings:
    tree = root.as_element()
    if kind is VersioningSettings:
        _check_mfa(tree)
    return read_settings(tree, kind)


def _written(settings: BucketSettings) -> bytes:
    return settings_document(write_settings(settings))


def _entries(settings: BucketSettings) -> int:
    """Returns how many rules or configurations there are, which is how long they take."""
    values = [getattr(settings, name) for name in settings.__struct_fields__]
    return sum(len(value) for value in values if isinstance(value, tuple))


def _read_policy(body: bytes) -> PolicySettings:
    try:
        document = body.decode()
    except UnicodeDecodeError:
        document = ""
    if not document:
        raise S3Error("MalformedPolicy", "Policies must be valid JSON and the first byte must be '{'")
    return PolicySettings(document=document)


def _check_mfa(root: Element) -> None:
    """Refuses to turn on that deletes need multi-factor authentication, as S3 does without the header ``x-amz-mfa``."""
    if any(child.name == "MfaDelete" and child.text.strip() == "Enabled" for child in root.children):
        raise S3Error("AccessDenied", "Mfa Authentication must be used for this request")


async def _check_versioning(_endpoint: Endpoint, _bucket: str, settings: Any) -> None:
    if settings == VersioningSettings():
        raise S3Error("IllegalVersioningConfigurationException", "The Versioning element must be specified")


async def _check_acceleration(_endpoint: Endpoint, bucket: str, _settings: Any) -> None:
    if "." in bucket:
        raise S3Error(
            "InvalidRequest", "S3 Transfer Acceleration is not supported for buckets with periods (.) in their names"
        )


async def _check_logging(endpoint: Endpoint, _bucket: str, settings: Any) -> None:
    if settings.target is None:
        return
    target = settings.target.bucket
    try:
        await endpoint.calls.call(endpoint.store.head_bucket, target)
    except NoSuchBucket:
        raise S3Error("InvalidTargetBucketForLogging", elements={"TargetBucket": target}) from None


async def _check_policy(endpoint: Endpoint, bucket: str, settings: Any) -> None:
    """Refuses a policy that is not understood, and a public one where that is blocked."""
    try:
        await AccessSettingsCheck(endpoint.calls, endpoint.users.ids).check(ANONYMOUS, bucket, settings)
    except InvalidPolicy as error:
        raise S3Error("MalformedPolicy", error.detail) from None


async def _check_decided(endpoint: Endpoint, _bucket: str, settings: Any) -> None:
    """Refuses settings about access where nobody would obey them."""
    if not endpoint.decides:
        raise not_implemented(f"{type(settings).__name__} in front of a store that does not say who may use it")


async def _check_ownership(endpoint: Endpoint, bucket: str, settings: Any) -> None:
    """Refuses to turn ACLs off while one gives rights to others."""
    await _check_decided(endpoint, bucket, settings)
    if settings.ownership != BUCKET_OWNER_ENFORCED or not is_stored(endpoint, AclSettings):
        return
    acl = (await endpoint.calls.call(endpoint.store.get_bucket_settings, bucket, AclSettings)).acl
    if acl is not None and acl.grants_others:
        raise S3Error(
            "InvalidBucketAclWithObjectOwnership",
            "Bucket cannot have ACLs set with ObjectOwnership's BucketOwnerEnforced setting",
        )


_CHECKS: Final[Mapping[type[BucketSettings], Callable[[Endpoint, str, Any], Awaitable[None]]]] = {
    VersioningSettings: _check_versioning,
    AccelerateSettings: _check_acceleration,
    LoggingSettings: _check_logging,
    OwnershipSettings: _check_ownership,
    PolicySettings: _check_policy,
    PublicAccessSettings: _check_decided,
}
"""What is checked before settings are put, besides what the store checks."""
