"""`bucketry serve --log-format`: a line for each request, and all other lines like it."""

from __future__ import annotations

import json
import re
import signal
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.cli.conftest import Spawn
from tests.cli.test_serve_s3 import places
from tests.http.client_of_urls import ask


def serve(
    spawn: Spawn, *options: str, store: str | None = None, last: bytes = b"S3 keys"
) -> tuple[Any, dict[str, str]]:
    s3 = () if "--no-s3" in options else ("--s3-port", "0")
    process = spawn("serve", "--port", "0", *s3, *options, store=store)
    return process, places(process, last)


def lines_of(process: Any) -> list[str]:
    process.send_signal(signal.SIGTERM)
    _, err = process.communicate(timeout=60)
    return [line for line in err.decode().splitlines() if line]


def test_each_request_has_a_line_of_json(spawn: Spawn) -> None:
    process, found = serve(spawn, "--log-format", "json", "--bucket", "my-assets")
    assert ask(f"{found['REST API']}/buckets", headers={"X-Request-Id": "mine"})[0] == 200
    assert ask(f"{found['S3 API']}/my-assets/photos/1.jpg")[0] == 403
    lines = [json.loads(line) for line in lines_of(process)]
    rest, s3 = (line for line in lines if line["logger"] == "bucketry_http.access")
    assert (rest["port"], rest["request_id"], rest["action"], rest["status"]) == ("rest", "mine", "ListBuckets", 200)
    assert rest["backend_calls"] >= 1
    assert (s3["port"], s3["bucket"], s3["key"], s3["code"]) == ("s3", "my-assets", "photos/1.jpg", "AccessDenied")


def test_a_failure_is_logged_once_with_the_id_of_its_request(spawn: Spawn) -> None:
    fault = ("--bucket", "my-assets", "--fault", "list_objects:unavailable")
    process, found = serve(spawn, "--log-format", "json", *fault)
    status, headers, _ = ask(f"{found['REST API']}/buckets/my-assets/objects")
    assert status == 503
    lines = [json.loads(line) for line in lines_of(process)]
    of_request = [line for line in lines if line.get("request_id") == headers["x-request-id"]]
    failure, access = sorted(of_request, key=lambda line: str(line["logger"]))
    assert (failure["logger"], failure["level"]) == ("bucketry_http", "WARNING")
    assert (access["logger"], access["status"], access["code"]) == ("bucketry_http.access", 503, "unavailable")
    assert "message" not in access


@pytest.mark.parametrize("form", ["text", "json"])
def test_keys_can_be_hidden(spawn: Spawn, form: str) -> None:
    fault = ("--bucket", "my-assets", "--fault", "head_object:unavailable", "--fault", "get_object:unavailable")
    process, found = serve(spawn, "--log-format", form, "--no-log-keys", "--log-level", "debug", *fault)
    assert ask(f"{found['REST API']}/buckets/my-assets/objects/photos%2F1.jpg")[0] == 503
    assert ask(f"{found['REST API']}/buckets/my-assets/objects/photos/1.jpg")[0] == 503
    text = "\n".join(lines_of(process))
    assert "(hidden)" in text
    assert "GetObject" in text
    assert "photos" not in text


def test_without_the_option_requests_are_not_logged(spawn: Spawn) -> None:
    process, found = serve(spawn)
    _, headers, _ = ask(f"{found['REST API']}/buckets")
    assert "x-request-id" not in headers
    assert lines_of(process) == []


def test_lines_of_text_name_their_worker_too(spawn: Spawn, store_url: str) -> None:
    options = ("--log-format", "text", "--log-level", "info", "--workers", "2", "--no-s3")
    process, found = serve(spawn, *options, store=store_url, last=b"Workers")
    ask(f"{found['REST API']}/buckets")
    lines = lines_of(process)
    started = [line for line in lines if "starting in process" in line]
    assert sorted(re.findall(r"INFO \[worker (\d+)\] bucketry", "\n".join(started))) == ["1", "2"]
    (request,) = (line for line in lines if "action=ListBuckets" in line)
    assert re.search(r"INFO bucketry_http.access: worker=[12] port=rest ", request)


def test_several_processes_log_too(spawn: Spawn, store_url: str) -> None:
    process, found = serve(spawn, "--log-format", "json", "--workers", "2", "--no-s3", store=store_url, last=b"Workers")
    for number in range(8):
        ask(f"{found['REST API']}/buckets", headers={"X-Request-Id": f"id{number}"})
    lines = [json.loads(line) for line in lines_of(process)]
    ids = [line["request_id"] for line in lines if line["logger"] == "bucketry_http.access"]
    assert sorted(ids) == [f"id{number}" for number in range(8)]
    assert {line["worker"] for line in lines if line["logger"] == "bucketry_http.access"} <= {1, 2}
    assert urlsplit(found["REST API"]).port
