"""`Store.sdk`: the client of the driver's SDK."""

from __future__ import annotations

import pytest
from bucketry import Store, StoreClosed, Unsupported, open_store

from tests.core.tiny import TinyDriver, TinySettings


class SdkDriver(TinyDriver):
    """Has an SDK client."""

    def sdk(self) -> dict[str, int]:
        return {"calls": 1}


def test_a_store_hands_out_the_client_of_its_drivers_sdk() -> None:
    client: dict[str, int] = Store(SdkDriver(TinySettings())).sdk()
    assert client == {"calls": 1}


def test_a_driver_without_an_sdk_says_so() -> None:
    with pytest.raises(Unsupported, match="the driver 'memory' has no SDK"):
        open_store("memory://", environ={}).sdk()


def test_a_closed_store_hands_out_no_client() -> None:
    store = Store(SdkDriver(TinySettings()))
    kept = store.sdk
    store.close()
    for sdk in (store.sdk, kept):
        with pytest.raises(StoreClosed):
            sdk()
