"""The HTTP session with a collector."""

from __future__ import annotations

from typing import Any

import requests
from typing_extensions import override


class CollectorSession(requests.Session):
    """Trusts the certificate authorities that it is told to, and follows no redirect.

    requests takes those of ``REQUESTS_CA_BUNDLE`` and ``CURL_CA_BUNDLE`` instead, if there is such a variable, even if
    ``OTEL_EXPORTER_OTLP_CERTIFICATE`` names others. A redirect could lead the collector's token elsewhere.
    """

    def __init__(self) -> None:
        super().__init__()
        self.max_redirects = 0

    @override
    def merge_environment_settings(self, url: Any, proxies: Any, stream: Any, verify: Any, cert: Any) -> Any:
        """Returns the settings of a request."""
        wanted = self.verify if verify is None else verify
        return super().merge_environment_settings(url, proxies, stream, wanted, cert)
