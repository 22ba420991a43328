"""Headers that cannot be honoured are refused, also beside those that nothing has to be looked at for."""

from __future__ import annotations

import pytest
from bucketry_http.s3.errors import S3Error
from bucketry_http.s3.headers import PLAIN as NEVER_REFUSED
from bucketry_http.s3.headers import check_headers

REFUSED = {
    "content-range": "bytes 0-1/2",
    "if-unmodified-since": "Sun, 06 Nov 1994 08:49:37 GMT",
    "x-amz-acl": "public-read",
    "x-amz-copy-source-if-match": "a",
    "x-amz-grant-read": "id=somebody",
    "x-amz-mfa": "1 2",
    "x-amz-object-lock-mode": "GOVERNANCE",
    "x-amz-server-side-encryption": "AES256",
    "x-amz-server-side-encryption-customer-algorithm": "AES256",
    "x-amz-storage-class": "GLACIER",
    "x-amz-website-redirect-location": "/",
    "x-amz-write-offset-bytes": "1",
}
PLAIN = dict.fromkeys(NEVER_REFUSED, "1")


@pytest.mark.parametrize("name", REFUSED)
def test_a_header_that_cannot_be_honoured_is_refused(name: str) -> None:
    with pytest.raises(S3Error):
        check_headers({**PLAIN, name: REFUSED[name]}, write=True)


def test_plain_headers_pass_whatever_their_values() -> None:
    # One more name takes the long way, and finds nothing to refuse either.
    for headers in (PLAIN, {**PLAIN, "x-custom": "1"}):
        for write in (True, False):
            check_headers(headers, write=write)
