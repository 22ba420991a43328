"""Owners and access control lists: who a bucket or a version belongs to, and who may use it. No test decides that."""

from __future__ import annotations

from typing import Final

import pytest
from bucketry import (
    Acl,
    AclSettings,
    AnyBucketSettings,
    BucketAccess,
    CreateBucketOptions,
    NoSuchKey,
    Owner,
    OwnershipSettings,
    PolicySettings,
    PublicAccessSettings,
    Store,
    VersionOptions,
)
from bucketry.acls import canned_acl
from bucketry.owners import DEFAULT_OWNER

from bucketry_contract._capabilities import needs
from bucketry_contract._contract_tests import ContractTests
from bucketry_contract._scratch import Bucket, Scratch
from bucketry_contract._versions import VERSIONING, put_version, versioned
from bucketry_contract.suite.object_lock import Write, every_write

ACLS: Final = ("get_object_acl", "put_object_acl")
SOMEBODY: Final = Owner(id="somebody", display_name="Some Body")
Rights = set[tuple[str, str, str]]


def rights(acl: Acl) -> Rights:
    """Returns the grants of an ACL, in no order."""
    return {(grant.grantee.kind, grant.grantee.id, grant.permission) for grant in acl.grants}


def acl_of(bucket: Bucket, key: str = "key", version_id: str | None = None) -> Acl:
    """Returns the ACL of a version."""
    return bucket.store.get_object_acl(bucket.name, key, VersionOptions(version_id=version_id))


def put_acl(bucket: Bucket, name: str, key: str = "key", version_id: str | None = None) -> Rights:
    """Puts a canned ACL, and returns its rights."""
    acl = canned_acl(name, acl_of(bucket, key, version_id).owner)
    bucket.store.put_object_acl(bucket.name, key, acl, VersionOptions(version_id=version_id))
    return rights(acl)


class AclTests(ContractTests):
    """A version has one ACL, which its owner gets back as it was put."""

    @needs("get_object_acl")
    def test_a_new_object_is_its_owners_alone(self, fresh_bucket: Bucket) -> None:
        fresh_bucket.put("key")
        acl = acl_of(fresh_bucket)
        assert acl.owner.id
        assert rights(acl) == {("user", acl.owner.id, "FULL_CONTROL")}

    @needs(*ACLS)
    def test_an_acl_is_replaced_as_a_whole(self, fresh_bucket: Bucket) -> None:
        fresh_bucket.put("key")
        owner = acl_of(fresh_bucket).owner
        for name in ("public-read", "authenticated-read", "private"):
            expected = put_acl(fresh_bucket, name)
            assert rights(acl_of(fresh_bucket)) == expected
        assert acl_of(fresh_bucket).owner == owner

    @needs(*ACLS)
    def test_an_acl_is_one_objects_alone(self, fresh_bucket: Bucket) -> None:
        fresh_bucket.put_all("key", "other")
        expected = rights(acl_of(fresh_bucket, "other"))
        put_acl(fresh_bucket, "public-read")
        assert rights(acl_of(fresh_bucket, "other")) == expected

    @pytest.mark.short
    @needs(*ACLS, "put_metadata", "put_headers")
    def test_a_new_acl_leaves_the_object_as_it_was(self, fresh_bucket: Bucket) -> None:
        fresh_bucket.put("key", b"content", content_type="text/x", cache_control="no-cache", metadata={"colour": "red"})
        before = fresh_bucket.head("key")
        put_acl(fresh_bucket, "public-read")
        after = fresh_bucket.head("key")
        for name in ("etag", "size_bytes", "content_type", "cache_control", "metadata"):
            assert getattr(after, name) == getattr(before, name)
        assert fresh_bucket.read("key") == b"content"

    @every_write
    @needs(*ACLS)
    def test_a_write_leaves_nothing_of_the_acl_that_was_there(self, fresh_bucket: Bucket, write: Write) -> None:
        fresh_bucket.put("key")
        private = rights(acl_of(fresh_bucket))
        put_acl(fresh_bucket, "public-read")
        write(fresh_bucket)
        assert rights(acl_of(fresh_bucket)) == private

    @pytest.mark.short
    @needs(*ACLS, "copy_object")
    def test_a_copy_does_not_take_the_acl_of_its_source(self, fresh_bucket: Bucket) -> None:
        fresh_bucket.put("source")
        private = rights(acl_of(fresh_bucket, "source"))
        put_acl(fresh_bucket, "public-read", "source")
        fresh_bucket.copy("source", "key")
        assert rights(acl_of(fresh_bucket)) == private

    @every_write
    @needs("get_object_acl", "put_acl")
    def test_a_write_brings_its_acl(self, fresh_bucket: Bucket, write: Write) -> None:
        fresh_bucket.put("key")
        acl = canned_acl("public-read", acl_of(fresh_bucket).owner)
        write(fresh_bucket, acl=acl)
        assert rights(acl_of(fresh_bucket)) == rights(acl)

    @needs(*ACLS, *VERSIONING)
    def test_an_acl_is_that_of_one_version(self, fresh_bucket: Bucket) -> None:
        first, second = (put_version(versioned(fresh_bucket), "key") for _ in range(2))
        private = rights(acl_of(fresh_bucket))
        public = put_acl(fresh_bucket, "public-read", version_id=first)
        assert [rights(acl_of(fresh_bucket, version_id=one)) for one in (None, first, second)] == [
            private,
            public,
            private,
        ]
        open_to_signers = put_acl(fresh_bucket, "authenticated-read")
        assert [rights(acl_of(fresh_bucket, version_id=one)) for one in (first, second)] == [public, open_to_signers]

    @needs(*ACLS)
    def test_an_object_that_does_not_exist_has_no_acl(self, fresh_bucket: Bucket) -> None:
        with pytest.raises(NoSuchKey):
            acl_of(fresh_bucket)
        with pytest.raises(NoSuchKey):
            fresh_bucket.store.put_object_acl(fresh_bucket.name, "key", canned_acl("private", DEFAULT_OWNER))
        assert not fresh_bucket.holds("key")


class OwnerTests(ContractTests):
    """A bucket belongs to whoever makes it, and a version to whoever writes it."""

    @pytest.mark.short
    @needs("owners", "head_bucket")
    def test_a_bucket_belongs_to_whoever_is_named(self, store: Store, scratch: Scratch) -> None:
        name = scratch.create(options=CreateBucketOptions(owner=SOMEBODY))
        assert store.head_bucket(name).owner == SOMEBODY
        assert [bucket.owner for bucket in store.list_buckets() if bucket.name == name] == [SOMEBODY]

    @pytest.mark.short
    @needs("owners", "head_bucket")
    def test_a_bucket_of_nobody_belongs_to_whoever_owns_the_store(
        self, store: Store, fresh_bucket: Bucket, scratch: Scratch
    ) -> None:
        scratch.create(options=CreateBucketOptions(owner=SOMEBODY))
        assert store.head_bucket(fresh_bucket.name).owner == DEFAULT_OWNER

    @every_write
    @needs("owners")
    def test_a_version_belongs_to_whoever_is_named(self, fresh_bucket: Bucket, write: Write) -> None:
        write(fresh_bucket, owner=SOMEBODY)
        assert fresh_bucket.head("key").owner == SOMEBODY
        write(fresh_bucket)
        assert fresh_bucket.head("key").owner in (None, DEFAULT_OWNER)

    @needs("owners", "get_object_acl")
    def test_the_acl_says_who_owns_a_version(self, fresh_bucket: Bucket) -> None:
        fresh_bucket.put("key", owner=SOMEBODY)
        acl = acl_of(fresh_bucket)
        assert (acl.owner, rights(acl)) == (SOMEBODY, {("user", SOMEBODY.id, "FULL_CONTROL")})

    @needs("owners", "get_object_acl")
    def test_an_object_of_nobody_belongs_to_the_buckets_owner(self, store: Store, scratch: Scratch) -> None:
        name = scratch.create(options=CreateBucketOptions(owner=SOMEBODY))
        store.put_object(name, "key", b"content")
        assert store.get_object_acl(name, "key").owner == SOMEBODY


ACCESS_SETTINGS: Final[tuple[AnyBucketSettings, ...]] = (
    PolicySettings(document='{"Version":"2012-10-17","Statement":[]}'),
    AclSettings(acl=canned_acl("public-read", DEFAULT_OWNER)),
    OwnershipSettings(ownership="BucketOwnerPreferred"),
    PublicAccessSettings(
        block_public_acls=True, ignore_public_acls=False, block_public_policy=True, restrict_public_buckets=False
    ),
)
NOTHING: Final = (None, None, None, None)

each_of_access = pytest.mark.parametrize(
    "settings",
    [pytest.param(one, marks=needs(one.feature), id=type(one).__name__) for one in ACCESS_SETTINGS],
)


class BucketAccessTests(ContractTests):
    """What decisions depend on comes in one call, and is never old."""

    @pytest.mark.short
    @needs("get_bucket_access")
    def test_nothing_is_set_on_a_new_bucket(self, fresh_bucket: Bucket) -> None:
        access = fresh_bucket.store.get_bucket_access(fresh_bucket.name)
        assert _settings_of(access) == NOTHING
        assert access.owner == (fresh_bucket.store.head_bucket(fresh_bucket.name).owner or DEFAULT_OWNER)

    @needs("get_bucket_access", "owners")
    def test_the_owner_of_a_bucket_comes_with_what_is_set(self, store: Store, scratch: Scratch) -> None:
        name = scratch.create(options=CreateBucketOptions(owner=SOMEBODY))
        assert store.get_bucket_access(name).owner == SOMEBODY

    @each_of_access
    @needs("get_bucket_access", "put_bucket_settings", "delete_bucket_settings")
    def test_what_is_set_is_there_at_once(self, fresh_bucket: Bucket, settings: AnyBucketSettings) -> None:
        store, name = fresh_bucket.store, fresh_bucket.name
        assert _settings_of(store.get_bucket_access(name)) == NOTHING
        store.put_bucket_settings(name, settings)
        expected = tuple(_of(settings) if one is settings else None for one in ACCESS_SETTINGS)
        assert _settings_of(store.get_bucket_access(name)) == expected
        store.delete_bucket_settings(name, type(settings))
        assert _settings_of(store.get_bucket_access(name)) == NOTHING

    @every_write
    @needs("get_bucket_access", "owners")
    def test_objects_of_others_are_known(self, fresh_bucket: Bucket, write: Write) -> None:
        write(fresh_bucket, owner=SOMEBODY)
        assert fresh_bucket.store.get_bucket_access(fresh_bucket.name).foreign_objects

    @every_write
    @needs("get_bucket_access", "put_acl", "get_object_acl")
    def test_objects_that_bring_an_acl_are_known(self, fresh_bucket: Bucket, write: Write) -> None:
        owner = fresh_bucket.store.get_bucket_access(fresh_bucket.name).owner
        write(fresh_bucket, acl=canned_acl("public-read", owner))
        assert fresh_bucket.store.get_bucket_access(fresh_bucket.name).foreign_objects

    @pytest.mark.short
    @needs("get_bucket_access", *ACLS)
    def test_objects_with_an_acl_of_their_own_are_known(self, fresh_bucket: Bucket) -> None:
        fresh_bucket.put("key")
        put_acl(fresh_bucket, "public-read")
        assert fresh_bucket.store.get_bucket_access(fresh_bucket.name).foreign_objects


def _of(settings: AnyBucketSettings) -> object:
    """Returns what `BucketAccess` has of settings."""
    if isinstance(settings, PolicySettings):
        return settings.document
    if isinstance(settings, AclSettings):
        return settings.acl
    return settings.ownership if isinstance(settings, OwnershipSettings) else settings


def _settings_of(access: BucketAccess) -> tuple[object, ...]:
    return access.policy, access.acl, access.ownership, access.public_access
