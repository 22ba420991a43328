"""What all kinds of settings share."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import cache
from typing import Any, ClassVar, Final, Literal, Self, get_args, get_origin, get_type_hints
from uuid import uuid4

import msgspec

from bucketry._type_checks import check_type
from bucketry.errors import InvalidBucketSettings, SettingsFault

MAX_SETTINGS_BYTES: Final = 1024**2
"""Most bytes of a bucket's settings of one kind, as JSON. S3's longest, 1,000 lifecycle rules, are below."""

_TAG_FIELD: Final = "kind"
_MAX_SHOWN: Final = 64
_NOT_IN_XML: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


class BucketSettings(msgspec.Struct, frozen=True, kw_only=True, tag_field=_TAG_FIELD):
    """Base of all kinds. A kind without arguments, as `CorsSettings()`, means that nothing is set.

    Attributes:
        feature: The feature that a driver declares if it has this kind.
        removable: Whether settings of this kind can be deleted once they are set.
    """

    feature: ClassVar[str]
    removable: ClassVar[bool] = True

    def checked(self) -> Self:
        """Returns the settings as drivers get them: checked, normalised and immutable.

        Raises:
            InvalidBucketSettings: They are not valid; the message says why, and ``fault`` what kind of mistake it is.
            InvalidArgument: A value is of another type than its annotation.
        """
        settings: Self = with_tuples(self)
        check_type(settings, type(self), type(self).__name__)
        for name in self.__struct_fields__:
            for struct in _structs_in(getattr(settings, name)):
                check_type(struct, type(struct), type(struct).__name__, field=name)
        for struct in _structs_in(settings):
            _check_listed_values(struct)
        if settings == type(self)():
            hint = "; delete_bucket_settings removes settings" if self.removable else ""
            raise invalid(f"nothing is set in these {type(self).__name__}{hint}", "schema")
        settings = settings.validated()
        if len(msgspec.json.encode(settings)) > MAX_SETTINGS_BYTES:
            raise invalid(f"settings of one kind have at most {MAX_SETTINGS_BYTES} bytes", "value")
        return settings

    def validated(self) -> Self:
        """Returns the settings normalised, if their values are valid. Types are checked before.

        Raises:
            InvalidBucketSettings: They are not valid.
        """
        return self


def invalid(why: str, fault: SettingsFault, field: str = "settings") -> InvalidBucketSettings:
    """Returns the error for settings that are not valid."""
    return InvalidBucketSettings(why, fault=fault, field=field)


def with_tuples(value: Any) -> Any:
    """Returns a value with tuples in place of lists, also within Structs."""
    if isinstance(value, list | tuple):
        return tuple(map(with_tuples, value))
    if not isinstance(value, msgspec.Struct):
        return value
    fields = {name: getattr(value, name) for name in value.__struct_fields__}
    changed = {name: new for name, old in fields.items() if (new := with_tuples(old)) is not old}
    return msgspec.structs.replace(value, **changed) if changed else value


def _check_listed_values(struct: msgspec.Struct) -> None:
    """Checks that each text of a ``Literal`` is one of its texts. Their types are checked before."""
    for name, choices in _listed_values(type(struct)).items():
        given = getattr(struct, name)
        for text in given if isinstance(given, tuple) else (given,):
            if text is not None and text not in choices:
                shown = ", ".join(sorted(choices))
                raise invalid(f"{name} is one of {shown}, not {text[:_MAX_SHOWN]!r}", "schema")


def _structs_in(value: object) -> Iterator[msgspec.Struct]:
    if isinstance(value, tuple):
        for member in value:
            yield from _structs_in(member)
    elif isinstance(value, msgspec.Struct):
        yield value
        for name in value.__struct_fields__:
            yield from _structs_in(getattr(value, name))


@cache
def _listed_values(kind: type[msgspec.Struct]) -> dict[str, frozenset[str]]:
    """Returns the texts that a field may have, for each field with a ``Literal``."""
    hints = {name: hint for name, hint in get_type_hints(kind).items() if name in kind.__struct_fields__}
    return {name: choices for name, hint in hints.items() if (choices := frozenset(_literals(hint)))}


def _literals(hint: Any) -> Iterator[str]:
    if get_origin(hint) is Literal:
        yield from get_args(hint)
        return
    for argument in get_args(hint):
        yield from _literals(argument)


def check_unique(values: Iterable[str], why: str, fault: SettingsFault) -> None:
    """Refuses a value that comes twice."""
    listed = list(values)
    if len(set(listed)) != len(listed):
        raise invalid(why, fault)


def check_text(text: str, what: str, most: int, *, least: int = 0, fault: SettingsFault = "value") -> None:
    """Refuses a text that is too short or too long, or that XML cannot carry."""
    if not least <= len(text) <= most:
        raise invalid(f"{what} has {least} to {most} characters", fault)
    if _NOT_IN_XML.search(text):
        raise invalid(f"{what} has a character that XML does not allow", fault)


def check_count(count: int, what: str, most: int, *, least: int = 1) -> None:
    """Refuses too few or too many of something."""
    if not least <= count <= most:
        raise invalid(f"there are {least} to {most} {what}, not {count}", "schema")


def new_id() -> str:
    """Makes the id of a rule or configuration that has none, as S3 does."""
    return str(uuid4())


def unknown_field(sent: Any, known: Any) -> str | None:
    """Returns a field of decoded JSON that settings do not have. A reader of JSON ignores it, and its writer does not.

    Args:
        sent: The JSON, decoded without a type.
        known: The settings that were read from it, as `msgspec.to_builtins` gives them.

    Returns:
        The first such field, also of an inner object; ``None`` if there is none.
    """
    if isinstance(sent, dict) and isinstance(known, dict):
        unknown = sorted(sent.keys() - known.keys() - {_TAG_FIELD})
        pairs = [(sent[name], known[name]) for name in sent.keys() & known.keys()]
    elif isinstance(sent, list) and isinstance(known, list | tuple):
        unknown, pairs = [], list(zip(sent, known, strict=True))
    else:
        return None
    if unknown:
        return str(unknown[0])
    return next((found for pair in pairs if (found := unknown_field(*pair)) is not None), None)
