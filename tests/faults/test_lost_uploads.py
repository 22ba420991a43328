"""Uploads that stay behind because the response to their creation is lost, and what ends them.

That is what ``docs/lost-responses.md`` names.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import pytest
from bucketry import LifecycleRule, LifecycleSettings, NoSuchUpload, Upload
from bucketry.bucket_settings import AbortIncompleteMultipartUpload
from bucketry_cli.app import cli
from click.testing import CliRunner

from tests.faults.fronts import location_of
from tests.faults.losing import Bench, bench_on
from tests.http.serving import eventually
from tests.servers.handles import MinioServer, RgwServer, Server

MIB = 1024**2
KEY = "key"
EXPIRING = {"MINIO_API_STALE_UPLOADS_EXPIRY": "1s", "MINIO_API_STALE_UPLOADS_CLEANUP_INTERVAL": "1s"}
"""MinIO looks for uploads of a day ago, and does so every six hours; here each is a second."""


@pytest.fixture(params=["minio", "rgw"])
def server(request: pytest.FixtureRequest) -> Server:
    found: Server = request.getfixturevalue(f"{request.param}_server")
    return found


def uploads(bench: Bench) -> list[Upload]:
    return list(bench.direct.iter_multipart_uploads(bench.bucket))


def lose_an_upload(bench: Bench) -> None:
    bench.direct.put_object(bench.bucket, KEY, b"old")
    content = iter([bytes(5 * MIB)] * 4)  # Its length is not known, so it goes in parts.
    put = lambda: bench.store.put_object(bench.bucket, KEY, content)  # noqa: E731
    assert bench.lose(r"POST /{bucket}/key\?uploads", put) == ("unavailable", 1)


def test_it_has_no_parts_and_the_object_is_the_old_one(server: Server) -> None:
    with bench_on(server) as bench:
        lose_an_upload(bench)
        (upload,) = uploads(bench)
        assert bench.direct.list_parts(bench.bucket, KEY, upload.upload_id).parts == ()
        assert bench.direct.get_object(bench.bucket, KEY).read() == b"old"
        bench.direct.abort_multipart_upload(bench.bucket, KEY, upload.upload_id)


def test_a_put_that_succeeds_later_ends_no_upload_of_others(server: Server) -> None:
    with bench_on(server) as bench:
        others = bench.direct.create_multipart_upload(bench.bucket, KEY)
        lose_an_upload(bench)
        bench.store.put_object(bench.bucket, KEY, iter([bytes(5 * MIB)] * 4))
        assert others.upload_id in {upload.upload_id for upload in uploads(bench)}
        for upload in uploads(bench):
            bench.direct.abort_multipart_upload(bench.bucket, KEY, upload.upload_id)


def test_the_command_line_ends_it(server: Server) -> None:
    kind = "minio" if isinstance(server, MinioServer) else "rgw"
    keys = {f"BUCKETRY_{kind.upper()}_{name.upper()}": getattr(server, name) for name in ("access_key", "secret_key")}
    with bench_on(server) as bench:
        lose_an_upload(bench)
        command = [
            "rm",
            "--recursive",
            "--yes",
            "--uploads",
            bench.bucket,
            "--store",
            f"{kind}://{location_of(server.url)}",
        ]
        assert CliRunner().invoke(cli, command, env=keys).exit_code == 0
        assert len(uploads(bench)) == 1  # It may be of somebody who sends it now.
        assert CliRunner().invoke(cli, [*command, "--older-than", "0"], env=keys).exit_code == 0
        assert uploads(bench) == []
        assert bench.direct.get_object(bench.bucket, KEY).read() == b"old"


def test_rgw_ends_it_by_a_rule_of_the_bucket(rgw_server: RgwServer) -> None:
    abort = AbortIncompleteMultipartUpload(days_after_initiation=1)
    rule = LifecycleRule(id="uploads", prefix="", status="Enabled", abort_incomplete_multipart_upload=abort)
    with bench_on(rgw_server) as bench:
        bench.direct.put_bucket_settings(bench.bucket, LifecycleSettings(rules=(rule,)))
        lose_an_upload(bench)

        def is_gone() -> bool:
            # With this interval, a day takes a second.
            rgw_server.run("radosgw-admin", "lc", "process", f"--bucket={bench.bucket}", "--rgw-lc-debug-interval=1")
            return uploads(bench) == []

        assert eventually(is_gone)
        assert bench.direct.get_object(bench.bucket, KEY).read() == b"old"


def test_minio_ends_it_after_a_day(start_own_minio: Callable[[Mapping[str, str]], MinioServer]) -> None:
    with bench_on(start_own_minio(EXPIRING)) as bench:
        lose_an_upload(bench)

        (upload,) = uploads(bench)

        def is_gone() -> bool:
            # MinIO may still list it: at its start it waits for six hours before it forgets any.
            try:
                bench.direct.list_parts(bench.bucket, KEY, upload.upload_id)
            except NoSuchUpload:
                return True
            return False

        assert eventually(is_gone)
        assert bench.direct.get_object(bench.bucket, KEY).read() == b"old"
