"""``/_bucketry/clock``: the clock of ``bucketry serve``, for tests in any language."""

from __future__ import annotations

import asyncio
import json
import urllib.error
import urllib.request
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any

import pytest
from bucketry import open_store
from bucketry_cli.clock import ClockEndpoint
from bucketry_cli.control import ControlError, ControlRequest

from tests.cli.conftest import Spawn
from tests.cli.test_serve import PATIENCE, ask, rest_url
from tests.cli.test_serve_s3 import PUBLISHED, client, places
from tests.cli.test_serve_testing import post, reset_url


def clock_url(url: str) -> str:
    return url.replace("/api/v1/storage", "/_bucketry/clock")


def turn(url: str, body: object, **headers: str) -> tuple[int, Any]:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    request = urllib.request.Request(clock_url(url), content, headers, method="POST")  # noqa: S310 - our own URL
    try:
        with urllib.request.urlopen(request, timeout=PATIENCE) as response:  # noqa: S310
            return response.status, json.load(response)
    except urllib.error.HTTPError as error:
        with error:
            return error.code, json.load(error)


def date(url: str) -> datetime:
    with urllib.request.urlopen(f"{url}/buckets", timeout=PATIENCE) as response:  # noqa: S310
        return parsedate_to_datetime(response.headers["date"])


def test_it_is_shown_and_turned_and_reset(spawn: Spawn) -> None:
    url = rest_url(spawn("serve", "--port", "0", "--no-s3", "--reset-endpoint", store=None))
    status, shown = ask(clock_url(url))
    assert status == 200
    assert isinstance(shown, dict)
    assert shown["ahead_seconds"] == 0
    assert abs(datetime.fromisoformat(shown["now"]) - datetime.now(UTC)) < timedelta(minutes=1)
    status, turned = turn(url, {"advance_seconds": 90 * 86400})
    assert status == 200
    assert turned["ahead_seconds"] == pytest.approx(90 * 86400, abs=60)
    assert turn(url, {"now": "2100-01-31T12:00:00Z"})[1]["now"].startswith("2100-01-31T12:0")
    assert date(url).year == 2100
    assert ask(f"{url}/buckets", {"name": "my-assets"})[0] == 201
    listed = ask(f"{url}/buckets")[1]
    assert isinstance(listed, list)
    assert listed[0]["created_at"].startswith("2100-01-31T12:0")
    assert post(reset_url(url)) == 204
    assert ask(clock_url(url))[1]["ahead_seconds"] == 0  # type: ignore[index]
    assert abs(date(url) - datetime.now(UTC)) < timedelta(minutes=1)


@pytest.mark.parametrize(
    "body",
    [
        b"", b"{", b"[]", b"{}", b"null", {"advance_seconds": -1}, {"advance_seconds": "1"}, {"advance_seconds": 1e300},
        {"now": "2001-01-01T00:00:00Z"}, {"now": "2100-01-01T00:00:00"}, {"now": 5}, {"now": "9999-12-31T00:00:00Z"},
        {"advance_seconds": 1, "now": "2100-01-01T00:00:00Z"}, {"advance_seconds": 1, "more": 1}, {"days": 3},
        b'{"advance_seconds": NaN}', b'{"advance_seconds": Infinity}',
    ],
    ids=repr,
)  # fmt: skip
def test_what_cannot_be_read_turns_nothing(body: Any) -> None:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    with open_store("memory://") as store:
        with pytest.raises(ControlError) as raised:
            asyncio.run(ClockEndpoint(store).post(ControlRequest({}, content)))
        assert raised.value.status == 400
        assert store.clock.ahead == 0


def test_a_turn_carries_out_lifecycle(spawn: Spawn) -> None:
    process = spawn("serve", "--port", "0", "--s3-port", "0", "--reset-endpoint", "--bucket", "my-assets", store=None)
    found = places(process, b"S3 keys")
    url, s3 = found["REST API"], client(found["S3 API"], PUBLISHED)
    rule = {"ID": "r", "Status": "Enabled", "Filter": {"Prefix": ""}, "Expiration": {"Days": 30}}
    s3.put_bucket_lifecycle_configuration(Bucket="my-assets", LifecycleConfiguration={"Rules": [rule]})
    s3.put_object(Bucket="my-assets", Key="a", Body=b"content")
    signed = s3.generate_presigned_url("get_object", {"Bucket": "my-assets", "Key": "a"}, ExpiresIn=60)
    assert turn(url, {"advance_seconds": 86400})[0] == 200
    with pytest.raises(urllib.error.HTTPError, match="403"):
        urllib.request.urlopen(signed, timeout=PATIENCE)  # noqa: S310
    assert s3.get_object(Bucket="my-assets", Key="a")["Body"].read() == b"content"
    assert turn(url, {"advance_seconds": 30 * 86400})[0] == 200
    assert s3.list_objects_v2(Bucket="my-assets")["KeyCount"] == 0


def test_pages_cannot_turn_it(spawn: Spawn) -> None:
    url = rest_url(spawn("serve", "--port", "0", "--no-s3", "--reset-endpoint", store=None))
    assert turn(url, {"advance_seconds": 60}, Origin="http://elsewhere.example")[0] == 403
    assert ask(clock_url(url))[1]["ahead_seconds"] == 0  # type: ignore[index]


def test_there_is_none_unless_it_was_switched_on(spawn: Spawn) -> None:
    url = rest_url(spawn("serve", "--port", "0", "--no-s3", store=None))
    assert ask(clock_url(url))[0] == 404
    assert turn(url, {"advance_seconds": 60})[0] == 404


def test_several_processes_refuse_it(spawn: Spawn, tmp_path: Path) -> None:
    url = rest_url(spawn("serve", "--workers", "2", "--port", "0", "--reset-endpoint"))
    assert ask(clock_url(url))[0] == 200
    status, problem = turn(url, {"advance_seconds": 60})
    assert status == 409
    assert "--workers" in problem["detail"]


def test_a_backend_has_a_clock_of_its_own() -> None:
    with open_store("minio://localhost:1", settings={"access_key": "a", "secret_key": "b"}, environ={}) as store:
        with pytest.raises(ControlError, match="clock of its own") as raised:
            asyncio.run(ClockEndpoint(store).post(ControlRequest({}, b'{"advance_seconds": 1}')))
        assert raised.value.status == 409
