"""Settings that are wrong in many ways: start-up and ``bucketry config check`` say what and where, in one sentence."""

from __future__ import annotations

import json
import socket
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import trustme
from bucketry_cli import serve as serve_module
from bucketry_cli import workers as workers_module

from tests.cli.conftest import Run

SECRET = "hunter2-hunter2"
FREE = {"BUCKETRY_PORT": "0", "BUCKETRY_S3_PORT": "0"}
MINIO = "store = 'minio://localhost:9'\n[drivers.minio]\naccess_key = 'a'\nsecret_key = 'hunter2-hunter2'\n"
HOOK = "[[webhooks]]\nurl = 'https://hooks.example.com/hunter2-hunter2'\n"
ISSUER = "[[oidc]]\nissuer = 'https://login.example.com'\naudience = 'bucketry'\n"
KEY = "[[s3_credentials]]\naccess_key = 'reports'\n"

Wrong = tuple[str, Mapping[str, str], tuple[str, ...], str]

FILES: list[tuple[str, str]] = [
    # What stands in the file, and what is said of it.
    ("port = ", "the settings file 'bucketry.toml' cannot be used: Invalid value (at end of document)"),
    ("[serve", "the settings file 'bucketry.toml' cannot be used: Expected ']'"),
    ("[serve]\n[serve]", "the settings file 'bucketry.toml' cannot be used: Cannot declare ('serve',) twice"),
    ("stor = 'x'", "unknown: 'stor'"),
    ("[server]\nport = 1", "unknown: 'server'"),
    ("serve = 1", "Expected `object`, got `int` - at `$.serve`"),
    ("store = 1", "Expected `str`, got `int` - at `$.store`"),
    ("[serve]\nprot = 1", "unknown: 'serve.prot' (perhaps serve.port;"),
    ("[serve]\nport = '8000'", "Expected `int`, got `str` - at `$.serve.port`"),
    ("[serve]\nport = 80000", "'--port' ('port' in [serve] of 'bucketry.toml'): 80000 is not in the range"),
    ("[serve]\ns3_port = -1", "'--s3-port' ('s3_port' in [serve] of 'bucketry.toml'): -1 is not in the range"),
    ("[serve]\nread_only = 'yes'", "Expected `bool`, got `str` - at `$.serve.read_only`"),
    ("[serve]\nbucket = 'a'", "Expected `array`, got `str` - at `$.serve.bucket`"),
    ("[serve]\nworkers = 0", "'--workers' ('workers' in [serve] of 'bucketry.toml'): 0 is not in the range"),
    ("[serve]\ngrace_seconds = -1", "'--grace-seconds' ('grace_seconds' in [serve] of 'bucketry.toml'): -1"),
    ("[serve]\nhead_seconds = 0", "'--head-seconds' ('head_seconds' in [serve] of 'bucketry.toml'): 0"),
    ("[serve]\nhead_seconds = nan", "'--head-seconds' ('head_seconds' in [serve] of 'bucketry.toml'): nan"),
    ("[serve]\ngrace_seconds = inf", "'--grace-seconds' ('grace_seconds' in [serve] of 'bucketry.toml'): inf"),
    ("[serve]\nprincipal_requests = nan", "'principal_requests' in [serve] of 'bucketry.toml'): nan"),
    (2 * ISSUER, "two tables [[oidc]] are about the issuer 'https://login.example.com'"),
    ("[serve]\ncall_threads = 100000", "'--call-threads' ('call_threads' in [serve] of 'bucketry.toml'): 100000"),
    ("[serve]\nlog_level = 'loud'", "'--log-level' ('log_level' in [serve] of 'bucketry.toml'): 'loud' is not one of"),
    (
        "[serve]\nallowed_host = ['http://a']",
        "'--allowed-host' ('allowed_host' in [serve] of 'bucketry.toml'): 'http://a'",
    ),
    ("[serve]\ncors_origin = ['a']", "'--cors-origin' ('cors_origin' in [serve] of 'bucketry.toml'): 'a' cannot be"),
    ("[serve]\ns3_region = ['a b']", "'--s3-region' ('s3_region' in [serve] of 'bucketry.toml'): a region is"),
    ("[serve]\ns3_domain = ['A_']", "'--s3-domain' ('s3_domain' in [serve] of 'bucketry.toml'): 'A_' is not"),
    (
        "[serve]\ntrusted_proxies = ['10.0.0.1/8']",
        "('trusted_proxies' in [serve] of 'bucketry.toml'): '10.0.0.1/8' cannot be",
    ),
    ("[serve]\nfault = ['nonsense']", "'--fault' ('fault' in [serve] of 'bucketry.toml'): "),
    ("[serve]\nbucket = ['My_Assets']", "'--bucket' ('bucket' in [serve] of 'bucketry.toml'): 'My_Assets': a bucket"),
    (
        "[serve]\nbucket = ['ok-1', 'a..b']",
        "'--bucket' ('bucket' in [serve] of 'bucketry.toml'): 'a..b': a bucket name",
    ),
    ("[serve]\naccess_bucket = 'xn--a'", "'--access-bucket' ('access_bucket' in [serve] of 'bucketry.toml'): 'xn--a'"),
    ("[[quotas]]\nbuckets = 'team a'\nmax_objects = 1", "the pattern 'team a' of a quota: a bucket name has 3 to 255"),
    ("[[quotas]]\nbuckets = 'team-[a'\nmax_objects = 1", "the pattern 'team-[a' of a quota: write a bucket's name"),
    ("[[stores]]\nname = 'a'\nurl = 'memory://'\nbuckets = ['a/*']", "the store 'a' has the pattern 'a/*': write a"),
    (
        "[[stores]]\nname = 'a'\nurl = 'memory://'\nbuckets = ['a?']",
        "the store 'a' has the pattern 'a?': no bucket has",
    ),
    ("[[users]]\nid = 'ann'\nroles = ['read:a']", "the role 'read:a' names no buckets: a bucket name has 3 to 255"),
    (
        KEY + "secret_key = 'hunter2-hunter2'\nbuckets = ['team/a']",
        "the bucket 'team/a' of a credential: a bucket name has 3 to 255",
    ),
    (
        "[serve]\nread_only = true\nbucket = ['assets']",
        "--read-only goes neither with --bucket nor with --reset-endpoint",
    ),
    ("[serve]\nhost = '0.0.0.0'", "the REST API would be open to all who reach 0.0.0.0"),
    (f"[serve]\nhost = '{'a' * 300}'", "aaaa port 0: no such host"),
    ("[serve]\naudit = ''", "the audit stream cannot be written to '': Is a directory"),
    ("a = " + "[" * 2000 + "]" * 2000, "'bucketry.toml' cannot be used: it has too many arrays or tables within each"),
    (
        "[[stores]]\nname = 'a'\nurl = 'router://'\ndefault = true",
        "the store 'a' is router://, which stands for all of [[stores]] itself",
    ),
    (ISSUER + "algorithms = ['none']", "the table number 1 of [[oidc]]: the algorithms of an OIDC issuer are some of"),
    (ISSUER + "claim = 'x'", "the table number 1 of [[oidc]]: Object contains unknown field `claim`"),
    (ISSUER + "ca_file = 'nowhere'", "the table number 1 of [[oidc]]: the ca_file of an OIDC issuer cannot be used"),
    (
        ISSUER + ISSUER.replace("https://login", "http://login2"),
        "the table number 2 of [[oidc]]: the issuer of an OIDC issuer begins with https://",
    ),
    ("[serve]\nhost = 'nowhere.invalid'", "cannot listen on nowhere.invalid port 0: no such host"),
    ("[serve]\ntls_key = 'key.pem'", "'--tls-key' ('tls_key' in [serve] of"),
    ("[serve]\ntls_cert = 'nowhere.pem'", "'nowhere.pem' of the TLS certificate cannot be read: No such file"),
    (
        "[serve]\ntls_cert = 'tls.pem'\ntls_key = 'other.pem'",
        "'other.pem' does not belong to the certificate in 'tls.pem'",
    ),
    ("[serve]\nwebhook = ['ftp://a']", "the webhook number 1 of --webhook: a webhook needs an http or https URL"),
    (HOOK + "attempts = 0", "the table number 1 of [[webhooks]]: "),
    (HOOK + "colour = 'red'", "unknown: 'webhooks.colour'"),
    (HOOK + "secret = 'hunter2-hunter2'", "the table number 1 of [[webhooks]]: the secret of a webhook cannot be used"),
    (HOOK + "secret_file = 'nowhere'", "that secret_file in [[webhooks]] names cannot be read: FileNotFoundError"),
    (HOOK + "secret = 'x'\nsecret_file = 'y'", "a table [[webhooks]] has secret and secret_file: write one of them"),
    (KEY, "[[s3_credentials]] of 'reports' needs secret_key or secret_key_file, and has neither"),
    (KEY + "secret_key = 1", "expected a string - at `$.s3_credentials[0].secret_key`"),
    (KEY + "secret_key_file = 'nowhere'", "secret_key_file in [[s3_credentials]] of 'reports' names cannot be read"),
    (KEY + "secret_key = 'hunter2-hunter2'\npolicy = '{'", "the policy of a credential is not valid: "),
    (KEY + "secret_key = 'hunter2-hunter2'\nemail = 'a@b'", "the access key 'reports' names a user without a user_id"),
    (2 * (KEY + "secret_key = 'hunter2-hunter2'\n"), "an access key comes twice"),
    ("store = 'nowhere://'", "no driver is installed for nowhere://"),
    ("store = 'localhost:9000'", "a store URL looks like memory://, file://"),
    ("store = 'http://localhost:9000'", "serve stands in front of a driver's store"),
    ("store = 'minio://a:hunter2-hunter2@localhost'", "credentials do not belong in a store URL"),
    ("store = 'minio://localhost:9000'", "the driver 'minio' needs access_key and secret_key"),
    (MINIO.replace(":9'", ":9?colour=red'"), "`colour`"),
    (MINIO + "colour = 'red'", "`colour`"),
    (MINIO + "retries = 'many'", "the setting retries of the driver 'minio'"),
    (MINIO.replace("'hunter2-hunter2'", "['hunter2-hunter2']"), "the setting secret_key of the driver 'minio'"),
    (MINIO + "ca_file = 'nowhere.pem'", "ca_file"),
    ("[drivers.memory]\nmax_bytes = -1", "max_bytes"),
    ("[drivers.memory]\nregion = 'a b'", "region"),
]

ENVIRONMENTS: list[tuple[dict[str, str], str]] = [
    ({"BUCKETRY_PORT": "abc"}, "'--port' (the variable BUCKETRY_PORT): 'abc' is not a valid"),
    (
        {"BUCKETRY_READ_ONLY": "perhaps"},
        "'--read-only' (the variable BUCKETRY_READ_ONLY): 'perhaps' is not a valid boolean",
    ),
    ({"BUCKETRY_TRUSTED_PROXIES": "10.0.0.0/8 nobody"}, "(the variable BUCKETRY_TRUSTED_PROXIES): 'nobody' cannot be"),
    ({"BUCKETRY_S3_ACCESS_KEY": "a"}, "BUCKETRY_S3_ACCESS_KEY is set, and an S3 credential is both"),
    ({"BUCKETRY_S3_SECRET_KEY": SECRET}, "BUCKETRY_S3_SECRET_KEY is set, and an S3 credential is both"),
    (
        {"BUCKETRY_S3_ACCESS_KEY": "a", "BUCKETRY_S3_SECRET_KEY_FILE": "nowhere"},
        "BUCKETRY_S3_SECRET_KEY_FILE names cannot be read",
    ),
    ({"BUCKETRY_MEMORY_MAX_BYTES": "lots"}, "max_bytes"),
    ({"BUCKETRY_CONFIG": "nowhere.toml"}, "the settings file 'nowhere.toml' cannot be used: No such file or directory"),
    (
        {"BUCKETRY_WEBHOOK": "https://a", "BUCKETRY_WEBHOOK_SECRET": SECRET},
        "number 1 of --webhook: the secret of a webhook",
    ),
    ({"BUCKETRY_TRACES": "otlp", "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"}, "OTEL_EXPORTER_OTLP_PROTOCOL: only http/"),
    ({"BUCKETRY_TRACES": "otlp", "OTEL_EXPORTER_OTLP_HEADERS": SECRET}, "OTEL_EXPORTER_OTLP_HEADERS is not a list"),
    ({"BUCKETRY_TRACES": "otlp", "OTEL_EXPORTER_OTLP_CERTIFICATE": "nowhere"}, "OTEL_EXPORTER_OTLP_CERTIFICATE: its"),
    ({"BUCKETRY_TRACES": "console", "OTEL_TRACES_SAMPLER": "mine"}, "OTEL_TRACES_SAMPLER is one of always_on"),
]

COMMAND_LINES: list[tuple[tuple[str, ...], str]] = [
    (("--port", "80000"), "'--port': 80000 is not in the range"),
    *(
        ((option, value), f"'{option}': {value} is not in the range")
        for option, value in (
            ("--max-list-bytes", "0"),
            ("--max-list-bytes", "1073741824"),
            ("--max-json-bytes", "0"),
            ("--max-json-bytes", "99999999999"),
            ("--max-xml-bytes", "1023"),
            ("--max-xml-elements", "0"),
            ("--max-form-files", "0"),
            ("--max-form-fields", "-1"),
            ("--max-policy-bytes", "0"),
        )
    ),
    (("--bucket", "192.168.0.1"), "'--bucket': '192.168.0.1': a bucket name does not look like an IP address"),
    (("--access-bucket", ""), "'--access-bucket': '': a bucket name has 3 to 63 lower-case letters"),
    (("--s3", "--port", "9100", "--s3-port", "9100"), "--port and --s3-port are both 9100"),
    (("--port", "9100", "--management-port", "9100"), "--port and --management-port are both 9100"),
    (("--workers", "2"), "--workers needs a store that several processes can share"),
    (("--workers", "2", "--s3"), "--workers needs a store that several processes can share"),
    (("--store", "nowhere://"), "no driver is installed for nowhere://"),
    (("--config", "nowhere.toml"), "the settings file 'nowhere.toml' cannot be used"),
    (("--traces", "jaeger"), "'--traces': 'jaeger' is not one of"),
    (("--traces-endpoint", "http://localhost:4318"), "'--traces-endpoint' needs --traces otlp"),
    (("--traces", "console", "--traces-endpoint", "http://localhost"), "'--traces-endpoint' needs --traces otlp"),
    (("--traces", "otlp", "--traces-endpoint", "localhost:4318"), "'--traces-endpoint': a collector of traces needs"),
    (("--traces", "otlp", "--traces-endpoint", f"http://a:{SECRET}@b"), "credentials do not belong in the URL"),
    (("--traces-ratio", "0.5"), "'--traces-ratio' needs --traces otlp or --traces console"),
    (("--traces", "otlp", "--traces-ratio", "2"), "'--traces-ratio': 2.0 is not in the range"),
    (("--traces-service", "mine"), "'--traces-service' needs --traces otlp or --traces console"),
    (("--traces", "otlp", "--traces-service", " "), "the service name of traces cannot be empty"),
    (("--tls-cert", "key.pem"), "'key.pem' of the TLS certificate has none in PEM"),
]

CASES: list[Wrong] = [
    *((text, {}, (), said) for text, said in FILES),
    *(("", variables, (), said) for variables, said in ENVIRONMENTS),
    *(("", {}, arguments, said) for arguments, said in COMMAND_LINES),
]


def test_there_are_at_least_40_ways_to_be_wrong() -> None:
    assert len({said for *_, said in CASES}) >= 40


@pytest.fixture
def folder(run: Run, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working folder, with a certificate, its key, and the key of another. Nothing is really served."""
    monkeypatch.setattr(serve_module, "run", lambda *_: pytest.fail("it starts"))
    monkeypatch.setattr(workers_module, "run_workers", lambda *_: pytest.fail("it starts"))
    authority = trustme.CA()
    issued = authority.issue_cert("localhost")
    Path("tls.pem").write_bytes(issued.private_key_and_cert_chain_pem.bytes())
    Path("key.pem").write_bytes(issued.private_key_pem.bytes())
    Path("other.pem").write_bytes(authority.issue_cert("localhost").private_key_pem.bytes())
    return Path.cwd()


@pytest.mark.parametrize("command", [("serve",), ("config", "check")], ids=["start-up", "check"])
@pytest.mark.parametrize(
    ("text", "variables", "arguments", "said"),
    CASES,
    ids=[f"{number}: {case[-1][:40]}" for number, case in enumerate(CASES)],
)
def test_one_sentence_says_what_is_wrong_and_where(
    run: Run,
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    command: tuple[str, ...],
    text: str,
    variables: Mapping[str, str],
    arguments: tuple[str, ...],
    said: str,
) -> None:
    if text:
        Path("bucketry.toml").write_text(text)
    for name, value in ({**FREE, **variables} if "port" not in text.partition("=")[0] else variables).items():
        monkeypatch.setenv(name, value)
    result = run(*command, *arguments, store=None)
    errors = [line for line in result.stderr.splitlines() if line.startswith(("error: ", "Error: "))]
    assert result.exit_code != 0, result.output
    assert len(errors) == 1, result.stderr
    assert said in " ".join(result.stderr.split())
    assert "Traceback" not in result.output
    assert "this is a bug" not in result.output
    assert SECRET not in result.output


def test_all_that_is_wrong_is_said_at_once(run: Run, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Path("bucketry.toml").write_text(
        "store = 'minio://localhost:9'\n[serve]\nport = 80000\ntls_key = 'key.pem'\nworkers = 0\n[[webhooks]]\nurl = 'ftp://a'\n"
    )
    monkeypatch.setenv("BUCKETRY_S3_PORT", "abc")
    monkeypatch.setenv("BUCKETRY_S3_ACCESS_KEY", "a")
    result = run("config", "check", "--log-level", "loud", store=None)
    assert result.exit_code != 0
    errors = [line for line in result.stderr.splitlines() if line.startswith("error: ")]
    for part in (
        "--port",
        "--s3-port",
        "--workers",
        "--log-level",
        "--tls-key",
        "[[webhooks]]",
        "'minio' needs",
        "S3_ACCESS_KEY",
    ):
        assert sum(part in line for line in errors) == 1, (part, errors)
    started = run("serve", "--log-level", "loud", store=None)
    assert started.exit_code == 2
    assert len(started.stderr.splitlines()) == 5


def test_settings_that_can_be_used_are(run: Run, folder: Path) -> None:
    Path("bucketry.toml").write_text(MINIO)
    result = run("config", "check", store=None)
    assert (result.exit_code, result.stdout, result.stderr) == (
        0,
        "the settings can be used: bucketry would serve minio://localhost:9\n",
        "",
    )


def test_a_check_needs_no_port_that_the_server_has(run: Run, folder: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert run("config", "check", "--port", str(port), store=None).exit_code == 0
        assert run("serve", "--port", str(port), "--s3-port", "0", store=None).exit_code == 1


def test_what_holds_and_where_it_comes_from(run: Run, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Path("bucketry.toml").write_text(
        MINIO.replace(
            "[drivers", "[serve]\nread_only = true\nwebhook = ['a=https://h.example.com/hunter2-hunter2']\n[drivers"
        )
        + HOOK
        + KEY
        + "secret_key = 'hunter2-hunter2'\nbuckets = ['assets']\n"
    )
    monkeypatch.setenv("BUCKETRY_GRACE_SECONDS", "5")
    monkeypatch.setenv("BUCKETRY_MINIO_REGION", "eu-central-1")
    result = run("config", "show", "--json", "--port", "1234", store=None)
    assert result.exit_code == 0, result.stderr
    rows: dict[str, Any] = {}
    for line in result.stdout.splitlines():
        row = json.loads(line)
        rows[row["name"]] = (row["value"], row["source"])
    assert rows["store"] == ("minio://localhost:9", "bucketry.toml")
    assert rows["serve.port"] == (1234, "command line")
    assert rows["serve.read_only"] == (True, "[serve] in bucketry.toml")
    assert rows["serve.webhook"] == (["a=https://h.example.com/***"], "[serve] in bucketry.toml")
    assert rows["serve.grace_seconds"] == (5.0, "BUCKETRY_GRACE_SECONDS")
    assert rows["serve.s3_port"] == (9000, "default")
    assert rows["drivers.minio.region"] == ("eu-central-1", "BUCKETRY_MINIO_REGION")
    assert rows["drivers.minio.access_key"] == ("a", "bucketry.toml")
    assert rows["drivers.minio.secret_key"] == ("***", "bucketry.toml")
    assert rows["webhooks[0].url"] == ("https://hooks.example.com/***", "bucketry.toml")
    assert rows["s3_credentials[0].secret_key"] == ("***", "bucketry.toml")
    assert rows["s3_credentials[0].buckets"] == (["assets"], "bucketry.toml")
    for output in (result.stdout, run("config", "show", store=None).stdout):
        assert SECRET not in output


def test_stores_of_a_router_show_no_secrets(run: Run, folder: Path) -> None:
    Path("bucketry.toml").write_text(
        MINIO.partition("\n")[2]
        + "[[stores]]\nname = 'a'\nurl = 'minio://localhost:9'\nbuckets = ['*']\n"
        + "settings = {secret_key = 'hunter2-hunter2', region = 'eu-central-1'}\n"
    )
    result = run("config", "show", "--json", store=None)
    assert result.exit_code == 0, result.stderr
    assert "eu-central-1" in result.stdout
    assert '"minio://localhost:9"' in result.stdout
    assert SECRET not in result.output
