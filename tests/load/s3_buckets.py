"""What clients do with buckets, their settings, versions and locks over the S3 port."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from hashlib import md5
from typing import Any, Final

import msgspec
from bucketry import (
    AclSettings,
    BucketSettings,
    LoggingSettings,
    NotificationSettings,
    ObjectLockSettings,
    OwnershipSettings,
    PolicySettings,
    PublicAccessSettings,
)
from bucketry.bucket_settings import ConfigurationSettings
from bucketry.documents import (
    DOCUMENTS,
    OF_CONFIGURATIONS,
    read_configuration,
    read_settings,
    write_configuration,
    write_settings,
)
from bucketry.documents import Element as SettingsElement
from bucketry_contract._settings import EXAMPLE_KINDS, examples, plain
from bucketry_http.s3 import operations, routing
from bucketry_s3client import Element
from bucketry_s3client.xml import document_of

from tests.load.client import Client, action, same, xml_of
from tests.load.model import content_of, etag_of
from tests.load.wire import Reply

_NOT_HERE: Final = (ObjectLockSettings, LoggingSettings, AclSettings)
"""Kinds that need a bucket of another kind, or name its owner."""

_OF_ACCESS: Final = (PolicySettings, OwnershipSettings, PublicAccessSettings)
_NO_STORE: Final[Any] = None
_OF_SETTINGS: Final = [
    name
    for (method, subresource), name in operations.BUCKET.items()
    if (method, subresource) in {**routing.BUCKET, **routing.settings_routes()}
    and subresource in {DOCUMENTS[kind].subresource for kind in EXAMPLE_KINDS if kind not in _NOT_HERE}
]
"""The operations of S3 for these settings."""


def settings_for(client: Client, bucket: str) -> Iterator[BucketSettings]:
    """One example of each kind of settings that the store has and any bucket may have."""
    for kind in EXAMPLE_KINDS:
        if kind in _NOT_HERE or not getattr(client.places.features, kind.feature):
            continue
        # Who may use a bucket is kept only where users are.
        if kind in _OF_ACCESS and "get_bucket_access" not in client.places.operations:
            continue
        # With MinIO and RGW a notification needs a target that the server knows.
        if kind is not NotificationSettings or client.places.driver == "memory":
            yield examples(_NO_STORE, bucket, kind)[0]


def with_digest(body: bytes) -> dict[str, str]:
    return {"content-md5": base64.b64encode(md5(body, usedforsecurity=False).digest()).decode()}


@action("ListBuckets", weight=1)
async def _list_buckets(client: Client) -> None:
    reply = await client.ask_s3("GET")
    (listed,) = xml_of(reply, "ListAllMyBucketsResult").all("Buckets")
    names = {one.text("Name") for one in listed.all("Bucket")}
    places = client.places
    wanted = {name for name in (places.plain, places.versions, places.locks) if name}
    same(reply, "missing buckets", wanted - names, set())


@action(
    "CreateBucket HeadBucket GetBucketLocation DeleteBucket PutObject DeleteObject ListObjectsV2 GetBucketAcl "
    "GetBucketPolicyStatus",
    weight=1,
)
async def _bucket(client: Client) -> None:
    bucket = f"load-of-{client.new_name()}"
    await client.ask_s3("HEAD", bucket, want=404)
    await client.ask_s3("PUT", bucket)
    await client.ask_s3("HEAD", bucket)
    xml_of(await client.ask_s3("GET", bucket, query={"location": ""}), "LocationConstraint")
    reply = await client.ask_s3("PUT", bucket, "key", body=b"content")
    same(reply, "etag", reply.headers["etag"], etag_of(b"content"))
    await client.ask_s3("DELETE", bucket, want=409, code="BucketNotEmpty")
    reply = await client.ask_s3("GET", bucket, query={"list-type": "2"})
    same(reply, "keys", [one.text("Key") for one in xml_of(reply, "ListBucketResult").all("Contents")], ["key"])
    await client.ask_s3("DELETE", bucket, "key", want=204)
    await client.ask_s3("DELETE", bucket, want=204)
    await client.ask_s3("GET", bucket, query={"list-type": "2"}, want=404, code="NoSuchBucket")


@action(" ".join(["CreateBucket", *_OF_SETTINGS, "DeleteBucket"]), weight=1)
async def _settings(client: Client) -> None:
    bucket = f"settings-of-{client.new_name()}"
    await client.ask_s3("PUT", bucket)
    await client.settled()
    for settings in settings_for(client, bucket):
        if isinstance(settings, ConfigurationSettings):
            await _set_configuration(client, bucket, settings)
        else:
            await _set(client, bucket, settings)
    await client.ask_s3("DELETE", bucket, want=204)


async def _set(client: Client, bucket: str, settings: BucketSettings) -> None:
    kind: Any = type(settings)
    document = DOCUMENTS[kind]
    query = {document.subresource: ""}
    body = settings.document.encode() if isinstance(settings, PolicySettings) else document_of(write_settings(settings))
    # A policy is the one that S3 answers with 204.
    await client.ask_s3(
        "PUT", bucket, query=query, headers=with_digest(body), body=body, want=200 + 4 * (not document.root)
    )
    reply = await client.ask_s3("GET", bucket, query=query)
    found = kind(document=reply.text) if kind is PolicySettings else read_settings(_tree(reply, document.root), kind)
    same(reply, "settings", plain(found), plain(settings))
    if document.has_delete:
        await client.ask_s3("DELETE", bucket, query=query, want=204)


async def _set_configuration(client: Client, bucket: str, settings: ConfigurationSettings) -> None:
    document, wanted = OF_CONFIGURATIONS[DOCUMENTS[type(settings)].subresource], settings.configurations[0]
    query, body = {document.subresource: "", "id": wanted.id}, document_of(write_configuration(wanted))
    await client.ask_s3("PUT", bucket, query=query, headers=with_digest(body), body=body)
    reply = await client.ask_s3("GET", bucket, query=query)
    found = read_configuration(_tree(reply, document.root), document.entry)
    same(reply, "settings", msgspec.to_builtins(found), msgspec.to_builtins(wanted))
    await client.ask_s3("DELETE", bucket, query=query, want=204)
    await client.ask_s3("GET", bucket, query=query, want=404, code="NoSuchConfiguration")


def _tree(reply: Reply, root: str) -> SettingsElement:
    return xml_of(reply, root).as_tree()


def _versions_in(document: Element, kind: str) -> list[str]:
    return [one.text("VersionId") for one in document.all(kind)]


@action("PutObject GetObject HeadObject DeleteObject ListObjectVersions", weight=2, needs="bucket_versioning")
async def _versions(client: Client) -> None:
    bucket, key = client.places.versions, f"{client.prefix}{client.new_name()}"
    made: list[tuple[str, bytes]] = []
    for _ in range(2):
        content = content_of(client.new_name(), 300)
        reply = await client.ask_s3("PUT", bucket, key, body=content)
        made.append((reply.headers["x-amz-version-id"], content))
    reply = await client.ask_s3("DELETE", bucket, key, want=204)
    marker = reply.headers["x-amz-version-id"]
    await client.ask_s3("HEAD", bucket, key, want=404)
    reply = await client.ask_s3("GET", bucket, query={"versions": "", "prefix": key})
    document = xml_of(reply, "ListVersionsResult")
    same(reply, "versions", _versions_in(document, "Version"), [version for version, _ in reversed(made)])
    same(reply, "markers", _versions_in(document, "DeleteMarker"), [marker])
    for version, content in made:
        reply = await client.ask_s3("GET", bucket, key, {"versionId": version})
        same(reply, "content", reply.body, content)
    for version in (marker, made[1][0]):
        await client.ask_s3("DELETE", bucket, key, {"versionId": version}, want=204)
    reply = await client.ask_s3("GET", bucket, key)
    same(reply, "content", reply.body, made[0][1])
    await client.ask_s3("DELETE", bucket, key, {"versionId": made[0][0]}, want=204)
    reply = await client.ask_s3("GET", bucket, query={"versions": "", "prefix": key})
    same(reply, "versions", _versions_in(xml_of(reply, "ListVersionsResult"), "Version"), [])


@action(
    "PutObject PutObjectRetention GetObjectRetention PutObjectLegalHold GetObjectLegalHold DeleteObject "
    "GetObjectLockConfiguration",
    weight=1,
    needs="bucket_object_lock",
)
async def _locks(client: Client) -> None:
    bucket, key = client.places.locks, f"{client.prefix}{client.new_name()}"
    await client.ask_s3("GET", bucket, query={"object-lock": ""})
    reply = await client.ask_s3("PUT", bucket, key, headers=with_digest(b"kept"), body=b"kept")
    version = {"versionId": reply.headers["x-amz-version-id"]}
    until = (datetime.now(UTC) + timedelta(days=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
    body = f"<Retention><Mode>GOVERNANCE</Mode><RetainUntilDate>{until}</RetainUntilDate></Retention>".encode()
    await client.ask_s3("PUT", bucket, key, {"retention": "", **version}, with_digest(body), body)
    reply = await client.ask_s3("GET", bucket, key, {"retention": "", **version})
    same(reply, "mode", xml_of(reply, "Retention").text("Mode"), "GOVERNANCE")
    for status in ("ON", "OFF"):
        body = f"<LegalHold><Status>{status}</Status></LegalHold>".encode()
        await client.ask_s3("PUT", bucket, key, {"legal-hold": "", **version}, with_digest(body), body)
        reply = await client.ask_s3("GET", bucket, key, {"legal-hold": "", **version})
        same(reply, "legal hold", xml_of(reply, "LegalHold").text("Status"), status)
    await client.ask_s3("DELETE", bucket, key, version, want=403, code="AccessDenied")
    bypass = {"x-amz-bypass-governance-retention": "true"}
    await client.ask_s3("DELETE", bucket, key, version, bypass, want=204)
    await client.ask_s3("GET", bucket, key, version, want=404, code="NoSuchVersion")
