"""The published secret key serves the memory driver alone."""

from __future__ import annotations

import pytest
from bucketry import InvalidSettings, Secret, Store
from bucketry_http import S3Credential, S3Settings, create_s3_app
from bucketry_memory import MemoryDriver, MemorySettings

from tests.core.tiny import TinyDriver, TinySettings

PUBLISHED = S3Credential(access_key="bucketry", secret_key=Secret("bucketry-secret"))
RENAMED = S3Credential(access_key="another", secret_key=Secret("bucketry-secret"))
OWN = S3Credential(access_key="bucketry", secret_key=Secret("a-secret-of-our-own"))


@pytest.mark.parametrize("credentials", [(PUBLISHED,), (OWN, RENAMED)])
def test_another_driver_is_not_served_with_it(credentials: tuple[S3Credential, ...]) -> None:
    with pytest.raises(InvalidSettings, match="serves memory:// alone, and this store is tiny://"):
        create_s3_app(Store(TinyDriver(TinySettings())), S3Settings(credentials=credentials))


def test_the_memory_driver_is_and_others_with_keys_of_their_own() -> None:
    create_s3_app(Store(MemoryDriver(MemorySettings())), S3Settings(credentials=(PUBLISHED,)))
    create_s3_app(Store(TinyDriver(TinySettings())), S3Settings(credentials=(OWN,)))
