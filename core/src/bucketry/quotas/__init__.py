"""Quotas: how much a bucket, or all buckets of an owner together, may hold.

`QuotaRule` says it, and the layer `bucketry.layers.Quota` enforces it.
"""

from __future__ import annotations

from pathlib import Path

from bucketry.quotas._rules import QuotaRule, QuotaUse

__all__ = ["QuotaRule", "QuotaUse", "prepare"]


def prepare(folder: Path) -> None:
    """Makes a folder ready for the layers of several processes (``Quota(folder=…)``). Call it before they start."""
    from bucketry.quotas import _ledger

    _ledger.prepare(folder)
