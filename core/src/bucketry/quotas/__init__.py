"""Quotas: how much a bucket, or all buckets of an owner together, may hold.

`QuotaRule` says it, and the layer `bucketry.layers.Quota` enforces it.
"""

from __future__ import annotations

from bucketry.quotas._rules import QuotaRule, QuotaRules, QuotaUse

__all__ = ["QuotaRule", "QuotaRules", "QuotaUse"]
