"""Checks that docs/platforms.md names every call that Windows or macOS lacks, with what is done there instead.

Which names a system has is read from typeshed, which mypy brings.
"""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import mypy

ROOT = Path(__file__).parent.parent
PAGE = ROOT / "docs/platforms.md"
STUBS = Path(mypy.__file__).parent / "typeshed/stdlib"
SYSTEMS = {"win32": "Windows", "darwin": "macOS"}
ROW = re.compile(
    r"^\| `(?P<file>[\w/.-]+\.py)` \| (?P<names>`[^|]+`) \| (?P<systems>[^|]+) \| [^|]{10,} \|$", re.MULTILINE
)


def _holds(test: ast.expr, system: str) -> bool | None:
    """Tell whether a condition of a stub holds on a system; `None`: it is about something else."""
    match test:
        case ast.Compare(left=left, ops=[operation], comparators=[ast.Constant(value=value)]):
            if ast.unparse(left) == "sys.platform":
                return (system == value) is isinstance(operation, ast.Eq)
        case ast.Compare(left=left, ops=[ast.Lt()]) if ast.unparse(left).startswith("sys.version_info"):
            return False
        case ast.BoolOp(op=operation, values=values):
            known = [_holds(value, system) is not False for value in values]
            return all(known) if isinstance(operation, ast.And) else any(known)
        case _:
            pass
    return None


def _names(body: list[ast.stmt], system: str) -> Iterator[str]:
    for statement in body:
        match statement:
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                yield name
            case ast.AnnAssign(target=ast.Name(id=name)):
                yield name
            case ast.Assign(targets=targets):
                yield from (target.id for target in targets if isinstance(target, ast.Name))
            case ast.ImportFrom(names=aliases):
                yield from (alias.asname or alias.name for alias in aliases)
            case ast.If(test=test, body=then, orelse=otherwise):
                holds = _holds(test, system)
                yield from _names(then, system) if holds is not False else ()
                yield from _names(otherwise, system) if holds is not True else ()
            case _:
                pass


@cache
def names_of(module: str, system: str) -> frozenset[str] | None:
    """Return what a module of the standard library has on a system; `None` if it is no such module."""
    path = STUBS / module.replace(".", "/")
    for stub in (path.with_suffix(".pyi"), path / "__init__.pyi"):
        if stub.exists():
            return frozenset(_names(ast.parse(stub.read_text()).body, system))
    return None


def missing(module: str, name: str) -> frozenset[str]:
    """Return the systems that lack a name which Linux has."""
    here = names_of(module, "linux")
    if here is None or name not in here:
        return frozenset()
    return frozenset(title for system, title in SYSTEMS.items() if name not in (names_of(module, system) or ()))


def used(source: str) -> Iterator[tuple[str, str]]:
    """Yield module and name of each attribute of a module that is used, imported, or looked up."""
    tree = ast.parse(source)
    modules = {
        alias.asname or alias.name: alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.Import)
        for alias in node.names
    }
    for node in ast.walk(tree):
        match node:
            case ast.Attribute(value=ast.Name(id=module), attr=name) if module in modules:
                yield modules[module], name
            case ast.Call(func=ast.Name(id="getattr"), args=[ast.Name(id=module), ast.Constant(value=str(name)), *_]):
                yield modules.get(module, module), name
            case ast.ImportFrom(module=str(module), names=aliases):
                yield from ((module, alias.name) for alias in aliases)
            case _:
                pass


def found() -> dict[str, tuple[frozenset[str], frozenset[str]]]:
    """Return, by file, the names that some system lacks, and these systems."""
    result = {}
    for path in sorted(ROOT.glob("**/src/**/*.py")):
        name = path.relative_to(ROOT).as_posix()
        if name.startswith((".", "build", "examples")):
            continue
        lacking = {f"{module}.{each}": missing(module, each) for module, each in used(path.read_text())}
        lacking = {each: systems for each, systems in lacking.items() if systems}
        if lacking:
            result[name] = (frozenset(lacking), frozenset().union(*lacking.values()))
    return result


def written() -> dict[str, tuple[frozenset[str], frozenset[str]]]:
    """Return the same as the page has it."""
    rows = ROW.finditer(PAGE.read_text())
    return {
        row["file"]: (frozenset(re.findall(r"`([^`]+)`", row["names"])), frozenset(row["systems"].split(", ")))
        for row in rows
    }


def main() -> int:
    """Print the differences; return 1 if there are any."""
    code, page = found(), written()
    problems = [
        f"docs/platforms.md: {name} uses {sorted(code.get(name, ((), ()))[0])}, missing on "
        f"{sorted(code.get(name, ((), ()))[1])}; the page says {[sorted(part) for part in page.get(name, ((), ()))]}"
        for name in sorted(code.keys() | page.keys())
        if code.get(name) != page.get(name)
    ]
    print(*problems, sep="\n", end="\n" if problems else "")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
