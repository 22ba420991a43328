"""The policy of a bucket."""

from __future__ import annotations

from typing import ClassVar, Self

import msgspec
from typing_extensions import override

from bucketry.bucket_settings._base import BucketSettings, invalid
from bucketry.decoding import from_json
from bucketry.s3 import MAX_POLICY_BYTES


class PolicySettings(BucketSettings, frozen=True, kw_only=True, tag="policy"):
    """The policy of a bucket. Whoever decides about requests evaluates it, and refuses what it does not understand.

    Attributes:
        document: The policy as it was put: a JSON object of at most 20 KiB.
    """

    feature: ClassVar[str] = "bucket_policy"

    document: str = ""

    @override
    def validated(self) -> Self:
        """Checks that it is a JSON object.

        Raises:
            InvalidBucketSettings: It is not, or it is too long.
        """
        try:
            size, content = len(self.document.encode()), from_json(self.document)
        except (UnicodeEncodeError, msgspec.DecodeError, RecursionError):
            raise invalid("a policy is a JSON object", "policy", "document") from None
        if size > MAX_POLICY_BYTES:
            raise invalid(f"a policy has at most {MAX_POLICY_BYTES} bytes", "policy", "document")
        if not isinstance(content, dict):
            raise invalid("a policy is a JSON object", "policy", "document")
        return self
