"""What an operator can set on the REST API."""

from __future__ import annotations

from bucketry_http.shared.transfers import KIB, MIB, TransferSettings

__all__ = ["KIB", "MIB", "RestSettings"]


class RestSettings(TransferSettings, frozen=True, kw_only=True):
    """Settings of the REST API. The defaults suit a server with a handful of cores.

    Attributes:
        max_form_files: Most parts of one multipart form.
        ready_seconds: How long readiness waits for the store's status.
        docs: Whether ``/schema`` serves the OpenAPI document and the interactive page.
    """

    max_form_files: int = 10_000
    ready_seconds: float = 5.0
    docs: bool = True
