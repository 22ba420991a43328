"""An application's tests, in an environment that holds what its developer has installed and nothing else."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.distributions.clean_install import CleanInstall

REQUIREMENTS = ("bucketry[test]", "boto3", "pytest-xdist")

APPLICATION = '''
"""An application that keeps reports in a bucket."""

import boto3


class Reports:
    def __init__(self, client):
        self.client = client

    def save(self, name, content):
        self.client.put_object(Bucket="my-assets", Key=f"reports/{name}", Body=content)

    def names(self):
        pages = self.client.get_paginator("list_objects_v2").paginate(Bucket="my-assets", Prefix="reports/")
        return [entry["Key"].removeprefix("reports/") for page in pages for entry in page.get("Contents", ())]
'''

TESTS = """
import boto3
import pytest
from application import Reports


@pytest.fixture
def client(bucketry_s3):
    bucketry_s3.store.create_bucket("my-assets")
    return boto3.client("s3", **bucketry_s3.boto3_kwargs)


@pytest.mark.parametrize("number", range(20))
def test_a_report_is_saved(client, bucketry_s3, number):
    reports = Reports(client)
    assert reports.names() == []
    reports.save("a.pdf", b"%PDF")
    assert reports.names() == ["a.pdf"]
    assert bucketry_s3.store.get_object("my-assets", "reports/a.pdf").read() == b"%PDF"


def test_a_refusal_is_seen(client, bucketry_s3):
    bucketry_s3.faults.add("put_object:access_denied")
    with pytest.raises(client.exceptions.ClientError, match="AccessDenied"):
        Reports(client).save("a.pdf", b"%PDF")
"""


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory, wheels: Path) -> CleanInstall:
    return CleanInstall(tmp_path_factory.mktemp("clean"), wheels, *REQUIREMENTS)


@pytest.fixture
def application(tmp_path: Path) -> Path:
    (tmp_path / "application.py").write_text(APPLICATION)
    (tmp_path / "test_application.py").write_text(TESTS)
    return tmp_path


@pytest.mark.parametrize("workers", ["0", "2"])
def test_an_applications_tests_pass(
    installed: CleanInstall,
    application: Path,
    workers: str,
    record_property: Callable[[str, object], None],
    capsys: pytest.CaptureFixture[str],
) -> None:
    arguments = ("-p", "no:cacheprovider", "-W", "error", "-n", workers, "--durations=0", "-vv")
    done = installed.run("pytest", *arguments, folder=application)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "21 passed" in done.stdout
    report = durations(done.stdout)
    record_property("durations", report)
    with capsys.disabled():
        print(f"\n{report}")


def durations(output: str) -> str:
    """Says how long the application's tests took: all of a test, with its fixtures."""
    spent: dict[str, float] = {}
    for seconds, test in re.findall(r"([\d.]+)s (?:setup|call|teardown) +(\S+)", output):
        spent[test] = spent.get(test, 0) + float(seconds)
    assert len(spent) == 21
    each = sorted(spent.values())
    return (
        f"an application's tests with a live S3 endpoint each: median {each[len(each) // 2] * 1000:.0f} ms, "
        f"longest {each[-1] * 1000:.0f} ms, with boto3's own client in it"
    )


def test_the_environment_has_no_command_line_nor_drivers_for_servers(installed: CleanInstall, tmp_path: Path) -> None:
    done = installed.run("python", "-c", "import bucketry_cli", folder=tmp_path)
    assert "ModuleNotFoundError" in done.stderr


def test_without_pytest_there_are_context_managers(installed: CleanInstall, tmp_path: Path) -> None:
    code = """
import urllib.request
from bucketry_testing import rest_server, s3_endpoint

with s3_endpoint(buckets=["my-assets"]) as s3, rest_server(s3.store) as rest:
    url = s3.store.presign("my-assets", "a").url
    s3.store.put_object("my-assets", "a", b"content")
    print(urllib.request.urlopen(url).read().decode(), urllib.request.urlopen(rest.url + "/status").status)
"""
    done = installed.run("python", "-W", "error", "-c", code, folder=tmp_path)
    assert (done.stdout, done.stderr) == ("content 200\n", "")
