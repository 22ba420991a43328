"""Django's settings, and storages on memory and MinIO."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from typing import Any

import django
import pytest
from bucketry import Store, open_store
from bucketry.django import BucketryStorage
from django.conf import settings

from tests.minio.backend import store_on

if not settings.configured:
    settings.configure(
        DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
        INSTALLED_APPS=["django.contrib.staticfiles"],
        STATIC_URL="/static/",
        USE_TZ=True,
    )
    django.setup()

MakeStorage = Callable[..., BucketryStorage]


@pytest.fixture(params=["memory", "minio"])
def store(request: pytest.FixtureRequest) -> Iterator[Store]:
    """A store."""
    if request.param == "memory":
        opened = open_store("memory://", environ={})
    else:
        opened = store_on(request.getfixturevalue("minio_server"))
    with opened:
        yield opened


@pytest.fixture
def make(store: Store) -> Iterator[MakeStorage]:
    """Makes storages in a bucket of the test's own."""
    bucket = f"bucketry-django-{secrets.token_hex(6)}"
    store.create_bucket(bucket)

    def storage(kind: type[BucketryStorage] = BucketryStorage, **options: Any) -> BucketryStorage:
        return kind(**{"store": store, "bucket": bucket, **options})

    yield storage
    store.delete_objects(bucket, [info.key for info in store.iter_objects(bucket)])
    store.delete_bucket(bucket)


@pytest.fixture
def storage(make: MakeStorage) -> BucketryStorage:
    """A storage below a folder of the bucket."""
    return make(location="media", base_url="/test_media_url/")
