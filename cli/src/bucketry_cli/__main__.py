"""Runs the command line as ``python -m bucketry_cli``."""

from __future__ import annotations

from bucketry_cli import main

main()
