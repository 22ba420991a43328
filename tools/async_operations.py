"""Writes the operations of `AsyncStore` from those of `Store`: ``async_operations.py`` writes, ``--check`` compares.

Type checkers and editors see real signatures so, and nothing is written down twice. `Store` and the table of operations
decide what each method does: it changes something, takes a body, opens an object or goes over a listing.
"""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from inspect import cleandoc
from pathlib import Path
from typing import Any, Final, get_args, get_origin, get_type_hints

from bucketry import OPERATIONS, Store
from bucketry.paging import Page

ROOT: Final = Path(__file__).parent.parent
STORE: Final = ROOT / "core/src/bucketry/store.py"
OPEN_STORE: Final = ROOT / "core/src/bucketry/_open_store.py"
AIO: Final = ROOT / "core/src/bucketry/aio"

WRITTEN_BY: Final = "Written by `make aio` from `{name}`; do not edit. `make check` compares."

DIFFERENT: Final = {
    "use it in a ``with`` statement": "use it in an ``async with`` statement",
    "Bytes, a binary file, an iterable of pieces, or a `Body` where the length of these is known.": (
        "Bytes, a binary file, an iterable of pieces, or a `Body` where the length of these is known. The file\n"
        "        and the iterable may be async; then an `AsyncBody` says the length."
    ),
}
"""What docstrings say otherwise."""

# The method of `bucketry_usage` that the contract has; `Store` gives it another name.
_NAMED: Final = {"bucket_usages": "bucket_usage"}


def operations() -> str:
    """Returns the module with the operations."""
    tree = ast.parse(STORE.read_text())
    (store,) = [node for node in tree.body if isinstance(node, ast.ClassDef) and node.name == "Store"]
    methods = [node for node in store.body if isinstance(node, ast.FunctionDef) and _is_operation(node)]
    body = "\n\n".join(_method(node) for node in methods)
    head = f'''\
"""The operations of `AsyncStore`.

{WRITTEN_BY.format(name="bucketry.store")}
"""

from __future__ import annotations

'''
    text = f'''\
class AsyncOperations(AsyncCalls):
    """The methods of a store, to be awaited. How their calls are made is the matter of `AsyncCalls`."""

    _handed_on = frozenset({{{", ".join(sorted(f'"{node.name}"' for node in methods if _hands_on(node)))}}})

{body}


add_errors_of_hooks(AsyncOperations)
'''
    imports = [
        *_imports_for(tree, text),
        "from functools import partial",
        "from bucketry._docstrings import add_errors_of_hooks",
        "from bucketry.aio._bodies import AsyncBodySource",
        "from bucketry.aio._calls import AsyncCalls",
        "from bucketry.aio._opened_object import AsyncOpenedObject",
        "from bucketry.aio._opening import Opening",
        "from bucketry.aio._listing import AsyncEntries, AsyncPages",
        "from collections.abc import AsyncIterator",
    ]
    return formatted(head + "\n".join(sorted(imports, reverse=True)) + "\n\n\n" + text)


def open_store() -> str:
    """Returns the module with `open_store`."""
    tree = ast.parse(OPEN_STORE.read_text())
    (function,) = [node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name == "open_store"]
    arguments = ast.unparse(function.args)
    passed = ", ".join(
        [*(arg.arg for arg in function.args.args), *(f"{arg.arg}={arg.arg}" for arg in function.args.kwonlyargs)]
    )
    before, _, after = _docstring(function).partition("\nReturns:\n")
    doc = (
        f"{before}    call_threads: As of `AsyncStore`.\n    transfer_threads: As of `AsyncStore`.\n\n"
        "Returns:\n    What opens the store: await it, or use it in an ``async with`` statement, which closes it.\n"
        + after.replace("    The store. Drivers", "    Drivers", 1)
    )
    text = f"""\
def open_store(
    {arguments}, call_threads: int = CALL_THREADS, transfer_threads: int = TRANSFER_THREADS
) -> Opening[AsyncStore]:
{_indented(_quoted(doc))}
    return Opening(
        partial(
            opened_in_thread,
            partial(_open_store.open_store, {passed}),
            call_threads=call_threads,
            transfer_threads=transfer_threads,
        )
    )
"""
    imports = [
        *_imports_for(tree, text),
        "from functools import partial",
        "from bucketry import _open_store",
        "from bucketry.aio._opening import Opening",
        "from bucketry.aio._calls import CALL_THREADS, TRANSFER_THREADS",
        "from bucketry.aio._store import AsyncStore, opened_in_thread",
    ]
    head = f'"""Opens a store for async code.\n\n{WRITTEN_BY.format(name="bucketry._open_store")}\n"""\n\n'
    return formatted(
        head + "from __future__ import annotations\n\n" + "\n".join(sorted(imports, reverse=True)) + "\n\n\n" + text
    )


def _is_operation(node: ast.FunctionDef) -> bool:
    return not node.name.startswith("_") and node.name != "close" and not node.decorator_list


def _hands_on(node: ast.FunctionDef) -> bool:
    """Says whether the last thing that a method does is a call of its operation along the chain."""
    last = node.body[-1]
    call = last.value if isinstance(last, ast.Return | ast.Expr) else None
    return isinstance(call, ast.Call) and ast.unparse(call.func) == f"self._chain.{node.name}"


def _method(node: ast.FunctionDef) -> str:
    operation = OPERATIONS.get(_NAMED.get(node.name, node.name))
    names = [argument.arg for argument in node.args.args[1:]]
    returns = ast.unparse(node.returns) if node.returns else "None"
    call = ", ".join([f"self._store.{node.name}", *names])
    if (item := _item_of(node)) is not None:
        return _iterator(node, names, *item)
    if operation is not None and operation.opens:
        opened = f"return Opening(partial(self._open, {call}))"
        return _defined(node, "def", "Opening[AsyncOpenedObject]", opened)
    if operation is not None and operation.takes_body:
        before, after = (", ".join(part) for part in (names[: names.index("body")], names[names.index("body") + 1 :]))
        send = f"return await self._send(self._store.{node.name}, ({before}), body, {after})"
        return _defined(node, "async def", returns, send)
    if node.name == "create_multipart_upload":
        kind = "begin"
    else:
        kind = "write" if operation is not None and operation.may_write() else "read"
    made = f"await self._{kind}({call})"
    return _defined(node, "async def", returns, made if returns == "None" else f"return {made}")


def _item_of(node: ast.FunctionDef) -> tuple[str, str | None] | None:
    """Returns the operation whose pages a method goes over, and the field of its entries; ``None``: all of the page."""
    returned = get_type_hints(getattr(Store, node.name))["return"]
    if getattr(get_origin(returned), "__name__", "") != "Iterator":
        return None
    wanted: Any = get_args(returned)[0]
    for operation in OPERATIONS.values():
        page = operation.result
        if isinstance(page, type) and issubclass(page, Page):
            if page is wanted:
                return operation.name, None
            for field, kind in get_type_hints(page).items():
                if get_origin(kind) is tuple and get_args(kind) == (wanted, ...):
                    return operation.name, field
    raise TypeError(f"no operation has pages of {wanted}, over which {node.name} goes")


def _iterator(node: ast.FunctionDef, names: list[str], operation: str, field: str | None) -> str:
    *target, options = names
    pages = f"AsyncPages(partial(self.{operation}, {', '.join(target)}), {options})"
    returns = ast.unparse(node.returns).replace("Iterator", "AsyncIterator", 1) if node.returns else ""
    entries = pages if field is None else f"AsyncEntries({pages}, lambda page: page.{field})"
    return _defined(node, "def", returns, f"return {entries}")


def _defined(node: ast.FunctionDef, kind: str, returns: str, body: str) -> str:
    arguments = re.sub(r"\bBody \| BodySource\b", "AsyncBodySource", ast.unparse(node.args))
    doc = _indented(_quoted(_docstring(node)))
    return _indented(f"{kind} {node.name}({arguments}) -> {returns}:\n{doc}\n{_indented(body)}")


def _docstring(node: ast.FunctionDef) -> str:
    doc = cleandoc(ast.get_docstring(node, clean=False) or "")
    for said, instead in DIFFERENT.items():
        doc = doc.replace(said, instead)
    return doc


def _quoted(doc: str) -> str:
    return f'"""{doc}\n"""' if "\n" in doc else f'"""{doc}"""'


def _indented(text: str) -> str:
    return "\n".join(f"    {line}" if line else "" for line in text.split("\n"))


def _imports_for(tree: ast.Module, text: str) -> Iterator[str]:
    """Yields the imports of a module, of names that a text uses too."""
    for node in tree.body:
        if isinstance(node, ast.ImportFrom | ast.Import):
            yield from _used(node, text)
        elif isinstance(node, ast.If) and (used := [each for inner in node.body for each in _used(inner, text)]):
            yield "from typing import TYPE_CHECKING"
            yield "\n    ".join(["\nif TYPE_CHECKING:", *used])


def _used(node: ast.stmt, text: str) -> Iterator[str]:
    assert isinstance(node, ast.ImportFrom | ast.Import)
    for name in node.names:
        if re.search(rf"\b{name.asname or name.name}\b", _without_docstrings(text)):
            origin = f"from {node.module} " if isinstance(node, ast.ImportFrom) else ""
            yield f"{origin}import {ast.unparse(name)}"


def _without_docstrings(text: str) -> str:
    return re.sub(r'""".*?"""', "", text, flags=re.DOTALL)


def formatted(text: str) -> str:
    """Returns a module as ruff formats it, its imports sorted."""
    for command in (["check", "--quiet", "--fix", "--select", "I,F401"], ["format", "--quiet"]):
        ruff = [str(Path(sys.executable).with_name("ruff")), *command, "--stdin-filename", str(AIO / "_made.py"), "-"]
        done = subprocess.run(ruff, input=text, capture_output=True, check=False, text=True, cwd=ROOT)
        if done.returncode:
            raise RuntimeError(done.stdout + done.stderr)
        text = done.stdout
    return text


def main() -> int:
    """Write the modules, or say which of them differ."""
    made: dict[Path, Any] = {AIO / "_operations.py": operations, AIO / "_open_store.py": open_store}
    status = 0
    for path, module in made.items():
        text = module()
        if "--check" not in sys.argv:
            path.write_text(text)
        elif not path.is_file() or path.read_text() != text:
            print(f"{path.relative_to(ROOT)}: is not what `make aio` writes")
            status = 1
    return status


if __name__ == "__main__":
    sys.exit(main())
