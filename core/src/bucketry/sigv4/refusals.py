"""Why a signature is refused: S3's code, and a sentence for whoever reads the response."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, Literal

from .canonical import ALGORITHM
from .errors import SignatureError

Kind = Literal["header", "query", "policy"]
"""Where a signature stands."""

_MALFORMED: Final[dict[Kind, str]] = {
    "header": "AuthorizationHeaderMalformed",
    "query": "AuthorizationQueryParametersError",
    "policy": "InvalidArgument",
}
_MISMATCH: Final = (
    "The signature does not match the request. Check the secret key, and that method, path, query and signed headers "
    "arrive as they were signed: a proxy that rewrites Host or the path breaks the signature."
)


def malformed(kind: Kind, reason: str) -> SignatureError:
    """Returns the error for a signature that cannot be read."""
    return SignatureError(_MALFORMED[kind], f"The signature cannot be read: {reason}.")


def mismatch() -> SignatureError:
    """Returns the error for a signature that is not the right one."""
    return SignatureError("SignatureDoesNotMatch", _MISMATCH)


def missing_headers(names: Iterable[str]) -> SignatureError:
    """Returns the error for headers that are signed and did not come."""
    return SignatureError("SignatureDoesNotMatch", f"These signed headers are not in the request: {_listed(names)}.")


def unsigned_headers(names: Iterable[str]) -> SignatureError:
    """Returns the error for headers that came and had to be signed."""
    message = f"There were headers present in the request which were not signed: {_listed(names)}."
    return SignatureError("AccessDenied", message)


def wrong_mechanism(code: str = "InvalidRequest") -> SignatureError:
    """Returns the error for a request that is signed in another way."""
    return SignatureError(
        code,
        f"The authorization mechanism is not supported. Use {ALGORITHM}: most clients call it s3v4 or Signature V4.",
    )


def _listed(names: Iterable[str]) -> str:
    return ", ".join([repr(name[:64]) for name in sorted(names)[:5]])
