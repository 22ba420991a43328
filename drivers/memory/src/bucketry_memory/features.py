"""What the driver declares: every feature of the contract, with S3's limits."""

from __future__ import annotations

from typing import Final

from bucketry import CHECKSUM_ALGORITHMS, whole_contract

FEATURES: Final = whole_contract(checksum_algorithms=tuple(CHECKSUM_ALGORITHMS), non_blocking=True)
