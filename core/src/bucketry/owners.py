"""Owners of buckets and objects.

Source: S3 API reference, ``Owner``; S3 user guide, "Access control list (ACL) overview".
"""

from __future__ import annotations

from hashlib import sha256
from typing import Annotated, Final

import msgspec

from bucketry._xml_names import Xml
from bucketry.errors import InvalidArgument

MAX_OWNER_ID: Final = 256
"""Longest id of an owner, in characters. AWS's own ids have 64; RGW's and MinIO's are names."""


class Owner(msgspec.Struct, frozen=True, kw_only=True):
    """Who owns a bucket or an object.

    Attributes:
        id: The owner's id, which never changes. AWS calls it the canonical user id.
        display_name: The owner's name for people; empty: there is none.
    """

    id: Annotated[str, Xml("ID")]
    display_name: str = ""

    def checked(self) -> Owner:
        """Returns this owner if it is valid.

        Raises:
            InvalidArgument: The id is empty, too long or not printable.
        """
        if not 1 <= len(self.id) <= MAX_OWNER_ID or not self.id.isprintable():
            raise InvalidArgument(f"the id of an owner has 1 to {MAX_OWNER_ID} printable characters", field="owner")
        return self


DEFAULT_OWNER: Final = Owner(id=sha256(b"bucketry").hexdigest(), display_name="bucketry")
"""Who owns everything in a store where nobody names an owner."""
