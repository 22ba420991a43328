"""What a request cannot carry is refused with an error of the contract, before anything is sent."""

from __future__ import annotations

from collections.abc import Callable

import bucketry
import pytest
from bucketry_client import Client, FormFile
from bucketry_testing import RestServer

from tests.client.facade import Facade
from tests.client.scripted import Answer, scripted

LONE = "a\ud800"

CALLS: dict[str, Callable[[Client], object]] = {
    "metadata": lambda client: client.put_object("bucket", "key", b"", metadata={"a": "ü"}),
    "metadata with blanks": lambda client: client.put_object("bucket", "key", b"", metadata={"a": " x "}),
    "metadata with a line break": lambda client: client.put_object("bucket", "key", b"", metadata={"a": "a\r\nb"}),
    "a name of metadata": lambda client: client.put_object("bucket", "key", b"", metadata={"ü": "a"}),
    "two names of metadata": lambda client: client.put_object("bucket", "key", b"", metadata={"A": "1", "a": "2"}),
    "a header": lambda client: client.put_object("bucket", "key", b"", content_disposition="attachment; filename=ü"),
    "a content type": lambda client: client.put_object("bucket", "key", b"", content_type="ü"),
    "a date": lambda client: client.put_object("bucket", "key", b"", expires="soon"),
    "a tag": lambda client: client.put_object("bucket", "key", b"", tags={"a": LONE}),
    "an etag": lambda client: client.put_object("bucket", "key", b"", if_match="ü"),
    "a long cursor": lambda client: client.list_objects("bucket", cursor="a" * 70_000),
    "a long key": lambda client: client.head_object("bucket", "a" * 70_000),
    "a key": lambda client: client.head_object("bucket", LONE),
    "a key in the query": lambda client: client.delete_object("bucket", LONE),
    "a key in JSON": lambda client: client.delete_objects("bucket", [LONE]),
    "a prefix": lambda client: client.list_objects("bucket", prefix=LONE),
    "a bucket": lambda client: client.create_bucket(LONE),
    "a file name": lambda client: client.upload_objects("bucket", [FormFile(name=LONE, content=b"")]),
    "the field of a form": lambda client: client.upload_objects(
        "bucket", [FormFile(name="a", content=b"")], prefix=LONE
    ),
    "a tag of a form": lambda client: client.upload_objects(
        "bucket", [FormFile(name="a", content=b"")], tags={"a": LONE}
    ),
    "a tag in JSON": lambda client: client.put_tags("bucket", "key", {"a": LONE}),
    "the content type of a file": lambda client: client.upload_objects(
        "bucket", [FormFile(name="a", content=b"", content_type="a/b\r\nc: d")]
    ),
}


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
def test_what_a_request_cannot_carry_is_not_sent(make: Facade, call: Callable[[Client], object]) -> None:
    with scripted(Answer(status=500)) as server:
        with pytest.raises(bucketry.InvalidArgument):
            call(make(server.url))
        assert not server.asked


def test_a_closed_client_sends_nothing(make: Facade, rest: RestServer, bucket: str) -> None:
    rest.store.put_object(bucket, "key", bytes(30_000_000))
    client = make(rest.url)
    opened = client.get_object(bucket, "key")
    client.close()
    with pytest.raises(bucketry.StoreClosed):
        client.get_status()
    with pytest.raises(bucketry.StoreClosed):
        opened.read()


def test_a_request_that_the_server_finds_too_long_is_no_large_object(client: Client, bucket: str) -> None:
    with pytest.raises(bucketry.InvalidArgument, match="send a shorter one"):
        client.list_objects(bucket, cursor="a" * 30_000)


def test_a_date_is_sent_in_the_form_that_is_kept(client: Client, rest: RestServer, bucket: str) -> None:
    client.put_object(bucket, "key", b"", expires="Sunday, 06-Nov-94 08:49:37 GMT", tags={"name": "ü"})
    assert client.head_object(bucket, "key").expires == "Sun, 06 Nov 1994 08:49:37 GMT"
    assert rest.store.get_object_tagging(bucket, "key") == {"name": "ü"}


@pytest.mark.parametrize(
    "url",
    ["http://host\x00", "http://a..b", f"http://{'a' * 70}.test", "http://host/\x7f", f"http://host/{'a' * 70_000}"],
)
def test_a_url_that_cannot_be_asked_is_a_wrong_setting(make: Facade, url: str) -> None:
    with pytest.raises(bucketry.InvalidSettings):
        make(url)
