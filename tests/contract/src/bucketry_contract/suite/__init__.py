"""The suite: its tests by subject, and all of them together."""

from __future__ import annotations

from bucketry_contract.suite.access import AclTests, BucketAccessTests, OwnerTests
from bucketry_contract.suite.basics import BasicTests
from bucketry_contract.suite.bucket_settings import SettingsTests
from bucketry_contract.suite.buckets import BucketTests
from bucketry_contract.suite.checksums import ChecksumTests
from bucketry_contract.suite.completing_again import CompletingAgainTests
from bucketry_contract.suite.concurrency import ConcurrencyTests
from bucketry_contract.suite.copying import CopyTests
from bucketry_contract.suite.cors import CorsTests
from bucketry_contract.suite.deleting import DeletingTests
from bucketry_contract.suite.encryption import EncryptionTests
from bucketry_contract.suite.error_facts import ErrorFactTests
from bucketry_contract.suite.errors import ErrorTests
from bucketry_contract.suite.freed_space import FreedSpaceTests
from bucketry_contract.suite.keys import KeyTests
from bucketry_contract.suite.lifecycle import LifecycleTests
from bucketry_contract.suite.listing import ListingTests
from bucketry_contract.suite.model import ModelTests
from bucketry_contract.suite.multipart import MultipartTests
from bucketry_contract.suite.multipart_errors import MultipartErrorTests
from bucketry_contract.suite.object_lock import ComplianceTests, ObjectLockTests
from bucketry_contract.suite.object_parts import ObjectPartTests
from bucketry_contract.suite.paging import PagingTests
from bucketry_contract.suite.part_copies import PartCopyTests
from bucketry_contract.suite.part_reads import PartReadTests
from bucketry_contract.suite.persistence import PersistenceTests
from bucketry_contract.suite.presigned_urls import PresignedUrlTests
from bucketry_contract.suite.presigning import PresignTests
from bucketry_contract.suite.read_conditions import ReadConditionTests
from bucketry_contract.suite.reading import ReadingTests
from bucketry_contract.suite.storage_classes import StorageClassTests
from bucketry_contract.suite.streaming import StreamingTests
from bucketry_contract.suite.tagging import TaggingTests
from bucketry_contract.suite.times import TimeTests
from bucketry_contract.suite.usage import UsageTests
from bucketry_contract.suite.version_listing import VersionListingTests
from bucketry_contract.suite.versions import VersionTests
from bucketry_contract.suite.website_redirects import WebsiteRedirectTests
from bucketry_contract.suite.write_conditions import WriteConditionTests
from bucketry_contract.suite.writing import WritingTests


class ContractSuite(
    BasicTests,
    BucketTests,
    KeyTests,
    ReadingTests,
    ReadConditionTests,
    WritingTests,
    WriteConditionTests,
    DeletingTests,
    CopyTests,
    TimeTests,
    LifecycleTests,
    ListingTests,
    PagingTests,
    MultipartTests,
    MultipartErrorTests,
    PartCopyTests,
    PartReadTests,
    ObjectPartTests,
    CompletingAgainTests,
    ChecksumTests,
    EncryptionTests,
    TaggingTests,
    StorageClassTests,
    WebsiteRedirectTests,
    VersionTests,
    VersionListingTests,
    ObjectLockTests,
    AclTests,
    OwnerTests,
    BucketAccessTests,
    CorsTests,
    SettingsTests,
    UsageTests,
    FreedSpaceTests,
    PresignTests,
    PresignedUrlTests,
    PersistenceTests,
    StreamingTests,
    ErrorTests,
    ErrorFactTests,
    ConcurrencyTests,
    ComplianceTests,
    ModelTests,
):
    """The whole contract. A driver author inherits it and says what his `Backend` is.

    Example:
        ```python
        class TestAcme(ContractSuite):
            backend = AcmeBackend
        ```
    """


__all__ = ["ContractSuite"]
