"""What a disk may hold after a loss of power, as a model.

The model promises no more than POSIX does, and so less than any file system of today:

- An fsync or fdatasync of a file makes its content durable, and not its name.
- An fsync of a folder makes the names in it durable. A rename is atomic, and durable with either folder.
- Of everything else any part may have reached the disk, in any order: each change of a name, each change of a size,
  and each sector of a write. A file whose size arrived without its content reads as zeros there.
- Bytes outside a write never change (SQLite calls this "powersafe overwrite").
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Final

from tests.crash.operations import Create, MakeFolder, Recorded, Remove, Rename, Sync, Truncate, Write

SECTOR: Final = 512
"""Bytes that a disk writes whole: the smallest sector of disks."""

Tree = Mapping[PurePosixPath, bytes | None]
"""Files with their content, and folders (``None``)."""

_ROOT: Final = 0


@dataclass(frozen=True, eq=False)
class Named:
    """Names change, all at once. ``None``: there is nothing of this name any more."""

    index: int
    names: tuple[tuple[int, str, int | None], ...]

    def touches(self, other: Named) -> bool:
        """Says whether both are about the same name."""
        mine = {(folder, name) for folder, name, _ in self.names}
        return any((folder, name) in mine for folder, name, _ in other.names)


@dataclass(frozen=True, eq=False)
class Sized:
    """A file gets a size; ``grows``: only if it is smaller."""

    index: int
    file: int
    size: int
    grows: bool


@dataclass(frozen=True, eq=False)
class Piece:
    """One sector of a write."""

    index: int
    file: int
    offset: int
    data: bytes


Effect = Named | Sized | Piece
"""One thing that reaches the disk wholly or not at all."""


@dataclass
class _File:
    size: int = 0
    durable: bytearray = field(default_factory=bytearray)
    pending: list[Sized | Piece] = field(default_factory=list)


class Disk:
    """A folder on a disk, while recorded operations go by."""

    def __init__(self, tree: Tree | None = None) -> None:
        """Makes a disk.

        Args:
            tree: What is durable from the start; ``None``: nothing.
        """
        self._files: dict[int, _File] = {}
        self._durable: dict[int, dict[str, int]] = {_ROOT: {}}
        self._names: dict[int, dict[str, int]] = {_ROOT: {}}
        self._pending: list[Named] = []
        self._next = _ROOT + 1
        for path in sorted(tree or {}):
            self._start_with(path, (tree or {})[path])

    def do(self, index: int, operation: Recorded) -> None:
        """Lets one operation happen.

        Args:
            index: Its position among all recorded operations.
            operation: The operation.
        """
        match operation:
            case Create(path):
                self._create(index, path)
            case MakeFolder(path):
                self._name(index, path, self._new_folder())
            case Write(path, offset, data):
                self._write(index, self._open(path), offset, data)
            case Truncate(path, size):
                self._truncate(index, self._open(path), size)
            case Rename(path, target):
                self._rename(index, path, target)
            case Remove(path):
                self._name(index, path, None)
            case Sync(path, covers):
                self._sync(self._open(path), covers)
            case _:
                pass

    def pending(self) -> list[Effect]:
        """Returns what may or may not have reached the disk, in order."""
        files = self._files.values()
        effects: list[Effect] = [*self._pending, *(effect for file in files for effect in file.pending)]
        return sorted(effects, key=lambda effect: effect.index)

    def tree(self, arrived: Collection[Effect]) -> dict[PurePosixPath, bytes | None]:
        """Returns what is on the disk if these of the pending effects have reached it."""
        folders = {folder: dict(names) for folder, names in self._durable.items()}
        for change in self._pending:
            if change in arrived:
                _apply(change, folders)
        wanted: dict[int, list[Sized | Piece]] = {}
        for effect in arrived:
            if not isinstance(effect, Named):
                wanted.setdefault(effect.file, []).append(effect)
        return dict(self._walk(_ROOT, PurePosixPath(), folders, wanted))

    def _walk(
        self,
        folder: int,
        at: PurePosixPath,
        folders: Mapping[int, Mapping[str, int]],
        wanted: Mapping[int, list[Sized | Piece]],
    ) -> Iterator[tuple[PurePosixPath, bytes | None]]:
        for name, node in folders[folder].items():
            if node in folders:
                yield at / name, None
                yield from self._walk(node, at / name, folders, wanted)
            else:
                effects = sorted(wanted.get(node, ()), key=lambda effect: effect.index)
                yield at / name, bytes(_content(self._files[node].durable, effects))

    def _start_with(self, path: PurePosixPath, content: bytes | None) -> None:
        node = self._new_folder() if content is None else self._new_file(content)
        folder = self._find(path.parent)
        self._names[folder][path.name] = self._durable[folder][path.name] = node

    def _new_folder(self) -> int:
        node, self._next = self._next, self._next + 1
        self._names[node], self._durable[node] = {}, {}
        return node

    def _new_file(self, content: bytes = b"") -> int:
        node, self._next = self._next, self._next + 1
        self._files[node] = _File(len(content), bytearray(content))
        return node

    def _find(self, path: PurePosixPath) -> int:
        node = _ROOT
        for name in path.parts:
            node = self._names[node][name]
        return node

    def _open(self, path: PurePosixPath) -> int | None:
        """Returns what a descriptor is of; ``None``: it has no name, as another process removed that meanwhile."""
        try:
            return self._find(path)
        except KeyError:
            return None

    def _create(self, index: int, path: PurePosixPath) -> None:
        if path.name not in self._names[self._find(path.parent)]:
            self._name(index, path, self._new_file())

    def _name(self, index: int, path: PurePosixPath, node: int | None) -> None:
        self._change(Named(index, ((self._find(path.parent), path.name, node),)))

    def _rename(self, index: int, path: PurePosixPath, target: PurePosixPath) -> None:
        source, to = self._find(path.parent), self._find(target.parent)
        node = self._names[source][path.name]
        self._change(Named(index, ((source, path.name, None), (to, target.name, node))))

    def _change(self, change: Named) -> None:
        self._pending.append(change)
        _apply(change, self._names)

    def _write(self, index: int, node: int | None, offset: int, data: bytes) -> None:
        if node is None:
            return
        file, end = self._files[node], offset + len(data)
        if end > file.size:
            file.size = end
            file.pending.append(Sized(index, node, end, grows=True))
        file.pending.extend(Piece(index, node, at, piece) for at, piece in _sectors(offset, data))

    def _truncate(self, index: int, node: int | None, size: int) -> None:
        if node is None:
            return
        file = self._files[node]
        if size != file.size:
            file.size = size
            file.pending.append(Sized(index, node, size, grows=False))

    def _sync(self, node: int | None, covers: int) -> None:
        if node is None:
            return
        if node in self._files:
            file = self._files[node]
            file.durable = _content(file.durable, [effect for effect in file.pending if effect.index < covers])
            file.pending = [effect for effect in file.pending if effect.index >= covers]
            return
        for change in self._made_durable(node, covers):
            _apply(change, self._durable)
            self._pending.remove(change)

    def _made_durable(self, folder: int, covers: int) -> list[Named]:
        """Returns the changes in a folder, with earlier ones elsewhere of the same names."""
        chosen: list[Named] = []
        for change in reversed([change for change in self._pending if change.index < covers]):
            if any(changed == folder for changed, _, _ in change.names) or any(map(change.touches, chosen)):
                chosen.insert(0, change)
        return chosen


def read_tree(folder: Path) -> dict[PurePosixPath, bytes | None]:
    """Returns what a folder holds."""
    return {
        PurePosixPath(path.relative_to(folder)): None if path.is_dir() else path.read_bytes()
        for path in folder.rglob("*")
    }


def write_tree(tree: Tree, folder: Path) -> None:
    """Makes a folder that holds this."""
    folder.mkdir()
    for path in sorted(tree):
        content = tree[path]
        if content is None:
            (folder / path).mkdir()
        else:
            (folder / path).write_bytes(content)


def _apply(change: Named, folders: dict[int, dict[str, int]]) -> None:
    for folder, name, node in change.names:
        if node is None:
            folders[folder].pop(name, None)
        else:
            folders[folder][name] = node


def _content(durable: bytearray, effects: Iterable[Sized | Piece]) -> bytearray:
    content = bytearray(durable)
    for effect in effects:
        if isinstance(effect, Piece):
            end = effect.offset + len(effect.data)
            _grow(content, end)
            content[effect.offset : end] = effect.data
        else:
            _grow(content, effect.size)
            if not effect.grows:
                del content[effect.size :]
    return content


def _grow(content: bytearray, size: int) -> None:
    content.extend(bytes(max(0, size - len(content))))


def _sectors(offset: int, data: bytes) -> Iterator[tuple[int, bytes]]:
    """Cuts a write where sectors of the file begin."""
    start = 0
    while start < len(data):
        end = start + SECTOR - (offset + start) % SECTOR
        yield offset + start, data[start:end]
        start = end
