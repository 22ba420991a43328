"""An application of the client that openapi-python-client makes: `python openapi_python_client.py ORIGIN BUCKET`."""

from __future__ import annotations

import sys
from io import BytesIO

import httpx
from object_storage_api import Client
from object_storage_api.api.buckets import create_bucket, delete_bucket, list_buckets
from object_storage_api.api.objects import (
    delete_object,
    delete_objects,
    get_object,
    head_object,
    list_objects,
    put_object,
    upload_objects,
)
from object_storage_api.api.presigning import presign
from object_storage_api.api.status import get_status
from object_storage_api.models import (
    CreateBucket,
    DeleteObject,
    DeleteObjects,
    Presign,
    PresignMethod,
    Problem,
    UploadObjectsBody,
)
from object_storage_api.types import File

ORIGIN, BUCKET = sys.argv[1:]
ALL_BYTES = bytes(range(256)) * 1000
KEY = "docs/a b+c/é.bin"

with Client(base_url=ORIGIN, raise_on_unexpected_status=True) as client:
    assert get_status.sync(client=client).available

    assert create_bucket.sync(client=client, body=CreateBucket(name=BUCKET)).name == BUCKET
    again = create_bucket.sync(client=client, body=CreateBucket(name=BUCKET))
    assert isinstance(again, Problem)
    assert (again.status, again.code) == (409, "bucket_already_exists")

    files = [
        File(BytesIO(ALL_BYTES), file_name="all.bin", mime_type="application/x-all"),
        File(BytesIO(b""), file_name="empty.txt", mime_type="text/plain"),
    ]
    uploaded = upload_objects.sync(BUCKET, client=client, body=UploadObjectsBody(prefix="docs/", file=files))
    assert [(view.key, view.size_bytes) for view in uploaded] == [("docs/all.bin", 256_000), ("docs/empty.txt", 0)]
    named = UploadObjectsBody(key="docs/named.txt", file=[File(BytesIO(b"named"), file_name="other.txt")])
    assert [view.key for view in upload_objects.sync(BUCKET, client=client, body=named)] == ["docs/named.txt"]
    stored = put_object.sync(
        BUCKET, KEY, client=client, body=File(BytesIO(ALL_BYTES)), cache_control="max-age=60", x_amz_tagging="a=1"
    )
    assert stored.key == KEY

    listed = list_objects.sync(BUCKET, client=client, prefix="docs/")
    assert [view.key for view in listed] == [KEY, "docs/all.bin", "docs/empty.txt", "docs/named.txt"]
    assert [view.content_type for view in listed][1] == "application/x-all"
    assert [view.object_count for view in list_buckets.sync(client=client) if view.name == BUCKET] == [4]

    for key in (KEY, "docs/all.bin"):
        assert get_object.sync(BUCKET, key, client=client).payload.read() == ALL_BYTES
    part = get_object.sync_detailed(BUCKET, KEY, client=client, range_="bytes=10-19")
    assert (part.status_code, part.parsed.payload.read()) == (206, ALL_BYTES[10:20])
    head = head_object.sync_detailed(BUCKET, KEY, client=client)
    assert (head.headers["cache-control"], head.headers["x-amz-tagging-count"]) == ("max-age=60", "1")
    assert get_object.sync(BUCKET, "missing", client=client).code == "no_such_key"

    upload = presign.sync(BUCKET, client=client, body=Presign(key="by-url.txt", method=PresignMethod.PUT))
    assert httpx.put(upload.url, content=b"by URL").status_code == 200
    download = presign.sync(BUCKET, client=client, body=Presign(key="by-url.txt", expires_in=60))
    assert httpx.get(download.url).content == b"by URL"

    assert delete_object.sync_detailed(BUCKET, client=client, key=KEY).status_code == 204
    in_body = delete_object.sync_detailed(BUCKET, client=client, body=DeleteObject(key="docs/all.bin"))
    assert in_body.status_code == 204
    rest = ["docs/empty.txt", "docs/named.txt", "by-url.txt"]
    assert delete_objects.sync(BUCKET, client=client, body=DeleteObjects(keys=rest)).deleted == rest
    assert delete_bucket.sync_detailed(BUCKET, client=client).status_code == 204
    assert list_objects.sync(BUCKET, client=client).code == "no_such_bucket"

print("ok")
