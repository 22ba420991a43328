"""The driver that the README shows works as it stands there."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from bucketry import Body, NoSuchBucket, PutOptions, Secret, Store
from bucketry.features import MIB
from bucketry.hookspecs import DriverSpec

from tests.s3client.fake import BEGUN, COMPLETED, Answer, Request, serving

README = Path(__file__).parents[2] / "s3client/README.md"
DATE = "Sun, 22 Nov 2026 20:45:16 GMT"


@pytest.fixture(scope="module")
def make_driver() -> Callable[[str], DriverSpec]:
    (code,) = re.findall(r"```python\n(.*?)```", README.read_text(), re.DOTALL)
    names: dict[str, object] = {"__name__": "readme"}
    exec(compile(code, str(README), "exec", dont_inherit=True), names)  # noqa: S102

    def make(location: str) -> DriverSpec:
        settings = names["AcmeSettings"](location=location, access_key="a", secret_key=Secret("b"))  # type: ignore[operator]
        return names["AcmeDriver"](settings)  # type: ignore[operator, no-any-return]

    return make


@pytest.mark.parametrize("mebibytes", [1, 20], ids=["in one piece", "in parts"])
def test_an_object_is_stored(make_driver: Callable[[str], DriverSpec], mebibytes: int) -> None:
    def respond(request: Request) -> Answer:
        if request.target.endswith("?uploads="):
            return Answer(200, BEGUN)
        if request.method == "POST":
            return Answer(200, COMPLETED)
        stored = {"etag": '"e"', "last-modified": DATE, "content-type": "text/x"}
        return Answer(200, headers=stored | ({"content-length": "7"} if request.method == "HEAD" else {}))

    with serving(respond) as fake, Store(make_driver(fake.location)) as store:
        info = store.put_object("bucket", "key", Body(bytes(MIB) for _ in range(mebibytes)), PutOptions())
    assert (info.etag, info.size_bytes, info.content_type) == ("e", 7, "text/x")
    methods = [request.method for request in fake.requests]
    assert methods == (["PUT", "HEAD"] if mebibytes == 1 else ["POST", "PUT", "PUT", "PUT", "POST", "HEAD"])


def test_a_refusal_is_the_contracts_error(make_driver: Callable[[str], DriverSpec]) -> None:
    refused = Answer(404, b"<Error><Code>NoSuchBucket</Code></Error>")
    with serving(lambda _: refused) as fake, Store(make_driver(fake.location)) as store, pytest.raises(NoSuchBucket):
        store.put_object("bucket", "key", b"")
