"""A driver's settings: from a URL, from the environment and from the caller, checked against the driver's Struct."""

from __future__ import annotations

import logging
import os
import re
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, ClassVar, Final, TypeVar
from urllib.parse import parse_qsl

import msgspec

from bucketry.decoding import convert
from bucketry.errors import InvalidSettings
from bucketry.secret import Secret

_OF_SERVICES: Final = re.compile(r"_(SERVICE_(HOST|PORT\w*)|PORT_\d+_\w+)$")
"""Variables that Kubernetes makes from services' names: ``BUCKETRY_SERVICE_HOST``, ``BUCKETRY_MINIO_PORT_80_TCP``."""

_ADDRESS_OF_SERVICE: Final = re.compile(r"(tcp|udp|sctp)://")
"""How the value of another one begins: ``BUCKETRY_PORT=tcp://10.0.0.1:80``."""

_told: Final[set[str]] = set()
_read: Final[set[str]] = set()
"""Variables that some code in this process reads. A reader of a few of them must not report the others."""

_log: Final = logging.getLogger("bucketry")


class DriverSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Base of the settings of all drivers. Fields of type `Secret` never come from a URL, and never show.

    A driver whose URL names a place (``minio://host:9000``) has a field ``location`` for the part between ``://`` and
    ``?``.

    Attributes:
        scheme: The driver's name.
    """

    scheme: ClassVar[str]

    @classmethod
    def from_environment(
        cls,
        environ: Mapping[str, str],  # noqa: ARG003 - for those who override it
        given: Mapping[str, object],  # noqa: ARG003
    ) -> Mapping[str, object]:
        """Finds settings that a platform puts into the environment, in variables or files of its own.

        A driver overrides this if its backend's platform has such names. The result wins only over defaults:
        bucketry's own variables, the URL and the caller win over it.

        Args:
            environ: The environment.
            given: The settings from bucketry's own variables, the URL and the caller.

        Returns:
            Settings by field name; secrets are plain strings.

        Raises:
            InvalidSettings: A value cannot be used. The message never repeats a secret.
        """
        return {}


DEFAULT_SECRET_KEY: Final = Secret("bucketry-secret")
"""Not a secret: the documentation shows it. It is for stores that hold nothing of value."""


PUBLISHED_FOR: Final = "memory"
"""The only driver that may be served with `DEFAULT_SECRET_KEY`: its data ends with the process."""


class ServedSettings(DriverSettings, frozen=True, kw_only=True):
    """Settings of a driver whose backend has no S3 endpoint. It presigns URLs for the endpoint that serves its store.

    A server of such a store (``bucketry serve``, the test fixtures) fills in where it listens, and accepts signatures
    of these credentials.

    Attributes:
        endpoint: URL of the S3 endpoint that serves this store. The driver itself listens nowhere.
        public_endpoint: URL under which clients reach that endpoint, if it differs. Presigned URLs carry it.
        region: Region that signatures name.
        access_key: Access key of presigned URLs.
        secret_key: Its secret key. The default is not secret: set another one if others reach the endpoint.
    """

    endpoint: str = "http://localhost:9000"
    public_endpoint: str | None = None
    region: str = "us-east-1"
    access_key: str = "bucketry"
    secret_key: Secret = DEFAULT_SECRET_KEY


SettingsT = TypeVar("SettingsT", bound=DriverSettings)


class StoreUrl(msgspec.Struct, frozen=True):
    """The parts of a store's URL."""

    scheme: str
    location: str
    parameters: dict[str, str]


def parse_url(url: str) -> StoreUrl:
    """Parses a store's URL: ``scheme://location?parameter=value``.

    Raises:
        InvalidSettings: It is not such a URL, names a parameter twice, or holds credentials. The message never repeats
            them.
    """
    scheme, separator, rest = url.partition("://")
    scheme = scheme.lower()  # RFC 3986, 3.1: case does not matter.
    if not separator or not scheme.isidentifier():
        raise InvalidSettings("a store URL looks like memory://, file:///srv/data, file://./data or s3://host:9000")
    location, _, query = rest.partition("?")
    if "@" in location.partition("/")[0]:
        raise InvalidSettings(
            "credentials do not belong in a store URL: "
            f"set BUCKETRY_{scheme.upper()}_… variables or pass them as settings"
        )
    try:
        pairs = parse_qsl(query, keep_blank_values=True, strict_parsing=True, max_num_fields=100) if query else []
    except ValueError:
        raise InvalidSettings("the parameters of a store URL look like ?name=value&name=value") from None
    if len(dict(pairs)) != len(pairs):
        raise InvalidSettings("the store URL names a parameter twice")
    return StoreUrl(scheme, location, dict(pairs))


def load_settings(
    kind: type[SettingsT],
    url: StoreUrl | None = None,
    explicit: Mapping[str, object] | None = None,
    environ: Mapping[str, str] = os.environ,
    defaults: Mapping[str, object] | None = None,
) -> SettingsT:
    """Merges a driver's settings.

    Later sources win: defaults, `DriverSettings.from_environment`, ``BUCKETRY_…`` variables, the URL, ``explicit``.

    Field ``max_bytes`` of driver ``memory`` is ``BUCKETRY_MEMORY_MAX_BYTES`` in the environment;
    ``BUCKETRY_MEMORY_SECRET_KEY_FILE`` names a file that holds a secret, which changes when the file does; so does
    ``secret_key_file`` in defaults and in ``explicit``.

    Raises:
        InvalidSettings: A value is unknown, missing or of the wrong type. The message never repeats a secret.
    """
    secrets = secret_fields(kind)
    given = dict(_from_environment(kind, secrets, environ))
    warn_of_unknown(environ, variables_of(kind), prefix=_variable(kind, ""))
    if url is not None:
        given.update(_from_url(kind, secrets, url))
    given.update(_read_files(explicit or {}, secrets))
    values = {**_read_files(defaults or {}, secrets), **kind.from_environment(environ, given), **given}
    if missing := [name for name in _required(kind) if _is_empty(values.get(name))]:
        raise InvalidSettings(_needs(kind, missing, secrets, environ))
    _refuse_unknown(kind, values)
    try:
        return convert(values, kind, strict=False, dec_hook=_decode)
    except msgspec.ValidationError as error:
        raise InvalidSettings(_misfit(kind, error)) from None


def _refuse_unknown(kind: type[DriverSettings], values: Mapping[str, object]) -> None:
    known = [field.name for field in _fields(kind)]
    unknown = next((name for name in values if name not in known), None)
    if unknown is None:
        return
    from difflib import get_close_matches  # Only here: importing it takes time, and few programs need it.

    meant = next(iter(get_close_matches(unknown, known, n=1)), None)
    raise InvalidSettings(
        f"unknown setting `{unknown}`{f': did you mean `{meant}`?' if meant else ''} "
        f"(the driver {kind.scheme!r} knows: {', '.join(known) or 'no settings'})"
    )


def _misfit(kind: type[DriverSettings], error: msgspec.ValidationError) -> str:
    """Returns a message: which setting has a value of the wrong type, and what it takes."""
    said, _, place = str(error).partition(" - at `$.")
    wanted = said.replace("Expected `bool`", "expected `bool` (true or false)").replace("Expected", "expected")
    return f"the setting {place.rstrip('`')} of the driver {kind.scheme!r}: {wanted}" if place else said


def _read_files(values: Mapping[str, object], secrets: set[str]) -> dict[str, object]:
    """Returns settings with the secrets in place of the files that hold them."""
    read = dict(values)
    for name in secrets:
        file = read.pop(f"{name}_file", None)
        if file is not None and name in read:
            raise InvalidSettings(f"give {name} or {name}_file, not both")
        if file is not None:
            read[name] = secret_in(str(file), f"{name}_file")
    return read


@cache
def _fields(kind: Any) -> tuple[msgspec.structs.FieldInfo, ...]:  # mypy doubts that a class can be hashed.
    """Returns the fields of a driver's settings. msgspec reads the annotations anew each time, which takes 0.1 ms."""
    return msgspec.structs.fields(kind)


def _required(kind: type[DriverSettings]) -> list[str]:
    return [field.name for field in _fields(kind) if field.required]


def _is_empty(value: object) -> bool:
    return value is None or value == "" or (isinstance(value, Secret) and not value)


def _needs(kind: type[DriverSettings], missing: Sequence[str], secrets: set[str], environ: Mapping[str, str]) -> str:
    """Returns a message: which settings are missing or empty, and where to set them."""
    advice = [f"name the place in the URL, as in {kind.scheme}://PLACE"] if "location" in missing else []
    variables = [
        f"{_variable(kind, name)} (or {_variable(kind, name)}_FILE)" if name in secrets else _variable(kind, name)
        for name in missing
        if name != "location"
    ]
    if variables:
        advice.append(f"set {' and '.join(variables)}")
    known = variables_of(kind)
    unread = [name for name in environ if name.upper().startswith(_variable(kind, "")) and name not in known]
    also = f" (nothing reads {', '.join(sorted(unread))}, which is set)" if unread else ""
    return f"the driver {kind.scheme!r} needs {' and '.join(missing)}: {'; '.join(advice)}{also}"


def variables_of(kind: type[DriverSettings]) -> frozenset[str]:
    """Returns the names of the variables of a driver's settings."""
    fields = _fields(kind)
    files = {_variable(kind, field.name) + "_FILE" for field in fields if _is_secret(field.type)}
    return frozenset({_variable(kind, field.name) for field in fields} | files)


def warn_of_unknown(environ: Mapping[str, str], known: Iterable[str], *, prefix: str = "BUCKETRY_") -> None:
    """Logs a warning, once in a process, for each variable that no code reads: its name may be misspelt.

    Args:
        environ: The environment.
        known: The names that some code reads.
        prefix: Only variables whose names begin with it are checked.
    """
    known = frozenset(known)
    _read.update(known)
    for name in sorted(environ):
        # A name in another case is another variable. Its author meant this one.
        if not name.upper().startswith(prefix) or name in _read or name in _told or is_of_service(name, environ[name]):
            continue
        _told.add(name)
        from difflib import get_close_matches  # Only here: importing it takes time, and few programs need it.

        meant = next(iter(get_close_matches(name.upper(), sorted(known), n=1, cutoff=0.8)), None)
        # No colon here: after a secret's name and a colon, a redacted log shows ***.
        _log.warning("nothing reads the variable %s%s", name, f" (did you mean {meant}?)" if meant else "")


def is_of_service(name: str, value: str) -> bool:
    """Whether Kubernetes has made a variable from the name of a service, which may be ``bucketry``.

    Args:
        name: The variable.
        value: Its value, which tells ``BUCKETRY_PORT`` from the setting of the same name.
    """
    of_address = name.endswith("_PORT") and _ADDRESS_OF_SERVICE.match(value) is not None
    return of_address or _OF_SERVICES.search(name) is not None


def secret_fields(kind: type[DriverSettings]) -> set[str]:
    """Returns the names of a driver's settings that are secrets."""
    return {field.name for field in _fields(kind) if _is_secret(field.type)}


def _is_secret(annotation: object) -> bool:
    return annotation is Secret or Secret in getattr(annotation, "__args__", ())


def _decode(kind: type, value: object) -> object:
    if kind is Secret:
        if isinstance(value, Secret):
            return value
        if isinstance(value, str):
            return Secret(value)
        raise ValueError("expected a string")
    raise NotImplementedError(kind)


def _from_url(kind: type[DriverSettings], secrets: set[str], url: StoreUrl) -> Mapping[str, object]:
    if named := sorted(secrets & set(url.parameters)):
        variables = ", ".join(_variable(kind, name) for name in named)
        raise InvalidSettings(f"a secret does not belong in a store URL: set {variables}")
    if "location" in url.parameters:
        raise InvalidSettings("'location' is what stands between :// and ? in a store URL, not a parameter")
    if not url.location:
        return url.parameters
    if "location" not in kind.__struct_fields__:
        raise InvalidSettings(f"{kind.scheme}:// takes nothing between :// and ?")
    return {**url.parameters, "location": url.location}


def _from_environment(
    kind: type[DriverSettings], secrets: set[str], environ: Mapping[str, str]
) -> Mapping[str, object]:
    values: dict[str, object] = {}
    for name in kind.__struct_fields__:
        variable = _variable(kind, name)
        if variable in environ:
            values[name] = environ[variable]
        elif name in secrets and (path := environ.get(variable + "_FILE")):
            values[name] = secret_in(path, variable + "_FILE")
    return values


def _variable(kind: type[DriverSettings], name: str) -> str:
    return f"BUCKETRY_{kind.scheme}_{name}".upper()


def secret_in(path: str | Path, named_by: str) -> Secret:
    """Returns the secret in a file. It changes with the file (`Secret.from_file`).

    Args:
        path: The file.
        named_by: The variable or setting that names the file, for the message.

    Raises:
        InvalidSettings: It cannot be read, is empty, is not UTF-8 or is too large. The message never repeats it.
    """
    try:
        return Secret.from_file(path)
    except OSError as error:
        raise InvalidSettings(f"the file that {named_by} names cannot be read: {type(error).__name__}") from None
    except ValueError as error:
        raise InvalidSettings(f"the file that {named_by} names cannot be used: {error}") from None
