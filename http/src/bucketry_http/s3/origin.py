"""Tells a store who sends a request, for layers that read the origin of calls."""

from __future__ import annotations

from bucketry.origin import Action, Origin, set_origin

from bucketry_http.s3.request import S3Request
from bucketry_http.shared.origin import ANONYMOUS, client_address


def tell_origin(request: S3Request, action: Action = "api") -> None:
    """Sets the origin of the calls that a request makes. Call it once it is known who sends it.

    Args:
        request: The request.
        action: How it came.
    """
    principal = request.principal.user_id or ANONYMOUS
    address = client_address(request.scope)
    set_origin(Origin(principal=principal, address=address, request_id=request.id, action=action))
