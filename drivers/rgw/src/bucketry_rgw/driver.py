"""The Ceph RGW driver: all of its operations."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
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
    Features,
    GetOptions,
    HeadOptions,
    InvalidKey,
    InvalidSettings,
    ListOptions,
    NotificationSettings,
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
from bucketry.s3 import MAX_PART_BYTES
from bucketry.sigv4 import Presigner
from bucketry.tagging import NO_TAGS
from bucketry_s3client import (
    FailedUploads,
    LastingThreads,
    NameLocks,
    S3ResponseError,
    SdkClient,
    delete_notification,
    delete_settings,
    explain_no_response,
    explaining_locks,
    get_acl,
    get_settings,
    get_tags,
    is_list_of_buckets,
    list_versions,
    not_s3,
    put_acl,
    put_legal_hold,
    put_notification,
    put_retention,
    put_settings,
    put_tags,
)
from typing_extensions import override
from urllib3.exceptions import HTTPError

from bucketry_rgw.admin import AdminApi
from bucketry_rgw.bucket_settings import check_settings
from bucketry_rgw.buckets import Buckets
from bucketry_rgw.connection import connect
from bucketry_rgw.errors import DETAILS, MISSING_SETTINGS, classify
from bucketry_rgw.listing import Lister, Swift
from bucketry_rgw.objects import Objects
from bucketry_rgw.sdk import make_sdk
from bucketry_rgw.settings import RgwSettings
from bucketry_rgw.uploads import Uploads
from bucketry_rgw.usage import Reporter, UsageCounter

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client as Boto3Client


_VERSIONS: Final = "rgw versions"


class RgwDriver(DriverSpec):
    """Object storage on a Ceph RGW. It connects when it is first used."""

    name = "rgw"
    contract_version = 3
    Settings = RgwSettings
    s3_endpoint = True
    # RGW ignores silently, so these are not declared: conditions where parts are completed, on a copy's destination, on
    # the source of a part, and of a delete; tags of a copy, and numbers of parts that are read. RGW refuses to complete
    # an upload with some of its parts. Tags that an upload begins with are not readable afterwards. A copy has the
    # website redirect of its source.
    features = Features(
        get_if_match=True,
        get_if_none_match=True,
        get_if_modified_since=True,
        get_if_unmodified_since=True,
        put_if_match=True,
        put_if_none_match=True,
        put_headers=True,
        put_metadata=True,
        put_tagging=True,
        bucket_cors=True,
        copy_source_if_match=True,
        list_delimiter=True,
        list_start_after=True,
        list_versions_start_after=True,
        bucket_versioning=True,
        bucket_object_lock=True,
        bucket_lifecycle=True,
        bucket_policy=True,
        bucket_tagging=True,
        bucket_notification=True,
        bucket_request_payment=True,
        put_acl=True,
        presign_content_type=True,
        presign_response_headers=True,
        persistent=True,
        max_part_size=MAX_PART_BYTES,
    )

    def __init__(self, settings: RgwSettings) -> None:
        """Makes the driver; asks the gateway nothing.

        Raises:
            InvalidSettings: The endpoint or the credentials cannot be used, or ``ca_file`` cannot be read.
        """
        self._settings = settings
        try:
            self._presigner = Presigner(settings.credentials, endpoint=settings.client_endpoint, region=settings.region)
            self._client = connect(settings)
        except (ValueError, OSError) as error:
            raise InvalidSettings(str(error)) from None
        self._lookups = LastingThreads(settings.lookup_threads, "bucketry-rgw-lookup")
        self._failed_uploads = FailedUploads(self._client, classify)
        self._objects = Objects(self._client, self._failed_uploads, settings)
        self._uploads = Uploads(self._client, self._objects, settings.part_size)
        self._sdk = SdkClient(self._client, partial(make_sdk, settings))
        self._buckets = Buckets(self._client, settings)
        self._changing_settings = NameLocks("the bucket's settings", settings.read_timeout)
        swift = None
        if settings.swift_secret is not None:
            swift = Swift(self._client, settings.swift_user, settings.swift_secret)
        self._lister = Lister(self._client, swift, self._lookups, settings.lookup_threads)
        admin = AdminApi(self._client, settings.admin_path)
        self._usage = UsageCounter(self._client, admin, self._lister, self._lookups, self._buckets.uid)
        self._reporter = Reporter(admin, self._usage, self._buckets.uid, self._buckets.names)

    def _check_key(self, bucket: str, key: str) -> None:
        """Refuses what RGW cannot hold."""
        self._buckets.check_name(bucket)
        if "\0" in key:
            raise InvalidKey("RGW takes no key with a NUL", bucket=bucket, key=key)

    @override
    def sdk(self) -> Boto3Client:
        """Returns a boto3 client for the same gateway: for what the contract does not have, such as a location.

        It is made once, with the store's endpoint, keys, TLS, timeouts and retries. Threads may share it. It closes
        with the store. Layers do not see its calls. Its errors are boto3's, and urllib3's where there is no response.
        """
        return self._sdk.get()

    # The store as a whole

    @override
    @hookimpl
    def status(self) -> Status:
        """Lists the user's buckets, in one try; says what is wrong where that fails."""
        settings, detail = self._settings, self._problem()
        return Status(available=not detail, endpoint=settings.client_endpoint, region=settings.region, detail=detail)

    def _problem(self) -> str:
        try:
            headers, body = self._client.request("GET", once=True)
        except S3ResponseError as error:
            return self._reason(error)
        except (HTTPError, OSError) as error:
            return explain_no_response(error)
        if not is_list_of_buckets(body):
            return not_s3(headers)
        return ""

    def _reason(self, error: S3ResponseError) -> str:
        if error.code == "NoSuchBucket":
            host = self._settings.location.rpartition(":")[0] or self._settings.location
            return (
                f"host name mismatch: the gateway takes {host} for the name of a bucket. Reach it by the name in its "
                "'rgw dns name', or add this one to the hostnames of its zonegroup"
            )
        if error.status in {502, 503, 504}:
            return f"no gateway answers behind the endpoint (HTTP {error.status})"
        refused = f"the gateway refuses the request (HTTP {error.status})"
        return f"{error.code}: {DETAILS.get(error.code, refused)}"

    @override
    @hookimpl
    def bucket_usage(self, buckets: tuple[str, ...]) -> dict[str, Usage]:
        """Says what buckets hold; ``source`` is ``rgw-admin``, ``rgw-head`` or ``listing``, the best that works."""
        reserved = self._settings.reserved_buckets
        return self._usage.usage_of(tuple(name for name in buckets if name not in reserved))

    @override
    @hookimpl
    def usage_report(self) -> UsageReport:
        """Says what RGW knows of the user and his buckets, as far as his capabilities show it."""
        return self._reporter.report()

    @override
    def check_new_key(self, bucket: str, key: str) -> None:
        """Refuses a key that RGW cannot hold."""
        self._check_key(bucket, key)

    @override
    @hookimpl
    def close(self) -> Done:
        """Ends what failed uploads left, and closes all connections."""
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
        """Lists all buckets of the user."""
        return self._buckets.list()

    @override
    @hookimpl
    def create_bucket(self, bucket: str, options: CreateBucketOptions) -> BucketInfo:
        """Creates a bucket: three requests, since RGW responds 200 for one that exists."""
        self._buckets.check_name(bucket)
        return self._buckets.create(bucket, options)

    @override
    @hookimpl
    def head_bucket(self, bucket: str) -> BucketInfo:
        """Returns one bucket of the user."""
        self._buckets.check_name(bucket)
        return self._buckets.head(bucket)

    @override
    @hookimpl
    def delete_bucket(self, bucket: str) -> Done:
        """Deletes an empty bucket; RGW lets uploads in progress end with it."""
        self._buckets.check_name(bucket)
        self._buckets.delete(bucket)
        return DONE

    @override
    @hookimpl
    def get_bucket_settings(self, bucket: str, kind: type[AnyBucketSettings]) -> AnyBucketSettings:
        """Returns a bucket's settings of one kind: one request. RGW sorts the values within a CORS rule."""
        self._buckets.check_name(bucket)
        return get_settings(self._client, bucket, kind, also_missing=MISSING_SETTINGS)

    @override
    @hookimpl
    def put_bucket_settings(self, bucket: str, settings: AnyBucketSettings) -> Done:
        """Replaces a bucket's settings of one kind.

        Threads change one bucket one after the other: of two kinds at the same moment, RGW may keep one alone.
        """
        self._buckets.check_name(bucket)
        check_settings(settings)
        with self._changing_settings.hold(bucket):
            if isinstance(settings, NotificationSettings):
                put_notification(self._client, bucket, settings)
            else:
                put_settings(self._client, bucket, settings)
        return DONE

    @override
    @hookimpl
    def delete_bucket_settings(self, bucket: str, kind: type[AnyBucketSettings]) -> Done:
        """Deletes a bucket's settings of one kind."""
        self._buckets.check_name(bucket)
        with self._changing_settings.hold(bucket):
            if kind is NotificationSettings:
                delete_notification(self._client, bucket)
            else:
                delete_settings(self._client, bucket, kind, also_missing=MISSING_SETTINGS)
        return DONE

    # Objects

    @override
    @hookimpl
    def list_objects(self, bucket: str, options: ListOptions) -> ObjectPage:
        """Lists a page.

        Costs one request; where content types are asked for and the Swift API cannot be used, one more for each object.
        """
        self._buckets.check_name(bucket)
        return self._lister.page(bucket, options)

    @override
    @hookimpl
    def head_object(self, bucket: str, key: str, options: HeadOptions) -> ObjectInfo:
        """Returns an object without its content."""
        self._check_key(bucket, key)
        return self._objects.head(bucket, key, options)

    @override
    @hookimpl
    def get_object(self, bucket: str, key: str, options: GetOptions) -> OpenedObject:
        """Opens an object; its content comes as it is read."""
        self._check_key(bucket, key)
        return self._objects.get(bucket, key, options)

    @override
    @hookimpl
    def put_object(self, bucket: str, key: str, body: Body, options: PutOptions) -> ObjectInfo:
        """Stores an object.

        In one piece up to ``part_size`` and in parts beyond. With a condition or tags always in one piece, since RGW
        ignores conditions where parts are completed, and loses an upload's tags: streamed where the length is known,
        and else through a temporary file.
        """
        self._check_key(bucket, key)
        return self._objects.put(bucket, key, body, options)

    @override
    @hookimpl
    def copy_object(
        self, source_bucket: str, source_key: str, bucket: str, key: str, options: CopyOptions
    ) -> ObjectInfo:
        """Copies within RGW, and asks what the copy is."""
        self._check_key(source_bucket, source_key)
        self._check_key(bucket, key)
        return self._objects.copy(source_bucket, source_key, bucket, key, options)

    @override
    @hookimpl
    def delete_object(self, bucket: str, key: str, options: DeleteOptions) -> Deleted:
        """Deletes an object."""
        self._check_key(bucket, key)
        return self._objects.delete(bucket, key, options)

    @override
    @hookimpl
    def delete_objects(
        self, bucket: str, objects: tuple[ObjectToDelete, ...], options: BatchDeleteOptions
    ) -> DeleteResult:
        """Deletes objects in one request; those whose keys XML cannot hold one by one."""
        self._buckets.check_name(bucket)
        return self._objects.delete_many(bucket, objects, options)

    @override
    @hookimpl
    def presign(self, bucket: str, key: str, options: PresignOptions) -> PresignedUrl:
        """Signs a URL for the public endpoint; asks RGW nothing."""
        self._check_key(bucket, key)
        return presigned_url(self._presigner, bucket, key, options)

    # Locks and access control lists of versions: one request each.

    @override
    @hookimpl
    def put_object_retention(self, bucket: str, key: str, retention: Retention, options: RetentionOptions) -> Done:
        """Replaces the retention of a version. RGW cannot remove one."""
        self._check_key(bucket, key)
        if retention.mode is None:
            raise Unsupported("RGW cannot remove a retention: give it an earlier end", bucket=bucket, key=key)
        bypass, version_id = options.bypass_governance, options.version_id
        with explaining_locks(self._client, bucket, key, version_id):
            put_retention(self._client, bucket, key, retention, version_id, bypass_governance=bypass)
        return DONE

    @override
    @hookimpl
    def put_object_legal_hold(self, bucket: str, key: str, legal_hold: bool, options: VersionOptions) -> Done:
        """Sets or removes the legal hold of a version."""
        self._check_key(bucket, key)
        with explaining_locks(self._client, bucket, key, options.version_id):
            put_legal_hold(self._client, bucket, key, legal_hold, options.version_id)
        return DONE

    @override
    @hookimpl
    def get_object_acl(self, bucket: str, key: str, options: VersionOptions) -> Acl:
        """Returns the access control list of a version."""
        self._check_key(bucket, key)
        return get_acl(self._client, bucket, key, options.version_id)

    @override
    @hookimpl
    def put_object_acl(self, bucket: str, key: str, acl: Acl, options: VersionOptions) -> Done:
        """Replaces the access control list of a version."""
        self._check_key(bucket, key)
        put_acl(self._client, bucket, acl, key, options.version_id)
        return DONE

    # Tags of objects: one request each. RGW 16 sets last_modified when it changes tags.

    @override
    @hookimpl
    def get_object_tagging(self, bucket: str, key: str, options: VersionOptions) -> Mapping[str, str]:
        """Returns an object's tags."""
        self._check_key(bucket, key)
        # RGW 16 sends an empty response where it lost the tags itself: those that an upload began with.
        return get_tags(self._client, bucket, key, options.version_id, may_be_empty=True)

    @override
    @hookimpl
    def put_object_tagging(self, bucket: str, key: str, tags: Mapping[str, str], options: VersionOptions) -> Done:
        """Replaces an object's tags."""
        self._check_key(bucket, key)
        put_tags(self._client, bucket, key, tags, options.version_id)
        return DONE

    @override
    @hookimpl
    def delete_object_tagging(self, bucket: str, key: str, options: VersionOptions) -> Done:
        """Takes all tags from an object: puts none.

        If tags are deleted, RGW 16.2 forgets the object's etag in the bucket's index, and listings show an empty one.
        """
        self._check_key(bucket, key)
        put_tags(self._client, bucket, key, NO_TAGS, options.version_id)
        return DONE

    # Multipart uploads

    @override
    @hookimpl
    def create_multipart_upload(self, bucket: str, key: str, options: UploadOptions) -> Upload:
        """Begins an upload."""
        self._check_key(bucket, key)
        return self._uploads.create(bucket, key, options)

    @override
    @hookimpl
    def upload_part(
        self, bucket: str, key: str, upload_id: str, part_number: int, body: Body, options: PartOptions
    ) -> Part:
        """Stores a part: streamed where its length is known; else, if it is long, through a temporary file."""
        self._check_key(bucket, key)
        return self._uploads.send(bucket, key, upload_id, part_number, body, options.customer_key)

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
        """Copies a part: one request for a range; three for a whole object, whose size RGW does not say.

        Where RGW would copy another object, the content passes through here: two requests.
        """
        self._check_key(bucket, key)
        self._check_key(source_bucket, source_key)
        return self._uploads.copy((bucket, key, upload_id, part_number), source_bucket, source_key, options)

    @override
    @hookimpl
    def list_object_versions(self, bucket: str, options: VersionListOptions) -> VersionPage:
        """Lists a page of versions: one request."""
        self._buckets.check_name(bucket)
        return list_versions(self._client, bucket, options, _VERSIONS)

    @override
    @hookimpl
    def list_multipart_uploads(self, bucket: str, options: UploadListOptions) -> UploadPage:
        """Lists a page of the uploads in progress."""
        self._buckets.check_name(bucket)
        return self._uploads.list(bucket, options)

    @override
    @hookimpl
    def list_parts(self, bucket: str, key: str, upload_id: str, options: PageOptions) -> PartPage:
        """Lists a page of an upload's parts."""
        self._check_key(bucket, key)
        return self._uploads.list_parts(bucket, key, upload_id, options)

    @override
    @hookimpl
    def complete_multipart_upload(
        self, bucket: str, key: str, upload_id: str, parts: tuple[CompletedPart, ...], options: CompleteOptions
    ) -> ObjectInfo:
        """Makes the parts the object. RGW completes an upload only with all of its parts."""
        self._check_key(bucket, key)
        return self._uploads.complete(bucket, key, upload_id, parts, options.customer_key)

    @override
    @hookimpl
    def abort_multipart_upload(self, bucket: str, key: str, upload_id: str) -> Done:
        """Ends an upload."""
        self._check_key(bucket, key)
        self._uploads.abort(bucket, key, upload_id)
        return DONE
