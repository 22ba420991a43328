"""Tags and CORS rules over the client."""

from __future__ import annotations

from base64 import b64encode
from hashlib import md5

import pytest
from bucketry import Unavailable
from bucketry_s3client import delete_tags, get_tags, put_tags, tag_headers
from bucketry_s3client import md5_header as md5_header

from tests.s3client.fake import Answer, wired

NAMESPACE = b' xmlns="http://s3.amazonaws.com/doc/2006-03-01/"'


def test_tags_go_along_with_a_write_as_a_query_string() -> None:
    assert tag_headers({"a b": "c&d=e+f", "é/": ""}) == {"x-amz-tagging": "a%20b=c%26d%3De%2Bf&%C3%A9%2F="}
    assert tag_headers({}) == {}


def test_tags_are_read_in_any_namespace() -> None:
    tags = b"<Tag><Key>a&amp;b</Key><Value> c </Value></Tag><Tag><Key>empty</Key><Value/></Tag>"
    bodies = [b"<Tagging%s><TagSet>%s</TagSet></Tagging>" % (space, tags) for space in (b"", NAMESPACE)]
    with wired(lambda _: Answer(200, bodies.pop())) as (fake, client):
        assert [get_tags(client, "bucket", "key") for _ in range(2)] == [{"a&b": " c ", "empty": ""}] * 2
    assert fake.lines == ["GET /bucket/key?tagging="] * 2


def test_an_object_without_tags_has_none() -> None:
    with wired(lambda _: Answer(200, b"<Tagging><TagSet/></Tagging>")) as (_, client):
        assert get_tags(client, "bucket", "key") == {}


def test_no_body_means_no_tags_only_where_the_server_is_known_for_it_and_says_that_there_is_none() -> None:
    with wired(lambda _: Answer(200, b"")) as (_, client):
        assert get_tags(client, "bucket", "key", may_be_empty=True) == {}
        with pytest.raises(Unavailable):
            get_tags(client, "bucket", "key")


@pytest.mark.parametrize(
    "body",
    [
        b"tags",
        b"<Tagging/>",
        b"<Tagging><TagSet>",
        b"<html/>",
        b"<Tagging><TagSet><Tag><Key>a</Key></Tag></TagSet></Tagging>",
    ],
)
def test_an_answer_about_tags_that_is_not_whole_is_an_error(body: bytes) -> None:
    for may_be_empty in (True, False):
        with wired(lambda _: Answer(200, body)) as (_, client), pytest.raises(Unavailable):
            get_tags(client, "bucket", "key", may_be_empty=may_be_empty)


def test_tags_are_replaced_and_deleted() -> None:
    with wired(lambda _: Answer(204)) as (fake, client):
        put_tags(client, "bucket", "key", {"<a>": "&"})
        delete_tags(client, "bucket", "key")
    put, _ = fake.requests
    assert fake.lines == ["PUT /bucket/key?tagging=", "DELETE /bucket/key?tagging="]
    assert put.body == b"<Tagging><TagSet><Tag><Key>&lt;a&gt;</Key><Value>&amp;</Value></Tag></TagSet></Tagging>"
    assert put.headers["content-md5"] == b64encode(md5(put.body, usedforsecurity=False).digest()).decode()
    assert md5_header(put.body) == {"content-md5": put.headers["content-md5"]}
