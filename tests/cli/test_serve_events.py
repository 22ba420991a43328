"""Events of ``bucketry serve``: the list for tests, and webhooks."""

from __future__ import annotations

import json
import signal
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from bucketry_http.webhooks import verify_webhook

from tests.cli.conftest import Run, Spawn
from tests.cli.test_serve import PATIENCE, ask, rest_url
from tests.cli.test_serve_testing import post, reset_url
from tests.http.webhooks.receiver import Receiver, receiving

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
START = ("serve", "--port", "0", "--no-s3", "--bucket", "assets")


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as started:
        yield started


def put(url: str, key: str, content: bytes = b"content") -> None:
    request = urllib.request.Request(f"{url}/buckets/assets/objects/{key}", content, method="PUT")  # noqa: S310
    with urllib.request.urlopen(request, timeout=PATIENCE):  # noqa: S310
        pass


def delete(url: str, key: str) -> None:
    request = urllib.request.Request(f"{url}/buckets/assets/objects?key={key}", method="DELETE")  # noqa: S310
    with urllib.request.urlopen(request, timeout=PATIENCE):  # noqa: S310
        pass


def events_url(url: str, **query: object) -> str:
    return reset_url(url).replace("reset", "events") + (f"?{urlencode(query)}" if query else "")


def page(url: str, **query: object) -> dict[str, Any]:
    status, answer = ask(events_url(url, **query))
    assert status == 200, answer
    assert isinstance(answer, dict)
    return answer


def seen(answer: dict[str, Any]) -> list[tuple[str, str]]:
    records = [message["Records"][0] for message in answer["messages"]]
    return [(record["eventName"], record["s3"]["object"]["key"]) for record in records]


def test_events_are_listed_page_by_page(spawn: Spawn) -> None:
    url = rest_url(spawn(*START, "--reset-endpoint", store=None))
    assert page(url) == {"messages": [], "next": 0, "lost": 0}
    put(url, "a")
    put(url, "b")
    delete(url, "a")
    first = page(url, limit=2)
    assert seen(first) == [("ObjectCreated:Put", "a"), ("ObjectCreated:Put", "b")]
    assert first["messages"][0]["Records"][0]["s3"]["object"]["size"] == 7
    second = page(url, after=first["next"])
    assert seen(second) == [("ObjectRemoved:Delete", "a")]
    assert second["next"] == 3
    assert page(url, after=3, wait=0.05)["messages"] == []


def test_a_request_can_wait_for_an_event(spawn: Spawn) -> None:
    import threading

    url = rest_url(spawn(*START, "--reset-endpoint", store=None))
    timer = threading.Timer(0.3, put, [url, "late"])
    timer.start()
    assert seen(page(url, wait=20)) == [("ObjectCreated:Put", "late")]
    timer.join()


def test_a_reset_clears_the_list_and_is_no_event_itself(spawn: Spawn) -> None:
    url = rest_url(spawn(*START, "--reset-endpoint", store=None))
    put(url, "a")
    put(url, "b")
    assert post(reset_url(url)) == 204
    assert page(url) == {"messages": [], "next": 2, "lost": 2}
    put(url, "c")
    assert seen(page(url)) == [("ObjectCreated:Put", "c")]


MALFORMED = (
    *("after=-1", "after=x", "after=nan", "after=1e99", "limit=1001", "limit=-1", "wait=31", "wait=inf", "name=a"),
    *("after=", "&".join(f"a{number}=1" for number in range(30))),
)


def test_a_malformed_query_is_refused(spawn: Spawn) -> None:
    url = rest_url(spawn(*START, "--reset-endpoint", store=None))
    for query in MALFORMED:
        status, answer = ask(f"{events_url(url)}?{query}")
        assert status == 400, query
        assert isinstance(answer, dict)
        assert answer["detail"]


def test_events_are_not_for_pages_nor_without_the_option(spawn: Spawn) -> None:
    url = rest_url(spawn(*START, "--reset-endpoint", store=None))
    rebound = urllib.request.Request(events_url(url), headers={"Host": "evil.example"})  # noqa: S310
    with pytest.raises(urllib.error.HTTPError) as raised:
        urllib.request.urlopen(rebound, timeout=PATIENCE)  # noqa: S310
    assert raised.value.code in {400, 403, 421}
    raised.value.close()
    assert post(events_url(url)) == 405
    plain = rest_url(spawn(*START, store=None))
    assert ask(events_url(plain))[0] == 404


def test_a_webhook_gets_signed_events(
    spawn: Spawn, receiver: Receiver, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "secret").write_text(SECRET + "\n")
    monkeypatch.setenv("BUCKETRY_WEBHOOK_SECRET_FILE", str(tmp_path / "secret"))
    process = spawn(*START, "--webhook", receiver.url, store=None)
    url = rest_url(process)
    assert process.stdout is not None
    announced = next(line for line in process.stdout if line.startswith(b"Webhooks"))
    assert announced.split() == [b"Webhooks", b"http://127.0.0.1"]
    put(url, "a")
    delete(url, "a")
    taken = receiver.wait(2)
    assert [(each.record["eventName"], each.key) for each in taken] == [
        ("ObjectCreated:Put", "a"),
        ("ObjectRemoved:Delete", "a"),
    ]
    verify_webhook(taken[0].headers, taken[0].body, SECRET)
    process.send_signal(signal.SIGTERM)
    _, stderr = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0
    assert SECRET.encode() not in stderr


def test_what_is_queued_is_sent_before_the_end(spawn: Spawn, receiver: Receiver) -> None:
    receiver.respond = lambda _: 500 if len(receiver.requests) < 3 else 204
    process = spawn(*START, "--webhook", receiver.url, store=None)
    url = rest_url(process)
    for number in range(20):
        put(url, f"key-{number}")
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=PATIENCE)
    assert process.returncode == 0
    assert {each.key for each in receiver.accepted} == {f"key-{number}" for number in range(20)}


def test_webhooks_of_the_settings_file(spawn: Spawn, receiver: Receiver, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text(SECRET)
    (tmp_path / "settings.toml").write_text(
        f'[[webhooks]]\nurl = "{receiver.url}"\nsecret_file = "secret"\nattempts = 3\n\n'
        f'[[webhooks]]\nurl = "{receiver.url}"\nname = "images"\nsecret = "{SECRET}"\n'
    )
    process = spawn("--config", str(tmp_path / "settings.toml"), *START, store=None)
    put(rest_url(process), "a")
    (taken,) = receiver.wait(1)
    verify_webhook(taken.headers, taken.body, SECRET)


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (("--webhook", "example.com/hook"), "http or https URL"),
        (("--webhook", "ftp://example.com"), "http or https URL"),
        (("--webhook", "https://user:secret-word@example.com/"), "credentials do not belong"),
        (("--webhook", "a b=https://example.com/"), "name of a webhook"),
    ],
)
def test_a_malformed_webhook_is_refused(run: Run, arguments: tuple[str, ...], reason: str) -> None:
    result = run("serve", "--port", "0", *arguments, store=None)
    assert result.exit_code != 0
    assert reason in result.stderr
    assert "secret-word" not in result.stderr


def test_a_malformed_secret_is_refused_and_not_shown(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BUCKETRY_WEBHOOK_SECRET", "too-short-to-be-safe")
    result = run("serve", "--port", "0", "--webhook", "https://example.com/", store=None)
    assert result.exit_code != 0
    assert "openssl rand -base64 32" in result.stderr
    assert "too-short" not in result.stderr


@pytest.mark.parametrize(
    ("table", "reason"),
    [
        ('url = "https://example.com"\nsecret = "a"\nsecret_file = "b"', "secret and secret_file"),
        ('url = "https://example.com"\nurls = "x"', "webhooks.urls"),
        ('name = "x"', "url"),
        ('url = "https://example.com"\nsecret_file = "nowhere"', "cannot be read"),
        ('url = "https://example.com"\nattempts = 0', "more than 0"),
    ],
)
def test_a_malformed_table_is_refused(run: Run, tmp_path: Path, table: str, reason: str) -> None:
    (tmp_path / "settings.toml").write_text(f"[[webhooks]]\n{table}\n")
    result = run("--config", str(tmp_path / "settings.toml"), "serve", "--port", "0", store=None)
    assert result.exit_code != 0
    assert reason in result.stderr


def test_a_receiver_that_is_gone_holds_up_nothing(spawn: Spawn) -> None:
    process = spawn(*START, "--webhook", "http://127.0.0.1:9/", store=None)
    url = rest_url(process)
    for number in range(10):
        put(url, f"key-{number}")
    process.send_signal(signal.SIGTERM)
    _, stderr = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0
    assert b"has dropped 10 events" in stderr


def test_messages_are_what_a_webhook_gets(spawn: Spawn, receiver: Receiver) -> None:
    url = rest_url(spawn(*START, "--reset-endpoint", "--webhook", receiver.url, store=None))
    put(url, "a b".replace(" ", "%20"))
    (taken,) = receiver.wait(1)
    assert page(url)["messages"] == [json.loads(taken.body)]
