"""What somebody may write for the URL of a store by mistake: the error says what to write."""

from __future__ import annotations

import socket
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path

import pytest
from bucketry import BucketryError, open_store
from bucketry_testing import rest_server, s3_endpoint

from tests.client.scripted import Answer, scripted
from tests.client.secured import secured

LOOKS_LIKE = "a store URL looks like memory://, file:///srv/data, file://./data or s3://host:9000"
NO_PATH = "location is the host and port of the S3 endpoint: s3://host:9000, without a path: each call names its bucket"
NOT_S3 = "the response is not one of S3: check location and secure"
REST_NOT_S3 = "a REST API responds, not S3: the URL of a store behind bucketry's begins with http:// or https://"

WRONG: Mapping[str, str] = {
    # No URL of a store
    "file:/srv/data": LOOKS_LIKE,
    "./data": LOOKS_LIKE,
    "s3:/": LOOKS_LIKE,
    "s3+http://{s3}": LOOKS_LIKE,
    "memory": LOOKS_LIKE,
    "memory://x": "memory:// takes nothing between :// and ?",
    "fiel://./data": "did you mean file://",
    # Folders
    "file://": "name the place in the URL, as in file://PLACE",
    "file://data": "write file://./data, or file:/// and an absolute path",
    "file://~/data": "file:// does not know ~: write file:/// and the absolute path of the folder",
    "file://localhost{folder}/new": "write file://{folder}/new",
    "file://{folder}": "is not empty and not a store: name an empty folder, or a new one",
    "file://{folder}/note.txt": "is not a folder",
    "file://{folder}/no/new": "{folder}/no does not exist: make it first",
    # Parameters, and what is secret
    "file://{folder}/new?sinc=false": "unknown setting `sinc`: did you mean `sync`?",
    "file://{folder}/new?sync=maybe": "the setting sync of the driver 'file': expected `bool` (true or false)",
    "s3://{s3}?secret_key=x": "a secret does not belong in a store URL: set BUCKETRY_S3_SECRET_KEY",
    "s3://key:secret@{s3}": "credentials do not belong in a store URL: set BUCKETRY_S3_… variables",
    "http://key:secret@{rest}": "credentials do not belong in a store URL: set BUCKETRY_HTTP_… variables",
    "http://{rest}?token=x": "a secret does not belong in a store URL: set BUCKETRY_HTTP_TOKEN",
    # A bucket in the URL, or another URL in it
    "s3://{s3}/photos": NO_PATH,
    "s3://{s3}/": NO_PATH,
    "s3://http://{s3}": "s3://host:9000, without http://",
    "s3://https://{s3}": "s3://host:9000, without https://; add ?secure=true",
    "s3://photos.invalid": "http://photos.invalid is unreachable: the host's name cannot be resolved",
    # A server of another kind
    "http://{s3}": "an S3 endpoint answers at http://{s3}, not the REST API: write s3://{s3}",
    "s3://{rest}": REST_NOT_S3,
    "minio://{rest}": REST_NOT_S3,
    "http://{rest}/api/v1": "give the URL that stands before its /api/v1/storage",
    "http://{page}": "not one of bucketry's REST API: it is text/html, not JSON",
    "s3://{page}": NOT_S3,
    "minio://{page}": NOT_S3,
    "rgw://{page}": NOT_S3,
    "http://{redirect}": "redirects are not followed: use the other URL",
    "s3://{redirect}": NOT_S3,
    "http://{missing}": "answers with status 404, and not as bucketry's REST API does",
    "s3://{missing}": NOT_S3,
    "s3://{missing}?probe=false": NOT_S3,
    # TLS where there is none, and none where there is TLS
    "https://{rest}": "the server does not speak TLS there: write http://{rest}",
    "http://{tls}": "If it speaks TLS, write https://{tls}",
    "https://{tls}": "name the server's certificate authorities with ca_file",
    "s3://{s3}?secure=true": "the server does not speak TLS",
    "s3://{tls}": "a server that wants TLS needs secure=true",
    "s3://{tls}?secure=true": "the certificate is not trusted (see ca_file)",
    # Nobody there
    "http://{nobody}": "no connection to http://{nobody}",
    "s3://{nobody}": "http://{nobody} is unreachable: the connection is refused",
}


@pytest.fixture(scope="module")
def places(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """Servers of several kinds, an address where nobody listens, and a folder that is no store."""
    folder = tmp_path_factory.mktemp("not-a-store")
    (folder / "note.txt").write_text("mine")
    page = Answer(headers={"content-type": "text/html"}, body=b"<html>It works</html>")
    redirect = Answer(status=302, headers={"location": "https://elsewhere.example/"})
    missing = Answer(status=404, headers={"content-type": "text/html"}, body=b"<html>nothing here</html>")
    with ExitStack() as stack:
        rest = stack.enter_context(rest_server())
        scripts = {
            name: stack.enter_context(scripted(answer)).url
            for name, answer in {"page": page, "redirect": redirect, "missing": missing}.items()
        }
        urls = {
            "rest": rest.url.removesuffix("/api/v1/storage"),
            "s3": stack.enter_context(s3_endpoint()).endpoint_url,
            "tls": stack.enter_context(secured(rest.store, tmp_path_factory.mktemp("tls"))).url,
            **scripts,
        }
        nobody = stack.enter_context(socket.socket())
        nobody.bind(("127.0.0.1", 0))  # without listening
        hosts = {name: url.partition("://")[2].removesuffix("/api/v1/storage") for name, url in urls.items()}
        yield {**hosts, "folder": str(folder), "nobody": f"127.0.0.1:{nobody.getsockname()[1]}"}


@pytest.mark.parametrize("url", WRONG)
def test_a_wrong_url_is_refused_with_what_to_write(
    url: str, places: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for driver in ("MINIO", "RGW", "S3"):
        monkeypatch.setenv(f"BUCKETRY_{driver}_ACCESS_KEY", "newcomer")
        monkeypatch.setenv(f"BUCKETRY_{driver}_SECRET_KEY", "not-shown-anywhere")
    said = said_of(url.format(**places))
    assert WRONG[url].format(**places) in said
    assert "not-shown-anywhere" not in said
    assert "key:secret" not in said


def said_of(url: str) -> str:
    """Returns what a store says that is opened with a wrong URL: at once, or when it is asked something."""
    try:
        with open_store(url) as store:
            status = store.status()
            assert not status.available
            with pytest.raises(BucketryError):
                store.list_buckets()
            return status.detail
    except BucketryError as error:
        return str(error)


def test_a_url_opens_what_it_names(tmp_path: Path) -> None:
    """The other side of the table: what the errors say to write is right."""
    for url in ("memory://", "MEMORY://", f"file://{tmp_path}/new", f"file://{tmp_path}/b%20c#d"):
        with open_store(url) as store:
            assert store.status().available
    assert (tmp_path / "b%20c#d").is_dir()
