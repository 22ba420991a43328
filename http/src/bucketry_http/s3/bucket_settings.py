"""Settings of a bucket: those that the store keeps, and those that are always the same here.

The store keeps CORS rules. For all other settings, clients get what holds for every bucket: nothing is encrypted, no
version is kept, and nobody but the owner has rights. Many clients ask for these settings before they do anything
(``s3cmd info``, consoles), and infrastructure tools also put them. A put that changes nothing is accepted, and every
other one is refused. Source: S3 API reference, the ``GetBucket…`` and ``PutBucket…`` actions.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple, cast

from bucketry import CorsRule, CorsSettings, HeadOptions
from bucketry.bucket_settings import AnyBucketSettings

from bucketry_http.s3.body import S3Body
from bucketry_http.s3.errors import S3Error, not_implemented
from bucketry_http.s3.request import Endpoint, S3Request
from bucketry_http.s3.response import Response, empty_response, xml_response
from bucketry_http.s3.xml import (
    MAX_DOCUMENT_BYTES,
    OWNER_ID,
    OWNER_NAME,
    XSI,
    Node,
    Tree,
    document,
    element,
    malformed,
    optional,
    owner,
    read_any_xml,
    read_xml,
)


class _Stored(NamedTuple):
    """Settings that the store keeps.

    Attributes:
        kind: Their class in the contract.
        root: The root of their document.
        write: Returns the content of the document.
        read: Reads the document.
        missing: Code and message of the 404 if nothing is set.
        max_elements: Most elements of the document.
    """

    kind: type[AnyBucketSettings]
    root: str
    write: Callable[[Any], str]
    read: Callable[[Node], AnyBucketSettings]
    missing: tuple[str, str]
    max_elements: int


async def get_settings(endpoint: Endpoint, request: S3Request) -> Response:
    """Gets settings that the store keeps."""
    stored = _stored(request)
    settings = await endpoint.calls.call(endpoint.store.get_bucket_settings, request.bucket, stored.kind)
    if settings == stored.kind():
        raise _missing(stored.missing)
    return xml_response(document(stored.root, stored.write(settings)))


async def put_settings(endpoint: Endpoint, request: S3Request) -> Response:
    """Puts settings that the store keeps."""
    stored = _stored(request)
    root = await read_xml(await S3Body(request).read(MAX_DOCUMENT_BYTES), stored.root, most=stored.max_elements)
    await endpoint.calls.call(endpoint.store.put_bucket_settings, request.bucket, stored.read(root))
    return empty_response(200)


async def delete_settings(endpoint: Endpoint, request: S3Request) -> Response:
    """Deletes settings that the store keeps."""
    await endpoint.calls.call(endpoint.store.delete_bucket_settings, request.bucket, _stored(request).kind)
    return empty_response()


def _stored(request: S3Request) -> _Stored:
    return next(STORED[name] for name in request.query if name in STORED)


def _missing(code_and_message: tuple[str, str]) -> S3Error:
    code, message = code_and_message
    return S3Error(code, message, status=404)


def _write_cors(settings: CorsSettings) -> str:
    return "".join(map(_rule_element, settings.rules))


def _read_cors(root: Node) -> CorsSettings:
    root.only("CORSRule")
    return CorsSettings(rules=tuple(map(_read_rule, root.children("CORSRule"))))


def _rule_element(rule: CorsRule) -> str:
    content = optional("ID", rule.id)
    for name, values in (
        ("AllowedMethod", rule.allowed_methods),
        ("AllowedOrigin", rule.allowed_origins),
        ("AllowedHeader", rule.allowed_headers),
        ("ExposeHeader", rule.expose_headers),
    ):
        content += "".join(element(name, value) for value in values)
    return f"<CORSRule>{content}{optional('MaxAgeSeconds', rule.max_age_seconds)}</CORSRule>"


def _read_rule(entry: Node) -> CorsRule:
    entry.only("ID", "AllowedMethod", "AllowedOrigin", "AllowedHeader", "ExposeHeader", "MaxAgeSeconds")
    age = entry.text_of("MaxAgeSeconds")
    if age is not None and not (age.strip().isascii() and age.strip().isdecimal() and len(age) <= 20):
        raise malformed("MaxAgeSeconds is not a number")

    def texts(name: str) -> tuple[str, ...]:
        return tuple(child.text.strip() for child in entry.children(name))

    return CorsRule(
        id=entry.text_of("ID"),
        allowed_methods=cast("Any", texts("AllowedMethod")),
        allowed_origins=texts("AllowedOrigin"),
        allowed_headers=texts("AllowedHeader"),
        expose_headers=texts("ExposeHeader"),
        max_age_seconds=None if age is None else int(age),
    )


STORED: Final[Mapping[str, _Stored]] = {
    "cors": _Stored(
        kind=CorsSettings,
        root="CORSConfiguration",
        write=_write_cors,
        read=_read_cors,
        missing=("NoSuchCORSConfiguration", "The CORS configuration does not exist"),
        max_elements=5_000,  # The longest document in S3 has 64 KiB, which is about 2,000 elements.
    ),
}
"""By sub-resource."""

_OWNER_ONLY: Final = (
    f"{owner()}<AccessControlList><Grant>"
    f'<Grantee xmlns:xsi="{XSI}" xsi:type="CanonicalUser">{element("ID", OWNER_ID)}{element("DisplayName", OWNER_NAME)}'
    "</Grantee><Permission>FULL_CONTROL</Permission></Grant></AccessControlList>"
)

_FIXED: Final[Mapping[str, tuple[str, str]]] = {
    "acl": ("AccessControlPolicy", _OWNER_ONLY),
    "versioning": ("VersioningConfiguration", ""),
    "logging": ("BucketLoggingStatus", ""),
    "notification": ("NotificationConfiguration", ""),
    "accelerate": ("AccelerateConfiguration", ""),
    "requestPayment": ("RequestPaymentConfiguration", "<Payer>BucketOwner</Payer>"),
    "ownershipControls": (
        "OwnershipControls",
        "<Rule><ObjectOwnership>BucketOwnerEnforced</ObjectOwnership></Rule>",
    ),
}
"""Root and content of the document, by sub-resource."""

_BLOCKED: Final = ("BlockPublicAcls", "BlockPublicPolicy", "IgnorePublicAcls", "RestrictPublicBuckets")
_BLOCK: Final = ("PublicAccessBlockConfiguration", "".join(element(name, "true") for name in _BLOCKED))
"""Root and content without anonymous requests: no ACL or policy gives anything to the public."""

_MISSING: Final[Mapping[str, tuple[str, str]]] = {
    "policy": ("NoSuchBucketPolicy", "The bucket policy does not exist"),
    "policyStatus": ("NoSuchBucketPolicy", "The bucket policy does not exist"),
    "lifecycle": ("NoSuchLifecycleConfiguration", "The lifecycle configuration does not exist"),
    "tagging": ("NoSuchTagSet", "The TagSet does not exist"),
    "website": ("NoSuchWebsiteConfiguration", "The specified bucket does not have a website configuration"),
    "replication": ("ReplicationConfigurationNotFoundError", "The replication configuration was not found"),
    "encryption": (
        "ServerSideEncryptionConfigurationNotFoundError",
        "The server side encryption configuration was not found",
    ),
    "object-lock": (
        "ObjectLockConfigurationNotFoundError",
        "Object Lock configuration does not exist for this bucket",
    ),
    "publicAccessBlock": (
        "NoSuchPublicAccessBlockConfiguration",
        "The public access block configuration was not found",
    ),
}
"""Code and message of the 404 for settings that no bucket has, by sub-resource."""

FIXED: Final = (*_FIXED, *_MISSING)
"""Sub-resources of the settings that are always the same."""

_UNCHANGED: Final[Mapping[str, Tree]] = {
    "logging": ("BucketLoggingStatus", "", ()),
    "notification": ("NotificationConfiguration", "", ()),
    "requestPayment": ("RequestPaymentConfiguration", "", (("Payer", "BucketOwner", ()),)),
    "tagging": ("Tagging", "", (("TagSet", "", ()),)),
    "ownershipControls": (
        "OwnershipControls",
        "",
        (("Rule", "", (("ObjectOwnership", "BucketOwnerEnforced", ()),)),),
    ),
}
"""Documents of puts that change nothing, by sub-resource."""

_UNCHANGED_BLOCK: Final[Tree] = (_BLOCK[0], "", tuple((name, "true", ()) for name in _BLOCKED))

FIXED_PUTS: Final = ("publicAccessBlock", *_UNCHANGED)
"""Sub-resources of puts that may change nothing."""

FIXED_DELETES: Final = (
    "policy",
    "lifecycle",
    "tagging",
    "website",
    "replication",
    "encryption",
    "publicAccessBlock",
    "ownershipControls",
)
"""Sub-resources of deletes. S3 responds with 204 also if there is nothing to delete."""


def _subresource(request: S3Request) -> str:
    return next(name for name in request.query if name in FIXED or name in FIXED_PUTS)


async def get_fixed(endpoint: Endpoint, request: S3Request) -> Response:
    """Gets settings that are always the same."""
    await endpoint.calls.call(endpoint.store.head_bucket, request.bucket)
    name = _subresource(request)
    if name == "publicAccessBlock" and endpoint.settings.anonymous is None:
        return xml_response(document(*_BLOCK))
    if name in _MISSING:
        raise _missing(_MISSING[name])
    return xml_response(document(*_FIXED[name]))


async def delete_fixed(endpoint: Endpoint, request: S3Request) -> Response:
    """Deletes settings that no bucket has."""
    await endpoint.calls.call(endpoint.store.head_bucket, request.bucket)
    return empty_response()


async def put_fixed(endpoint: Endpoint, request: S3Request) -> Response:
    """Puts settings that are always the same: accepts what changes nothing."""
    name = _subresource(request)
    body = await S3Body(request).read(MAX_DOCUMENT_BYTES)
    if not body or not _changes_nothing(endpoint, name, (await read_any_xml(body)).tree()):
        raise not_implemented(f"this configuration of {name}")
    await endpoint.calls.call(endpoint.store.head_bucket, request.bucket)
    return empty_response(200)


def _changes_nothing(endpoint: Endpoint, name: str, put: Tree) -> bool:
    if name == "publicAccessBlock":
        return endpoint.settings.anonymous is None and put == _UNCHANGED_BLOCK
    return put == _UNCHANGED[name]


async def put_acl(endpoint: Endpoint, request: S3Request) -> Response:
    """PutBucketAcl and PutObjectAcl, for an ACL that gives all rights to the owner and none to others.

    Canned ACLs and grants in headers are checked with all other headers.
    """
    body = await S3Body(request).read(MAX_DOCUMENT_BYTES)
    in_headers = [name for name in request.headers if name == "x-amz-acl" or name.startswith("x-amz-grant-")]
    if bool(body) == bool(in_headers):
        # With neither there is nothing to do. With both, S3 does not say which one counts.
        raise S3Error("InvalidRequest", "An ACL stands in the header x-amz-acl, in x-amz-grant-* headers or in a body.")
    if body and not _is_owners_alone(await read_any_xml(body)):
        raise not_implemented("this ACL")
    if request.key:
        await endpoint.calls.call(endpoint.store.head_object, request.bucket, request.key, _named(request))
    else:
        await endpoint.calls.call(endpoint.store.head_bucket, request.bucket)
    return empty_response(200)


def _is_owners_alone(root: Node) -> bool:
    listed = root.child("AccessControlList") if root.name == "AccessControlPolicy" else None
    if listed is None or any(child.name not in {"Owner", "AccessControlList"} for child in root.children()):
        return False
    named = root.child("Owner")
    grants = list(listed.children())
    return (
        (named is None or named.text_of("ID") in {None, OWNER_ID})
        and bool(grants)
        and all(grant.name == "Grant" and _is_owners(grant) for grant in grants)
    )


def _is_owners(grant: Node) -> bool:
    grantee = grant.child("Grantee")
    return (
        grantee is not None
        and (grantee.text_of("ID") or "").strip() == OWNER_ID
        and (grant.text_of("Permission") or "").strip() == "FULL_CONTROL"
    )


def _named(request: S3Request) -> HeadOptions:
    return HeadOptions(version_id=request.version_id)


async def get_object_acl(endpoint: Endpoint, request: S3Request) -> Response:
    """GetObjectAcl: only the owner has rights."""
    await endpoint.calls.call(endpoint.store.head_object, request.bucket, request.key, _named(request))
    return xml_response(document("AccessControlPolicy", _OWNER_ONLY))
