"""A download that breaks off in the backend ends the client's connection, and is logged once."""

from __future__ import annotations

import http.client

import pytest
from bucketry import Store
from bucketry.layers import Faults

from tests.http.conftest import MODES, memory_driver
from tests.http.serving import ask, running

MIB = 1024 * 1024


@pytest.mark.parametrize("mode", MODES)
def test_a_torn_download_is_no_failure_of_the_server(mode: str, caplog: pytest.LogCaptureFixture) -> None:
    with Store(memory_driver(mode), [Faults("get_object:torn:after=3000000")]) as store:
        store.create_bucket("my-assets")
        store.put_object("my-assets", "long", bytes(8 * MIB))
        with running(store) as port, pytest.raises(http.client.IncompleteRead) as broken:
            ask(port, "GET", "buckets/my-assets/objects/long")
    assert 2 * MIB <= len(broken.value.partial) <= 3_000_000
    assert [record.levelname for record in caplog.records if record.levelname != "INFO"] == ["WARNING"]
