"""Puts the REST API together."""

from __future__ import annotations

import copy
from collections.abc import Iterable
from importlib.metadata import version
from typing import Any, Final, Self

from bucketry import Store
from bucketry.clock import Clock
from bucketry.origin import Origin, set_origin
from bucketry.rest_api import PREFIX
from bucketry_access import Directory
from litestar import Litestar, Router
from litestar.openapi.config import OpenAPIConfig
from litestar.openapi.plugins import JsonRenderPlugin, YamlRenderPlugin
from litestar.openapi.spec import Components, License, SecurityScheme, Tag
from msgspec.structs import replace

from bucketry_http.rest import (
    bucket_settings,
    buckets,
    docs_page,
    listing,
    objects,
    presign,
    recording,
    status,
    tags,
    uploads,
    versions,
    whoami,
)
from bucketry_http.rest.authentication import SENDER, TokenAuthenticator
from bucketry_http.rest.authorization import Authorization
from bucketry_http.rest.cors import BrowserRules
from bucketry_http.rest.docs_page import DocsPage
from bucketry_http.rest.field_descriptions import FieldDescriptions
from bucketry_http.rest.framework import (
    ApiRequest,
    JsonResponse,
    get_for_head,
    options_handlers,
    route_object_key,
)
from bucketry_http.rest.problems import EXCEPTION_HANDLERS
from bucketry_http.rest.refusing import send_refusal
from bucketry_http.rest.settings import RestSettings
from bucketry_http.rest.url_signing import UrlSigning
from bucketry_http.shared.calls import StoreCalls
from bucketry_http.shared.errors import RequestError
from bucketry_http.shared.health_paths import asks_for_health
from bucketry_http.shared.object_writing import Uploader
from bucketry_http.shared.origin import ADMISSION, ANONYMOUS, client_address
from bucketry_http.shared.record import id_of

_BEARER: Final = "bearer"
"""The name of the way to authenticate, in the document."""

_HANDLERS: Final = (
    status.get_status,
    status.get_usage_report,
    whoami.whoami,
    buckets.list_buckets,
    buckets.create_bucket,
    buckets.get_bucket,
    buckets.delete_bucket,
    bucket_settings.get_settings,
    bucket_settings.put_settings,
    bucket_settings.delete_settings,
    versions.list_versions,
    versions.get_retention,
    versions.put_retention,
    versions.get_legal_hold,
    versions.put_legal_hold,
    tags.get_tags,
    tags.put_tags,
    tags.delete_tags,
    listing.list_objects,
    uploads.upload_objects,
    objects.delete_object,
    objects.delete_objects,
    presign.presign,
    objects.get_object,
    objects.head_object,
    uploads.put_object,
)

_TAGS: Final = {
    "Status": "Whether object storage is available.",
    "Buckets": "Containers of objects.",
    "Settings": "Versioning, lifecycle, policy, CORS and other settings of a bucket.",
    "Objects": "Files, under byte-exact keys.",
    "Versions": "Versions of objects, and what keeps them from being deleted.",
    "Presigning": "Temporary URLs for direct upload or download.",
    "Health": "For whatever starts and watches the server.",
}


class StorageApp(Litestar):
    """The REST API as an ASGI application.

    Attributes:
        calls: The store that it serves.
        clock: The store's clock, which ``Date`` shows.
        uploader: Stores what clients send.
        settings: How it serves it.
        rules: Decide over every request first.
        directory: The users; ``None``: there are none.
        authenticator: Finds out who sends a request; ``None``: nobody is asked.
        authorization: Decides what they may do; ``None``: everybody may do everything.
        signing: How presigned URLs are signed for an S3 port that knows the users; ``None``: the store does it.
    """

    calls: StoreCalls
    clock: Clock
    uploader: Uploader
    settings: RestSettings
    rules: BrowserRules
    directory: Directory | None
    authenticator: TokenAuthenticator | None
    authorization: Authorization | None
    signing: UrlSigning | None

    def serve_store(
        self,
        store: Store,
        settings: RestSettings,
        directory: Directory | None = None,
        signing: UrlSigning | None = None,
    ) -> Self:
        """Serves this store from now on. Returns the application itself."""
        self.settings = settings
        self.rules = settings.browser_rules()
        self.clock = store.clock
        self.calls = StoreCalls(
            store,
            call_threads=settings.call_threads,
            transfer_threads=settings.transfer_threads,
            wait_seconds=settings.wait_seconds,
        )
        self.uploader = Uploader(self.calls, settings)
        self.directory = directory
        self.authenticator = None if directory is None else TokenAuthenticator(directory)
        self.authorization = None if directory is None else Authorization(self.calls, directory)
        self.signing = signing
        return self

    def over(self, store: Store, settings: RestSettings | None = None) -> Self:
        """Returns the same application over another store. This is much faster than making a new one.

        Both share Litestar's lifespan, which must not run for both at once. They do not need it.

        Args:
            store: The other store.
            settings: How to serve it; unless given, as before. Whether there is a docs page stays as it is.
        """
        return copy.copy(self).serve_store(store, settings or self.settings, self.directory, self.signing)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Takes a request. Its host and its key in the path come first."""
        if scope["type"] == "http":
            send = await self.rules.admit(scope, send)
            if send is None:
                return
            principal = ANONYMOUS
            try:
                if ADMISSION in scope and not asks_for_health(scope):
                    scope[ADMISSION].of_address(scope)
                if self.authenticator is not None:
                    sender = await self.authenticator.authenticate(scope)
                    scope.setdefault("state", {})[SENDER] = sender
                    principal = sender.principal.user_id or ANONYMOUS
                    if ADMISSION in scope:
                        scope[ADMISSION].of_principal(sender.principal.user_id)
            except RequestError as error:
                await send_refusal(error, scope, send)
                return
            if self.calls.store.reads_origin:
                set_origin(Origin(principal=principal, address=client_address(scope), request_id=id_of(scope)))
            route_object_key(scope)
            if scope["method"] == "HEAD" and not scope["path"].startswith(PREFIX):
                scope, send = get_for_head(scope, send)
        await super().__call__(scope, receive, send)


def create_app(
    store: Store,
    settings: RestSettings | None = None,
    *,
    allowed_hosts: Iterable[str] = (),
    directory: Directory | None = None,
    signing: UrlSigning | None = None,
) -> StorageApp:
    """Makes the REST API over a store, as an ASGI application.

    Args:
        store: The store. The caller opens and closes it.
        settings: How to serve it.
        allowed_hosts: Hosts under which clients reach it, besides those of the settings (`RestSettings.allowed_hosts`).
        directory: Users, who must send a token, and may do what their rights say; ``None``: nobody is asked, and
            everybody may do everything.
        signing: How presigned URLs are signed for an S3 port that knows the users; ``None``: the store does it.

    Raises:
        InvalidSettings: An allowed host is malformed.
    """
    settings = settings or RestSettings()
    if added := tuple(allowed_hosts):
        settings = replace(settings, allowed_hosts=settings.allowed_hosts + added)
    app = StorageApp(
        [
            Router(PREFIX, route_handlers=[*options_handlers(_HANDLERS), *_HANDLERS], response_class=JsonResponse),
            Router("/health", route_handlers=[status.get_live, status.get_ready], response_class=JsonResponse),
        ],
        exception_handlers=EXCEPTION_HANDLERS,
        before_request=recording.begin,
        logging_config=None,
        openapi_config=_openapi(asks=directory is not None) if settings.docs else None,
        plugins=[FieldDescriptions()],
        request_class=ApiRequest,
        # `ApiRequest.body` has the limits, which another store's application may have others of.
        request_max_body_size=None,
    )
    return app.serve_store(store, settings, directory, signing)


def _openapi(*, asks: bool) -> OpenAPIConfig:
    scheme = SecurityScheme(type="http", scheme="bearer", description="A token: `bucketry token create`.")
    return OpenAPIConfig(
        components=Components(security_schemes={_BEARER: scheme} if asks else None),
        security=[{_BEARER: []}] if asks else None,
        title="Object Storage API",
        version=version("bucketry-http"),
        description="S3-compatible object storage for files, backups, media, and static assets. "
        "Errors are problem details (RFC 9457) with a stable `code`.",
        license=License(name="Apache-2.0", identifier="Apache-2.0"),
        tags=[Tag(name=name, description=text) for name, text in _TAGS.items()],
        use_handler_docstrings=True,
        render_plugins=[DocsPage(path="/"), JsonRenderPlugin(), YamlRenderPlugin()],
        openapi_router=Router(
            docs_page.PATH,
            route_handlers=[],
            before_request=docs_page.refuse_unknown,
            include_in_schema=False,
            dto=None,
            return_dto=None,
            response_headers=docs_page.SECURITY_HEADERS,
        ),
    )
