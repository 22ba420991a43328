"""The published secret key serves the memory driver alone."""

from __future__ import annotations

from pathlib import Path

import pytest
from bucketry import InvalidSettings, Secret, Store
from bucketry_http import S3Credential, S3Settings, create_s3_app
from bucketry_memory import MemoryDriver, MemorySettings

from tests.core.tiny import TinyDriver, TinySettings
from tests.http.s3.client import Client
from tests.http.s3.serving import serving
from tests.http.s3.signing import Signing

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


@pytest.mark.parametrize(("driver", "code"), [("tiny", "InvalidAccessKeyId"), ("memory", "NoSuchBucket")])
def test_a_secret_whose_file_changes_to_it_signs_for_memory_alone(driver: str, code: str, tmp_path: Path) -> None:
    file = tmp_path / "secret"
    file.write_text("a-secret-of-our-own")
    changing = S3Credential(access_key="another", secret_key=Secret.from_file(file))
    store = Store(TinyDriver(TinySettings()) if driver == "tiny" else MemoryDriver(MemorySettings()))
    with serving(store, credentials=(changing,)) as url:
        before = Client(url).ask("GET", "/things/a", by=Signing("another", "a-secret-of-our-own"))
        assert before.status == 404
        file.write_text("bucketry-secret")
        after = Client(url).ask("GET", "/things/a", by=Signing("another", "bucketry-secret"))
        assert after.code == code
