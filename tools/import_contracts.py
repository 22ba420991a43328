"""Import contracts of our own, for import-linter."""

from __future__ import annotations

from typing import TYPE_CHECKING

from importlinter import Contract, ContractCheck, output

if TYPE_CHECKING:
    from grimp import ImportGraph


def _is_private(module: str) -> bool:
    return any(part.startswith("_") for part in module.split("."))


class PrivateModules(Contract):
    """No module imports another top-level package's module whose dotted name has a part that starts with `_`."""

    type_name = "private"

    def check(self, graph: ImportGraph, verbose: bool) -> ContractCheck:
        """Find the offending imports among our own packages."""
        found = sorted(
            (importer, imported)
            for importer in graph.modules
            for imported in graph.find_modules_directly_imported_by(importer)
            if _is_private(imported)
            and importer.split(".")[0] != imported.split(".")[0]
            and not graph.is_module_squashed(imported)
        )
        return ContractCheck(kept=not found, metadata={"found": found})

    def render_broken_contract(self, check: ContractCheck) -> None:
        """Name each import with its line."""
        for importer, imported in check.metadata["found"]:
            output.print_error(f"{importer} imports the private {imported}")
