"""Notes: what a writer says before and after each step, a line each, so that it is known when it is killed."""

from __future__ import annotations

import os
from pathlib import Path

import msgspec

from tests.crash.contents import Contents
from tests.crash.steps import Step
from tests.crash.world import Item, Value, World, changed


class Begun(msgspec.Struct, frozen=True, tag=True):
    """A step is about to run.

    Attributes:
        number: The number of the step, which no other step has.
        step: The step.
    """

    number: int
    step: Step


class Acknowledged(msgspec.Struct, frozen=True, tag=True):
    """The call of a step returned.

    Attributes:
        number: The number of the step.
        new_id: The id that the step gave.
    """

    number: int
    new_id: str


class Start(msgspec.Struct, frozen=True):
    """What a writer begins with.

    Attributes:
        world: What the store holds.
        contents: Contents of it that steps may use again.
    """

    world: tuple[tuple[Item, Value], ...] = ()
    contents: tuple[Contents, ...] = ()


class History(msgspec.Struct):
    """What the notes of a run say.

    Attributes:
        acknowledged: Steps that were acknowledged, in order, with their ids.
        under_way: Steps that were not.
    """

    acknowledged: list[tuple[Step, str]]
    under_way: list[Step]

    def world(self, start: World) -> dict[Item, Value]:
        """Returns what a store must hold after the acknowledged steps."""
        world = dict(start)
        for step, new_id in self.acknowledged:
            world = changed(world, step.changes(world, new_id))
        return world


class Notes:
    """A file of notes that is written to. Threads may share it; a line is one system call."""

    def __init__(self, file: Path) -> None:
        self._descriptor = os.open(file, os.O_WRONLY | os.O_APPEND | os.O_CREAT)

    def add(self, note: Begun | Acknowledged) -> None:
        """Writes a note. It survives the process from then on."""
        line = msgspec.json.encode(note) + b"\n"
        assert os.write(self._descriptor, line) == len(line)


def acknowledged_in(notes: bytes) -> list[int]:
    """Returns the numbers of the steps that were acknowledged, in order."""
    found = (msgspec.json.decode(line, type=Begun | Acknowledged) for line in notes.splitlines())
    return [note.number for note in found if isinstance(note, Acknowledged)]


def read(notes: bytes) -> History:
    """Returns what notes say."""
    begun, acknowledged = dict[int, Step](), list[tuple[Step, str]]()
    for line in notes.splitlines():
        note = msgspec.json.decode(line, type=Begun | Acknowledged)
        if isinstance(note, Begun):
            begun[note.number] = note.step
        else:
            acknowledged.append((begun.pop(note.number), note.new_id))
    return History(acknowledged, list(begun.values()))
