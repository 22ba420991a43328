"""What a package index gets: each wheel has its license, authors, URLs, classifiers, and a README with good links."""

from __future__ import annotations

import email
import re
import tarfile
import zipfile
from email.message import Message
from pathlib import Path

import pytest
from packaging.version import Version

from tests.distributions.clean_install import ROOT
from tools.check_distributions import members, version

NAMES = sorted(data["project"]["name"] for data in members().values())
REPOSITORY = members()["core"]["project"]["urls"]["Source"]
LINK = re.compile(r"\]\((?P<target>[^)\s]+)\)")
HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)


def opened(wheels: Path, name: str) -> zipfile.ZipFile:
    return zipfile.ZipFile(wheels / f"{name.replace('-', '_')}-{version()}-py3-none-any.whl")


def metadata(wheels: Path, name: str) -> Message:
    folder = f"{name.replace('-', '_')}-{version()}.dist-info"
    with opened(wheels, name) as wheel:
        return email.message_from_string(wheel.read(f"{folder}/METADATA").decode())


def anchors(page: Path) -> set[str]:
    """Returns the anchors that GitHub gives the headings of a page."""
    headings = (re.sub(r"[`*]|\]\([^)]*\)|\[", "", heading) for heading in HEADING.findall(page.read_text()))
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("name", NAMES)
def test_the_metadata_says_who_what_and_where(wheels: Path, name: str) -> None:
    found = metadata(wheels, name)
    assert found["Name"] == name
    assert Version(found["Version"]) == Version(version())
    assert found["Author"]
    assert found["License-Expression"] == "Apache-2.0"
    assert found["Requires-Python"] == ">=3.11"
    assert found["Description-Content-Type"] == "text/markdown"
    labels = {url.partition(", ")[0] for url in found.get_all("Project-URL", [])}
    assert labels == {"Changelog", "Documentation", "Issues", "Source"}
    classifiers = found.get_all("Classifier", [])
    assert "Programming Language :: Python :: 3.14" in classifiers
    assert "Typing :: Typed" in classifiers


@pytest.mark.parametrize("name", NAMES)
def test_wheel_and_sdist_have_the_license_and_the_wheel_says_that_it_is_typed(wheels: Path, name: str) -> None:
    license_text = (ROOT / "LICENSE").read_bytes()
    package = name.replace("-", "_")
    with opened(wheels, name) as wheel:
        assert wheel.read(f"{package}-{version()}.dist-info/licenses/LICENSE") == license_text
        assert f"{package}/py.typed" in wheel.namelist()
    with tarfile.open(wheels / f"{package}-{version()}.tar.gz") as sdist:
        member = sdist.extractfile(f"{package}-{version()}/LICENSE")
        assert member is not None
        assert member.read() == license_text


@pytest.mark.parametrize("name", NAMES)
def test_every_link_of_the_readme_works_on_a_package_index(wheels: Path, name: str) -> None:
    readme = metadata(wheels, name).get_payload()
    assert isinstance(readme, str)
    targets = LINK.findall(readme)
    broken = [target for target in targets if not works(target, readme)]
    assert broken == []


def works(target: str, readme: str) -> bool:
    """Tells whether a link leads to a heading of the README, to a file of this repository, or to another site."""
    if target.startswith("#"):
        return target[1:] in {
            re.sub(r"[^\w\- ]", "", text.lower()).replace(" ", "-") for text in HEADING.findall(readme)
        }
    if not target.startswith(f"{REPOSITORY}/blob/main/"):
        return target.startswith("https://")
    path, _, anchor = target.removeprefix(f"{REPOSITORY}/blob/main/").partition("#")
    page = ROOT / path
    return page.exists() and (not anchor or anchor in anchors(page))


def test_the_urls_of_the_metadata_are_files_of_this_repository() -> None:
    for url in members()["core"]["project"]["urls"].values():
        if url.startswith(f"{REPOSITORY}/blob/main/"):
            assert (ROOT / url.removeprefix(f"{REPOSITORY}/blob/main/")).exists()
