"""Storage classes in headers and documents (S3 API reference, PutObject, ``x-amz-storage-class``).

They are kept and shown. No object moves, and an archived one can be read at once.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from bucketry.s3 import STANDARD, STORAGE_CLASSES

from bucketry_http.s3.errors import S3Error
from bucketry_http.s3.request import Endpoint, S3Request
from bucketry_http.s3.xml import element

STORAGE_CLASS: Final = "x-amz-storage-class"
STANDARD_ELEMENT: Final = element("StorageClass", STANDARD)


def read_storage_class(endpoint: Endpoint, _request: S3Request, headers: Mapping[str, str]) -> Mapping[str, Any]:
    """Returns ``storage_class`` of a new version.

    Raises:
        S3Error: S3 has no such class.
    """
    given = headers[STORAGE_CLASS]
    if given not in STORAGE_CLASSES:
        raise S3Error("InvalidStorageClass")
    # Every store has the standard one.
    return {} if given == STANDARD and not endpoint.features.storage_class else {"storage_class": given}


def storage_class_element(storage_class: str | None) -> str:
    """Returns the element of an object's storage class."""
    return STANDARD_ELEMENT if storage_class is None else element("StorageClass", storage_class)
