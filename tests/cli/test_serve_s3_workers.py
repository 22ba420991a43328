"""The S3 endpoint of ``bucketry serve --workers``: each process serves both ports."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import threading
import time
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from tests.cli.conftest import Run, Spawn
from tests.cli.test_serve import PATIENCE
from tests.cli.test_serve_access import places
from tests.cli.test_serve_in_front import USERS, Backend, backend, speaking
from tests.cli.test_serve_management import children, total
from tests.cli.test_serve_reloading import Told, write
from tests.cli.test_serve_s3 import OWN, client
from tests.cli.test_serve_stopping import turns_unready
from tests.cli.test_serve_users import Made, ask, made, s3, within_patience
from tests.http.client_of_urls import ask as ask_url

__all__ = ["backend", "made", "speaking"]

SERVE = ("serve", "--workers", "2", "--port", "0", "--s3-port", "0")
MANY = 12
"""So many new connections that each of two processes gets one of them, most likely."""

PRESIGN = "buckets/team-a-1/objects/presign"


def status_of(url: str) -> int:
    try:
        with urllib.request.urlopen(url, timeout=PATIENCE) as response:  # noqa: S310 - our own URL
            return int(response.status)
    except urllib.error.HTTPError as error:
        error.close()
        return error.code


def end(process: subprocess.Popen[bytes]) -> None:
    process.send_signal(signal.SIGTERM)
    assert process.wait(PATIENCE) == 0


def lines(path: Path) -> list[dict[str, Any]]:
    """The lines of a file that are complete and in JSON."""
    complete = path.read_text().rpartition("\n")[0].splitlines()
    return [json.loads(line) for line in complete]


Alone = Callable[["subprocess.Popen[bytes]"], Iterator[int]]


@pytest.fixture
def alone() -> Iterator[Alone]:
    """Yields each worker of a server, while all others stand still: it gets every connection."""
    stopped: set[int] = set()

    def each(process: subprocess.Popen[bytes]) -> Iterator[int]:
        workers = children(process.pid)
        for worker in workers:
            others = [other for other in workers if other != worker]
            stopped.update(others)
            for other in others:
                os.kill(other, signal.SIGSTOP)
            yield worker
            for other in others:
                os.kill(other, signal.SIGCONT)
            stopped.difference_update(others)

    yield each
    for worker in stopped:  # A test has failed: those that stand still would not see that their parent is gone.
        with suppress(ProcessLookupError):
            os.kill(worker, signal.SIGCONT)


def test_each_process_serves_both_ports(spawn: Spawn, alone: Alone, shared: str, made: Made, tmp_path: Path) -> None:
    """Log, audit and metrics have the requests of both ports and all processes, each once."""
    log, audit = tmp_path / "log.jsonl", tmp_path / "audit.jsonl"
    options = ("--access-file", str(made.path), "--bucket", "team-a-1", "--management-port", "0")
    with log.open("wb") as stderr:
        process = spawn(
            *(*SERVE, *options, "--log-format", "json", "--audit", str(audit)), store=shared, stderr=stderr.fileno()
        )
    found = places(process, "Access")
    rest, url = found["REST API"], found["S3 API"]
    assert (found["Workers"], found["S3 keys"]) == ("2", "those of the users")
    for worker in alone(process):
        s3(url, made.keys["alice"]).put_object(Bucket="team-a-1", Key=f"{worker}", Body=b"content")
        got = ask(rest, made.tokens["bob"], "GET", f"buckets/team-a-1/objects/{worker}")
        assert got.content == b"content"
        with pytest.raises(ClientError, match="SignatureDoesNotMatch"):
            s3(url, {**made.keys["alice"], "aws_secret_access_key": "guessed"}).list_buckets()
        assert ask(rest, made.tokens["carol"], "GET", "status").json()["endpoint"] == url
    made.call("token", "revoke", made.tokens["bob"])
    assert within_patience(lambda: any(line["port"] == "file" for line in lines(audit)))
    for _ in alone(process):  # Each has seen it.
        assert within_patience(lambda: ask(rest, made.tokens["bob"], "GET", "whoami").status_code == 401)

    def counted(port: str, **labels: str) -> float:
        return total(found, "bucketry_requests_total", port=port, **labels)

    assert within_patience(lambda: counted("s3") == 4)
    assert (counted("s3", operation="PutObject", outcome="ok"), counted("s3", outcome="refused")) == (2, 2)
    assert within_patience(lambda: counted("rest", operation="GetObject", outcome="ok") == 2)
    assert within_patience(lambda: total(found, "bucketry_audit_entries_total", outcome="written") == len(lines(audit)))
    assert within_patience(lambda: total(found, "bucketry_requests_in_flight") == 0)
    assert ask_url(found["Health"])[0] == 200
    end(process)
    entries = Counter((line["port"], line["kind"], line.get("action")) for line in lines(audit))
    assert entries["file", "access", "DeleteToken"] == 1
    assert (entries["s3", "write", "PutObject"], entries["s3", "refusal", None]) == (2, 2)
    assert {line["logger"] for line in lines(log)} == {"bucketry_http.access"}
    logged = Counter((line["port"], line.get("action")) for line in lines(log))
    assert (logged["s3", "PutObject"], logged["rest", "GetObject"]) == (2, 2)


def test_a_presigned_url_works_whichever_process_made_it(spawn: Spawn, alone: Alone, shared: str, made: Made) -> None:
    """Of a user with a key pair, and of one without, whose URLs are made with a secret that nobody has configured."""
    process = spawn(*SERVE, "--access-file", str(made.path), "--bucket", "team-a-1", store=shared)
    found = places(process, "Access")
    rest, url = found["REST API"], found["S3 API"]
    s3(url, made.keys["alice"]).put_object(Bucket="team-a-1", Key="k", Body=b"content")
    urls = [
        ask(rest, made.tokens[name], "POST", PRESIGN, json={"key": "k"}).json()["url"]
        for _ in alone(process)
        for name in ("alice", "bob")
    ]
    assert all(one.startswith(f"{url}/team-a-1/k?") for one in urls)
    assert [status_of(one) for _ in alone(process) for one in urls] == [200] * 8
    made.call("token", "revoke", made.tokens["bob"])
    for _ in alone(process):
        assert within_patience(lambda: [status_of(one) for one in urls] == [200, 403] * 2)
    end(process)


def table(name: str, folder: Path) -> str:
    (folder / name).write_text(f"the secret of {name}")
    return f'[[s3_credentials]]\naccess_key = "{name}"\nsecret_key_file = "{name}"\n'


def test_key_pairs_of_the_file_come_change_and_go(spawn: Spawn, alone: Alone, shared: str, tmp_path: Path) -> None:
    """In those that serve, and in one that takes another's place when the first secrets are gone."""
    file = tmp_path / "settings.toml"
    write(file, table("first", tmp_path))
    process = spawn(*SERVE, "--s3", "--config", str(file), "--log-level", "info", store=shared)
    url, told = places(process, "Workers")["S3 API"], Told(process)

    def code(name: str) -> str:
        try:
            client(url, (name, f"the secret of {name}")).list_buckets()
        except ClientError as error:
            return str(error.response["Error"]["Code"])
        return ""

    def becomes(*expected: str) -> bool:
        return all(_becomes(expected) for _ in alone(process))

    def _becomes(expected: tuple[str, ...]) -> bool:
        for pause in (0, 0.2, 0.5, 1, 2, 4, 8):  # After ten failures a key has to wait for a minute.
            time.sleep(pause)
            if (code("first"), code("second")) == expected:
                return True
        return False

    assert becomes("", "InvalidAccessKeyId")
    write(file, table("second", tmp_path))
    process.send_signal(signal.SIGHUP)
    assert told.waits_for("do not work until the next start: they are signed with 'first'")
    assert becomes("InvalidAccessKeyId", "")
    (tmp_path / "first").unlink()
    os.kill(children(process.pid)[0], signal.SIGKILL)
    assert told.waits_for("starting in process", times=3)
    assert told.waits_for("serving http", times=3)
    assert becomes("InvalidAccessKeyId", "")
    end(process)
    assert told.waits_for("stopped", times=2)
    assert told.text.count("they are signed with") == 1
    assert "cannot start" not in told.text
    assert "the secret of" not in told.text


class Writer(threading.Thread):
    """Writes and reads an object over S3, with an SDK that tries again what breaks off."""

    def __init__(self, url: str, name: str, done: threading.Event) -> None:
        super().__init__(name=name)
        config = Config(retries={"total_max_attempts": 5})
        self._client: Any = boto3.client(
            "s3",
            endpoint_url=url,
            aws_access_key_id=OWN[0],
            aws_secret_access_key=OWN[1],
            region_name="us-east-1",
            config=config,
        )
        self._done = done
        self.turns = 0
        self.error: Exception | None = None

    def run(self) -> None:
        try:
            while not self._done.is_set():
                content = f"{self.name} {self.turns}".encode()
                self._client.put_object(Bucket="assets", Key=self.name, Body=content)
                assert self._client.get_object(Bucket="assets", Key=self.name)["Body"].read() == content
                self.turns += 1
        except Exception as error:  # noqa: BLE001 - the test tells of it
            self.error = error


def test_a_killed_worker_is_replaced_on_both_ports(spawn: Spawn, store_url: str) -> None:
    """While clients of both ports work: an SDK loses nothing."""
    Path("bucketry.toml").write_text(USERS)
    process = spawn(*SERVE, "--bucket", "assets", store=store_url)
    found = places(process, "Workers")
    done = threading.Event()
    writers = [Writer(found["S3 API"], f"writer-{number}", done) for number in range(6)]
    for writer in writers:
        writer.start()
    try:
        assert within_patience(lambda: all(writer.turns or writer.error for writer in writers))
        before = children(process.pid)
        os.kill(before[0], signal.SIGKILL)
        assert within_patience(lambda: len(set(children(process.pid)) - set(before)) == 1)
        begun = {writer: writer.turns for writer in writers}
        assert within_patience(lambda: all(writer.error or writer.turns > begun[writer] for writer in writers))
        assert ask(found["REST API"], None, "GET", "buckets/assets/objects").status_code == 200
    finally:
        done.set()
        for writer in writers:
            writer.join()
    assert [writer.error for writer in writers if writer.error is not None] == []
    end(process)


@pytest.mark.parametrize("signals", [1, 2])
def test_an_upload_in_progress_ends_well_unless_there_is_a_second_signal(
    spawn: Spawn, store_url: str, signals: int
) -> None:
    Path("bucketry.toml").write_text(USERS)
    pause = 2 if signals == 1 else 3600
    process = spawn(
        *SERVE,
        "--bucket",
        "assets",
        "--shutdown-delay",
        "0.5",
        "--grace-seconds",
        "60",
        store=f"{store_url}?pause={pause}",
    )
    found = places(process, "Workers")
    s3 = client(found["S3 API"], OWN)
    failures: list[Exception] = []

    def upload() -> None:
        try:
            s3.put_object(Bucket="assets", Key="slow", Body=b"content")
        except (BotoCoreError, ClientError) as error:
            failures.append(error)

    uploading = threading.Thread(target=upload)
    uploading.start()
    time.sleep(0.5)  # It is on its way then.
    process.send_signal(signal.SIGTERM)
    if signals == 2:
        assert turns_unready(found["REST API"])
        process.send_signal(signal.SIGTERM)
    assert process.wait(PATIENCE) == 0
    uploading.join()
    assert len(failures) == signals - 1
    assert process.stderr is not None
    said = process.stderr.read()
    assert said == b"" or signals == 2, said


def test_the_port_stands_in_front_of_a_backend(spawn: Spawn, backend: Backend) -> None:
    """With users of our own, whose rights hold in all processes."""
    Path("bucketry.toml").write_text(f'[serve]\naccess_bucket = "{backend.access_bucket}"\n{USERS}')
    process = spawn(*SERVE, "--s3", store=backend.url)
    found = places(process, "Workers")
    url, bucket = found["S3 API"], f"of-{backend.access_bucket}"
    of_alice, of_bob = ("a", "of-alice"), ("b", "of-bob")
    with pytest.raises(ClientError, match="404"):
        client(url, of_alice).head_bucket(Bucket=bucket)
    client(url, of_alice).create_bucket(Bucket=bucket)
    for number in range(MANY):  # At once, in the process that has just seen that there was none.
        client(url, of_alice).put_object(Bucket=bucket, Key=f"{number}", Body=b"content")
    for number in range(MANY):
        with pytest.raises(ClientError, match="AccessDenied"):
            client(url, of_bob).get_object(Bucket=bucket, Key=f"{number}")
    upload = client(url, of_alice).create_multipart_upload(Bucket=bucket, Key="parts")["UploadId"]
    parts = []
    for number in (1, 2):
        named = {"Bucket": bucket, "Key": "parts", "UploadId": upload, "PartNumber": number}
        etag = client(url, of_alice).upload_part(**named, Body=bytes(5 * 1024**2))["ETag"]
        parts.append({"PartNumber": number, "ETag": etag})
    client(url, of_alice).complete_multipart_upload(
        Bucket=bucket, Key="parts", UploadId=upload, MultipartUpload={"Parts": parts}
    )
    client(url, of_alice).put_object_acl(Bucket=bucket, Key="parts", ACL="authenticated-read")

    def bob_may_read() -> bool:
        try:
            return int(client(url, of_bob).head_object(Bucket=bucket, Key="parts")["ContentLength"]) == 10 * 1024**2
        except ClientError:
            return False

    assert within_patience(lambda: all(bob_may_read() for _ in range(MANY)))
    status: Any = ask(found["REST API"], None, "GET", "status").json()
    assert status["endpoint"] == url
    presigned = ask(found["REST API"], None, "POST", f"buckets/{bucket}/objects/presign", json={"key": "0"}).json()[
        "url"
    ]
    assert presigned.startswith(url)
    assert [status_of(presigned) for _ in range(MANY)] == [200] * MANY
    end(process)


@pytest.mark.parametrize("command", [("serve",), ("config", "check")])
def test_what_one_process_refuses_several_refuse(run: Run, speaking: str, command: tuple[str, ...]) -> None:
    result = run(*command, "--workers", "2", "--s3", "--port", "0", "--s3-port", "0", store=speaking)
    assert result.exit_code != 0
    assert "--s3 asks for an S3 endpoint that nobody could use" in result.stderr


def test_what_can_be_served_is_found_good(run: Run, shared: str) -> None:
    Path("bucketry.toml").write_text(USERS)
    result = run("config", "check", "--workers", "2", "--s3", store=shared)
    assert result.exit_code == 0, result.stderr
