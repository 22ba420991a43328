"""Writes docs/settings.md from the code: ``settings_page.py > docs/settings.md``."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Iterator
from importlib.metadata import entry_points
from inspect import cleandoc, getmro
from typing import Any, Final

import click
import msgspec
from bucketry import Secret
from bucketry_cli.config import DRIVERS, tables
from bucketry_cli.serve_options import groups

HEAD: Final = """\
# Settings

Written by `make settings` from the code; do not edit. A test holds it.

Later sources win:

- options of `bucketry serve`: the default, `[serve]` in the settings file (the option's name with `_` for `-`), the
  environment, the command line. Lists are separated by blanks in the environment; on the command line the option comes
  more than once.
- settings of a driver: the default, `[drivers.NAME]` in the settings file, the environment, the store's URL.

`bucketry config check` says what is wrong with them, and `bucketry config show` what holds and where it comes from.

Every secret can stand in a file instead: the variable's name with `_FILE` names it (`BUCKETRY_MINIO_SECRET_KEY_FILE`).
The file is read again when it changes.
"""

_STATED: Final = re.compile(r"\s*\[default: (?P<value>.*)\]$")
"""A default that the help of an option states itself."""

_ATTRIBUTE: Final = re.compile(r"^    (\w+): (.*(?:\n        .*)*)", re.MULTILINE)


def page() -> str:
    """Returns the whole page."""
    return "\n".join((HEAD, *_lines())) + "\n"


def _lines() -> Iterator[str]:
    yield "## Everywhere\n"
    yield from _table(
        [
            ("`--config`", "`BUCKETRY_CONFIG`", "`bucketry.toml`, if there is one", "The settings file (TOML)."),
            ("`--store`", "`BUCKETRY_STORE`", "", "URL of the store; `store` in the settings file."),
        ],
        "option",
    )
    for group in groups().values():
        yield f"\n## {group.TITLE}\n"
        yield from _table(map(_option, group.OPTIONS), "option of `serve`")
    for name, (kind, is_list) in tables().items():
        heading = f"[[{name}]]" if is_list else f"[{name}]"
        yield f"\n## `{heading}`\n\n{_summary(kind)}\n"
        yield from _fields(kind)
    for driver in sorted(entry_points(group=DRIVERS), key=lambda entry: entry.name):
        yield f"\n## `[drivers.{driver.name}]`\n"
        yield from _fields(driver.load().Settings, f"BUCKETRY_{driver.name.upper()}_")


def _table(rows: Iterable[tuple[str, ...]], *first: str) -> Iterator[str]:
    heads = (*first, "variable", "default", "")
    yield f"| {' | '.join(heads)} |"
    yield f"|{'---|' * len(heads)}"
    for row in rows:
        yield f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in row)} |"


def _option(given: click.Option) -> tuple[str, str, str, str]:
    names = " / ".join(f"`{name}`" for name in (*given.opts, *given.secondary_opts))
    metavar = f" {given.metavar}" if given.metavar else ""
    help_text = given.help or ""
    stated = _STATED.search(help_text)
    if stated is not None:
        default = stated["value"]
    elif given.is_flag:
        default = f"`{(given.opts if given.default else given.secondary_opts)[0].lstrip('-')}`"
    else:
        default = f"`{given.default}`" if isinstance(given.default, str | int | float) else ""
    return f"{names}{metavar}", f"`{given.envvar}`", _marked(default), _marked(_STATED.sub("", help_text))


def _marked(text: str) -> str:
    """Returns plain text as Markdown, with names of options as code."""
    if text.startswith("`"):
        return text
    return re.sub(r"(?<![\w`-])(--[a-z][a-z0-9-]*)", r"`\1`", text.replace("*", r"\*").replace("<", r"\<"))


def _summary(kind: type) -> str:
    return " ".join(cleandoc(kind.__doc__ or "").partition("\n\n")[0].split()).replace("``", "`")


def _fields(kind: type[msgspec.Struct], prefix: str = "") -> Iterator[str]:
    about = _attributes(kind)
    yield f"| setting | {'variable | ' if prefix else ''}default | |"
    yield "|---|---|---|" + ("---|" if prefix else "")
    for field in msgspec.structs.fields(kind):
        variable = f"`{prefix}{field.name.upper()}` | " if prefix else ""
        text = about.get(field.name, "").replace("|", "\\|")
        yield f"| `{field.encode_name}` | {variable}{_default(field)} | {text} |"


def _default(field: msgspec.structs.FieldInfo) -> str:
    if field.required:
        return "(must be given)"
    value: Any = field.default if field.default is not msgspec.NODEFAULT else None
    if value in (None, msgspec.UNSET, "", ()) or isinstance(value, Secret):
        return ""
    return f"`{str(value).lower() if isinstance(value, bool) else value}`"


def _attributes(kind: type) -> dict[str, str]:
    """Returns what docstrings say of each attribute of a type and its bases."""
    found: dict[str, str] = {}
    for base in reversed(getmro(kind)):
        section = cleandoc(base.__doc__ or "").partition("Attributes:\n")[2].partition("\n\nRaises:")[0]
        for name, text in _ATTRIBUTE.findall(section):
            found[name] = " ".join(text.split()).replace("``", "`").replace("*", r"\*")
    return found


if __name__ == "__main__":
    sys.stdout.write(page())
