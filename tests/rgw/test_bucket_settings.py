"""Settings of one bucket are changed one after the other: RGW now and then loses one of two."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import pytest
from bucketry import CorsSettings, Secret, TagSettings
from bucketry_rgw import RgwDriver, RgwSettings, driver


def test_changes_of_one_bucket_come_one_after_the_other(monkeypatch: pytest.MonkeyPatch) -> None:
    changing: list[object] = []
    most = {"photos": 0, "all": 0}

    def change(_client: object, bucket: str, what: object, **_: object) -> None:
        changing.append(bucket)
        most["all"] = max(most["all"], len(changing))
        most["photos"] = max(most["photos"], changing.count("photos"))
        time.sleep(0.05)
        changing.remove(bucket)

    monkeypatch.setattr(driver, "put_settings", change)
    monkeypatch.setattr(driver, "delete_settings", change)
    rgw = RgwDriver(RgwSettings(location="127.0.0.1:1", access_key="key", secret_key=Secret("secret")))
    calls = [partial(rgw.put_bucket_settings, bucket, TagSettings()) for bucket in ("photos", "videos")]
    calls += [partial(rgw.delete_bucket_settings, bucket, CorsSettings) for bucket in ("photos", "videos")]
    with ThreadPoolExecutor(len(calls)) as threads:
        for done in [threads.submit(call) for call in calls]:
            done.result(60)
    rgw.close()
    assert most == {"photos": 1, "all": 2}
