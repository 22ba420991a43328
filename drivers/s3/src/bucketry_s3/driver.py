"""The driver for any server that speaks S3: all of its operations."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from bucketry import (
    DONE,
    Acl,
    AnyBucketSettings,
    BatchDeleteOptions,
    Body,
    BucketInfo,
    Classified,
    CompletedPart,
    CompleteOptions,
    CopyOptions,
    CreateBucketOptions,
    Deleted,
    DeleteOptions,
    DeleteResult,
    Done,
    GetOptions,
    HeadOptions,
    InvalidSettings,
    ListOptions,
    ObjectInfo,
    ObjectPage,
    ObjectToDelete,
    OpenedObject,
    PageOptions,
    Part,
    PartCopyOptions,
    PartOptions,
    PartPage,
    PresignedUrl,
    PresignOptions,
    PutOptions,
    Retention,
    RetentionOptions,
    Status,
    Unavailable,
    Unsupported,
    Upload,
    UploadListOptions,
    UploadOptions,
    UploadPage,
    Usage,
    UsageReport,
    VersionListOptions,
    VersionOptions,
    VersionPage,
)
from bucketry.hookspecs import DriverSpec, hookimpl
from bucketry.presigning import presigned_url
from bucketry.tagging import NO_TAGS
from bucketry_s3client import (
    FailedUploads,
    LastingThreads,
    S3Client,
    S3ResponseError,
    as_xml,
    delete_tags,
    explain_no_response,
    explaining_locks,
    get_acl,
    get_tags,
    is_list_of_buckets,
    list_versions,
    not_s3,
    put_acl,
    put_legal_hold,
    put_retention,
    put_tags,
    upload_page,
)
from typing_extensions import override
from urllib3.exceptions import HTTPError

from bucketry_s3.bucket_settings import SettingsOfBuckets
from bucketry_s3.buckets import Buckets
from bucketry_s3.copies import Copies
from bucketry_s3.credentials import Signers
from bucketry_s3.endpoints import resolved, virtual_buckets
from bucketry_s3.errors import classify
from bucketry_s3.found import CONSERVATIVE, OPERATIONS_OF, Found
from bucketry_s3.keys import begins_no_key
from bucketry_s3.listing import Lister, list_uploads
from bucketry_s3.objects import Objects
from bucketry_s3.sdk import Sdk
from bucketry_s3.settings import S3StoreSettings
from bucketry_s3.uploads import Uploads

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client as Boto3Client

_VERSIONS: Final = "s3 versions"

_PATIENCE_WITH_AWS: Final = 10.0
_PATIENCE: Final = 1.0
"""Seconds until settings that were put must be there. AWS is eventually consistent in them (S3 user guide, "Amazon S3
data consistency model")."""


class S3Driver(DriverSpec):
    """Object storage on any server that speaks S3."""

    name = "s3"
    contract_version = 3
    Settings = S3StoreSettings
    s3_endpoint = True
    # What an open store has is what probes found.

    def __init__(self, settings: S3StoreSettings, found: Found | None = None) -> None:
        """Makes the driver, and finds out what the server can do.

        Args:
            settings: The settings.
            found: What the server can do; ``None``: probes find it out, unless ``settings.probe`` is false.

        Raises:
            InvalidSettings: The endpoint or the credentials cannot be used, or ``ca_file`` cannot be read.
            Unavailable: The server does not respond, so that nothing can be found out.
            AccessDenied: The server refuses the credentials.
            BackendError: The server does not give back what it is given.
        """
        is_aws = not settings.location
        asked, settings = settings, resolved(settings)
        self._settings = settings
        if found is None:
            found = _find_out(asked)
        try:
            self._signers = Signers(settings)
            self._is_virtual = virtual_buckets(settings.endpoint, settings.addressing, is_aws=is_aws)
            # A public endpoint is a host of the user's own, also where AWS is behind it.
            is_awss = is_aws and settings.public_endpoint is None
            self._is_virtual_in_urls = virtual_buckets(settings.client_endpoint, settings.addressing, is_aws=is_awss)
            self._client = S3Client(
                settings,
                user_agent="bucketry-s3",
                clean=as_xml,
                signer=self._signers.signer,
                is_virtual=self._is_virtual,
            )
            self._signers.presigner(settings.client_endpoint, "path")
        except (ValueError, OSError) as error:
            raise InvalidSettings(str(error)) from None
        self.features = features = found.as_features()
        self.lacks = MappingProxyType(
            {
                operation: f"this server does not have {feature}"
                for operation, feature in OPERATIONS_OF.items()
                if not getattr(features, feature)
            }
        )
        self._lookups = LastingThreads(settings.lookup_threads, "bucketry-s3-lookup")
        self._failed_uploads = FailedUploads(self._client, classify)
        self._objects = Objects(self._client, self._failed_uploads, settings, features, found.dialect)
        self._copies = Copies(self._client, self._objects, self._failed_uploads, settings, found.dialect)
        self._uploads = Uploads(self._client, self._objects, settings.part_size, features, found.dialect)
        self._lister = Lister(self._client, self._lookups, found.dialect)
        self._buckets = Buckets(
            self._client,
            self._objects.find_bucket,
            self._lister,
            self._lookups,
            settings.region if is_aws else "",
            partial(self._uploads_below, prefix=""),
            has_versions=features.bucket_versioning,
            checks_deleted=found.dialect.checks_deleted_buckets,
        )
        patience = _PATIENCE_WITH_AWS if is_aws else _PATIENCE
        self._settings_of_buckets = SettingsOfBuckets(self._client, patience, settings.read_timeout + patience)
        self._dialect = found.dialect
        self._sdk = Sdk(settings, is_virtual=self._is_virtual is not None)

    @property
    def client(self) -> S3Client:
        """The client that sends the requests: for probes."""
        return self._client

    @property
    def settings(self) -> S3StoreSettings:
        """The settings, with a place and a region."""
        return self._settings

    @property
    def user(self) -> str:
        """Names who signs; see `Signers.user`."""
        return self._signers.user

    @override
    def sdk(self) -> Boto3Client:
        """Returns a boto3 client for the same server: for what the contract does not have.

        It is made once. Threads may share it. It closes with the store. Layers do not see its calls. Its errors are
        boto3's.
        """
        return self._sdk.get()

    # The store as a whole

    @override
    @hookimpl
    def status(self) -> Status:
        """Asks for the list of buckets, once: within ``connect_timeout`` and ``read_timeout`` together."""
        settings, detail = self._settings, self._why_unavailable()
        return Status(available=not detail, endpoint=settings.client_endpoint, region=settings.region, detail=detail)

    def _why_unavailable(self) -> str:
        endpoint = self._settings.endpoint
        try:
            headers, body = self._client.request("GET", once=True)
        except S3ResponseError as error:
            if error.code == "AccessDenied":  # It knows who asks, and does not show him the list.
                return ""
            return f"the server refuses the request: {classify(error).detail}"
        except Unavailable as error:  # Nothing was sent: the credentials have ended, and there are no new ones.
            return error.detail
        except (HTTPError, OSError) as error:
            return f"{endpoint} is unreachable: {explain_no_response(error)}"
        if not is_list_of_buckets(body):
            return f"{endpoint}: {not_s3(headers)}"
        return ""

    @override
    @hookimpl
    def bucket_usage(self, buckets: tuple[str, ...]) -> dict[str, Usage]:
        """Counts buckets by listing them: one request for each 1,000 objects."""
        return self._buckets.usage_of(buckets)

    @override
    @hookimpl
    def usage_report(self) -> UsageReport:
        """Counts all buckets that the caller may see."""
        return self._buckets.report()

    @override
    def check_new_key(self, bucket: str, key: str) -> None:
        """Refuses a key that the server does not keep as it is."""
        self._objects.check_key(key)

    @override
    @hookimpl
    def close(self) -> Done:
        """Closes the connections, after a last try to abort what is left."""
        self._failed_uploads.close()
        self._lookups.shutdown(wait=True, cancel_futures=True)
        self._sdk.close()
        self._client.close()
        return DONE

    @override
    @hookimpl
    def classify_error(self, error: Exception) -> Classified:
        """Looks an error up by its code or type."""
        return classify(error)

    # Buckets

    @override
    @hookimpl
    def list_buckets(self) -> tuple[BucketInfo, ...]:
        """Lists all buckets that the credentials may see: one request."""
        return self._buckets.list()

    @override
    @hookimpl
    def create_bucket(self, bucket: str, options: CreateBucketOptions) -> BucketInfo:
        """Creates a bucket: three requests."""
        return self._buckets.create(bucket, options)

    @override
    @hookimpl
    def head_bucket(self, bucket: str) -> BucketInfo:
        """Returns a bucket, from the list of them."""
        return self._buckets.head(bucket)

    @override
    @hookimpl
    def delete_bucket(self, bucket: str) -> Done:
        """Deletes an empty bucket, and its uploads in progress."""
        self._buckets.delete(bucket)
        return DONE

    @override
    @hookimpl
    def get_bucket_settings(self, bucket: str, kind: type[AnyBucketSettings]) -> AnyBucketSettings:
        """Returns a bucket's settings of one kind: one request."""
        return self._settings_of_buckets.get(bucket, kind)

    @override
    @hookimpl
    def put_bucket_settings(self, bucket: str, settings: AnyBucketSettings) -> Done:
        """Replaces a bucket's settings of one kind, and reads what the server keeps of them: three requests or more."""
        self._settings_of_buckets.put(bucket, settings)
        return DONE

    @override
    @hookimpl
    def delete_bucket_settings(self, bucket: str, kind: type[AnyBucketSettings]) -> Done:
        """Deletes a bucket's settings of one kind."""
        self._settings_of_buckets.delete(bucket, kind)
        return DONE

    # Objects

    @override
    @hookimpl
    def list_objects(self, bucket: str, options: ListOptions) -> ObjectPage:
        """Lists one page: one request, and one for each object if content types are asked for."""
        return self._lister.page(bucket, options)

    @override
    @hookimpl
    def head_object(self, bucket: str, key: str, options: HeadOptions) -> ObjectInfo:
        """Returns an object without its content: one request."""
        self._objects.check_key(key)
        return self._objects.head(bucket, key, options)

    @override
    @hookimpl
    def get_object(self, bucket: str, key: str, options: GetOptions) -> OpenedObject:
        """Opens an object: one request, whose response is read as it comes."""
        self._objects.check_key(key)
        return self._objects.get(bucket, key, options)

    @override
    @hookimpl
    def put_object(self, bucket: str, key: str, body: Body, options: PutOptions) -> ObjectInfo:
        """Stores an object: in one request where its length is known, else in parts, if it is long."""
        self._objects.check_key(key)
        return self._objects.put(bucket, key, body, options)

    @override
    @hookimpl
    def copy_object(
        self, source_bucket: str, source_key: str, bucket: str, key: str, options: CopyOptions
    ) -> ObjectInfo:
        """Copies an object within the server: three requests."""
        self._objects.check_key(source_key)
        self._objects.check_key(key)
        return self._copies.copy(source_bucket, source_key, bucket, key, options)

    @override
    @hookimpl
    def delete_object(self, bucket: str, key: str, options: DeleteOptions) -> Deleted:
        """Deletes an object or a version: one request."""
        self._objects.check_key(key)
        return self._objects.delete(bucket, key, options)

    @override
    @hookimpl
    def delete_objects(
        self, bucket: str, objects: tuple[ObjectToDelete, ...], options: BatchDeleteOptions
    ) -> DeleteResult:
        """Deletes objects: one request for all whose keys XML can hold, and one for each other."""
        return self._objects.delete_many(bucket, objects, options)

    @override
    @hookimpl
    def presign(self, bucket: str, key: str, options: PresignOptions) -> PresignedUrl:
        """Signs a URL for the public endpoint; asks the server nothing."""
        is_virtual = self._is_virtual_in_urls is not None and self._is_virtual_in_urls(bucket)
        addressing: Final = "virtual" if is_virtual else "path"
        presigner = self._signers.presigner(self._settings.client_endpoint, addressing)
        return presigned_url(presigner, bucket, key, options)

    # Locks and access control lists of versions: one request each.

    @override
    @hookimpl
    def put_object_retention(self, bucket: str, key: str, retention: Retention, options: RetentionOptions) -> Done:
        """Replaces the retention of a version."""
        self._objects.check_key(key)
        bypass, version_id = options.bypass_governance, options.version_id
        try:
            with explaining_locks(self._client, bucket, key, version_id):
                put_retention(self._client, bucket, key, retention, version_id, bypass_governance=bypass)
        except S3ResponseError as error:
            if retention.mode is None and error.code == "MalformedXML":
                raise Unsupported("this server cannot remove a retention: give it an earlier end") from error
            raise
        return DONE

    @override
    @hookimpl
    def put_object_legal_hold(self, bucket: str, key: str, legal_hold: bool, options: VersionOptions) -> Done:
        """Sets or removes the legal hold of a version."""
        self._objects.check_key(key)
        with explaining_locks(self._client, bucket, key, options.version_id):
            put_legal_hold(self._client, bucket, key, legal_hold, options.version_id)
        return DONE

    @override
    @hookimpl
    def get_object_acl(self, bucket: str, key: str, options: VersionOptions) -> Acl:
        """Returns the access control list of a version."""
        self._objects.check_key(key)
        return get_acl(self._client, bucket, key, options.version_id)

    @override
    @hookimpl
    def put_object_acl(self, bucket: str, key: str, acl: Acl, options: VersionOptions) -> Done:
        """Replaces the access control list of a version."""
        self._objects.check_key(key)
        put_acl(self._client, bucket, acl, key, options.version_id)
        return DONE

    # Tags of objects: one request each.

    @override
    @hookimpl
    def get_object_tagging(self, bucket: str, key: str, options: VersionOptions) -> Mapping[str, str]:
        """Returns an object's tags."""
        self._objects.check_key(key)
        return get_tags(self._client, bucket, key, options.version_id)

    @override
    @hookimpl
    def put_object_tagging(self, bucket: str, key: str, tags: Mapping[str, str], options: VersionOptions) -> Done:
        """Replaces an object's tags."""
        self._objects.check_key(key)
        put_tags(self._client, bucket, key, tags, options.version_id)
        return DONE

    @override
    @hookimpl
    def delete_object_tagging(self, bucket: str, key: str, options: VersionOptions) -> Done:
        """Takes all tags from an object."""
        self._objects.check_key(key)
        if self._dialect.forgets_etags:
            put_tags(self._client, bucket, key, NO_TAGS, options.version_id)
        else:
            delete_tags(self._client, bucket, key, options.version_id)
        return DONE

    # Multipart uploads

    @override
    @hookimpl
    def create_multipart_upload(self, bucket: str, key: str, options: UploadOptions) -> Upload:
        """Begins an upload."""
        self._objects.check_key(key)
        return self._uploads.create(bucket, key, options)

    @override
    @hookimpl
    def upload_part(
        self, bucket: str, key: str, upload_id: str, part_number: int, body: Body, options: PartOptions
    ) -> Part:
        """Stores a part: one request. Where its length is not known, it goes through a temporary file first."""
        self._objects.check_key(key)
        return self._uploads.send(bucket, key, upload_id, part_number, body, options)

    @override
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
        """Copies a part: two requests."""
        self._objects.check_key(key)
        self._objects.check_key(source_key)
        return self._uploads.copy((bucket, key, upload_id, part_number), source_bucket, source_key, options)

    @override
    @hookimpl
    def list_object_versions(self, bucket: str, options: VersionListOptions) -> VersionPage:
        """Lists a page of versions: one request."""
        return list_versions(self._client, bucket, options, _VERSIONS)

    @override
    @hookimpl
    def list_multipart_uploads(self, bucket: str, options: UploadListOptions) -> UploadPage:
        """Lists one page of the uploads in progress. Each page asks for all of them: servers differ in their order."""
        self._failed_uploads.sweep()
        return upload_page("s3 uploads", self._uploads_below(bucket, options.prefix), options)

    def _uploads_below(self, bucket: str, prefix: str) -> list[Upload]:
        # A server that lists an exact key alone may take a prefix for the key that it makes of it.
        exact = [] if begins_no_key(prefix, self._dialect.refused_keys) else [prefix]
        asked = [prefix] if self._dialect.uploads_by_prefix else ["", *exact]
        encoded = self._dialect.uploads_encoded
        # The same upload is not always listed with the same facts.
        found = {
            (one.key, one.upload_id): one
            for each in asked
            for one in list_uploads(self._client, bucket, each, encoded=encoded)
        }
        return [one for one in found.values() if one.key.startswith(prefix)]

    @override
    @hookimpl
    def list_parts(self, bucket: str, key: str, upload_id: str, options: PageOptions) -> PartPage:
        """Lists one page of an upload's parts: one request."""
        self._objects.check_key(key)
        return self._uploads.list_parts(bucket, key, upload_id, options)

    @override
    @hookimpl
    def complete_multipart_upload(
        self, bucket: str, key: str, upload_id: str, parts: tuple[CompletedPart, ...], options: CompleteOptions
    ) -> ObjectInfo:
        """Makes the parts the object: one request, and one for what it is then."""
        self._objects.check_key(key)
        return self._uploads.complete(bucket, key, upload_id, parts, options)

    @override
    @hookimpl
    def abort_multipart_upload(self, bucket: str, key: str, upload_id: str) -> Done:
        """Ends an upload: two requests, since some servers say nothing when there is none to end."""
        self._objects.check_key(key)
        self._uploads.abort(bucket, key, upload_id)
        return DONE


def _find_out(settings: S3StoreSettings) -> Found:
    """Returns what the server can do: from probes, or what is known of every server."""
    if not settings.probe:
        return CONSERVATIVE
    from bucketry_s3.probing import find_out  # It makes drivers itself.

    return find_out(settings)
