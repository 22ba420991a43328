"""Refuses what web pages of other origins may not do.

S3 itself has no such rule: there, a page needs a secret that its user gave it. The key pair of a development server is
printed in the documentation, so every page on the web can sign with it.
"""

from __future__ import annotations

from bucketry.settings import DEFAULT_SECRET_KEY

from bucketry_http.s3 import cors
from bucketry_http.s3.answers import Answer
from bucketry_http.s3.endpoint import Endpoint
from bucketry_http.s3.errors import S3Error
from bucketry_http.s3.request import S3Request
from bucketry_http.s3.settings import S3Credential
from bucketry_http.shared.content_types import OWN_SITE, is_code
from bucketry_http.shared.origins import READING_METHODS, is_foreign


async def refuse_foreign(endpoint: Endpoint, request: S3Request) -> None:
    """Lets a request pass unless a page of another origin may not send it. Call it once it is known who signed.

    What changes something passes if the bucket's CORS rules allow the page, or if somebody has given the page a
    presigned URL or a form with a policy. The published key pair gives no page anything.

    Raises:
        S3Error: The request is refused.
    """
    headers = request.headers
    origin, site = headers.get("origin"), headers.get("sec-fetch-site")
    if request.method in READING_METHODS or not endpoint.settings.check_origins:
        return
    if not is_foreign(origin, site, headers.get("host")) or _was_given(request):
        return
    if await cors.allows(endpoint, request, origin or ""):
        return
    raise S3Error(
        "AccessForbidden",
        "A web page of another origin may not change anything here: allow its origin in the CORS rules of the bucket. "
        "S3 is less strict; an operator can turn this check off (setting check_origins, option --no-s3-check-origins "
        "of bucketry serve).",
    )


def shield(endpoint: Endpoint, request: S3Request, answer: Answer) -> None:
    """Keeps what was asked for with the published key pair from becoming a script or style of another site's page.

    A page needs no permission to run these, and reads what they say. What is stored as one may be run, as at S3: sites
    keep theirs in buckets. Nothing else may, whatever type the page asks for.
    """
    if not endpoint.settings.check_origins or not _is_published(request):
        return
    answer.with_header(b"x-content-type-options", b"nosniff")
    if is_code(request.query.get("response-content-type", "")):
        name, value = OWN_SITE
        answer.with_header(name.encode(), value.encode())


def _is_published(request: S3Request) -> bool:
    signer = request.rights
    return isinstance(signer, S3Credential) and signer.secret_key == DEFAULT_SECRET_KEY


def _was_given(request: S3Request) -> bool:
    """Says whether somebody with a secret key has signed this for the page."""
    return (
        request.is_signed
        and "authorization" not in request.headers
        and isinstance(request.rights, S3Credential)
        and not _is_published(request)
    )
