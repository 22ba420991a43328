"""TLS: what clients get, how the certificate is replaced, and files that cannot be used."""

from __future__ import annotations

import socket
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import trustme
from bucketry import InvalidSettings, Store
from bucketry_http import (
    Listener,
    S3Credential,
    S3Settings,
    Server,
    ServerSettings,
    TlsFiles,
    create_app,
    create_s3_app,
)
from bucketry_http.server import tls
from cryptography.hazmat.primitives import serialization

from tests.http.conftest import memory_driver
from tests.http.raw_requests import LAST, MIB, OBJECTS, answers, request
from tests.http.s3.serving import CREDENTIAL
from tests.http.serving import API, WAIT, connect, eventually, running

STATUS = request("GET", f"{API}/status")


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def store() -> Iterator[Store]:
    with Store(memory_driver("inline")) as opened:
        opened.create_bucket("my-assets")
        yield opened


def write(issued: trustme.LeafCert, folder: Path) -> TlsFiles:
    chain, key = folder / "tls.crt", folder / "tls.key"
    chain.write_bytes(b"".join(blob.bytes() for blob in issued.cert_chain_pems))
    key.write_bytes(issued.private_key_pem.bytes())
    return TlsFiles(certificate=str(chain), key=str(key))


@pytest.fixture
def files(authority: trustme.CA, tmp_path: Path) -> TlsFiles:
    return write(authority.issue_cert("localhost", common_name="first"), tmp_path)


def trusting(authority: trustme.CA) -> ssl.SSLContext:
    context = ssl.create_default_context()
    authority.configure_trust(context)
    return context


@contextmanager
def secured(port: int, context: ssl.SSLContext) -> Iterator[ssl.SSLSocket]:
    with connect(port) as plain, context.wrap_socket(plain, server_hostname="localhost") as client:
        yield client


def name_shown(client: ssl.SSLSocket) -> str:
    certificate = client.getpeercert()
    assert certificate is not None
    subject = certificate["subject"]
    return str(dict(field for entry in subject for field in entry)["commonName"])  # type: ignore[misc]


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_bodies_of_any_size_pass_both_ways(
    store: Store, authority: trustme.CA, files: TlsFiles, version: ssl.TLSVersion
) -> None:
    context = trusting(authority)
    context.minimum_version = context.maximum_version = version
    content = bytes(range(256)) * (4 * MIB // 256)
    with running(store, ServerSettings(tls=files)) as port:
        with secured(port, context) as client:
            client.sendall(request("PUT", f"{OBJECTS}/large", content, Connection="close"))
            assert answers(client).startswith(b"HTTP/1.1 201 ")
        with secured(port, context) as client:
            client.sendall(request("GET", f"{OBJECTS}/large", Connection="close"))
            assert answers(client).partition(b"\r\n\r\n")[2] == content


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion.TLSv1:DeprecationWarning")
def test_older_versions_of_tls_are_refused(authority: trustme.CA, files: TlsFiles) -> None:
    context = trusting(authority)
    context.set_ciphers("DEFAULT@SECLEVEL=0")
    context.minimum_version = ssl.TLSVersion.TLSv1
    context.maximum_version = ssl.TLSVersion.TLSv1_1
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    client = context.wrap_bio(to_client, to_server, server_hostname="localhost")
    server = tls.load(files).wrap_bio(to_server, to_client, server_side=True)
    with pytest.raises(ssl.SSLWantReadError):
        client.do_handshake()
    with pytest.raises(ssl.SSLError, match="UNSUPPORTED_PROTOCOL"):
        server.do_handshake()
    with pytest.raises(ssl.SSLError, match="TLSV1_ALERT_PROTOCOL_VERSION"):
        client.do_handshake()


def test_new_connections_get_a_new_certificate_and_others_go_on(
    store: Store, authority: trustme.CA, files: TlsFiles, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tls, "_CHECK_SECONDS", 0.0)
    context = trusting(authority)
    with running(store, ServerSettings(tls=files)) as port, secured(port, context) as before:
        assert name_shown(before) == "first"
        write(authority.issue_cert("localhost", common_name="second"), tmp_path)
        with secured(port, context) as after:
            assert name_shown(after) == "second"
            after.sendall(LAST)
            assert answers(after).startswith(b"HTTP/1.1 200 ")
        before.sendall(LAST)
        assert answers(before).startswith(b"HTTP/1.1 200 ")


def test_files_that_are_replaced_one_after_the_other_make_no_gap(
    store: Store,
    authority: trustme.CA,
    files: TlsFiles,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(tls, "_CHECK_SECONDS", 0.0)
    context = trusting(authority)
    (tmp_path / "new").mkdir()
    new = write(authority.issue_cert("localhost", common_name="second"), tmp_path / "new")
    with running(store, ServerSettings(tls=files)) as port:
        Path(files.certificate).write_bytes(Path(new.certificate).read_bytes())
        for _ in range(3):
            with secured(port, context) as between:
                assert name_shown(between) == "first"
        Path(files.key).write_bytes(Path(new.key).read_bytes())
        with secured(port, context) as after:
            assert name_shown(after) == "second"
    warnings = [record.getMessage() for record in caplog.records if record.levelname == "WARNING"]
    assert len(warnings) == 1
    assert "does not belong to the certificate" in warnings[0]


def test_a_listener_may_stay_plain(store: Store, authority: trustme.CA, files: TlsFiles) -> None:
    ready = threading.Event()
    listeners = [Listener(create_app(store), port=0), Listener(create_app(store), port=0, is_plain=True)]
    server = Server(listeners, lambda _: ready.set(), ServerSettings(tls=files))
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        assert ready.wait(WAIT)
        assert [urlsplit(url).scheme for url in server.urls] == ["https", "http"]
        with connect(urlsplit(server.urls[1]).port or 0) as client:
            client.sendall(LAST)
            assert answers(client).startswith(b"HTTP/1.1 200 ")
    finally:
        server.stop()
        thread.join()


def test_clients_that_speak_no_tls_are_let_go(store: Store, authority: trustme.CA, files: TlsFiles) -> None:
    settings = ServerSettings(tls=files, head_seconds=2.0)
    with running(store, settings) as port:
        with connect(port) as silent, connect(port) as plain:
            plain.sendall(LAST)
            assert b"HTTP/1.1 200" not in answers(plain)
            assert answers(silent) == b""
        with secured(port, trusting(authority)) as client:
            client.sendall(LAST)
            assert answers(client).startswith(b"HTTP/1.1 200 ")


def test_an_upload_that_is_cut_off_is_told_so(store: Store, authority: trustme.CA, files: TlsFiles) -> None:
    s3 = create_s3_app(store, S3Settings(credentials=(S3Credential(access_key="a", secret_key=CREDENTIAL.secret_key),)))
    ready = threading.Event()
    settings = ServerSettings(tls=files, grace_seconds=0.2)
    server = Server([Listener(create_app(store), port=0), Listener(s3, port=0)], lambda _: ready.set(), settings)
    thread = threading.Thread(target=server.run)
    thread.start()
    assert ready.wait(WAIT)
    try:
        with secured(urlsplit(server.urls[0]).port or 0, trusting(authority)) as client:
            client.sendall(request("PUT", f"{OBJECTS}/a", b"", **{"Content-Length": str(5 * MIB)}) + bytes(3 * MIB))
            time.sleep(0.2)
            server.stop()
            said = answers(client)
        assert said.startswith(b"HTTP/1.1 503 ")
        assert eventually(lambda: not thread.is_alive())
    finally:
        server.stop()
        thread.join()
    assert not list(store.iter_objects("my-assets"))


def test_a_client_that_goes_away_in_the_middle_of_a_download_leaves_nothing(
    store: Store, authority: trustme.CA, files: TlsFiles
) -> None:
    store.put_object("my-assets", "large", bytes(32 * MIB))
    with running(store, ServerSettings(tls=files)) as port:
        for _ in range(5):
            with secured(port, trusting(authority)) as client:
                client.sendall(request("GET", f"{OBJECTS}/large"))
                client.recv(1000)
                client.shutdown(socket.SHUT_RDWR)
        with secured(port, trusting(authority)) as client:
            client.sendall(LAST)
            assert answers(client).startswith(b"HTTP/1.1 200 ")


def locked(key: bytes) -> bytes:
    """Returns a key in PEM, with a password."""
    read = serialization.load_pem_private_key(key, None)
    return read.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.BestAvailableEncryption(b"hunter2"),
    )


@pytest.mark.parametrize(
    ("mistake", "message"),
    [
        ("no certificate file", "'{certificate}' of the TLS certificate cannot be read: No such file"),
        ("no key file", "'{key}' of the TLS key cannot be read: No such file"),
        ("folder", "'{key}' of the TLS key cannot be read: Is a directory"),
        ("no certificate", "'{certificate}' of the TLS certificate has none in PEM"),
        ("no key", "'{key}' of the TLS key has none in PEM"),
        ("another's key", "the TLS key in '{key}' does not belong to the certificate in '{certificate}'"),
        ("malformed", "cannot be used"),
        ("password", "the TLS key has a password"),
    ],
)
def test_files_that_cannot_be_used_are_named(
    authority: trustme.CA, files: TlsFiles, tmp_path: Path, mistake: str, message: str
) -> None:
    certificate, key = Path(files.certificate), Path(files.key)
    if mistake in {"no certificate file", "no key file", "folder"}:
        (certificate if mistake == "no certificate file" else key).unlink()
    if mistake == "folder":
        key.mkdir()
    elif mistake == "no certificate":
        certificate.write_bytes(key.read_bytes())
    elif mistake == "no key":
        key.write_bytes(certificate.read_bytes())
    elif mistake == "another's key":
        key.write_bytes(authority.issue_cert("localhost").private_key_pem.bytes())
    elif mistake == "malformed":
        certificate.write_text("-----BEGIN CERTIFICATE-----\nhunter2\n-----END CERTIFICATE-----\n")
    elif mistake == "password":
        key.write_bytes(locked(key.read_bytes()))
    with pytest.raises(InvalidSettings) as caught:
        tls.load(files)
    assert message.format(certificate=certificate, key=key) in caught.value.detail
    assert "hunter2" not in caught.value.detail
