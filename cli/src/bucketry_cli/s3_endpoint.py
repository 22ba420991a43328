"""The S3 endpoint that ``bucketry serve`` puts in front of a store: where its backend has none, or as ``--s3`` says."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, Final, TypeAlias
from urllib.parse import urlsplit

from bucketry import DriverSettings, ServedSettings, Store, find_settings, open_store
from bucketry.layers import PresignedFor, ServedAt
from bucketry.settings import DEFAULT_SECRET_KEY, PUBLISHED_FOR
from bucketry.sigv4 import Credentials, Presigner

from bucketry_cli.credentials import (
    HOW,
    Given,
    as_settings,
    check_fit,
    configured,
    describe,
    given,
    is_published,
    url_signer,
    with_signer,
)
from bucketry_cli.errors import Failure
from bucketry_cli.listening import Address, Endpoint, bind, is_everywhere, is_loopback
from bucketry_cli.output import note, program
from bucketry_cli.server_settings import common

if TYPE_CHECKING:
    from bucketry import Secret
    from bucketry_access import Directory
    from bucketry_http import S3Credential
    from bucketry_http.rest.url_signing import UrlSigning
    from bucketry_http.s3.app import S3App

    from bucketry_cli.config import CredentialTable
    from bucketry_cli.serve_options import ServeOptions


_REGION: Final = "us-east-1"
_NAME: Final = "S3 API"

Notes: TypeAlias = tuple[tuple[str, str], ...]
"""Names, and what is told of them."""


class S3Front:
    """The S3 endpoint of one ``bucketry serve``: first its place in the store's settings, then the endpoint.

    Attributes:
        layers: The layers that the store needs around it.
    """

    def __init__(
        self,
        options: ServeOptions | None,
        tables: Sequence[CredentialTable],
        environ: Mapping[str, str] = os.environ,
        *,
        signer: Secret,
        directory: Directory | None = None,
        address: Address | None = None,
    ) -> None:
        """Finds the configured credentials.

        Args:
            options: The options of ``bucketry serve``; ``None``: no endpoint.
            tables: The credentials of the settings file.
            environ: The environment.
            signer: The secret key of the credential that the store signs with where there are users.
            directory: The users, whose key pairs are accepted too; ``None``: there are none.
            address: Where it listens, if another process has bound its port; ``None``: this object binds it.

        Raises:
            Failure: One is incomplete.
            bucketry.InvalidSettings: One is malformed.
        """
        self._place = ServedAt()
        self.layers: list[object] = [self._place]
        self._options = options
        self._environ = environ
        self._directory = directory
        # Users' URLs are signed for them. What the store itself signs must have the rights of none of them.
        self._signers = (url_signer(signer),) if options is not None and directory is not None else ()
        self._of_driver: tuple[S3Credential, ...] = ()
        self._signing: Credentials | None = None
        self._accepts_signing = True
        self._app: S3App | None = None
        self._driver = ""
        self._credentials = self._configured(tables) if options is not None else ()
        self._host = (options.s3.s3_host or options.listening.host) if options is not None else ""
        self._region = _REGION
        self._address = address
        self._tells_its_place = False
        self._endpoints: tuple[str, ...] = ()
        self._has_public_endpoint = False

    @property
    def serves(self) -> bool:
        """Whether there is an endpoint."""
        return self._app is not None

    @property
    def address(self) -> Address | None:
        """Where it listens, once its port is bound."""
        return self._address

    @property
    def lost_signer(self) -> str:
        """The access key that URLs are presigned with, if nobody has it any more; empty: they work."""
        signing = self._signing
        return "" if signing is None or self._accepts_signing else signing.access_key

    def take(self, tables: Sequence[CredentialTable]) -> None:
        """Has these credentials of the settings file from now on, in place of those that it was made with.

        Raises:
            Failure: As when it is made; all stays as it was.
            bucketry.InvalidSettings: Likewise, or one does not fit the users.
        """
        assert self._app is not None  # noqa: S101 - the caller has looked
        configured = self._configured(tables)
        # As after a new start, the published key pair is accepted only where there is no other.
        kept = [one for one in self._of_driver if not configured or not is_published(one)]
        found = (*configured, *(one for one in kept if one not in configured))
        check_fit(found, self._host, self._driver)
        self._app.take_credentials(found)
        self._accepts_signing = self._signing in [Credentials(one.access_key, one.secret_key) for one in found]

    def _configured(self, tables: Sequence[CredentialTable]) -> tuple[S3Credential, ...]:
        return (*self._signers, *configured(tables, self._environ))

    def settings(self, url: str, table: Mapping[str, object]) -> DriverSettings:
        """Returns the store's settings, with the endpoint's URL and signing key if the driver wants them.

        This binds the port, which is known only then.

        Args:
            url: The store's URL.
            table: The settings file's table of the driver; it wins over what this method fills in.

        Raises:
            bucketry.InvalidSettings: The settings cannot be used.
            Failure: The address is not available, or the credentials are not fit for it.
        """
        found = find_settings(url, defaults=table, environ=self._environ)
        if self._options is None:
            return found
        if isinstance(found, ServedSettings):
            return self._told(self._options, url, table)
        if self._options.s3.s3:
            self._take_place(self._options, found)
        return found

    def _told(self, options: ServeOptions, url: str, table: Mapping[str, object]) -> ServedSettings:
        """Returns the settings of a driver that presigns URLs for the endpoint itself."""
        place: dict[str, object] = {"endpoint": self._listen(options), **as_settings(self._credentials)}
        if options.s3.s3_public_endpoint is not None:
            place["public_endpoint"] = options.s3.s3_public_endpoint
        told = find_settings(url, defaults={**place, **table}, environ=self._environ)
        assert isinstance(told, ServedSettings)  # noqa: S101 - of the same driver as before
        before = self._credentials
        self._credentials = with_signer(before, told, for_all=self._directory is not None)
        self._of_driver = self._credentials[len(before) :]
        self._signing = Credentials(told.access_key, told.secret_key)
        self._region, self._tells_its_place = told.region, True
        self._has_public_endpoint = told.public_endpoint is not None
        self._endpoints = tuple(filter(None, (told.endpoint, told.public_endpoint)))
        return told

    def _take_place(self, options: ServeOptions, settings: DriverSettings) -> None:
        """Has status and presigned URLs name this endpoint, whatever endpoint the backend has.

        Raises:
            Failure: There are no credentials, so nobody could use it.
        """
        if not self._credentials:
            raise Failure("--s3 asks for an S3 endpoint that nobody could use", f"{HOW}; or leave --s3 out")
        url, public = self._listen(options), options.s3.s3_public_endpoint
        self._region = getattr(settings, "region", _REGION)
        self._place.endpoint, self._place.region = public or url, self._region
        self._tells_its_place, self._has_public_endpoint = True, public is not None
        self._endpoints = tuple(filter(None, (url, public)))
        self._signing = signer = Credentials(self._credentials[0].access_key, self._credentials[0].secret_key)
        try:
            presigner = Presigner(signer, endpoint=public or url, region=self._region)
        except ValueError as error:
            raise Failure(f"--s3-public-endpoint cannot be used: {error}") from None
        self.layers.append(PresignedFor(presigner))

    def serve(self, store: Store) -> tuple[tuple[Endpoint, ...], Notes]:
        """Makes the endpoint over the open store.

        There is none if there are no credentials, or none but the published one for a store that keeps its objects. Nor
        is there where the backend has one, unless ``--s3`` asks for it.

        Returns:
            The endpoint, if there is one, and lines about it for the user.

        Raises:
            Failure: The address is not available, or the credentials are not fit for it.
        """
        options = self._options
        if options is None:
            return (), ()
        if store.capabilities.s3_endpoint and not options.s3.s3:
            return (), ((_NAME, "the backend's own, which the REST API's /status names"),)
        if not self._credentials:
            note(f"note: no S3 endpoint, since nobody could use it: {HOW}")
            return (), ()
        driver = store.capabilities.driver
        if driver != PUBLISHED_FOR and not options.s3.s3 and self._has_published_alone():
            note(f"note: no S3 endpoint, since its secret key would be the published one: {HOW}")
            self.close()
            self._address = None
            return (), ()
        check_fit(self._credentials, self._host, driver)
        url = self._listen(options)
        if not self._tells_its_place:
            self._place.endpoint, self._place.region = url, self._region
        keys = ", ".join(filter(None, (describe(self._credentials), "those of the users" if self._directory else "")))
        notes = ((_NAME, url), ("S3 keys", keys), *self._hints(url))
        return (self._endpoint(store, options),), notes

    def _has_published_alone(self) -> bool:
        """Whether nobody has configured a credential, and the driver has the published one."""
        return self._credentials == self._of_driver and all(map(is_published, self._credentials))

    def _hints(self, url: str) -> Iterator[tuple[str, str]]:
        """Yields lines about how to use it from this machine and from others."""
        if self._directory is None and find_spec(f"bucketry_{DRIVER}") is not None:
            yield "Try it", f"{program()} --store {url} ls"
        if is_everywhere(self._host) and not self._has_public_endpoint:
            yield "Clients", f"presigned URLs and /status name {url}: where it has another name, --s3-public-endpoint"

    def signing(self) -> UrlSigning | None:
        """Returns how URLs are signed for users, once `serve` has made the endpoint; ``None``: the store does it."""
        place = self._endpoints[-1] if self._endpoints else self._place.endpoint
        if self._directory is None or not place:
            return None
        from bucketry_http.rest.url_signing import UrlSigning

        several = self._options is not None and bool(set(self._options.s3.s3_region) - {self._region})
        return UrlSigning(endpoint=place, region=self._region, several_regions=several)

    def close(self) -> None:
        """Closes the port, if no server has taken it over."""
        if self._address is not None:
            self._address.bound.close()

    def _listen(self, options: ServeOptions) -> str:
        if self._address is None:
            bound = bind(self._host, options.s3.s3_port, "--s3-port")
            self._address = Address.of(self._host, bound, options.tls.scheme)
        return self._address.url

    def _endpoint(self, store: Store, options: ServeOptions) -> Endpoint:
        from bucketry_http import Listener, S3Settings, create_s3_app

        # With "localhost", clients that put the bucket before the host name work without settings.
        domains = tuple(dict.fromkeys((*options.s3.s3_domain, "localhost")))
        settings = S3Settings(
            credentials=self._credentials,
            region=self._region,
            domains=domains,
            regions=options.s3.s3_region,
            allowed_hosts=options.listening.allowed_host,
            public_endpoints=self._endpoints,
            check_origins=options.s3.s3_check_origins,
            **common(options, S3Settings),
        )
        self._app, self._driver = create_s3_app(store, settings, directory=self._directory), store.capabilities.driver
        assert self._address is not None  # noqa: S101 - `serve` listens first
        return Endpoint(Listener(self._app, self._host, options.s3.s3_port, self._address.bound), ())


DRIVER: Final = "minio"
"""The driver that speaks to the endpoint: any S3 driver would do."""

_SCHEMES: Final = ("http", "https")


def is_endpoint(url: str) -> bool:
    """Returns whether a URL is that of a server: of an S3 endpoint, or of the REST API."""
    return url.partition("://")[0].lower() in _SCHEMES and "://" in url


def open_endpoint(
    url: str,
    tables: Sequence[CredentialTable],
    memory: Mapping[str, object],
    environ: Mapping[str, str] = os.environ,
) -> Store:
    """Opens the store behind an S3 endpoint.

    Args:
        url: Its URL; settings of the driver may be parameters (``?region=eu-central-1``).
        tables: Credentials of the settings file.
        memory: The settings file's table of ``memory://``, with its own pair and region.
        environ: The environment.

    Raises:
        Failure: The URL has a path, or there are no credentials for it.
        bucketry.InvalidSettings: A setting is not usable, or the driver is not installed.
    """
    scheme, _, rest = url.partition("://")
    place, mark, query = rest.partition("?")
    place = place.removesuffix("/")
    if "/" in place or not place:
        raise Failure(
            f"an S3 endpoint is named by its host and port alone: {scheme}://localhost:9000",
            "buckets and keys are named by the command (bucketry ls BUCKET), and no REST API answers there",
        )
    served = find_settings(f"{PUBLISHED_FOR}://", defaults=memory, environ=environ)
    assert isinstance(served, ServedSettings)  # noqa: S101 - it has no S3 endpoint of its own
    keys = _credentials(urlsplit(f"//{place}").hostname or "", given(tables, environ), served)
    settings = {**keys, "secure": scheme.lower() == "https"}
    # The driver's own variables are for servers of its kind.
    return open_store(
        f"{DRIVER}://{place}{mark}{query}", settings=settings, defaults={"region": served.region}, environ={}
    )


def _credentials(host: str, found: Sequence[Given], served: ServedSettings) -> dict[str, Any]:
    if not found and served.secret_key == DEFAULT_SECRET_KEY and not is_loopback(host):
        raise Failure(f"no credentials are given for the S3 endpoint on {host}", HOW)
    first = found[0] if found else served
    return {"access_key": first.access_key, "secret_key": first.secret_key}
