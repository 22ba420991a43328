"""Prepares what tests need besides Python packages: the images of servers, and other people's clients.

`python -m tests.prepare ARGS` is the first step of `make test ARGS=…`. Without arguments it prepares everything. With
arguments it asks pytest which tests they select, and prepares only what those need, unless everything is there already:
to build what is missing takes minutes.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import msgspec

from tests.needs import FILE_VARIABLE, Needs
from tests.servers import images
from tests.toolchains import install

EVERYTHING: Final = Needs(tuple(images.IMAGES), clients=True)
SELECT: Final = ("--collect-only", "--quiet", "--numprocesses=0", "-p", "tests.needs")


def needs_of(arguments: Sequence[str]) -> Needs:
    """Return what the tests need that these arguments of pytest select; nothing if pytest does not understand them."""
    with tempfile.NamedTemporaryFile(suffix=".json") as file:
        # The run that follows says what is wrong with the arguments.
        subprocess.run(
            [sys.executable, "-m", "pytest", *arguments, *SELECT],
            check=False,
            env={**os.environ, FILE_VARIABLE: file.name},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        written = Path(file.name).read_bytes()
    return msgspec.json.decode(written, type=Needs) if written else Needs()


def main(arguments: Sequence[str]) -> int:
    """Prepare what the tests need that these arguments select."""
    is_complete = images.are_here() and install.is_up_to_date()
    needs = needs_of(arguments) if arguments and not is_complete else EVERYTHING
    failures = [images.main(needs.servers)] if needs.servers else []
    failures += [install.main()] if needs.clients else []
    return max(failures, default=0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
