"""Presigned URLs: how long they work by default, and how drivers of S3-compatible backends make them from options."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

from bucketry.headers import OBJECT_HEADERS
from bucketry.models import PresignedUrl

if TYPE_CHECKING:
    from bucketry.options import PresignOptions
    from bucketry.sigv4 import Presigner

DEFAULT_EXPIRES_IN: Final = 3600
"""How long a presigned URL works by default, in seconds, as in AWS's SDKs."""


def presigned_url(
    presigner: Presigner, bucket: str, key: str, options: PresignOptions, *, now: datetime | None = None
) -> PresignedUrl:
    """Signs a URL. The backend is not asked.

    Args:
        presigner: Who signs, for which endpoint.
        bucket: The bucket.
        key: The key.
        options: What the URL is for.
        now: When the URL begins to work, in UTC; ``None``: now.
    """
    begun = (datetime.now(UTC) if now is None else now).replace(microsecond=0)
    url = presigner.presign_url(
        options.method,
        bucket,
        key,
        expires_in=options.expires_in,
        query=presigned_query(options),
        headers=presigned_headers(options),
        now=begun,
    )
    return PresignedUrl(url=url, method=options.method, expires_at=begun + timedelta(seconds=options.expires_in))


def presigned_query(options: PresignOptions) -> dict[str, str]:
    """Returns the parameters that name the version and set headers of the response.

    Source: S3 API reference, GetObject: ``versionId`` and ``response-…``.
    """
    found = {f"response-{header.name}": getattr(options, f"response_{header.field}", None) for header in OBJECT_HEADERS}
    found["versionId"] = options.version_id
    return {name: value for name, value in found.items() if value is not None}


def presigned_headers(options: PresignOptions) -> dict[str, str]:
    """Returns the headers that the request must carry, with exactly these values."""
    return {} if options.content_type is None else {"content-type": options.content_type}
