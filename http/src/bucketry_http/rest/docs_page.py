"""The documentation page: Swagger UI, which comes with this package, and a plain page for browsers without scripts.

The page loads nothing from other hosts: its Content-Security-Policy forbids that.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from functools import cache
from importlib.resources import files
from typing import Any, Final

from litestar import Request, Response, Router, get
from litestar.exceptions import NotFoundException
from litestar.openapi.plugins import OpenAPIRenderPlugin
from litestar.params import FromPath

PATH: Final = "/schema"
SWAGGER_UI_VERSION: Final = "5.35.0"
"""Version of the npm package ``swagger-ui-dist``. ``tools/swagger_ui.py`` downloads another one."""

_ASSETS: Final = f"assets-{SWAGGER_UI_VERSION}"
_FILES: Final = {
    "swagger-ui-bundle.js": ("swagger-ui/swagger-ui-bundle.js", "text/javascript; charset=utf-8"),
    "swagger-ui.css": ("swagger-ui/swagger-ui.css", "text/css; charset=utf-8"),
    "LICENSE": ("swagger-ui/LICENSE", "text/plain; charset=utf-8"),
    "page.js": ("page.js", "text/javascript; charset=utf-8"),
    "page.css": ("page.css", "text/css; charset=utf-8"),
}

SECURITY_HEADERS: Final = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; "
    "media-src 'self' blob:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}
"""Swagger UI shows downloads as ``blob:``, and has pictures in its style sheet as ``data:``."""

_PAGE: Final = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="{assets}/swagger-ui.css">
<link rel="stylesheet" href="{assets}/page.css">
</head>
<body>
<div id="ui" data-document="{document}"></div>
<noscript>
<div class="plain">
<h1>{title}</h1>
<p>{description}</p>
<p>All details: <a href="{document}">{document}</a></p>
{operations}
</div>
</noscript>
<script src="{assets}/swagger-ui-bundle.js"></script>
<script src="{assets}/page.js"></script>
</body>
</html>
"""

_CODE: Final = re.compile(r"`([^`]+)`")


def refuse_unknown(request: Request[Any, Any, Any]) -> None:
    """Refuses unknown paths below the page. Otherwise Litestar sends a page of its own for them.

    Raises:
        NotFoundException: Litestar routed the request to its handler for all other paths.
    """
    if "path" in request.path_params:
        raise NotFoundException


class DocsPage(OpenAPIRenderPlugin):
    """Renders the page."""

    def render(self, request: Request[Any, Any, Any], openapi_schema: dict[str, Any]) -> bytes:
        """Returns the page.

        Args:
            request: The request for it.
            openapi_schema: The OpenAPI document.
        """
        info = openapi_schema["info"]
        document = self.get_openapi_json_route(request)
        page = _PAGE.format(
            title=html.escape(info["title"]),
            description=_prose(info["description"]),
            document=html.escape(document),
            assets=html.escape(f"{document.rpartition('/')[0]}/{_ASSETS}"),
            operations="\n".join(_operations(openapi_schema["paths"])),
        )
        return page.encode()

    def receive_router(self, router: Router) -> None:
        """Adds the page's files to the router.

        Args:
            router: The router of the page.
        """
        router.register(get_asset)


@get(f"/{_ASSETS}/{{name:str}}", include_in_schema=False, sync_to_thread=False)
def get_asset(name: FromPath[str]) -> Response[bytes]:
    """Send a file of the page. Its path changes with its version, so a browser may keep it."""
    if name not in _FILES:
        raise NotFoundException
    path, media_type = _FILES[name]
    return Response(_read(path), media_type=media_type, headers={"Cache-Control": "public, max-age=86400"})


@cache
def _read(path: str) -> bytes:
    return (files(__package__) / "docs_files" / path).read_bytes()


def _operations(paths: dict[str, dict[str, Any]]) -> Iterator[str]:
    for path, item in paths.items():
        for method, operation in item.items():
            yield (
                f"<h2>{html.escape(operation['summary'])}</h2>\n"
                f"<p><code>{method.upper()} {html.escape(path)}</code></p>\n"
                f"<p>{_prose(operation['description'])}</p>"
            )


def _prose(text: str) -> str:
    return _CODE.sub(r"<code>\1</code>", html.escape(text))
