"""Large files through boto3's transfer manager, and many clients at once."""

from __future__ import annotations

import io
import random
from concurrent.futures import ThreadPoolExecutor

import pytest
from boto3.s3.transfer import TransferConfig
from bucketry import Store
from bucketry_http import S3Rights
from types_boto3_s3 import S3Client

from tests.http.s3.checksums import checksum
from tests.http.s3.client import Client
from tests.http.s3.serving import memory_store, serving

MIB = 1024**2
CONFIG = TransferConfig(multipart_threshold=5 * MIB, multipart_chunksize=5 * MIB, max_concurrency=4)


@pytest.mark.parametrize("size", [0, 1, 5 * MIB - 1, 5 * MIB, 17 * MIB + 1])
def test_files_of_any_size(boto: S3Client, store: Store, size: int) -> None:
    body = random.Random(size).randbytes(size)
    boto.upload_fileobj(io.BytesIO(body), "things", "a", ExtraArgs={"ContentType": "text/plain"}, Config=CONFIG)
    info = store.head_object("things", "a")
    assert (info.size_bytes, info.content_type) == (size, "text/plain")
    back = io.BytesIO()
    boto.download_fileobj("things", "a", back, Config=CONFIG)
    assert back.getvalue() == body
    boto.copy({"Bucket": "things", "Key": "a"}, "guests", "b", Config=CONFIG)
    with store.get_object("guests", "b") as copied:
        assert copied.read() == body
    assert store.list_multipart_uploads("things").uploads == ()


def test_many_clients_at_once(s3: Client, store: Store) -> None:
    def work(number: int) -> list[int]:
        body = bytes([number]) * (number * 4099)
        target = f"/things/{number}"
        statuses = [s3.ask("PUT", target, body).status, s3.ask("PUT", "/things/shared", body).status]
        reply = s3.ask("GET", target)
        assert reply.body == body
        return [*statuses, reply.status, s3.ask("DELETE", target).status]

    with ThreadPoolExecutor(16) as pool:
        assert list(pool.map(work, range(1, 65))) == [[200, 200, 200, 204]] * 64
    [shared] = store.iter_objects("things")
    with store.get_object("things", shared.key) as opened:
        content = opened.read()
    # One of them, and whole.
    assert content == content[:1] * (content[0] * 4099)


def test_anybody_may_send_chunks_with_a_checksum_where_anybody_may_write() -> None:
    with memory_store() as store, serving(store, anonymous=S3Rights(buckets=("open",))) as url:
        store.create_bucket("open")
        s3 = Client(url)
        headers = {
            "x-amz-content-sha256": "STREAMING-UNSIGNED-PAYLOAD-TRAILER",
            "x-amz-decoded-content-length": "4",
            "x-amz-trailer": "x-amz-checksum-crc32",
            "content-encoding": "aws-chunked",
        }
        for data, error in [(b"bodi", (400, "BadDigest")), (b"body", (200, ""))]:
            body = (
                b"4\r\n" + data + b"\r\n0\r\nx-amz-checksum-crc32:" + checksum("crc32", b"body").encode() + b"\r\n\r\n"
            )
            assert s3.send("PUT", "/open/a", headers, body).error == error
        with store.get_object("open", "a") as opened:
            assert opened.read() == b"body"
