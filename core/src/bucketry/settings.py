"""A driver's settings: from a URL, from the environment and from the caller, checked against the driver's Struct."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar, Final, TypeVar
from urllib.parse import parse_qsl

import msgspec

from bucketry.errors import InvalidSettings
from bucketry.secret import Secret


class DriverSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Base of every driver's settings. Fields of type `Secret` never come from a URL and never show.

    A driver whose URL names a place (``minio://host:9000``) has a field ``location``, which gets what stands between
    ``://`` and ``?``.

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
        """Finds settings in what others have put into the environment, such as a platform's own variables or files.

        A driver overrides this where its backend's platform has names of its own. What it returns wins over defaults
        alone: all that is said in bucketry's own terms wins over it.

        Args:
            environ: The environment.
            given: The settings from bucketry's own variables, the URL and the caller.

        Returns:
            Settings by field name; secrets are plain strings.

        Raises:
            InvalidSettings: What is there cannot be used. The message never repeats a secret.
        """
        return {}


DEFAULT_SECRET_KEY: Final = Secret("bucketry-secret")
"""No secret: it is printed in the documentation, for stores that hold nothing of worth."""


class ServedSettings(DriverSettings, frozen=True, kw_only=True):
    """Settings of a driver whose backend has no S3 endpoint, and which presigns URLs for the one that serves it.

    Whoever serves a store of these (``bucketry serve``, the test fixtures) says here where it listens, and accepts
    what is signed with these credentials.

    Attributes:
        endpoint: URL of the S3 endpoint that serves this store. The driver itself listens nowhere.
        public_endpoint: URL under which clients reach that endpoint, where it is another. Presigned URLs carry it.
        region: Region that signatures name.
        access_key: Access key that presigned URLs are signed with.
        secret_key: Its secret key. The default is no secret: set one where others reach the endpoint.
    """

    endpoint: str = "http://localhost:9000"
    public_endpoint: str | None = None
    region: str = "us-east-1"
    access_key: str = "bucketry"
    secret_key: Secret = DEFAULT_SECRET_KEY


SettingsT = TypeVar("SettingsT", bound=DriverSettings)


class StoreUrl(msgspec.Struct, frozen=True):
    """A store's URL, taken apart."""

    scheme: str
    location: str
    parameters: dict[str, str]


def parse_url(url: str) -> StoreUrl:
    """Takes a store URL apart: ``scheme://location?parameter=value``.

    Raises:
        InvalidSettings: It is none, names a parameter twice, or holds credentials. The message never repeats them.
    """
    scheme, separator, rest = url.partition("://")
    if not separator or not scheme.isidentifier():
        raise InvalidSettings("a store URL looks like memory:// or minio://host:9000")
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

    The later wins: defaults, what `DriverSettings.from_environment` finds, environment, URL, explicit.

    Field ``max_bytes`` of driver ``memory`` is ``BUCKETRY_MEMORY_MAX_BYTES`` in the environment;
    ``BUCKETRY_MEMORY_SECRET_KEY_FILE`` names a file that holds a secret, which changes when the file does.

    Raises:
        InvalidSettings: A value is unknown, missing or of the wrong type. The message never repeats a secret.
    """
    secrets = {field.name for field in msgspec.structs.fields(kind) if _is_secret(field.type)}
    given = dict(_from_environment(kind, secrets, environ))
    if url is not None:
        given.update(_from_url(kind, secrets, url))
    given.update(explicit or {})
    values = {**(defaults or {}), **kind.from_environment(environ, given), **given}
    try:
        return msgspec.convert(values, kind, strict=False, dec_hook=_decode)
    except msgspec.ValidationError as error:
        known = ", ".join(field.name for field in msgspec.structs.fields(kind))
        raise InvalidSettings(f"{error} (the driver {kind.scheme!r} knows: {known or 'no settings'})") from None


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
    """Returns the secret that a file holds; it follows the file (`Secret.from_file`).

    Args:
        path: The file.
        named_by: The variable or setting that names it, for the message.

    Raises:
        InvalidSettings: It cannot be read, is empty, is not UTF-8 or is too large. The message never repeats it.
    """
    try:
        return Secret.from_file(path)
    except OSError as error:
        raise InvalidSettings(f"the file that {named_by} names cannot be read: {type(error).__name__}") from None
    except ValueError as error:
        raise InvalidSettings(f"the file that {named_by} names cannot be used: {error}") from None
