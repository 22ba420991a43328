"""The command line as a client of ``bucketry serve`` through its REST API."""

from __future__ import annotations

from pathlib import Path

import pytest
from bucketry import open_store

from tests.cli.conftest import Run, Spawn
from tests.cli.test_serve_s3 import places
from tests.client.secured import secured


@pytest.fixture
def url(spawn: Spawn) -> str:
    """The REST API as it is printed."""
    process = spawn("serve", "--port", "0", "--s3-port", "0", "--bucket", "my-assets", store=None)
    return places(process, b"S3 keys")["REST API"]


def test_its_url_is_the_one_setting_of_all_commands(run: Run, url: str) -> None:
    Path("a.txt").write_text("content")
    for store in (url, url.removesuffix("/api/v1/storage"), url + "/"):
        assert run("put", "a.txt", "my-assets", store=store).exit_code == 0
        assert run("ls", "my-assets", store=store).stdout.rstrip().endswith("a.txt")
        assert run("get", "my-assets/a.txt", "-", store=store).stdout == "content"
        assert run("presign", "my-assets/a.txt", store=store).stdout.startswith("http")
        assert run("usage", "my-assets", store=store).exit_code == 0
        assert "deleted 1 object" in run("rm", "my-assets/a.txt", store=store).stderr
    assert run("mb", "other-assets", store=url).exit_code == 0
    assert run("ls", store=url).stdout.rstrip().endswith("other-assets")
    assert run("rb", "other-assets", store=url).exit_code == 0
    result = run("ls", "my-assets", "--delimiter", "/", store=url)
    assert result.exit_code == 1
    assert "cannot" in result.stderr or "not supported" in result.stderr or "does not" in result.stderr


def test_folders_go_both_ways(run: Run, url: str) -> None:
    for name in ("a", "b/c"):
        Path("out", name).parent.mkdir(parents=True, exist_ok=True)
        Path("out", name).write_text(name)
    put = run("put", "--recursive", "out", "my-assets/in/", store=url)
    assert put.exit_code == 0, put.stderr
    listed = run("ls", "my-assets", store=url).stdout
    assert "in/b/c" in listed
    assert run("rm", "--recursive", "--yes", "my-assets/in/", store=url).exit_code in (0, 2)


def test_over_tls_it_sends_the_token(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with open_store("memory://") as store, secured(store, tmp_path) as server:
        Path("bucketry.toml").write_text(f'[drivers.http]\nca_file = "{server.ca_file}"\n')
        denied = run("ls", store=server.url)
        assert denied.exit_code == 1
        assert "Access is denied" in denied.stderr
        monkeypatch.setenv("BUCKETRY_HTTP_TOKEN_FILE", server.token_file)
        made, listed = run("mb", "my-assets", store=server.url), run("ls", store=server.url)
        assert (made.exit_code, listed.exit_code) == (0, 0), made.stderr + listed.stderr
        assert listed.stdout.rstrip().endswith("my-assets")
