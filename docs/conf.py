"""How Sphinx builds the documentation site: `make docs`.

The site is made of `docs/`, of the READMEs beside the code, and of the docstrings. The source folder is the root of the
repository, so that a link between two of these files is the same here and where the repository is read in a browser.
"""

from __future__ import annotations

from typing import Any

project = "bucketry"
author = "the authors of bucketry"
copyright = author

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "sphinx_click",
]
root_doc = "docs/index"
include_patterns = ["docs/**", *("*/" * depth + "*.md" for depth in range(3))]
exclude_patterns = [".*", "build", "requirements"]

html_theme = "furo"
html_title = "bucketry"
html_extra_path = ["start"]
html_show_sphinx = False

myst_heading_anchors = 4
myst_enable_extensions = ["deflist"]

# Docstrings name things in single backticks.
default_role = "py:obj"
napoleon_google_docstring = True
napoleon_numpy_docstring = False
napoleon_custom_sections = ["Requires", "Behaviour"]
autodoc_member_order = "bysource"
autodoc_default_options = {"no-value": True}
autodoc_typehints = "signature"
napoleon_use_ivar = True
# A name that two modules have (`InvalidArgument` in `bucketry` and in `bucketry.errors`) is the same thing.
suppress_warnings = ["ref.python"]


def _escape(_app: Any, _context: Any, lines: list[str]) -> None:
    """Escapes the asterisks of help texts, which are plain text and not reStructuredText."""
    lines[:] = [line.replace("*", r"\*") for line in lines]


def setup(app: Any) -> None:
    """Connects what this file adds to Sphinx."""
    app.connect("sphinx-click-process-options", _escape)
    app.connect("sphinx-click-process-epilog", _escape)
