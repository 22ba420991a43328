"""Settings of the REST API."""

from __future__ import annotations

from bucketry_http.rest.cors import BrowserRules
from bucketry_http.shared.settings import PortSettings


class RestSettings(PortSettings, frozen=True, kw_only=True):
    """Settings of the REST API. The defaults suit a server with a handful of cores.

    Attributes:
        max_json_bytes: Longest JSON body, in bytes; lists of keys have a limit of their own. It is decoded in one go,
            and nothing else is served meanwhile: a MiB of small values takes about 20 ms.
        max_form_files: Most files of one multipart form.
        ready_seconds: How long readiness waits for the store's status.
        docs: Whether ``/schema`` serves the OpenAPI document and the interactive page.
        allowed_hosts: Host names and addresses, without port, that requests may name, besides those of the machine
            itself. ``*.example.com`` stands for all names below ``example.com``, ``*`` for every host. If this is
            empty, connections over the loopback interface must name the machine itself, and others may name any host.
            If it is not, all connections are checked.
        public_endpoints: URLs of the API for clients behind a proxy. Their hosts are accepted, and their own pages are
            not foreign.
        cors_origins: Origins whose web pages may use the API, such as ``https://app.example.com``; ``*``: every page.
            Pages of other origins can read nothing and change nothing.
        backend_urls: Whether presigned URLs may be the store's own where no S3 port of ours knows the users. Such a URL
            outlives the rights of whoever asked for it.

    Raises:
        InvalidSettings: An allowed host or origin, or a public endpoint is malformed, or a limit is less than 1.
    """

    max_json_bytes: int = 64 * 1024
    max_form_files: int = 10_000
    ready_seconds: float = 5.0
    docs: bool = True
    allowed_hosts: tuple[str, ...] = ()
    public_endpoints: tuple[str, ...] = ()
    cors_origins: tuple[str, ...] = ()
    backend_urls: bool = True

    def __post_init__(self) -> None:
        super().__post_init__()
        self.browser_rules()

    def browser_rules(self) -> BrowserRules:
        """Returns the rules for hosts and web pages that these settings state."""
        return BrowserRules(self.allowed_hosts, self.public_endpoints, self.cors_origins)
