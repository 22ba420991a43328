"""The live REST server."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from bucketry import InvalidArgument, InvalidSettings, NoSuchBucket, Store, open_store
from bucketry_testing import RestServer, rest_server, s3_endpoint


def get(url: str) -> httpx.Response:
    return httpx.get(url, trust_env=False)


def test_a_test_sees_what_a_client_has_stored(bucketry_rest: RestServer) -> None:
    answer = httpx.post(f"{bucketry_rest.url}/buckets", json={"name": "my-assets"}, trust_env=False)
    assert answer.status_code == 201
    assert "date" in answer.headers
    upload = httpx.post(
        f"{bucketry_rest.url}/buckets/my-assets/objects", files={"file": ("a.txt", b"content")}, trust_env=False
    )
    assert upload.status_code == 201
    assert bucketry_rest.store.get_object("my-assets", "a.txt").read() == b"content"


@pytest.mark.parametrize("_run", range(3))
def test_each_test_has_a_server_of_its_own(bucketry_rest: RestServer, _run: int) -> None:
    assert get(f"{bucketry_rest.url}/buckets").json() == []
    bucketry_rest.store.create_bucket("my-assets")
    assert [bucket["name"] for bucket in get(f"{bucketry_rest.url}/buckets").json()] == ["my-assets"]


def test_two_servers_at_once_serve_two_stores() -> None:
    with rest_server(buckets=["one"]) as one, rest_server(buckets=["two"]) as two:
        assert one.url != two.url
        names = [get(f"{server.url}/buckets").json()[0]["name"] for server in (one, two)]
    assert names == ["one", "two"]


def test_it_is_gone_afterwards() -> None:
    with rest_server() as rest:
        assert get(f"{rest.url}/status").json()["available"]
    with pytest.raises(httpx.ConnectError):
        get(f"{rest.url}/status")


def test_the_store_fixture_is_the_servers(bucketry_store: Store, bucketry_rest: RestServer) -> None:
    bucketry_store.create_bucket("my-assets")
    assert [bucket["name"] for bucket in get(f"{bucketry_rest.url}/buckets").json()] == ["my-assets"]


def test_faults_strike_clients_and_not_the_test_itself(bucketry_rest: RestServer) -> None:
    bucketry_rest.store.create_bucket("my-assets")
    bucketry_rest.faults.add("list_buckets:throttled:nth=2")
    statuses = []
    for _ in range(3):
        assert bucketry_rest.store.list_buckets()
        statuses.append(get(f"{bucketry_rest.url}/buckets").status_code)
    assert statuses == [200, 503, 200]
    assert bucketry_rest.faults.counts()[0].struck == 1


def test_faults_reach_connections_that_are_open_already(bucketry_rest: RestServer) -> None:
    with httpx.Client(trust_env=False) as client:
        assert client.get(f"{bucketry_rest.url}/buckets").status_code == 200
        bucketry_rest.faults.add("list_buckets:unavailable")
        assert client.get(f"{bucketry_rest.url}/buckets").json()["code"] == "unavailable"


def test_a_latency_holds_up_nobody_else() -> None:
    with rest_server(faults=["create_bucket:latency=3600"]) as rest, httpx.Client(trust_env=False) as client:
        with pytest.raises(httpx.ReadTimeout):
            client.post(f"{rest.url}/buckets", json={"name": "my-assets"}, timeout=0.2)
        assert client.get(f"{rest.url}/buckets", timeout=60).json() == []


def test_a_store_of_ones_own_is_served_and_left_open() -> None:
    with open_store("memory://") as store:
        store.create_bucket("my-assets")
        with rest_server(store) as rest:
            assert [bucket["name"] for bucket in get(f"{rest.url}/buckets").json()] == ["my-assets"]
            with pytest.raises(InvalidArgument, match="Faults layer of your own"):
                _ = rest.faults
        assert store.list_buckets()


def test_a_bucket_that_cannot_be_made_leaves_nothing_running() -> None:
    with pytest.raises(Exception, match="bucket name is not valid"), rest_server(buckets=["NO"]):
        pass


@pytest.mark.parametrize("setting", [{"max_byte": 1}, {"min_part_size": 0}])
def test_a_wrong_setting_is_refused_in_words(setting: dict[str, Any]) -> None:
    with pytest.raises(InvalidSettings, match=next(iter(setting))), rest_server(**setting):
        pass


def test_settings_are_the_memory_drivers() -> None:
    with rest_server(min_part_size=1) as rest:
        assert rest.store.capabilities.features.min_part_size == 1
        with pytest.raises(NoSuchBucket):
            rest.store.head_bucket("my-assets")


def test_a_torn_download_is_torn_on_the_wire(bucketry_rest: RestServer) -> None:
    bucketry_rest.store.create_bucket("my-assets")
    bucketry_rest.store.put_object("my-assets", "a", b"x" * 5000)
    bucketry_rest.faults.add("get_object:torn:after=1234:nth=1", "get_object:torn:after=0:nth=2")
    url = f"{bucketry_rest.url}/buckets/my-assets/objects/a"
    received = b""
    with httpx.stream("GET", url, trust_env=False) as answer:
        assert (answer.status_code, answer.headers["content-length"]) == (200, "5000")
        with pytest.raises(httpx.RemoteProtocolError):  # noqa: PT012 - what comes before the error counts
            for piece in answer.iter_raw():
                received += piece
    assert received == b"x" * 1234
    assert get(url).status_code == 503
    assert get(url).content == b"x" * 5000


def test_a_torn_upload_leaves_the_old_object(bucketry_rest: RestServer) -> None:
    bucketry_rest.store.create_bucket("my-assets")
    bucketry_rest.store.put_object("my-assets", "a", b"old")
    bucketry_rest.faults.add("put_object:torn")
    answer = httpx.put(f"{bucketry_rest.url}/buckets/my-assets/objects/a", content=b"x" * 5000, trust_env=False)
    assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")
    assert bucketry_rest.store.get_object("my-assets", "a").read() == b"old"


def test_hosts_and_pages_are_those_of_this_machine_and_those_named() -> None:
    app, other = "http://app.test:5173", "http://other.test:5173"
    with rest_server(buckets=["my-assets"], allowed_hosts=["files.test"], cors_origins=[app]) as server:
        url = f"{server.url}/buckets/my-assets/objects/a"
        for host, status in (("files.test", 200), ("localhost", 200), ("other.test", 421)):
            assert httpx.get(f"{server.url}/status", headers={"Host": host}).status_code == status
        assert httpx.put(url, content=b"x", headers={"Origin": other}).status_code == 403
        answer = httpx.put(url, content=b"x", headers={"Origin": app})
        assert (answer.status_code, answer.headers["access-control-allow-origin"]) == (201, app)
        server.faults.add("put_object:throttled:nth=1")
        assert httpx.put(url, content=b"x", headers={"Origin": app}).status_code == 503


def test_a_host_of_an_endpoint_is_named_too() -> None:
    with s3_endpoint(allowed_hosts=["files.test"], public_endpoint="https://public.test") as s3:
        for host, status in (("files.test", 403), ("public.test", 403), ("other.test", 421)):
            assert httpx.get(s3.endpoint_url, headers={"Host": host}).status_code == status


def test_a_host_that_cannot_be_leaves_nothing_open() -> None:
    for serve in (rest_server, s3_endpoint):
        with pytest.raises(InvalidSettings, match="cannot be an allowed host"), serve(allowed_hosts=["http://x"]):
            pass
