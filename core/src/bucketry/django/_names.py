"""Names of files in a storage, and the keys that they stand for."""

from __future__ import annotations

from django.core.exceptions import SuspiciousFileOperation


def clean_name(name: str) -> str:
    r"""Returns a name as it is stored: ``a/../b\c`` is ``b/c``.

    Raises:
        SuspiciousFileOperation: It is absolute, or leads out of the storage.
    """
    slashed = str(name).replace("\\", "/")
    if slashed.startswith("/"):
        raise SuspiciousFileOperation(f"the name of a file is relative to its storage: {name!r}")
    parts: list[str] = []
    for part in slashed.split("/"):
        if part == ".." and not parts:
            raise SuspiciousFileOperation(f"the name leads out of the storage: {name!r}")
        if part == "..":
            parts.pop()
        elif part not in {"", "."}:
            parts.append(part)
    return "/".join(parts)


def prefix_of(location: str) -> str:
    """Returns what the keys of a storage begin with."""
    cleaned = clean_name(location.strip("/"))
    return f"{cleaned}/" if cleaned else ""
