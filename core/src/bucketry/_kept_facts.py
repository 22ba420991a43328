"""What an object keeps when it is written anew with more content."""

from __future__ import annotations

from typing import Any

from bucketry import ObjectInfo, Store


def kept_facts(store: Store, bucket: str, found: ObjectInfo) -> dict[str, Any]:
    """Returns what a new version is given so that it is like the one before, besides content and headers.

    These are its tags, access control list, locks, storage class, redirect and encryption, as fields of `PutOptions`
    and of `UploadOptions`. Of what is the default nothing is said.

    Args:
        store: The store.
        bucket: The bucket.
        found: The version before, as ``head_object`` returns it.
    """
    features = store.capabilities.features
    kept: dict[str, Any] = {}
    if found.tag_count:
        kept["tags"] = store.get_object_tagging(bucket, found.key)
    if features.put_acl and (acl := store.get_object_acl(bucket, found.key)).grants_others:
        kept["acl"] = acl
    retention = found.retention
    if retention is not None and retention.until is not None and retention.until > store.clock.now():
        kept["retention"] = retention
    if found.legal_hold:
        kept["legal_hold"] = True
    if features.storage_class and found.storage_class is not None:
        kept["storage_class"] = found.storage_class
    if features.website_redirect and found.website_redirect is not None:
        kept["website_redirect"] = found.website_redirect
    if found.encryption is not None and getattr(features, found.encryption.feature):
        kept["encryption"] = found.encryption
    return kept
