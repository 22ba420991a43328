"""How the driver reads RGW's responses."""

from __future__ import annotations

import time

import pytest
from bucketry_rgw.objects import written_at

DATE = "Sun, 22 Nov 2026 20:45:16 GMT"
SECOND = 1_795_380_316


def answer(begun: int) -> dict[str, str]:
    return {"date": DATE, "x-amz-request-id": f"tx000001719098c7d200174-00{begun:x}-1010-default"}


@pytest.mark.parametrize(
    ("begun", "now", "is_sure"),
    [
        (SECOND, SECOND + 0.999, True),
        (SECOND, SECOND + 1.0, False),
        (SECOND, SECOND + 1.01, False),
        # This machine's clock says nothing about RGW's.
        (SECOND, SECOND - 3600, True),
        (SECOND, SECOND + 3600, True),
        (SECOND - 1, SECOND + 0.5, False),
    ],
)
def test_the_time_of_a_put_is_known_where_it_lies_within_one_second(
    begun: int, now: float, is_sure: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(time, "time", lambda: now)
    moment = written_at(answer(begun))
    assert (moment is not None) is is_sure
    if moment is not None:
        assert moment.timestamp() == SECOND


@pytest.mark.parametrize("request_id", ["", "18EA8F0000000000", "tx00-zz-1010-default", "tx00"])
def test_another_servers_request_id_says_no_time(request_id: str) -> None:
    assert written_at({"date": DATE, "x-amz-request-id": request_id}) is None
