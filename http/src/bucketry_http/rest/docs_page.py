"""The documentation page: Swagger UI where its files can be fetched, a plain page of the same operations where not.

Swagger UI comes from a content delivery network. The plain page is what stands there until it has loaded, so that a
reader without a way to the internet still has something to read, and waits for nothing.
"""

from __future__ import annotations

import html
from collections.abc import Iterator
from typing import Any, Final

from litestar import Request
from litestar.openapi.plugins import OpenAPIRenderPlugin

_CDN: Final = "https://cdn.jsdelivr.net/npm/swagger-ui-dist@5.18.2"

_PAGE: Final = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<link rel="icon" href="data:,">
<style>
body {{ margin: 0; font-family: system-ui, sans-serif }}
#plain {{ max-width: 60rem; margin: 2rem auto; padding: 0 1rem; line-height: 1.5 }}
#plain code {{ background: #f3f3f3; padding: .1rem .3rem }}
#plain p {{ white-space: pre-line }}
</style>
</head>
<body>
<div id="ui"></div>
<div id="plain">
<h1>{title}</h1>
<p>{description}</p>
<p>All details: <a href="{document}">{document}</a></p>
{operations}
</div>
<script>
const style = document.createElement("link");
style.rel = "stylesheet";
style.href = "{cdn}/swagger-ui.css";
const script = document.createElement("script");
script.src = "{cdn}/swagger-ui-bundle.js";
script.crossOrigin = "anonymous";
script.onload = () => {{
  document.getElementById("plain").remove();
  SwaggerUIBundle({{url: "{document}", dom_id: "#ui", deepLinking: true}});
}};
document.head.append(style, script);
</script>
</body>
</html>
"""


class DocsPage(OpenAPIRenderPlugin):
    """Renders the page."""

    def render(self, request: Request[Any, Any, Any], openapi_schema: dict[str, Any]) -> bytes:
        """Returns the page.

        Args:
            request: The request for it.
            openapi_schema: The OpenAPI document.
        """
        info = openapi_schema["info"]
        page = _PAGE.format(
            title=html.escape(info["title"]),
            description=html.escape(info["description"]),
            document=html.escape(self.get_openapi_json_route(request)),
            operations="\n".join(_operations(openapi_schema["paths"])),
            cdn=_CDN,
        )
        return page.encode()


def _operations(paths: dict[str, dict[str, Any]]) -> Iterator[str]:
    for path, item in paths.items():
        for method, operation in item.items():
            yield (
                f"<h2>{html.escape(operation['summary'])}</h2>\n"
                f"<p><code>{method.upper()} {html.escape(path)}</code></p>\n"
                f"<p>{html.escape(operation['description'])}</p>"
            )
