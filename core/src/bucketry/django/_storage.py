"""`BucketryStorage`: a storage of Django in a bucket."""

from __future__ import annotations

import os
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from django.core.exceptions import ImproperlyConfigured, SuspiciousFileOperation
from django.core.files.storage import Storage
from django.utils import timezone
from django.utils.encoding import filepath_to_uri

from bucketry._file_errors import file_errors
from bucketry._shared_stores import SharedStore, shared_store
from bucketry.body import Body
from bucketry.django._file import StorageFile
from bucketry.django._migrations import in_migrations
from bucketry.django._names import clean_name, prefix_of
from bucketry.guessed_types import guessed_type
from bucketry.models import DEFAULT_CONTENT_TYPE, ObjectHeaders, ObjectInfo
from bucketry.options import ListOptions, PresignOptions, PutOptions
from bucketry.presigning import DEFAULT_EXPIRES_IN
from bucketry.settings import DriverSettings
from bucketry.store import Store

_OF_CALLERS: Final = frozenset(ObjectHeaders.__struct_fields__) - {"content_type"}


@in_migrations
class BucketryStorage(Storage):  # type: ignore[misc]  # Django has no types
    """Files in a bucket, below a prefix. Threads can share it; a forked process opens a store of its own.

    Names are cleaned as Django's own storage does it: they use slashes, and lead nowhere out of ``location``. Errors
    are those of files: a file that is not there is a ``FileNotFoundError``.
    """

    def __init__(
        self,
        *,
        store: str | Store | DriverSettings,
        bucket: str,
        settings: Mapping[str, object] | None = None,
        location: str = "",
        base_url: str | None = None,
        file_overwrite: bool = False,
        url_expires_in: int = DEFAULT_EXPIRES_IN,
        headers: Mapping[str, Any] | None = None,
    ) -> None:
        """Takes the options; the store is opened when it is first used.

        Args:
            store: The store's URL, its driver's settings, or an open store.
            bucket: The bucket. It must exist.
            settings: More settings for the URL's driver, such as ``secret_key``.
            location: What keys begin with, as a folder.
            base_url: Where the files below ``location`` can be read by everybody; ``None``: URLs are presigned.
            file_overwrite: Whether a file takes the place of one of its name; otherwise it gets another name.
            url_expires_in: How long a presigned URL works, in seconds.
            headers: Headers of all files that are written, such as ``cache_control``.

        Raises:
            ImproperlyConfigured: A header is not one of an object.
            SuspiciousFileOperation: The location leads out of the bucket.
        """
        self.headers = dict(headers or {})
        if unknown := self.headers.keys() - _OF_CALLERS:
            raise ImproperlyConfigured(f"headers has {', '.join(sorted(unknown))}, but knows {sorted(_OF_CALLERS)}")
        self.bucket = bucket
        self.base_url = base_url if base_url is None or base_url.endswith("/") else f"{base_url}/"
        self.file_overwrite = file_overwrite
        self.url_expires_in = url_expires_in
        self._target, self._settings = store, dict(settings or {})
        self._prefix = prefix_of(location)
        self._opened: tuple[int, SharedStore] | None = None

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.bucket}/{self._prefix}>"

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_opened": None}

    @property
    def store(self) -> Store:
        """The store, for what Django has no name for.

        Raises:
            InvalidSettings: As `open_store`.
        """
        opened = self._opened
        if opened is None or opened[0] != os.getpid():
            # Threads that come here at once get the same store.
            opened = self._opened = (os.getpid(), shared_store(self._target, self._settings))
        return opened[1].store

    def _key(self, name: str) -> str:
        cleaned = clean_name(name)
        if not cleaned:
            raise SuspiciousFileOperation(f"a file needs a name, not {name!r}")
        return self._prefix + cleaned

    def _info(self, name: str) -> ObjectInfo:
        with file_errors(name):
            return self.store.head_object(self.bucket, self._key(name))

    def _open(self, name: str, mode: str = "rb") -> StorageFile:
        return StorageFile(self, name, mode, self.store, self.bucket, self._key(name))

    def _save(self, name: str, content: Any) -> str:
        exclusive = not self.file_overwrite and self.store.capabilities.features.put_if_none_match
        while True:
            name = clean_name(name)
            try:
                self._put(name, content, exclusive=exclusive)
            except FileExistsError:
                if not content.seekable():
                    raise  # Some of it was read.
                name = self.get_available_name(name)  # Somebody was faster.
            else:
                return name

    def _put(self, name: str, content: Any, *, exclusive: bool) -> None:
        guessed = guessed_type(name)
        if guessed == DEFAULT_CONTENT_TYPE:
            guessed = getattr(content, "content_type", None) or guessed
        options = PutOptions(if_none_match="*" if exclusive else None, content_type=guessed, **self.headers)
        body = Body(map(_as_bytes, content.chunks()))
        with file_errors(name):
            self.store.put_object(self.bucket, self._key(name), body, options)

    def is_name_available(self, name: str, max_length: int | None = None) -> bool:
        """Says whether a file of that name can be saved."""
        fits = not max_length or len(name) <= max_length
        return fits and (self.file_overwrite or not self._is_file(name))

    def get_alternative_name(self, file_root: str, file_ext: str) -> str:
        """Returns another name for a file: with `file_overwrite` the same, so that it is only made shorter."""
        if self.file_overwrite:
            return f"{file_root}{file_ext}"
        found: str = super().get_alternative_name(file_root, file_ext)
        return found

    def delete(self, name: str) -> None:
        """Deletes a file; if there is none, this succeeds."""
        if not name:
            raise ValueError("The name must be given to delete().")
        with file_errors(name):
            self.store.delete_object(self.bucket, self._key(name))

    def exists(self, name: str) -> bool:
        """Says whether there is a file or a folder. That the store fails is an error, not a no."""
        cleaned = clean_name(name)
        return (cleaned != "" and self._is_file(cleaned)) or self._is_folder(cleaned)

    def _is_file(self, name: str) -> bool:
        try:
            self._info(name)
        except FileNotFoundError:
            return False
        return True

    def _is_folder(self, cleaned: str) -> bool:
        prefix = self._prefix + (f"{cleaned}/" if cleaned else "")
        with file_errors(cleaned):
            page = self.store.list_objects(self.bucket, ListOptions(prefix=prefix, limit=1, content_type=False))
        return not cleaned or bool(page.objects)  # The storage itself exists, if there is a bucket.

    def listdir(self, path: str) -> tuple[list[str], list[str]]:
        """Returns the names of folders and files in a folder."""
        cleaned = clean_name(path)
        prefix = self._prefix + (f"{cleaned}/" if cleaned else "")
        options = ListOptions(prefix=prefix, delimiter="/", content_type=False)
        folders, files = [], []
        with file_errors(path):
            for page in self.store.iter_object_pages(self.bucket, options):
                folders += [each[len(prefix) : -1] for each in page.prefixes]
                files += [info.key[len(prefix) :] for info in page.objects]
        return [name for name in folders if name], [name for name in files if name]

    def size(self, name: str) -> int:
        """Returns the size of a file, in bytes."""
        return self._info(name).size_bytes

    def url(self, name: str | None, *, expires_in: int | None = None, content_disposition: str | None = None) -> str:
        """Returns where a file can be read.

        Args:
            name: The file.
            expires_in: How long a presigned URL works, in seconds; ``None``: as the storage says.
            content_disposition: The header of the response, as to save the file by another name. Presigned URLs alone.
        """
        if self.base_url is not None:
            if expires_in is not None or content_disposition is not None:
                raise ValueError("a URL below base_url is not signed: it neither expires nor sets headers")
            # As Django's own storage, so that no name makes a URL of another host.
            relative = str(name or "").replace("\\", "/").lstrip("/")
            is_folder = "/" if relative.endswith("/") else ""  # As in {% static "js/" %}.
            return self.base_url + str(filepath_to_uri(clean_name(relative) + is_folder))
        if not name:
            raise ValueError("a presigned URL needs the name of a file")
        options = PresignOptions(
            expires_in=self.url_expires_in if expires_in is None else expires_in,
            response_content_disposition=content_disposition,
        )
        with file_errors(name):
            return self.store.presign(self.bucket, self._key(name), options).url

    def get_modified_time(self, name: str) -> datetime:
        """Returns when a file was last written: aware if the site uses time zones, in the site's zone if not."""
        from django.conf import settings

        found = self._info(name).last_modified
        return found if settings.USE_TZ else timezone.make_naive(found)

    def get_created_time(self, name: str) -> datetime:
        """Returns the same as `get_modified_time`: each write creates an object anew."""
        return self.get_modified_time(name)


def _as_bytes(chunk: bytes | str) -> bytes:
    return chunk.encode() if isinstance(chunk, str) else chunk
