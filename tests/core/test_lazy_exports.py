"""Packages whose names are imported at their first use: what type checkers see is what programs get."""

from __future__ import annotations

import ast
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

PACKAGES = ["bucketry.layers", "bucketry.lifecycle", "bucketry.sigv4", "bucketry_access", "bucketry_http"]


@pytest.mark.parametrize("package", PACKAGES)
def test_type_checkers_see_the_names_that_programs_get(package: str) -> None:
    module = import_module(package)
    tree = ast.parse(Path(str(module.__file__)).read_text(encoding="utf-8"))
    seen = {
        alias.name: "." * node.level + str(node.module)
        for block in tree.body
        if isinstance(block, ast.If)
        for node in block.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    assert sorted(seen) == sorted(module.__all__)
    for name, home in seen.items():
        assert getattr(module, name) is getattr(import_module(home, package), name)


@pytest.mark.parametrize("package", PACKAGES)
def test_another_name_is_an_attribute_error(package: str) -> None:
    with pytest.raises(AttributeError, match=f"module '{package}' has no attribute 'nothing'"):
        _ = import_module(package).nothing


def test_a_name_is_imported_with_its_own_module_alone() -> None:
    code = "import sys; from bucketry.layers import ReadOnly; print('bucketry.layers._quota' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], check=True, stdout=subprocess.PIPE, text=True)
    assert done.stdout.strip() == "False"
