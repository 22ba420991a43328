"""Who may use the server."""

from __future__ import annotations

from typing import ClassVar

from bucketry_cli.serve_options.group import Group, option


class AccessOptions(Group, frozen=True, kw_only=True):
    """Who may use the server."""

    TITLE: ClassVar = "Users"
    OPTIONS: ClassVar = (
        option(
            "--access-file",
            metavar="FILE",
            help="Users, groups, key pairs and tokens (docs/access.md), read again when it changes. With users, both "
            "ports ask everybody who they are.",
        ),
        option(
            "--backend-urls/--no-backend-urls",
            default=True,
            help="Presign URLs of the backend's own S3 endpoint where this server has no S3 port. Such a URL works "
            "until it expires, whatever rights its user has then.  [default: presign]",
        ),
    )

    access_file: str | None
    backend_urls: bool
