"""Every operation has its decision: somebody without rights, signed or not, is refused everywhere."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from bucketry_http.s3.routing import BUCKET, COPIES, OBJECT, settings_routes

from tests.http.s3.client import Client
from tests.http.s3.signing import signing_as
from tests.http.s3.users import BOB, People, people

STRANGER = signing_as(BOB)
VALUES = {"list-type": "2", "uploadId": "1", "": ""}
SOURCE = {"x-amz-copy-source": "things/a"}
OPERATIONS = [
    *((method, "/things", name, {}) for method, name in (*BUCKET, *settings_routes())),
    *((method, "/things/a", name, {}) for method, name in OBJECT),
    *((method, "/things/a?versionId=null", name, {}) for (method, name), route in OBJECT.items() if route.versioned),
    *((method, "/things/a", name, SOURCE) for method, name in COPIES),
]


@pytest.fixture(scope="module")
def users() -> Iterator[People]:
    with people() as found:
        found.alice.create_bucket(Bucket="things", ObjectLockEnabledForBucket=True)
        found.alice.put_object(Bucket="things", Key="a", Body=b"secret")
        yield found


@pytest.mark.parametrize(
    ("method", "path", "name", "headers"), OPERATIONS, ids=[" ".join((m, p, n, *h)) for m, p, n, h in OPERATIONS]
)
@pytest.mark.parametrize("signed", [True, False], ids=["a stranger", "nobody"])
def test_who_has_no_rights_is_refused(
    users: People, method: str, path: str, name: str, headers: dict[str, str], *, signed: bool
) -> None:
    query = f"{name}={VALUES[name]}" if VALUES.get(name) else name
    target = path if not query else f"{path}{'&' if '?' in path else '?'}{query}"
    client = Client(users.url)
    reply = client.ask(method, target, headers=headers, by=STRANGER) if signed else client.send(method, target, headers)
    # Whoever signs may make buckets, and so learns which names are taken.
    assert reply.status == (409 if signed and (method, target) == ("PUT", "/things") else 403)
    assert b"secret" not in reply.body
    assert reply.headers["etag"] is None
