"""What Django's own tests do not ask of a storage: large files, headers, URLs, static files, settings."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
import pytest
from bucketry import AccessDenied, InvalidSettings, Store, open_store
from bucketry.django import BucketryManifestStaticStorage, BucketryStaticStorage, BucketryStorage
from bucketry.hookspecs import hookimpl
from django.core.exceptions import ImproperlyConfigured, SuspiciousFileOperation
from django.core.files.base import ContentFile
from django.core.files.storage import storages
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import call_command
from django.test import override_settings

from tests.django.conftest import MakeStorage

LARGE = bytes(range(256)) * (17 * 1024**2 // 256)


def test_large_files_stream_both_ways(storage: BucketryStorage) -> None:
    with storage.open("large", "wb") as file:
        for start in range(0, len(LARGE), 1_000_000):
            file.write(LARGE[start : start + 1_000_000])
        assert file.size == len(LARGE)
    assert "-" in storage.store.head_object(storage.bucket, "media/large").etag
    with storage.open("large") as file:
        assert file.size == len(LARGE)
        assert b"".join(file.chunks()) == LARGE
        file.seek(-10, 2)
        assert file.read() == LARGE[-10:]
        file.seek(1000)
        assert file.read(10) == LARGE[1000:1010]
        assert file.tell() == 1010
    storage.save("copy", ContentFile(LARGE))
    assert storage.size("copy") == len(LARGE)


@pytest.mark.parametrize("size", [5, len(LARGE)])
@pytest.mark.parametrize("mode", ["wb", "w"])
def test_a_file_that_is_left_by_an_error_is_not_stored(storage: BucketryStorage, size: int, mode: str) -> None:
    storage.save("file", ContentFile(b"old"))

    def write() -> None:
        with storage.open("file", mode) as file:
            file.write("x" * size if mode == "w" else LARGE[:size])
            raise KeyError

    with pytest.raises(KeyError):
        write()
    with storage.open("file") as file:
        assert file.read() == b"old"
    assert list(storage.store.iter_multipart_uploads(storage.bucket)) == []


def test_appending_and_exclusive_writing(storage: BucketryStorage) -> None:
    for text in ("one\n", "two\n"):
        with storage.open("log.txt", "a") as file:
            file.write(text)
    with storage.open("log.txt", "r") as file:
        assert list(file) == ["one\n", "two\n"]
    with pytest.raises(ValueError, match="opened to read"):
        storage.open("log.txt", "r+b")
    if storage.store.capabilities.features.complete_if_none_match:
        with pytest.raises(FileExistsError):
            storage.open("log.txt", "xb")


def test_content_types_and_headers(make: MakeStorage) -> None:
    storage = make(headers={"cache_control": "max-age=60", "metadata": {"site": "one"}})
    storage.save("a.css", ContentFile(b""))
    storage.save("b", SimpleUploadedFile("b", b"x", content_type="image/png"))
    with storage.open("c.json", "w") as file:
        file.write("{}")
    found = [storage.store.head_object(storage.bucket, key) for key in ("a.css", "b", "c.json")]
    assert [info.content_type for info in found] == ["text/css", "image/png", "application/json"]
    assert {info.cache_control for info in found} == {"max-age=60"}
    assert all(dict(info.metadata) == {"site": "one"} for info in found)


def test_presigned_urls_work(make: MakeStorage, store: Store) -> None:
    storage = make(location="private", url_expires_in=60)
    storage.save("a b.txt", ContentFile(b"content"))
    url = storage.url("a b.txt")
    assert "X-Amz-Expires=60" in url
    assert "X-Amz-Expires=5" in storage.url("a b.txt", expires_in=5)
    named = storage.url("a b.txt", content_disposition='attachment; filename="c.txt"')
    if store.capabilities.driver != "memory":  # Nobody serves that one.
        assert httpx.get(url, trust_env=False).content == b"content"
        assert "c.txt" in httpx.get(named, trust_env=False).headers["content-disposition"]
    with pytest.raises(ValueError, match="not signed"):
        make(base_url="/").url("a", expires_in=1)


def test_settings_that_are_wrong() -> None:
    with pytest.raises(ImproperlyConfigured, match="nosuch"):
        BucketryStorage(store="memory://", bucket="b", headers={"nosuch": "x"})
    with pytest.raises(SuspiciousFileOperation):
        BucketryStorage(store="memory://", bucket="b", location="../x")
    with pytest.raises(TypeError):
        BucketryStorage(store="memory://", bucket="b", acl="public-read")  # type: ignore[call-arg]
    with pytest.raises(InvalidSettings, match="nosuch"):
        BucketryStorage(store="memory://", bucket="b", settings={"nosuch": 1}).exists("x")


def test_secrets_do_not_show() -> None:
    storage = BucketryStorage(store="minio://127.0.0.1:1", bucket="b", settings={"secret_key": "not-to-be-seen"})
    assert "not-to-be-seen" not in repr(storage)


def test_secrets_do_not_get_into_migrations() -> None:
    from django.db import models
    from django.db.migrations.writer import MigrationWriter

    settings = {
        "secret_key": "not-to-be-seen",
        "access_key": "who",
        "secret_key_file": "/run/key",
        "nosuch": "not-to-be-seen",
    }
    for kind in (BucketryStorage, BucketryStaticStorage):
        storage = kind(
            store="minio://127.0.0.1:1", bucket="b", settings=settings, headers={"cache_control": "no-store"}
        )
        text, imports = MigrationWriter.serialize(models.FileField(storage=storage))
        assert "not-to-be-seen" not in text
        assert f"bucketry.django.{kind.__name__}(bucket='b', headers={{'cache_control': 'no-store'}}" in text
        assert "settings={'access_key': 'who', 'secret_key_file': '/run/key'}" in text
        assert imports == {"import bucketry.django", "from django.db import models"}
        namespace: dict[str, Any] = {}
        exec("\n".join([*imports, f"field = {text}"]), namespace)  # noqa: S102 - as a migration is run
        assert namespace["field"].storage.deconstruct() == storage.deconstruct()
    with pytest.raises(InvalidSettings, match="no driver"):
        BucketryStorage(store="nosuch://", bucket="b", settings=settings).deconstruct()


class Refusing:
    """A layer that refuses to look at objects."""

    @hookimpl(wrapper=True)
    def head_object(self) -> Any:
        yield
        raise AccessDenied


def test_exists_is_an_error_when_the_store_refuses() -> None:
    with open_store("memory://", environ={}, layers=[Refusing()]) as store:
        store.create_bucket("bucket")
        storage = BucketryStorage(store=store, bucket="bucket")
        store.put_object("bucket", "file", b"")
        with pytest.raises(PermissionError):
            storage.exists("file")


@pytest.fixture
def static(tmp_path: Path) -> Path:
    """Static files that name each other."""
    (tmp_path / "css").mkdir()
    (tmp_path / "css" / "a.css").write_text("body { background: url('../b.png') }")
    (tmp_path / "b.png").write_bytes(b"png")
    return tmp_path


def collect(storage: BucketryStorage, folder: Path, *, clear: bool = False) -> None:
    """Runs ``collectstatic``."""
    kind = f"bucketry.django.{type(storage).__name__}"
    options = {"store": storage.store, "bucket": storage.bucket, "location": "static", "base_url": "/static/"}
    backends = {"staticfiles": {"BACKEND": kind, "OPTIONS": options}}
    with override_settings(STORAGES=backends, STATICFILES_DIRS=[folder], DEBUG=False):
        call_command("collectstatic", interactive=False, verbosity=0, clear=clear)
        if isinstance(storage, BucketryManifestStaticStorage):
            assert storages["staticfiles"].url("css/a.css").startswith("/static/css/a.")


def test_collectstatic(make: MakeStorage, static: Path) -> None:
    storage = make(BucketryStaticStorage, location="static")
    for content in (b"png", b"other"):
        (static / "b.png").write_bytes(content)
        import os

        os.utime(static / "b.png", (4_000_000_000, 4_000_000_000))
        collect(storage, static)
        assert storage.listdir("") == (["css"], ["b.png"])
        with storage.open("b.png") as file:
            assert file.read() == content


def test_collectstatic_clears_what_is_there_first(make: MakeStorage, static: Path) -> None:
    storage = make(BucketryStaticStorage, location="static")
    for name in ("old.js", "old/deep/er.js"):
        storage.save(name, ContentFile(b"old"))
    storage.store.put_object(storage.bucket, "static2/theirs", b"")
    collect(storage, static, clear=True)
    keys = [info.key for info in storage.store.iter_objects(storage.bucket)]
    assert keys == ["static/b.png", "static/css/a.css", "static2/theirs"]


def test_folders_exist_and_take_no_names(make: MakeStorage) -> None:
    storage = make(location="media")
    assert storage.exists("")
    assert not storage.exists("a")
    storage.save("a/b", ContentFile(b""))
    assert storage.exists("a")
    assert storage.exists("a/")
    assert not storage.exists("a/c")
    if storage.store.capabilities.driver != "minio":  # There a key that is a folder holds no object.
        assert storage.save("a", ContentFile(b"")) == "a"
    with pytest.raises(SuspiciousFileOperation):
        storage.exists("../media")
    with pytest.raises(FileNotFoundError):
        BucketryStorage(store=storage.store, bucket="no-such-bucket-here").exists("")


@pytest.mark.parametrize(("name", "url"), [("js/", "/static/js/"), ("", "/static/"), ("a b/c", "/static/a%20b/c")])
def test_urls_of_folders_keep_their_slash(name: str, url: str) -> None:
    assert BucketryStaticStorage(store="memory://", bucket="b", base_url="/static/").url(name) == url


def test_collectstatic_with_hashes(make: MakeStorage, static: Path) -> None:
    storage = make(BucketryManifestStaticStorage, location="static")
    for _ in range(2):
        collect(storage, static)
        hashed = {info.key for info in storage.store.iter_objects(storage.bucket)}
        assert len(hashed) == 5  # Two files, each also by its hash, and the manifest.
        assert "static/staticfiles.json" in hashed
        (css,) = (key for key in hashed if key.startswith("static/css/a.") and key != "static/css/a.css")
        with storage.store.get_object(storage.bucket, css) as opened:
            assert b"../b." in opened.read()


def test_without_django_it_says_what_to_install() -> None:
    code = "import sys; sys.modules['django'] = None; import bucketry.django"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert "pip install 'bucketry[django]'" in done.stderr


def test_core_is_imported_without_django() -> None:
    code = "import sys, bucketry; print('django' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"
