"""What the driver declares: every feature of the contract, with S3's limits."""

from __future__ import annotations

from importlib.util import find_spec
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from bucketry import CHECKSUM_ALGORITHMS, whole_contract
from msgspec.structs import replace

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bucketry import Features

    from bucketry_file.settings import FileSettings

FEATURES: Final = whole_contract(checksum_algorithms=tuple(CHECKSUM_ALGORITHMS), persistent=True, encrypts_at_rest=True)

_OF_MASTER_KEYS: Final = ("encrypt_sse_s3", "encrypt_sse_kms", "bucket_encryption")
_OF_ENCRYPTION: Final = ("encrypt_sse_c", "encrypts_at_rest")


def features_of(settings: FileSettings) -> tuple[Features, Mapping[str, str]]:
    """Returns the features of a store, and the reason for each that is missing."""
    lacks: dict[str, str] = {}
    if find_spec("cryptography") is None:
        lacks = dict.fromkeys((*_OF_MASTER_KEYS, *_OF_ENCRYPTION), "install bucketry[encryption]")
    elif settings.encryption_keys is None:
        lacks = dict.fromkeys(_OF_MASTER_KEYS, "the store has no encryption_keys")
    features = replace(FEATURES, min_part_size=settings.min_part_size, **dict.fromkeys(lacks, False))
    return features, MappingProxyType(lacks)
