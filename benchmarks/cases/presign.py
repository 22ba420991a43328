"""Presigned URLs."""

from __future__ import annotations

import hmac
from contextlib import ExitStack
from datetime import timedelta
from functools import partial
from hashlib import sha256

from bucketry import PresignOptions

from benchmarks.case import MICROSECONDS, Case, Contender, Contenders, Scale, Target
from benchmarks.cases.memory import memory_store
from benchmarks.timing import timed_call

_EXPIRES_IN = 3600
_KEY = "uploads/file.zip"


def _hashes() -> bytes:
    """What every signature takes: one SHA-256 of the canonical request, and one HMAC of its digest."""
    digest = sha256(b"r" * 350).hexdigest()
    return hmac.digest(b"k" * 32, b"s" * 80 + digest.encode(), "sha256")


def _contenders(scale: Scale, stack: ExitStack, theirs: Contender) -> Contenders:
    presign = partial(memory_store(stack).presign, "bench", _KEY)
    options = PresignOptions(expires_in=_EXPIRES_IN)
    return Contenders(
        Contender("bucketry", timed_call(scale, presign, options)),
        theirs,
        Contender("its SHA-256 and HMAC", timed_call(scale, _hashes)),
    )


def _against_boto3(scale: Scale, stack: ExitStack) -> Contenders:
    import boto3
    from botocore.config import Config

    client = boto3.client(
        "s3",
        endpoint_url="http://localhost:9000",
        region_name="us-east-1",
        aws_access_key_id="a",
        aws_secret_access_key="s",
        config=Config(signature_version="s3v4", s3={"addressing_style": "path"}),
    )
    stack.callback(client.close)
    presign = partial(client.generate_presigned_url, Params={"Bucket": "bench", "Key": _KEY}, ExpiresIn=_EXPIRES_IN)
    return _contenders(scale, stack, Contender("boto3", timed_call(scale, presign, "get_object")))


def _against_minio(scale: Scale, stack: ExitStack) -> Contenders:
    from minio import Minio

    # With a region given, it asks no server for one.
    client = Minio(
        endpoint="localhost:9000", access_key="minio", secret_key="secret-key", secure=False, region="us-east-1"
    )
    presign = partial(
        client.presigned_get_object,
        bucket_name="bench",
        object_name=_KEY,
        expires=timedelta(seconds=_EXPIRES_IN),
    )
    return _contenders(scale, stack, Contender("minio-py", timed_call(scale, presign)))


CASES = (
    Case(
        name="presign-boto3",
        title="presign",
        unit=MICROSECONDS,
        set_up=_against_boto3,
        target=Target(10, "10× faster"),
        needs=("boto3",),
    ),
    Case(
        name="presign-minio",
        title="presign",
        unit=MICROSECONDS,
        set_up=_against_minio,
        target=Target(3, "3× faster"),
        needs=("minio",),
    ),
)
