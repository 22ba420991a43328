"""Listings, page after page."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec
from bucketry import ListOptions, ObjectPage, Store


def iter_pages(store: Store, bucket: str, options: ListOptions) -> Iterator[ObjectPage]:
    """Yields the pages of a listing, each with its objects and common prefixes."""
    while True:
        page = store.list_objects(bucket, options)
        yield page
        if page.cursor is None:
            return
        options = msgspec.structs.replace(options, cursor=page.cursor)
