"""The driver of bucketry for a folder on a disk: ``open_store("file:///srv/data")``."""

from __future__ import annotations

from bucketry_file.driver import FileDriver
from bucketry_file.settings import FileSettings

__all__ = ["FileDriver", "FileSettings"]
