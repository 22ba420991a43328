"""The example of core's README runs as it stands there, and the README names what there is."""

from __future__ import annotations

import re
import tomllib
from importlib import import_module
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "core/README.md").read_text()


def test_the_example_runs() -> None:
    (example,) = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    exec(compile(example, "core/README.md", "exec"), {})  # noqa: S102 - our own text


def test_the_extras_are_those_of_the_distribution() -> None:
    project = tomllib.loads((ROOT / "core/pyproject.toml").read_text())["project"]
    assert set(re.findall(r"`bucketry\[(\w+)\]`", README)) == set(project["optional-dependencies"])


def test_the_modules_exist() -> None:
    for name in re.findall(r"`(bucketry(?:\.\w+)+)`", README):
        import_module(name)


def test_the_links_lead_somewhere() -> None:
    for target in re.findall(r"\]\((\.\./[^)#]+)", README):
        assert (ROOT / "core" / target).exists(), target
