"""The way of a small request through the S3 port: calls, files, and the check of its signature."""

from __future__ import annotations

import hmac
from collections.abc import Callable
from contextlib import ExitStack, closing
from datetime import UTC, datetime
from functools import partial
from hashlib import sha256
from typing import Final

from bucketry import Secret
from bucketry.sigv4 import Credentials, RequestHeaders, Signer, Verifier, payload_hash

from benchmarks.case import CALLS, FILES, MICROSECONDS, Case, Contender, Contenders, Scale, Target, Unit
from benchmarks.s3_servers.small_request import CONTENT, SmallRequests
from benchmarks.timing import timed, timed_call

_MOST_CALLS: Final = 150
_MOST_FILES: Final = 20
_KEYS: Final = ("access-key", "secret-key-of-the-bench")
_PATH: Final = "/bench/photos/000001"
_NOW: Final = datetime(2024, 1, 15, 10, 30, tzinfo=UTC)


def _counted(
    method: str, count: Callable[[SmallRequests, str], float], most: int, _: Scale, stack: ExitStack
) -> Contenders:
    requests = stack.enter_context(closing(SmallRequests()))
    return Contenders(
        Contender("bucketry", partial(count, requests, method)),
        Contender("the budget", lambda: most),
        Contender("an application that does nothing", lambda: 1),
    )


def _calls(requests: SmallRequests, method: str) -> float:
    return requests.count(method).calls


def _files(requests: SmallRequests, method: str) -> float:
    return len(requests.count(method).files)


def _counting(method: str, what: str, unit: Unit, count: Callable[[SmallRequests, str], float], most: int) -> Case:
    return Case(
        name=f"s3-{method.lower()}-{what}",
        title=f"S3 endpoint over memory, a signed {method} of 1 KiB: {unit.symbol}",
        unit=unit,
        set_up=partial(_counted, method, count, most),
        target=Target(1, f"at most {most}"),
        max_rounds=1,
        note="In process, without a socket. `sys.setprofile` counts calls of Python functions and of C functions. "
        "A file counts if one of its functions is called.",
    )


def _signature(scale: Scale, _: ExitStack) -> Contenders:
    headers = _signed_headers()
    verifier = Verifier({_KEYS[0]: Secret(_KEYS[1])}.get, region="us-east-1")

    def verify() -> None:
        # As the S3 port does: the headers are read here, for all who need them.
        verifier.verify("PUT", _PATH.encode(), b"", RequestHeaders(headers), now=_NOW)

    hashes = Contender("its hashes and HMAC", timed(scale, _hash_and_sign))
    return Contenders(Contender("bucketry", timed_call(scale, verify)), hashes, hashes)


def _signed_headers() -> list[tuple[bytes, bytes]]:
    """Returns the headers of a PUT with eight signed headers, as a client sends them."""
    headers = {
        "content-length": str(len(CONTENT)),
        "content-type": "image/jpeg",
        "cache-control": "max-age=3600",
        "x-amz-meta-camera": "pinhole",
        "x-amz-storage-class": "STANDARD",
    }
    signer = Signer(Credentials(_KEYS[0], Secret(_KEYS[1])), region="us-east-1")
    url = f"http://127.0.0.1:9000{_PATH}"
    signed = signer.sign("PUT", url, payload=payload_hash(CONTENT), headers=headers, now=_NOW)
    pairs = {"host": signed.host, **headers, **signed.headers}
    authorization = next(value for name, value in pairs.items() if name.lower() == "authorization")
    if authorization.split("SignedHeaders=")[1].split(",")[0].count(";") != 7:
        raise AssertionError(authorization)
    return [(name.lower().encode(), value.encode()) for name, value in pairs.items()]


def _hash_and_sign() -> bytes:
    """What no check can do without: a SHA-256 of the canonical request, and an HMAC with the key of the day."""
    digest = sha256(b"r" * 500).hexdigest()
    return hmac.digest(b"k" * 32, b"s" * 80 + digest.encode(), "sha256")


CASES = (
    *(
        _counting(method, what, unit, count, most)
        for what, unit, count, most in (
            ("calls", CALLS, _calls, _MOST_CALLS),
            ("files", FILES, _files, _MOST_FILES),
        )
        for method in ("PUT", "GET")
    ),
    Case(
        name="s3-signature",
        title="check of the signature of a PUT with 8 signed headers",
        unit=MICROSECONDS,
        set_up=_signature,
        target=Target(0.25, "within 4×"),
        note="A SHA-256 of the canonical request and one HMAC: the key is derived once a day. "
        "The hash of the content is part of neither side. Ours reads the headers (1.5 µs) and what the request claims "
        "(1.3), makes the canonical headers (0.8), and checks sets and the time (0.7).",
    ),
)
