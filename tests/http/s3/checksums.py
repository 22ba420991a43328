"""The checksums of S3, apart from the endpoint's own code: the CRCs bit by bit."""

from __future__ import annotations

import base64
import hashlib
import zlib

import xxhash

ALGORITHMS = [
    "crc32",
    "crc32c",
    "crc64nvme",
    "sha1",
    "sha256",
    "sha512",
    "md5",
    "xxhash64",
    "xxhash3",
    "xxhash128",
]


def _reflected_crc(data: bytes, polynomial: int, bits: int) -> bytes:
    """A CRC whose polynomial, input and output are reflected, and which begins and ends with all ones."""
    ones = (1 << bits) - 1
    crc = ones
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (polynomial if crc & 1 else 0)
    return (crc ^ ones).to_bytes(bits // 8, "big")


def checksum(algorithm: str, data: bytes) -> str:
    """A checksum in base64. The polynomials: RFC 3720 for CRC32C, the NVM Express specification for CRC64NVME."""
    digest = {
        "crc32": lambda: zlib.crc32(data).to_bytes(4, "big"),
        "crc32c": lambda: _reflected_crc(data, 0x82F63B78, 32),
        "crc64nvme": lambda: _reflected_crc(data, 0x9A6C9329AC4BC9B5, 64),
        "sha1": lambda: hashlib.sha1(data, usedforsecurity=False).digest(),
        "sha256": lambda: hashlib.sha256(data).digest(),
        "sha512": lambda: hashlib.sha512(data).digest(),
        "md5": lambda: hashlib.md5(data, usedforsecurity=False).digest(),
        "xxhash64": lambda: xxhash.xxh64_digest(data),
        "xxhash3": lambda: xxhash.xxh3_64_digest(data),
        "xxhash128": lambda: xxhash.xxh128_digest(data),
    }[algorithm]()
    return base64.b64encode(digest).decode()
