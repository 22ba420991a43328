"""A listing ends with the client that asked for it."""

from __future__ import annotations

import time
from collections.abc import Generator

import msgspec
from bucketry import ObjectPage, Store
from bucketry.hookspecs import DriverSpec, hookimpl
from bucketry.options import ListOptions

from tests.http.serving import API, connect, eventually, running


class Endless:
    """Lets a listing's last page lead back to its second, and counts."""

    pages = 0
    cursor: str | None = None

    @hookimpl(wrapper=True)
    def list_objects(self, bucket: str, options: ListOptions) -> Generator[None, ObjectPage, ObjectPage]:
        page = yield
        self.pages += 1
        self.cursor = self.cursor or page.cursor
        return msgspec.structs.replace(page, cursor=self.cursor)


def test_a_client_that_leaves_a_listing_ends_it(driver: DriverSpec) -> None:
    endless = Endless()

    def stands_still() -> bool:
        before = endless.pages
        time.sleep(0.2)
        return endless.pages == before

    with Store(driver, [endless]) as store:
        store.create_bucket("my-assets")
        for number in range(1001):
            store.put_object("my-assets", f"{number:05}", b"")
        with running(store) as port:
            with connect(port) as client:
                client.sendall(f"GET {API}/buckets/my-assets/objects HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
                assert client.recv(65536).startswith(b"HTTP/1.1 200 ")
            assert eventually(stands_still)
    assert endless.pages > 1
