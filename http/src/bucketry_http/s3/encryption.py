"""Encryption in headers: what a request asks for, and what its errors say. `response_headers` tells what an object has.

Source: S3 API reference, PutObject, GetObject and UploadPart; S3 user guide, "Protecting data with server-side
encryption". The messages are those of S3, and so are the arguments that its errors name, right or not.
"""

from __future__ import annotations

import base64
import binascii
import hmac
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final

from bucketry import (
    CustomerKey,
    CustomerKeyNeeded,
    CustomerKeyNotNeeded,
    Encryption,
    InvalidArgument,
    Part,
    WrongCustomerKey,
)
from bucketry.encryption import CUSTOMER_KEY_BYTES, DSSE_KMS, SSE_KMS, SSE_S3
from bucketry.s3 import COPY_SOURCE

from bucketry_http.s3.errors import S3Error, invalid_argument, not_implemented
from bucketry_http.s3.request import Endpoint, S3Request
from bucketry_http.s3.response_headers import BUCKET_KEY, ENCRYPTION, KMS_CONTEXT, KMS_KEY

ENCRYPTION_HEADERS: Final = frozenset({ENCRYPTION, KMS_KEY, KMS_CONTEXT, BUCKET_KEY})

_OF_SOURCE: Final = f"{COPY_SOURCE}-server-side-encryption"
_ALGORITHM: Final = "-customer-algorithm"
_KEY: Final = "-customer-key"
_KEY_MD5: Final = "-customer-key-md5"


def _customer_headers(prefix: str) -> frozenset[str]:
    return frozenset(prefix + name for name in (_ALGORITHM, _KEY, _KEY_MD5))


CUSTOMER_KEY_HEADERS: Final = _customer_headers(ENCRYPTION)
SOURCE_KEY_HEADERS: Final = _customer_headers(_OF_SOURCE)

_WITH_CUSTOMER_KEY: Final = "Requests specifying Server Side Encryption with Customer provided keys must provide"


def read_encryption(_endpoint: Endpoint, _request: S3Request, headers: Mapping[str, str]) -> Mapping[str, Any]:
    """Returns ``encryption`` of a new version.

    Raises:
        S3Error: A header is malformed, or goes with another algorithm or not with a customer's key.
    """
    algorithm, key_id, context = (headers.get(name) for name in (ENCRYPTION, KMS_KEY, KMS_CONTEXT))
    bucket_key = _flag(headers)
    if algorithm is None:
        if key_id is not None or context is not None:
            raise _needs_kms(None)
        if bucket_key:
            raise not_implemented(f"{BUCKET_KEY} without {ENCRYPTION}")
        return {}
    if not CUSTOMER_KEY_HEADERS.isdisjoint(headers):
        raise _invalid(
            "Server Side Encryption with Customer provided key is incompatible with the encryption method specified",
            algorithm,
        )
    if algorithm not in {SSE_S3, SSE_KMS, DSSE_KMS}:
        raise _invalid("The encryption method specified is not supported", algorithm)
    if algorithm == SSE_S3 and (key_id is not None or context is not None):
        raise _needs_kms(algorithm)
    try:
        encryption = Encryption(
            algorithm=algorithm,  # type: ignore[arg-type]  # It is one of the three.
            key_id=key_id,
            context=context,
            bucket_key=bucket_key if algorithm == SSE_KMS else None,
        )
        return {"encryption": encryption.checked()}
    except InvalidArgument as error:
        raise _malformed(key_id, context, error) from error


def _malformed(key_id: str | None, context: str | None, error: InvalidArgument) -> S3Error:
    if context is not None:
        return invalid_argument(
            KMS_CONTEXT,
            context,
            f"The header '{KMS_CONTEXT}' shall be Base64-encoded UTF-8 string holding JSON which represents a "
            f"string-string map ({error.detail})",
        )
    return invalid_argument(KMS_KEY, key_id or "", f"Invalid keyId: {error.detail}")


def _flag(headers: Mapping[str, str]) -> bool | None:
    text = headers.get(BUCKET_KEY)
    if text is not None and text.strip().lower() not in {"true", "false"}:
        raise invalid_argument(BUCKET_KEY, text, f"{BUCKET_KEY} is true or false")
    return None if text is None else text.strip().lower() == "true"


def read_customer_key(_endpoint: Endpoint, _request: S3Request, headers: Mapping[str, str]) -> Mapping[str, Any]:
    """Returns ``customer_key``.

    Raises:
        S3Error: A header is missing or malformed.
    """
    return {"customer_key": _customer_key(headers, ENCRYPTION)}


def read_source_key(_endpoint: Endpoint, _request: S3Request, headers: Mapping[str, str]) -> Mapping[str, Any]:
    """Returns ``source_customer_key``.

    Raises:
        S3Error: A header is missing or malformed.
    """
    return {"source_customer_key": _customer_key(headers, _OF_SOURCE)}


def _customer_key(headers: Mapping[str, str], prefix: str) -> CustomerKey:
    """Reads the three headers. S3 refuses them over plain HTTP; this endpoint does not, since tests seldom use TLS.

    Raises:
        S3Error: One is missing or malformed. The error shows no key.
    """
    algorithm, text, md5 = (headers.get(prefix + name) for name in (_ALGORITHM, _KEY, _KEY_MD5))
    if algorithm is None:
        raise _invalid(f"{_WITH_CUSTOMER_KEY} a valid encryption algorithm.")
    if text is None:
        raise _invalid(f"{_WITH_CUSTOMER_KEY} an appropriate secret key.")
    if md5 is None:
        raise _invalid(f"{_WITH_CUSTOMER_KEY} the client calculated MD5 of the secret key.")
    if algorithm != SSE_S3:
        raise S3Error(
            "InvalidEncryptionAlgorithmError",
            "The Encryption request you specified is not valid. Supported value: AES256.",
            elements={"ArgumentName": ENCRYPTION, "ArgumentValue": algorithm[:100]},
        )
    raw = _decoded(text)
    if len(raw) != CUSTOMER_KEY_BYTES:
        raise _invalid("The secret key was invalid for the specified algorithm.")
    key = CustomerKey(raw)
    if not hmac.compare_digest(_decoded(md5), key.md5):
        raise _invalid("The calculated MD5 hash of the key did not match the hash that was provided.")
    return key


def _decoded(text: str) -> bytes:
    try:
        return base64.b64decode(text.strip(), validate=True)
    except (binascii.Error, ValueError):
        return b""


def _invalid(message: str, value: str = "null") -> S3Error:
    return invalid_argument(ENCRYPTION, value, message)


def _needs_kms(algorithm: str | None) -> S3Error:
    message = f"Server Side Encryption with AWS KMS managed key requires HTTP header {ENCRYPTION} : {SSE_KMS}"
    return _invalid(message, algorithm or "null")


def encryption_of_part(endpoint: Endpoint, request: S3Request) -> Encryption | None:
    """Returns the encryption that the upload of a part asks for, if it does.

    Raises:
        S3Error: As `read_encryption`.
    """
    if ENCRYPTION_HEADERS.isdisjoint(request.headers):
        return None
    return read_encryption(endpoint, request, request.headers).get("encryption")


def check_part(part: Part, asked: Encryption | None) -> None:
    """Checks that a part is encrypted as its request says. It need not say it: the upload decides.

    Source: S3 API reference, UploadPart ("you don't need to specify the encryption parameters in each UploadPart
    request").

    Raises:
        S3Error: The upload has another encryption.
    """
    if asked is not None and (part.encryption is None or part.encryption.algorithm != asked.algorithm):
        raise S3Error("InvalidRequest", _OTHER_PARAMETERS)


_OTHER_PARAMETERS: Final = "The provided encryption parameters did not match the ones used originally."


@contextmanager
def errors_of_uploads() -> Iterator[None]:
    """Translates errors of the customer's key of an upload. S3 has other ones here than for objects.

    Raises:
        S3Error: The key is missing, is another one, or is not needed.
    """
    try:
        yield
    except CustomerKeyNeeded as error:
        raise S3Error(
            "InvalidRequest",
            "The multipart upload initiate requested encryption. Subsequent part requests must include the appropriate "
            "encryption parameters.",
        ) from error
    except (WrongCustomerKey, CustomerKeyNotNeeded) as error:
        raise S3Error("InvalidRequest", _OTHER_PARAMETERS) from error
