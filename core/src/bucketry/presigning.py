"""Presigned URLs: how long they work by default, and how drivers of S3-compatible backends make them from options."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final, final

from bucketry.errors import InvalidSettings
from bucketry.headers import OBJECT_HEADERS
from bucketry.models import PresignedUrl

if TYPE_CHECKING:
    from bucketry.options import PresignOptions
    from bucketry.settings import ServedSettings
    from bucketry.sigv4 import Presigner

DEFAULT_EXPIRES_IN: Final = 3600
"""How long a presigned URL works by default, in seconds, as in AWS's SDKs."""


@final
class Presigners:
    """Who presigns URLs of a store whose backend has no S3 endpoint: for the endpoint that serves it, in each region.

    Threads may share it. A bucket in another region than the store's needs a presigner for it, which is made when it is
    first asked for.

    Attributes:
        endpoint: The URL of the endpoint as clients reach it.
    """

    __slots__ = ("_by_region", "_credentials", "endpoint")

    def __init__(self, settings: ServedSettings) -> None:
        """Makes that of the store's region.

        Raises:
            InvalidSettings: The endpoint, the region or the access key is malformed.
        """
        from bucketry.sigv4 import Credentials, Presigner  # Only here: programs that presign nothing do not need it.

        self.endpoint = settings.public_endpoint or settings.endpoint
        try:
            self._credentials = Credentials(settings.access_key, settings.secret_key)
            presigner = Presigner(self._credentials, endpoint=self.endpoint, region=settings.region)
        except ValueError as error:
            raise InvalidSettings(str(error)) from None
        self._by_region = {settings.region: presigner}

    def of(self, region: str) -> Presigner:
        """Returns the presigner for a region.

        Raises:
            ValueError: The region cannot be written in a signature.
        """
        found = self._by_region.get(region)
        if found is None:
            from bucketry.sigv4 import Presigner

            found = Presigner(self._credentials, endpoint=self.endpoint, region=region)
            self._by_region[region] = found
        return found


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
