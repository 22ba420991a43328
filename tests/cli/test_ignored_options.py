"""Options of ``bucketry serve`` that would be ignored without another one are refused, wherever they are given."""

from __future__ import annotations

from pathlib import Path

import pytest
from bucketry_cli.serve_options import all_options
from bucketry_cli.serve_options.command import ServeOption

from tests.cli.conftest import Run

NO_S3 = "does not go with --no-s3: leave one of them out"
QUOTAS = "[[quotas]]\nbuckets = 'team-*'\nmax_objects = 1\n"

CASES: dict[str, tuple[str | None, str]] = {
    "audit_when_full": ("drop", "needs --audit: give that too, or leave this out"),
    "audit_queue": ("10", "needs --audit: give that too, or leave this out"),
    "s3_host": ("127.0.0.1", NO_S3),
    "s3_port": ("9001", NO_S3),
    "s3_public_endpoint": ("https://s3.example.com", NO_S3),
    "s3_domain": ("s3.example.com", NO_S3),
    "s3_region": ("eu-west-1", NO_S3),
    "s3_check_origins": (None, NO_S3),
    "max_xml_bytes": ("2048", NO_S3),
    "max_xml_elements": ("200", NO_S3),
    "max_form_fields": ("20", NO_S3),
    "max_policy_bytes": ("2048", NO_S3),
    "traces_endpoint": ("http://localhost:4318", "needs --traces otlp: give that too, or leave this out"),
    "traces_ratio": ("0.5", "needs --traces otlp or --traces console: give that too, or leave this out"),
    "traces_service": ("mine", "needs --traces otlp or --traces console: give that too, or leave this out"),
    "management_host": ("127.0.0.1", "needs --management-port: give that too, or leave this out"),
    "usage_seconds": ("10", "needs --management-port: give that too, or leave this out"),
    "tls_key": ("key.pem", "needs --tls-cert: give that too, or leave this out"),
    "log_keys": (None, "needs --log-format or --traces: give that too, or leave this out"),
    "quota_recount_seconds": ("10", "needs [[quotas]] in the settings file: give that too, or leave this out"),
}
"""By the option's name: a value (``None``: it is a flag), and what is said without what it needs."""

MET = {
    "audit_when_full": ("--audit", "audit.jsonl"),
    "traces_endpoint": ("--traces", "otlp"),
    "traces_ratio": ("--traces", "console"),
    "management_host": ("--management-port", "0"),
    "log_keys": ("--log-format", "json"),
    "s3_port": ("--s3",),
}


def given(name: str) -> list[str]:
    option, (value, _) = "--" + name.replace("_", "-"), CASES[name]
    return [f"--no-{name.replace('_', '-')}"] if value is None else [option, value]


def without(name: str) -> list[str]:
    return ["--no-s3"] if CASES[name][1] == NO_S3 else []


def test_each_option_with_a_need_is_here() -> None:
    needy = {option.name for option in all_options() if isinstance(option, ServeOption) and option.need is not None}
    assert needy == CASES.keys()


@pytest.mark.parametrize("name", CASES)
def test_what_would_be_ignored_is_refused(run: Run, name: str) -> None:
    result = run("serve", "--port", "0", *without(name), *given(name), store="memory://")
    assert result.exit_code == 2
    assert f"'--{name.replace('_', '-')}' {CASES[name][1]}" in " ".join(result.stderr.split())


def test_so_it_is_in_the_environment_and_the_settings_file(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "a.toml"
    file.write_text("[serve]\ntls_key = 'key.pem'\n")
    monkeypatch.setenv("BUCKETRY_AUDIT_QUEUE", "10")
    result = run("config", "check", "--config", str(file), store="memory://")
    assert result.exit_code == 2
    said = " ".join(result.stderr.split())
    assert "'--audit-queue' (the variable BUCKETRY_AUDIT_QUEUE) needs --audit" in said
    assert f"'--tls-key' ('tls_key' in [serve] of '{file}') needs --tls-cert" in said


@pytest.mark.parametrize("name", MET)
def test_with_what_it_needs_it_is_taken(run: Run, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert run("config", "check", *MET[name], *given(name), store="memory://").exit_code == 0


def test_a_quota_is_what_counting_again_needs(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "a.toml"
    file.write_text(QUOTAS)
    arguments = ("--config", str(file), *given("quota_recount_seconds"))
    assert run("config", "check", *arguments, store="memory://").exit_code == 0


def test_the_bucket_of_no_access_store_is_refused(run: Run) -> None:
    result = run("config", "check", "--access-bucket", "another", store="memory://")
    assert result.exit_code != 0
    assert "--access-bucket needs --access-store, --s3 or users" in " ".join(result.stderr.split())
