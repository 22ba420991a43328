"""`BucketryFileSystem`: a store as a file system of fsspec."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import nullcontext, suppress
from datetime import datetime
from functools import partial
from hashlib import sha256
from typing import IO, Any, ClassVar, Final, Literal, TypeVar

from fsspec.asyn import AsyncFileSystem
from fsspec.callbacks import DEFAULT_CALLBACK
from fsspec.utils import isfilelike

from bucketry import (
    Body,
    GetOptions,
    HeadOptions,
    PresignOptions,
    PutOptions,
    Secret,
    Store,
)
from bucketry._file_errors import file_errors, names_nothing
from bucketry._shared_stores import shared_store
from bucketry.fsspec._deleting import delete_files, delete_tree
from bucketry.fsspec._file import BucketryFile, CompressedFile, TextFile
from bucketry.fsspec._instances import Instances, Target, is_plain, target_of
from bucketry.fsspec._listing import all_below, by_name, folder, is_folder, kept_entry, versions_of
from bucketry.fsspec._moving import move
from bucketry.fsspec._paths import (
    Entry,
    bucket_entry,
    file_entry,
    folder_entry,
    folder_prefix,
    outermost,
    parents_within,
    split,
)
from bucketry.fsspec._reading import opened_file, read_range
from bucketry.fsspec._transfers import copy_chunks, counted, download
from bucketry.guessed_types import guessed_type
from bucketry.models import NO_METADATA

ResultT = TypeVar("ResultT")

_CALLS: Final = (
    *("ls", "find", "info", "exists", "isdir", "isfile", "size", "cat_file", "get_file"),
    *("pipe_file", "put_file", "cp_file", "rm_file", "mkdir", "makedirs", "rmdir", "touch"),
)
"""The methods that have a twin for event loops, with an underscore before its name."""


class BucketryFileSystem(AsyncFileSystem, metaclass=Instances):  # type: ignore[misc]  # fsspec has no types
    """The buckets of a store as folders, and their objects as files. A path is ``bucket/key``.

    Keys are byte-exact, as far as fsspec's paths go: it takes slashes off the ends of paths. Each method does what
    fsspec's specification says. All but those of a single file make their calls side by side, in threads. Errors are
    those of files, such as ``FileNotFoundError``; that of the contract is their ``__cause__``.

    File systems with the same settings share one store in a process, also those of different threads.

    Attributes:
        scheme: The scheme of the driver; ``None``: any driver, so that ``store`` must be given.
    """

    protocol: ClassVar[str] = "bucketry"
    scheme: ClassVar[str | None] = None
    sep = "/"
    root_marker = ""

    def __init__(
        self,
        store: Target | None = None,
        *,
        default_block_size: int | None = None,
        default_cache_type: str = "readahead",
        use_listings_cache: bool = False,
        listings_expiry_time: float | None = None,
        max_paths: int | None = None,
        asynchronous: bool = False,
        loop: asyncio.AbstractEventLoop | None = None,
        batch_size: int | None = None,
        **settings: object,
    ) -> None:
        """Opens the store; no request is sent.

        Args:
            store: The store's URL, its driver's settings, or an open store. A file system over an open store cannot be
                pickled. ``None``: the URL of the driver without a place, as ``memory://``.
            default_block_size: Bytes of a block that is read, and least bytes of a part that is written.
            default_cache_type: How blocks are cached when a file is read, by fsspec's name.
            use_listings_cache: Whether listings are kept. They do not show what others write.
            listings_expiry_time: Seconds for which they are kept; ``None``: until this file system writes.
            max_paths: Most folders whose listings are kept.
            asynchronous: Whether it is used within an event loop; as in fsspec, likewise the two below.
            loop: See above.
            batch_size: See above.
            **settings: Settings of the driver, such as ``location``, ``access_key`` and ``secret_key``. They win over
                the URL and the environment.

        Raises:
            InvalidSettings: As `open_store`, or no store is named.
        """
        super().__init__(
            asynchronous=asynchronous,
            loop=loop,
            batch_size=batch_size,
            use_listings_cache=use_listings_cache,
            listings_expiry_time=listings_expiry_time,
            max_paths=max_paths,
        )
        self.default_block_size = default_block_size
        self.default_cache_type = default_cache_type
        self._shared = shared_store(target_of(store, self.scheme, self.protocol), settings)

    @property
    def store(self) -> Store:
        """The store, for what fsspec has no name for.

        Raises:
            RuntimeError: The process was forked since the file system was made: make another one.
        """
        if self._pid != os.getpid():
            raise RuntimeError("this file system was made before the process was forked: make another one")
        return self._shared.store

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.store!r}>"

    def __reduce__(self) -> Any:
        self._refuse_open_store()
        return super().__reduce__()

    def to_dict(self, *, include_password: bool = True) -> dict[str, Any]:
        """Returns what makes the same file system again, with its secrets unless ``include_password`` is false."""
        self._refuse_open_store()
        found: dict[str, Any] = super().to_dict(include_password=include_password)
        if include_password:
            return found
        settings = self._shared.settings
        return {name: value for name, value in found.items() if not isinstance(getattr(settings, name, None), Secret)}

    def _refuse_open_store(self) -> None:
        if not all(map(is_plain, (*self.storage_args, *self.storage_options.values()))):
            raise TypeError("only a file system that was made of a URL and plain settings can be sent elsewhere")

    @classmethod
    def _strip_protocol(cls, path: Any) -> Any:
        stripped = super()._strip_protocol(path)
        return stripped if isinstance(stripped, list) else stripped.lstrip("/")

    async def _run(self, call: Callable[..., ResultT], *args: Any, **kwargs: Any) -> ResultT:
        """Makes a call in a thread, if the store waits for anything."""
        if not self._shared.blocks:
            return call(*args, **kwargs)
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._shared.threads, partial(call, *args, **kwargs))

    # Folders

    def ls(self, path: str, detail: bool = True, refresh: bool = False) -> list[Any]:
        """Lists a folder, or the file at the path."""
        path = self._strip_protocol(path)
        found = None if refresh else self.dircache.get(path)
        if found is None:
            found = folder(self.store, path)
            found = self.dircache[path] = [self._file(path)] if found is None else found
        return list(found) if detail else [entry["name"] for entry in found]

    def find(
        self, path: str, maxdepth: int | None = None, withdirs: bool = False, detail: bool = False, prefix: str = ""
    ) -> Any:
        """Lists all files below a path; ``prefix`` is what their names within it begin with."""
        if maxdepth is not None and maxdepth < 1:
            raise ValueError("maxdepth must be at least 1")
        path = self._strip_protocol(path)
        entries = all_below(self.store, path, prefix) if maxdepth is None else self._levels(path, maxdepth)
        start = f"{folder_prefix(path)}{prefix}"
        found = by_name(entry for entry in entries if entry["name"].startswith(start) or not prefix)
        if withdirs:
            if path and (found or self.isdir(path)) and path not in found:
                found[path] = folder_entry(path)
        else:
            found = {name: entry for name, entry in found.items() if entry["type"] == "file"}
        if not found and not prefix and self.isfile(path):
            found = {path: self.info(path)}
        names = sorted(found)
        return {name: found[name] for name in names} if detail else names

    def _levels(self, path: str, depth: int) -> Iterator[Entry]:
        """Yields the files and folders down to a depth, a listing for each folder."""
        with suppress(FileNotFoundError):
            for entry in self.ls(path):
                yield entry
                if entry["type"] == "directory" and depth > 1:
                    yield from self._levels(entry["name"], depth - 1)

    def mkdir(self, path: str, create_parents: bool = True) -> None:
        """Creates the bucket of a path; the folders below need not be created.

        Raises:
            FileExistsError: The path is a bucket that exists.
            FileNotFoundError: Its bucket does not exist, and ``create_parents`` is false.
        """
        path = self._strip_protocol(path)
        bucket, key = split(path)
        if key and self.exists(bucket):
            return
        if key and not create_parents:
            raise FileNotFoundError(bucket)
        with file_errors(path):
            self.store.create_bucket(bucket)
        self.invalidate_cache(bucket)

    def makedirs(self, path: str, exist_ok: bool = False) -> None:
        """As `mkdir`; a bucket that exists is no error with ``exist_ok``."""
        with suppress(FileExistsError) if exist_ok else nullcontext():
            self.mkdir(path)

    def rmdir(self, path: str) -> None:
        """Deletes an empty bucket; folders are gone with their last file.

        Raises:
            OSError: It is not empty.
        """
        path = self._strip_protocol(path)
        bucket, key = split(path)
        if key:
            raise OSError(f"{path} is a folder within a bucket: it has files, or does not exist")
        with file_errors(path):
            self.store.delete_bucket(bucket)
        self.invalidate_cache(bucket)

    # What stands at a path

    def info(self, path: str, refresh: bool = False, version_id: str | None = None) -> Entry:
        """Describes a file or folder. A path that is both is a file.

        Raises:
            FileNotFoundError: There is neither.
        """
        path = self._strip_protocol(path)
        bucket, key = split(path)
        if not path:
            return folder_entry(path)
        known = None if refresh or version_id is not None else kept_entry(self.dircache, self._parent(path), path)
        if known is not None:
            return known
        if not key:
            with file_errors(path):
                return bucket_entry(self.store.head_bucket(bucket))
        try:
            return self._file(path, version_id)
        except FileNotFoundError:
            if version_id is None and is_folder(self.store, path):
                return folder_entry(path)
            raise

    def _file(self, path: str, version_id: str | None = None) -> Entry:
        bucket, key = split(path)
        with file_errors(path):
            info = self.store.head_object(bucket, key, HeadOptions(version_id=version_id))
        return {**file_entry(bucket, info), "ContentType": info.content_type}

    def exists(self, path: str, **options: Any) -> bool:
        """Says whether there is a file or folder. That the store fails is an error, not a no."""
        try:
            self.info(path, **options)
        except (FileNotFoundError, ValueError) as error:
            if not names_nothing(error):
                raise
            return False
        return True

    def isdir(self, path: str) -> bool:
        """Says whether there is a folder, also beside a file of the same name."""
        path = self._strip_protocol(path)
        try:
            return is_folder(self.store, path) if "/" in path else self.info(path)["type"] == "directory"
        except (FileNotFoundError, ValueError) as error:
            if not names_nothing(error):
                raise
            return False

    def isfile(self, path: str) -> bool:
        """Says whether there is a file."""
        try:
            return bool(self.info(path)["type"] == "file")
        except (FileNotFoundError, ValueError) as error:
            if not names_nothing(error):
                raise
            return False

    def size(self, path: str) -> int:
        """Returns the size of a file, in bytes."""
        return int(self.info(path)["size"])

    def created(self, path: str) -> datetime:
        """Returns when a file or bucket was created; a file is created anew with each write."""
        return self._time(path, "LastModified", "CreationDate")

    def modified(self, path: str) -> datetime:
        """Returns when a file was last written."""
        return self._time(path, "LastModified")

    def _time(self, path: str, *names: str) -> datetime:
        entry = self.info(path)
        for name in names:
            if name in entry:
                found: datetime = entry[name]
                return found
        raise IsADirectoryError(f"{path} is a folder, which has no time of its own")

    def checksum(self, path: str) -> int:
        """Returns a number that changes when the content of a file does, made of its etag."""
        return int(self.ukey(path), 16)

    def ukey(self, path: str) -> str:
        """Returns a text that changes when a file is written, made of its etag, version and size."""
        entry = self.info(path)
        facts = [entry.get(name) for name in ("name", "type", "size", "ETag", "VersionId")]
        return sha256(repr(facts).encode()).hexdigest()

    def object_version_info(self, path: str) -> list[Entry]:
        """Describes all versions of a file, the newest first; ``IsLatest`` and ``IsDeleteMarker`` are added."""
        return versions_of(self.store, self._strip_protocol(path))

    def sign(
        self,
        path: str,
        expiration: int = 100,
        *,
        method: Literal["GET", "PUT"] = "GET",
        content_type: str | None = None,
    ) -> str:
        """Makes a presigned URL. It works for ``expiration`` seconds."""
        path = self._strip_protocol(path)
        bucket, key = split(path)
        options = PresignOptions(method=method, expires_in=expiration, content_type=content_type)
        with file_errors(path):
            return self.store.presign(bucket, key, options).url

    # Reading

    def cat_file(
        self, path: str, start: int | None = None, end: int | None = None, version_id: str | None = None
    ) -> bytes:
        """Returns the content of a file, or a slice of it."""
        path = self._strip_protocol(path)
        if (end is not None and end < 0) or (start is not None and start < 0 and end is not None):
            size = self.info(path, version_id=version_id)["size"]
            start, end, _ = slice(start, end).indices(size)
        return self.read_range(path, start, end, version_id=version_id)

    async def _cat(self, path: Any, recursive: bool = False, **options: Any) -> Any:
        """Returns the contents of files; with ``recursive`` of all files below the paths."""
        if recursive:
            roots = await self._expand_path(path)
            path = [file for root in roots for file in await self._run(self.find, root)]
        return await super()._cat(path, **options)

    def read_range(
        self,
        path: str,
        start: int | None,
        end: int | None,
        *,
        etag: str | None = None,
        version_id: str | None = None,
    ) -> bytes:
        """Returns some bytes of a file. Like a slice, a range beyond the end has none.

        Args:
            path: The file.
            start: Offset of the first byte; negative: so many bytes at the end; ``None``: the first.
            end: Offset after the last byte; ``None``: the end.
            etag: The etag that the file must have; ignored where the store has no such condition.
            version_id: The version to read; ``None``: the latest.

        Raises:
            OSError: The file has another etag.
        """
        return read_range(self.store, path, start, end, etag=etag, version_id=version_id)

    def get_file(
        self,
        rpath: str,
        lpath: Any,
        callback: Any = DEFAULT_CALLBACK,
        outfile: IO[bytes] | None = None,
        version_id: str | None = None,
    ) -> None:
        """Downloads a file, a chunk at a time. What came of one that breaks off is deleted."""
        path = self._strip_protocol(rpath)
        outfile = lpath if outfile is None and isfilelike(lpath) else outfile
        try:
            with opened_file(self.store, path, GetOptions(version_id=version_id)) as opened:
                callback.set_size(opened.length)
                if outfile is not None:
                    copy_chunks(opened, outfile, callback)
                else:
                    download(opened, lpath, callback)
        except (FileNotFoundError, ValueError) as error:  # A bucket is a folder too, and no key.
            if outfile is not None or not names_nothing(error) or self.info(path)["type"] != "directory":
                raise
            os.makedirs(lpath, exist_ok=True)

    # Writing

    def pipe_file(
        self,
        path: str,
        value: bytes,
        mode: str = "overwrite",
        *,
        content_type: str | None = None,
        metadata: Mapping[str, str] | None = None,
    ) -> None:
        """Writes a file at once; with the mode ``create`` only if there is none, which the store decides."""
        self._put(path, Body(value), mode, content_type, metadata)

    def put_file(
        self,
        lpath: Any,
        rpath: str,
        callback: Any = DEFAULT_CALLBACK,
        mode: str = "overwrite",
        *,
        content_type: str | None = None,
        metadata: Mapping[str, str] | None = None,
    ) -> None:
        """Uploads a file, a part at a time; a folder makes the bucket of its path."""
        if os.path.isdir(lpath):
            self.makedirs(rpath, exist_ok=True)
            return
        with open(lpath, "rb") as source:
            size = os.fstat(source.fileno()).st_size
            callback.set_size(size)
            self._put(rpath, Body(counted(source, callback), size), mode, content_type, metadata)

    def _put(
        self, path: str, body: Body, mode: str, content_type: str | None, metadata: Mapping[str, str] | None
    ) -> None:
        if mode not in {"overwrite", "create"}:
            raise ValueError(f"the mode is overwrite or create, not {mode!r}")
        path = self._strip_protocol(path)
        bucket, key = split(path)
        options = PutOptions(
            if_none_match="*" if mode == "create" else None,
            content_type=content_type or guessed_type(key),
            metadata=metadata or NO_METADATA,
        )
        with file_errors(path):
            self.store.put_object(bucket, key, body, options)
        self.invalidate_cache(path)

    def touch(self, path: str, truncate: bool = True) -> None:
        """Makes an empty file.

        Raises:
            NotImplementedError: The file exists, and ``truncate`` is false: a store sets no times.
        """
        if not truncate and self.exists(path):
            raise NotImplementedError("a store does not set the time of an object that it has")
        self.pipe_file(path, b"")

    def cp_file(self, path1: str, path2: str) -> None:
        """Copies a file within the store, with its headers and tags; of a folder there is nothing to copy."""
        path1, path2 = self._strip_protocol(path1), self._strip_protocol(path2)
        if path1 == path2:
            return
        try:
            with file_errors(path1):
                self.store.copy_object(*split(path1), *split(path2))
        except (FileNotFoundError, ValueError):
            if self.info(path1)["type"] != "directory":
                raise
            return
        self.invalidate_cache(path2)

    def mv(self, path1: Any, path2: Any, recursive: bool = False, maxdepth: int | None = None, **options: Any) -> None:
        """Moves files: copies them, and deletes them once all copies are there.

        Raises:
            FileNotFoundError: There is nothing at the first path.
            IsADirectoryError: It is a folder, and ``recursive`` is false.
            shutil.SameFileError: A file would be moved onto itself.
        """
        move(self, path1, path2, recursive=recursive, maxdepth=maxdepth, **options)

    def rm_file(self, path: str) -> None:
        """Deletes a file; if there is none, this succeeds, as in S3."""
        path = self._strip_protocol(path)
        bucket, key = split(path)
        with file_errors(path):
            self.store.delete_object(bucket, key)
        self.invalidate_cache(path)

    async def _rm(
        self, path: Any, recursive: bool = False, batch_size: int | None = None, maxdepth: int | None = None
    ) -> None:
        """Deletes files, 1,000 in one request; with ``recursive`` also all that is below a path, and its bucket."""
        if recursive and maxdepth is None:
            await self._run(self._remove_trees, await self._expand_path(path))
            return
        found = await self._expand_path(path, recursive=recursive, maxdepth=maxdepth)
        await self._run(self.remove_files, found)

    def _remove_trees(self, paths: Iterable[str]) -> None:
        self.dircache.clear()
        try:
            for path in outermost(paths):
                delete_tree(self.store, path, is_file=self.isfile(path))
        finally:
            self.dircache.clear()  # A listing may have been kept meanwhile.

    def remove_files(self, paths: Iterable[str]) -> None:
        """Deletes just these files and empty buckets, 1,000 in one request."""
        delete_files(self.store, paths)
        for path in paths:
            self.invalidate_cache(path)

    def invalidate_cache(self, path: str | None = None) -> None:
        """Forgets the listings of a path and of the folders above it, or all."""
        super().invalidate_cache(path)
        if path is None:
            self.dircache.clear()
            return
        path = self._strip_protocol(path)
        for each in (path, *parents_within(path, ""), ""):
            self.dircache.pop(each, None)

    # Open files

    def open(
        self,
        path: str,
        mode: str = "rb",
        block_size: int | None = None,
        cache_options: dict[str, Any] | None = None,
        compression: str | None = None,
        **options: Any,
    ) -> Any:
        """Opens a file. What is written stands at the path once the file is closed, and not if it is left by an error.

        Args:
            path: The file.
            mode: As that of the builtin ``open``: to read, to write, to append, or ``x``: to write what is not there.
            block_size: Bytes of a block that is read, and least bytes of a part that is written.
            cache_options: Options of the cache of blocks.
            compression: As in fsspec.
            **options: ``encoding``, ``errors`` and ``newline`` of text; ``cache_type``; ``version_id`` of a file that
                is read; ``content_type`` and ``metadata`` of one that is written.
        """
        if "r" in mode:
            return super().open(path, mode, block_size, cache_options, compression, **options)
        text = {name: options.pop(name) for name in ("encoding", "errors", "newline") if name in options}
        binary = mode.replace("t", "").replace("b", "") + "b"
        file = super().open(path, binary, block_size, cache_options, None, **options)
        if compression is not None:
            file = CompressedFile(file, path, compression)
        return file if "b" in mode else TextFile(file, **text)

    def _open(
        self,
        path: str,
        mode: str = "rb",
        block_size: int | None = None,
        autocommit: bool = True,
        cache_options: dict[str, Any] | None = None,
        **options: Any,
    ) -> BucketryFile:
        block_size = block_size or self.default_block_size
        if mode == "rb":
            options.setdefault("cache_type", self.default_cache_type)
        return BucketryFile(self, path, mode, block_size, autocommit, cache_options=cache_options, **options)


def _in_thread(name: str) -> Callable[..., Any]:
    async def call(self: BucketryFileSystem, *args: Any, **kwargs: Any) -> Any:
        return await self._run(getattr(self, name), *args, **kwargs)

    return call


# fsspec's operations on many files are made of these. It makes the other direction itself, for methods that lack it.
for _name in _CALLS:
    setattr(BucketryFileSystem, f"_{_name}", _in_thread(_name))
