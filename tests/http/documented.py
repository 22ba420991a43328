"""The OpenAPI document as the tests see it: the operation of a request, and the statuses that it may have."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import Any

import msgspec
from bucketry import open_store
from bucketry_http import create_app
from litestar.testing import TestClient


class Documented(msgspec.Struct, frozen=True):
    """One operation of the document."""

    method: str
    path: str
    operation: dict[str, Any]

    @property
    def name(self) -> str:
        return str(self.operation["operationId"])

    @property
    def statuses(self) -> set[int]:
        return {int(status) for status in self.operation["responses"]}

    def takes(self, method: str, target: str) -> bool:
        """Tells whether a request is one of this operation."""
        return method == self.method and bool(_pattern(self.path).fullmatch(target.partition("?")[0]))

    def example(self) -> str:
        """Return a target of such a request."""
        return self.path.replace("{name}", "my-assets").replace("{key}", "a.txt").replace("{kind}", "versioning")


@cache
def _pattern(path: str) -> re.Pattern[str]:
    # A key is all that follows, another parameter one segment.
    quoted = re.escape(path).replace(r"\{key\}", ".+").replace(r"\{name\}", "[^/]+").replace(r"\{kind\}", "[^/]+")
    return re.compile(quoted, re.DOTALL)


@cache
def document() -> dict[str, Any]:
    """Return the document."""
    with open_store("memory://") as store, TestClient(create_app(store)) as client:
        found: dict[str, Any] = client.get("/schema/openapi.json").json()
    return found


@cache
def operations() -> tuple[Documented, ...]:
    """Return all operations, those of a fixed path before those of any key."""
    return tuple(sorted(_operations(), key=lambda each: each.path.count("{")))


def _operations() -> Iterator[Documented]:
    for path, item in document()["paths"].items():
        for method, operation in item.items():
            yield Documented(method.upper(), path, operation)


def check_documented(method: str, target: str, status: int) -> None:
    """Check that the document knows the status of a response, where it knows the operation."""
    operation = next((each for each in operations() if each.takes(method, target)), None)
    if operation is not None:
        assert status in operation.statuses, f"{operation.name} answers {status}, and its document does not say so"
