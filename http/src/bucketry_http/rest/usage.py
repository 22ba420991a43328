"""What the backend knows of its use beyond sizes."""

from __future__ import annotations

from typing import Any

import msgspec
from bucketry import BucketReport, UsageReport, UserReport
from litestar import Request, get

from bucketry_http.rest.documented_problems import errors
from bucketry_http.rest.openapi import ApiOperation
from bucketry_http.rest.schemas import Time, whole_seconds
from bucketry_http.rest.storage import calls_of


class UsageReportView(msgspec.Struct, frozen=True):
    """What the backend knows of its use.

    Attributes:
        source: Where the figures come from.
        as_of: When they were asked for.
        buckets: In byte order of their names. `null` is what the backend does not know or does not bound.
        users: The users whose buckets these are.
    """

    source: str
    as_of: Time
    buckets: tuple[BucketReport, ...]
    users: tuple[UserReport, ...]

    @classmethod
    def of(cls, report: UsageReport) -> UsageReportView:
        """Shows a store's report."""
        return cls(report.source, whole_seconds(report.as_of), report.buckets, report.users)


@get(
    "/usage",
    tags=["Status"],
    summary="Usage report",
    operation_id="getUsageReport",
    operation_class=ApiOperation,
    responses=errors(),
)
async def get_usage_report(request: Request[Any, Any, Any]) -> UsageReportView:
    """Room on disk, owners, quotas and operations, as far as the backend knows them; 501 where it knows nothing."""
    calls = calls_of(request)
    return UsageReportView.of(await calls.long_call(calls.store.usage_report))
