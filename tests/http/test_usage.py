"""The usage report."""

from __future__ import annotations

from datetime import UTC, datetime

from bucketry import (
    BucketReport,
    DriverSettings,
    Features,
    OperationUsage,
    Quota,
    Store,
    UsageReport,
    UserReport,
)
from bucketry.hookspecs import DriverSpec, hookimpl

from tests.http.conftest import Client, MakeClient


class NothingSettings(DriverSettings, frozen=True, kw_only=True):
    scheme = "nothing"


class NothingDriver(DriverSpec):
    name = "nothing"
    contract_version = 3
    Settings = NothingSettings
    features = Features()


class ReportingDriver(NothingDriver):
    @hookimpl
    def usage_report(self) -> UsageReport:
        operations = OperationUsage(category="put_obj", operations=3, successful=2, bytes_sent=10, bytes_received=200)
        return UsageReport(
            source="test",
            as_of=datetime(2024, 1, 15, 10, 30, 0, 999, tzinfo=UTC),
            buckets=(
                BucketReport(
                    name="photos",
                    object_count=2,
                    size_bytes=10,
                    size_on_disk_bytes=8192,
                    owner="main",
                    shards=11,
                    placement="default-placement",
                    quota=Quota(max_objects=5),
                ),
            ),
            users=(UserReport(user="main", object_count=2, size_bytes=10, operations=(operations,)),),
        )


def test_a_report_has_all_that_the_backend_knows(make_client: MakeClient) -> None:
    with Store(ReportingDriver()) as store:
        response = make_client(store).get("usage")
    assert response.status_code == 200
    assert response.json() == {
        "source": "test",
        "as_of": "2024-01-15T10:30:00Z",
        "buckets": [
            {
                "name": "photos",
                "object_count": 2,
                "size_bytes": 10,
                "size_on_disk_bytes": 8192,
                "noncurrent_count": None,
                "noncurrent_bytes": None,
                "owner": "main",
                "shards": 11,
                "placement": "default-placement",
                "quota": {"max_size_bytes": None, "max_objects": 5},
            }
        ],
        "users": [
            {
                "user": "main",
                "object_count": 2,
                "size_bytes": 10,
                "size_on_disk_bytes": None,
                "max_buckets": None,
                "quota": None,
                "operations": [
                    {"category": "put_obj", "operations": 3, "successful": 2, "bytes_sent": 10, "bytes_received": 200}
                ],
            }
        ],
    }


def test_the_memory_driver_reports_sizes(client: Client, store: Store) -> None:
    store.put_object("my-assets", "a", b"123")
    (bucket,) = [told for told in client.get("usage").json()["buckets"] if told["name"] == "my-assets"]
    assert (bucket["object_count"], bucket["size_bytes"], bucket["size_on_disk_bytes"]) == (1, 3, None)


def test_a_store_with_nothing_to_report_says_so(make_client: MakeClient) -> None:
    with Store(NothingDriver()) as store:
        response = make_client(store).get("usage")
    assert (response.status_code, response.json()["code"]) == (501, "unsupported")
    assert response.headers["content-type"] == "application/problem+json"
