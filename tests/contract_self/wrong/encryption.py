"""Drivers with mistakes in encryption."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from bucketry import (
    AttributesOptions,
    Body,
    CompletedPart,
    CompleteOptions,
    CopyOptions,
    CustomerKey,
    Done,
    Encryption,
    EncryptionSettings,
    GetOptions,
    HeadOptions,
    InvalidArgument,
    NoSuchBucket,
    NoSuchKey,
    NoSuchKmsKey,
    ObjectAttributes,
    ObjectInfo,
    OpenedObject,
    Part,
    PartCopyOptions,
    PartOptions,
    PutOptions,
    Upload,
    UploadOptions,
    VersionOptions,
    WrongCustomerKey,
)
from bucketry.hookspecs import hookimpl
from bucketry_contract.suite.encryption import EncryptionTests
from bucketry_memory import MemorySettings
from bucketry_memory.encryption import KmsKeys
from msgspec.structs import replace

from tests.contract_self.cases import fails
from tests.contract_self.honest_memory import HonestMemory, HonestVault


class Unlocks(HonestMemory):
    """Can look at objects without the customer's key."""

    @contextmanager
    def unlocked(self, bucket: str, key: str) -> Iterator[None]:
        """Takes the key off an object for a while."""
        objects = self._buckets[bucket].objects if bucket in self._buckets else {}
        stored = objects.get(key)
        if stored is not None:
            objects[key] = stored.with_facts(replace(stored.facts, key_digest=None))
        try:
            yield
        finally:
            if stored is not None:
                objects[key] = stored


@fails(EncryptionTests, EncryptionTests.test_a_version_is_encrypted_as_its_write_asks)
class ForgetsTheEncryption(HonestMemory):
    @hookimpl
    def put_object(self, bucket: str, key: str, body: Body, options: PutOptions) -> ObjectInfo:
        info = super().put_object(bucket, key, body, replace(options, encryption=None))
        return replace(info, encryption=options.encryption)


@fails(EncryptionTests, EncryptionTests.test_the_kms_key_is_the_one_that_was_asked_for)
class ShowsAnotherKmsKey(HonestMemory):
    @hookimpl
    def head_object(self, bucket: str, key: str, options: HeadOptions) -> ObjectInfo:
        info = super().head_object(bucket, key, options)
        found = info.encryption
        return info if found is None or found.key_id is None else replace(info, encryption=replace(found, key_id="own"))


class ResolvesWrongly(HonestMemory):
    """Has a key service of its own."""

    def __init__(self, settings: MemorySettings | None = None) -> None:
        super().__init__(settings)
        self._kms = self.kms()

    def kms(self) -> Any:
        return KmsKeys(())


@fails(EncryptionTests, EncryptionTests.test_a_kms_key_that_does_not_exist_is_refused)
class TakesAnyKmsKey(ResolvesWrongly):
    """Nobody could ever read what it stored."""


class _NoDefault:
    def resolve(self, encryption: Encryption) -> Encryption:
        if encryption.algorithm != "AES256" and encryption.key_id is None:
            raise NoSuchKmsKey
        return encryption


@fails(EncryptionTests, EncryptionTests.test_without_an_id_the_key_service_has_a_key)
class WantsTheIdOfAKey(ResolvesWrongly):
    def kms(self) -> Any:
        return _NoDefault()


@fails(EncryptionTests, EncryptionTests.test_other_encrypted_content_has_another_etag)
class HasOneEtagForAllThatIsEncrypted(HonestMemory):
    @hookimpl
    def put_object(self, bucket: str, key: str, body: Body, options: PutOptions) -> ObjectInfo:
        info = super().put_object(bucket, key, body, options)
        if info.encryption is None and info.customer_key_md5 is None:
            return info
        stored = self._buckets[bucket].objects[key]
        self._buckets[bucket].objects[key] = replace(stored, etag="0" * 32)
        return replace(info, etag="0" * 32)


# A customer's key


@fails(EncryptionTests, EncryptionTests.test_a_version_under_a_customers_key_is_read_with_that_key)
class DoesNotTellTheKeysDigest(HonestMemory):
    @hookimpl
    def head_object(self, bucket: str, key: str, options: HeadOptions) -> ObjectInfo:
        return replace(super().head_object(bucket, key, options), customer_key_md5=None)


class ReadsWithoutTheKey(Unlocks):
    """Reads without looking at the key, or not always."""

    def looks_away(self, options: GetOptions) -> bool:
        return True

    @hookimpl
    def get_object(self, bucket: str, key: str, options: GetOptions) -> OpenedObject:
        if not self.looks_away(options):
            return super().get_object(bucket, key, options)
        with self.unlocked(bucket, key):
            return super().get_object(bucket, key, replace(options, customer_key=None))


@fails(EncryptionTests, EncryptionTests.test_a_version_under_a_customers_key_is_read_only_with_that_key)
class IgnoresAWrongKey(ReadsWithoutTheKey):
    def looks_away(self, options: GetOptions) -> bool:
        return options.customer_key is not None


@fails(EncryptionTests, EncryptionTests.test_a_version_under_a_customers_key_is_read_only_with_that_key)
class ReadsRangesWithoutTheKey(ReadsWithoutTheKey):
    def looks_away(self, options: GetOptions) -> bool:
        return options.range is not None


@fails(EncryptionTests, EncryptionTests.test_a_version_under_a_customers_key_is_read_only_with_that_key)
class IgnoresAWrongKeyOnHead(Unlocks):
    @hookimpl
    def head_object(self, bucket: str, key: str, options: HeadOptions) -> ObjectInfo:
        if options.customer_key is None:
            return super().head_object(bucket, key, options)
        with self.unlocked(bucket, key):
            return super().head_object(bucket, key, replace(options, customer_key=None))


@fails(EncryptionTests, EncryptionTests.test_attributes_under_a_customers_key_are_told_only_with_that_key)
class TellsAttributesWithoutTheKey(Unlocks):
    @hookimpl
    def get_object_attributes(self, bucket: str, key: str, options: AttributesOptions) -> ObjectAttributes:
        with self.unlocked(bucket, key):
            found = super().get_object_attributes(bucket, key, replace(options, customer_key=None))
        sent = options.customer_key
        return found if sent is None else replace(found, info=replace(found.info, customer_key_md5=sent.md5))


@fails(EncryptionTests, EncryptionTests.test_a_customers_key_that_nothing_needs_is_refused)
class TakesKeysThatNothingNeeds(HonestMemory):
    @hookimpl
    def get_object(self, bucket: str, key: str, options: GetOptions) -> OpenedObject:
        stored = self._buckets[bucket].objects.get(key) if bucket in self._buckets else None
        if stored is not None and stored.facts.key_digest is None:
            options = replace(options, customer_key=None)
        return super().get_object(bucket, key, options)


@fails(EncryptionTests, EncryptionTests.test_a_customers_key_that_nothing_needs_is_refused)
class KeepsTheKeyOfWhatWasThere(HonestMemory):
    @hookimpl
    def put_object(self, bucket: str, key: str, body: Body, options: PutOptions) -> ObjectInfo:
        if bucket not in self._buckets:
            raise NoSuchBucket
        before = self._buckets[bucket].objects.get(key)
        info = super().put_object(bucket, key, body, options)
        if before is not None and before.facts.key_digest is not None:
            stored = self._buckets[bucket].objects[key]
            facts = replace(stored.facts, key_digest=before.facts.key_digest)
            self._buckets[bucket].objects[key] = stored.with_facts(facts)
        return info


@fails(EncryptionTests, EncryptionTests.test_tags_and_deletes_need_no_customers_key)
class LosesTheKeyWithNewTags(HonestMemory):
    """Everybody can read an object that got new tags."""

    @hookimpl
    def put_object_tagging(self, bucket: str, key: str, tags: Any, options: VersionOptions) -> Done:
        done = super().put_object_tagging(bucket, key, tags, options)
        stored = self._buckets[bucket].objects[key]
        self._buckets[bucket].objects[key] = stored.with_facts(replace(stored.facts, key_digest=None))
        return done


@fails(EncryptionTests, EncryptionTests.test_no_error_shows_a_customers_key)
class ShowsTheKeyInErrors(HonestMemory):
    @hookimpl
    def get_object(self, bucket: str, key: str, options: GetOptions) -> OpenedObject:
        try:
            return super().get_object(bucket, key, options)
        except (WrongCustomerKey, NoSuchKey) as error:
            sent = options.customer_key or CustomerKey(bytes(32))
            raise type(error)(f"not with the key {base64.b64encode(sent.reveal()).decode()}") from None


# Copies


@fails(EncryptionTests, EncryptionTests.test_a_copy_is_encrypted_as_it_asks)
class CopiesTheEncryptionOfTheSource(HonestMemory):
    @hookimpl
    def copy_object(
        self, source_bucket: str, source_key: str, bucket: str, key: str, options: CopyOptions
    ) -> ObjectInfo:
        source = self._find(source_bucket, source_key, options.source_version_id)[1]
        if options.encryption is None and options.customer_key is None:
            options = replace(options, encryption=source.facts.encryption)
        return super().copy_object(source_bucket, source_key, bucket, key, options)


class CopiesWithoutTheKey(Unlocks):
    """Copies without looking at the key of the source, or not always."""

    def looks_away(self, options: CopyOptions) -> bool:
        return True

    @hookimpl
    def copy_object(
        self, source_bucket: str, source_key: str, bucket: str, key: str, options: CopyOptions
    ) -> ObjectInfo:
        if not self.looks_away(options):
            return super().copy_object(source_bucket, source_key, bucket, key, options)
        with self.unlocked(source_bucket, source_key):
            bare = replace(options, source_customer_key=None)
            return super().copy_object(source_bucket, source_key, bucket, key, bare)


@fails(EncryptionTests, EncryptionTests.test_a_source_under_a_customers_key_is_copied_only_with_that_key)
class CopiesWithoutAKey(CopiesWithoutTheKey):
    def looks_away(self, options: CopyOptions) -> bool:
        return options.source_customer_key is None


@fails(EncryptionTests, EncryptionTests.test_a_source_under_a_customers_key_is_copied_only_with_that_key)
class CopiesWithAnyKey(CopiesWithoutTheKey):
    def looks_away(self, options: CopyOptions) -> bool:
        return options.source_customer_key is not None


@fails(EncryptionTests, EncryptionTests.test_a_copy_onto_itself_may_change_its_encryption_alone)
class WantsNewHeadersForACopyOntoItself(HonestMemory):
    @hookimpl
    def copy_object(
        self, source_bucket: str, source_key: str, bucket: str, key: str, options: CopyOptions
    ) -> ObjectInfo:
        if options.headers is None and (source_bucket, source_key) == (bucket, key):
            raise InvalidArgument("a copy of an object onto itself needs new headers")
        return super().copy_object(source_bucket, source_key, bucket, key, options)


# Uploads in parts


@fails(EncryptionTests, EncryptionTests.test_an_upload_makes_an_object_that_is_encrypted_as_it_began)
class LosesTheEncryptionOfUploads(HonestMemory):
    @hookimpl
    def create_multipart_upload(self, bucket: str, key: str, options: UploadOptions) -> Upload:
        begun = super().create_multipart_upload(bucket, key, replace(options, encryption=None))
        return replace(begun, encryption=options.encryption)


@fails(EncryptionTests, EncryptionTests.test_an_upload_makes_an_object_that_is_encrypted_as_it_began)
class TellsThatPartsAreEncryptedOtherwise(HonestMemory):
    @hookimpl
    def upload_part(
        self, bucket: str, key: str, upload_id: str, part_number: int, body: Body, options: PartOptions
    ) -> Part:
        part = super().upload_part(bucket, key, upload_id, part_number, body, options)
        return replace(part, encryption=part.encryption and Encryption(algorithm="aws:kms:dsse"))


class TakesPartsWithoutTheKey(HonestMemory):
    """Takes parts without looking at their key, or not always."""

    @contextmanager
    def unlocked_upload(self, bucket: str, key: str, upload_id: str) -> Iterator[None]:
        upload = self._buckets[bucket].uploads.get(key, upload_id)
        kept = upload.facts
        upload.facts = replace(kept, key_digest=None)
        try:
            yield
        finally:
            upload.facts = kept


@fails(EncryptionTests, EncryptionTests.test_a_part_needs_the_customers_key_of_its_upload)
class TakesPartsWithAnyKey(TakesPartsWithoutTheKey):
    @hookimpl
    def upload_part(
        self, bucket: str, key: str, upload_id: str, part_number: int, body: Body, options: PartOptions
    ) -> Part:
        with self.unlocked_upload(bucket, key, upload_id):
            bare = replace(options, customer_key=None)
            return super().upload_part(bucket, key, upload_id, part_number, body, bare)


@fails(EncryptionTests, EncryptionTests.test_an_upload_is_completed_without_a_key_or_with_its_own)
class CompletesWithAnyKey(HonestMemory):
    @hookimpl
    def complete_multipart_upload(
        self, bucket: str, key: str, upload_id: str, parts: tuple[CompletedPart, ...], options: CompleteOptions
    ) -> ObjectInfo:
        bare = replace(options, customer_key=None)
        return super().complete_multipart_upload(bucket, key, upload_id, parts, bare)


@fails(EncryptionTests, EncryptionTests.test_an_upload_is_completed_without_a_key_or_with_its_own)
class WantsTheKeyToComplete(HonestMemory):
    @hookimpl
    def complete_multipart_upload(
        self, bucket: str, key: str, upload_id: str, parts: tuple[CompletedPart, ...], options: CompleteOptions
    ) -> ObjectInfo:
        if options.customer_key is None and self._buckets[bucket].uploads.get(key, upload_id).facts.key_digest:
            raise WrongCustomerKey
        return super().complete_multipart_upload(bucket, key, upload_id, parts, options)


class CopiesPartsWrongly(TakesPartsWithoutTheKey, Unlocks):
    """Copies parts with other options than it was given."""

    def bare(self, options: PartCopyOptions) -> PartCopyOptions:
        return options

    @hookimpl
    def upload_part_copy(
        self,
        bucket: str,
        key: str,
        upload_id: str,
        part_number: int,
        source_bucket: str,
        source_key: str,
        options: PartCopyOptions,
    ) -> Part:
        bare = self.bare(options)
        with self.unlocked(source_bucket, source_key) if bare.source_customer_key is None else _nothing():  # noqa: SIM117
            with self.unlocked_upload(bucket, key, upload_id) if bare.customer_key is None else _nothing():
                return super().upload_part_copy(bucket, key, upload_id, part_number, source_bucket, source_key, bare)


@contextmanager
def _nothing() -> Iterator[None]:
    yield


@fails(EncryptionTests, EncryptionTests.test_a_copied_part_needs_the_keys_of_its_source_and_of_its_upload)
class CopiesPartsWithoutTheKeyOfTheSource(CopiesPartsWrongly):
    def bare(self, options: PartCopyOptions) -> PartCopyOptions:
        return replace(options, source_customer_key=None)


@fails(EncryptionTests, EncryptionTests.test_a_copied_part_needs_the_keys_of_its_source_and_of_its_upload)
class CopiesPartsWithoutTheKeyOfTheUpload(CopiesPartsWrongly):
    def bare(self, options: PartCopyOptions) -> PartCopyOptions:
        return replace(options, customer_key=None)


@fails(EncryptionTests, EncryptionTests.test_a_copied_part_is_encrypted_as_its_upload)
class TellsTheEncryptionOfTheSource(HonestMemory):
    @hookimpl
    def upload_part_copy(
        self,
        bucket: str,
        key: str,
        upload_id: str,
        part_number: int,
        source_bucket: str,
        source_key: str,
        options: PartCopyOptions,
    ) -> Part:
        part = super().upload_part_copy(bucket, key, upload_id, part_number, source_bucket, source_key, options)
        source = self._find(source_bucket, source_key, options.source_version_id)[1]
        return replace(part, encryption=source.facts.encryption)


# A bucket's default


class HasAnotherDefault(HonestMemory):
    """Applies another default than was set, or at another time."""

    def default(self, settings: EncryptionSettings) -> EncryptionSettings:
        return settings

    @hookimpl
    def put_bucket_settings(self, bucket: str, settings: Any) -> Done:
        if isinstance(settings, EncryptionSettings):
            settings = self.default(settings)
        return super().put_bucket_settings(bucket, settings)


@fails(EncryptionTests, EncryptionTests.test_what_is_written_by_default_is_encrypted_as_the_bucket_says)
class LosesTheDefaultInUploads(HonestMemory):
    @hookimpl
    def create_multipart_upload(self, bucket: str, key: str, options: UploadOptions) -> Upload:
        settings = self._buckets[bucket].settings
        kept = settings._settings.pop(EncryptionSettings, None)
        try:
            return super().create_multipart_upload(bucket, key, options)
        finally:
            if kept is not None:
                settings._settings[EncryptionSettings] = kept


@fails(EncryptionTests, EncryptionTests.test_what_is_written_by_default_is_encrypted_as_the_bucket_says)
class AppliesTheDefaultToWhatIsRead(HonestMemory):
    """Tells of old objects what is true of new ones alone."""

    @hookimpl
    def head_object(self, bucket: str, key: str, options: HeadOptions) -> ObjectInfo:
        info = super().head_object(bucket, key, options)
        default = self._buckets[bucket].default_encryption.applied(info.encryption, options.customer_key)
        return replace(info, encryption=default)


@fails(EncryptionTests, EncryptionTests.test_a_bucket_may_name_the_kms_key_of_its_default)
class HasOneKmsKeyForAllBuckets(HasAnotherDefault):
    def default(self, settings: EncryptionSettings) -> EncryptionSettings:
        return replace(settings, key_id="other-contract-key") if settings.key_id else settings


@fails(EncryptionTests, EncryptionTests.test_a_customers_key_goes_before_the_default)
class PrefersTheDefault(HonestMemory):
    @hookimpl
    def put_object(self, bucket: str, key: str, body: Body, options: PutOptions) -> ObjectInfo:
        if bucket in self._buckets and self._buckets[bucket].default_encryption.algorithm is not None:
            options = replace(options, customer_key=None)
        return super().put_object(bucket, key, body, options)


# Where it is stored


@fails(EncryptionTests, EncryptionTests.test_encrypted_content_is_not_stored_readably)
class OnlySaysThatItEncrypts(HonestVault):
    def on_disk(self, content: bytes, *, encrypted: bool) -> bytes:
        return content
