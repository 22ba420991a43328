"""The REST API of a server, over its open store."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bucketry import Store

if TYPE_CHECKING:
    from bucketry_access import Directory
    from bucketry_http import RestSettings
    from bucketry_http.rest.url_signing import UrlSigning

    from bucketry_cli.telemetry import Telemetry


def rest_app(
    store: Store,
    settings: RestSettings,
    telemetry: Telemetry,
    directory: Directory | None = None,
    signing: UrlSigning | None = None,
) -> Any:
    """Returns the REST API over a store, for a process that does little else."""
    from bucketry_http import create_app
    from bucketry_http.server.process_memory import exempt_from_garbage_collection

    app = create_app(store, settings, directory=directory, signing=signing)
    telemetry.watch("rest", app.calls)
    exempt_from_garbage_collection()
    return app
