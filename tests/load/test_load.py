"""Some seconds of the load on each backend, and what the load is made of. ``make load`` does ten minutes."""

from __future__ import annotations

import inspect
import json
import math
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import pytest
from bucketry_http.s3 import routing

from tests.http.documented import operations
from tests.load import __main__ as load
from tests.load import accounts
from tests.load.accounts import in_audit, in_log, in_metrics
from tests.load.client import ACTIONS
from tests.load.model import Register, Wrong
from tests.load.report import report
from tests.load.run import MODULES, Result, run_load
from tests.load.serving import Sample, Served
from tests.load.tally import Tally
from tests.load.wire import Reply
from tests.servers.handles import MinioServer, RgwServer

SECONDS: Final = 20.0
WORKERS_SECONDS: Final = 5.0
KEPT_CONNECTIONS: Final = 2 * 2 * 96
"""What two drivers keep open to their backend, at most: two kinds of connections each. The second driver is that of the
access store."""

MOST_THREADS: Final = 2 * (64 + 32 + 4 + 3 * 32) + 64 * 8 + 20
"""For each port those of calls, transfers, probes and the parts of transfers; those that count buckets for calls of the
REST port, eight for each on MinIO; and those of the process itself, such as those for metrics and the audit stream."""

NOT_ASKED: Final = frozenset(
    {
        "PutBucketAcl",
        "PutObjectAcl",
        "PutObjectLockConfiguration",
        "GetBucketLogging",
        "PutBucketLogging",
        "GetBucketReplication",
        "DeleteBucketReplication",
    }
)
"""What the load leaves out: it names owners, other buckets, or what no driver has."""


def check(result: Result) -> None:
    """What every load must come to."""
    assert not result.wrong, result.wrong[0]
    assert result.requests > 500
    assert result.server_errors == sum(result.busy.values())
    assert result.idle is not None
    assert result.idle.files <= result.samples[0].files + KEPT_CONNECTIONS
    assert max(sample.threads for sample in result.samples) <= MOST_THREADS


def test_the_load_on_memory() -> None:
    result = run_load("memory", "memory://", {}, SECONDS)
    check(result)
    assert result.idle is not None
    assert result.idle.files <= result.samples[0].files
    assert not result.busy


def test_the_load_on_minio(minio_server: MinioServer) -> None:
    check(run_load("minio", *load.store_of("minio", minio_server), SECONDS))


def test_the_load_on_rgw(rgw_server: RgwServer) -> None:
    check(run_load("rgw", *load.store_of("rgw", rgw_server), SECONDS))


def test_the_load_on_two_workers(minio_server: MinioServer) -> None:
    """Whichever process gets a request, and whichever has the one before: log, audit and metrics have each once."""
    result = run_load("minio", *load.store_of("minio", minio_server), WORKERS_SECONDS, workers=2)
    assert not result.wrong, result.wrong[0]
    assert result.requests > 500
    assert result.server_errors == sum(result.busy.values())


def test_the_load_asks_for_every_operation_of_both_apis() -> None:
    assert MODULES
    asked = {name for action in ACTIONS for name in action.operations}
    tables = routing.all_routes()
    of_s3 = {route.name for table in tables for route in table.values()}
    of_rest = {operation.name for operation in operations()}
    assert of_s3 - asked == NOT_ASKED
    assert of_rest - asked == set()
    assert asked <= of_s3 | of_rest


def _reply(begun: float, ended: float) -> Reply:
    return Reply("GET /", 200, {}, b"", begun, ended)


def test_the_model_notices_a_value_that_was_replaced_or_never_written() -> None:
    register = Register()
    register.end(register.begin(b"first", 1.0), _reply(1.0, 2.0))
    register.end(register.begin(b"second", 3.0), _reply(3.0, 4.0))
    register.check(b"first", _reply(3.5, 3.6))  # The second write is on its way.
    register.check(b"second", _reply(3.5, 3.6))
    register.check(b"second", _reply(5.0, 6.0))
    for value in (b"first", b"never", None):
        with pytest.raises(Wrong):
            register.check(value, _reply(5.0, 6.0))
    register.begin(None, 7.0)  # A delete without a response may have been done, or not.
    register.check(None, _reply(9.0, 9.1))
    register.check(b"second", _reply(9.0, 9.1))


def test_the_model_forgets_only_what_no_read_may_give_any_more() -> None:
    register = Register()
    for number in range(2000):
        register.end(register.begin(b"%d" % number, number), _reply(number, number + 0.5))
    assert len(register._writes) < 1000
    register.check(b"1999", _reply(2001, 2002))
    with pytest.raises(Wrong):
        register.check(b"1998", _reply(2001, 2002))


@pytest.fixture
def where(tmp_path: Path) -> Served:
    """What a server would leave behind after a read over REST and a write over S3."""
    lines = [
        {"logger": "bucketry_http.access", "level": "INFO", "port": "rest", "status": 200},
        {"logger": "bucketry_http.access", "level": "INFO", "port": "s3", "status": 204},
    ]
    entry = {"request_id": "load-2", "status": 204, "principal": "load", "credential": "LOAD"}
    for name, written in (("log", lines), ("audit", [entry])):
        (tmp_path / name).write_text("".join(f"{json.dumps(line)}\n" for line in written))
    process: Any = None
    return Served(process, "", "", "", tmp_path / "log", tmp_path / "audit", ("the secret",))


@pytest.fixture
def tally() -> Tally:
    counted = Tally()
    for port, method, status in (("rest", "GET", 200), ("s3", "DELETE", 204)):
        request_id = counted.begin()
        counted.end(request_id)
        counted.count(port, method, status, request_id, 0.1)  # type: ignore[arg-type]
    return counted


def test_what_a_server_says_of_its_requests_must_be_true(
    where: Served, tally: Tally, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = Counter({("rest", "ok"): 1, ("s3", "ok"): 1})
    monkeypatch.setattr(accounts, "_requests", lambda _: found)
    monkeypatch.setattr(accounts, "_PATIENCE", 0.2)
    assert in_metrics(where, tally) == in_log(where, tally) == in_audit(where, tally) == []
    found["rest", "in flight"] = 1
    assert in_metrics(where, tally)
    tally.count("rest", "GET", 404, "load-3", 0.1)
    assert in_log(where, tally)
    tally.count("rest", "GET", 403, "load-4", 0.1)
    assert in_audit(where, tally) == ["audit: load-4 is missing"]


def test_the_log_says_why_the_server_is_busy(where: Served, tally: Tally) -> None:
    tally.count("s3", "GET", 503, "load-3", 0.1)
    line = {"logger": "bucketry_http.access", "level": "INFO", "port": "s3", "status": 503, "request_id": "load-3"}
    text = where.log.read_text() + json.dumps(line) + "\n"
    warning = {"logger": "bucketry_http", "level": "WARNING", "request_id": "load-3"}
    where.log.write_text(f"{json.dumps(warning)}\n{text}")
    assert in_log(where, tally) == []
    where.log.write_text(f"{json.dumps({**warning, 'request_id': 'load-2'})}\n{text}")
    assert in_log(where, tally)


@pytest.mark.parametrize(
    "line",
    [
        '{"logger": "bucketry_http", "level": "WARNING"}',
        '{"logger": "bucketry_http", "level": "INFO", "message": "the secret"}',
        '{"logger": "bucketry_http", "level": "INFO", "message": "X-Amz-Signature=%s"}' % ("0a" * 32),
        '{"logger": "bucketry_http.access", "level": "INFO", "port": "s3", "status": 204}',
        "Traceback (most recent call last):",
    ],
)
def test_the_log_has_no_other_line(where: Served, tally: Tally, line: str) -> None:
    where.log.write_text(f"{where.log.read_text()}{line}\n")
    assert in_log(where, tally)


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda text: text * 2, id="twice"),
        pytest.param(lambda text: text.replace("204", "409"), id="another status"),
        pytest.param(lambda text: text.replace("load-2", "load-1"), id="another request"),
        pytest.param(lambda text: text.replace('"LOAD"', '""'), id="nobody"),
        pytest.param(lambda text: text.replace("LOAD", "the secret"), id="a secret"),
    ],
)
def test_the_audit_stream_has_each_write_once_as_it_was(
    where: Served, tally: Tally, change: Callable[[str], str]
) -> None:
    where.audit.write_text(change(where.audit.read_text()))
    assert in_audit(where, tally)


def test_the_report_has_a_row_for_each_backend() -> None:
    sample = Sample(0.0, 50 * 1024**2, 5, 20)
    result = Result(
        name="memory", seconds=10.0, requests=1000, latencies=(0.001,) * 101, samples=[sample] * 8, idle=sample
    )
    assert (
        "| memory | 10 | 1,000 | 100 | 0 | 0 | 0 | 1 ms, 1 ms | 50 MiB, 50 MiB | 5, 20 | 20 (before: 20) |"
        in report([result])
    )
    assert math.isclose(result.growth(), 1)
    assert inspect.iscoroutinefunction(ACTIONS[0].run)
