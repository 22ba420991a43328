"""Default encryption of a bucket."""

from __future__ import annotations

from typing import Annotated, ClassVar, Self

import msgspec
from typing_extensions import override

from bucketry._xml_names import Xml
from bucketry.bucket_settings._base import BucketSettings, check_text, invalid
from bucketry.encryption import (
    DSSE_KMS,
    MAX_KMS_KEY_ID,
    SSE_KMS,
    SSE_S3,
    CustomerKey,
    Encryption,
    EncryptionAlgorithm,
)


class EncryptionSettings(BucketSettings, frozen=True, kw_only=True, tag="encryption"):
    """How new objects are encrypted where a write does not say it. The driver does it.

    Attributes:
        algorithm: Which keys; ``None``: nothing is set.
        key_id: Id or ARN of the key of a key service; ``None``: the default key. Not with ``AES256``.
        bucket_key: Whether a key of the bucket saves calls to the key service; ``None``: not said.
    """

    feature: ClassVar[str] = "bucket_encryption"

    algorithm: Annotated[EncryptionAlgorithm | None, Xml("Rule/ApplyServerSideEncryptionByDefault/SSEAlgorithm")] = None
    key_id: Annotated[str | None, Xml("Rule/ApplyServerSideEncryptionByDefault/KMSMasterKeyID")] = None
    bucket_key: Annotated[bool | None, Xml("Rule/BucketKeyEnabled")] = None

    @override
    def validated(self) -> Self:
        """Checks that the values go together.

        Raises:
            InvalidBucketSettings: They do not, or the id of the key is malformed.
        """
        if self.algorithm is None:
            raise invalid("default encryption needs an algorithm", "schema")
        if self.key_id is not None:
            if self.algorithm == SSE_S3:
                raise invalid(f"{SSE_S3} takes no key_id", "value")
            check_text(self.key_id, "key_id", MAX_KMS_KEY_ID, least=1)
        if self.bucket_key and self.algorithm == DSSE_KMS:
            raise invalid(f"{DSSE_KMS} takes no bucket key", "value")
        return self

    def applied(self, wanted: Encryption | None, customer_key: CustomerKey | None) -> Encryption | None:
        """Returns how a new version is encrypted with keys that the client does not hold, for drivers.

        Source: S3 user guide, "Setting default server-side encryption behavior" and "Configuring S3 Bucket Keys".

        Args:
            wanted: What the write asks for.
            customer_key: The customer's key that the write brings. It goes before the default.
        """
        if customer_key is not None:
            return None
        if wanted is None:
            if self.algorithm is None:
                return None
            wanted = Encryption(algorithm=self.algorithm, key_id=self.key_id)
        if wanted.algorithm == SSE_KMS and wanted.bucket_key is None:
            return msgspec.structs.replace(wanted, bucket_key=self.bucket_key)
        return wanted
