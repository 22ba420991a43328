"""Settings of a bucket that nobody can change here: what S3 answers where nothing is configured.

Clients ask for these before they do anything (``s3cmd info``, consoles). Each answer is true: no object is encrypted,
no version kept, nothing given to others. Infrastructure tools also put them: what says no more than what already holds
is accepted, and all else refused. Source: S3 API reference, the ``GetBucket…`` and ``PutBucket…`` actions.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, cast

from bucketry import CorsRule, CorsSettings

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

_OWNER_ONLY: Final = (
    f"{owner()}<AccessControlList><Grant>"
    f'<Grantee xmlns:xsi="{XSI}" xsi:type="CanonicalUser">{element("ID", OWNER_ID)}{element("DisplayName", OWNER_NAME)}'
    "</Grantee><Permission>FULL_CONTROL</Permission></Grant></AccessControlList>"
)

_DOCUMENTS: Final[Mapping[str, tuple[str, str]]] = {
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
"""Root and content, by sub-resource."""

_BLOCKED: Final = ("BlockPublicAcls", "BlockPublicPolicy", "IgnorePublicAcls", "RestrictPublicBuckets")
_BLOCK: Final = ("PublicAccessBlockConfiguration", "".join(element(name, "true") for name in _BLOCKED))
"""What holds where no request without a signature is served: no ACL or policy gives anything to the public."""

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
"""Code and message of the 404, by sub-resource."""

READABLE: Final = (*_DOCUMENTS, *_MISSING)

_STATED: Final[Mapping[str, Tree]] = {
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
"""Documents of puts that say what holds in any case, by sub-resource."""

_STATED_BLOCK: Final[Tree] = (_BLOCK[0], "", tuple((name, "true", ()) for name in _BLOCKED))

WRITABLE: Final = ("publicAccessBlock", *_STATED)

DELETABLE: Final = (
    "policy",
    "lifecycle",
    "tagging",
    "website",
    "replication",
    "encryption",
    "publicAccessBlock",
    "ownershipControls",
)
"""Of these S3 says 204 also where there is nothing to delete, as there never is."""


def _subresource(request: S3Request) -> str:
    return next(name for name in request.query if name in READABLE or name in WRITABLE)


async def get_setting(endpoint: Endpoint, request: S3Request) -> Response:
    """Answers what is configured: nothing."""
    await endpoint.calls.call(endpoint.store.head_bucket, request.bucket)
    name = _subresource(request)
    if name == "publicAccessBlock" and endpoint.settings.anonymous is None:
        return xml_response(document(*_BLOCK))
    if name in _MISSING:
        code, message = _MISSING[name]
        raise S3Error(code, message, status=404)
    return xml_response(document(*_DOCUMENTS[name]))


async def delete_setting(endpoint: Endpoint, request: S3Request) -> Response:
    """Deletes what is configured: nothing."""
    await endpoint.calls.call(endpoint.store.head_bucket, request.bucket)
    return empty_response()


async def put_setting(endpoint: Endpoint, request: S3Request) -> Response:
    """Accepts what already holds."""
    name = _subresource(request)
    body = await S3Body(request).read(MAX_DOCUMENT_BYTES)
    if not body or not _holds(endpoint, name, (await read_any_xml(body)).tree()):
        raise not_implemented(f"this configuration of {name}")
    await endpoint.calls.call(endpoint.store.head_bucket, request.bucket)
    return empty_response(200)


def _holds(endpoint: Endpoint, name: str, stated: Tree) -> bool:
    if name == "publicAccessBlock":
        return endpoint.settings.anonymous is None and stated == _STATED_BLOCK
    return stated == _STATED[name]


async def put_acl(endpoint: Endpoint, request: S3Request) -> Response:
    """PutBucketAcl and PutObjectAcl, of what gives all rights to the owner and none to others.

    A canned ACL or a grant in a header was checked with all other headers.
    """
    body = await S3Body(request).read(MAX_DOCUMENT_BYTES)
    in_headers = [name for name in request.headers if name == "x-amz-acl" or name.startswith("x-amz-grant-")]
    if bool(body) == bool(in_headers):
        # With neither there is nothing to do, and with both S3 does not say which one counts.
        raise S3Error("InvalidRequest", "An ACL stands in the header x-amz-acl, in x-amz-grant-* headers or in a body.")
    if body and not _is_owners_alone(await read_any_xml(body)):
        raise not_implemented("this ACL")
    if request.key:
        await endpoint.calls.call(endpoint.store.head_object, request.bucket, request.key)
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


async def get_object_acl(endpoint: Endpoint, request: S3Request) -> Response:
    """GetObjectAcl: the owner's alone."""
    await endpoint.calls.call(endpoint.store.head_object, request.bucket, request.key)
    return xml_response(document("AccessControlPolicy", _OWNER_ONLY))


_MAX_CORS_ELEMENTS: Final = 5_000
"""The longest configuration in S3 has 64 KiB, and so some 2,000."""


async def get_cors(endpoint: Endpoint, request: S3Request) -> Response:
    """GetBucketCors."""
    settings = await endpoint.calls.call(endpoint.store.get_bucket_settings, request.bucket, CorsSettings)
    if not settings.rules:
        raise S3Error("NoSuchCORSConfiguration", "The CORS configuration does not exist", status=404)
    return xml_response(document("CORSConfiguration", "".join(map(_written_rule, settings.rules))))


def _written_rule(rule: CorsRule) -> str:
    content = optional("ID", rule.id)
    for name, values in (
        ("AllowedMethod", rule.allowed_methods),
        ("AllowedOrigin", rule.allowed_origins),
        ("AllowedHeader", rule.allowed_headers),
        ("ExposeHeader", rule.expose_headers),
    ):
        content += "".join(element(name, value) for value in values)
    return f"<CORSRule>{content}{optional('MaxAgeSeconds', rule.max_age_seconds)}</CORSRule>"


async def put_cors(endpoint: Endpoint, request: S3Request) -> Response:
    """PutBucketCors."""
    root = await read_xml(await S3Body(request).read(MAX_DOCUMENT_BYTES), "CORSConfiguration", most=_MAX_CORS_ELEMENTS)
    root.only("CORSRule")
    settings = CorsSettings(rules=tuple(_read_rule(entry) for entry in root.children("CORSRule")))
    await endpoint.calls.call(endpoint.store.put_bucket_settings, request.bucket, settings)
    return empty_response(200)


def _read_rule(entry: Node) -> CorsRule:
    entry.only("ID", "AllowedMethod", "AllowedOrigin", "AllowedHeader", "ExposeHeader", "MaxAgeSeconds")
    age = entry.text_of("MaxAgeSeconds")
    if age is not None and not (age.strip().isascii() and age.strip().isdecimal() and len(age) <= 20):
        raise malformed("MaxAgeSeconds is no number")

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


async def delete_cors(endpoint: Endpoint, request: S3Request) -> Response:
    """DeleteBucketCors."""
    await endpoint.calls.call(endpoint.store.delete_bucket_settings, request.bucket, CorsSettings)
    return empty_response()
