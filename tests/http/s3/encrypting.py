"""Ways to encrypt, as boto3 and as raw headers have them."""

from __future__ import annotations

import base64
import hashlib
from typing import Any

KMS_KEY, OTHER_KMS_KEY = "testkey-1", "testkey-2"
KEY, OTHER = b"SECRET key number one, 32 bytes.", b"SECRET key number two, 32 bytes."

SSE = "x-amz-server-side-encryption"
SOURCE = "x-amz-copy-source-server-side-encryption"


def text(key: bytes) -> str:
    return base64.b64encode(key).decode()


def md5_text(key: bytes) -> str:
    return text(hashlib.md5(key, usedforsecurity=False).digest())


def sse_c(key: bytes = KEY, **changed: Any) -> dict[str, Any]:
    return {"SSECustomerAlgorithm": "AES256", "SSECustomerKey": key} | changed


def source_sse_c(key: bytes = KEY) -> dict[str, Any]:
    return {f"CopySource{name}": value for name, value in sse_c(key).items()}


def sse_c_headers(key: bytes = KEY, prefix: str = SSE) -> dict[str, str]:
    return {
        f"{prefix}-customer-algorithm": "AES256",
        f"{prefix}-customer-key": text(key),
        f"{prefix}-customer-key-md5": md5_text(key),
    }


WRITES: dict[str, dict[str, Any]] = {
    "unencrypted": {},
    "sse-s3": {"ServerSideEncryption": "AES256"},
    "sse-kms": {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": KMS_KEY},
    "sse-c": sse_c(),
}
"""What a write asks for, by mode."""


def of_reads(mode: str) -> dict[str, Any]:
    """What a read needs of an object that was written in this mode."""
    return sse_c() if mode == "sse-c" else {}


def of_sources(mode: str) -> dict[str, Any]:
    """What a copy needs of such a source."""
    return source_sse_c() if mode == "sse-c" else {}


def check_told(response: Any, mode: str) -> None:
    """Checks that a response tells this mode and no other."""
    told = {name: response.get(name) for name in ("ServerSideEncryption", "SSEKMSKeyId", "SSECustomerAlgorithm")}
    assert told == {
        "ServerSideEncryption": WRITES[mode].get("ServerSideEncryption"),
        "SSEKMSKeyId": WRITES[mode].get("SSEKMSKeyId"),
        "SSECustomerAlgorithm": WRITES[mode].get("SSECustomerAlgorithm"),
    }
    assert response.get("SSECustomerKeyMD5") == (md5_text(KEY) if mode == "sse-c" else None)
