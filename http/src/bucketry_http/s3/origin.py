"""Tells who sends a request: the store, for layers that read the origin of calls, and the limits of rates."""

from __future__ import annotations

from bucketry.origin import Action, Origin, set_origin

from bucketry_http.s3.request import S3Request
from bucketry_http.s3.settings import S3Credential
from bucketry_http.shared.origin import ADMISSION, ANONYMOUS, client_address


def tell_origin(request: S3Request, action: Action = "api") -> None:
    """Sets the origin of the calls that a request makes. Call it once it is known who sends it.

    Args:
        request: The request.
        action: How it came.
    """
    principal = request.principal.user_id or ANONYMOUS
    address = client_address(request.scope)
    set_origin(Origin(principal=principal, address=address, request_id=request.id, action=action))


def count_sender(request: S3Request) -> None:
    """Counts a request for its sender: the user, or the access key of nobody in particular.

    Raises:
        TooManyRequests: The sender has too many.
    """
    credential = request.credential
    if isinstance(credential, S3Credential) and not credential.user_id:
        request.scope[ADMISSION].of_principal(f"key {credential.access_key}")
    else:
        request.scope[ADMISSION].of_principal(request.principal.user_id)
