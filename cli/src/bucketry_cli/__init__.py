"""The ``bucketry`` command line: serves a store, and works on its buckets and objects."""

from __future__ import annotations

from bucketry_cli.app import main

__all__ = ["main"]
