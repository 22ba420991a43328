"""Where RGW is told that a page begins."""

from __future__ import annotations

from bucketry import ListOptions


def marker(after: str, options: ListOptions) -> str:
    """Returns what to ask RGW for, so that a page begins after this key.

    RGW takes every marker that ends with the delimiter for a common prefix, and leaves out all keys that begin with it
    (``rgw_bucket_list`` in ``cls_rgw.cc``). It is none where the delimiter would begin within the prefix. No key holds
    a NUL: with one added, the marker stands for the same place and ends otherwise.
    """
    is_short = len(after) < len(options.prefix) + len(options.delimiter)
    return f"{after}\0" if is_short and options.delimiter and after.endswith(options.delimiter) else after
