"""The driver's operations on the store as a whole."""

from __future__ import annotations

from bucketry import DONE, BucketInfo, Classified, Done, Status, Usage, UsageReport
from bucketry.hookspecs import hookimpl
from bucketry_s3client import S3ResponseError, explain_no_response
from typing_extensions import override
from urllib3.exceptions import HTTPError

from bucketry_rgw._errors import DETAILS, classify
from bucketry_rgw._state import RgwState


class ServiceOperations(RgwState):
    """Operations on the store as a whole."""

    @override
    @hookimpl
    def status(self) -> Status:
        """Lists the user's buckets, in one try; says what is wrong where that fails."""
        settings, detail = self._settings, self._problem()
        return Status(available=not detail, endpoint=settings.client_endpoint, region=settings.region, detail=detail)

    def _problem(self) -> str:
        try:
            _, body = self._client.request("GET", once=True)
        except S3ResponseError as error:
            return self._reason(error.code, error.status)
        except (HTTPError, OSError) as error:
            return explain_no_response(error)
        if b"ListAllMyBucketsResult" not in body[:4096]:
            return "something answers, but not as S3 does: check location and secure"
        return ""

    def _reason(self, code: str, status: int) -> str:
        if code == "NoSuchBucket":
            host = self._settings.location.rpartition(":")[0] or self._settings.location
            return (
                f"host name mismatch: the gateway takes {host} for the name of a bucket. Reach it by the name in its "
                "'rgw dns name', or add this one to the hostnames of its zonegroup"
            )
        if status in {502, 503, 504}:
            return f"no gateway answers behind the endpoint (HTTP {status})"
        return f"{code}: {DETAILS.get(code, f'the gateway refuses the request (HTTP {status})')}"

    @override
    @hookimpl
    def list_buckets(self) -> tuple[BucketInfo, ...]:
        """Lists all buckets of the user."""
        return self._buckets.all()

    @override
    @hookimpl
    def bucket_usage(self, buckets: tuple[str, ...]) -> dict[str, Usage]:
        """Says what buckets hold; ``source`` is ``rgw-admin``, ``rgw-head`` or ``listing``, the best that answers."""
        reserved = self._settings.reserved_buckets
        return self._counter.usage_of(tuple(name for name in buckets if name not in reserved))

    @override
    @hookimpl
    def usage_report(self) -> UsageReport:
        """Says what RGW knows of the user and his buckets, as far as his capabilities show it."""
        return self._reporter.report()

    @override
    @hookimpl
    def close(self) -> Done:
        """Ends what failed uploads left, and closes all connections."""
        self._failed_uploads.close()
        self._lookups.shutdown(wait=True, cancel_futures=True)
        self._client.close()
        return DONE

    @override
    @hookimpl
    def classify_error(self, error: Exception) -> Classified:
        """Looks an error up by its code or type."""
        return classify(error)
