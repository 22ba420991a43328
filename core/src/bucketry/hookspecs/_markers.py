"""pluggy's two markers for this project."""

from __future__ import annotations

from typing import Final

import pluggy

PROJECT: Final = "bucketry"

hookspec: Final = pluggy.HookspecMarker(PROJECT)
hookimpl: Final = pluggy.HookimplMarker(PROJECT)
"""Marks a driver's operation, and with ``wrapper=True`` a layer's."""
