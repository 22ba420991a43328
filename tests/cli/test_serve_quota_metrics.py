"""How much of each quota is used is among the metrics, in one process and in several."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.conftest import Spawn
from tests.cli.test_serve_management import total
from tests.cli.test_serve_s3 import places
from tests.http.client_of_urls import ask
from tests.http.serving import eventually


@pytest.mark.parametrize("workers", [1, 2])
def test_quotas_are_shown(spawn: Spawn, store_url: str, workers: int) -> None:
    Path("bucketry.toml").write_text('[[quotas]]\nbuckets = "*"\nmax_size_bytes = 1000\nmax_objects = 10\n')
    options = ("--workers", str(workers), "--no-s3", "--management-port", "0", "--bucket", "my-assets")
    process = spawn("serve", "--port", "0", *options, store=store_url if workers > 1 else None)
    found = places(process, b"Workers" if workers > 1 else b"Health")
    for number in range(3):
        status, _, body = ask(f"{found['REST API']}/buckets/my-assets/objects/k{number}", "PUT", b"x" * 100)
        assert status == 201, body
    of_bucket = {"scope": "bucket", "name": "my-assets"}
    assert eventually(lambda: total(found, "bucketry_quota_used", unit="bytes", **of_bucket) == 300)
    assert total(found, "bucketry_quota_used", unit="objects", **of_bucket) == 3
    assert total(found, "bucketry_quota_limit", unit="bytes", **of_bucket) == 1000
    assert total(found, "bucketry_quota_limit", unit="objects", **of_bucket) == 10
