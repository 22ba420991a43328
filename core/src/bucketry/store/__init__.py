"""The store: what everybody calls, whatever the driver.

It checks and normalises the arguments once, refuses what the driver did not declare, makes one call along the chain of
layers to the driver, and hands on the answer.
"""

from __future__ import annotations

from bucketry.store._buckets import BucketOperations
from bucketry.store._objects import ObjectOperations
from bucketry.store._tagging import TaggingOperations
from bucketry.store._uploads import UploadOperations


class Store(BucketOperations, ObjectOperations, TaggingOperations, UploadOperations):
    """An object store over any driver. Safe to share between threads; close it or use it in a ``with`` statement.

    Besides what a method names, any of them may raise ``AccessDenied``, ``Throttled``, ``Unavailable`` or
    ``BackendError`` (what the backend said is the error's ``__cause__``), and ``Unsupported`` where the driver does not
    implement the operation. After `close` every method raises ``StoreClosed``.
    """


__all__ = ["Store"]
