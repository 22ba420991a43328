"""Why a request of an upload was refused because of a customer's key (SSE-C)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal

from bucketry import CustomerKey, CustomerKeyNeeded, CustomerKeyNotNeeded, WrongCustomerKey
from bucketry_s3client import S3ResponseError

from bucketry_s3.recent_uploads import RecentUploads


class UploadKeys:
    """Knows which uploads were begun without a customer's key. Threads may share it.

    S3 has one code for a key that is missing, another one, or not needed (S3 API reference, UploadPart), and no listing
    says which uploads are under a key.

    Args:
        server_has_keys: Whether the server takes customers' keys. Otherwise nothing is refused because of one.
    """

    def __init__(self, *, server_has_keys: bool) -> None:
        self._server_has_keys = server_has_keys
        self._without: RecentUploads[Literal[True]] = RecentUploads()

    def begun(self, upload_id: str, key: CustomerKey | None) -> None:
        """Remembers how an upload began."""
        if key is None and self._server_has_keys:
            self._without.remember(upload_id, True)

    @contextmanager
    def explaining(self, upload_id: str, sent: CustomerKey | None) -> Iterator[None]:
        """Raises the contract's error where the block is refused because of the customer's key of an upload.

        Raises:
            CustomerKeyNeeded: No key was sent, and the upload is under one.
            CustomerKeyNotNeeded: One was sent, and the upload is under none.
            WrongCustomerKey: Another one was sent. Or another store began the upload, without a key.
            S3ResponseError: It was refused for another reason.
        """
        try:
            yield
        except S3ResponseError as error:
            if error.code != "InvalidRequest" or not self._server_has_keys:
                raise
            is_without = self._without.get(upload_id)
            if sent is not None:
                raise (CustomerKeyNotNeeded if is_without else WrongCustomerKey) from error
            if is_without:
                raise
            raise CustomerKeyNeeded from error
