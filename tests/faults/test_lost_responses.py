"""The promise of ``docs/lost-responses.md``: what the drivers send again, and what comes of calls that are repeated.

A proxy lets each request reach the server, and loses its response.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from bucketry import (
    CompletedPart,
    DeleteOptions,
    Part,
    PutOptions,
    TagSettings,
    Unavailable,
    Upload,
    UploadListOptions,
    VersioningSettings,
)
from bucketry.bucket_settings import Tag
from bucketry.hookspecs import OPERATIONS

from tests.faults.losing import Bench, Losing, bench_on
from tests.responses.exchanges import Request, Response

PAGE = Path(__file__).parents[2] / "docs" / "lost-responses.md"
KEY = "key"


@pytest.fixture(params=["minio", "rgw"])
def bench(request: pytest.FixtureRequest) -> Iterator[Bench]:
    with bench_on(request.getfixturevalue(f"{request.param}_server")) as bench:
        yield bench


def test_a_put_is_sent_again_and_is_the_same_object(bench: Bench) -> None:
    store, bucket = bench.store, bench.bucket
    assert bench.lose("PUT /{bucket}/key", lambda: store.put_object(bucket, KEY, b"content")) == ("", 2)
    assert store.get_object(bucket, KEY).read() == b"content"


def test_in_a_bucket_with_versions_a_put_that_is_sent_again_is_another_version(bench: Bench) -> None:
    store, bucket = bench.store, bench.bucket
    bench.direct.put_bucket_settings(bucket, VersioningSettings(status="Enabled"))
    assert bench.lose("PUT /{bucket}/key", lambda: store.put_object(bucket, KEY, b"content")) == ("", 2)
    versions = bench.direct.list_object_versions(bucket).versions
    assert len(versions) == 2
    for version in versions:
        bench.direct.delete_object(bucket, KEY, DeleteOptions(version_id=version.version_id))


def test_a_put_with_a_condition_is_not_sent_again_and_was_done(bench: Bench) -> None:
    store, bucket, once = bench.store, bench.bucket, PutOptions(if_none_match="*")
    put = lambda: store.put_object(bucket, KEY, b"content", once)  # noqa: E731
    assert bench.lose("PUT /{bucket}/key", put) == ("unavailable", 1)
    assert bench.lose("", put) == ("precondition_failed", 0)
    assert store.get_object(bucket, KEY).read() == b"content"  # As the promise says: compare before you give up.


def test_reads_deletes_copies_and_tags_are_sent_again(bench: Bench) -> None:
    store, bucket, direct = bench.store, bench.bucket, bench.direct
    direct.put_object(bucket, KEY, b"content")
    tags = TagSettings(tags=(Tag(key="team", value="lost"),))
    calls: list[tuple[str, Callable[[], Any]]] = [
        ("GET /{bucket}/key", lambda: store.get_object(bucket, KEY).read()),
        ("HEAD /{bucket}/key", lambda: store.head_object(bucket, KEY)),
        ("GET /{bucket}.*list", lambda: store.list_objects(bucket)),
        ("PUT /{bucket}/copy", lambda: store.copy_object(bucket, KEY, bucket, "copy")),
        ("PUT /{bucket}/key.*tagging", lambda: store.put_object_tagging(bucket, KEY, {"a": "b"})),
        ("(DELETE|PUT) /{bucket}/key.*tagging", lambda: store.delete_object_tagging(bucket, KEY)),
        ("PUT /{bucket}.*tagging", lambda: store.put_bucket_settings(bucket, tags)),
        ("DELETE /{bucket}.*tagging", lambda: store.delete_bucket_settings(bucket, TagSettings)),
        ("DELETE /{bucket}/copy", lambda: store.delete_object(bucket, "copy")),
        ("POST /{bucket}.*delete", lambda: store.delete_objects(bucket, [KEY])),
    ]
    assert {about: bench.lose(about, call) for about, call in calls} == {about: ("", 2) for about, _ in calls}
    assert direct.list_objects(bucket).objects == ()


def test_a_bucket_is_created_and_deleted_once(bench: Bench) -> None:
    store, other = bench.store, f"{bench.bucket}-other"
    create, delete = (lambda: store.create_bucket(other)), (lambda: store.delete_bucket(other))
    assert bench.lose("PUT /{bucket}-other", create) == ("unavailable", 1)
    assert bench.lose("", create) == ("bucket_already_exists", 0)
    assert bench.lose("DELETE /{bucket}-other", delete) == ("unavailable", 1)
    assert bench.lose("", delete) == ("no_such_bucket", 0)


def test_an_upload_is_begun_and_completed_once_and_its_parts_are_sent_again(bench: Bench) -> None:
    store, bucket, direct = bench.store, bench.bucket, bench.direct

    def begin() -> Upload:
        return store.create_multipart_upload(bucket, KEY)

    assert bench.lose("POST /{bucket}/key", begin) == ("unavailable", 1)
    (lost,) = direct.list_multipart_uploads(bucket, UploadListOptions(prefix=KEY)).uploads
    direct.abort_multipart_upload(bucket, KEY, lost.upload_id)
    upload_id = begin().upload_id
    parts: list[Part] = []

    def send() -> None:
        parts.append(store.upload_part(bucket, KEY, upload_id, 1, b"content"))

    assert bench.lose("PUT /{bucket}/key", send) == ("", 2)
    listed = [CompletedPart(1, parts[0].etag)]
    complete = lambda: store.complete_multipart_upload(bucket, KEY, upload_id, listed)  # noqa: E731
    assert bench.lose("POST /{bucket}/key", complete) == ("unavailable", 1)
    assert store.get_object(bucket, KEY).read() == b"content"
    assert bench.lose("", complete)[0] in {"", "no_such_upload"}
    assert store.get_object(bucket, KEY).read() == b"content"


def test_an_upload_whose_abortion_was_lost_is_gone(bench: Bench) -> None:
    store, bucket = bench.store, bench.bucket
    upload = store.create_multipart_upload(bucket, KEY)
    abort = lambda: store.abort_multipart_upload(bucket, KEY, upload.upload_id)  # noqa: E731
    is_sent_again = store.capabilities.driver == "minio"
    assert bench.lose("DELETE /{bucket}/key", abort) == (("", 2) if is_sent_again else ("unavailable", 1))
    assert bench.lose("", abort) == ("no_such_upload", 0)


def test_a_call_that_never_gets_a_response_says_so(bench: Bench) -> None:
    bench.losing.about, bench.losing.seen = f"GET /{bench.bucket}/key", -100
    bench.losing.__class__ = _Always
    with pytest.raises(Unavailable):
        bench.store.get_object(bench.bucket, KEY)
    assert bench.losing.seen == -97  # One try, and two more.


class _Always(Losing):
    def __call__(self, request: Request) -> Response:
        response = super().__call__(request)
        return Response(b"", ends=True) if self.about and re.match(self.about, request.asked) else response


def test_the_page_says_it_of_every_operation_that_writes() -> None:
    table = PAGE.read_text(encoding="utf-8").partition("| operation | driver | repeat |")[2]
    named = set(
        re.findall(r"`(\w+)`", "".join(line.split("|")[1] for line in table.splitlines() if line.count("|") > 3))
    )
    writes = {name for name, operation in OPERATIONS.items() if operation.may_write()} - {"presign"}
    assert named & OPERATIONS.keys() == writes
