"""Settings of a bucket that nobody can change here: what S3 answers where nothing is configured.

Clients ask for these before they do anything (``s3cmd info``, consoles). Each answer is true: no object is encrypted,
no version kept, nothing given to others. Source: S3 API reference, the ``GetBucket…`` actions.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from bucketry_http.s3.answers import Answer, no_content, xml_answer
from bucketry_http.s3.endpoint import Endpoint
from bucketry_http.s3.errors import S3Error
from bucketry_http.s3.request import S3Request
from bucketry_http.s3.xml import OWNER_ID, OWNER_NAME, XSI, document, element, owner

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
}
"""Root and content, by sub-resource."""

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
    "ownershipControls": ("OwnershipControlsNotFoundError", "The bucket ownership controls were not found"),
}
"""Code and message of the 404, by sub-resource."""

READABLE: Final = (*_DOCUMENTS, *_MISSING)

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
    return next(name for name in request.query if name in READABLE)


async def get_setting(endpoint: Endpoint, request: S3Request) -> Answer:
    """Answers what is configured: nothing."""
    await endpoint.calls.call(endpoint.store.head_bucket, request.bucket)
    name = _subresource(request)
    if name in _MISSING:
        code, message = _MISSING[name]
        raise S3Error(code, message, status=404)
    return xml_answer(document(*_DOCUMENTS[name]))


async def delete_setting(endpoint: Endpoint, request: S3Request) -> Answer:
    """Deletes what is configured: nothing."""
    await endpoint.calls.call(endpoint.store.head_bucket, request.bucket)
    return no_content()


async def get_object_acl(endpoint: Endpoint, request: S3Request) -> Answer:
    """GetObjectAcl: the owner's alone."""
    await endpoint.calls.call(endpoint.store.head_object, request.bucket, request.key)
    return xml_answer(document("AccessControlPolicy", _OWNER_ONLY))
