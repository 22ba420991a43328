"""Faults: nothing is left behind, no retry goes on for ever, and status gives the reason."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from datetime import UTC, datetime, timedelta

import pytest
from bucketry import Body, IncompleteBody, NoSuchKey, PreconditionFailed, PutOptions, Store, Unavailable, open_store
from bucketry.features import MIB
from bucketry.sigv4 import Signer

from tests.minio.backend import MinioBackend, location, store_on
from tests.servers.cutting import CuttingProxy
from tests.servers.handles import MinioServer

KEYS: dict[str, object] = {"access_key": "access", "secret_key": "secret"}


def _zeros(mebibytes: int) -> Iterator[bytes]:
    for _ in range(mebibytes):
        yield bytes(MIB)


def _broken(mebibytes: int, error: BaseException) -> Iterator[bytes]:
    yield from _zeros(mebibytes)
    raise error


@pytest.mark.parametrize(
    ("error", "raised"),
    [
        (KeyboardInterrupt(), KeyboardInterrupt),
        (GeneratorExit(), GeneratorExit),
        (RuntimeError(), IncompleteBody),
        (ConnectionResetError(), IncompleteBody),
    ],
    ids=["interrupt", "exit", "error", "error of the system"],
)
@pytest.mark.parametrize("length", [None, 40 * MIB], ids=["unknown length", "known length"])
def test_an_upload_whose_body_breaks_off_leaves_no_parts(
    store: Store,
    backend: MinioBackend,
    bucket: str,
    error: BaseException,
    raised: type[BaseException],
    length: int | None,
) -> None:
    with pytest.raises(raised):
        store.put_object(bucket, "key", Body(_broken(23, error), length))
    assert list(backend.raw_uploads(bucket)) == []
    assert backend.raw_object(bucket, "key") is None


def test_a_part_whose_body_breaks_off_while_it_is_sent_is_none_and_is_not_the_connections_fault(
    store: Store, bucket: str
) -> None:
    upload = store.create_multipart_upload(bucket, "key")
    for error in (RuntimeError(), ConnectionResetError()):
        with pytest.raises(IncompleteBody):
            store.upload_part(bucket, "key", upload.upload_id, 1, Body(_broken(8, error), 9 * MIB))
    with pytest.raises(KeyboardInterrupt):
        store.upload_part(bucket, "key", upload.upload_id, 1, Body(_broken(8, KeyboardInterrupt()), 9 * MIB))
    assert list(store.iter_parts(bucket, "key", upload.upload_id)) == []
    store.abort_multipart_upload(bucket, "key", upload.upload_id)


@pytest.mark.parametrize("length", [9 * MIB, None, 3], ids=["streamed", "spooled", "small"])
def test_a_part_may_have_any_length(store: Store, bucket: str, length: int | None) -> None:
    content = b"abc" if length == 3 else bytes(9 * MIB)
    upload = store.create_multipart_upload(bucket, "key")
    part = store.upload_part(bucket, "key", upload.upload_id, 1, Body(iter([content]), length))
    assert part.size_bytes == len(content)
    store.complete_multipart_upload(bucket, "key", upload.upload_id, [part])
    assert store.get_object(bucket, "key").read() == content


def test_an_upload_whose_connection_is_cut_leaves_the_old_object_and_no_parts(
    minio_server: MinioServer, store: Store, backend: MinioBackend, bucket: str
) -> None:
    store.put_object(bucket, "key", b"old")
    with (
        CuttingProxy(location(minio_server), cut_requests_after=3 * MIB) as proxy,
        store_on(minio_server, at=proxy.location, retries=1) as cut,
    ):
        for content in (Body(_zeros(23)), Body(_zeros(4), 4 * MIB)):
            with pytest.raises(Unavailable):
                cut.put_object(bucket, "key", content)
    assert list(backend.raw_uploads(bucket)) == []
    assert backend.raw_object(bucket, "key") == b"old"


def test_a_condition_that_fails_at_the_end_of_a_long_upload_leaves_no_parts(
    store: Store, backend: MinioBackend, bucket: str
) -> None:
    store.put_object(bucket, "key", b"old")
    for options in (PutOptions(if_none_match="*"), PutOptions(if_match="another")):
        with pytest.raises(PreconditionFailed):
            store.put_object(bucket, "key", Body(_zeros(11)), options)
    with pytest.raises(NoSuchKey):
        store.put_object(bucket, "missing", Body(_zeros(11)), PutOptions(if_match="another"))
    assert list(backend.raw_uploads(bucket)) == []
    assert backend.raw_object(bucket, "key") == b"old"


class Listener:
    """A server that never answers: it leaves connections alone, or closes them at once."""

    def __init__(self, *, closes: bool) -> None:
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.location = f"127.0.0.1:{self._socket.getsockname()[1]}"
        self.connections = 0
        self._thread = threading.Thread(target=self._close_all if closes else lambda: None)
        self._thread.start()

    def _close_all(self) -> None:
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            self.connections += 1
            connection.recv(100_000)
            connection.close()

    def close(self) -> None:
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        self._thread.join()


@pytest.mark.parametrize("retries", [0, 2])
@pytest.mark.parametrize(
    ("act", "is_repeatable"),
    [
        (lambda store: store.head_object("bucket", "key"), True),
        (lambda store: store.list_buckets(), True),
        (lambda store: store.create_multipart_upload("bucket", "key"), False),
        (lambda store: store.status(), False),
    ],
    ids=["head_object", "list_buckets", "create_multipart_upload", "status"],
)
def test_a_request_is_tried_again_a_bounded_number_of_times(
    retries: int, act: Callable[[Store], object], is_repeatable: bool
) -> None:
    with (
        closing(Listener(closes=True)) as listener,
        open_store(
            f"minio://{listener.location}",
            settings=KEYS | {"retries": retries, "check_paths": False},
            environ={},
        ) as store,
    ):
        with suppress(Unavailable):  # Which status() does not raise.
            act(store)
        assert listener.connections == (1 + retries if is_repeatable else 1)


def test_status_says_that_a_server_does_not_answer() -> None:
    settings = KEYS | {"connect_timeout": 0.3, "read_timeout": 0.3}
    with (
        closing(Listener(closes=False)) as listener,
        open_store(f"minio://{listener.location}", settings=settings, environ={}) as store,
    ):
        status = store.status()
    assert not status.available
    assert "does not answer within read_timeout" in status.detail
    assert status.endpoint == f"http://{listener.location}"


def test_status_says_that_the_connection_is_refused() -> None:
    with open_store("minio://127.0.0.1:1?retries=0", settings=KEYS, environ={}) as store:
        status = store.status()
    assert not status.available
    assert "refused" in status.detail


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ("access_key", "does not know the access key"),
        ("secret_key", "secret key is not the access key's"),
    ],
    ids=["access key", "secret key"],
)
def test_status_says_why_the_server_refuses(minio_server: MinioServer, wrong: str, words: str) -> None:
    keys = {"access_key": minio_server.access_key, "secret_key": minio_server.secret_key, wrong: "wrong"}
    with open_store(f"minio://{location(minio_server)}", settings=keys, environ={}) as store:
        status = store.status()
    assert not status.available
    assert words in status.detail
    assert minio_server.secret_key not in status.detail


def test_status_says_how_far_the_clocks_are_apart(minio_server: MinioServer, monkeypatch: pytest.MonkeyPatch) -> None:
    sign = Signer.sign
    late = datetime.now(UTC) + timedelta(hours=1)
    monkeypatch.setattr(Signer, "sign", lambda *args, **kwargs: sign(*args, **kwargs, now=late))
    with store_on(minio_server) as store:
        status = store.status()
    assert not status.available
    assert "clocks" in status.detail
    assert "seconds" in status.detail
