"""``If-Range`` holds for the version that is sent, even if another one replaces it meanwhile."""

from __future__ import annotations

from collections.abc import Generator

import pytest
from bucketry import HeadOptions, ObjectInfo, OpenedObject, Store
from bucketry.hookspecs import DriverSpec, hookimpl
from bucketry.options import GetOptions

from tests.http.conftest import MakeClient
from tests.http.layers import Counted
from tests.http.s3.client import Client as S3Client
from tests.http.s3.serving import serving

OBJECT = "buckets/my-assets/objects/a"


class Replaces:
    """Replaces an object where it is looked at or opened for the first time: before that, or behind it."""

    def __init__(self, *, before: bool, content: bytes) -> None:
        self.before = before
        self.content = content
        self.done = False
        self.store: Store | None = None

    def replace(self, *, before: bool) -> None:
        if self.store is not None and not self.done and before == self.before:
            self.done = True
            self.store.put_object("my-assets", "a", self.content)

    @hookimpl(wrapper=True)
    def head_object(self, bucket: str, key: str, options: HeadOptions) -> Generator[None, ObjectInfo, ObjectInfo]:
        self.replace(before=True)
        info = yield
        self.replace(before=False)
        return info

    @hookimpl(wrapper=True)
    def get_object(self, bucket: str, key: str, options: GetOptions) -> Generator[None, OpenedObject, OpenedObject]:
        self.replace(before=True)
        opened = yield
        self.replace(before=False)
        return opened


@pytest.mark.parametrize("before", [True, False])
@pytest.mark.parametrize("new", [b"ABCDEFGHIJ", b"A"])
def test_bytes_of_two_versions_are_never_mixed(
    driver: DriverSpec, make_client: MakeClient, before: bool, new: bytes
) -> None:
    replaces, counted = Replaces(before=before, content=new), Counted()
    with Store(driver, [replaces, counted]) as store:
        store.create_bucket("my-assets")
        etag = store.put_object("my-assets", "a", b"0123456789").etag
        client = make_client(store)
        replaces.store = store
        response = client.get(OBJECT, headers={"range": "bytes=2-4", "if-range": f'"{etag}"'})
    assert replaces.done
    expected = (206, f'"{etag}"', b"234"), (200, response.headers["etag"], new)
    assert (response.status_code, response.headers["etag"], response.content) in expected
    assert counted.closed == counted.opened


@pytest.mark.parametrize("before", [True, False])
def test_nor_are_they_by_the_s3_endpoint(driver: DriverSpec, before: bool) -> None:
    replaces = Replaces(before=before, content=b"A")
    with Store(driver, [replaces]) as store:
        store.create_bucket("my-assets")
        etag = store.put_object("my-assets", "a", b"0123456789").etag
        with serving(store) as url:
            replaces.store = store
            reply = S3Client(url).ask("GET", "/my-assets/a", headers={"range": "bytes=2-4", "if-range": f'"{etag}"'})
    assert replaces.done
    expected = (206, f'"{etag}"', b"234"), (200, reply.headers["etag"], b"A")
    assert (reply.status, reply.headers["etag"], reply.body) in expected


def test_a_range_is_opened_once(driver: DriverSpec, make_client: MakeClient) -> None:
    counted = Counted()
    with Store(driver, [counted]) as store:
        store.create_bucket("my-assets")
        etag = store.put_object("my-assets", "a", b"0123456789").etag
        headers = {"range": "bytes=2-4", "if-range": f'"{etag}"'}
        assert make_client(store).get(OBJECT, headers=headers).status_code == 206
    assert counted.opened == ["a"]
