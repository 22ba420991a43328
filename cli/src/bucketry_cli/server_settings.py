"""The settings of server and ports that follow from the options of ``bucketry serve``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
from bucketry import InvalidSettings

if TYPE_CHECKING:
    from bucketry_http import ServerSettings, TlsFiles

    from bucketry_cli.serve_options import ServeOptions
    from bucketry_cli.serve_options.tls import TlsOptions


def server_settings(options: ServeOptions) -> ServerSettings:
    """Returns the settings of the server.

    Raises:
        InvalidSettings: Certificate or key cannot be used, or two ports are one.
    """
    from bucketry_http import ServerSettings

    _check_ports(options)
    return ServerSettings(
        grace_seconds=options.processes.grace_seconds,
        shutdown_delay=options.processes.shutdown_delay,
        trusted_proxies=options.proxies.trusted_proxies,
        tls=_tls_files(options.tls),
        **common(options, ServerSettings),
    )


def common(options: ServeOptions, kind: type[msgspec.Struct]) -> dict[str, Any]:
    """Returns what settings of a type take from the options of the same names."""
    values = msgspec.structs.asdict(options.connections) | msgspec.structs.asdict(options.limits)
    return {name: value for name, value in values.items() if name in kind.__struct_fields__}


def _check_ports(options: ServeOptions) -> None:
    ports: dict[int, str] = {}
    named = {"--port": options.listening.port, "--management-port": options.management.management_port}
    if options.s3.s3:  # Otherwise nobody knows yet whether there is one.
        named["--s3-port"] = options.s3.s3_port
    for name, port in named.items():
        if port and ports.setdefault(port, name) != name:
            raise InvalidSettings(f"{ports[port]} and {name} are both {port}: give one of them another port")


def _tls_files(tls: TlsOptions) -> TlsFiles | None:
    if tls.tls_cert is None:
        return None
    from bucketry_http import TlsFiles
    from bucketry_http.server.tls import load  # Only here: many servers speak plain HTTP.

    files = TlsFiles(certificate=tls.tls_cert, key=tls.tls_key or tls.tls_cert)
    # Said here, before anything has started.
    load(files)
    return files
