"""Lifecycle of objects: what the rules of a bucket say, and carrying them out for drivers that leave that to core.

A driver that stores `LifecycleSettings` and whose backend does not execute them declares ``lifecycle = "core"``
(`bucketry.hookspecs.DriverSpec`). It sets ``ObjectInfo.expiration`` with `expiration_of`.

Sources: S3 user guide, "Managing the lifecycle of objects"; S3 API reference, ``LifecycleRule``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bucketry.lazy_exports import lazy_exports

if TYPE_CHECKING:
    from bucketry.lifecycle.rules import (
        abort_of,
        expiration_of,
        marker_expiration_of,
        midnight_after,
        noncurrent_expiration_of,
    )

__all__ = [
    "abort_of",
    "expiration_of",
    "marker_expiration_of",
    "midnight_after",
    "noncurrent_expiration_of",
]

__getattr__ = lazy_exports(__name__, {"rules": __all__})
