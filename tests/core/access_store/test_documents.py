"""What the access store keeps, and what happens when it cannot be used or others write to it too."""

from __future__ import annotations

from typing import Any

import pytest
from bucketry import (
    BucketAlreadyExists,
    CopyOptions,
    CreateBucketOptions,
    InvalidBucketName,
    InvalidSettings,
    NoSuchBucket,
    OwnershipSettings,
    PolicySettings,
    PutOptions,
    Store,
    Unavailable,
)
from bucketry.access_store import ACCESS_BUCKET, AccessStore
from bucketry.acls import canned_acl
from bucketry.layers import Faults
from bucketry.owners import DEFAULT_OWNER, Owner
from bucketry_contract._threads import race
from bucketry_memory import MemoryDriver, MemorySettings
from msgspec.structs import replace

ALICE, BOB = Owner(id="alice"), Owner(id="bob")
POLICY = PolicySettings(document='{"Version":"2012-10-17","Statement":[]}')
OTHER = PolicySettings(document='{"Statement":[]}')


class Place:
    """A driver in memory, another one for the access store, and stores on both, as several processes have them."""

    def __init__(self) -> None:
        self.inner = MemoryDriver(MemorySettings())
        self.kept = MemoryDriver(MemorySettings())
        self.faults = Faults()

    def documents(self) -> Store:
        return Store(self.kept, [self.faults])

    def behind(self) -> Store:
        return Store(self.inner)

    def open(self, fresh_seconds: float = 60.0) -> Store:
        return Store(AccessStore(self.documents(), fresh_seconds=fresh_seconds).around(self.inner))


@pytest.fixture
def place() -> Place:
    return Place()


def make(store: Store, owner: Owner = ALICE, name: str = "things") -> str:
    store.create_bucket(name, CreateBucketOptions(owner=owner))
    return name


def owner_of(store: Store, key: str = "key") -> Owner:
    return store.get_object_acl("things", key).owner


def test_the_inner_driver_hears_of_nothing(place: Place) -> None:
    store = place.open()
    make(store)
    store.put_bucket_settings("things", POLICY)
    store.put_object("things", "key", b"", PutOptions(owner=BOB, acl=canned_acl("public-read", BOB)))
    inner = place.behind()
    access = inner.get_bucket_access("things")
    assert (access.owner, access.policy, access.foreign_objects) == (DEFAULT_OWNER, None, False)
    assert inner.head_object("things", "key").owner is None
    assert store.get_bucket_access("things").policy == POLICY.document


def test_another_process_obeys_a_moment_later(place: Place) -> None:
    first, slow, quick = place.open(), place.open(), place.open(fresh_seconds=0)
    make(first)
    assert slow.get_bucket_access("things").owner == quick.get_bucket_access("things").owner == ALICE
    first.put_bucket_settings("things", POLICY)
    assert first.get_bucket_access("things").policy == quick.get_bucket_access("things").policy == POLICY.document
    assert slow.get_bucket_access("things").policy is None
    # Its own change is made to what the document really is.
    slow.put_bucket_settings("things", OwnershipSettings(ownership="BucketOwnerPreferred"))
    assert slow.get_bucket_access("things").policy == POLICY.document
    assert quick.get_bucket_access("things").ownership == "BucketOwnerPreferred"


def test_a_new_bucket_is_its_owners_at_once_where_it_was_looked_for_in_vain(place: Place) -> None:
    first, slow = place.open(), place.open()
    with pytest.raises(NoSuchBucket):
        slow.get_bucket_access("things")
    make(first)
    assert slow.get_bucket_access("things").owner == ALICE
    assert slow.peek_bucket_access("things") == first.get_bucket_access("things")


def test_changes_of_many_processes_are_all_kept(place: Place) -> None:
    stores = [place.open(fresh_seconds=0) for _ in range(4)]
    make(stores[0])
    kinds: list[Any] = [POLICY, OwnershipSettings(ownership="ObjectWriter")]

    def change(number: int) -> None:
        stores[number].put_bucket_settings("things", kinds[number % 2])
        stores[number].put_object("things", f"key{number}", b"", PutOptions(owner=BOB))

    race([lambda number=number: change(number) for number in range(4)])  # type: ignore[misc]
    access = stores[3].get_bucket_access("things")
    assert (access.policy, access.ownership, access.foreign_objects) == (POLICY.document, "ObjectWriter", True)
    assert {owner_of(stores[0], f"key{number}").id for number in range(4)} == {"bob"}


def test_what_is_known_needs_no_waiting(place: Place) -> None:
    store = place.open()
    assert store.peek_bucket_access("things") is None
    make(store)
    seen = store.peek_bucket_access("things")
    assert seen == store.get_bucket_access("things")
    assert place.open(fresh_seconds=0).peek_bucket_access("things") is None
    store.delete_bucket("things")
    assert store.peek_bucket_access("things") is None
    with pytest.raises(NoSuchBucket):
        store.get_bucket_access("things")


def test_without_the_access_store_nothing_is_decided(place: Place) -> None:
    store = place.open(fresh_seconds=0)
    make(store)
    store.put_bucket_settings("things", POLICY)
    with place.faults.injected("*:access_denied"):
        for call in (
            lambda: store.get_bucket_access("things"),
            lambda: store.put_object("things", "key", b""),
            lambda: store.put_bucket_settings("things", OTHER),
            store.list_buckets,
        ):
            with pytest.raises(Unavailable):
                call()
    assert store.get_bucket_access("things").policy == POLICY.document


def test_a_document_that_is_not_understood_decides_nothing(place: Place) -> None:
    store, documents = place.open(fresh_seconds=0), place.documents()
    make(store)
    for content in (b"{", b'{"id":"x","shared_with":["bob"]}', b'{"id":"x","policy":' + b"1" * 2**20 + b"}"):
        documents.put_object(ACCESS_BUCKET, "buckets/things", content)
        with pytest.raises(Unavailable):
            store.get_bucket_access("things")
        with pytest.raises(Unavailable):
            store.put_bucket_settings("things", POLICY)


def test_a_bucket_of_documents_that_is_gone_decides_nothing(place: Place) -> None:
    store, documents = place.open(fresh_seconds=0), place.documents()
    make(store)
    documents.delete_object(ACCESS_BUCKET, "buckets/things")
    documents.delete_bucket(ACCESS_BUCKET)
    with pytest.raises(Unavailable):
        store.get_bucket_access("things")
    with pytest.raises(Unavailable):
        store.put_bucket_settings("things", POLICY)
    assert documents.list_buckets() == ()


def test_a_bucket_that_was_there_before_is_nobodys(place: Place) -> None:
    inner = place.behind()
    inner.create_bucket("old")
    store = place.open()
    assert store.head_bucket("old").owner == DEFAULT_OWNER
    assert store.get_bucket_access("old").owner == DEFAULT_OWNER
    store.put_bucket_settings("old", POLICY)
    assert store.get_bucket_access("old").policy == POLICY.document


def test_a_new_bucket_has_nothing_of_an_older_one(place: Place) -> None:
    store = place.open()
    make(store)
    store.put_bucket_settings("things", POLICY)
    store.put_object("things", "key", b"same", PutOptions(owner=BOB))
    # Deleted behind our back.
    inner = place.behind()
    inner.delete_object("things", "key")
    inner.delete_bucket("things")
    make(store, BOB)
    access = store.get_bucket_access("things")
    assert (access.owner, access.policy, access.foreign_objects) == (BOB, None, False)
    store.put_object("things", "key", b"same", PutOptions(owner=ALICE))
    store.put_object("things", "key", b"same")
    assert owner_of(store) == BOB


def test_a_bucket_that_exists_stays_as_it_is(place: Place) -> None:
    store = place.open()
    make(store)
    with pytest.raises(BucketAlreadyExists):
        make(store, BOB)
    assert store.get_bucket_access("things").owner == ALICE


def test_an_object_that_was_replaced_behind_our_back_is_the_buckets_owners(place: Place) -> None:
    store = place.open()
    make(store)
    store.put_object("things", "key", b"Bob's", PutOptions(owner=BOB, acl=canned_acl("public-read", BOB)))
    assert owner_of(store) == BOB
    inner = place.behind()
    inner.put_object("things", "key", b"other")
    assert owner_of(store) == ALICE
    assert not store.get_object_acl("things", "key").grants_others


def test_a_late_document_is_not_about_a_later_object(place: Place) -> None:
    """One writer is slower than another with its document. What it says is not about the other's object."""
    store = place.open()
    make(store)
    store.put_object("things", "other", b"", PutOptions(owner=BOB))
    info = place.inner.put_object  # what Bob's writer calls between his object and his document

    def overtaken(bucket: str, key: str, body: Any, options: PutOptions) -> Any:
        made = info(bucket, key, body, options)
        place.inner.put_object = info  # type: ignore[method-assign]
        store.put_object("things", "key", b"Alice's")
        return made

    place.inner.put_object = overtaken  # type: ignore[method-assign]
    slow = place.open()
    slow.put_object("things", "key", b"Bob's", PutOptions(owner=BOB))
    with store.get_object("things", "key") as opened:
        assert opened.read() == b"Alice's"
    assert owner_of(store) == ALICE


def test_documents_end_with_what_they_are_about(place: Place) -> None:
    store = place.open()
    make(store)
    for key in ("a", "b", "c"):
        store.put_object("things", key, b"", PutOptions(owner=BOB))
    store.copy_object("things", "a", "things", "d", CopyOptions(owner=BOB))
    documents = place.documents()

    def kept() -> int:
        return sum(1 for _ in documents.iter_objects(ACCESS_BUCKET))

    assert kept() == 5
    store.delete_object("things", "a")
    store.delete_objects("things", ["b", "c"])
    store.put_object("things", "d", b"")
    assert kept() == 1
    store.put_object("things", "e", b"", PutOptions(owner=BOB))
    inner = place.behind()
    inner.delete_objects("things", ["d", "e"])
    store.delete_bucket("things")
    assert kept() == 0


def test_the_bucket_of_documents_is_hidden_even_where_it_lies_among_the_others(place: Place) -> None:
    place.kept = place.inner
    store = place.open()
    make(store)
    inner = place.behind()
    assert {bucket.name for bucket in inner.list_buckets()} == {"things", ACCESS_BUCKET}
    assert [bucket.name for bucket in store.list_buckets()] == ["things"]
    assert store.bucket_usages([ACCESS_BUCKET, "things"]).keys() == {"things"}
    with pytest.raises(InvalidBucketName):
        store.create_bucket(ACCESS_BUCKET)
    for call in (
        lambda: store.get_object(ACCESS_BUCKET, "buckets/things"),
        lambda: store.put_object(ACCESS_BUCKET, "buckets/things", b"{}"),
        lambda: store.copy_object(ACCESS_BUCKET, "buckets/things", "things", "a"),
        lambda: store.list_objects(ACCESS_BUCKET),
        lambda: store.get_object_tagging(ACCESS_BUCKET, "buckets/things"),
        lambda: store.presign(ACCESS_BUCKET, "buckets/things"),
        lambda: store.get_bucket_access(ACCESS_BUCKET),
        lambda: store.get_bucket_settings(ACCESS_BUCKET, PolicySettings),
        lambda: store.delete_bucket(ACCESS_BUCKET),
    ):
        with pytest.raises(NoSuchBucket):
            call()


def test_what_cannot_be_an_access_store_is_refused() -> None:
    driver = MemoryDriver(MemorySettings())
    driver.features = replace(driver.features, put_if_match=False)
    with pytest.raises(InvalidSettings, match="does not write with conditions"):
        AccessStore(Store(driver))
    with pytest.raises(InvalidSettings, match="bucket of the access store"):
        AccessStore(Store(MemoryDriver(MemorySettings())), "No Bucket")
