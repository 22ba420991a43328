"""``bucketry serve --breaker``: a backend that does not answer is left alone."""

from __future__ import annotations

import socket
from collections.abc import Sequence

import pytest

from tests.cli.conftest import Spawn
from tests.cli.test_configuration import write
from tests.cli.test_serve import ask
from tests.cli.test_serve_access import places
from tests.cli.test_serve_management import total
from tests.http.serving import eventually


@pytest.mark.parametrize("more", [[], ["--workers", "2"]], ids=["one process", "two workers"])
def test_a_dead_backend_is_asked_so_often_and_then_no_more(
    spawn: Spawn, monkeypatch: pytest.MonkeyPatch, more: Sequence[str]
) -> None:
    monkeypatch.setenv("BUCKETRY_MINIO_ACCESS_KEY", "somebody")
    monkeypatch.setenv("BUCKETRY_MINIO_SECRET_KEY", "somebody's secret key")
    with socket.create_server(("127.0.0.1", 0)) as silent:
        # It takes connections and says nothing, so each try is a connection that waits to be accepted.
        location = f"127.0.0.1:{silent.getsockname()[1]}"
        url = f"minio://{location}?read_timeout=0.1&retries=0"
        options = ("--port", "0", "--no-s3", "--breaker", "2", "--management-port", "0", *more)
        found = places(spawn("serve", *options, store=url), "Health")
        place = found["REST API"]
        details = []
        for _ in range(12):
            status, problem = ask(f"{place}/buckets/my-assets/objects")
            assert status == 503
            assert isinstance(problem, dict)
            details.append("is asked again in a moment" in problem["detail"])
        # Those of workers are up to a second late.
        assert eventually(lambda: total(found, "bucketry_circuits_open", store="minio", calls="reads") >= 1)
        assert total(found, "bucketry_circuits_open", calls="writes") == 0
    assert not any(details[:2])
    assert sum(details) >= 4  # A process of its own counts for itself, and one may probe after a second.


def test_of_several_stores_the_one_that_is_dead_is_named(spawn: Spawn) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        write(TWO.format(location=f"127.0.0.1:{silent.getsockname()[1]}"))
        options = ("--port", "0", "--no-s3", "--breaker", "2", "--management-port", "0")
        found = places(spawn("serve", *options, store=None), "Health")
        place = found["REST API"]
        assert ask(f"{place}/buckets/near/objects")[0] == 404
        for _ in range(3):
            assert ask(f"{place}/buckets/far/objects")[0] == 503
        assert total(found, "bucketry_circuits_open", store="far", calls="reads") == 1
        assert total(found, "bucketry_circuits_open") == 1
        assert total(found, "bucketry_circuits_open", store="near", calls="reads") == 0


TWO = """
[[stores]]
name = "near"
url = "memory://"
buckets = ["near*"]

[[stores]]
name = "far"
url = "minio://{location}?read_timeout=0.1&retries=0"
default = true
settings = {{access_key = "somebody", secret_key = "somebody's secret key"}}
"""
