"""``bucketry serve`` as the server of an application's tests: buckets, faults and resets."""

from __future__ import annotations

import urllib.error
import urllib.request

import pytest
from bucketry import Store, open_store

from tests.cli.conftest import Run, Spawn
from tests.cli.test_serve import PATIENCE, ask, rest_url


def names(url: str) -> list[str]:
    status, buckets = ask(f"{url}/buckets")
    assert status == 200
    assert isinstance(buckets, list)
    return [bucket["name"] for bucket in buckets]


def post(url: str, **headers: str) -> int:
    request = urllib.request.Request(url, b"", headers, method="POST")  # noqa: S310 - our own URL
    try:
        with urllib.request.urlopen(request, timeout=PATIENCE) as answer:  # noqa: S310
            return int(answer.status)
    except urllib.error.HTTPError as error:
        with error:
            return error.code


def reset_url(url: str) -> str:
    return url.replace("/api/v1/storage", "/_bucketry/reset")


def test_buckets_are_there_from_the_start(spawn: Spawn) -> None:
    arguments = ("--bucket", "my-assets", "--bucket", "backups", "--bucket", "my-assets")
    assert names(rest_url(spawn("serve", "--port", "0", "--no-s3", *arguments, store=None))) == ["backups", "my-assets"]


def test_a_bucket_that_exists_is_no_mistake(spawn: Spawn, store: Store, store_url: str) -> None:
    assert names(rest_url(spawn("serve", "--port", "0", "--bucket", "assets", store=store_url))) == ["assets"]


def test_faults_strike_clients_and_not_the_start(spawn: Spawn) -> None:
    faults = ("--fault", "create_bucket,list_buckets:throttled:nth=1", "--fault", "list_buckets:unavailable:nth=3")
    url = rest_url(spawn("serve", "--port", "0", "--no-s3", "--bucket", "my-assets", *faults, store=None))
    codes = []
    for _ in range(4):
        status, answer = ask(f"{url}/buckets")
        codes.append(answer["code"] if isinstance(answer, dict) else status)
    assert codes == ["throttled", 200, "unavailable", 200]


def test_a_latency_holds_up_nobody_else(spawn: Spawn) -> None:
    url = rest_url(spawn("serve", "--port", "0", "--no-s3", "--fault", "create_bucket:latency=3600", store=None))
    slow = urllib.request.Request(f"{url}/buckets", b'{"name": "slow"}', {"Content-Type": "application/json"})  # noqa: S310
    with pytest.raises(TimeoutError):
        urllib.request.urlopen(slow, timeout=0.5)  # noqa: S310
    assert names(url) == []


@pytest.mark.parametrize(
    ("fault", "reason"), [("put_objet:throttled", "no operation 'put_objet'"), ("*:nth=2", "a fault needs an effect")]
)
def test_a_fault_that_cannot_be_read_is_a_wrong_command_line(run: Run, fault: str, reason: str) -> None:
    result = run("serve", "--fault", fault, store=None)
    assert result.exit_code == 2
    assert reason in result.stderr


def test_a_reset_starts_over(spawn: Spawn) -> None:
    options = ("--bucket", "my-assets", "--reset-endpoint", "--fault", "list_buckets:throttled:nth=2")
    url = rest_url(spawn("serve", "--port", "0", "--no-s3", *options, store=None))
    for _ in range(2):
        assert ask(f"{url}/buckets", {"name": "extra"})[0] == 201
        put = urllib.request.Request(f"{url}/buckets/my-assets/objects/a%2F/b", b"content", method="PUT")  # noqa: S310
        with urllib.request.urlopen(put, timeout=PATIENCE):  # noqa: S310
            pass
        assert names(url) == ["extra", "my-assets"]
        assert ask(f"{url}/buckets")[0] == 503
        assert post(reset_url(url)) == 204
    assert names(url) == ["my-assets"]
    assert ask(f"{url}/buckets/my-assets/objects")[1] == []


@pytest.mark.parametrize("driver", ["folder", "plain"])
def test_a_reset_needs_no_multipart_uploads_nor_batches(spawn: Spawn, store_url: str, driver: str) -> None:
    options = ("--bucket", "my-assets", "--reset-endpoint")
    url = rest_url(spawn("serve", "--port", "0", *options, store=store_url.replace("folder", driver, 1)))
    assert ask(f"{url}/buckets", {"name": "extra"})[0] == 201
    for key in ("a", "b"):
        put = urllib.request.Request(f"{url}/buckets/my-assets/objects/{key}", b"content", method="PUT")  # noqa: S310
        with urllib.request.urlopen(put, timeout=PATIENCE):  # noqa: S310
            pass
    assert post(reset_url(url)) == 204
    assert names(url) == ["my-assets"]
    assert ask(f"{url}/buckets/my-assets/objects")[1] == []


def test_a_reset_does_not_come_from_a_page_nor_by_accident(spawn: Spawn) -> None:
    url = rest_url(spawn("serve", "--port", "0", "--no-s3", "--reset-endpoint", store=None))
    assert ask(f"{url}/buckets", {"name": "kept"})[0] == 201
    assert post(reset_url(url), Origin="http://elsewhere.example") == 403
    assert ask(reset_url(url))[0] == 405
    assert names(url) == ["kept"]


def test_there_is_no_reset_unless_it_was_switched_on(spawn: Spawn) -> None:
    url = rest_url(spawn("serve", "--port", "0", "--no-s3", store=None))
    assert post(reset_url(url)) == 404


def test_a_store_with_something_in_it_is_no_store_of_tests(spawn: Spawn, store: Store, store_url: str) -> None:
    process = spawn("serve", "--port", "0", "--reset-endpoint", store=store_url)
    _, stderr = process.communicate(timeout=PATIENCE)
    assert process.returncode == 1
    assert stderr.startswith(b"error: --reset-endpoint is for stores of tests alone")
    assert [bucket.name for bucket in open_store(store_url).list_buckets()] == ["assets"]


@pytest.mark.parametrize("option", [("--bucket", "my-assets"), ("--reset-endpoint",)])
def test_reading_only_goes_with_nothing_that_writes(run: Run, option: tuple[str, ...]) -> None:
    result = run("serve", "--read-only", *option, store=None)
    assert result.exit_code == 2
    assert "--read-only" in result.stderr
