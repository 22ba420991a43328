"""Records a program's operations with strace, so that those of SQLite, which is C, are among them.

strace needs no privileges for a program that it starts itself. Writes through mapped memory are no system calls. SQLite
makes those to the ``-shm`` file alone, whose content it does not read after a crash: "the wal-index is reconstructed
from the original WAL file" (SQLite, "Database File Format", 4.5). Other files that are mapped for writing are refused.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Final

from tests.crash.operations import Create, MakeFolder, Note, Recorded, Remove, Rename, Sync, Truncate, Write

_MAX_STRING: Final = 1 << 27
"""Bytes of a write that strace prints: all of them."""

_RECORDED: Final = (
    "open", "openat", "lseek", "write", "pwrite64", "writev", "ftruncate", "truncate", "mkdir", "mkdirat",
    "rename", "renameat", "renameat2", "unlink", "unlinkat", "rmdir", "fsync", "fdatasync", "fallocate",
)  # fmt: skip
_REFUSED: Final = (
    "copy_file_range", "sendfile", "splice", "link", "linkat", "symlink", "symlinkat", "pwritev",
    "pwritev2", "creat", "dup", "dup2", "dup3", "mmap",
)  # fmt: skip
"""System calls that change files in ways that are not recorded."""

_STARTING: Final = ("clone", "clone3", "fork", "vfork")
"""System calls that start a thread or a process."""

_LINE = re.compile(r"(?P<thread>\d+) +(?:<\.\.\. (?P<resumed>\w+) resumed>|(?P<name>\w+)\()(?P<rest>.*)")
_UNFINISHED: Final = " <unfinished ...>"
_RETURN = re.compile(r"(?P<arguments>.*)\) += (?P<value>-?\d+|0x[0-9a-f]+|\?)(?P<about>.*)")
_DESCRIPTOR = re.compile(r"(?P<number>\w+)<(?P<path>(?:\\x[0-9a-f]{2})*)>(?P<deleted>\(deleted\))?")
_STRING = re.compile(r'"((?:\\x[0-9a-f]{2})*)"')


class NotRecordable(Exception):
    """The program did something that the recorder does not understand."""


def is_installed() -> bool:
    """Says whether strace is on this machine."""
    return shutil.which("strace") is not None


def _program() -> str:
    return shutil.which("strace") or "strace"


def record(
    command: Sequence[str], folder: Path, notes: Path, *, environment: Mapping[str, str] | None = None
) -> list[Recorded]:
    """Runs a program under strace, and returns what it did in a folder.

    Args:
        command: The program with its arguments. It may start other processes, and all of them threads.
        folder: The folder.
        notes: The file, outside the folder, that the program appends its notes to.
        environment: Variables beside this process's own.

    Raises:
        CalledProcessError: The program failed.
        NotRecordable: It changed files in a way that is not understood.
    """
    trace = notes.with_suffix(".strace")
    options = ["-f", "-y", "-xx", "-qq", f"-s{_MAX_STRING}", "--seccomp-bpf", "-esignal=none", f"-o{trace}"]
    calls = "-etrace=" + ",".join(f"?{name}" for name in (*_RECORDED, *_REFUSED, *_STARTING))
    subprocess.run(
        [_program(), *options, calls, *command], check=True, env={**os.environ, **(environment or {})}, timeout=300
    )
    operations = parse(trace, folder.resolve(), notes.resolve())
    trace.unlink()
    return operations


def parse(trace: Path, folder: Path, notes: Path) -> list[Recorded]:
    """Turns the lines of strace into operations, in the order in which they ended."""
    with trace.open() as lines:  # First of all: a thread may do something before the call that starts it ends.
        process_of = _Processes(lines)
    recorder, begun = _Recorder(folder, notes), dict[str, int]()
    with trace.open() as lines:
        for thread, name, text in _calls(lines):
            if text is None:
                begun[thread] = len(recorder.operations)
            elif name not in _STARTING:
                covers = begun.pop(thread, len(recorder.operations))
                recorder.add(_Call(name, text), covers, process_of[thread])
    return recorder.operations


def _calls(lines: Iterable[str]) -> Iterator[tuple[str, str, str | None]]:
    """Yields thread, name, and text of each call as it ends, and before, without the text, if others end meanwhile."""
    begun: dict[str, str] = {}
    for line in lines:
        found = _LINE.fullmatch(line.rstrip("\n"))
        if found is None:
            continue  # A process that ended.
        thread, rest = found["thread"], found["rest"]
        if rest.endswith(_UNFINISHED):
            begun[thread] = rest.removesuffix(_UNFINISHED)
            yield thread, found["name"] or found["resumed"], None
        elif found["resumed"]:
            yield thread, found["resumed"], begun.pop(thread) + rest
        else:
            yield thread, found["name"], rest


class _Processes:
    """Says which threads are one process, whose descriptors they share. Any of its threads stands for it."""

    def __init__(self, lines: Iterable[str]) -> None:
        self._starter: dict[str, str] = {}  # Of each thread that shares descriptors with the one that started it.
        for thread, name, text in _calls(lines):
            if name in _STARTING and text is not None and "CLONE_FILES" in text:
                self._starter[_Call(name, text).returned] = thread

    def __getitem__(self, thread: str) -> str:
        while thread in self._starter:
            thread = self._starter[thread]
        return thread


class _Call:
    """A system call that has ended."""

    def __init__(self, name: str, text: str) -> None:
        parsed = _RETURN.fullmatch(text)
        if parsed is None:
            raise NotRecordable(f"{name}({text[:500]}")
        self.name = name
        self.arguments = parsed["arguments"].split(", ")
        self.failed = parsed["value"] == "?" or parsed["value"].startswith("-")
        self.value = -1 if self.failed else int(parsed["value"], 0)
        self.returned = f"{parsed['value']}{parsed['about'].strip()}"

    def __str__(self) -> str:
        return f"{self.name}({', '.join(self.arguments)[:500]}) = {self.returned}"

    def path(self, position: int, folder: int | None = None) -> Path:
        """Returns a path that is an argument.

        Args:
            position: Its position.
            folder: The position of the folder that it is relative to; ``None``: the working directory.
        """
        base = Path.cwd() if folder is None else _file(self.arguments[folder])
        if base is None:
            raise NotRecordable(self)
        return Path(os.path.normpath(base / os.fsdecode(_strings(self.arguments[position]))))

    def data(self) -> bytes:
        """Returns the bytes that were written."""
        return _strings(", ".join(self.arguments[1:]))[: self.value]


class _Recorder:
    """Keeps those calls that are about the folder, as operations."""

    def __init__(self, folder: Path, notes: Path) -> None:
        self.operations: list[Recorded] = []
        self._folder = folder
        self._notes = notes
        self._process = ""
        self._positions: dict[tuple[str, str], int | None] = {}  # Of each process's descriptors; None: not known.

    def add(self, call: _Call, covers: int, process: str) -> None:
        if call.failed:
            return
        self._process = process
        if call.name in _REFUSED:
            self._refuse(call)
        else:
            self.operations.extend(self._operations_of(call, covers))

    def _refuse(self, call: _Call) -> None:
        files = [file for argument in call.arguments if (file := _file(argument)) is not None]
        files += [Path.cwd() / os.fsdecode(found) for argument in call.arguments if (found := _strings(argument))]
        if call.name == "mmap":
            writes = "PROT_WRITE" in call.arguments[2] and "MAP_SHARED" in call.arguments[3]
            files = [file for file in files if writes and not file.name.endswith("-shm")]
        if any(self._inside(file) for file in files):
            raise NotRecordable(call)

    def _inside(self, file: Path | None) -> PurePosixPath | None:
        if file is None or not file.is_relative_to(self._folder):
            return None
        return PurePosixPath(file.relative_to(self._folder))

    def _operations_of(self, call: _Call, covers: int) -> list[Recorded]:
        match call.name:
            case "open" | "openat":
                return self._opened(call)
            case "lseek":
                self._positions[self._number(call.arguments[0])] = call.value
                return []
            case "write" | "writev" | "pwrite64":
                return self._written(call)
            case "fsync" | "fdatasync":
                path = self._inside(_file(call.arguments[0]))
                return [] if path is None else [Sync(path, covers)]
            case "ftruncate" | "truncate":
                file = _file(call.arguments[0]) if call.name == "ftruncate" else call.path(0)
                path = self._inside(file)
                return [] if path is None else [Truncate(path, int(call.arguments[1]))]
            case "fallocate":
                path = self._inside(_file(call.arguments[0]))
                assert path is None or call.arguments[1:3] == ["0", "0"], call
                return [] if path is None else [Truncate(path, int(call.arguments[3]))]
            case "rename" | "renameat" | "renameat2":
                return self._renamed(call)
            case _:
                path = self._inside(call.path(1, folder=0) if call.name.endswith("at") else call.path(0))
                kind = MakeFolder if call.name.startswith("mkdir") else Remove
                return [] if path is None else [kind(path)]

    def _opened(self, call: _Call) -> list[Recorded]:
        flags = call.arguments[2 if call.name == "openat" else 1]
        # A read moves the position too, and reads are not recorded.
        self._positions[self._number(call.returned)] = 0 if "O_WRONLY" in flags and "O_APPEND" not in flags else None
        path = self._inside(_file(call.returned))
        if path is None:
            return []
        if "O_TMPFILE" in flags:
            raise NotRecordable(call)
        made: list[Recorded] = [Create(path)] if "O_CREAT" in flags else []
        return [*made, Truncate(path, 0)] if "O_TRUNC" in flags else made

    def _written(self, call: _Call) -> list[Recorded]:
        file, data = _file(call.arguments[0]), call.data()
        if file == self._notes:
            return [Note(PurePosixPath(file.name), data)]
        path = self._inside(file)
        if path is None:
            return []
        if call.name == "pwrite64":
            return [Write(path, int(call.arguments[-1]), data)]
        number = self._number(call.arguments[0])
        position = self._positions.get(number)
        if position is None:
            raise NotRecordable(call)
        self._positions[number] = position + len(data)
        return [Write(path, position, data)]

    def _renamed(self, call: _Call) -> list[Recorded]:
        pairs = (call.path(0), call.path(1)) if call.name == "rename" else (call.path(1, 0), call.path(3, 2))
        source, target = map(self._inside, pairs)
        if source is None and target is None:
            return []
        if source is None or target is None or "RENAME_EXCHANGE" in call.arguments[-1]:
            raise NotRecordable(call)
        return [Rename(source, target)]

    def _number(self, argument: str) -> tuple[str, str]:
        """Returns what stands for a descriptor: its process, and its number there."""
        return self._process, argument.partition("<")[0]


def _file(argument: str) -> Path | None:
    """Returns the file of a descriptor; ``None``: it is none, or has no name any more."""
    found = _DESCRIPTOR.fullmatch(argument)
    if found is None or found["deleted"]:
        return None
    return Path(os.fsdecode(_unescaped(found["path"])))


def _strings(argument: str) -> bytes:
    return b"".join(_unescaped(found) for found in _STRING.findall(argument))


def _unescaped(text: str) -> bytes:
    return bytes.fromhex(text.replace("\\x", ""))
