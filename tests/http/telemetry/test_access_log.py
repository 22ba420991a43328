"""Lines of the access log, and other lines while a request is served."""

from __future__ import annotations

import json
import logging
import shlex
from collections.abc import Callable
from contextvars import Context
from typing import Any

import msgspec
import pytest
from bucketry.redaction import RedactingFilter
from bucketry_http.shared.record import RequestRecord
from bucketry_http.shared.recorded import Recorder
from bucketry_http.telemetry.access_log import AccessLine, AccessLog, LogFormat
from bucketry_http.telemetry.log_format import JsonFormatter, RequestFilter

RECORD = RequestRecord(
    port="s3",
    id="id-1",
    method="PUT",
    time=1764201600.25,
    started=0.0,
    address="192.0.2.1",
    user_agent="agent/1.0",
    principal="alice",
    credential="AKIA",
    operation="PutObject",
    bucket="my-assets",
    key="photos/1.jpg",
    status=403,
    code="AccessDenied",
    bytes_in=12,
    bytes_out=345,
    backend_calls=2,
    backend_seconds=0.00123456789,
    seconds=0.5,
)


def line(form: LogFormat, *, show_keys: bool = True, worker: int = 0, **changes: Any) -> str:
    written: list[str] = []
    log = AccessLog(written.append, form, keys=show_keys, worker=worker)
    record = msgspec.structs.replace(RECORD, **changes)
    log.end([record])
    (found,) = written
    assert found.endswith("\n")
    assert found.count("\n") == 1
    return found


@pytest.mark.parametrize("form", ["json", "text"])
def test_a_line_names_its_worker_if_there_are_several(form: LogFormat) -> None:
    assert ('"worker":2,' if form == "json" else " worker=2 ") in line(form, worker=2)
    assert "worker" not in line(form)


def test_a_line_of_json_says_all_of_it() -> None:
    assert json.loads(line("json")) == {
        "time": "2025-11-27T00:00:00.250000Z",
        "level": "INFO",
        "logger": "bucketry_http.access",
        "port": "s3",
        "request_id": "id-1",
        "address": "192.0.2.1",
        "principal": "alice",
        "credential": "AKIA",
        "method": "PUT",
        "action": "PutObject",
        "bucket": "my-assets",
        "key": "photos/1.jpg",
        "status": 403,
        "code": "AccessDenied",
        "bytes_in": 12,
        "bytes_out": 345,
        "seconds": 0.5,
        "backend_calls": 2,
        "backend_seconds": 0.001235,
        "queue_seconds": 0.0,
        "user_agent": "agent/1.0",
    }


def test_a_line_of_text_says_the_same() -> None:
    time, level, logger, *pairs = shlex.split(line("text"))
    assert (time, level, logger) == ("2025-11-27T00:00:00.250000Z", "INFO", "bucketry_http.access:")
    said = dict(pair.split("=", 1) for pair in pairs)
    as_json = json.loads(line("json"))
    assert said == {name: str(value) for name, value in as_json.items() if name not in {"time", "level", "logger"}}


@pytest.mark.parametrize("form", ["text", "json"])
def test_every_field_can_be_in_a_line(form: LogFormat) -> None:
    filled: dict[str, Any] = {
        "keys": ("a", "b"),
        "trace_headers": {"traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"},
        "version_id": "v",
        "aborted": True,
        "backend_retries": 1,
        "queue_seconds": 0.5,
    }
    text = line(form, worker=1, **filled)
    for name in set(AccessLine.__struct_fields__) - ({"time", "level", "logger"} if form == "text" else set()):
        assert name in text


ODD_KEYS = [
    *(
        "a\nb",
        "a b",
        'a"b',
        "a=b",
        "\u202egpj.exe",
        "\x1b[2J",
        "ключ",
        "a\x9b2J",
        "a\u2028b",
        "\U000e0001ключ",
        "a\\",
        "",
    ),
    "\r\nlevel=ERROR",
]


@pytest.mark.parametrize("key", ODD_KEYS)
@pytest.mark.parametrize("form", ["text", "json"])
def test_no_key_breaks_or_fakes_a_line(form: LogFormat, key: str) -> None:
    text = line(form, key=key)
    assert text[:-1].isprintable()
    if form == "json":
        assert json.loads(text).get("key", "") == key
    else:
        assert text[:-1].isprintable()
        pairs = text.split(" key=")[1].split(" status=")[0] if key else '""'
        assert (json.loads(pairs) if pairs.startswith('"') else pairs) == key


@pytest.mark.parametrize("form", ["text", "json"])
def test_a_key_can_be_hidden(form: LogFormat) -> None:
    text = line(form, show_keys=False)
    assert "photos" not in text
    assert "(hidden)" in text
    assert "my-assets" in text
    assert "(hidden)" not in line(form, show_keys=False, key="")


SIGNATURE = "0123456789abcdef" * 4


@pytest.mark.parametrize("form", ["text", "json"])
@pytest.mark.parametrize("field", ["key", "bucket", "user_agent"])
def test_a_signature_in_a_key_is_not_logged(form: LogFormat, field: str) -> None:
    changes: dict[str, Any] = {field: f"photos/1.jpg?X-Amz-Expires=60&X-Amz-Signature={SIGNATURE}&x=1"}
    text = line(form, **changes)
    assert SIGNATURE not in text
    assert "***" in text


@pytest.mark.parametrize("error", [BrokenPipeError(), ValueError("I/O operation on closed file")])
def test_a_log_that_nobody_reads_stops_nothing(error: Exception) -> None:
    def fail(_: str) -> None:
        raise error

    AccessLog(fail, "json").end([RECORD])


def logged(formatter: logging.Formatter, *, keys: bool, log: Callable[[logging.Logger], None]) -> str:
    """What is written of what is logged while a request for the key of `RECORD` is served."""
    written: list[str] = []

    class Keeping(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            written.append(self.format(record))

    handler = Keeping()
    handler.setFormatter(formatter)
    handler.addFilter(RedactingFilter())
    handler.addFilter(RequestFilter(keys=keys))
    logger = logging.getLogger("tests.access_log")
    logger.addHandler(handler)
    logger.propagate = False

    def serve() -> None:
        scope = {"method": "GET", "scheme": "http", "raw_path": b"/", "headers": [(b"x-request-id", b"id-7")]}
        record = Recorder("s3", []).begin(scope)
        record.key = RECORD.key
        log(logger)

    try:
        Context().run(serve)
    finally:
        logger.removeHandler(handler)
    (found,) = written
    return found


def fail(logger: logging.Logger) -> None:
    try:
        raise ValueError(f"no {RECORD.key}, X-Amz-Signature={SIGNATURE}")
    except ValueError:
        logger.exception("GET /my-assets/%s failed", RECORD.key)


def test_other_lines_are_json_with_the_id_of_their_request() -> None:
    said = json.loads(logged(JsonFormatter(2), keys=True, log=fail))
    assert said["request_id"] == "id-7"
    assert (said["level"], said["logger"]) == ("ERROR", "tests.access_log")
    assert said["message"] == "GET /my-assets/photos/1.jpg failed"
    assert said["exception"].startswith("Traceback")
    assert "no photos/1.jpg" in said["exception"]
    assert said["time"].endswith("Z")
    assert said["worker"] == 2
    assert SIGNATURE not in str(said)


def test_other_lines_of_json_are_printable() -> None:
    said = logged(JsonFormatter(), keys=True, log=lambda logger: logger.warning("a\u2028b\x9b2J\u202eключ"))
    assert said.strip("\n").isprintable()
    assert json.loads(said)["message"] == "a\u2028b\x9b2J\u202eключ"


@pytest.mark.parametrize("formatter", [JsonFormatter(), logging.Formatter("%(request_id)s %(message)s")])
def test_other_lines_hide_the_key_too(formatter: logging.Formatter) -> None:
    text = logged(formatter, keys=False, log=fail)
    assert "photos" not in text
    assert "(hidden)" in text
    assert "Traceback" in text
    assert "id-7" in text
    assert SIGNATURE not in text


def test_lines_of_no_request_have_no_id() -> None:
    record = logging.LogRecord("a", logging.INFO, "", 0, "started with %s", ("b",), None)
    assert RequestFilter(keys=False).filter(record)
    said = json.loads(JsonFormatter().format(record))
    assert said["message"] == "started with b"
    assert "request_id" not in said
