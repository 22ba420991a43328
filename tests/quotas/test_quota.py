"""What quotas refuse, and what they count."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from typing import Literal

import pytest
from bucketry import (
    Body,
    CompletedPart,
    CreateBucketOptions,
    DeleteOptions,
    IncompleteBody,
    InvalidDriver,
    InvalidSettings,
    LifecycleExpiration,
    LifecycleRule,
    LifecycleSettings,
    ObjectInfo,
    ObjectToDelete,
    Owner,
    PartCopyOptions,
    PutOptions,
    QuotaExceeded,
    Store,
    Unavailable,
    VersioningSettings,
)
from bucketry.encryption import CustomerKey
from bucketry.hookspecs import hookimpl
from bucketry.layers import Fault, Faults, Quota
from bucketry.quotas import QuotaRule, QuotaUse
from bucketry.ranges import ByteRange
from bucketry_memory import MemoryDriver, MemorySettings

from tests.quotas.accounts import check_account

BUCKET = "photos"


class Shop:
    """A store with quotas, and one over the same driver without."""

    def __init__(self, *rules: QuotaRule, layers: tuple[object, ...] = ()) -> None:
        self.driver = MemoryDriver(MemorySettings(min_part_size=1))
        self.quota = Quota(*rules)
        self.store = Store(self.driver, [self.quota, *layers])
        self.past = Store(self.driver)
        self.store.create_bucket(BUCKET)

    def used(self, scope: str = "bucket") -> tuple[int, int]:
        (use,) = [use for use in self.quota.uses() if use.scope == scope]
        return use.size_bytes, use.objects

    def begin(self, key: str = "key") -> str:
        return self.store.create_multipart_upload(BUCKET, key).upload_id

    def part(self, upload: str, number: int, size: int, key: str = "key") -> CompletedPart:
        part = self.store.upload_part(BUCKET, key, upload, number, b"x" * size)
        return CompletedPart(number, part.etag)

    def version(self, status: Literal["Enabled", "Suspended"]) -> None:
        self.store.put_bucket_settings(BUCKET, VersioningSettings(status=status))


@pytest.fixture
def shop() -> Iterator[Shop]:
    """100 bytes and 5 objects in each bucket."""
    shop = Shop(QuotaRule(buckets="*", max_size_bytes=100, max_objects=5))
    yield shop
    check_account(shop.quota, BUCKET)


def never_read() -> Iterator[bytes]:
    yield pytest.fail("the body was read")


def test_a_put_beyond_the_limit_is_refused_and_stores_nothing(shop: Shop) -> None:
    shop.store.put_object(BUCKET, "a", b"x" * 60)
    with pytest.raises(QuotaExceeded, match="may hold 100 bytes, and would hold 101") as caught:
        shop.store.put_object(BUCKET, "b", b"x" * 41)
    assert caught.value.bucket == BUCKET
    assert shop.used() == (60, 1)
    shop.store.put_object(BUCKET, "b", b"x" * 40)
    assert shop.used() == (100, 2)


def test_a_body_of_declared_length_is_refused_before_it_is_read(shop: Shop) -> None:
    with pytest.raises(QuotaExceeded):
        shop.store.put_object(BUCKET, "a", Body(never_read(), 101))


def test_a_body_of_unknown_length_is_refused_where_it_becomes_too_large(shop: Shop) -> None:
    came = []

    def pieces() -> Iterator[bytes]:
        for _ in range(100):
            came.append(10)
            yield b"x" * 10

    with pytest.raises(QuotaExceeded):
        shop.store.put_object(BUCKET, "a", Body(pieces()))
    assert sum(came) <= 120
    assert shop.used() == (0, 0)


def test_the_number_of_objects_is_limited(shop: Shop) -> None:
    for number in range(5):
        shop.store.put_object(BUCKET, f"{number}", b"")
    with pytest.raises(QuotaExceeded, match="may hold 5 objects, and would hold 6"):
        shop.store.put_object(BUCKET, "more", b"")
    shop.store.put_object(BUCKET, "0", b"again")
    assert shop.used() == (5, 5)


def test_an_overwrite_is_judged_by_what_it_changes(shop: Shop) -> None:
    shop.store.put_object(BUCKET, "a", b"x" * 90)
    shop.store.put_object(BUCKET, "a", b"x" * 100)
    with pytest.raises(QuotaExceeded):
        shop.store.put_object(BUCKET, "a", b"x" * 101)
    shop.store.put_object(BUCKET, "a", Body(iter([b"x" * 50, b"x" * 50])))
    assert shop.used() == (100, 1)
    shop.store.put_object(BUCKET, "a", b"")
    assert shop.used() == (0, 1)


def test_deletes_give_back(shop: Shop) -> None:
    for key in "abc":
        shop.store.put_object(BUCKET, key, b"x" * 10)
    shop.store.delete_object(BUCKET, "a")
    shop.store.delete_object(BUCKET, "a")
    shop.store.delete_objects(BUCKET, ["b", "missing"])
    assert shop.used() == (10, 1)


def test_a_batch_of_many_keys_gives_back_each(shop: Shop) -> None:
    shop = Shop(QuotaRule(buckets="*", max_size_bytes=10_000, max_objects=2000))
    keys = [f"folder/{number:04}" for number in range(0, 1000, 3)]
    for number, key in enumerate(keys):
        shop.store.put_object(BUCKET, key, b"x" * (number % 7))
    shop.store.put_object(BUCKET, "folder/stays", b"x" * 5)
    shop.store.delete_objects(BUCKET, [*keys, "folder/missing", "a", "z"])
    assert shop.used() == (5, 1)


def test_copies_count(shop: Shop) -> None:
    shop.store.put_object(BUCKET, "a", b"x" * 40)
    shop.store.copy_object(BUCKET, "a", BUCKET, "b")
    assert shop.used() == (80, 2)
    with pytest.raises(QuotaExceeded):
        shop.store.copy_object(BUCKET, "a", BUCKET, "c")
    shop.store.copy_object(BUCKET, "a", BUCKET, "b")
    assert shop.used() == (80, 2)


def test_a_copy_out_of_a_bucket_without_quota_counts() -> None:
    shop = Shop(QuotaRule(buckets=BUCKET, max_size_bytes=100))
    shop.store.create_bucket("other")
    shop.store.put_object("other", "large", b"x" * 101)
    with pytest.raises(QuotaExceeded):
        shop.store.copy_object("other", "large", BUCKET, "key")
    assert [use.name for use in shop.quota.uses()] == [BUCKET]


def test_parts_count_as_they_come(shop: Shop) -> None:
    upload = shop.begin()
    shop.part(upload, 1, 60)
    shop.part(upload, 1, 50)
    assert shop.used() == (50, 1)
    with pytest.raises(QuotaExceeded):
        shop.part(upload, 2, 51)
    shop.part(upload, 1, 100)
    shop.store.abort_multipart_upload(BUCKET, "key", upload)
    assert shop.used() == (0, 0)


def test_a_completion_counts_the_object_in_place_of_its_parts(shop: Shop) -> None:
    shop.store.put_object(BUCKET, "key", b"x" * 10)
    upload = shop.begin()
    parts = [shop.part(upload, 1, 20), shop.part(upload, 2, 30)]
    shop.part(upload, 3, 5)
    assert shop.used() == (65, 2)
    shop.store.complete_multipart_upload(BUCKET, "key", upload, parts)
    assert shop.used() == (50, 1)
    shop.store.complete_multipart_upload(BUCKET, "key", upload, parts)
    assert shop.used() == (50, 1)


def test_a_part_that_is_a_copy_counts_with_its_range(shop: Shop) -> None:
    shop.store.put_object(BUCKET, "source", b"x" * 50)
    upload = shop.begin()
    shop.store.upload_part_copy(BUCKET, "key", upload, 1, BUCKET, "source", PartCopyOptions(range=ByteRange(10, 19)))
    assert shop.used() == (60, 2)
    with pytest.raises(QuotaExceeded):
        shop.store.upload_part_copy(BUCKET, "key", upload, 2, BUCKET, "source")


def test_uploads_in_progress_are_objects(shop: Shop) -> None:
    uploads = [shop.begin() for _ in range(5)]
    with pytest.raises(QuotaExceeded):
        shop.begin()
    shop.store.abort_multipart_upload(BUCKET, "key", uploads[0])
    shop.begin()


def test_versions_count(shop: Shop) -> None:
    shop.version("Enabled")
    first = shop.store.put_object(BUCKET, "a", b"x" * 40)
    shop.store.put_object(BUCKET, "a", b"x" * 50)
    assert shop.used() == (90, 2)
    with pytest.raises(QuotaExceeded):
        shop.store.put_object(BUCKET, "a", b"x" * 11)
    shop.store.delete_object(BUCKET, "a", DeleteOptions(version_id=first.version_id))
    assert shop.used() == (50, 1)


def test_a_delete_marker_counts_and_is_never_refused(shop: Shop) -> None:
    shop.version("Enabled")
    for number in range(5):
        shop.store.put_object(BUCKET, f"{number}", b"x" * 20)
    marker = shop.store.delete_object(BUCKET, "0")
    assert shop.used() == (100, 6)
    shop.store.delete_object(BUCKET, "0", DeleteOptions(version_id=marker.version_id))
    assert shop.used() == (100, 5)


def test_while_versioning_is_suspended_the_null_version_is_replaced(shop: Shop) -> None:
    shop.store.put_object(BUCKET, "a", b"x" * 10)
    shop.version("Enabled")
    shop.store.put_object(BUCKET, "a", b"x" * 20)
    shop.version("Suspended")
    shop.store.put_object(BUCKET, "a", b"x" * 30)
    assert shop.used() == (50, 2)
    shop.store.delete_object(BUCKET, "a")
    assert shop.used() == (20, 2)
    shop.store.put_object(BUCKET, "a", b"x" * 80)
    assert shop.used() == (100, 2)


def test_batches_of_versions_give_back_each(shop: Shop) -> None:
    shop.version("Enabled")
    made = [shop.store.put_object(BUCKET, "a", b"x" * size) for size in (1, 2, 3)]
    shop.store.delete_objects(BUCKET, [ObjectToDelete("a", made[1].version_id), ObjectToDelete("b")])
    assert shop.used() == (4, 3)


def test_lifecycle_gives_back(shop: Shop) -> None:
    shop.store.put_object(BUCKET, "a", b"x" * 10)
    rule = LifecycleRule(id="all", prefix="", status="Enabled", expiration=LifecycleExpiration(days=1))
    shop.store.put_bucket_settings(BUCKET, LifecycleSettings(rules=(rule,)))
    shop.store.clock.advance(days=3)
    assert shop.used() == (0, 0)


def test_objects_under_a_customers_key_give_back() -> None:
    shop = Shop(QuotaRule(buckets="*", max_size_bytes=100))
    shop.store.put_object(BUCKET, "a", b"x" * 60, PutOptions(customer_key=CustomerKey(bytes(32))))
    shop.store.put_object(BUCKET, "a", b"x" * 90)
    assert shop.used() == (90, 1)


def test_what_was_there_before_counts() -> None:
    driver = MemoryDriver(MemorySettings(min_part_size=1))
    past = Store(driver)
    past.create_bucket(BUCKET)
    past.put_object(BUCKET, "a", b"x" * 50)
    upload = past.create_multipart_upload(BUCKET, "b").upload_id
    past.upload_part(BUCKET, "b", upload, 1, b"x" * 30)
    quota = Quota(QuotaRule(buckets="*", max_size_bytes=100))
    store = Store(driver, [quota])
    with pytest.raises(QuotaExceeded, match="would hold 101"):
        store.put_object(BUCKET, "c", b"x" * 21)
    store.upload_part(BUCKET, "b", upload, 1, b"x" * 50)
    assert quota.uses()[0].size_bytes == 100


def test_an_upload_that_was_begun_past_the_layer_is_counted_once_it_is_used(shop: Shop) -> None:
    shop.store.put_object(BUCKET, "a", b"x")
    upload = shop.past.create_multipart_upload(BUCKET, "key").upload_id
    shop.past.upload_part(BUCKET, "key", upload, 7, b"x" * 9)
    shop.part(upload, 1, 10)
    assert shop.used() == (20, 2)
    shop.store.abort_multipart_upload(BUCKET, "key", upload)
    assert shop.used() == (1, 1)


def test_a_deleted_bucket_gives_back_and_a_new_one_begins_anew(shop: Shop) -> None:
    shop.begin()
    shop.store.delete_bucket(BUCKET)
    assert shop.quota.uses() == ()
    shop.store.create_bucket(BUCKET)
    shop.store.put_object(BUCKET, "a", b"x" * 100)
    assert shop.used() == (100, 1)


def test_owners_have_quotas_over_all_of_their_buckets() -> None:
    shop = Shop(QuotaRule(owners="alice", max_size_bytes=100, max_objects=3), QuotaRule(owners="*", max_objects=1))
    for name in ("alice-1", "alice-2"):
        shop.past.create_bucket(name, CreateBucketOptions(owner=Owner(id="alice")))
    shop.past.put_object("alice-1", "a", b"x" * 60)
    with pytest.raises(QuotaExceeded, match="all buckets of the owner 'alice' together may hold 100 bytes"):
        shop.store.put_object("alice-2", "b", b"x" * 41)
    shop.store.put_object("alice-2", "b", b"x" * 40)
    shop.store.delete_object("alice-1", "a")
    shop.store.put_object("alice-2", "c", b"x" * 60)
    shop.store.put_object(BUCKET, "of nobody", b"x" * 1000)
    with pytest.raises(QuotaExceeded, match="1 objects"):
        shop.store.put_object(BUCKET, "another", b"")
    assert (
        QuotaUse(scope="owner", name="alice", size_bytes=100, objects=2, max_size_bytes=100, max_objects=3)
        in shop.quota.uses()
    )


def test_a_new_bucket_of_an_owner_counts_for_the_owner() -> None:
    shop = Shop(QuotaRule(owners="alice", max_size_bytes=100))
    owned = CreateBucketOptions(owner=Owner(id="alice"))
    shop.store.create_bucket("alice-1", owned)
    shop.store.put_object("alice-1", "a", b"x" * 60)
    shop.store.create_bucket("alice-2", owned)
    with pytest.raises(QuotaExceeded):
        shop.store.put_object("alice-2", "a", b"x" * 41)


def test_the_first_rule_that_matches_counts() -> None:
    shop = Shop(QuotaRule(buckets="logs-*"), QuotaRule(buckets="*", max_size_bytes=1))
    shop.store.create_bucket("logs-of-today")
    shop.store.put_object("logs-of-today", "a", b"x" * 1000)
    with pytest.raises(QuotaExceeded):
        shop.store.put_object(BUCKET, "a", b"xx")


@pytest.mark.parametrize("wrong", [IncompleteBody, "declared"])
def test_a_put_that_fails_gives_back(shop: Shop, wrong: object) -> None:
    def pieces() -> Iterator[bytes]:
        yield b"x" * 50
        if wrong is IncompleteBody:
            raise OSError

    with pytest.raises(IncompleteBody):
        shop.store.put_object(BUCKET, "a", Body(pieces(), 90))
    assert shop.used() == (0, 0)


def test_after_a_response_is_lost_the_bucket_is_counted_again(shop: Shop) -> None:
    class Lost:
        """Stores, and says that it did not."""

        @hookimpl(wrapper=True)
        def put_object(self, key: str) -> Generator[None, ObjectInfo, ObjectInfo]:
            info = yield
            if key == "lost":
                raise Unavailable("the response was lost")
            return info

    quota = Quota(QuotaRule(buckets="*", max_size_bytes=100))
    store = Store(shop.driver, [Lost(), quota])
    with pytest.raises(Unavailable):
        store.put_object(BUCKET, "lost", b"x" * 60)
    with pytest.raises(QuotaExceeded):
        store.put_object(BUCKET, "other", b"x" * 41)
    shop.past.delete_object(BUCKET, "lost")


def test_a_fault_above_the_layer_counts_nothing() -> None:
    shop = Shop(QuotaRule(buckets="*", max_size_bytes=100), layers=(Faults(Fault.parse("put_object:unavailable")),))
    with pytest.raises(Unavailable):
        shop.store.put_object(BUCKET, "a", b"x" * 60)
    assert shop.quota.uses() == ()


def test_room_can_be_asked_for_and_is_not_taken(shop: Shop) -> None:
    shop.store.put_object(BUCKET, "a", b"x" * 60)
    shop.quota.require_room(BUCKET, "b", 40, 1)
    shop.quota.require_room(BUCKET, "a", 100, 1)
    shop.quota.require_room("missing", "a", 1000, 1)
    with pytest.raises(QuotaExceeded):
        shop.quota.require_room(BUCKET, "b", 41, 1)
    assert shop.used() == (60, 1)


def test_the_report_names_the_quotas(shop: Shop) -> None:
    (report,) = shop.store.usage_report().buckets
    assert report.quota is not None
    assert (report.quota.max_size_bytes, report.quota.max_objects) == (100, 5)


def test_a_layer_belongs_to_one_driver(shop: Shop) -> None:
    with pytest.raises(InvalidDriver, match="belongs to one driver"):
        Store(MemoryDriver(MemorySettings()), [shop.quota])


@pytest.mark.parametrize(
    "wrong",
    [
        {},
        {"buckets": "a", "owners": "b"},
        {"buckets": ""},
        {"owners": "x" * 1025},
        {"buckets": "a", "max_size_bytes": -1},
        {"buckets": "a", "max_objects": True},
        {"buckets": "a", "max_objects": 2**63},
    ],
)
def test_a_rule_that_is_not_valid_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(InvalidSettings):
        QuotaRule(**wrong)  # type: ignore[arg-type]
