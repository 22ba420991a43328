"""Proxies in front of the server."""

from __future__ import annotations

from typing import ClassVar

from bucketry_cli.serve_options.group import Group, option
from bucketry_cli.serve_options.names import Names, checked_by


def _check_proxies(names: Names) -> None:
    from bucketry_http import ServerSettings

    ServerSettings(trusted_proxies=names)


class ProxyOptions(Group, frozen=True, kw_only=True):
    """Proxies in front of the server."""

    TITLE: ClassVar = "Proxies"
    OPTIONS: ClassVar = (
        option(
            "--trusted-proxies",
            multiple=True,
            metavar="NETWORK",
            callback=checked_by(_check_proxies),
            help="Address or network (10.1.0.0/16) of proxies whose Forwarded or X-Forwarded-For, -Proto and -Host "
            "name the client, scheme and host. Repeatable.",
        ),
    )

    trusted_proxies: tuple[str, ...]
