"""Storages of Django on any store, for uploads and for static files.

It needs Django: ``pip install 'bucketry[django]'``. In the settings of a site::

    STORAGES = {
        "default": {
            "BACKEND": "bucketry.django.BucketryStorage",
            "OPTIONS": {"store": "minio://minio.internal:9000", "bucket": "uploads"},
        },
        "staticfiles": {
            "BACKEND": "bucketry.django.BucketryManifestStaticStorage",
            "OPTIONS": {
                "store": "minio://minio.internal:9000",
                "bucket": "static",
                "base_url": "https://cdn.example.com/",
            },
        },
    }

Source: Django's documentation, "How to write a custom storage class"; where it is silent, ``FileSystemStorage``.
"""

from __future__ import annotations

try:
    import django as _django  # noqa: F401 - to say what to install
except ImportError as error:
    raise ImportError("bucketry.django needs Django: pip install 'bucketry[django]'") from error

from bucketry.django._static import BucketryManifestStaticStorage, BucketryStaticStorage
from bucketry.django._storage import BucketryStorage

__all__ = ["BucketryManifestStaticStorage", "BucketryStaticStorage", "BucketryStorage"]
