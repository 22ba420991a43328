"""Settings of the drivers for ``http://`` and ``https://``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, Final

from bucketry import DriverSettings, Secret
from bucketry.settings import variables_of, warn_of_unknown
from typing_extensions import override

from bucketry_client.exchange import Trying
from bucketry_client.sending import Connecting
from bucketry_client.tokens import token_from_environment

_PREFIX: Final = "BUCKETRY_HTTP_"
_NOT_READ: Final = frozenset({"location", "token"})


class HttpSettings(DriverSettings, frozen=True, kw_only=True):
    """Settings of a store behind the REST API of a ``bucketry serve``.

    Attributes:
        location: Host and port of the API, and the path that a proxy puts in front of it.
        token: The token of a server that asks for one.
        ca_file: File with the certificates of authorities to trust, in place of the usual ones (PEM).
        timeout: Seconds without a byte in either direction, after which a request fails.
        connect_timeout: Seconds that making a connection may take.
        max_connections: Most connections at once.
        retries: How often a request is sent again at most, if that is safe.
        resumes: How often a download that broke off is asked for the rest of its content at most.
    """

    scheme: ClassVar[str] = "http"

    location: str
    token: Secret | None = None
    ca_file: str | None = None
    timeout: float = 60.0
    connect_timeout: float = 10.0
    max_connections: int = 100
    retries: int = 3
    resumes: int = 5

    @property
    def url(self) -> str:
        """Where the API is."""
        return f"{self.scheme}://{self.location}"

    def connecting(self) -> Connecting:
        """Returns how to connect."""
        return Connecting(
            timeout=self.timeout,
            connect_timeout=self.connect_timeout,
            max_connections=self.max_connections,
            ca_file=self.ca_file,
        )

    def trying(self) -> Trying:
        """Returns how often to try."""
        return Trying(retries=self.retries, resumes=self.resumes)


class HttpsSettings(HttpSettings, frozen=True, kw_only=True):
    """The same over TLS. Variables may also begin with ``BUCKETRY_HTTP_``, as ``BUCKETRY_HTTP_TOKEN``."""

    scheme: ClassVar[str] = "https"

    @override
    @classmethod
    def from_environment(cls, environ: Mapping[str, str], given: Mapping[str, object]) -> Mapping[str, object]:
        """Reads the variables of ``http://``, whose token and files are those of this server, too.

        Raises:
            InvalidSettings: The token's file cannot be read.
        """
        warn_of_unknown(environ, variables_of(HttpSettings), prefix=_PREFIX)
        names = (name for name in HttpSettings.__struct_fields__ if name not in _NOT_READ)
        found: dict[str, object] = {
            name: environ[variable] for name in names if (variable := _PREFIX + name.upper()) in environ
        }
        token = None if "token" in given else token_from_environment(environ)
        return found if token is None else {**found, "token": token}
