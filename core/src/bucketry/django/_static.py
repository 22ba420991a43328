"""Storages for static files, which ``collectstatic`` fills."""

from __future__ import annotations

from typing import Any

from django.contrib.staticfiles.storage import ManifestFilesMixin

from bucketry.django._migrations import in_migrations
from bucketry.django._storage import BucketryStorage


@in_migrations
class BucketryStaticStorage(BucketryStorage):
    """Static files. A file takes the place of one of its name."""

    def __init__(self, **options: Any) -> None:
        """Takes the options of `BucketryStorage`; ``file_overwrite`` is true."""
        super().__init__(**{"file_overwrite": True, **options})


@in_migrations
class BucketryManifestStaticStorage(ManifestFilesMixin, BucketryStaticStorage):  # type: ignore[misc]  # as Django's own
    """Static files whose names carry a hash of their content, as those of Django's ``ManifestStaticFilesStorage``."""
