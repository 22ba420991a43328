"""The pytest plugin, as an application's tests use it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

PATIENCE = 120.0
"""How long a run may take before it hangs, in seconds."""

RunTests = Callable[..., str]

FIXTURES = """
import pytest


@pytest.fixture
def bucketry_settings():
    return {"min_part_size": 1, "region": "eu-central-1"}


@pytest.mark.parametrize("run", range(4))
def test_each_test_has_its_own(bucketry_store, run):
    assert bucketry_store.list_buckets() == ()
    bucketry_store.create_bucket("my-assets")


def test_settings_are_those_of_the_fixture(bucketry_store):
    assert bucketry_store.capabilities.features.min_part_size == 1
    assert bucketry_store.status().region == "eu-central-1"


def test_no_faults_cost_nothing(bucketry_store):
    assert bucketry_store.capabilities.features.non_blocking


def test_faults(bucketry_faults, bucketry_store):
    bucketry_faults.add("create_bucket:throttled:nth=2")
    bucketry_store.create_bucket("one")
    with pytest.raises(Exception, match="try again later"):
        bucketry_store.create_bucket("two")


def test_faults_whichever_is_named_first(bucketry_store, bucketry_faults):
    bucketry_faults.add("create_bucket:latency=0.01", "create_bucket:quota_exceeded")
    with pytest.raises(Exception, match="quota"):
        bucketry_store.create_bucket("one")


@pytest.mark.parametrize("run", range(4))
def test_the_rest_server_is_the_tests_own(bucketry_rest, run):
    assert bucketry_rest.store.list_buckets() == ()
    bucketry_rest.store.create_bucket("my-assets")
"""


@pytest.fixture
def run_tests(tmp_path: Path) -> RunTests:
    """Runs pytest on a file, in a process of its own; returns its output."""

    def run_tests(code: str, *arguments: str) -> str:
        (tmp_path / "test_application.py").write_text(code)
        # Only what this is about: the plugins of this workspace take longer to load than the tests to run.
        plugins = ["-p", "no:cacheprovider", "-p", "xdist", "-p", "bucketry_testing.plugin"]
        command = [sys.executable, "-m", "pytest", *plugins, "-W", "error", *arguments, str(tmp_path)]
        environ = {**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
        done = subprocess.run(
            command, cwd=tmp_path, env=environ, capture_output=True, text=True, timeout=PATIENCE, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    return run_tests


@pytest.mark.parametrize("workers", ["0", "2"])
def test_the_fixtures_work_alone_and_distributed(run_tests: RunTests, workers: str) -> None:
    assert "12 passed" in run_tests(FIXTURES, "-n", workers)


def test_the_fixtures_are_listed_with_what_they_are(run_tests: RunTests) -> None:
    listed = run_tests("def test_nothing(): pass", "--fixtures", "-n", "0")
    for name in ("store", "faults", "s3", "rest", "settings"):
        assert f"bucketry_{name}" in listed


def test_the_plugin_imports_nothing_until_it_is_used(run_tests: RunTests) -> None:
    code = """
import sys

def test_nothing_is_there():
    loaded = {name.partition(".")[0] for name in sys.modules}
    assert "bucketry_testing" in loaded
    assert not loaded & {"bucketry", "bucketry_http", "bucketry_memory", "uvicorn", "litestar", "msgspec"}

def test_a_store_needs_no_server(bucketry_store):
    assert not {"bucketry_http", "uvicorn", "litestar"} & set(sys.modules)

def test_s3_needs_no_framework(bucketry_s3):
    assert "litestar" not in sys.modules
"""
    run_tests(code, "-n", "0")


def test_servers_work_on_both_sides_of_a_fork(run_tests: RunTests) -> None:
    code = """
import multiprocessing, urllib.request
from bucketry_testing import rest_server

def ask(url):
    with urllib.request.urlopen(url + "/status", timeout=60) as answer:
        assert answer.status == 200

def child(url):
    ask(url)
    with rest_server() as rest:
        ask(rest.url)

def test_fork(bucketry_rest):
    ask(bucketry_rest.url)
    process = multiprocessing.get_context("fork").Process(target=child, args=(bucketry_rest.url,))
    process.start()
    process.join(60)
    assert process.exitcode == 0
    ask(bucketry_rest.url)
"""
    run_tests(code, "-n", "0")
