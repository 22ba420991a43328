"""Moves buckets from one store of a router to another while they are in use."""

from __future__ import annotations

from bucketry_router.moving.mover import Mover
from bucketry_router.moving.options import Moved, MoveOptions

__all__ = ["MoveOptions", "Moved", "Mover"]
