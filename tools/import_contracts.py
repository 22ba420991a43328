"""Import contracts of our own, for import-linter."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from importlinter import Contract, ContractCheck, fields, output

if TYPE_CHECKING:
    from grimp import ImportGraph


class PrivateModules(Contract):
    """No module imports a private module of another top-level package.

    A module is private if its dotted name has a part that starts with `_`, or if it lies in one of the
    `closed_packages`: of those only the package itself is public.
    """

    type_name = "private"

    closed_packages: Any = fields.ListField(subfield=fields.StringField(), required=False, default=[])

    def check(self, graph: ImportGraph, verbose: bool) -> ContractCheck:
        """Find the offending imports among our own packages."""
        found = sorted(
            (importer, imported)
            for importer in graph.modules
            for imported in graph.find_modules_directly_imported_by(importer)
            if self._is_private(imported)
            and importer.split(".")[0] != imported.split(".")[0]
            and not graph.is_module_squashed(imported)
        )
        return ContractCheck(kept=not found, metadata={"found": found})

    def _is_private(self, module: str) -> bool:
        is_closed = any(module.startswith(f"{package}.") for package in self.closed_packages or ())
        return is_closed or any(part.startswith("_") for part in module.split("."))

    def render_broken_contract(self, check: ContractCheck) -> None:
        """Name each import with its line."""
        for importer, imported in check.metadata["found"]:
            output.print_error(f"{importer} imports the private {imported}")
