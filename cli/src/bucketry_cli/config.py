"""The settings file (TOML, checked as a whole before it is used), our variables, and the state of one run."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any, ClassVar, Final, get_args

import click
import msgspec
from bucketry import BucketryError, DriverSettings, InvalidSettings, Secret, driver_variables
from bucketry.decoding import convert
from bucketry.quotas import QuotaRule
from bucketry.settings import variables_of, warn_of_unknown
from msgspec import UNSET, UnsetType

from bucketry_cli.errors import Failure

DEFAULT_FILE: Final = "bucketry.toml"
"""Read from the working directory if no other file is named."""

_MAX_BYTES: Final = 1024 * 1024
"""Largest settings file, in bytes; a larger one is the wrong file."""


_MANY: Final = 20
"""If a table has more keys than this, a message about an unknown one names those like it alone."""


_OF_SERVE: Final = frozenset({"serve", "check", "show"})
"""The commands that have the options of ``[serve]``."""


class CredentialTable(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """A table ``[[s3_credentials]]``: who may use the S3 endpoint of ``bucketry serve``.

    Attributes:
        access_key: The public name of the key.
        secret_key: The key that signs.
        secret_key_file: A file that holds the key instead. A relative path starts at the settings file's folder.
        read_only: Whether its holder may only read.
        buckets: The only buckets that its holder may use; empty: all buckets.
        policy: What its holder may do, as a policy of IAM in JSON.
        user_id: The user that it belongs to; empty: the one who owns what nobody else does.
        display_name: The user's name for people.
        email: The user's e-mail address, which ACLs may name.
        is_root: Whether its holder has the rights of the owner over every bucket and object.
    """

    access_key: str
    secret_key: Secret | None = None
    secret_key_file: str | None = None
    read_only: bool = False
    buckets: list[str] = []
    policy: str | None = None
    user_id: str = ""
    display_name: str = ""
    email: str = ""
    is_root: bool = False


class WebhookTable(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """A table ``[[webhooks]]``: a URL that ``bucketry serve`` sends events to (`bucketry_http.webhooks`).

    Attributes:
        url: The URL.
        name: Name of the webhook; empty: it gets the events of all buckets.
        secret: The key that signs.
        secret_file: A file that holds the key instead. A relative path starts at the settings file's folder.
        ca_file: PEM file of the certificate authorities that are trusted, with a path likewise.
        timeout_seconds: How long the receiver may take.
        attempts: How often an event is sent before it is dropped.
        queue_size: Most events that wait.
        concurrency: Most requests at a time.
    """

    url: str
    name: str = ""
    secret: Secret | None = None
    secret_file: str | None = None
    ca_file: str | UnsetType = UNSET
    timeout_seconds: float | UnsetType = UNSET
    attempts: int | UnsetType = UNSET
    queue_size: int | UnsetType = UNSET
    concurrency: int | UnsetType = UNSET


class StoreTable(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """A table ``[[stores]]``: one of several stores, each bucket in one of them (`bucketry_router`).

    Attributes:
        name: Its name, in messages and in the status.
        url: Its URL.
        buckets: Patterns of the names of its buckets, such as ``web-*``; the first store with a pattern that matches
            has the bucket.
        default: Whether it has the buckets that no pattern of any store matches.
        settings: More settings of its driver, which win over its URL, the environment and the driver's own table. A
            relative path in one whose name ends in ``_file`` starts at the settings file's folder.
    """

    name: str
    url: str
    buckets: list[str] = []
    default: bool = False
    settings: dict[str, Any] = {}


ROUTER: Final = "router"
"""The driver over several stores."""


class ConfigFile(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """A settings file.

    Attributes:
        store: URL of the store, for all commands.
        serve: Options of ``bucketry serve``, with ``_`` for ``-``.
        s3_credentials: Who may use the S3 endpoint.
        users: Users, as the access file has them (docs/access.md).
        groups: Groups of users, likewise.
        oidc: Issuers of OpenID Connect, whose tokens are accepted.
        webhooks: Where events are sent.
        stores: Several stores instead of one.
        quotas: How much buckets and owners may hold.
        drivers: Settings of each driver, by its name; URL and environment win over them.
    """

    store: str | UnsetType = UNSET
    serve: dict[str, Any] = msgspec.field(default_factory=dict)
    s3_credentials: list[CredentialTable] = []
    users: list[dict[str, Any]] = []
    groups: list[dict[str, Any]] = []
    oidc: list[dict[str, Any]] = []
    webhooks: list[WebhookTable] = []
    stores: list[StoreTable] = []
    quotas: list[QuotaRule] = []
    drivers: dict[str, dict[str, Any]] = msgspec.field(default_factory=dict)

    def table_of(self, scheme: str) -> dict[str, Any]:
        """Returns the settings of a driver; those of the router have the stores."""
        table = self.drivers.get(scheme, {})
        if scheme == "https":  # The same server with TLS, and the same token.
            return {**self.drivers.get("http", {}), **table}
        if scheme != ROUTER or not self.stores:
            return table
        stores = [
            {**msgspec.structs.asdict(store), "defaults": self.table_of(store.url.partition("://")[0].lower())}
            for store in self.stores
        ]
        return {**table, "stores": stores}

    def options_of(self, command: str | None) -> dict[str, object]:
        """Returns what the file says about a command's options, by their names."""
        store = f"{ROUTER}://" if self.stores else self.store
        values = {"store": store, **(self.serve if command in _OF_SERVE else {})}
        return {name: value for name, value in values.items() if value is not UNSET}


class ConfigText:
    """The text of a settings file as it was read. A worker gets it, since the file itself may have changed since.

    Attributes:
        path: The file.
    """

    def __init__(self, path: Path) -> None:
        """Reads the file.

        Raises:
            Failure: It cannot be read.
        """
        self.path = path
        try:
            with path.open("rb") as file:
                self._content = file.read(_MAX_BYTES + 1)
        except OSError as error:
            raise _refusal(path, error.strerror or type(error).__name__) from error
        if len(self._content) > _MAX_BYTES:
            raise _refusal(path, f"it is larger than {_MAX_BYTES} bytes")

    def __repr__(self) -> str:
        # The text may hold secrets.
        return f"<{type(self).__name__} {str(self.path)!r}>"

    def load(self) -> ConfigFile:
        """Returns what it says.

        Raises:
            Failure: It is not TOML, or has an unknown key. The message names the key and never repeats a value.
        """
        return _parsed(self.path, self._content)


def load_config(path: Path) -> ConfigFile:
    """Reads a settings file; errors as in `ConfigText`."""
    return ConfigText(path).load()


def _parsed(path: Path, content: bytes) -> ConfigFile:
    import tomllib  # Only here: many runs have no settings file.

    try:
        values = tomllib.loads(content.decode())
        _check_keys(path, values)
        config = convert(values, ConfigFile, dec_hook=_decode)
        if config.serve:
            _check_serve(path, config.serve)
    except UnicodeDecodeError as error:
        raise _refusal(path, "it is not UTF-8") from error
    except RecursionError as error:
        raise _refusal(path, "it has too many arrays or tables within each other") from error
    except (tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
        raise _refusal(path, str(error)) from error
    except InvalidSettings as error:
        raise _refusal(path, error.detail) from error
    if config.stores and config.store is not UNSET:
        raise _refusal(path, "'store' and [[stores]] exclude each other: write all stores as [[stores]]")
    for store in config.stores:
        if store.url.partition("://")[0].lower() == ROUTER:
            raise _refusal(path, f"the store {store.name!r} is {ROUTER}://, which stands for all of [[stores]] itself")
        store.settings = _with_paths(path.parent, store.settings)
    for table in config.s3_credentials:
        if table.secret_key_file is not None:
            table.secret_key_file = str(path.parent / table.secret_key_file)
    for webhook in config.webhooks:
        if webhook.secret_file is not None:
            webhook.secret_file = str(path.parent / webhook.secret_file)
        if webhook.ca_file is not UNSET:
            webhook.ca_file = str(path.parent / webhook.ca_file)
    return config


def _with_paths(folder: Path, settings: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: str(folder / value) if name.endswith("_file") and isinstance(value, str) else value
        for name, value in settings.items()
    }


def _decode(kind: type, value: object) -> object:
    if kind is Secret and isinstance(value, str):
        return Secret(value)
    raise ValueError("expected a string")


def tables() -> dict[str, tuple[type[msgspec.Struct], bool]]:
    """Returns the type of each table that a settings file may have, and whether there may be several of it.

    ``[serve]`` and ``[drivers]`` are not among them: options and drivers say what stands there.
    """
    found = {}
    for field in msgspec.structs.fields(ConfigFile):
        for kind in (field.type, *get_args(field.type)):
            if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
                found[field.name] = (kind, kind is not field.type)
    return found


def _check_keys(path: Path, content: Mapping[str, object]) -> None:
    """Finds unknown keys before msgspec does: its message does not name the known ones."""
    _check_table(path, "", content, ConfigFile)
    for name, (kind, _) in tables().items():
        found = content.get(name)
        for table in found if isinstance(found, list) else [found]:
            if isinstance(table, dict):
                _check_table(path, f"{name}.", table, kind)


def _check_serve(path: Path, values: Mapping[str, object]) -> None:
    # Other commands have nothing to do with these options, and seldom need to import them.
    from bucketry_cli.serve_options import serve_table

    table = serve_table()
    _check_table(path, "serve.", values, table)
    convert({"serve": values}, msgspec.defstruct("Tables", [("serve", table)]))


def _check_table(path: Path, prefix: str, table: Mapping[str, object], kind: type[msgspec.Struct]) -> None:
    known = kind.__struct_fields__
    unknown = [name for name in table if name not in known]
    if not unknown:
        return
    named = ", ".join(f"'{prefix}{name}'" for name in unknown)
    if len(known) <= _MANY:
        all_known = ", ".join(f"{prefix}{name}" for name in sorted(known))
        raise _refusal(path, f"unknown: {named} (known: {all_known})")
    from difflib import get_close_matches  # Only here: importing it takes time, and few programs need it.

    meant = dict.fromkeys(near for name in unknown for near in get_close_matches(name, known, n=2))
    hint = f"perhaps {' or '.join(prefix + name for name in meant)}; " if meant else ""
    raise _refusal(path, f"unknown: {named} ({hint}docs/settings.md lists all)")


def _refusal(path: Path, reason: str) -> Failure:
    return Failure(f"the settings file {str(path)!r} cannot be used: {reason}")


class State(msgspec.Struct):
    """One run of the program.

    Attributes:
        debug: Whether a failure shows its traceback.
        store: The store's URL, if it was given before the command's name.
        config_path: The settings file, if there is one.
        config_text: Its text.
        config: What it holds.
    """

    debug: bool = False
    store: str | None = None
    config_path: Path | None = None
    config_text: ConfigText | None = None
    config: ConfigFile = msgspec.field(default_factory=ConfigFile)


DRIVERS: Final = "bucketry.drivers"
"""The entry-point group of drivers. Reading its names imports no driver."""

_PREFIX: Final = "BUCKETRY_"

_OF_TESTS: Final = frozenset(
    f"{_PREFIX}{name}" for name in ("REQUIRE_SERVERS", "BASE_IMAGE", "MINIO_IMAGE", "RGW_IMAGE")
)
"""Variables of this project's own tests."""


class S3Variables(DriverSettings, frozen=True, kw_only=True):
    """One S3 credential, in variables like those of a driver: the secret may stand in a file."""

    scheme: ClassVar[str] = "s3"

    access_key: str | None = None
    secret_key: Secret | None = None


class AdminVariables(DriverSettings, frozen=True, kw_only=True):
    """The token of the user ``admin``, who has every right; it may stand in a file.

    Attributes:
        token: The token, of 32 characters at least.
    """

    scheme: ClassVar[str] = "admin"

    token: Secret | None = None


class UrlVariables(DriverSettings, frozen=True, kw_only=True):
    """What presigned URLs of users without a key pair are made with; it may stand in a file.

    Attributes:
        secret: 32 characters at least, the same for all servers of a service; ``None``: such URLs end with the server.
    """

    scheme: ClassVar[str] = "urls"

    secret: Secret | None = None


class WebhookVariables(DriverSettings, frozen=True, kw_only=True):
    """What all webhooks of the option ``--webhook`` have in common; the secret may stand in a file.

    Attributes:
        secret: The key that signs.
        ca_file: PEM file of the certificate authorities that are trusted.
    """

    scheme: ClassVar[str] = "webhook"

    secret: Secret | None = None
    ca_file: str | None = None


def report_misspelt(environ: Mapping[str, str], group: click.Group, ctx: click.Context) -> None:
    """Logs a warning for each ``BUCKETRY_`` variable that nothing reads, with the name that was probably meant.

    Args:
        environ: The environment.
        group: The program, whose options have variables.
        ctx: Its context.
    """
    if not any(name.upper().startswith(_PREFIX) for name in environ):
        return
    known = {*_of_options(group, ctx), *_of_groups(), *_OF_TESTS}
    unknown = {name for name in environ if name.upper().startswith(_PREFIX)} - known
    if unknown:
        # Importing all drivers takes long. First those whose names the variables begin with.
        schemes = sorted({entry.name for entry in entry_points(group=DRIVERS)})
        known |= _of_drivers(scheme for scheme in schemes if any(_is_of(scheme, name) for name in unknown))
        if unknown - known:
            known |= _of_drivers(schemes)
    # Even if there is nothing to report: from now on these names are known.
    warn_of_unknown(environ, known)


def _of_groups() -> Iterator[str]:
    for kind in (S3Variables, AdminVariables, UrlVariables, WebhookVariables):
        yield from variables_of(kind)


def _is_of(scheme: str, variable: str) -> bool:
    return variable.upper().startswith(f"{_PREFIX}{scheme}_".upper())


def _of_options(group: click.Group, ctx: click.Context) -> Iterator[str]:
    commands = [group.get_command(ctx, name) for name in group.list_commands(ctx)]
    for command in filter(None, (group, *commands)):
        for parameter in command.params:
            if isinstance(parameter.envvar, str):
                yield parameter.envvar


def _of_drivers(schemes: Iterable[str]) -> set[str]:
    found: set[str] = set()
    for scheme in schemes:
        try:
            found |= driver_variables(scheme)
        except BucketryError:
            continue  # Opening a store of this driver reports what is wrong with it.
    return found
