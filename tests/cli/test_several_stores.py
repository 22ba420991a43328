"""``[[stores]]``: several stores behind one server and one command line."""

from __future__ import annotations

import json
import time
import urllib.error
import urllib.request
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError
from bucketry import Status, Store, open_store
from bucketry.hookspecs import hookimpl
from bucketry_cli.config import load_config
from bucketry_router import Mover

from tests.cli.conftest import Install, Run, Spawn
from tests.cli.folder_driver import FolderDriver, FolderSettings
from tests.cli.test_configuration import write
from tests.cli.test_serve import PATIENCE, ask
from tests.cli.test_serve_s3 import OWN, client, places

TWO = """
[[s3_credentials]]
access_key = "somebody"
secret_key = "a key of our own"

[[stores]]
name = "web"
url = "folder://{web}"
buckets = ["web-*"]

[[stores]]
name = "rest"
url = "folder://{rest}"
default = true
"""


@pytest.fixture
def folders(store_url: str, tmp_path: Path) -> dict[str, Store]:
    """Two stores of folders, and a settings file that names them."""
    paths = {name: tmp_path / name for name in ("web", "rest")}
    for path in paths.values():
        path.mkdir()
    write(TWO.format(**paths))
    return {name: open_store(f"folder://{path}") for name, path in paths.items()}


def test_commands_find_each_bucket_in_its_store(run: Run, folders: dict[str, Store]) -> None:
    for bucket in ("web-a", "other"):
        assert run("mb", bucket, store=None).exit_code == 0
        assert run("put", "-", f"{bucket}/key", store=None, stdin=bucket).exit_code == 0
    assert {name: [info.name for info in store.list_buckets()] for name, store in folders.items()} == {
        "web": ["web-a"],
        "rest": ["other"],
    }
    assert run("get", "web-a/key", "-", store=None).stdout == "web-a"
    listed = run("ls", "--json", store=None)
    assert [json.loads(line)["name"] for line in listed.stdout.splitlines()] == ["other", "web-a"]
    assert [info.key for info in folders["web"].iter_objects("web-a")] == ["key"]


def test_another_store_can_still_be_named(run: Run, folders: dict[str, Store], store: Store, store_url: str) -> None:
    assert "assets" in run("ls", store=store_url).stdout


def test_serve_stands_in_front_of_all_of_them(
    run: Run,
    folders: dict[str, Store],
    served: dict[str, Any],
) -> None:
    result = run("serve", store=None)
    assert result.exit_code == 0, result.output
    assert served["headline"] == "bucketry serves router://; Ctrl-C stops it"
    assert served["notes"]["Stores"] == "web: web-*; rest: all others"


def test_settings_of_a_store_win_over_those_of_its_driver(tmp_path: Path) -> None:
    path = tmp_path / "bucketry.toml"
    path.write_text(
        """
        [drivers.minio]
        region = "eu-west-1"
        [drivers.router]
        placements = "placements.json"
        [[stores]]
        name = "a"
        url = "minio://host:9000"
        default = true
        settings = { access_key = "key", secret_key_file = "keys/minio" }
        """
    )
    table = load_config(path).table_of("router")
    assert table["placements"] == "placements.json"
    (store,) = table["stores"]
    assert store["defaults"] == {"region": "eu-west-1"}
    assert store["settings"] == {"access_key": "key", "secret_key_file": str(tmp_path / "keys/minio")}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('store = "memory://"\n[[stores]]\nname = "a"\nurl = "memory://"', "'store' and [[stores]] exclude each other"),
        ('[[stores]]\nname = "a"\nurl = "memory://"\ncolour = "red"', "unknown: 'stores.colour'"),
        ('[[stores]]\nname = "a"', "missing required field `url`"),
        ('[[stores]]\nname = "a"\nurl = "memory://"', "no bucket would lie in the store 'a'"),
        ('[[stores]]\nname = "a"\nurl = "memory://"\nbuckets = "web-*"', "Expected `array`"),
        ('[[stores]]\nname = "a"\nurl = "nothing://"\ndefault = true', "no driver is installed for nothing://"),
        (
            '[[stores]]\nname = "a"\nurl = "minio://h"\ndefault = true\nsettings = { access_key = "k" }',
            "the store 'a': the driver 'minio' needs secret_key",
        ),
    ],
)
def test_tables_that_cannot_be_used_are_refused_in_one_sentence(
    run: Run,
    store_url: str,
    text: str,
    said: str,
    served: dict[str, Any],
) -> None:
    write(text)
    result = run("serve", store=None)
    assert result.exit_code == 1
    assert said in " ".join(result.stderr.split())
    assert not served


def test_each_store_has_a_breaker_of_its_own(
    run: Run,
    folders: dict[str, Store],
    served: dict[str, Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    opened = list[Store]()

    def noted(*arguments: Any, **named: Any) -> Store:
        opened.append(open_store(*arguments, **named))
        return opened[-1]

    monkeypatch.setattr("bucketry_cli.ports.open_store", noted)
    result = run("serve", "--breaker", "3", store=None)
    assert result.exit_code == 0, result.output
    # None stands around the router.
    assert [breaker.store for store in opened for breaker in store.breakers] == ["web", "rest"]


class TellingSettings(FolderSettings, frozen=True, kw_only=True):
    """Of the driver below."""

    scheme = "telling"


class TellingDriver(FolderDriver):
    """A folder that says whether it is available."""

    name = "telling"
    Settings = TellingSettings

    @hookimpl
    def status(self) -> Status:
        return Status(available=True, endpoint="", region="")


SERVED = """
[serve]
port = 0
s3_port = 0
[drivers.router]
placements = "placements.json"
[[s3_credentials]]
access_key = "tests"
secret_key = "hunter2-of-these-tests"
is_root = true
[[stores]]
name = "web"
url = "telling://{web}"
buckets = ["web-*"]
[[stores]]
name = "far"
url = "minio://127.0.0.1:1?connect_timeout=0.5&retries=0"
buckets = ["far-*"]
settings = {{ access_key = "key", secret_key = "a secret that nobody sees" }}
[[stores]]
name = "rest"
url = "telling://{rest}"
default = true
"""


def test_a_server_has_both_ports_over_all_stores_and_moves_buckets(
    run: Run,
    folders: dict[str, Store],
    spawn: Spawn,
    install: Install,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    install("telling", f"{__name__}:TellingDriver")
    write(SERVED.format(web=tmp_path / "web", rest=tmp_path / "rest"))
    server = spawn("serve", store=None)
    served = places(server, b"Stores")
    assert served["Stores"] == "web: web-*; far: far-*; rest: all others"
    s3 = client(served["S3 API"], OWN)
    for bucket in ("web-a", "other"):
        s3.create_bucket(Bucket=bucket)
        s3.put_object(Bucket=bucket, Key="key", Body=bucket.encode())
    assert folders["web"].get_object("web-a", "key").read() == b"web-a"
    with pytest.raises(ClientError) as caught:
        s3.create_bucket(Bucket="far-a")
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 503

    found: Any = ask(f"{served['REST API']}/status")[1]
    assert found.get("available"), found
    assert found["detail"].startswith("far: http://127.0.0.1:1 is unreachable")
    assert [(each["name"], each["available"]) for each in found["stores"]] == [
        ("web", True),
        ("far", False),
        ("rest", True),
    ]
    listed: Any = ask(f"{served['REST API']}/buckets")[1]
    assert [bucket["name"] for bucket in listed] == ["other", "web-a"]

    assert_read_only_for_a_moment(served["REST API"], s3)
    url = s3.generate_presigned_url("get_object", {"Bucket": "web-a", "Key": "key"})
    monkeypatch.setattr("bucketry_router.Mover", partial(Mover, sleep=lambda _: time.sleep(1.1)))
    moved = run("move", "web-a", "--to", "rest", "--delete-source", store=None)
    assert moved.exit_code == 0, moved.output
    assert [info.name for info in folders["rest"].list_buckets()] == ["other", "web-a"]
    assert s3.get_object(Bucket="web-a", Key="key")["Body"].read() == b"web-a"
    with urllib.request.urlopen(url) as response:  # noqa: S310 - of our server
        assert response.read() == b"web-a", "URLs are those of the server, and go on working"
    server.terminate()
    _, errors = server.communicate(timeout=PATIENCE)
    assert b"nobody sees" not in errors
    assert errors.count(b"listings leave out the store far") == 1


def assert_read_only_for_a_moment(api: str, s3: Any) -> None:
    """In a bucket's read-only moment both ports refuse writes with a 503 and say when to try again; reads go on."""
    placements = Path("placements.json")
    placements.write_text('{"buckets": {"other": {"store": "rest", "state": "read-only"}}}')
    time.sleep(1.2)  # Until the server has noticed.
    with pytest.raises(ClientError) as caught:
        s3.put_object(Bucket="other", Key="new", Body=b"1")
    response = caught.value.response["ResponseMetadata"]
    assert (response["HTTPStatusCode"], response["HTTPHeaders"]["retry-after"]) == (503, "1")
    put = urllib.request.Request(f"{api}/buckets/other/objects/new", data=b"1", method="PUT")  # noqa: S310 - ours
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(put)  # noqa: S310 - of our server
    with refused.value as answer:
        assert (answer.code, answer.headers["Retry-After"]) == (503, "1")
    assert s3.get_object(Bucket="other", Key="key")["Body"].read() == b"other"
    placements.unlink()
    time.sleep(1.2)
    s3.put_object(Bucket="other", Key="new", Body=b"1")
