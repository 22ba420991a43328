"""Options for ports."""

from __future__ import annotations

import click
from bucketry.settings import is_of_service

from bucketry_cli.serve_options.command import ServeOption


class PortOption(ServeOption):
    """An option for a port. Its variable is ignored if Kubernetes set it.

    In a cluster with a service called ``bucketry``, Kubernetes sets ``BUCKETRY_PORT=tcp://10.0.0.1:80`` in every pod.
    """

    def resolve_envvar_value(self, ctx: click.Context) -> str | None:
        """Returns the option's value in the environment."""
        value = super().resolve_envvar_value(ctx)
        return None if value is not None and is_of_service("_PORT", value) else value
