"""The options of ``bucketry serve``, in groups.

An option stands in its group alone. The command line, the environment, ``[serve]`` of the settings file and the
documentation's table derive from there. A new group is a module with a subclass of `Group`, and a field in
`ServeOptions`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import cache, wraps
from typing import Any

import click
import msgspec
from msgspec import UNSET, UnsetType

from bucketry_cli.serve_options.access import AccessOptions
from bucketry_cli.serve_options.access_store import AccessStoreOptions
from bucketry_cli.serve_options.audit import AuditOptions
from bucketry_cli.serve_options.backend import BackendOptions
from bucketry_cli.serve_options.buckets import BucketOptions
from bucketry_cli.serve_options.connections import ConnectionOptions
from bucketry_cli.serve_options.group import Group, toml_type
from bucketry_cli.serve_options.limits import LimitOptions
from bucketry_cli.serve_options.listening import ListeningOptions
from bucketry_cli.serve_options.logs import LogOptions
from bucketry_cli.serve_options.management import ManagementOptions
from bucketry_cli.serve_options.processes import ProcessOptions
from bucketry_cli.serve_options.proxies import ProxyOptions
from bucketry_cli.serve_options.s3 import S3Options
from bucketry_cli.serve_options.testing import TestingOptions
from bucketry_cli.serve_options.tls import TlsOptions
from bucketry_cli.serve_options.traces import TraceOptions


class ServeOptions(msgspec.Struct, frozen=True, kw_only=True):
    """The values of all options, in their groups."""

    listening: ListeningOptions
    access: AccessOptions
    s3: S3Options
    access_stores: AccessStoreOptions
    backend: BackendOptions
    tls: TlsOptions
    proxies: ProxyOptions
    connections: ConnectionOptions
    limits: LimitOptions
    buckets: BucketOptions
    processes: ProcessOptions
    logs: LogOptions
    audit: AuditOptions
    management: ManagementOptions
    traces: TraceOptions
    testing: TestingOptions

    def values(self) -> dict[str, Any]:
        """Returns the value of each option by its name."""
        return {
            name: value for group in groups() for name, value in msgspec.structs.asdict(getattr(self, group)).items()
        }


@cache
def groups() -> Mapping[str, type[Group]]:
    """Returns the groups by the names of their fields."""
    return {field.name: field.type for field in msgspec.structs.fields(ServeOptions)}


def all_options() -> Iterator[click.Option]:
    """Yields all options, in the order of their groups."""
    for group in groups().values():
        yield from group.OPTIONS


def grouped(values: Mapping[str, Any]) -> ServeOptions:
    """Returns the values of all options in their groups."""
    found: dict[str, Any] = {
        name: kind(**{field: values[field] for field in kind.__struct_fields__}) for name, kind in groups().items()
    }
    return ServeOptions(**found)


def in_groups(command: Callable[..., None]) -> Callable[..., None]:
    """Calls a command with `ServeOptions` as ``options``, instead of the single values."""

    @wraps(command)
    def called(*arguments: Any, **values: Any) -> None:
        options = grouped(values)
        grouped_names = options.values().keys()
        others = {name: value for name, value in values.items() if name not in grouped_names}
        command(*arguments, options=options, **others)

    return called


@cache
def serve_table() -> type[msgspec.Struct]:
    """Returns the type of the table ``[serve]`` in the settings file."""
    fields = [(str(given.name), toml_type(given) | UnsetType, UNSET) for given in all_options()]
    return msgspec.defstruct("ServeTable", fields, kw_only=True, forbid_unknown_fields=True)
