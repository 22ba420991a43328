"""The SDK's client of a store: what the contract does not have, over connections that notice what broke off."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from http import HTTPStatus

import httpx
import pytest
from bucketry import Store, StoreClosed
from minio import Minio, S3Error
from minio.commonconfig import ENABLED
from minio.datatypes import PostPolicy
from minio.versioningconfig import VersioningConfig
from urllib3.exceptions import HTTPError

from tests.minio.backend import store_on
from tests.responses.exchanges import Request, Response, serving
from tests.responses.setups import SETUPS
from tests.servers.handles import MinioServer

(SETUP,) = [setup for setup in SETUPS if setup.name == "minio"]
PAGE = b"<ListBucketResult><IsTruncated>false</IsTruncated></ListBucketResult>"


def test_a_form_uploads_a_file(store: Store, bucket: str, minio_server: MinioServer) -> None:
    policy = PostPolicy(bucket, datetime.now(UTC) + timedelta(hours=1))
    policy.add_equals_condition("key", "key")
    policy.add_content_length_range_condition(1, 10)
    fields = {"key": "key", **store.sdk().presigned_post_policy(policy)}
    url = f"{minio_server.url}/{bucket}"
    assert httpx.post(url, data=fields, files={"file": b"too long a file"}).status_code == HTTPStatus.BAD_REQUEST
    assert httpx.post(url, data=fields, files={"file": b"content"}).status_code == HTTPStatus.NO_CONTENT
    assert store.get_object(bucket, "key").read() == b"content"


def test_a_buckets_policy_is_set_and_read(store: Store, bucket: str) -> None:
    statement = {"Effect": "Allow", "Principal": {"AWS": ["*"]}, "Action": ["s3:GetObject"]}
    policy = {"Version": "2012-10-17", "Statement": [{**statement, "Resource": [f"arn:aws:s3:::{bucket}/*"]}]}
    store.sdk().set_bucket_policy(bucket_name=bucket, policy=json.dumps(policy))
    assert json.loads(store.sdk().get_bucket_policy(bucket_name=bucket)) == policy


def test_its_refusals_are_the_sdks_own(store: Store) -> None:
    with pytest.raises(S3Error) as caught:
        store.sdk().get_object(bucket_name="bucketry-minio-missing", object_name="key")
    assert caught.value.code == "NoSuchBucket"


def test_it_is_made_once_and_closes_with_the_store(minio_server: MinioServer) -> None:
    with store_on(minio_server) as store, ThreadPoolExecutor(8) as threads:
        made = set(threads.map(lambda _: id(store.sdk()), range(16)))
        assert len(made) == 1
    with pytest.raises(StoreClosed):
        store.sdk()


def test_the_store_goes_on_when_the_client_is_garbage(minio_server: MinioServer, bucket: str) -> None:
    with store_on(minio_server) as store:
        store.put_object(bucket, "key", b"content")
        store.sdk().__del__()
        assert store.get_object(bucket, "key").read() == b"content"


@pytest.mark.parametrize("cut", [10, 40, 70, -10])
def test_a_response_that_breaks_off_is_an_error(cut: int) -> None:
    whole = b"HTTP/1.1 200 OK\r\nContent-Type: application/xml\r\nContent-Length: %d\r\n\r\n" % len(PAGE) + PAGE
    with (
        serving(lambda _: Response(whole[:cut], ends=True)) as location,
        SETUP.opened(location, SETUP.any_settings()) as store,
        pytest.raises(HTTPError),
    ):
        list(store.sdk().list_objects(bucket_name="bucket"))


def put(client: Minio) -> object:
    return client.put_object(bucket_name="bucket", object_name="key", data=io.BytesIO(b"content"), length=7)


@pytest.mark.parametrize(
    ("act", "tries"),
    [
        (lambda client: list(client.list_objects(bucket_name="bucket")), 3),
        (put, 3),
        (lambda client: client.make_bucket(bucket_name="bucket"), 1),
        (lambda client: client.remove_bucket(bucket_name="bucket"), 1),
        (lambda client: client.set_bucket_versioning(bucket_name="bucket", config=VersioningConfig(ENABLED)), 3),
    ],
    ids=["list", "put", "create", "delete", "versioning"],
)
def test_it_tries_again_as_the_store_does(act: Callable[[Minio], object], tries: int) -> None:
    asked: list[str] = []
    document = b"<Error><Code>SlowDown</Code></Error>"

    def busy(request: Request) -> Response:
        asked.append(request.asked)
        head = b"HTTP/1.1 503 Slow Down\r\nContent-Type: application/xml\r\nContent-Length: %d\r\n\r\n"
        return Response(head % len(document) + document)

    with (
        serving(busy) as location,
        SETUP.opened(location, SETUP.any_settings(), retries=2) as store,
        pytest.raises(S3Error),
    ):
        act(store.sdk())
    assert len(asked) == tries


def test_opening_a_store_and_a_data_request_import_no_sdk(minio_server: MinioServer, bucket: str) -> None:
    program = (
        "import sys\n"
        "from bucketry import open_store\n"
        "store = open_store(sys.argv[1], settings={'access_key': sys.argv[2], 'secret_key': sys.argv[3]}, environ={})\n"
        "store.put_object(sys.argv[4], 'key', b'content')\n"
        "assert store.get_object(sys.argv[4], 'key').read() == b'content'\n"
        "assert store.status().available\n"
        "store.list_objects(sys.argv[4]), store.bucket_usage(sys.argv[4]), store.list_buckets()\n"
        "assert 'minio' not in sys.modules\n"
        "store.sdk()\n"
        "assert 'minio' in sys.modules\n"
    )
    url = minio_server.url.replace("http://", "minio://")
    given = [url, minio_server.access_key, minio_server.secret_key, bucket]
    done = subprocess.run([sys.executable, "-c", program, *given], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
