"""Which store a bucket lies in."""

from __future__ import annotations

import re
from collections.abc import Sequence
from fnmatch import translate

from bucketry_router.settings import StoreSettings


class Routes:
    """The patterns of all stores, in their order: the first that matches decides, and then the default."""

    def __init__(self, stores: Sequence[StoreSettings]) -> None:
        self._patterns = [(_matcher(store.buckets), store.name) for store in stores if store.buckets]
        self._default = next((store.name for store in stores if store.default), None)

    def store_of(self, bucket: str) -> str | None:
        """Returns the name of the store that a bucket lies in; ``None``: no store takes a bucket of this name."""
        for pattern, name in self._patterns:
            if pattern.fullmatch(bucket):
                return name
        return self._default


def _matcher(patterns: Sequence[str]) -> re.Pattern[str]:
    return re.compile("|".join(map(translate, patterns)))
