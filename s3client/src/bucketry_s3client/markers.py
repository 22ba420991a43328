"""Where a page of a listing begins, for servers that take some markers for something else."""

from __future__ import annotations


def marker_after(after: str, prefix: str, delimiter: str) -> str:
    """Returns what to ask Ceph RGW for, so that a page begins after a key.

    RGW treats every marker that ends with the delimiter as a common prefix, and leaves out all keys that begin with it
    (``rgw_bucket_list`` in ``cls_rgw.cc``). That is wrong where the delimiter begins within the prefix. No key holds a
    NUL, so with one added the marker stands for the same place and ends in another way.

    Args:
        after: The key or common prefix that the page begins after.
        prefix: What is listed begins with it.
        delimiter: What is listed is rolled up at it; may be empty.
    """
    is_short = len(after) < len(prefix) + len(delimiter)
    return f"{after}\0" if is_short and delimiter and after.endswith(delimiter) else after
