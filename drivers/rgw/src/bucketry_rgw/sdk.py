"""The SDK: a boto3 client for the same gateway, over connections of this package.

boto3 takes about 0.3 s and 25 MB to import and to make a client. So it is imported with the first use.

botocore's own connections do not notice that a response broke off. Its event ``before-send`` lets a handler return the
response (botocore, ``Endpoint._do_get_response``). The handler here sends the request over `SdkPools`. So TLS, timeouts
and retries are the store's, and a response that broke off is an error.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from functools import cache
from typing import TYPE_CHECKING, Any, Final

from bucketry.redaction import protect_loggers
from bucketry_s3client import SdkPools, read_body

from bucketry_rgw.settings import RgwSettings

if TYPE_CHECKING:
    from botocore.awsrequest import AWSPreparedRequest, AWSResponse
    from botocore.loaders import Loader
    from types_boto3_s3 import S3Client as Boto3Client

# None of the user's AWS profile, configuration or credentials is for this gateway.
_NO_FILES: Final = {
    "profile": (None, None, None, None),
    "config_file": (None, None, os.devnull, None),
    "credentials_file": (None, None, os.devnull, None),
}


def make_sdk(settings: RgwSettings, pools: SdkPools) -> Boto3Client:
    """Makes a boto3 client over these pools."""
    import boto3
    import botocore.session
    from botocore.config import Config

    # What they log of a request has its signature in it.
    protect_loggers("boto3", "botocore", "s3transfer")
    core = botocore.session.Session(session_vars=_NO_FILES)
    core.register_component("data_loader", _loader())
    session = boto3.session.Session(
        settings.access_key,
        settings.secret_key.reveal(),
        settings.session_token.reveal() if settings.session_token is not None else None,
        region_name=settings.region,
        botocore_session=core,
    )
    config = Config(
        signature_version="s3v4",
        s3={"addressing_style": "path"},
        # RGW refuses the checksums that boto3 adds otherwise, where the request goes over TLS.
        request_checksum_calculation="when_required",
        response_checksum_validation="when_required",
        retries={"total_max_attempts": 1},  # The pools send again.
        user_agent_extra="bucketry-rgw",
    )
    client = session.client("s3", endpoint_url=settings.endpoint, config=config)
    # The stubs know no handler that returns something.
    client.meta.events.register("before-send.s3", lambda request, **_: _send(pools, request))  # type: ignore[arg-type]
    return client


@cache
def _loader() -> Loader:
    """Returns what reads the description of S3's API: once for a process, since that takes 60 ms."""
    from botocore.loaders import create_loader

    return create_loader()


class _Body:
    """A body that was read, as botocore wants it."""

    def __init__(self, body: bytes) -> None:
        self._body = body

    def stream(self) -> Iterator[bytes]:
        """Yields the body."""
        yield self._body


def _send(pools: SdkPools, request: AWSPreparedRequest) -> AWSResponse:
    """Sends a request of botocore's; a response that is not streamed is whole, or an error of urllib3."""
    from botocore.awsrequest import AWSResponse

    response = pools.urlopen(
        request.method,
        request.url,
        body=request.body,
        headers=request.headers,
        chunked=request.headers.get("Transfer-Encoding") == "chunked",
        preload_content=False,
        decode_content=False,
    )
    is_streamed = request.stream_output and response.status < 300
    raw: Any = response if is_streamed else _Body(read_body(response))
    headers: Any = response.headers
    return AWSResponse(request.url, response.status, headers, raw)
