"""What the options before and after a command's name share while it runs."""

from __future__ import annotations

from pathlib import Path

import msgspec

from bucketry_cli._config import ConfigFile


class State(msgspec.Struct):
    """One run of the program.

    Attributes:
        debug: Whether a failure shows its traceback.
        store: The store's URL, if it was given before the command's name.
        config_path: The settings file, if there is one.
        config: What it holds.
    """

    debug: bool = False
    store: str | None = None
    config_path: Path | None = None
    config: ConfigFile = msgspec.field(default_factory=ConfigFile)
