"""A secret that is read from a file changes with the file."""

from __future__ import annotations

import logging
import os
import threading
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest
from bucketry import InvalidSettings, Secret, open_store
from bucketry.settings import secret_in
from bucketry.sigv4 import Credentials, Presigner


def replace(path: Path, text: str) -> None:
    """Puts another file in its place, as Kubernetes and careful people do."""
    new = path.with_name("new")
    new.write_text(text)
    new.replace(path)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "secret"
    path.write_text("first\n")
    return path


def test_it_is_the_files_text_without_its_line_break(path: Path) -> None:
    path.write_bytes(b" a b\xc3\xa4\r\n")
    assert Secret.from_file(path).reveal() == " a bä"


def test_it_follows_the_file(path: Path) -> None:
    secret = Secret.from_file(path)
    for text in ("second", "third-and-longer", "fourth"):
        replace(path, text)
        assert secret.reveal() == text
        path.write_text(text.upper())
        assert secret.reveal() == text.upper()
    assert secret == Secret("FOURTH")
    assert hash(secret) == hash(Secret("FOURTH"))
    assert repr(secret) == "Secret('***')"


def test_a_file_that_does_not_change_is_not_read_again(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    old = time.time() - 60
    os.utime(path, (old, old))
    secret = Secret.from_file(path)

    def refuse(*_: object) -> None:
        pytest.fail("it was read again")

    monkeypatch.setattr(Path, "open", refuse)
    assert [secret.reveal() for _ in range(3)] == ["first"] * 3


def test_a_file_that_is_gone_or_empty_leaves_the_secret(path: Path, caplog: pytest.LogCaptureFixture) -> None:
    secret = Secret.from_file(path)
    path.write_text("")
    assert [secret.reveal() for _ in range(3)] == ["first"] * 3
    path.unlink()
    assert secret.reveal() == "first"
    with caplog.at_level(logging.WARNING):
        assert "first" not in caplog.text
    assert [record.levelname for record in caplog.records] == ["WARNING"]
    path.write_text("second")
    assert secret.reveal() == "second"


@pytest.mark.parametrize(
    ("content", "why"), [(b"", "empty"), (b"\n", "empty"), (b"\xff\xfe", "UTF-8"), (b"x" * 70_000, "too large")]
)
def test_what_is_no_secret_is_refused_without_its_content(path: Path, content: bytes, why: str) -> None:
    path.write_bytes(content)
    with pytest.raises(InvalidSettings, match=why) as caught:
        secret_in(path, "THE_FILE")
    assert "THE_FILE" in str(caught.value)
    assert "xxx" not in repr(caught.value)
    assert "xff" not in repr(caught.value)
    with pytest.raises(InvalidSettings, match="FileNotFoundError"):
        secret_in(path.with_name("missing"), "THE_FILE")


def test_a_presigner_signs_with_what_the_file_holds_now(path: Path) -> None:
    presigner = Presigner(Credentials("AK", Secret.from_file(path)), endpoint="http://host", region="r")
    others = Presigner(Credentials("AK", Secret("second")), endpoint="http://host", region="r")

    def url(of: Presigner, second: int) -> str:
        return of.presign_url("GET", "b", "k", expires_in=60, now=datetime(2024, 1, 15, 0, 0, second, tzinfo=UTC))

    before = url(presigner, 1)
    assert before != url(others, 1)
    replace(path, "second")
    assert url(presigner, 2) == url(others, 2)


def test_a_drivers_secret_follows_its_file_too(path: Path) -> None:
    with open_store("memory://", environ={"BUCKETRY_MEMORY_SECRET_KEY_FILE": str(path)}) as store:
        assert "X-Amz-Signature" in store.presign("bucket", "key").url


def test_a_pipe_is_read_once(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    writer = threading.Thread(target=pipe.write_bytes, args=(b"first\n",))
    writer.start()
    secret = Secret.from_file(pipe)
    writer.join()
    assert revealed(secret) == ["first"] * 3
    assert not caplog.messages


def test_a_pipe_that_takes_the_place_of_a_file_is_not_read(path: Path) -> None:
    secret = Secret.from_file(path)
    path.unlink()
    os.mkfifo(path)
    assert revealed(secret) == ["first"] * 3
    replace(path, "second")
    assert secret.reveal() == "second"


def revealed(secret: Secret) -> list[str]:
    """Reads a secret three times, in a thread: opening a pipe that nobody writes to would never end."""
    found: list[str] = []
    reader = threading.Thread(target=lambda: found.extend(secret.reveal() for _ in range(3)), daemon=True)
    reader.start()
    reader.join(30)
    return found
