"""Makes mutants: copies of a module with one small mistake in one function.

The mistakes are those of mutmut (its operators are private, so the lock pins the version) and two more: a statement is
left out, and a condition is negated. mutmut's own runner skips every function with a decorator, and each hook has one.
"""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from textwrap import indent
from typing import Any, NamedTuple

import libcst as cst
from mutmut.mutation.mutators import mutation_operators

_NOT_MUTATED = (cst.Decorator, cst.Annotation, cst.Import, cst.ImportFrom)


class Place(NamedTuple):
    """The first line of a function, the line after its last, and its indentation."""

    start: int
    stop: int
    indentation: int


class Mutant(NamedTuple):
    """A module with one mistake.

    Attributes:
        name: The function, its line, and the mutated line. It stays the same while other lines change.
        module: The module's name.
        function: The function's name in the module, with its class.
        original: The module's source.
        place: The place of the function in it.
        code: The mutated function, without indentation.
    """

    name: str
    module: str
    function: str
    original: str
    place: Place
    code: str

    @property
    def source(self) -> str:
        """The module's source with the mistake."""
        lines = self.original.splitlines()
        lines[self.place.start : self.place.stop] = indent(
            self.code.strip("\n"), " " * self.place.indentation
        ).splitlines()
        return "\n".join(lines) + "\n"


def mutants_of(package: Path) -> Iterator[Mutant]:
    """Yields the mutants of every function of a package."""
    for path in sorted(package.glob("*.py")):
        source = path.read_text()
        tree = cst.parse_module(source)
        places = _places(ast.parse(source))
        seen: Counter[str] = Counter()
        for function, node in _functions(tree):
            before = tree.code_for_node(node)
            for code in _mutated_codes(tree, node):
                name = f"{path.stem}.{function}: {_change(before, code)}"
                seen[name] += 1
                number = f" #{seen[name]}" if seen[name] > 1 else ""
                yield Mutant(name + number, f"{package.name}.{path.stem}", function, source, places[function], code)


def _functions(node: Any, within: str = "") -> Iterator[tuple[str, Any]]:
    """Yields the functions of a module and of its classes by name. A function includes its inner functions."""
    for child in node.children:
        name = (
            f"{within}.{child.name.value}".lstrip(".") if isinstance(child, cst.FunctionDef | cst.ClassDef) else within
        )
        if isinstance(child, cst.FunctionDef):
            yield name, child
        else:
            yield from _functions(child, name)


def _places(node: ast.AST, within: str = "") -> dict[str, Place]:
    """Returns the place of each function."""
    found = {}
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.FunctionDef):
            first = min([child.lineno, *(decorator.lineno for decorator in child.decorator_list)])
            found[f"{within}{child.name}"] = Place(first - 1, child.end_lineno or first, child.col_offset)
        elif isinstance(child, ast.ClassDef):
            found |= _places(child, f"{within}{child.name}.")
    return found


def _mutated_codes(tree: cst.Module, function: Any) -> Iterator[str]:
    before = tree.code_for_node(function)
    for node in _nodes(function):
        for mutated in _mutations(node):
            code = tree.code_for_node(function.deep_replace(node, mutated))
            if code != before and _compiles(code):
                yield code


def _nodes(node: Any) -> Iterator[Any]:
    """Yields the nodes to mutate. Messages of errors are left out."""
    for child in node.children:
        if isinstance(child, _NOT_MUTATED) or _is_docstring(child):
            continue
        yield child
        if not isinstance(child, cst.Raise):
            yield from _nodes(child)


def _is_docstring(node: Any) -> bool:
    return (
        isinstance(node, cst.SimpleStatementLine)
        and isinstance(node.body[0], cst.Expr)
        and isinstance(node.body[0].value, cst.SimpleString)
    )


def _mutations(node: Any) -> Iterable[Any]:
    for kind, operator in mutation_operators:
        if isinstance(node, kind):
            yield from operator(node)
    if isinstance(node, cst.Expr | cst.Raise | cst.Del | cst.Assert):
        yield cst.Pass()
    if isinstance(node, cst.If | cst.While):
        turned = cst.UnaryOperation(cst.Not(), node.test.with_changes(lpar=[cst.LeftParen()], rpar=[cst.RightParen()]))
        yield node.with_changes(test=turned)


def _compiles(source: str) -> bool:
    try:
        compile(source, "mutant", "exec")
    except SyntaxError:
        return False
    return True


def _change(before: str, after: str) -> str:
    """Returns the lines that changed, before and after."""
    old, new = before.splitlines(), after.splitlines()
    start = next((at for at, (one, other) in enumerate(zip(old, new, strict=False)) if one != other), len(new))
    end = next(
        (at for at, (one, other) in enumerate(zip(reversed(old), reversed(new), strict=False)) if one != other), 0
    )
    shown = [" ".join(line.strip() for line in lines[start : len(lines) - end]) for lines in (old, new)]
    return " → ".join(f"`{text}`" for text in shown)
