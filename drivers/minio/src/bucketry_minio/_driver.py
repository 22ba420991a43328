"""The MinIO driver."""

from __future__ import annotations

from bucketry import Features, InvalidSettings
from bucketry.sigv4 import Presigner
from bucketry_s3client import FailedUploads

from bucketry_minio._admin import AdminApi
from bucketry_minio._bucket_operations import BucketOperations
from bucketry_minio._connection import Connection
from bucketry_minio._copying import CopyOperations
from bucketry_minio._errors import classify
from bucketry_minio._object_operations import ObjectOperations
from bucketry_minio._part_copying import PartCopyOperations
from bucketry_minio._paths import PathGuard
from bucketry_minio._service_operations import ServiceOperations
from bucketry_minio._settings import MinioSettings
from bucketry_minio._tagging_operations import TaggingOperations
from bucketry_minio._upload_operations import UploadOperations
from bucketry_minio._usage import UsageCounter


class MinioDriver(
    ServiceOperations,
    BucketOperations,
    ObjectOperations,
    CopyOperations,
    TaggingOperations,
    UploadOperations,
    PartCopyOperations,
):
    """Object storage on a MinIO server. It connects when it is first used."""

    name = "minio"
    contract_version = 2
    Settings = MinioSettings
    s3_endpoint = True
    # Not declared is what MinIO ignores silently: if_match of a delete, and both conditions on a copy's destination.
    # Not implemented are a bucket's CORS rules, which MinIO refuses (501): it has one setting for all buckets.
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
        presign_content_type=True,
        presign_response_headers=True,
        persistent=True,
    )

    def __init__(self, settings: MinioSettings) -> None:
        """Makes the driver; asks the server nothing.

        Raises:
            InvalidSettings: The SDK refuses the endpoint or the credentials, or ``ca_file`` cannot be read.
        """
        self._settings = settings
        try:
            self._presigner = Presigner(settings.credentials, endpoint=settings.client_endpoint, region=settings.region)
            self._connection = Connection(settings)
        except (ValueError, OSError) as error:
            raise InvalidSettings(str(error)) from None
        self._failed_uploads = FailedUploads(self._connection, classify)
        self._paths = PathGuard(self._connection)
        self._usage = UsageCounter(self._connection, AdminApi(self._connection), settings.usage_list_limit)
