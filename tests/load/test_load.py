"""Some seconds of the load on each backend, and what the load is made of. ``make load`` does ten minutes."""

from __future__ import annotations

import inspect
import math
from typing import Final

import pytest
from bucketry_http.s3 import routing

from tests.http.documented import operations
from tests.load import __main__ as load
from tests.load.client import ACTIONS
from tests.load.model import Register, Wrong
from tests.load.report import report
from tests.load.run import MODULES, Result, Sample, run_load
from tests.load.wire import Reply
from tests.servers.handles import MinioServer, RgwServer

SECONDS: Final = 15.0
KEPT_CONNECTIONS: Final = 2 * 96
"""What a driver keeps open to its backend, at most: two kinds of connections."""

MOST_THREADS: Final = 2 * (64 + 32 + 4 + 3 * 32) + 64 * 8 + 20
"""For each port those of calls, transfers, probes and the parts of transfers; those that count buckets for calls of the
REST port, eight for each on MinIO; and those of the process itself."""

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
    assert result.wrong == []
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


def test_the_load_asks_for_every_operation_of_both_apis() -> None:
    assert MODULES
    asked = {name for action in ACTIONS for name in action.operations}
    tables = (routing.SERVICE, routing.BUCKET, routing.OBJECT, routing.COPIES)
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
