"""The SDK: a boto3 client for the same server, with the credentials that boto3's chain finds or the store's keys.

boto3 takes about 0.3 s and 25 MB to import and to make a client. So it is imported with the first use.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from bucketry.redaction import protect_loggers
from bucketry_s3client import watch_forks

from bucketry_s3.endpoints import session_of
from bucketry_s3.settings import S3StoreSettings

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client as Boto3Client


class Sdk:
    """Makes a boto3 client once. Its connections are botocore's own. Threads may share it."""

    def __init__(self, settings: S3StoreSettings, *, is_virtual: bool) -> None:
        """Takes settings with a place and a region; makes nothing."""
        self._settings = settings
        self._is_virtual = is_virtual
        self._lock = threading.Lock()
        self._made: Boto3Client | None = None
        self._left: list[Boto3Client] = []
        watch_forks(self)

    def after_fork(self) -> None:
        """Makes another client, in a new process: the connections of the first belong to the other process."""
        self._lock = threading.Lock()
        if self._made is not None:
            self._left.append(self._made)  # Its end would wait for locks that nobody gives back.
            self._made = None

    def get(self) -> Boto3Client:
        """Returns the client; always the same one."""
        with self._lock:
            if self._made is None:
                self._made = self._make()
            return self._made

    def close(self) -> None:
        """Closes its connections."""
        with self._lock:
            if self._made is not None:
                self._made.close()

    def _make(self) -> Boto3Client:
        import boto3
        from botocore.config import Config

        # What they log of a request has its signature in it.
        protect_loggers("boto3", "botocore", "s3transfer")
        settings = self._settings
        token = settings.session_token
        config = Config(
            signature_version="s3v4",
            s3={"addressing_style": "virtual" if self._is_virtual else "path"},
            # Servers refuse the checksums that boto3 adds otherwise.
            request_checksum_calculation="when_required",
            response_checksum_validation="when_required",
            connect_timeout=settings.connect_timeout,
            read_timeout=settings.read_timeout,
            retries={"total_max_attempts": settings.retries + 1},
            user_agent_extra="bucketry-s3",
        )
        session = boto3.session.Session(botocore_session=session_of(settings), region_name=settings.region)
        return session.client(
            "s3",
            endpoint_url=settings.endpoint,
            verify=settings.ca_file,
            config=config,
            # Without keys, the session's chain finds them.
            aws_access_key_id=settings.access_key or None,
            aws_secret_access_key=settings.secret_key.reveal() or None,
            aws_session_token=None if token is None else token.reveal(),
        )
