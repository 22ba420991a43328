"""Where spans go, and how many: our settings, and the variables of OpenTelemetry that stand beside them."""

from __future__ import annotations

import math
import os
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Final, Literal
from urllib.parse import unquote, urlsplit

import msgspec
from bucketry import InvalidSettings, Secret

_SIGNAL_PATH: Final = "/v1/traces"
_PROTOCOL: Final = "http/protobuf"
_SAMPLERS: Final = (
    "always_on",
    "always_off",
    "traceidratio",
    "parentbased_always_on",
    "parentbased_always_off",
    "parentbased_traceidratio",
)
_COMPRESSIONS: Final = ("none", "gzip", "deflate")
_PROPAGATORS: Final = frozenset({"tracecontext", "baggage"})
_HEADER: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+[ \t]*=[ !#-+\--:<-\[\]-~]*")
"""A member of ``OTEL_EXPORTER_OTLP_HEADERS``: name and value, as the SDK reads them. It logs what it cannot read."""

_BATCH: Final = "OTEL_BSP_MAX_EXPORT_BATCH_SIZE"
_QUEUE: Final = "OTEL_BSP_MAX_QUEUE_SIZE"
_POSITIVE: Final = ("OTEL_BSP_SCHEDULE_DELAY", _QUEUE, _BATCH)
_LIMITS: Final = (
    "OTEL_ATTRIBUTE_COUNT_LIMIT",
    "OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT",
    "OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT",
    "OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT",
)


class TraceSettings(msgspec.Struct, frozen=True, kw_only=True):
    """Where spans go, and how many.

    What is ``None`` here, the standard variables of OpenTelemetry say, and else its defaults.

    Attributes:
        exporter: ``otlp``: to a collector, as OTLP over HTTP. ``console``: to standard output, a line of JSON each.
        endpoint: URL of the collector. Without a path, ``/v1/traces`` is added.
        ratio: Which part of the traces that begin here is kept, from 0 to 1. A trace that a client has begun is kept if
            the client says so.
        service: Name of this service.
        keys: Whether spans show keys of objects, and texts that may hold them.

    Raises:
        InvalidSettings: A setting is malformed.
    """

    exporter: Literal["otlp", "console"] = "otlp"
    endpoint: str | None = None
    ratio: float | None = None
    service: str | None = None
    keys: bool = True

    def __post_init__(self) -> None:
        if self.endpoint is not None:
            check_endpoint(self.endpoint)
            if self.exporter != "otlp":
                raise InvalidSettings("an endpoint of traces goes with the exporter otlp alone")
        if self.ratio is not None and not 0 <= self.ratio <= 1:
            raise InvalidSettings("the ratio of traces is 0 to 1")
        if self.service is not None and not self.service.strip():
            raise InvalidSettings("the service name of traces cannot be empty")

    @property
    def url(self) -> str | None:
        """The full URL that spans are sent to; ``None``: OpenTelemetry's variables or default say it."""
        if self.endpoint is None:
            return None
        bare = self.endpoint.rstrip("/")
        return bare + _SIGNAL_PATH if urlsplit(bare).path == "" else self.endpoint

    def check_environment(self, environ: Mapping[str, str] = os.environ) -> list[Secret]:
        """Refuses variables of OpenTelemetry that cannot be used. The SDK would log them, and go on without.

        Args:
            environ: The environment.

        Returns:
            The secrets among them. As long as they are kept, nothing that is logged shows them.

        Raises:
            InvalidSettings: A variable cannot be used.
        """
        variables = {name: value.strip() for name, value in environ.items() if name.startswith("OTEL_")}
        _check_batches(variables)
        _check_propagators(variables)
        if self.ratio is None:
            _check_sampler(variables)
        return list(self._exporter_secrets(variables)) if self.exporter == "otlp" else []

    def _exporter_secrets(self, variables: Mapping[str, str]) -> Iterator[Secret]:
        if self.endpoint is None:
            _check(variables, "ENDPOINT", check_endpoint)
        for what, check in _EXPORTER_CHECKS.items():
            _check(variables, what, check)
        name, headers = _exporter_variable(variables, "HEADERS")
        for header in filter(None, map(str.strip, headers.split(","))):
            if not _HEADER.fullmatch(header):
                # Not even a part of it: it may be the secret.
                raise InvalidSettings(f"the variable {name} is not a list of name=value, separated by commas")
            value = header.partition("=")[2].strip()
            yield from (Secret(text) for text in {value, unquote(value)} if text)


def check_endpoint(url: str) -> None:
    """Refuses a URL that no collector can have.

    Raises:
        InvalidSettings: It is malformed, or holds credentials.
    """
    try:
        parts = urlsplit(url)
        is_fit = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        parts, is_fit = urlsplit(""), False
    if not is_fit or parts.query or parts.fragment or not url.isascii() or not url.isprintable() or " " in url:
        raise InvalidSettings("a collector of traces needs an http or https URL, such as http://localhost:4318")
    if "@" in parts.netloc:
        raise InvalidSettings("credentials do not belong in the URL of a collector: use OTEL_EXPORTER_OTLP_HEADERS")


def _exporter_variable(variables: Mapping[str, str], what: str) -> tuple[str, str]:
    """Returns name and value of the variable that holds for traces; the value is empty if there is none."""
    own, general = f"OTEL_EXPORTER_OTLP_TRACES_{what}", f"OTEL_EXPORTER_OTLP_{what}"
    name = own if variables.get(own) else general
    return name, variables.get(name, "")


def _check(variables: Mapping[str, str], what: str, check: Callable[[str], None]) -> None:
    name, value = _exporter_variable(variables, what)
    if not value:
        return
    try:
        check(value)
    except InvalidSettings as error:
        raise InvalidSettings(f"the variable {name}: {error.detail}") from None


def _check_protocol(value: str) -> None:
    if value != _PROTOCOL:
        raise InvalidSettings(f"only {_PROTOCOL} is supported")


def _check_compression(value: str) -> None:
    if value.lower() not in _COMPRESSIONS:
        raise InvalidSettings(f"it is one of {', '.join(_COMPRESSIONS)}")


def _check_timeout(value: str) -> None:
    if not 0 < _number(value) < math.inf:
        raise InvalidSettings("it is a number of seconds, and more than 0")


def _check_file(value: str) -> None:
    try:
        with open(value, "rb"):
            pass
    except OSError as error:
        raise InvalidSettings(f"its file cannot be read: {error.strerror}") from None


_EXPORTER_CHECKS: Final[Mapping[str, Callable[[str], None]]] = {
    "PROTOCOL": _check_protocol,
    "COMPRESSION": _check_compression,
    "TIMEOUT": _check_timeout,
    "CERTIFICATE": _check_file,
    "CLIENT_CERTIFICATE": _check_file,
    "CLIENT_KEY": _check_file,
}


def _check_sampler(variables: Mapping[str, str]) -> None:
    sampler = variables.get("OTEL_TRACES_SAMPLER", "").lower()
    if sampler and sampler not in _SAMPLERS:
        raise InvalidSettings(f"the variable OTEL_TRACES_SAMPLER is one of {', '.join(_SAMPLERS)}")
    argument = variables.get("OTEL_TRACES_SAMPLER_ARG", "")
    if argument and sampler.endswith("traceidratio") and not 0 <= _number(argument) <= 1:
        raise InvalidSettings("the variable OTEL_TRACES_SAMPLER_ARG is a number from 0 to 1")


def _check_propagators(variables: Mapping[str, str]) -> None:
    wanted = {name.strip() for name in variables.get("OTEL_PROPAGATORS", "").lower().split(",")} - {""}
    if wanted and not ("tracecontext" in wanted and wanted <= _PROPAGATORS):
        raise InvalidSettings("the variable OTEL_PROPAGATORS: only tracecontext is supported (W3C Trace Context)")


def _check_batches(variables: Mapping[str, str]) -> None:
    for name, least in (*((name, 1) for name in _POSITIVE), *((name, 0) for name in _LIMITS)):
        value = variables.get(name, "")
        if value and (not (value.isascii() and value.isdigit()) or int(value) < least):
            raise InvalidSettings(f"the variable {name} is a whole number from {least} on")
    if int(variables.get(_BATCH) or 512) > int(variables.get(_QUEUE) or 2048):
        raise InvalidSettings(f"the variable {_BATCH} cannot be more than {_QUEUE}")


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return math.nan
