"""The folder of a store: what it holds, and whether this version of the driver may open it."""

from __future__ import annotations

import os
import secrets
import sqlite3
import sys
from pathlib import Path
from typing import Final, final

import msgspec
from bucketry import AccessDenied, InvalidSettings, Unavailable
from bucketry.decoding import from_json

from bucketry_file import disk

FORMAT: Final = "bucketry-file"
FORMAT_VERSION: Final = 1

LEAST_SQLITE: Final = (3, 35, 0)
"""The first SQLite with ``RETURNING`` ("SQLite Release 3.35.0")."""

FILES_PER_FOLDER: Final = 1000

_MARK: Final = "bucketry.json"

_NEW_MARK: Final = "bucketry.json.*.new"
"""Marks that are being made, or that a killed process left."""

OF_OTHERS: Final = frozenset({"lost+found", ".snapshot", ".DS_Store"})
"""What file systems put into an empty folder."""

_NETWORK: Final = frozenset(
    {
        "9p",
        "acfs",
        "afs",
        "beegfs",
        "ceph",
        "cifs",
        "coda",
        "davfs",
        "fuse.blobfuse",
        "fuse.ceph",
        "fuse.gcsfuse",
        "fuse.geesefs",
        "fuse.glusterfs",
        "fuse.gvfsd-fuse",
        "fuse.juicefs",
        "fuse.mfs",
        "fuse.rclone",
        "fuse.s3fs",
        "fuse.seaweedfs",
        "fuse.sshfs",
        "fuse.vmhgfs-fuse",
        "gfs2",
        "glusterfs",
        "gpfs",
        "lustre",
        "ncpfs",
        "nfs",
        "nfs4",
        "ocfs2",
        "orangefs",
        "prl_fs",
        "pvfs2",
        "smb3",
        "smbfs",
        "vboxsf",
    }
)
"""Types of file systems whose processes on different machines share no memory, which SQLite's log needs ("Write-Ahead
Logging", "All processes using a database must be on the same host computer")."""


class _Mark(msgspec.Struct, frozen=True):
    """What ``bucketry.json`` says."""

    format: str
    version: int


@final
class Folder:
    """The paths in a store's folder.

    Attributes:
        path: The folder.
        index: The index.
        blobs: The contents that are files, in a folder for each session.
        sessions: A lock file for each session.
        reserve: Takes room that deletes need on a full disk.
    """

    __slots__ = ("blobs", "index", "path", "reserve", "sessions")

    def __init__(self, path: Path) -> None:
        self.path = path
        self.index = path / "index.sqlite"
        self.blobs = path / "blobs"
        self.sessions = path / "sessions"
        self.reserve = path / "reserve"

    def blob(self, session: str, number: int) -> Path:
        """Returns the path of a content. Both are the driver's own, and come from no key."""
        return self.path.joinpath(*self.names_of_blob(session, number))

    def names_of_blob(self, session: str, number: int) -> tuple[str, ...]:
        """Returns the names on the way from the folder to a content, none of which is a link."""
        return self.blobs.name, session, str(number // FILES_PER_FOLDER), str(number)

    def session(self, name: str) -> Path:
        """Returns the path of a session's lock file."""
        return self.sessions / name


def require_no_links(folder: Folder) -> None:
    """Checks that what is in the folder is really there, as far as its path is used again and again.

    Raises:
        InvalidSettings: Something is a link.
    """
    of_index = [folder.index.with_name(folder.index.name + end) for end in ("", "-wal", "-shm")]
    for path in (folder.path / _MARK, *of_index, folder.blobs, folder.sessions):
        if path.is_symlink():
            raise InvalidSettings(link_at(path))


def link_at(path: Path) -> str:
    """Says that something is a link, and what to do."""
    return (
        f"{path} is a link, and links in the folder of a store are not followed: move what it leads to into its place, "
        "or mount that there"
    )


def open_folder(location: str) -> Folder:
    """Opens the folder of a store, and makes it if it is missing or empty.

    Raises:
        InvalidSettings: The location is not a folder for a store, or this driver cannot use it.
        AccessDenied: The folder cannot be written to.
        Unavailable: Its parent does not exist, or its index is missing.
    """
    if sqlite3.sqlite_version_info < LEAST_SQLITE:
        needed = ".".join(map(str, LEAST_SQLITE))
        raise InvalidSettings(f"the driver 'file' needs SQLite {needed}, and Python has {sqlite3.sqlite_version}")
    folder = Folder(path_of(location))
    try:
        _prepare(folder)
    except PermissionError as error:
        raise AccessDenied(f"the folder {folder.path} cannot be used: {error.strerror}") from error
    except OSError as error:
        parent = folder.path.parent
        why = error.strerror if parent.exists() else f"{parent} does not exist: make it first"
        raise Unavailable(f"the folder {folder.path} cannot be used: {why}") from error
    return folder


def path_of(location: str) -> Path:
    """Returns the path that a location names, without a relative beginning.

    Raises:
        InvalidSettings: It is malformed, or could be meant in another way.
    """
    if sys.platform == "win32" and len(location) > 2 and location[0] == "/" and location[2] == ":":
        location = location[1:]  # file:///C:/data
    if "\0" in location:
        raise InvalidSettings("a path holds no NUL")
    if not (os.path.isabs(location) or location in {".", ".."} or location.startswith(("./", "../"))):
        raise InvalidSettings(_not_a_path(location))
    return Path(location).absolute()


def _not_a_path(location: str) -> str:
    """Returns a message: the location is not a path, and which one may be meant."""
    if location.startswith("~"):
        return "file:// does not know ~: write file:/// and the absolute path of the folder"
    if location.startswith("localhost/"):
        return f"file://{location} names a machine: write file://{location.removeprefix('localhost')}"
    return f"file://{location} would name a machine: write file://./{location}, or file:/// and an absolute path"


def _prepare(folder: Folder) -> None:
    disk.make_folder(folder.path)
    if not folder.path.is_dir():
        raise InvalidSettings(f"{folder.path} is not a folder")
    kind = file_system_of(folder.path)
    if kind in _NETWORK:
        raise InvalidSettings(f"{folder.path} is on a network file system ({kind}), where SQLite loses data")
    if not os.access(folder.path, os.R_OK | os.W_OK | os.X_OK):
        raise AccessDenied(f"the folder {folder.path} cannot be written to: a store needs that, also to be read")
    require_no_links(folder)
    _check_mark(folder)
    for left in folder.path.glob(_NEW_MARK):
        left.unlink(missing_ok=True)
    if not (folder.blobs.exists() and folder.sessions.exists()):
        # Another process may have made the mark just now. Without it, these would be taken for another program's.
        disk.sync_folder(folder.path)
    for path in (folder.blobs, folder.sessions):
        disk.make_folder(path)
    # Always: whoever made them may have been killed before they were on the disk.
    disk.sync_folder(folder.path.parent)
    disk.sync_folder(folder.path)
    if not folder.index.exists() and any(folder.blobs.iterdir()):
        raise Unavailable(without_index(folder.index))


def without_index(path: Path) -> str:
    """Says that the index is missing or empty, though there are contents."""
    return f"{path} is missing or empty, and contents are there: nothing says what they are; restore it from a backup"


def _check_mark(folder: Folder) -> None:
    path = folder.path / _MARK
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        _make_mark(folder, path)
        return
    try:
        mark = from_json(data, _Mark)
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise InvalidSettings(f"{path} is damaged, or another program's: this is not a store") from None
    if mark.format != FORMAT:
        raise InvalidSettings(f"{path} says that the folder belongs to {mark.format!r}: name another folder")
    check_version(mark.version, path)


def check_version(version: int, path: Path) -> None:
    """Refuses a format that this driver does not know.

    Raises:
        InvalidSettings: It is another one.
    """
    if version != FORMAT_VERSION:
        raise InvalidSettings(
            f"{path} has version {version} of the format, and this driver knows {FORMAT_VERSION}: "
            "use the release of bucketry-file that wrote it, or a newer one"
        )


def _make_mark(folder: Folder, path: Path) -> None:
    others = {entry.name for entry in folder.path.iterdir() if not entry.match(_NEW_MARK)} - OF_OTHERS - {_MARK}
    if others:
        raise InvalidSettings(f"{folder.path} is not empty and not a store: name an empty folder, or a new one")
    data = msgspec.json.format(msgspec.json.encode(_Mark(FORMAT, FORMAT_VERSION))) + b"\n"
    try:
        disk.replace_file(path, path.with_name(_NEW_MARK.replace("*", secrets.token_hex(8))), data)
    except FileNotFoundError:
        # Another process made the same file at this moment, and removed this one.
        if not path.exists():
            raise


def file_system_of(path: Path) -> str | None:
    """Returns the type of the file system that a folder is on, as Linux names it; ``None``: that is not known."""
    try:
        lines = Path("/proc/self/mountinfo").read_text(errors="surrogateescape").splitlines()
    except OSError:
        return None
    found, longest = None, -1
    resolved = os.path.realpath(path)
    for line in lines:
        # proc_pid_mountinfo(5): the fifth field is the mount point, and the type follows a field "-".
        fields = line.split(" ")
        point = fields[4].replace("\\040", " ").replace("\\011", "\t").replace("\\012", "\n").replace("\\134", "\\")
        within = resolved == point or resolved.startswith(point.rstrip("/") + "/")
        if within and len(point) >= longest:  # A later mount covers an earlier one.
            found, longest = fields[fields.index("-") + 1], len(point)
    return found
