"""Django's own tests of storages (tests/file_storage of its sdist), by their names.

They are written anew, since Django's are made for a folder: they look into it, and are not part of what is installed.
Left out is what a store does not have: paths on disk, permissions, symbolic links, the time of the last access,
folders of their own (``delete`` of a folder, a file that cannot have children), and defaults from
``MEDIA_ROOT``.
"""

from __future__ import annotations

import io
import pickle
import re
import threading
import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, ClassVar

import pytest
from bucketry.django import BucketryStorage
from django.core.exceptions import SuspiciousFileOperation
from django.core.files.base import ContentFile, File
from django.core.files.uploadedfile import InMemoryUploadedFile, SimpleUploadedFile, TemporaryUploadedFile
from django.db import connection, models
from django.test import override_settings
from django.utils import timezone

from tests.django.conftest import MakeStorage

SUFFIX = "[A-Za-z0-9]{7}"


def test_deconstruction(make: MakeStorage) -> None:
    path, args, kwargs = BucketryStorage(store="memory://", bucket="b", location="x").deconstruct()
    assert (path, args) == ("bucketry.django.BucketryStorage", ())
    assert kwargs == {"store": "memory://", "bucket": "b", "location": "x"}


def test_file_access_options(storage: BucketryStorage) -> None:
    assert not storage.exists("storage_test")
    f = storage.open("storage_test", "w")
    f.write("storage contents")
    f.close()
    assert storage.exists("storage_test")
    f = storage.open("storage_test", "r")
    assert f.read() == "storage contents"
    f.close()
    storage.delete("storage_test")
    assert not storage.exists("storage_test")


@pytest.mark.parametrize("getter", ["get_created_time", "get_modified_time"])
@pytest.mark.parametrize("use_tz", [True, False])
def test_file_get_time_timezone(storage: BucketryStorage, getter: str, use_tz: bool) -> None:
    with (
        override_settings(USE_TZ=use_tz, TIME_ZONE="Africa/Algiers"),
        timezone.override(timezone.get_fixed_timezone(-300) if use_tz else None),
    ):
        name = storage.save("test.file", ContentFile("custom contents"))
        found: datetime = getattr(storage, getter)(name)
        assert timezone.is_aware(found) is use_tz
        assert abs(found - timezone.now()) < timedelta(minutes=5)
        if use_tz:
            assert found.tzname() == "UTC"


def test_file_save_without_name(storage: BucketryStorage) -> None:
    f = ContentFile("custom contents")
    f.name = "test.file"
    assert storage.save(None, f) == "test.file"
    assert storage.exists("test.file")


def test_file_save_with_path(storage: BucketryStorage) -> None:
    storage.save("path/to/test.file", ContentFile("file saved with path"))
    with storage.open("path/to/test.file") as f:
        assert f.read() == b"file saved with path"
    assert [info.key for info in storage.store.iter_objects(storage.bucket)] == ["media/path/to/test.file"]


def test_save_doesnt_close(storage: BucketryStorage) -> None:
    with TemporaryUploadedFile("test", "text/plain", 1, "utf8") as file:
        file.write(b"1")
        file.seek(0)
        storage.save("path/to/test.file", file)
        assert not file.closed
        assert not file.file.closed
    with InMemoryUploadedFile(io.StringIO("1"), "", "test", "text/plain", 1, "utf8") as memory:
        storage.save("path/to/test.file", memory)
        assert not memory.closed
        assert not memory.file.closed


def test_file_path(storage: BucketryStorage) -> None:
    with pytest.raises(NotImplementedError):
        storage.path("test.file")


@pytest.mark.parametrize(
    ("name", "url"),
    [
        ("test.file", "test.file"),
        (r"~!*()'@#$%^&*abc`+ =.file", "~!*()'%40%23%24%25%5E%26*abc%60%2B%20%3D.file"),
        ("ab\0c", "ab%00c"),
        ("a/b\\c.file", "a/b/c.file"),
        ("/evil.com", "evil.com"),
        (r"\evil.com", "evil.com"),
        ("///evil.com", "evil.com"),
        (r"\\\evil.com", "evil.com"),
        (None, ""),
    ],
)
def test_file_url(name: str | None, url: str) -> None:
    storage = BucketryStorage(store="memory://", bucket="b", base_url="/test_media_url/")
    assert storage.url(name) == f"/test_media_url/{url}"


def test_base_url(make: MakeStorage) -> None:
    assert make(base_url="/no_ending_slash").url("test.file") == "/no_ending_slash/test.file"
    with pytest.raises(ValueError, match="name"):
        make().url(None)


def test_listdir(storage: BucketryStorage) -> None:
    assert storage.listdir("") == ([], [])
    storage.save("storage_test_1", ContentFile("custom content"))
    storage.save("storage_test_2", ContentFile("custom content"))
    storage.save("storage_dir_1/file", ContentFile("custom content"))
    for directory in ("", Path(), "./"):
        assert storage.listdir(directory) == (["storage_dir_1"], ["storage_test_1", "storage_test_2"])  # type: ignore[arg-type]
    assert storage.listdir("./storage_dir_1/./.") == ([], ["file"])


@pytest.mark.parametrize("name", ["..", "a/../..", "../media/x", "/etc/passwd", r"..\x", r"\etc", "a/../../b", ".", ""])
def test_file_storage_prevents_directory_traversal(storage: BucketryStorage, name: str) -> None:
    is_storage_itself = name in {".", ""}
    for use in (storage.size, storage.open) if is_storage_itself else (storage.exists, storage.size, storage.open):
        with pytest.raises(SuspiciousFileOperation):
            use(name)
    with pytest.raises(SuspiciousFileOperation):
        storage._save(name, ContentFile(b""))
    assert list(storage.store.iter_objects(storage.bucket)) == []


def test_file_storage_preserves_filename_case(make: MakeStorage) -> None:
    storage = make(location="aBc")
    with storage.open("CaSe_SeNsItIvE", "w") as file:
        file.write("storage contents")
    assert [info.key for info in storage.store.iter_objects(storage.bucket)] == ["aBc/CaSe_SeNsItIvE"]


def test_file_chunks_error(storage: BucketryStorage) -> None:
    def failing_chunks() -> Iterator[bytes]:
        yield b"some"
        raise OSError

    f1 = ContentFile("chunks fails")
    f1.chunks = failing_chunks
    with pytest.raises(OSError, match="body"):
        storage.save("error.file", f1)
    assert not storage.exists("error.file")


def test_delete_no_name(storage: BucketryStorage) -> None:
    for name in (None, ""):
        with pytest.raises(ValueError, match=re.escape("The name must be given to delete().")):
            storage.delete(name)  # type: ignore[arg-type]


def test_delete_missing_file(storage: BucketryStorage) -> None:
    storage.delete("missing_file.txt")
    storage.delete("missing_dir/missing_file.txt")


def test_file_methods_pathlib_path(storage: BucketryStorage) -> None:
    p: Any = Path("test.file")
    assert not storage.exists(p)
    name = storage.save(p, ContentFile("custom contents"))
    assert storage.size(p) == 15
    assert storage.url(p) == f"/test_media_url/{name}"
    with storage.open(p) as f:
        assert f.read() == b"custom contents"
    storage.delete(p)


class CustomStorage(BucketryStorage):
    def get_available_name(self, name: str, max_length: int | None = None) -> str:
        number = 2
        base, _, extension = name.partition(".")
        while self.exists(name):
            name = f"{base}.{number}.{extension}"
            number += 1
        return name


def test_custom_get_available_name(make: MakeStorage) -> None:
    storage = make(CustomStorage)
    assert storage.save("custom_storage.x", ContentFile("custom contents")) == "custom_storage.x"
    assert storage.save("custom_storage.x", ContentFile("more contents")) == "custom_storage.2.x"


def test_save_overwrite_behavior(make: MakeStorage) -> None:
    storage = make(file_overwrite=True)
    for content in (b"content one", b"second content", b"less"):
        assert storage.save("test.file", ContentFile(content)) == "test.file"
        with storage.open("test.file") as fp:
            assert fp.read() == content


def test_save_overwrite_behavior_temp_file(make: MakeStorage) -> None:
    storage = make(file_overwrite=True)
    for content in (b"content one", b"second content"):
        with TemporaryUploadedFile("tmp", "text/plain", len(content), "utf8") as file:
            file.write(content)
            file.seek(0)
            assert storage.save("test.file", file) == "test.file"
        with storage.open("test.file") as fp:
            assert fp.read() == content


@pytest.mark.parametrize("overwrite", [True, False])
def test_file_name_truncation(make: MakeStorage, overwrite: bool) -> None:
    storage = make(file_overwrite=overwrite)
    name = storage.save("test_long_file_name.txt", ContentFile(b"content"), max_length=10 if overwrite else 14)
    assert re.fullmatch(r"test_l\.txt" if overwrite else rf"te_{SUFFIX}\.txt", name)
    with pytest.raises(SuspiciousFileOperation, match="Storage can not find an available filename"):
        storage.save("file_name.longext", ContentFile(b"content"), max_length=5)


class DiscardingFalseContentStorage(BucketryStorage):
    def _save(self, name: str, content: Any) -> str:
        return super()._save(name, content) if content else ""


def test_custom_storage_discarding_empty_content(make: MakeStorage) -> None:
    storage = make(DiscardingFalseContentStorage)
    storage.save("tests/stringio", io.StringIO("content"))
    with storage.open("tests/stringio") as f:
        assert f.read() == b"content"


class SlowFile(ContentFile):  # type: ignore[misc]  # Django has no types
    def chunks(self, chunk_size: int | None = None) -> Any:
        time.sleep(0.3)
        return super().chunks(chunk_size)


def test_race_condition(storage: BucketryStorage) -> None:
    threads = [threading.Thread(target=storage.save, args=("conflict", SlowFile(b"Data"))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    files = sorted(storage.listdir("")[1])
    assert files[0] == "conflict"
    assert len(files) == 4
    assert all(re.fullmatch(f"conflict_{SUFFIX}", name) for name in files[1:])


@pytest.mark.parametrize("name", ["test", ".test"])
def test_directory_with_dot(storage: BucketryStorage, name: str) -> None:
    storage.save(f"dotted.path/{name}", ContentFile("1"))
    storage.save(f"dotted.path/{name}", ContentFile("2"))
    files = sorted(storage.listdir("dotted.path")[1])
    assert files[0] == name
    assert re.fullmatch(f"{re.escape(name)}_{SUFFIX}", files[1])


def test_content_saving(storage: BucketryStorage) -> None:
    storage.save("bytes.txt", ContentFile(b"content"))
    storage.save("unicode.txt", ContentFile("español"))
    with storage.open("unicode.txt", "r") as f:
        assert f.read() == "español"
    assert storage.size("unicode.txt") == 8


class Forwards(io.RawIOBase):
    """What a response of ``urlopen`` is like: it cannot be read twice."""

    def __init__(self, content: bytes) -> None:
        self._content = io.BytesIO(content)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        return self._content.readinto(buffer)


def test_urllib_request_urlopen(storage: BucketryStorage) -> None:
    name = storage.save("remote_file.html", File(Forwards(b"page" * 50_000)))
    with storage.open(name) as stored:
        assert stored.read() == b"page" * 50_000


def test_open_missing_file(storage: BucketryStorage) -> None:
    for use in (storage.open, storage.size, storage.get_modified_time):
        with pytest.raises(FileNotFoundError):
            use("missing.txt")


def test_convert_str_to_bytes_and_back(storage: BucketryStorage) -> None:
    with storage.open("file.txt", "w") as fd:
        fd.write("hello")
    with storage.open("file.txt", "rb") as fd:
        assert fd.read() == b"hello"
    with storage.open("file.dat", "wb") as fd:
        fd.write(b"hello")
    with storage.open("file.dat", "r") as fd:
        assert fd.read() == "hello"


HOLDER = [BucketryStorage(store="memory://", bucket="not-used")]


def callable_storage() -> BucketryStorage:
    return HOLDER[0]


class Upload(models.Model):  # type: ignore[misc]  # Django has no types
    """The fields of Django's own model."""

    normal = models.FileField(storage=callable_storage, upload_to="tests")
    pathlib_direct = models.FileField(storage=callable_storage, upload_to=Path("bar"))
    default = models.FileField(storage=callable_storage, upload_to="tests", default="tests/default.txt")
    empty = models.FileField(storage=callable_storage)
    limited_length = models.FileField(storage=callable_storage, upload_to="tests", max_length=20)

    objects: ClassVar[Any]

    class Meta:
        app_label = "uploads"


@pytest.fixture
def uploads(storage: BucketryStorage) -> Iterator[Any]:
    """The model, with a table, and fields on the test's storage."""
    HOLDER[:] = [storage]
    for field in Upload._meta.fields:
        if isinstance(field, models.FileField):
            field.storage = storage
    with connection.schema_editor() as editor:
        editor.create_model(Upload)
    yield Upload
    with connection.schema_editor() as editor:
        editor.delete_model(Upload)
    connection.close()


def test_files(uploads: Any, storage: BucketryStorage) -> None:
    obj1 = uploads()
    assert obj1.normal.name == ""
    with pytest.raises(ValueError, match="no file"):
        _ = obj1.normal.size
    obj1.normal.save("django_test.txt", ContentFile("content"))
    assert obj1.normal.name == "tests/django_test.txt"
    assert obj1.normal.size == 7
    assert obj1.normal.read() == b"content"
    obj1.normal.close()
    obj1.normal = SimpleUploadedFile("assignment.txt", b"content")
    assert "assignment.txt" not in storage.listdir("tests")[1]
    obj1.save()
    assert sorted(storage.listdir("tests")[1]) == ["assignment.txt", "django_test.txt"]
    obj2 = uploads()
    obj2.normal.save("django_test.txt", ContentFile("more content"))
    assert re.fullmatch(f"tests/django_test_{SUFFIX}.txt", obj2.normal.name)
    assert obj2.normal.size == 12
    obj2.normal.close()


def test_filefield_read(uploads: Any) -> None:
    obj = uploads.objects.create(normal=SimpleUploadedFile("assignment.txt", b"content"))
    obj.normal.open()
    assert obj.normal.read(3) == b"con"
    assert obj.normal.read() == b"tent"
    assert list(obj.normal.chunks(chunk_size=2)) == [b"co", b"nt", b"en", b"t"]
    obj.normal.close()


def test_filefield_write(uploads: Any) -> None:
    obj = uploads.objects.create(normal=SimpleUploadedFile("rewritten.txt", b"content"))
    with obj.normal as normal:
        normal.open("wb")
        normal.write(b"updated")
    obj.refresh_from_db()
    assert obj.normal.read() == b"updated"
    obj.normal.close()


def test_filefield_reopen(uploads: Any) -> None:
    obj = uploads.objects.create(normal=SimpleUploadedFile("reopen.txt", b"content"))
    with obj.normal as normal:
        normal.open()
    obj.normal.open()
    obj.normal.file.seek(0)
    obj.normal.close()


@pytest.mark.parametrize(("filename", "extension"), [("multiple_files", "txt"), ("many_extensions", "tar.gz")])
def test_duplicate_filename(uploads: Any, filename: str, extension: str) -> None:
    objs = [uploads(), uploads()]
    for each in objs:
        each.normal.save(f"{filename}.{extension}", ContentFile("Content"))
    assert objs[0].normal.name == f"tests/{filename}.{extension}"
    assert re.fullmatch(f"tests/{filename}_{SUFFIX}.{extension}", objs[1].normal.name)


def test_file_truncation(uploads: Any) -> None:
    objs = [uploads(), uploads()]
    for each in objs:
        each.limited_length.save("filename.ext", ContentFile("Same Content"))
    assert objs[0].limited_length.name == "tests/filename.ext"
    assert re.fullmatch(f"tests/fi_{SUFFIX}.ext", objs[1].limited_length.name)
    objs[0].limited_length.save("short.longext", ContentFile("Same Content"))
    with pytest.raises(SuspiciousFileOperation, match="Storage can not find an available filename"):
        objs[1].limited_length.save("short.longext", ContentFile("Same Content"))


def test_filefield_default(uploads: Any, storage: BucketryStorage) -> None:
    storage.save("tests/default.txt", ContentFile("default content"))
    obj = uploads.objects.create()
    assert obj.default.name == "tests/default.txt"
    assert obj.default.read() == b"default content"
    obj.default.close()


def test_empty_upload_to(uploads: Any) -> None:
    obj = uploads()
    obj.empty.save("django_test.txt", ContentFile("more content"))
    assert obj.empty.name == "django_test.txt"
    assert obj.empty.read() == b"more content"
    obj.empty.close()
    obj.pathlib_direct.save("some_file.txt", ContentFile("some content"))
    assert obj.pathlib_direct.name == "bar/some_file.txt"


def test_storage_pickling() -> None:
    storage = BucketryStorage(store="memory://", bucket="b", location="x", settings={"region": "pickled"})
    assert storage.store.capabilities.driver == "memory"
    again = pickle.loads(pickle.dumps(storage))
    assert again.store is storage.store
