from __future__ import annotations

from collections.abc import Iterator

import pytest
from selenium.webdriver import Chrome

from tests.browsers.browser import APP, chromium
from tests.browsers.serving import OWN, Served, pages, serve

CONTENT = "what only its owner may read"


@pytest.fixture(scope="session")
def session_browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chrome]:
    with chromium(tmp_path_factory.mktemp("profile")) as started:
        yield started


@pytest.fixture
def browser(session_browser: Chrome) -> Iterator[Chrome]:
    """A browser; the test opens a page in it."""
    yield session_browser
    session_browser.get("about:blank")


@pytest.fixture(scope="session")
def page_port() -> Iterator[int]:
    """The port on which pages are served, whatever host name they are asked by."""
    with pages() as port:
        yield port


@pytest.fixture(scope="session")
def allowed_port() -> Iterator[int]:
    """Another one, whose pages the settings of `served` name."""
    with pages() as port:
        yield port


@pytest.fixture(scope="session")
def session_served(allowed_port: int) -> Iterator[Served]:
    origins = [f"http://{host}:{allowed_port}" for host in (APP, "localhost")]
    with serve("--reset-endpoint", *(f"--cors-origin={origin}" for origin in origins)) as server:
        yield server


@pytest.fixture
def served(session_served: Served) -> Served:
    """A development server with the published key pair, and one object in it."""
    _fill(session_served)
    return session_served


@pytest.fixture(scope="session")
def session_owned() -> Iterator[Served]:
    with serve(keys=OWN) as server:
        yield server


@pytest.fixture
def owned(session_owned: Served) -> Served:
    """The same with a key pair of its owner's own."""
    _fill(session_owned)
    return session_owned


def _fill(server: Served) -> None:
    for bucket in server.boto.list_buckets()["Buckets"]:
        name = bucket["Name"]
        for entry in server.boto.list_objects_v2(Bucket=name).get("Contents", []):
            server.boto.delete_object(Bucket=name, Key=entry["Key"])
        server.boto.delete_bucket(Bucket=name)
    server.boto.create_bucket(Bucket="things")
    server.boto.put_object(Bucket="things", Key="kept.txt", Body=CONTENT.encode(), ContentType="text/plain")
