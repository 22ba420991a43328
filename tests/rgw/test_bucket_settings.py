"""Settings of one bucket are changed one after the other: RGW now and then loses one of two."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from functools import partial
from threading import Lock

import pytest
from bucketry import CorsSettings, Secret, TagSettings
from bucketry_rgw import RgwDriver, RgwSettings, driver


def test_changes_of_one_bucket_come_one_after_the_other(monkeypatch: pytest.MonkeyPatch) -> None:
    changing, overlaps = Lock(), []

    def change(*_: object, **__: object) -> None:
        if not changing.acquire(blocking=False):
            overlaps.append(True)
            return
        time.sleep(0.05)
        changing.release()

    monkeypatch.setattr(driver, "put_settings", change)
    monkeypatch.setattr(driver, "delete_settings", change)
    rgw = RgwDriver(RgwSettings(location="127.0.0.1:1", access_key="key", secret_key=Secret("secret")))
    calls = [partial(rgw.put_bucket_settings, "photos", TagSettings())] * 2
    calls += [partial(rgw.delete_bucket_settings, "photos", CorsSettings)] * 2
    with closing(rgw), ThreadPoolExecutor(len(calls)) as threads:
        for done in [threads.submit(call) for call in calls]:
            done.result(60)
        assert overlaps == []
        with rgw._changing_settings.hold("videos"):  # Another bucket's changes do not wait.
            threads.submit(calls[0]).result(60)
