"""The driver's operations on the store as a whole."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from bucketry import DONE, BucketInfo, Classified, Done, Status, Usage, UsageReport
from bucketry.hookspecs import hookimpl
from bucketry_s3client import S3ResponseError, explain_no_response, parse_xml, response_date
from typing_extensions import override
from urllib3.exceptions import HTTPError

from bucketry_minio._errors import AUTHENTICATION, classify
from bucketry_minio._shared import MinioOperations


class ServiceOperations(MinioOperations):
    """Operations on the store as a whole."""

    @override
    @hookimpl
    def status(self) -> Status:
        """Asks for the list of buckets, once: within ``connect_timeout`` and ``read_timeout`` together."""
        detail = self._why_unavailable()
        settings = self._settings
        return Status(available=not detail, endpoint=settings.client_endpoint, region=settings.region, detail=detail)

    @override
    @hookimpl
    def list_buckets(self) -> tuple[BucketInfo, ...]:
        """Lists all buckets that the credentials may see: one request."""
        return self._buckets()

    @override
    @hookimpl
    def bucket_usage(self, buckets: tuple[str, ...]) -> dict[str, Usage]:
        """Counts buckets, side by side."""
        return self._usage.count(buckets)

    @override
    @hookimpl
    def usage_report(self) -> UsageReport:
        """Counts the caller's buckets, and asks for their quotas; MinIO knows no owners of buckets."""
        return self._usage.report(tuple(info.name for info in self._buckets()))

    @override
    @hookimpl
    def close(self) -> Done:
        """Closes the connections, after a last try to abort what is left."""
        self._failed_uploads.close()
        self._connection.close()
        return DONE

    @override
    @hookimpl
    def classify_error(self, error: Exception) -> Classified:
        """Looks an error up by its code or type."""
        return classify(error)

    def _why_unavailable(self) -> str:
        try:
            _, body = self._connection.request("GET", once=True)
            name = parse_xml(body).name
        except S3ResponseError as error:
            return _refused(error)
        except (HTTPError, OSError) as error:
            return f"{self._settings.endpoint} is unreachable: {explain_no_response(error)}"
        except ValueError:
            name = ""
        if name != "ListAllMyBucketsResult":
            return f"{self._settings.endpoint} answers, but not as S3 does: check location and secure"
        return ""


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
