"""The driver."""

from __future__ import annotations

from typing import final

from bucketry_memory._bucket_operations import BucketOperations
from bucketry_memory._object_operations import ObjectOperations
from bucketry_memory._settings import MemorySettings
from bucketry_memory._state import FEATURES
from bucketry_memory._tagging_operations import TaggingOperations
from bucketry_memory._upload_operations import UploadOperations


@final
class MemoryDriver(BucketOperations, ObjectOperations, TaggingOperations, UploadOperations):
    """Keeps buckets and objects in this process's memory; they end with it, or when the store is closed.

    Threads may share it. It never blocks: besides the body that it is given, it waits for nothing but other calls'
    look-ups.
    """

    name = "memory"
    contract_version = 1
    Settings = MemorySettings
    features = FEATURES
