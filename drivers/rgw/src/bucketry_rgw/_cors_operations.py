"""The driver's operations on the CORS rules of buckets."""

from __future__ import annotations

from botocore.exceptions import ClientError
from bucketry import DONE, CorsRule, Done
from bucketry.hookspecs import hookimpl
from bucketry_s3client import cors_of, cors_request, reading, with_md5
from typing_extensions import override

from bucketry_rgw._errors import code_of
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
            _, document = self._wire.ask("GET", bucket, root="CORSConfiguration", query=_CORS)
        except ClientError as error:
            if code_of(error) == "NoSuchCORSConfiguration":
                return ()
            raise
        with reading("the response about CORS rules"):
            return cors_of(document)

    @override
    @hookimpl
    def put_bucket_cors(self, bucket: str, rules: tuple[CorsRule, ...]) -> Done:
        """Replaces a bucket's CORS rules."""
        self._check_bucket(bucket)
        content = cors_request(rules)
        self._wire.send("PUT", bucket, query=_CORS, headers=with_md5(content), content=content)
        return DONE

    @override
    @hookimpl
    def delete_bucket_cors(self, bucket: str) -> Done:
        """Takes all CORS rules from a bucket."""
        self._check_bucket(bucket)
        self._wire.send("DELETE", bucket, query=_CORS)
        return DONE
