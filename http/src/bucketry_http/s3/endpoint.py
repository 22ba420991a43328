"""What all operations of one endpoint share."""

from __future__ import annotations

from bucketry import Store
from bucketry.features import Features

from bucketry_http.s3.addressing import Domains
from bucketry_http.s3.authentication import Authenticator
from bucketry_http.s3.settings import S3Settings, is_for_published
from bucketry_http.shared.calls import StoreCalls
from bucketry_http.shared.uploading import Uploader


class Endpoint:
    """A store and how it is served.

    Attributes:
        store: The store.
        settings: How it is served.
        calls: The store as the event loop sees it.
        uploader: Stores what clients send.
        authenticator: Knows who may do what.
        domains: The endpoint's names.
    """

    __slots__ = ("authenticator", "calls", "domains", "settings", "store", "uploader")

    def __init__(self, store: Store, settings: S3Settings) -> None:
        """Prepares to serve; nothing is called on the store yet."""
        self.store = store
        self.settings = settings
        self.calls = StoreCalls(
            store,
            call_threads=settings.call_threads,
            transfer_threads=settings.transfer_threads,
            wait_seconds=settings.wait_seconds,
        )
        self.uploader = Uploader(self.calls, settings)
        self.domains = Domains(settings.domains, settings.public_endpoints)
        self.authenticator = Authenticator(settings, self.domains, published=is_for_published(store))

    @property
    def features(self) -> Features:
        """What the store's driver declares."""
        return self.store.capabilities.features
