"""The Ceph RGW driver."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from bucketry import Features, InvalidSettings
from bucketry.sigv4 import Presigner
from bucketry_s3client import FailedUploads

from bucketry_rgw._admin import AdminApi
from bucketry_rgw._bucket_operations import BucketOperations
from bucketry_rgw._buckets import Buckets
from bucketry_rgw._cors_operations import CorsOperations
from bucketry_rgw._errors import classify
from bucketry_rgw._listing import Lister
from bucketry_rgw._names import Names
from bucketry_rgw._part_copying import PartCopyOperations
from bucketry_rgw._report import Reporter
from bucketry_rgw._service_operations import ServiceOperations
from bucketry_rgw._settings import RgwSettings
from bucketry_rgw._swift import Swift
from bucketry_rgw._tagging_operations import TaggingOperations
from bucketry_rgw._uploading import Uploader
from bucketry_rgw._usage import UsageCounter
from bucketry_rgw._wire import make_wire


class RgwDriver(ServiceOperations, BucketOperations, CorsOperations, TaggingOperations, PartCopyOperations):
    """Object storage on a Ceph RGW. It connects when it is first used."""

    name = "rgw"
    contract_version = 1
    Settings = RgwSettings
    s3_endpoint = True
    # Not declared is what RGW ignores silently: conditions where parts are completed, on a copy's destination, on the
    # source of a part, and of a delete; tags of a copy, and numbers of parts that are read. And what it refuses, to
    # complete an upload with some of its parts; and what it spoils: tags that an upload begins with are not readable.
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
        copy_source_if_match=True,
        list_delimiter=True,
        list_start_after=True,
        presign_content_type=True,
        presign_response_headers=True,
        persistent=True,
    )

    def __init__(self, settings: RgwSettings) -> None:
        """Makes the driver; asks the gateway nothing.

        Raises:
            InvalidSettings: The endpoint or the credentials cannot be used, or ``ca_file`` cannot be read.
        """
        self._settings = settings
        try:
            self._presigner = Presigner(settings.credentials, endpoint=settings.client_endpoint, region=settings.region)
            self._client = make_wire(settings)
        except (ValueError, OSError) as error:
            raise InvalidSettings(str(error)) from None
        self._creating = Names()
        self._in_writing = Names()
        self._lookups = ThreadPoolExecutor(settings.lookup_threads, thread_name_prefix="bucketry-rgw-lookup")
        swift = None
        if settings.swift_secret is not None:
            swift = Swift(self._client, settings.swift_user, settings.swift_secret)
        self._lister = Lister(self._client, swift, self._lookups, settings.lookup_threads)
        self._failed_uploads = FailedUploads(self._client, classify)
        self._uploader = Uploader(settings, self._client, self._failed_uploads, self._writing)
        self._buckets = Buckets(self._client, settings.uid)
        admin = AdminApi(self._client, settings.admin_path)
        self._counter = UsageCounter(self._client, admin, self._lister, self._lookups, self._buckets.uid)
        self._reporter = Reporter(admin, self._counter, self._buckets.uid, self._buckets.names)
