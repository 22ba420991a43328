"""What the answer to a put says where the server does not say when it was written."""

from __future__ import annotations

import pytest
from bucketry import AccessDenied, open_store

from tests.s3client.fake import Answer, Request, Respond, serving

KEYS = {"access_key": "access", "secret_key": "secret secret", "check_paths": False}


def answering(status_of_the_object: int) -> Respond:
    def respond(request: Request) -> Answer:
        if request.method == "PUT":
            return Answer(headers={"ETag": '"e"'})
        return Answer(status_of_the_object if request.target.endswith("/key") else 200)

    return respond


def test_a_put_whose_object_is_deleted_meanwhile_is_done_all_the_same() -> None:
    with serving(answering(404)) as fake, open_store(f"minio://{fake.location}", settings=KEYS, environ={}) as store:
        info = store.put_object("bucket", "key", b"content")
    assert (info.key, info.etag, info.size_bytes) == ("key", "e", 7)
    assert [line for line in fake.lines if "/key" in line] == ["PUT /bucket/key", "HEAD /bucket/key"]


def test_a_put_that_cannot_be_looked_at_says_so() -> None:
    with (
        serving(answering(403)) as fake,
        open_store(f"minio://{fake.location}", settings=KEYS, environ={}) as store,
        pytest.raises(AccessDenied),
    ):
        store.put_object("bucket", "key", b"content")
