from __future__ import annotations

from collections.abc import Generator
from datetime import UTC, datetime

from bucketry import Store, Unavailable
from bucketry.hookspecs import DriverSpec, hookimpl
from bucketry.models import Status

from tests.http.conftest import Client, MakeClient
from tests.http.drivers import HangingDriver
from tests.http.layers import Counted, Raises


def test_a_bucket_shows_where_its_figures_come_from(client: Client, store: Store) -> None:
    store.put_object("my-assets", "a", b"123")
    before = datetime.now(UTC).replace(microsecond=0)
    bucket = client.get("buckets/my-assets").json()
    assert list(bucket) == ["name", "created_at", "object_count", "size_bytes", "usage"]
    assert (bucket["object_count"], bucket["size_bytes"], bucket["usage"]["source"]) == (1, 3, "index")
    assert datetime.fromisoformat(bucket["usage"]["as_of"]) >= before


def test_a_missing_bucket_is_not_found(client: Client) -> None:
    for response in (
        client.get("buckets/none-such"),
        client.delete("buckets/none-such"),
        client.get("buckets/none-such/objects"),
        client.get("buckets/none-such/objects/a"),
        client.put("buckets/none-such/objects/a", content=b""),
        client.post("buckets/none-such/objects", files={"file": b"x"}),
        client.delete("buckets/none-such/objects?key=a"),
        client.post("buckets/none-such/objects/delete", json={"keys": ["a"]}),
    ):
        problem = response.json()
        assert (response.status_code, problem["code"], problem["bucket"]) == (404, "no_such_bucket", "none-such")


def test_a_bucket_that_exists_is_not_created_again(client: Client) -> None:
    response = client.post("buckets", json={"name": "my-assets"})
    assert (response.status_code, response.json()["code"]) == (409, "bucket_already_exists")


def test_the_usage_of_all_buckets_is_asked_for_at_once(driver: DriverSpec, make_client: MakeClient) -> None:
    counted = Counted()
    with Store(driver, [counted]) as store:
        for number in range(5):
            store.create_bucket(f"bucket-{number}")
        assert len(make_client(store).get("buckets").json()) == 5
    assert counted.usages == [tuple(f"bucket-{number}" for number in range(5))]


def test_a_store_that_is_down_is_a_status_and_no_error(driver: DriverSpec, make_client: MakeClient) -> None:
    class Down:
        @hookimpl(wrapper=True)
        def status(self) -> Generator[None, Status, Status]:
            yield
            return Status(available=False, endpoint="http://s3:9000", region="eu", detail="connection refused")

    with Store(driver, [Down()]) as store:
        client = make_client(store)
        response = client.get("status")
        assert response.status_code == 200
        assert response.json() == {
            "available": False,
            "endpoint": "http://s3:9000",
            "region": "eu",
            "detail": "connection refused",
        }
        assert client.get("http://testserver.local/health/live").json() == {"status": "live"}
        response = client.get("http://testserver.local/health/ready")
        assert (response.status_code, response.json()["code"]) == (503, "unavailable")
        assert response.headers["retry-after"] == "1"


def test_a_store_that_answers_is_ready(client: Client) -> None:
    response = client.get("http://testserver.local/health/ready")
    assert (response.status_code, response.json()) == (200, {"status": "ready"})


def test_a_store_that_hangs_is_not_ready(make_client: MakeClient) -> None:
    driver = HangingDriver()
    with Store(driver) as store:
        response = make_client(store, ready_seconds=0.05).get("http://testserver.local/health/ready")
        driver.go_on.set()
    assert (response.status_code, response.json()["code"]) == (503, "unavailable")


def test_an_unavailable_store_asks_to_try_again(driver: DriverSpec, make_client: MakeClient) -> None:
    with Store(driver, [Raises(Unavailable("connection refused"))]) as store:
        response = make_client(store).get("buckets")
    assert response.status_code == 503
    assert response.headers["retry-after"] == "1"
    assert response.json() == {
        "title": "Service Unavailable",
        "status": 503,
        "code": "unavailable",
        "detail": "The store is not available: connection refused",
        "retryable": True,
    }
