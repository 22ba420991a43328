"""Responses whose head is whole and that have no body, or another one, where the operation needs it."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from bucketry import CompletedPart, HeadOptions, InvalidKey, Store, Unavailable

from tests.responses.exchanges import Request, Response, serving
from tests.responses.setups import SETUPS, Setup

BOTH = pytest.mark.parametrize("setup", SETUPS[:2], ids=["minio", "rgw"])
DELETED = b"<DeleteResult><Deleted><Key>a</Key></Deleted></DeleteResult>"
REFUSED = b"<DeleteResult><Error><Key>a</Key><Code>AccessDenied</Code></Error></DeleteResult>"


def framed(body: bytes, status: str = "200 OK") -> bytes:
    return f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body


EMPTY = {
    "length 0": framed(b""),
    "204": b"HTTP/1.1 204 No Content\r\n\r\n",
    "no length": b"HTTP/1.1 200 OK\r\n\r\n",
    "no chunks": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "blanks": framed(b"  \n "),
    "another document": framed(b"<html><body>Welcome</body></html>"),
    "half a document": framed(DELETED[:30]),
}
CALLS: dict[str, Callable[[Store], object]] = {
    "list_buckets": lambda store: store.list_buckets(),
    "head_bucket": lambda store: store.head_bucket("bucket"),
    "list_objects": lambda store: store.list_objects("bucket"),
    "list_multipart_uploads": lambda store: store.list_multipart_uploads("bucket"),
    "delete_objects": lambda store: store.delete_objects("bucket", ["a", "b"]),
    "create_multipart_upload": lambda store: store.create_multipart_upload("bucket", "key"),
    "list_parts": lambda store: store.list_parts("bucket", "key", "upload"),
    "complete_multipart_upload": lambda store: store.complete_multipart_upload(
        "bucket", "key", "upload", [CompletedPart(1, "etag")]
    ),
    "copy_object": lambda store: store.copy_object("bucket", "key", "bucket", "copy"),
    "upload_part": lambda store: store.upload_part("bucket", "key", "upload", 1, b"content"),
    "put_object": lambda store: store.put_object("bucket", "key", b"content"),
    "get_object": lambda store: store.get_object("bucket", "key"),
    "head_object": lambda store: store.head_object("bucket", "key", HeadOptions()),
}


def ask(setup: Setup, response: bytes, call: Callable[[Store], object]) -> object:
    # A body without a length ends with its connection.
    ends = b"Content-Length" not in response

    def respond(request: Request) -> Response:
        head = response[: response.index(b"\r\n\r\n") + 4]
        return Response(head if request.asked.startswith("HEAD") else response, ends)

    with serving(respond) as location, setup.opened(location, setup.any_settings()) as store:
        return call(store)


@BOTH
@pytest.mark.parametrize("response", EMPTY.values(), ids=EMPTY.keys())
@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS.keys())
def test_what_does_not_say_what_the_operation_needs_is_no_success(
    setup: Setup, call: Callable[[Store], object], response: bytes
) -> None:
    with pytest.raises(Unavailable) as caught:
        ask(setup, response, call)
    assert caught.value.retryable


@pytest.mark.parametrize("response", [EMPTY[name] for name in EMPTY if name != "length 0"])
def test_no_tags_are_a_document_too(response: bytes) -> None:
    with pytest.raises(Unavailable):
        ask(SETUPS[0], response, lambda store: store.get_object_tagging("bucket", "key"))
    with pytest.raises(Unavailable):
        ask(SETUPS[1], response, lambda store: store.get_object_tagging("bucket", "key"))


def test_minio_always_sends_that_document() -> None:
    with pytest.raises(Unavailable):
        ask(SETUPS[0], EMPTY["length 0"], lambda store: store.get_object_tagging("bucket", "key"))


@BOTH
def test_a_batch_is_deleted_only_where_each_key_is_accounted_for(setup: Setup) -> None:
    result = ask(setup, framed(DELETED), lambda store: store.delete_objects("bucket", ["a"]).deleted_keys)
    assert result == ("a",)
    refused = ask(setup, framed(REFUSED), lambda store: [f.code for f in store.delete_objects("bucket", ["a"]).failed])
    assert refused == ["access_denied"]
    for body in (DELETED, REFUSED):
        with pytest.raises(Unavailable, match="1 objects"):
            ask(setup, framed(body), lambda store: store.delete_objects("bucket", ["a", "b"]))


OBJECT = {"ETag": '"e"', "Last-Modified": "Thu, 26 Nov 2026 11:00:00 GMT", "Content-Length": "2"}


@BOTH
@pytest.mark.parametrize(
    ("header", "value"),
    [(name, value) for name in OBJECT for value in (None, "", "?") if (name, value) != ("ETag", "?")],
)
def test_an_object_without_etag_time_or_length_is_not_whole(setup: Setup, header: str, value: str | None) -> None:
    headers = {name: given for name, given in (OBJECT | {header: value}).items() if given is not None}
    head = "".join(f"{name}: {given}\r\n" for name, given in headers.items())
    response = f"HTTP/1.1 200 OK\r\n{head}\r\nab".encode()
    for call in (CALLS["head_object"], lambda store: store.get_object("bucket", "key").read()):
        with pytest.raises(Unavailable):
            ask(setup, response, call)


SWIFT_LOGIN = b"HTTP/1.1 204 No Content\r\nX-Auth-Token: token\r\nX-Storage-Url: http://rgw/swift/v1\r\n\r\n"


@pytest.mark.parametrize("response", [EMPTY[name] for name in ("length 0", "204", "no length", "no chunks")])
def test_a_swift_listing_without_a_body_is_not_the_end(response: bytes) -> None:
    def respond(request: Request) -> Response:
        return Response(SWIFT_LOGIN) if "/auth/" in request.asked else Response(response, ends=True)

    (setup,) = [setup for setup in SETUPS if setup.name == "rgw-swift"]
    with (
        serving(respond) as location,
        setup.opened(location, setup.any_settings()) as store,
        pytest.raises(Unavailable),
    ):
        store.list_objects("bucket")


def test_a_folder_is_not_taken_for_empty_where_minio_does_not_say_so() -> None:
    # MinIO would list an object and hide what is below its key, so the driver asks before it writes.
    page = b"<ListBucketResult><IsTruncated>%s</IsTruncated></ListBucketResult>"
    for said, error in ((b"true", InvalidKey), (b"", Unavailable)):
        with pytest.raises(error):
            ask(SETUPS[0], framed(page % said), CALLS["put_object"])


@pytest.mark.parametrize(
    "stats", [b'{"bucket":"bucket"}', b'{"bucket":"bucket","usage":{"rgw.main":{"size":9}}}', b"{}"]
)
def test_figures_that_rgw_leaves_out_are_not_taken_for_zero(stats: bytes) -> None:
    uploads = framed(b"<ListMultipartUploadsResult><IsTruncated>false</IsTruncated></ListMultipartUploadsResult>")
    head = b"HTTP/1.1 200 OK\r\nX-RGW-Object-Count: 3\r\nX-RGW-Bytes-Used: 9\r\n\r\n"

    def respond(request: Request) -> Response:
        return Response(framed(stats) if "/admin/" in request.asked else head if request.asked[0] == "H" else uploads)

    with serving(respond) as location, SETUPS[1].opened(location, SETUPS[1].any_settings()) as store:
        usage = store.bucket_usage("bucket")
    assert (usage.object_count, usage.size_bytes, usage.source) == (3, 9, "rgw-head")
