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
    )

    access_file: str | None
