"""The reference page of bucket settings names each kind as core has it, and its example runs."""

from __future__ import annotations

import re
from pathlib import Path

from bucketry.documents import DOCUMENTS

PAGE = (Path(__file__).parents[2] / "docs" / "reference" / "bucket-settings.md").read_text()


def test_the_table_has_every_kind() -> None:
    rows = re.findall(r"^\| `(\w+)` \| `(\w+)` \| `([\w-]+)` \|", PAGE, re.MULTILINE)
    expected = {(kind.__name__, kind.feature, document.subresource) for kind, document in DOCUMENTS.items()}
    assert set(rows) == expected
    assert len(rows) == len(expected)


def test_the_example_runs() -> None:
    (example,) = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    exec(example, {})  # noqa: S102 - of this repository
