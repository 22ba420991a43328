"""The MinIO driver: all of its operations."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Final

import msgspec
from bucketry import (
    DONE,
    AccessDenied,
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
    Features,
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
    Upload,
    UploadListOptions,
    UploadOptions,
    UploadPage,
    Usage,
    UsageReport,
    VersioningSettings,
    VersionListOptions,
    VersionOptions,
    VersionPage,
)
from bucketry.hookspecs import DriverSpec, hookimpl
from bucketry.object_lock import BUCKET_LOCK
from bucketry.presigning import presigned_url
from bucketry.s3 import NAMESPACE
from bucketry.sigv4 import Presigner
from bucketry_s3client import (
    FailedUploads,
    PathGuard,
    S3ResponseError,
    SdkClient,
    delete_tags,
    explain_no_response,
    explaining_locks,
    get_settings,
    get_tags,
    is_list_of_buckets,
    is_without_versions,
    list_buckets,
    list_versions,
    not_s3,
    put_legal_hold,
    put_retention,
    put_tags,
    response_date,
    upload_page,
)
from msgspec.structs import replace
from typing_extensions import override
from urllib3.exceptions import HTTPError

from bucketry_minio.admin import AdminApi
from bucketry_minio.bucket_settings import SettingsChanges, check_settings
from bucketry_minio.connection import Connection
from bucketry_minio.errors import AUTHENTICATION, MISSING_SETTINGS, classify
from bucketry_minio.keys import check_key
from bucketry_minio.listing import list_page
from bucketry_minio.objects import Objects
from bucketry_minio.sdk import make_sdk
from bucketry_minio.settings import MinioSettings
from bucketry_minio.uploads import Uploads, list_uploads
from bucketry_minio.usage import UsageCounter

if TYPE_CHECKING:
    from minio import Minio

_VERSIONS: Final = "minio versions"
_NO_CONSTRAINT: Final = "us-east-1"
"""The region that a new bucket is in where its request names none (S3 API reference, CreateBucket)."""

_CREATE: Final = (
    f'<CreateBucketConfiguration xmlns="{NAMESPACE}">'
    "<LocationConstraint>{}</LocationConstraint></CreateBucketConfiguration>"
)


class MinioDriver(DriverSpec):
    """Object storage on a MinIO server. It connects when it is first used."""

    name = "minio"
    contract_version = 3
    Settings = MinioSettings
    s3_endpoint = True
    # Not declared is what MinIO ignores silently: if_match of a delete, and both conditions on a copy's destination.
    # Not implemented are a bucket's CORS rules, which MinIO refuses (501): it has one setting for all buckets. It has
    # two storage classes, and refuses all others.
    features = Features(
        get_if_match=True,
        get_if_none_match=True,
        get_if_modified_since=True,
        get_if_unmodified_since=True,
        get_part_number=True,
        put_if_match=True,
        put_if_none_match=True,
        put_headers=True,
        put_metadata=True,
        put_tagging=True,
        # Not of uploads: MinIO copies no part into an upload with checksums, and lists uploads without them. The newer
        # algorithms it ignores.
        checksums=True,
        checksum_algorithms=("CRC32", "CRC32C", "CRC64NVME", "SHA1", "SHA256"),
        copy_source_if_match=True,
        copy_tagging=True,
        copy_own_etag=True,
        upload_tagging=True,
        part_copy_source_if_match=True,
        complete_if_match=True,
        complete_if_none_match=True,
        complete_subset=True,
        list_delimiter=True,
        list_start_after=True,
        list_versions_start_after=True,
        bucket_versioning=True,
        bucket_object_lock=True,
        upload_object_lock=True,
        bucket_lifecycle=True,
        bucket_policy=True,
        bucket_tagging=True,
        bucket_notification=True,
        presign_content_type=True,
        presign_response_headers=True,
        persistent=True,
    )

    def __init__(self, settings: MinioSettings) -> None:
        """Makes the driver; asks the server nothing.

        Raises:
            InvalidSettings: The endpoint or the credentials cannot be used, or ``ca_file`` cannot be read.
        """
        self._settings = settings
        self.features = replace(self.features, encrypt_sse_s3=settings.kms, encrypt_sse_kms=settings.kms)
        try:
            self._presigner = Presigner(settings.credentials, endpoint=settings.client_endpoint, region=settings.region)
            self._connection = Connection(settings)
        except (ValueError, OSError) as error:
            raise InvalidSettings(str(error)) from None
        self._failed_uploads = FailedUploads(self._connection, classify)
        self._paths = PathGuard(self._connection, is_on=settings.check_paths)
        self._objects = Objects(self._connection, self._failed_uploads, self._paths, settings)
        self._uploads = Uploads(self._connection, self._objects, self._paths, settings.part_size)
        self._sdk = SdkClient(self._connection, partial(make_sdk, settings))
        self._settings_changes = SettingsChanges(self._connection, settings.read_timeout)
        self._usage = UsageCounter(self._connection, AdminApi(self._connection), settings.usage_list_limit)

    @override
    def sdk(self) -> Minio:
        """Returns a minio-py client for the same server: for what the contract does not have, such as replication.

        It is made once, with the store's endpoint, keys, TLS, timeouts and retries. Threads may share it. It closes
        with the store. Layers do not see its calls. Its errors are minio-py's, and urllib3's where there is no
        response.
        """
        return self._sdk.get()

    # The store as a whole

    @override
    @hookimpl
    def status(self) -> Status:
        """Asks for the list of buckets, once: within ``connect_timeout`` and ``read_timeout`` together."""
        detail = self._why_unavailable()
        settings = self._settings
        return Status(available=not detail, endpoint=settings.client_endpoint, region=settings.region, detail=detail)

    def _why_unavailable(self) -> str:
        try:
            headers, body = self._connection.request("GET", once=True)
        except S3ResponseError as error:
            return _refused(error)
        except (HTTPError, OSError) as error:
            return f"{self._settings.endpoint} is unreachable: {explain_no_response(error)}"
        if not is_list_of_buckets(body):
            return f"{self._settings.endpoint}: {not_s3(headers)}"
        return ""

    @override
    @hookimpl
    def bucket_usage(self, buckets: tuple[str, ...]) -> dict[str, Usage]:
        """Counts buckets, side by side."""
        return self._usage.count(buckets)

    @override
    @hookimpl
    def usage_report(self) -> UsageReport:
        """Counts the caller's buckets, and asks for their quotas; MinIO knows no owners of buckets."""
        return self._usage.report(tuple(info.name for info in self.list_buckets()))

    @override
    def check_new_key(self, bucket: str, key: str) -> None:
        """Refuses a key that MinIO cannot hold. Whether it would hide others from listings, a write alone finds out."""
        check_key(key)

    @override
    @hookimpl
    def close(self) -> Done:
        """Closes the connections, after a last try to abort what is left."""
        self._failed_uploads.close()
        self._sdk.close()
        self._connection.close()
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
        return list_buckets(self._connection).infos

    @override
    @hookimpl
    def create_bucket(self, bucket: str, options: CreateBucketOptions) -> BucketInfo:
        """Creates a bucket; two requests, since only the list of buckets has its time.

        With object lock there is one more: does MinIO show versioning, which it turns on with object lock? It shows,
        and obeys, both or none.
        """
        region = self._settings.region
        content = b"" if region == _NO_CONSTRAINT else _CREATE.format(region).encode()
        # Sent again after its response was lost, it would fail: the bucket exists then.
        headers = {BUCKET_LOCK: "true"} if options.object_lock else {}
        self._connection.request("PUT", bucket, headers=headers, content=content, repeatable=False)
        if options.object_lock:
            self._settings_changes.confirm(bucket, VersioningSettings(status="Enabled"))
        return msgspec.structs.replace(self.head_bucket(bucket), object_lock=options.object_lock)

    @override
    @hookimpl
    def head_bucket(self, bucket: str) -> BucketInfo:
        """Returns a bucket, from the list of them."""
        for found in self.list_buckets():
            if found.name == bucket:
                return found
        self._connection.find(bucket)  # Raises NoSuchBucket, mostly.
        raise AccessDenied("the credentials may use this bucket, but not see it in the list", bucket=bucket)

    @override
    @hookimpl
    def delete_bucket(self, bucket: str) -> Done:
        """Deletes a bucket; its uploads first, which MinIO would show in a new bucket of that name."""
        uploads = list_uploads(self._connection, bucket, "")
        if uploads and is_without_versions(self._connection, bucket):
            for upload in uploads:
                self._connection.request("DELETE", bucket, upload.key, query={"uploadId": upload.upload_id})
        self._connection.request("DELETE", bucket, repeatable=False)
        return DONE

    @override
    @hookimpl
    def get_bucket_settings(self, bucket: str, kind: type[AnyBucketSettings]) -> AnyBucketSettings:
        """Returns a bucket's settings of one kind: one request."""
        return get_settings(self._connection, bucket, kind, also_missing=MISSING_SETTINGS)

    @override
    @hookimpl
    def put_bucket_settings(self, bucket: str, settings: AnyBucketSettings) -> Done:
        """Replaces a bucket's settings of one kind, and looks whether MinIO shows them: two requests."""
        check_settings(settings)
        self._settings_changes.put(bucket, settings)
        return DONE

    @override
    @hookimpl
    def delete_bucket_settings(self, bucket: str, kind: type[AnyBucketSettings]) -> Done:
        """Deletes a bucket's settings of one kind."""
        self._settings_changes.delete(bucket, kind)
        return DONE

    # Objects

    @override
    @hookimpl
    def list_objects(self, bucket: str, options: ListOptions) -> ObjectPage:
        """Lists one page, content types included: one request."""
        return list_page(self._connection, bucket, options)

    @override
    @hookimpl
    def head_object(self, bucket: str, key: str, options: HeadOptions) -> ObjectInfo:
        """Returns an object without its content: one request."""
        return self._objects.head(bucket, key, options)

    @override
    @hookimpl
    def get_object(self, bucket: str, key: str, options: GetOptions) -> OpenedObject:
        """Opens an object: one request, whose response is read as it comes."""
        return self._objects.get(bucket, key, options)

    @override
    @hookimpl
    def put_object(self, bucket: str, key: str, body: Body, options: PutOptions) -> ObjectInfo:
        """Stores an object: in one request up to ``part_size``, else in parts.

        MinIO takes no parts for a key that ends in a slash, so that such an object is always sent in one request.
        """
        return self._objects.put(bucket, key, body, options)

    @override
    @hookimpl
    def copy_object(
        self, source_bucket: str, source_key: str, bucket: str, key: str, options: CopyOptions
    ) -> ObjectInfo:
        """Copies an object: one request for what the source is, and one for the copy."""
        return self._objects.copy(source_bucket, source_key, bucket, key, options)

    @override
    @hookimpl
    def delete_object(self, bucket: str, key: str, options: DeleteOptions) -> Deleted:
        """Deletes an object: one request."""
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
        return presigned_url(self._presigner, bucket, key, options)

    # Locks of versions: one request each.

    @override
    @hookimpl
    def put_object_retention(self, bucket: str, key: str, retention: Retention, options: RetentionOptions) -> Done:
        """Replaces the retention of a version."""
        check_key(key)
        bypass, version_id = options.bypass_governance, options.version_id
        with explaining_locks(self._connection, bucket, key, version_id):
            put_retention(self._connection, bucket, key, retention, version_id, bypass_governance=bypass)
        return DONE

    @override
    @hookimpl
    def put_object_legal_hold(self, bucket: str, key: str, legal_hold: bool, options: VersionOptions) -> Done:
        """Sets or removes the legal hold of a version."""
        check_key(key)
        with explaining_locks(self._connection, bucket, key, options.version_id):
            put_legal_hold(self._connection, bucket, key, legal_hold, options.version_id)
        return DONE

    # Tags of objects: one request each. MinIO takes ASCII letters alone.

    @override
    @hookimpl
    def get_object_tagging(self, bucket: str, key: str, options: VersionOptions) -> Mapping[str, str]:
        """Returns an object's tags."""
        check_key(key)
        return get_tags(self._connection, bucket, key, options.version_id)

    @override
    @hookimpl
    def put_object_tagging(self, bucket: str, key: str, tags: Mapping[str, str], options: VersionOptions) -> Done:
        """Replaces an object's tags."""
        check_key(key)
        put_tags(self._connection, bucket, key, tags, options.version_id)
        return DONE

    @override
    @hookimpl
    def delete_object_tagging(self, bucket: str, key: str, options: VersionOptions) -> Done:
        """Takes all tags from an object."""
        check_key(key)
        delete_tags(self._connection, bucket, key, options.version_id)
        return DONE

    # Multipart uploads

    @override
    @hookimpl
    def create_multipart_upload(self, bucket: str, key: str, options: UploadOptions) -> Upload:
        """Begins an upload."""
        return self._uploads.create(bucket, key, options)

    @override
    @hookimpl
    def upload_part(
        self, bucket: str, key: str, upload_id: str, part_number: int, body: Body, options: PartOptions
    ) -> Part:
        """Stores a part: one request. Where its length is not known, it goes through a temporary file first."""
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
        """Copies a part: one request for a range, and one more where the size of the source has to be known."""
        return self._uploads.copy((bucket, key, upload_id, part_number), source_bucket, source_key, options)

    @override
    @hookimpl
    def list_object_versions(self, bucket: str, options: VersionListOptions) -> VersionPage:
        """Lists a page of versions: one request."""
        return list_versions(self._connection, bucket, options, _VERSIONS)

    @override
    @hookimpl
    def list_multipart_uploads(self, bucket: str, options: UploadListOptions) -> UploadPage:
        """Lists one page of the uploads in progress."""
        self._failed_uploads.sweep()
        return upload_page("minio uploads", list_uploads(self._connection, bucket, options.prefix), options)

    @override
    @hookimpl
    def list_parts(self, bucket: str, key: str, upload_id: str, options: PageOptions) -> PartPage:
        """Lists one page of an upload's parts: one request."""
        return self._uploads.list_parts(bucket, key, upload_id, options)

    @override
    @hookimpl
    def complete_multipart_upload(
        self, bucket: str, key: str, upload_id: str, parts: tuple[CompletedPart, ...], options: CompleteOptions
    ) -> ObjectInfo:
        """Makes the parts the object: one request, and one for what it is then."""
        return self._uploads.complete(bucket, key, upload_id, parts, options)

    @override
    @hookimpl
    def abort_multipart_upload(self, bucket: str, key: str, upload_id: str) -> Done:
        """Ends an upload: two requests, since MinIO says nothing when there is none to end."""
        self._uploads.abort(bucket, key, upload_id)
        return DONE


def _refused(error: S3ResponseError) -> str:
    """Says why the server refused; nothing where it knows who asks and only has no buckets for him."""
    if error.code == "AccessDenied":
        return ""
    verdict = classify(error)
    if error.code == "RequestTimeTooSkewed":
        return f"{verdict.detail}; {_skew(response_date(error.headers))}"
    why = "refuses the credentials" if error.code in AUTHENTICATION else "cannot be used"
    return f"the server {why}: {verdict.detail}"


def _skew(server_time: datetime) -> str:
    ahead = round((datetime.now(UTC) - server_time) / timedelta(seconds=1))
    return f"this machine is {abs(ahead)} seconds {'ahead' if ahead > 0 else 'behind'}"
