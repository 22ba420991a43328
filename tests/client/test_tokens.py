"""Where tokens come from, and TLS."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier, get_ident

import bucketry
import pytest
from bucketry import Secret, open_store
from bucketry_client import Connecting, Trying, token_from_environment
from bucketry_client.tokens import TokenSource

from tests.client.facade import Facade
from tests.client.secured import Secured, secured


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Secured]:
    with open_store("memory://") as store, secured(store, tmp_path_factory.mktemp("secured")) as started:
        yield started


def test_a_token_is_a_text_a_function_or_a_file_that_changes(make: Facade, server: Secured, tmp_path: Path) -> None:
    tokens, file = server.team.tokens, tmp_path / "token"
    file.write_text(tokens["alice"])
    trusting = Connecting(ca_file=server.ca_file)
    current = ["alice"]
    from_file = make(server.url, token=Secret.from_file(file), connecting=trusting)
    from_function = make(server.url, token=lambda: tokens[current[0]], connecting=trusting)
    assert make(server.url, token=tokens["bob"], connecting=trusting).whoami().id == "bob"
    assert (from_file.whoami().id, from_function.whoami().id) == ("alice", "alice")
    current[0] = "carol"
    file.write_text(tokens["carol"])
    os.utime(file, (1, 1))
    assert (from_file.whoami().id, from_function.whoami().id) == ("carol", "carol")


def test_each_thread_gets_the_token_that_the_function_gave_it() -> None:
    tokens = TokenSource(lambda: f"token-{get_ident()}")
    together = Barrier(8)

    def headers() -> set[str | None]:
        together.wait()
        return {tokens.header() for _ in range(2000)} - {f"Bearer token-{get_ident()}"}

    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        with ThreadPoolExecutor(8) as threads:
            others = [threads.submit(headers) for _ in range(8)]
            assert [found.result() for found in others] == [set()] * 8
    finally:
        sys.setswitchinterval(interval)


def test_no_token_and_a_wrong_one_are_denied(make: Facade, server: Secured) -> None:
    for token in (None, "a-token-that-nobody-made"):
        with pytest.raises(bucketry.AccessDenied):
            make(server.url, token=token, connecting=Connecting(ca_file=server.ca_file)).list_buckets()


def test_an_unknown_authority_is_refused(make: Facade, server: Secured) -> None:
    with pytest.raises(bucketry.Unavailable, match="CERTIFICATE_VERIFY_FAILED"):
        make(server.url, trying=Trying(retries=0)).whoami()


@pytest.mark.parametrize("token", ["", "two words", "ü", "a\nb", b"bytes"])
def test_what_is_no_token_is_refused(make: Facade, token: str) -> None:
    with pytest.raises(bucketry.InvalidSettings):
        make("http://127.0.0.1:1", token=token)
    with pytest.raises(bucketry.InvalidSettings):
        make("http://127.0.0.1:1", token=lambda: token).get_status()


def test_variables_name_a_token_or_its_file(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("in-the-file\n")
    assert token_from_environment({}) is None
    found = token_from_environment({"BUCKETRY_HTTP_TOKEN": "in-the-variable"})
    assert found == Secret("in-the-variable")
    assert token_from_environment({"BUCKETRY_HTTP_TOKEN_FILE": str(tmp_path / "token")}) == Secret("in-the-file")
    with pytest.raises(bucketry.InvalidSettings):
        token_from_environment({"BUCKETRY_HTTP_TOKEN_FILE": str(tmp_path / "missing")})


WRONG_URLS = [
    "",
    "host:8000",
    "ftp://host",
    "http://",
    "http://user:pw@host",
    "http://host?x=1",
    "http://host#x",
    "http://host:port",
    "http://[host",
]


@pytest.mark.parametrize("url", WRONG_URLS)
def test_a_url_is_host_port_and_path(make: Facade, url: str) -> None:
    with pytest.raises(bucketry.InvalidSettings) as raised:
        make(url)
    assert "pw" not in str(raised.value)


@pytest.mark.parametrize(
    "wrong", [{"timeout": 0}, {"connect_timeout": -1}, {"max_connections": 0}, {"ca_file": "missing.pem"}]
)
def test_settings_of_connections_are_checked(make: Facade, wrong: dict[str, object]) -> None:
    with pytest.raises(bucketry.InvalidSettings):
        make("https://host", connecting=Connecting(**wrong))  # type: ignore[arg-type]


def test_https_reads_its_own_variables_and_those_of_http(server: Secured) -> None:
    common = {"BUCKETRY_HTTP_CA_FILE": server.ca_file}
    token, other = server.team.tokens["boss"], "a-token-that-nobody-made"
    with open_store(server.url, environ={**common, "BUCKETRY_HTTP_TOKEN": token}) as store:
        assert store.list_buckets() == ()
    both = {**common, "BUCKETRY_HTTP_TOKEN": other, "BUCKETRY_HTTPS_TOKEN": token}
    with open_store(server.url, environ=both) as store:
        assert store.sdk().whoami().id == "boss"
