"""Puts the REST API together."""

from __future__ import annotations

from collections.abc import Iterable
from importlib.metadata import version

from bucketry import Store
from litestar import Router
from litestar.openapi.config import OpenAPIConfig
from litestar.openapi.plugins import JsonRenderPlugin, YamlRenderPlugin
from litestar.openapi.spec import License, Tag
from msgspec.structs import replace

from bucketry_http.rest import (
    buckets,
    deleting,
    docs_page,
    downloading,
    health,
    listing,
    presign,
    status,
    uploading,
    usage,
)
from bucketry_http.rest.bodies import ApiRequest
from bucketry_http.rest.docs_page import DocsPage
from bucketry_http.rest.json_answers import Json
from bucketry_http.rest.options import answer_options
from bucketry_http.rest.problems import HANDLERS
from bucketry_http.rest.routing import PREFIX, check_query
from bucketry_http.rest.settings import KIB, RestSettings
from bucketry_http.rest.storage import StorageApp

_MAX_JSON_BYTES = 64 * KIB

_HANDLERS = (
    status.get_status,
    usage.get_usage_report,
    buckets.list_buckets,
    buckets.create_bucket,
    buckets.get_bucket,
    buckets.delete_bucket,
    listing.list_objects,
    uploading.upload_objects,
    deleting.delete_object,
    deleting.delete_objects,
    presign.presign,
    downloading.get_object,
    downloading.head_object,
    uploading.put_object,
)

_TAGS = {
    "Status": "Whether object storage is available.",
    "Buckets": "Containers of objects.",
    "Objects": "Files, under byte-exact keys.",
    "Presigning": "Temporary URLs for direct upload or download.",
    "Health": "For whatever starts and watches the server.",
}


def create_app(store: Store, settings: RestSettings | None = None, *, allowed_hosts: Iterable[str] = ()) -> StorageApp:
    """Makes the REST API over a store, as an ASGI application.

    Args:
        store: The store. The caller opens and closes it.
        settings: How to serve it.
        allowed_hosts: Hosts under which clients reach it, besides those of the settings (`RestSettings.allowed_hosts`).

    Raises:
        InvalidSettings: An allowed host is malformed.
    """
    settings = settings or RestSettings()
    if added := tuple(allowed_hosts):
        settings = replace(settings, allowed_hosts=settings.allowed_hosts + added)
    app = StorageApp(
        [
            Router(PREFIX, route_handlers=[*answer_options(_HANDLERS), *_HANDLERS], response_class=Json),
            Router("/health", route_handlers=[health.get_live, health.get_ready], response_class=Json),
        ],
        exception_handlers=HANDLERS,
        before_request=check_query,
        logging_config=None,
        openapi_config=_openapi() if settings.docs else None,
        request_class=ApiRequest,
        request_max_body_size=_MAX_JSON_BYTES,
    )
    return app.serve_store(store, settings)


def _openapi() -> OpenAPIConfig:
    return OpenAPIConfig(
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
