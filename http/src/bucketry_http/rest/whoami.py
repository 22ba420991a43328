"""Who sends a request."""

from __future__ import annotations

from litestar import get

from bucketry_http.rest.authorization import sender_of
from bucketry_http.rest.framework import ApiRequest
from bucketry_http.rest.openapi import ApiOperation
from bucketry_http.rest.problems import request_problems
from bucketry_http.rest.schemas import WhoamiView, whole_seconds
from bucketry_http.shared.origin import ANONYMOUS


@get(
    "/whoami",
    tags=["Status"],
    summary="Who am I",
    operation_id="whoami",
    operation_class=ApiOperation,
    responses=request_problems(),
)
async def whoami(request: ApiRequest) -> WhoamiView:
    """Say whose token the request carries, and what roles and groups they have.

    Where the server asks nobody for a token, everybody is `anonymous` and has every right.
    """
    identity = sender_of(request).identity
    if identity is None:
        return WhoamiView(ANONYMOUS, ANONYMOUS, "anonymous", [], [], is_root=True)
    user = identity.user
    return WhoamiView(
        user.id,
        user.owner.display_name,
        user.kind,
        list(user.groups),
        list(user.roles),
        user.is_root,
        identity.credential,
        None if identity.expires_at is None else whole_seconds(identity.expires_at),
    )
