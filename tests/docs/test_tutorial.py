"""The tutorial does what it says: its programs are run in their order, and print what its comments say."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

PAGE = Path(__file__).parents[2] / "docs" / "tutorial" / "first-store.md"
CODE = re.compile(r"^```python\n(.*?)^```", re.MULTILINE | re.DOTALL)
PRINTED = re.compile(r"^ *print\(.*\)  # (.+)$", re.MULTILINE)


def test_the_tutorial_prints_what_its_comments_say(capsys: pytest.CaptureFixture[str]) -> None:
    code = "\n".join(CODE.findall(PAGE.read_text()))
    exec(compile(code, str(PAGE), "exec"), {})  # noqa: S102 - it is our own page
    printed = capsys.readouterr().out.splitlines()
    for wanted in PRINTED.findall(code):
        beginning = wanted.partition("…")[0]
        assert any(line.startswith(beginning) for line in printed), f"nothing printed is {wanted!r}: {printed}"
