"""Text that is written to an object."""

from __future__ import annotations

import io
from contextlib import suppress
from typing import Any


class WrittenText(io.TextIOWrapper):
    """Text over a file that has ``drop``. If nobody closes it, nothing is stored: Python itself would close it."""

    def __del__(self) -> None:
        with suppress(ValueError):  # One that was never made is neither open nor closed.
            if not self.closed:
                file: Any = self.buffer
                file.drop()
