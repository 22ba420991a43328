"""Limits wrong signatures, per address and per access key."""

from __future__ import annotations

import re
from typing import Final

from bucketry_http.s3.errors import S3Error
from bucketry_http.s3.request import S3Request
from bucketry_http.shared.errors import TooManyRequests
from bucketry_http.shared.failed_attempts import FailedAttempts
from bucketry_http.shared.origin import client_address

_GUESSES: Final = frozenset({"InvalidAccessKeyId", "SignatureDoesNotMatch"})
"""Codes of errors that somebody without the right key gets."""

_ACCESS_KEY: Final = re.compile(r"(?:Credential=|AWS )([^/:,\s]{1,256})")
_IN_QUERY: Final = ("X-Amz-Credential", "AWSAccessKeyId")


def note_refused(attempts: FailedAttempts, request: S3Request, error: S3Error) -> None:
    """Counts a signature that was refused, if somebody without the right key gets this error.

    Raises:
        TooManyRequests: Wrong signatures came too often from this address, so this one counts for nothing.
    """
    if error.s3_code in _GUESSES:
        address, claimed = client_address(request.scope), _claimed_key(request)
        _check(attempts, address, claimed)
        attempts.failed(address, claimed)


def note_verified(attempts: FailedAttempts, request: S3Request) -> None:
    """Notes that a request is signed rightly, or not at all.

    Raises:
        TooManyRequests: As above.
    """
    if request.verified is None:
        return
    address, access_key = client_address(request.scope), request.verified.access_key
    if not attempts.has_worked(address, access_key):
        _check(attempts, address, access_key)  # A right guess must not be told from a wrong one.
        attempts.worked(address, access_key)


def _check(attempts: FailedAttempts, address: str, access_key: str) -> None:
    if wait := attempts.seconds_left(address, access_key):
        raise TooManyRequests("too many wrong signatures came from this address", wait)


def _claimed_key(request: S3Request) -> str:
    """Returns the access key that a request claims to be signed with; empty: it stands in a form."""
    match = _ACCESS_KEY.search(request.headers.get("authorization", ""))
    if match is not None:
        return match[1]
    return next((request.query[name].partition("/")[0] for name in _IN_QUERY if name in request.query), "")
