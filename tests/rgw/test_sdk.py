"""The SDK's client of a store: what the contract does not have, over connections that notice what broke off."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from http import HTTPStatus
from typing import TYPE_CHECKING

import httpx
import pytest
from botocore.exceptions import ClientError
from bucketry import PutOptions, Store, StoreClosed
from urllib3.exceptions import HTTPError

from tests.responses.exchanges import Request, Response, serving
from tests.responses.setups import SETUPS
from tests.rgw.backend import store_on
from tests.servers.handles import RgwServer

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

(SETUP,) = [setup for setup in SETUPS if setup.name == "rgw"]
PAGE = b"<ListBucketResult><IsTruncated>false</IsTruncated></ListBucketResult>"


def test_a_form_uploads_a_file(store: Store, bucket: str) -> None:
    form = store.sdk().generate_presigned_post(bucket, "key", Conditions=[["content-length-range", 1, 10]])

    def post(content: bytes) -> int:
        return httpx.post(form["url"], data=form["fields"], files={"file": content}).status_code

    assert post(b"too long a file") == HTTPStatus.BAD_REQUEST
    assert post(b"content") == HTTPStatus.NO_CONTENT
    assert store.get_object(bucket, "key").read() == b"content"


def test_a_buckets_policy_is_set_and_read(store: Store, bucket: str) -> None:
    policy = {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": f"arn:aws:s3:::{bucket}/*"}
        ],
    }
    store.sdk().put_bucket_policy(Bucket=bucket, Policy=json.dumps(policy))
    assert json.loads(store.sdk().get_bucket_policy(Bucket=bucket)["Policy"]) == policy


def test_its_refusals_are_the_sdks_own(store: Store) -> None:
    with pytest.raises(ClientError) as caught:
        store.sdk().get_object(Bucket="bucketry-rgw-missing", Key="key")
    assert caught.value.response["Error"]["Code"] == "NoSuchBucket"


def test_it_is_made_once_and_closes_with_the_store(rgw_server: RgwServer) -> None:
    with store_on(rgw_server) as store, ThreadPoolExecutor(8) as threads:
        made = set(threads.map(lambda _: id(store.sdk()), range(16)))
        assert len(made) == 1
    with pytest.raises(StoreClosed):
        store.sdk()


def test_a_body_of_any_kind_is_sent(store: Store, bucket: str) -> None:
    client = store.sdk()
    for body in (b"bytes", b"", b"x" * 200_000):
        client.put_object(Bucket=bucket, Key="key", Body=body, CacheControl="max-age=5")
        assert store.get_object(bucket, "key").read() == body


def test_it_takes_nothing_from_the_users_aws_settings(
    rgw_server: RgwServer, bucket: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_PROFILE", "no-such-profile")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "another")
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://another.invalid")
    monkeypatch.setenv("AWS_CA_BUNDLE", "/no/such/file.pem")
    with store_on(rgw_server) as store:
        store.put_object(bucket, "key", b"content", PutOptions())
        assert store.sdk().get_object(Bucket=bucket, Key="key")["Body"].read() == b"content"


def respond(response: bytes) -> Response:
    return Response(response, ends=True)


@pytest.mark.parametrize("cut", [10, 40, 70, -10])
def test_a_response_that_breaks_off_is_an_error(cut: int) -> None:
    whole = b"HTTP/1.1 200 OK\r\nContent-Type: application/xml\r\nContent-Length: %d\r\n\r\n" % len(PAGE) + PAGE
    with (
        serving(lambda _: respond(whole[:cut])) as location,
        SETUP.opened(location, SETUP.any_settings()) as store,
        pytest.raises(HTTPError),
    ):
        store.sdk().list_objects_v2(Bucket="bucket")


@pytest.mark.parametrize(
    ("act", "tries"),
    [
        (lambda client: client.list_objects_v2(Bucket="bucket"), 3),
        (lambda client: client.put_object(Bucket="bucket", Key="key", Body=b"content"), 3),
        (lambda client: client.put_object(Bucket="bucket", Key="key", Body=b"content", IfNoneMatch="*"), 1),
        (lambda client: client.create_bucket(Bucket="bucket"), 1),
        (lambda client: client.delete_bucket(Bucket="bucket"), 1),
        (lambda client: client.create_multipart_upload(Bucket="bucket", Key="key"), 1),
        (lambda client: client.abort_multipart_upload(Bucket="bucket", Key="key", UploadId="id"), 1),
        (lambda client: client.put_bucket_versioning(Bucket="bucket", VersioningConfiguration={}), 3),
        (lambda client: client.delete_objects(Bucket="bucket", Delete={"Objects": [{"Key": "a"}]}), 3),
    ],
    ids=["list", "put", "put if none", "create", "delete", "begin", "abort", "versioning", "delete objects"],
)
def test_it_tries_again_as_the_store_does(act: Callable[[S3Client], object], tries: int) -> None:
    asked: list[str] = []

    def busy(request: Request) -> Response:
        asked.append(request.asked)
        return Response(b"HTTP/1.1 503 Slow Down\r\nContent-Length: 0\r\n\r\n")

    with (
        serving(busy) as location,
        SETUP.opened(location, SETUP.any_settings(), retries=2) as store,
        pytest.raises(ClientError),
    ):
        act(store.sdk())
    assert len(asked) == tries


def test_opening_a_store_and_a_data_request_import_no_sdk(rgw_server: RgwServer, bucket: str) -> None:
    program = (
        "import sys\n"
        "from bucketry import open_store\n"
        "store = open_store(sys.argv[1], settings={'access_key': sys.argv[2], 'secret_key': sys.argv[3]}, environ={})\n"
        "store.put_object(sys.argv[4], 'key', b'content')\n"
        "assert store.get_object(sys.argv[4], 'key').read() == b'content'\n"
        "assert store.status().available\n"
        "store.list_objects(sys.argv[4]), store.bucket_usage(sys.argv[4]), store.list_buckets()\n"
        "assert not [name for name in sys.modules if name.startswith(('boto', 's3transfer'))]\n"
        "store.sdk()\n"
        "assert 'boto3' in sys.modules\n"
    )
    url = rgw_server.url.replace("http://", "rgw://")
    given = [url, rgw_server.access_key, rgw_server.secret_key, bucket]
    done = subprocess.run([sys.executable, "-c", program, *given], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
