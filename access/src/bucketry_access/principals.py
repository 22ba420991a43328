"""Who sends a request."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec
from bucketry.owners import Owner

from bucketry_access.named_principals import user_arn

if TYPE_CHECKING:
    from bucketry_access.policies import Policy

ANONYMOUS_ID: Final = "anonymous"
"""What ``aws:userid`` is of somebody who does not sign."""


class Principal(msgspec.Struct, frozen=True, kw_only=True):
    """Who sends a request.

    Attributes:
        user_id: The id of the user; empty for somebody anonymous.
        display_name: The user's name for people.
        is_root: Whether it has the rights of the owner over every bucket and object, within its own policies.
        is_member: Whether all such users share one account, as IAM's users do: what its own policies allow needs no
            permission of whoever owns the bucket. Its policies must not be ``None``.
        policies: Policies of the user. They limit what it may do with its own buckets too. ``None``: it has none, and
            may do with them whatever it likes.
    """

    user_id: str = ""
    display_name: str = ""
    is_root: bool = False
    is_member: bool = False
    policies: tuple[Policy, ...] | None = None

    @property
    def is_anonymous(self) -> bool:
        """Whether the request is not signed."""
        return not self.user_id

    @property
    def arn(self) -> str:
        """The ARN that policies name the user by."""
        return user_arn(self.user_id)


ANONYMOUS: Final = Principal()
"""Somebody who does not sign the request."""

ANONYMOUS_OWNER: Final = Owner(id="65a011a29cdf8ec533ec3d1ccaae921c")
"""Who owns what somebody anonymous writes; the id is S3's own."""
