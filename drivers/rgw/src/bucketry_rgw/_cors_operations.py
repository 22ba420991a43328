"""The driver's operations on the CORS rules of buckets."""

from __future__ import annotations

from bucketry import DONE, CorsRule, Done
from bucketry.hookspecs import hookimpl
from bucketry_s3client import S3ResponseError, md5_header, read_cors, reading, write_cors
from typing_extensions import override

from bucketry_rgw._state import RgwState

_CORS = {"cors": ""}


class CorsOperations(RgwState):
    """Operations on the CORS rules of buckets: one request each. Within a rule, RGW sorts the values."""

    @override
    @hookimpl
    def get_bucket_cors(self, bucket: str) -> tuple[CorsRule, ...]:
        """Returns a bucket's CORS rules."""
        self._check_bucket(bucket)
        try:
            _, document = self._client.request_xml("GET", bucket, root="CORSConfiguration", query=_CORS)
        except S3ResponseError as error:
            if error.code == "NoSuchCORSConfiguration":
                return ()
            raise
        with reading("the response about CORS rules"):
            return read_cors(document)

    @override
    @hookimpl
    def put_bucket_cors(self, bucket: str, rules: tuple[CorsRule, ...]) -> Done:
        """Replaces a bucket's CORS rules."""
        self._check_bucket(bucket)
        content = write_cors(rules)
        self._client.request("PUT", bucket, query=_CORS, headers=md5_header(content), content=content)
        return DONE

    @override
    @hookimpl
    def delete_bucket_cors(self, bucket: str) -> Done:
        """Takes all CORS rules from a bucket."""
        self._check_bucket(bucket)
        self._client.request("DELETE", bucket, query=_CORS)
        return DONE
