"""The three ways to a store, each with the same calls: `Store`, the REST port and the S3 port."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any, Final, Protocol
from urllib.parse import quote, urlsplit

import boto3
import urllib3
from botocore.client import Config
from botocore.exceptions import BotoCoreError, ClientError
from bucketry import BucketryError, ListOptions, NoSuchKey, Secret, Store, Throttled, Unavailable
from bucketry_http import Listener, RestSettings, S3Credential, S3Settings, Server, create_app, create_s3_app

from tests.load.serving import ACCESS_KEY, SECRET_KEY, TOKEN, Served

KEY, SECRET = "faults", "the secret key of the faults"
PATIENCE: Final = 60.0
"""Seconds after which a response counts as one that never comes."""


class Failed(Exception):
    """The call failed as it may while the backend does not answer: it was done, or was not."""


class Front(Protocol):
    """What tests do with a store."""

    name: str

    def put(self, bucket: str, key: str, content: bytes) -> None:
        """Store an object."""

    def get(self, bucket: str, key: str) -> bytes | None:
        """Return an object's content; `None` if there is none."""

    def delete(self, bucket: str, key: str) -> None:
        """Delete an object."""

    def list(self, bucket: str, prefix: str) -> list[str]:
        """Return the keys that begin so."""

    def copy(self, bucket: str, source: str, key: str) -> None:
        """Copy an object."""

    def upload(self, bucket: str, key: str, parts: Sequence[bytes]) -> None:
        """Store an object in parts, and abort the upload if that fails."""


class StoreFront:
    """A store itself."""

    name = "store"

    def __init__(self, store: Store) -> None:
        self._store = store

    @staticmethod
    @contextmanager
    def _failing() -> Iterator[None]:
        try:
            yield
        except (Unavailable, Throttled) as error:
            raise Failed(str(error)) from error

    def put(self, bucket: str, key: str, content: bytes) -> None:
        with self._failing():
            self._store.put_object(bucket, key, content)

    def get(self, bucket: str, key: str) -> bytes | None:
        try:
            with self._failing():
                return self._store.get_object(bucket, key).read()
        except NoSuchKey:
            return None

    def delete(self, bucket: str, key: str) -> None:
        with self._failing():
            self._store.delete_object(bucket, key)

    def list(self, bucket: str, prefix: str) -> list[str]:
        with self._failing():
            return [one.key for one in self._store.iter_objects(bucket, ListOptions(prefix=prefix, limit=5))]

    def copy(self, bucket: str, source: str, key: str) -> None:
        with self._failing():
            self._store.copy_object(bucket, source, bucket, key)

    def upload(self, bucket: str, key: str, parts: Sequence[bytes]) -> None:
        with self._failing():
            upload = self._store.create_multipart_upload(bucket, key)
            try:
                sent = [
                    self._store.upload_part(bucket, key, upload.upload_id, number, part)
                    for number, part in enumerate(parts, 1)
                ]
                self._store.complete_multipart_upload(bucket, key, upload.upload_id, sent)
            except BucketryError:
                try:
                    self._store.abort_multipart_upload(bucket, key, upload.upload_id)
                except BucketryError:
                    LEFT.append((bucket, key, upload.upload_id))
                raise


LEFT: Final[list[tuple[str, str, str]]] = []
"""Uploads that their clients could not abort: bucket, key and id."""


class RestFront:
    """The REST port. It has neither copies nor uploads in parts; large files go to the driver in parts all the same."""

    name = "rest"

    def __init__(self, url: str, token: str = "") -> None:
        self._url = f"{url}/api/v1/storage/buckets"
        headers = {"authorization": f"Bearer {token}"} if token else {}
        self._http = urllib3.PoolManager(retries=False, timeout=urllib3.Timeout(PATIENCE), headers=headers)

    def close(self) -> None:
        self._http.clear()

    def _ask(self, method: str, path: str, body: bytes | None = None) -> urllib3.BaseHTTPResponse:
        try:
            response = self._http.request(method, self._url + path, body=body)
        except urllib3.exceptions.TimeoutError:
            raise  # It hangs.
        except urllib3.exceptions.HTTPError as error:
            raise Failed(str(error)) from error  # A download that breaks off.
        if response.status == 503:
            raise Failed(response.data.decode())
        return response

    def put(self, bucket: str, key: str, content: bytes) -> None:
        response = self._ask("PUT", f"/{bucket}/objects/{quote(key, safe='')}", content)
        assert response.status == 201, response.data

    def get(self, bucket: str, key: str) -> bytes | None:
        response = self._ask("GET", f"/{bucket}/objects/{quote(key, safe='')}")
        assert response.status in {200, 404}, response.data
        return response.data if response.status == 200 else None

    def delete(self, bucket: str, key: str) -> None:
        response = self._ask("DELETE", f"/{bucket}/objects?key={quote(key, safe='')}")
        assert response.status == 204, response.data

    def list(self, bucket: str, prefix: str) -> list[str]:
        response = self._ask("GET", f"/{bucket}/objects?prefix={quote(prefix)}")
        assert response.status == 200, response.data
        return [one["key"] for one in response.json()]

    def copy(self, bucket: str, source: str, key: str) -> None:
        content = self.get(bucket, source)
        assert content is not None
        self.put(bucket, key, content)

    def upload(self, bucket: str, key: str, parts: Sequence[bytes]) -> None:
        self.put(bucket, key, b"".join(parts))


class S3Front:
    """The S3 port, as boto3 uses it without retries."""

    name = "s3"

    def __init__(self, url: str, keys: tuple[str, str] = (KEY, SECRET)) -> None:
        self._client: Any = boto3.client(
            "s3",
            endpoint_url=url,
            region_name="us-east-1",
            aws_access_key_id=keys[0],
            aws_secret_access_key=keys[1],
            config=Config(
                s3={"addressing_style": "path"},
                retries={"total_max_attempts": 1},
                connect_timeout=PATIENCE,
                read_timeout=PATIENCE,
            ),
        )

    def close(self) -> None:
        self._client.close()

    @staticmethod
    @contextmanager
    def _failing() -> Iterator[None]:
        try:
            yield
        except ClientError as error:
            if error.response["ResponseMetadata"]["HTTPStatusCode"] != 503:
                raise
            raise Failed(str(error)) from error

    def put(self, bucket: str, key: str, content: bytes) -> None:
        with self._failing():
            self._client.put_object(Bucket=bucket, Key=key, Body=content)

    def get(self, bucket: str, key: str) -> bytes | None:
        try:
            with self._failing():
                response = self._client.get_object(Bucket=bucket, Key=key)
        except self._client.exceptions.NoSuchKey:
            return None
        try:
            content: bytes = response["Body"].read()
        except BotoCoreError as error:  # It breaks off.
            raise Failed(str(error)) from error
        return content

    def delete(self, bucket: str, key: str) -> None:
        with self._failing():
            self._client.delete_object(Bucket=bucket, Key=key)

    def list(self, bucket: str, prefix: str) -> list[str]:
        with self._failing():
            pages = self._client.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix, MaxKeys=5)
            return [one["Key"] for page in pages for one in page.get("Contents", [])]

    def copy(self, bucket: str, source: str, key: str) -> None:
        with self._failing():
            self._client.copy_object(Bucket=bucket, Key=key, CopySource={"Bucket": bucket, "Key": source})

    def upload(self, bucket: str, key: str, parts: Sequence[bytes]) -> None:
        with self._failing():
            upload_id = self._client.create_multipart_upload(Bucket=bucket, Key=key)["UploadId"]
            of = {"Bucket": bucket, "Key": key, "UploadId": upload_id}
            try:
                listed = [
                    {"PartNumber": number, "ETag": self._client.upload_part(**of, PartNumber=number, Body=part)["ETag"]}
                    for number, part in enumerate(parts, 1)
                ]
                self._client.complete_multipart_upload(**of, MultipartUpload={"Parts": listed})
            except (ClientError, BotoCoreError):
                try:
                    self._client.abort_multipart_upload(**of)
                except (ClientError, BotoCoreError):
                    LEFT.append((bucket, key, upload_id))
                raise


@contextmanager
def ports(store: Store) -> Iterator[tuple[RestFront, S3Front]]:
    """Serve both ports over a store, in a thread."""
    credential = S3Credential(access_key=KEY, secret_key=Secret(SECRET))
    listeners = [
        Listener(create_app(store, RestSettings()), port=0),
        Listener(create_s3_app(store, S3Settings(credentials=(credential,))), port=0),
    ]
    ready = threading.Event()
    server = Server(listeners, lambda _: ready.set())
    thread = threading.Thread(target=server.run, name="faults-server")
    thread.start()
    try:
        assert ready.wait(PATIENCE)
        with ExitStack() as stack:
            rest, s3 = RestFront(server.urls[0]), S3Front(server.urls[1])
            stack.callback(rest.close)
            stack.callback(s3.close)
            yield rest, s3
    finally:
        server.stop()
        thread.join()


@contextmanager
def ports_of(where: Served) -> Iterator[tuple[RestFront, S3Front]]:
    """Use both ports of a server process."""
    with ExitStack() as stack:
        rest, s3 = RestFront(where.rest, TOKEN.text.reveal()), S3Front(where.s3, (ACCESS_KEY, SECRET_KEY))
        stack.callback(rest.close)
        stack.callback(s3.close)
        yield rest, s3


def location_of(url: str) -> str:
    return urlsplit(url).netloc
