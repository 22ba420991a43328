"""The programs of the guide and of the README run as they stand there."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.anyio
@pytest.mark.parametrize("page", ["README.md", "docs/async.md"])
async def test_the_program_runs(page: str, capsys: pytest.CaptureFixture[str]) -> None:
    programs = re.findall(r"```python\n(.*?)```", (ROOT / page).read_text(), re.DOTALL)
    (program,) = [each for each in programs if "bucketry.aio" in each]
    names: dict[str, Any] = {}
    exec(compile(program, page, "exec"), names)  # noqa: S102 - our own text
    await names["main"]()
    assert capsys.readouterr().out.splitlines() == re.findall(r"print\(.*\)  # (.*)", program)
