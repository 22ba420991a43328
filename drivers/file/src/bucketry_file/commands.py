"""``bucketry file``: looks into a folder, works off what is left, and writes its objects out as files."""

from __future__ import annotations

import os
import sys
from contextlib import closing
from pathlib import Path
from typing import Final

from bucketry import InvalidSettings, find_settings
from bucketry.commands import Command, CommandGroup, Flag, Say

from bucketry_file.checking import check_folder
from bucketry_file.driver import FileDriver
from bucketry_file.exporting import export_store
from bucketry_file.folder import Folder, path_of
from bucketry_file.settings import FileSettings

DAMAGED: Final = 1
"""Exit status where something is damaged, or could not be written out."""


def _settings(folder: str) -> FileSettings:
    """Returns the settings of a store from its folder or URL, and from the environment."""
    url = folder if folder.startswith("file://") else f"file://{Path(folder).absolute()}"
    found = find_settings(url)
    if not isinstance(found, FileSettings):
        raise InvalidSettings(f"{folder} is no folder of a store")
    if not (path_of(found.location) / "bucketry.json").exists():
        raise InvalidSettings(f"{path_of(found.location)} is no store: it has no bucketry.json")
    return found


def _check(say: Say, folder: str, *, read: bool) -> int:
    found = check_folder(Folder(path_of(_settings(folder).location)), say, reads=read)
    return DAMAGED if found else 0


def _compact(say: Say, folder: str) -> int:
    settings = _settings(folder)
    path = Folder(path_of(settings.location))
    before = os.stat(path.index).st_size
    with closing(FileDriver(settings)) as driver:  # Opening it deletes what nothing needs.
        driver.compact()
    say(f"index: {before} bytes before, {os.stat(path.index).st_size} after")
    return 0


def _export(say: Say, folder: str, target: str) -> int:
    failed = export_store(FileDriver(_settings(folder)), Path(target), say, lambda line: print(line, file=sys.stderr))
    return DAMAGED if failed else 0


COMMANDS: Final = CommandGroup(
    help="Look into a folder of file://, tidy it up, and write its objects out.",
    commands=(
        Command(
            name="check",
            help="Find damage in a folder: contents that are missing, short or changed, and files that nothing names. "
            "It changes nothing, and other programs may use the folder meanwhile. Exit status 1 means damage.",
            run=_check,
            arguments=("folder",),
            flags=(Flag("read", "Read all contents, and compare each with its digest."),),
        ),
        Command(
            name="compact",
            help="Delete what nothing needs any more, and make the index as small as it can be. Writes wait meanwhile.",
            run=_compact,
            arguments=("folder",),
        ),
        Command(
            name="export",
            help="Write all current objects into an empty folder, as files with numbers for names. manifest.jsonl in "
            "it says which object each file is: a line of JSON each. What cannot be read is named on standard error, "
            "and the rest is written. Exit status 1 means that something was not.",
            run=_export,
            arguments=("folder", "target"),
        ),
    ),
)
"""What ``bucketry file`` offers."""
