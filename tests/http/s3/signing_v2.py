"""Signs with Signature Version 2, as boto3 does and as the S3 user guide says."""

from __future__ import annotations

import base64
import hmac
import time
from collections.abc import Sequence
from typing import Any
from urllib.parse import quote

import boto3
from bucketry_http import S3Credential
from types_boto3_s3 import S3Client

from tests.http.s3.serving import CREDENTIAL
from tests.testing.plain import Answer

BODY = b"what is stored"
MISMATCH = (403, "SignatureDoesNotMatch")
DENIED = (403, "AccessDenied")


def presigned(boto: S3Client, operation: str, key: str | None = "a", expires: int = 60, **params: Any) -> str:
    named = {"Bucket": "things", **({} if key is None else {"Key": key}), **params}
    url = boto.generate_presigned_url(operation, Params=named, ExpiresIn=expires)
    assert "AWSAccessKeyId=" in url
    return url


def client_of(url: str, credential: S3Credential, **settings: Any) -> S3Client:
    return boto3.client(
        "s3",
        endpoint_url=url,
        region_name="us-east-1",
        aws_access_key_id=credential.access_key,
        aws_secret_access_key=credential.secret_key.reveal(),
        **settings,
    )


def signed(
    method: str,
    target: str,
    *,
    resource: str = "",
    headers: Sequence[str] = (),
    content_type: str = "",
    expires: str = "",
    by: S3Credential = CREDENTIAL,
) -> str:
    """A target as the user guide says that it is signed; the resource is the path where it has no sub-resource."""
    expires = expires or str(int(time.time()) + 60)
    path = target.partition("?")[0]
    to_sign = "\n".join([method, "", content_type, expires, *headers, resource or path])
    mac = hmac.digest(by.secret_key.reveal().encode(), to_sign.encode(), "sha1")
    signature = quote(base64.b64encode(mac).decode(), safe="")
    joined = "&" if "?" in target else "?"
    return f"{target}{joined}AWSAccessKeyId={by.access_key}&Expires={expires}&Signature={signature}"


def seen(answer: Answer) -> tuple[int, str]:
    return answer.status, answer.code
