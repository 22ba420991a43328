"""docs/access.md says of each operation what it really needs."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from bucketry_access import OPERATIONS, ROLES, Directory, UserTable, read_access_file, role_policy
from bucketry_http.rest.operations import KIND_NAMES, RULES

from tests.http.documented import operations

PAGE = (Path(__file__).parents[2] / "docs" / "access.md").read_text()
PREFIX = "/api/v1/storage"
BESIDES = {
    "list": "; shows what the caller may see",
    "all": " and `s3:ListBucket` of all buckets",
}
OF_PRESIGN = "`s3:GetObject`, `s3:GetObjectVersion` or `s3:PutObject`, as the URL does"


def rows_of_operations() -> Iterator[str]:
    """Yields the lines of the first table as they must be."""
    for each in operations():
        rule = RULES.get(each.name)
        if rule is None:
            yield f"| `{each.method} {each.path}` | | open to everybody |"
            continue
        path = f"`{each.method} {each.path.removeprefix(PREFIX)}`"
        if not rule.name:
            yield f"| {path} | | any user |"
        elif "{kind}" in rule.name:
            yield f"| {path} | `{rule.name}` | see below |"
        elif each.name == "presign":
            yield f"| {path} | `GetObject`, `PutObject` | {OF_PRESIGN} |"
        else:
            yield f"| {path} | `{rule.name}` | {needed(rule.name)}{BESIDES.get(rule.decided, '')} |"


def needed(name: str) -> str:
    found = OPERATIONS[name]
    text = ", ".join(f"`{action}`" for action in found.actions)
    return text + (
        f"; of a version: {', '.join(f'`{one}`' for one in found.with_version)}" if found.with_version else ""
    )


def rows_of_settings() -> Iterator[str]:
    """Yields the lines of the second table as they must be."""
    for kind, name in sorted(KIND_NAMES.items()):
        actions = (needed(f"{verb}{name}") for verb in ("Get", "Put", "Delete"))
        yield f"| `{kind}` | {' | '.join(actions)} |"


@pytest.mark.parametrize("row", [*rows_of_operations(), *rows_of_settings()])
def test_the_page_has_the_row(row: str) -> None:
    assert f"{row}\n" in PAGE


def test_the_page_has_no_other_row() -> None:
    tables = [
        line for line in PAGE.splitlines() if line.startswith(("| `GET", "| `PUT", "| `POST", "| `DELETE", "| `HEAD"))
    ]
    assert sorted(tables) == sorted(rows_of_operations())


def test_the_file_on_the_page_is_valid(tmp_path: Path) -> None:
    (text,) = re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL)
    (tmp_path / "alice.key").write_text("0123456789abcdef")
    path = tmp_path / "access.toml"
    path.write_text(text)
    path.chmod(0o600)
    (alice,) = read_access_file(path).users
    fields = {name for name in UserTable.__struct_fields__ if f"\n{name} = " in text or f"[[users.{name}]]" in text}
    assert fields == set(UserTable.__struct_fields__)
    assert Directory(access_file=path).user("alice") == alice


@pytest.mark.parametrize("role", ROLES)
def test_the_page_has_each_role(role: str) -> None:
    assert f"| `{role}:team-a-*` |" in PAGE
    assert role_policy(f"{role}:team-a-*").statements
