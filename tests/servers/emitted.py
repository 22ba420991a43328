"""What the layer `Events` says of calls to a real server: the names, etags and versions that the server really has."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence

from bucketry import CompletedPart, DeleteOptions, Store
from bucketry.events import EventLog
from bucketry.layers import Events
from types_boto3_s3 import S3Client

PART = bytes(5 * 1024**2)


def check_events(open_store: Callable[[Sequence[object]], Store], client: S3Client) -> None:
    log = EventLog()
    name = f"bucketry-events-{secrets.token_hex(6)}"
    with open_store([Events(log)]) as store:
        store.create_bucket(name)
        try:
            _check_unversioned(store, name, log)
            client.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
            log.clear()
            _check_versioned(store, name, log, client)
        finally:
            for listed in client.get_paginator("list_object_versions").paginate(Bucket=name):
                for each in (*listed.get("Versions", ()), *listed.get("DeleteMarkers", ())):
                    client.delete_object(Bucket=name, Key=each["Key"], VersionId=each["VersionId"])
            store.delete_bucket(name)


def _check_unversioned(store: Store, bucket: str, log: EventLog) -> None:
    put = store.put_object(bucket, "a b", b"1234")
    copied = store.copy_object(bucket, "a b", bucket, "copy")
    upload = store.create_multipart_upload(bucket, "upload")
    part = store.upload_part(bucket, "upload", upload.upload_id, 1, PART)
    completed = store.complete_multipart_upload(
        bucket, "upload", upload.upload_id, [CompletedPart(part.part_number, part.etag)]
    )
    store.put_object_tagging(bucket, "copy", {"x": "y"})
    store.delete_object_tagging(bucket, "copy")
    store.delete_object(bucket, "a b")
    store.delete_objects(bucket, ["copy", "upload"])
    assert [(event.name.removeprefix("s3:"), event.key, event.etag) for event in log] == [
        ("ObjectCreated:Put", "a b", put.etag),
        ("ObjectCreated:Copy", "copy", copied.etag),
        ("ObjectCreated:CompleteMultipartUpload", "upload", completed.etag),
        ("ObjectTagging:Put", "copy", None),
        ("ObjectTagging:Delete", "copy", None),
        ("ObjectRemoved:Delete", "a b", None),
        ("ObjectRemoved:Delete", "copy", None),
        ("ObjectRemoved:Delete", "upload", None),
    ]
    assert [event.size_bytes for event in log][:3] == [4, 4, len(PART)]
    assert {event.version_id for event in log} == {None}
    assert {event.destinations for event in log} == {None}
    sequencers = [event.sequencer for event in log]
    assert sequencers == sorted(set(sequencers))


def _check_versioned(store: Store, bucket: str, log: EventLog, client: S3Client) -> None:
    version = store.put_object(bucket, "a", b"1").version_id
    store.delete_object(bucket, "a")
    (marker,) = client.list_object_versions(Bucket=bucket, Prefix="a")["DeleteMarkers"]
    store.delete_object(bucket, "a", DeleteOptions(version_id=marker["VersionId"]))
    store.delete_object(bucket, "a", DeleteOptions(version_id=version))
    assert [(event.name.removeprefix("s3:"), event.version_id) for event in log] == [
        ("ObjectCreated:Put", version),
        ("ObjectRemoved:DeleteMarkerCreated", marker["VersionId"]),
        ("ObjectRemoved:Delete", marker["VersionId"]),
        ("ObjectRemoved:Delete", version),
    ]
    assert version
