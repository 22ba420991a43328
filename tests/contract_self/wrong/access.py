"""Drivers with mistakes in owners and access control lists."""

from __future__ import annotations

from bucketry import (
    Acl,
    Body,
    BucketAccess,
    BucketInfo,
    CopyOptions,
    CreateBucketOptions,
    Done,
    NoSuchKey,
    ObjectHeaders,
    ObjectInfo,
    PutOptions,
    Upload,
    UploadOptions,
    VersionOptions,
)
from bucketry.acls import canned_acl
from bucketry.hookspecs import hookimpl
from bucketry.owners import DEFAULT_OWNER
from bucketry_contract.suite.access import AclTests, BucketAccessTests, OwnerTests
from bucketry_contract.suite.errors import ErrorTests
from bucketry_memory.objects import StoredObject
from msgspec.structs import replace

from tests.contract_self.cases import fails
from tests.contract_self.honest_memory import HonestMemory


@fails(AclTests, AclTests.test_a_new_object_is_its_owners_alone)
class OpensWhatIsNew(HonestMemory):
    @hookimpl
    def get_object_acl(self, bucket: str, key: str, options: VersionOptions) -> Acl:
        acl = super().get_object_acl(bucket, key, options)
        return canned_acl("public-read", acl.owner) if acl == canned_acl("private", acl.owner) else acl


@fails(AclTests, AclTests.test_an_acl_is_replaced_as_a_whole)
class AddsGrants(HonestMemory):
    @hookimpl
    def put_object_acl(self, bucket: str, key: str, acl: Acl, options: VersionOptions) -> Done:
        kept = super().get_object_acl(bucket, key, options)
        return super().put_object_acl(bucket, key, replace(acl, grants=kept.grants + acl.grants), options)


@fails(AclTests, AclTests.test_a_new_acl_leaves_the_object_as_it_was)
class ForgetsHeadersWithAnAcl(HonestMemory):
    @hookimpl
    def put_object_acl(self, bucket: str, key: str, acl: Acl, options: VersionOptions) -> Done:
        done = super().put_object_acl(bucket, key, acl, options)
        held = self._buckets[bucket]
        stored = held.objects[key]
        held.objects[key] = replace(stored, headers=ObjectHeaders())
        return done


@fails(AclTests, AclTests.test_an_acl_is_one_objects_alone)
class HasOneAclForAll(HonestMemory):
    @hookimpl
    def put_object_acl(self, bucket: str, key: str, acl: Acl, options: VersionOptions) -> Done:
        done = super().put_object_acl(bucket, key, acl, options)
        for other in list(self._buckets[bucket].objects):
            super().put_object_acl(bucket, other, acl, VersionOptions())
        return done


@fails(AclTests, AclTests.test_an_acl_is_that_of_one_version)
class PutsAclsOnTheNewestVersion(HonestMemory):
    @hookimpl
    def put_object_acl(self, bucket: str, key: str, acl: Acl, options: VersionOptions) -> Done:
        return super().put_object_acl(bucket, key, acl, VersionOptions())


class KeepsTheAcl(HonestMemory):
    """Gives what is written the ACL of what was there."""

    def acl_there(self, bucket: str, key: str) -> Acl | None:
        stored = self._buckets[bucket].objects.get(key) if bucket in self._buckets else None
        return stored.facts.acl if isinstance(stored, StoredObject) else None


@fails(AclTests, AclTests.test_a_write_leaves_nothing_of_the_acl_that_was_there)
class KeepsTheAclOfTheKey(KeepsTheAcl):
    @hookimpl
    def put_object(self, bucket: str, key: str, body: Body, options: PutOptions) -> ObjectInfo:
        return super().put_object(bucket, key, body, replace(options, acl=options.acl or self.acl_there(bucket, key)))


@fails(AclTests, AclTests.test_a_copy_does_not_take_the_acl_of_its_source)
class CopiesTheAcl(KeepsTheAcl):
    @hookimpl
    def copy_object(
        self, source_bucket: str, source_key: str, bucket: str, key: str, options: CopyOptions
    ) -> ObjectInfo:
        acl = options.acl or self.acl_there(source_bucket, source_key)
        return super().copy_object(source_bucket, source_key, bucket, key, replace(options, acl=acl))


@fails(AclTests, AclTests.test_a_write_brings_its_acl)
class ForgetsTheAclOfAPut(HonestMemory):
    @hookimpl
    def put_object(self, bucket: str, key: str, body: Body, options: PutOptions) -> ObjectInfo:
        return super().put_object(bucket, key, body, replace(options, acl=None))


@fails(AclTests, AclTests.test_a_write_brings_its_acl)
class ForgetsTheAclOfAnUpload(HonestMemory):
    @hookimpl
    def create_multipart_upload(self, bucket: str, key: str, options: UploadOptions) -> Upload:
        return super().create_multipart_upload(bucket, key, replace(options, acl=None))


@fails(AclTests, AclTests.test_an_object_that_does_not_exist_has_no_acl)
class MakesAnAclOfNothing(HonestMemory):
    @hookimpl
    def get_object_acl(self, bucket: str, key: str, options: VersionOptions) -> Acl:
        try:
            return super().get_object_acl(bucket, key, options)
        except NoSuchKey:
            return canned_acl("private", DEFAULT_OWNER)


@fails(OwnerTests, OwnerTests.test_a_bucket_belongs_to_whoever_is_named)
class OwnsAllBuckets(HonestMemory):
    @hookimpl
    def create_bucket(self, bucket: str, options: CreateBucketOptions) -> BucketInfo:
        return super().create_bucket(bucket, replace(options, owner=None))


@fails(OwnerTests, OwnerTests.test_a_bucket_of_nobody_belongs_to_whoever_owns_the_store)
class MakesBucketsOfNobody(HonestMemory):
    @hookimpl
    def head_bucket(self, bucket: str) -> BucketInfo:
        info = super().head_bucket(bucket)
        return replace(info, owner=None) if info.owner == DEFAULT_OWNER else info


@fails(OwnerTests, OwnerTests.test_a_version_belongs_to_whoever_is_named)
class OwnsAllObjects(HonestMemory):
    @hookimpl
    def put_object(self, bucket: str, key: str, body: Body, options: PutOptions) -> ObjectInfo:
        return super().put_object(bucket, key, body, replace(options, owner=None))


@fails(OwnerTests, OwnerTests.test_the_acl_says_who_owns_a_version)
class SaysTheBucketOwnerInAcls(HonestMemory):
    @hookimpl
    def get_object_acl(self, bucket: str, key: str, options: VersionOptions) -> Acl:
        acl = super().get_object_acl(bucket, key, options)
        owner = self._buckets[bucket].access.owner
        return canned_acl("private", owner) if acl == canned_acl("private", acl.owner) else replace(acl, owner=owner)


@fails(OwnerTests, OwnerTests.test_an_object_of_nobody_belongs_to_the_buckets_owner)
class GivesObjectsToTheStore(HonestMemory):
    @hookimpl
    def get_object_acl(self, bucket: str, key: str, options: VersionOptions) -> Acl:
        acl = super().get_object_acl(bucket, key, options)
        facts = self._buckets[bucket].objects[key].facts
        return canned_acl("private", DEFAULT_OWNER) if facts.owner is None and facts.acl is None else acl


class RemembersAccess(HonestMemory):
    """Looks once at what is set on a bucket, and believes that for ever."""

    def __init__(self) -> None:
        super().__init__()
        self._seen: dict[str, BucketAccess] = {}

    @hookimpl
    def create_bucket(self, bucket: str, options: CreateBucketOptions) -> BucketInfo:
        info = super().create_bucket(bucket, options)
        self._seen[bucket] = super().get_bucket_access(bucket)
        return info

    @hookimpl
    def get_bucket_access(self, bucket: str) -> BucketAccess:
        return self.changed(super().get_bucket_access(bucket), self._seen[bucket])

    def changed(self, access: BucketAccess, seen: BucketAccess) -> BucketAccess:
        """Returns what it says."""
        return access


@fails(BucketAccessTests, BucketAccessTests.test_what_is_set_is_there_at_once)
class RemembersThePolicy(RemembersAccess):
    def changed(self, access: BucketAccess, seen: BucketAccess) -> BucketAccess:
        return replace(access, policy=seen.policy)


@fails(BucketAccessTests, BucketAccessTests.test_what_is_set_is_there_at_once)
class RemembersTheBlock(RemembersAccess):
    def changed(self, access: BucketAccess, seen: BucketAccess) -> BucketAccess:
        return replace(access, public_access=seen.public_access)


@fails(BucketAccessTests, BucketAccessTests.test_nothing_is_set_on_a_new_bucket)
class EnforcesTheOwnerUnasked(RemembersAccess):
    def changed(self, access: BucketAccess, seen: BucketAccess) -> BucketAccess:
        return replace(access, ownership=access.ownership or "BucketOwnerEnforced")


@fails(BucketAccessTests, BucketAccessTests.test_the_owner_of_a_bucket_comes_with_what_is_set)
class SaysThatItOwnsAllBuckets(RemembersAccess):
    def changed(self, access: BucketAccess, seen: BucketAccess) -> BucketAccess:
        return replace(access, owner=DEFAULT_OWNER)


class KnowsNoForeignObjects(RemembersAccess):
    """Believes that all objects are the bucket owner's."""

    def changed(self, access: BucketAccess, seen: BucketAccess) -> BucketAccess:
        return replace(access, foreign_objects=False)


@fails(BucketAccessTests, BucketAccessTests.test_objects_of_others_are_known)
class DoesNotKnowOwners(KnowsNoForeignObjects):
    pass


@fails(BucketAccessTests, BucketAccessTests.test_objects_that_bring_an_acl_are_known)
class DoesNotKnowAclsOfWrites(KnowsNoForeignObjects):
    pass


@fails(BucketAccessTests, BucketAccessTests.test_objects_with_an_acl_of_their_own_are_known)
class DoesNotKnowAcls(KnowsNoForeignObjects):
    pass


@fails(ErrorTests, ErrorTests.test_a_bucket_that_does_not_exist_is_named)
class SaysThatAMissingBucketIsOpen(HonestMemory):
    @hookimpl
    def get_bucket_access(self, bucket: str) -> BucketAccess:
        return super().get_bucket_access(bucket) if bucket in self._buckets else BucketAccess()


@fails(ErrorTests, ErrorTests.test_a_bucket_that_does_not_exist_is_named)
class PutsAclsNowhere(HonestMemory):
    @hookimpl
    def put_object_acl(self, bucket: str, key: str, acl: Acl, options: VersionOptions) -> Done:
        if bucket not in self._buckets:
            return Done.DONE
        return super().put_object_acl(bucket, key, acl, options)
