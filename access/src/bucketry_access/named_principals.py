"""How policies name principals.

Every user is an account of its own: a policy names a user by id, by account or by ARN.

Source: IAM user guide, "AWS JSON policy elements: Principal"; S3 user guide, "Principals for bucket policies".
"""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Final

import msgspec

from bucketry_access.errors import InvalidPolicy

INVALID_PRINCIPAL: Final = "Invalid principal in policy"

_ID: Final = re.compile(r"[\w+=,.@$-]{1,256}", re.ASCII)
_ARN: Final = re.compile(r"arn:aws:iam::(?P<account>[^:/*?]*):(?P<kind>root|user)(?P<path>/[^:*?]+)?")
_SERVICE: Final = re.compile(r"[a-z0-9.-]{1,128}\.amazonaws\.com")


def user_arn(user_id: str) -> str:
    """Returns the ARN of a user."""
    return f"arn:aws:iam::{user_id}:user/{user_id}"


def is_user_id(text: str) -> bool:
    """Says whether a text can be the id of a user: it can stand in an ARN and has no wildcard."""
    return _ID.fullmatch(text) is not None


class Named(msgspec.Struct, frozen=True):
    """The principals that a statement names.

    Attributes:
        everybody: Whether ``*`` is among them.
        user_ids: Ids of users. An account has the id of its user. The principals of AWS's services are not among them,
            since no request here comes from one.
    """

    everybody: bool
    user_ids: frozenset[str]

    def has(self, user_id: str) -> bool:
        """Says whether they include a user; the id of somebody anonymous is empty."""
        return self.everybody or user_id in self.user_ids


def parse_principals(element: object, users: Collection[str] | None) -> Named:
    """Parses a statement's ``Principal`` or ``NotPrincipal``.

    Args:
        element: The element, decoded from JSON.
        users: The ids of all users; ``None``: not known, so any well-formed name will do.

    Raises:
        InvalidPolicy: A principal is malformed, of an unknown kind, or a user that does not exist.
    """
    if element == "*":
        return Named(everybody=True, user_ids=frozenset())
    if not isinstance(element, dict) or not element:
        raise InvalidPolicy(INVALID_PRINCIPAL)
    everybody, ids = False, set()
    for kind, values in element.items():
        for value in values if isinstance(values, list) and values else [values]:
            if not isinstance(value, str):
                raise InvalidPolicy(INVALID_PRINCIPAL)
            if kind == "AWS" and value == "*":
                everybody = True
            elif kind == "AWS":
                ids.add(_user_of(value, users))
            elif kind == "CanonicalUser":
                ids.add(_known(value, users))
            elif kind != "Service" or not _SERVICE.fullmatch(value):
                raise InvalidPolicy(INVALID_PRINCIPAL)
    return Named(everybody=everybody, user_ids=frozenset(ids))


def _user_of(text: str, users: Collection[str] | None) -> str:
    """Returns the id of the user that an ARN, an account or an id names."""
    if not text.startswith("arn:"):
        # An account of twelve digits may be anybody's, as an account in an ARN may be.
        return text if text.isascii() and text.isdecimal() and len(text) == 12 else _known(text, users)
    match = _ARN.fullmatch(text)
    if match is None or (match["kind"] == "user") != bool(match["path"]):
        raise InvalidPolicy(INVALID_PRINCIPAL)
    account, path = match["account"], match["path"]
    if path is None:
        return _well_formed(account)
    user_id = _known(path.rpartition("/")[2], users)
    if account not in ("", user_id):
        raise InvalidPolicy(INVALID_PRINCIPAL)
    return user_id


def _known(user_id: str, users: Collection[str] | None) -> str:
    if users is not None and user_id not in users:
        raise InvalidPolicy(INVALID_PRINCIPAL)
    return _well_formed(user_id)


def _well_formed(user_id: str) -> str:
    if not is_user_id(user_id):
        raise InvalidPolicy(INVALID_PRINCIPAL)
    return user_id
