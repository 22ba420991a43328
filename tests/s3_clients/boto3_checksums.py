"""Transfers of boto3 with every checksum: `python boto3_checksums.py ENDPOINT ACCESS_KEY SECRET_KEY BUCKET`.

Its environment has awscrt, with which boto3 makes those that Python has not.
"""

from __future__ import annotations

import base64
import sys
import zlib
from io import BytesIO
from typing import Any

import boto3
from boto3.s3.transfer import TransferConfig
from botocore.config import Config
from botocore.exceptions import ClientError

ENDPOINT, ACCESS_KEY, SECRET_KEY, BUCKET = sys.argv[1:]
PART = 5 * 2**20
TRANSFER = TransferConfig(multipart_threshold=PART, multipart_chunksize=PART)
LARGE = bytes(range(256)) * (11 * 2**12)

s3 = boto3.client(
    "s3",
    endpoint_url=ENDPOINT,
    aws_access_key_id=ACCESS_KEY,
    aws_secret_access_key=SECRET_KEY,
    region_name="us-east-1",
    config=Config(s3={"addressing_style": "path"}, retries={"total_max_attempts": 1}),
)


def upload(content: bytes, **arguments: str) -> dict[str, Any]:
    """Upload content, download it again, and return what the object's attributes say."""
    s3.upload_fileobj(BytesIO(content), BUCKET, "k", ExtraArgs=arguments, Config=TRANSFER)
    # The SDK checks the checksum that comes with it.
    assert s3.get_object(Bucket=BUCKET, Key="k", ChecksumMode="ENABLED")["Body"].read() == content
    attributes = s3.get_object_attributes(
        Bucket=BUCKET, Key="k", ObjectAttributes=["Checksum", "ObjectParts", "ObjectSize"]
    )
    assert attributes["ObjectSize"] == len(content)
    return {**attributes}


def refusal(content: bytes, **arguments: str) -> str:
    """Return the code of the error that an upload ends with."""
    try:
        upload(content, **arguments)
    except ClientError as error:
        return str(error.response["Error"]["Code"])
    return "none"


def crc32(content: bytes) -> str:
    """Return a checksum as S3 writes it."""
    return base64.b64encode(zlib.crc32(content).to_bytes(4)).decode()


for content in (b"", b"hello", LARGE):
    assert upload(content)["Checksum"]
    for algorithm in ("CRC32", "CRC32C", "CRC64NVME", "SHA1", "SHA256"):
        attributes = upload(content, ChecksumAlgorithm=algorithm)
        assert attributes["Checksum"][f"Checksum{algorithm}"], algorithm
        if content is LARGE:
            assert attributes["ObjectParts"]["TotalPartsCount"] == 3
    # A checksum of the whole that the application knows already.
    assert upload(content, ChecksumCRC32=crc32(content))["Checksum"]["ChecksumCRC32"] == crc32(content)
    assert refusal(content, ChecksumCRC32=crc32(b"other")) == "BadDigest"

print("ok")
