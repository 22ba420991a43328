"""A page of a listing costs the same, however much the bucket holds. Steps of SQLite's machine are counted."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path
from threading import get_ident

import pytest
from bucketry import ListOptions, Store, VersioningSettings, VersionListOptions
from bucketry_file import FileDriver

from tests.file.stores import BUCKET, open_driver

MANY = 100_000
PAGE = 1000

# The keys and versions of tests are made within SQLite: 100,000 puts would take minutes.
FILL = """
    WITH RECURSIVE numbers (n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM numbers WHERE n + 1 < :count)
    INSERT INTO versions (bucket, key, number, is_current, is_suspended, size_bytes, record)
    SELECT versions.bucket, CAST(printf(:form, n) AS BLOB), :number, :current, 0, size_bytes, record
    FROM numbers, versions WHERE versions.key = CAST('template' AS BLOB)
"""


class Counted:
    """A store whose reads count the steps of SQLite's machine."""

    def __init__(self, path: Path) -> None:
        self.driver: FileDriver = open_driver(path, sync=False)
        self.store = Store(self.driver)
        self.store.create_bucket(BUCKET)
        self.store.put_object(BUCKET, "template", b"x")
        self.steps = 0

    def fill(self, form: str, count: int, *, number: int = 0, current: int = 1) -> None:
        values = {"form": form, "count": count, "number": number, "current": current}
        self.driver._index.write(lambda connection: connection.execute(FILL, values).rowcount)

    def count(self, act: object) -> tuple[int, object]:
        here = get_ident()

        def step() -> int:
            # The thread that carries out lifecycle rules may take one of the connections.
            self.steps += get_ident() == here
            return 0

        connections: list[sqlite3.Connection] = self.driver._index._idle
        for connection in connections:
            connection.set_progress_handler(step, 1)
        self.steps = 0
        result = act()  # type: ignore[operator]
        for connection in connections:
            connection.set_progress_handler(None, 1)
        return self.steps, result


@pytest.fixture
def counted(tmp_path: Path) -> Iterator[Counted]:
    made = Counted(tmp_path / "data")
    yield made
    made.store.close()


def test_a_page_among_many_keys_costs_what_it_costs_among_few(tmp_path: Path, counted: Counted) -> None:
    few = Counted(tmp_path / "few")
    for made in (few, counted):
        made.fill("mine/%07d", PAGE)
    counted.fill("after/%07d", MANY)
    counted.fill("other/%07d", MANY)
    options = ListOptions(prefix="mine/", limit=PAGE)
    cheap, page = few.count(lambda: few.store.list_objects(BUCKET, options))
    dear, same = counted.count(lambda: counted.store.list_objects(BUCKET, options))
    assert len(page.objects) == PAGE  # type: ignore[attr-defined]
    assert [info.key for info in page.objects] == [info.key for info in same.objects]  # type: ignore[attr-defined]
    assert PAGE < dear <= 2 * cheap
    few.store.close()


def test_a_common_prefix_costs_a_jump(counted: Counted) -> None:
    counted.fill("a/%07d", 50)
    options = ListOptions(delimiter="/")
    cheap, _ = counted.count(lambda: counted.store.list_objects(BUCKET, options))
    counted.fill("b/%07d", MANY)
    dear, page = counted.count(lambda: counted.store.list_objects(BUCKET, options))
    assert page.prefixes == ("a/", "b/")  # type: ignore[attr-defined]
    assert dear < 3 * cheap


def test_older_versions_cost_a_listing_of_objects_nothing(counted: Counted) -> None:
    counted.fill("key/%07d", 100)
    options = ListOptions(prefix="key/")
    cheap, _ = counted.count(lambda: counted.store.list_objects(BUCKET, options))
    counted.store.put_bucket_settings(BUCKET, VersioningSettings(status="Enabled"))
    for number in range(1, 200):
        counted.fill("key/%07d", 100, number=-number, current=0)
    dear, page = counted.count(lambda: counted.store.list_objects(BUCKET, options))
    assert len(page.objects) == 100  # type: ignore[attr-defined]
    assert dear <= 2 * cheap
    many, versions = counted.count(
        lambda: counted.store.list_object_versions(BUCKET, VersionListOptions(prefix="key/0000050", limit=10))
    )
    assert len(versions.versions) == 10  # type: ignore[attr-defined]
    assert many < cheap


def test_usage_and_one_key_cost_the_same_among_many(counted: Counted) -> None:
    def acts() -> list[int]:
        return [
            counted.count(lambda: counted.store.bucket_usage(BUCKET))[0],
            counted.count(lambda: counted.store.head_object(BUCKET, "template"))[0],
        ]

    before = acts()
    counted.fill("other/%07d", MANY)
    assert acts() == before
    usage = counted.store.bucket_usage(BUCKET)
    assert (usage.object_count, usage.size_bytes) == (MANY + 1, MANY + 1)
