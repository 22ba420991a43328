"""What migrations say of a storage that a field of a model has."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from django.utils.deconstruct import deconstructible

from bucketry._discovery import find_driver
from bucketry.settings import parse_url, secret_fields

KindT = TypeVar("KindT", bound=type)


def in_migrations(kind: KindT) -> KindT:
    """Decorates a storage's class as Django's ``deconstructible`` does. But a migration never says its secrets."""
    made: Any = deconstructible(path=f"bucketry.django.{kind.__name__}")(kind)
    deconstruct: Callable[[Any], tuple[str, tuple[object, ...], Mapping[str, Any]]] = made.deconstruct

    def without_secrets(storage: Any) -> tuple[str, tuple[object, ...], dict[str, Any]]:
        path, args, options = deconstruct(storage)
        return path, args, {name: _cleaned(name, value, options) for name, value in options.items()}

    made.deconstruct = without_secrets
    decorated: KindT = made
    return decorated


def _cleaned(name: str, value: Any, options: Mapping[str, Any]) -> Any:
    """Returns an option as it may be shown: of the driver's settings, those that are known not to be secrets."""
    url = options.get("store")
    if name != "settings" or not value or not isinstance(url, str):
        return value
    kind: Any = find_driver(parse_url(url).scheme).Settings
    secrets = secret_fields(kind)
    shown = {*kind.__struct_fields__, *(f"{secret}_file" for secret in secrets)} - secrets
    return {setting: found for setting, found in value.items() if setting in shown}
