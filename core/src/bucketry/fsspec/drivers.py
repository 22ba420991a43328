"""A class of file systems for each driver: ``MemoryFileSystem`` has the protocol ``bucketry+memory``.

fsspec tells a class nothing of the URL that it was found by, so each protocol needs a class. The entry points
(``fsspec.specs``) of the drivers' distributions name the classes here. They are made when they are first asked for.
"""

from __future__ import annotations

import threading
from importlib.metadata import entry_points
from types import new_class
from typing import Final

from fsspec import register_implementation

from bucketry._discovery import GROUP
from bucketry.fsspec._filesystem import BucketryFileSystem

_SUFFIX: Final = "FileSystem"
_lock: Final = threading.Lock()


def class_name(scheme: str) -> str:
    """Returns the name that the class of a driver has in this module."""
    return scheme.capitalize() + _SUFFIX


def file_system_of(scheme: str) -> type[BucketryFileSystem]:
    """Returns the class of file systems for the driver of a scheme. The driver need not be installed.

    Args:
        scheme: The scheme of the driver's URLs, such as ``memory``.

    Raises:
        ValueError: It is not a scheme in lower case.
    """
    if not scheme.isidentifier() or scheme != scheme.lower():
        raise ValueError(f"a scheme is a name in lower case, such as memory, not {scheme!r}")
    name = class_name(scheme)
    with _lock:
        if name not in globals():
            about = {
                "__doc__": f"Files in a store of the driver ``{scheme}``; see `BucketryFileSystem`.",
                "__module__": __name__,
                "protocol": f"bucketry+{scheme}",
                "scheme": scheme,
            }
            globals()[name] = new_class(name, (BucketryFileSystem,), exec_body=lambda body: body.update(about))
        found: type[BucketryFileSystem] = globals()[name]
    return found


def register_drivers() -> None:
    """Makes the protocols of all installed drivers known to fsspec, also of those that have no entry point for it."""
    for entry in entry_points(group=GROUP):
        register_implementation(
            f"bucketry+{entry.name}", f"{__name__}.{class_name(entry.name)}", clobber=True, errtxt=f"no {entry.name}"
        )


def __getattr__(name: str) -> type[BucketryFileSystem]:
    scheme = name.removesuffix(_SUFFIX).lower()
    if not name.endswith(_SUFFIX) or not scheme.isidentifier() or class_name(scheme) != name:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return file_system_of(scheme)
