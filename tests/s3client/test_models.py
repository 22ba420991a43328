"""Between the contract's models and the client: headers, XML, errors, pages, settings."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from bucketry import (
    DEFAULT_CONTENT_TYPE,
    BackendError,
    ByteRange,
    ContentRange,
    InvalidArgument,
    InvalidSettings,
    ObjectHeaders,
    PresignOptions,
    Secret,
    Upload,
    UploadListOptions,
)
from bucketry.errors import BucketryError
from bucketry.presigning import presigned_url
from bucketry.sigv4 import Presigner
from bucketry_s3client import (
    S3_DETAILS,
    S3_KINDS,
    code_of_status,
    explain_no_response,
    object_headers,
    object_info,
    opened_object,
    parse_xml,
    read_part,
    read_upload,
    stored_info,
    upload_page,
    url_decoded,
    written_within,
)
from urllib3 import HTTPConnectionPool
from urllib3 import exceptions as http

from tests.s3client.fake import AcmeSettings, Answer, Request, wired

POOL = HTTPConnectionPool("host")
URL = "/bucket/key?X-Amz-Signature=sekret"
DATE = "Sun, 22 Nov 2026 20:45:16 GMT"
MOMENT = datetime(2026, 11, 22, 20, 45, 16, tzinfo=UTC)
HEADERS = ObjectHeaders(
    content_type="text/x",
    cache_control="no-store",
    content_disposition="inline",
    content_encoding="gzip",
    content_language="de",
    expires=DATE,
    metadata={"colour": "blue"},
)


def settings(**more: object) -> AcmeSettings:
    given: dict[str, object] = {"location": "host:9000", "access_key": "a", "secret_key": Secret("b"), **more}
    return AcmeSettings(**given)  # type: ignore[arg-type]


def test_all_headers_of_an_object_go_there_and_come_back() -> None:
    sent = object_headers(HEADERS)
    answer = {**sent, "etag": '"e"', "last-modified": DATE, "content-length": "7"}
    info = object_info("key", answer)
    assert info == stored_info("key", HEADERS, 7, '"e"', MOMENT)
    assert (info.etag, info.size_bytes, info.last_modified) == ("e", 7, MOMENT)
    assert {name: getattr(info, name) for name in ObjectHeaders.__struct_fields__} == {
        name: getattr(HEADERS, name) for name in ObjectHeaders.__struct_fields__
    }


def test_an_object_without_headers_has_the_default_type() -> None:
    info = object_info("key", {"etag": "e", "last-modified": DATE}, 0)
    assert (info.content_type, info.metadata, info.cache_control) == (DEFAULT_CONTENT_TYPE, {}, None)
    assert object_headers(ObjectHeaders()) == {"content-type": DEFAULT_CONTENT_TYPE}


@pytest.mark.parametrize(
    ("begun", "date", "is_sure"),
    [
        (int(MOMENT.timestamp()), DATE, True),
        (int(MOMENT.timestamp()) - 1, DATE, False),
        (None, DATE, False),
        (int(MOMENT.timestamp()), "no date", False),
    ],
)
def test_the_time_of_a_put_is_known_where_it_began_and_ended_in_one_second(
    begun: int | None, date: str, is_sure: bool
) -> None:
    assert written_within(begun, {"date": date}) == (MOMENT if is_sure else None)
    assert written_within(begun, {}) is None


CONTENT = {"etag": '"e"', "last-modified": DATE}


def test_an_opened_object_gives_its_content_and_its_range() -> None:
    def respond(request: Request) -> Answer:
        if "range" in request.headers:
            return Answer(206, b"bc", CONTENT | {"content-range": "bytes 1-2/5"})
        return Answer(200, b"abcde", CONTENT | {"content-encoding": "gzip"})

    with wired(respond) as (_, client):
        whole = opened_object("key", client.open("GET", "bucket", "key"), None)
        assert (whole.read(), whole.info.size_bytes, whole.content_range) == (b"abcde", 5, None)
        wanted = ByteRange(1, 2)
        part = opened_object("key", client.open("GET", "bucket", "key", headers={"range": str(wanted)}), wanted)
        assert (part.read(), part.info.size_bytes, part.content_range) == (b"bc", 5, ContentRange(1, 3, 5))
        assert client.pools.connection_from_url(client.endpoint).num_connections == 1


@pytest.mark.parametrize("given", ["", "bytes */5", "bytes x-y/z", "items 0-1/5"])
def test_a_server_that_does_not_give_the_range_is_found_out(given: str) -> None:
    headers = CONTENT | ({"content-range": given} if given else {})
    with wired(lambda _: Answer(200, b"abcde", headers)) as (_, client):
        answer = client.open("GET", "bucket", "key")
        with pytest.raises(BackendError, match="a range was asked for"):
            opened_object("key", answer, ByteRange(0, 1))
        answer.close()


@pytest.mark.parametrize("given", ["bytes 0-2/5", "bytes 1-1/5", "bytes 1-2/2", "bytes 1-2/1", "bytes 3-4/5"])
def test_another_range_than_the_one_that_was_asked_for_is_found_out(given: str) -> None:
    start, last = (int(end) for end in given[6:].split("/")[0].split("-"))
    headers = CONTENT | {"content-range": given}
    with wired(lambda _: Answer(206, b"x" * (last + 1 - start), headers)) as (_, client):
        answer = client.open("GET", "bucket", "key", headers={"range": "bytes=1-2"})
        with pytest.raises(BackendError, match="a range was asked for"):
            opened_object("key", answer, ByteRange(1, 2))
        answer.close()


def test_xml_is_found_by_name_in_any_namespace() -> None:
    document = parse_xml(b'  <?xml version="1.0"?><R xmlns="urn:x"><A><B>1</B></A><A/><C> 2</C><D/></R>')
    assert document.name == "R"
    assert [entry.text("B") for entry in document.all("A")] == ["1", ""]
    assert (document.text("C"), document.text("D"), document.text("E")) == (" 2", "", "")
    assert document.texts() == {"A": "", "C": " 2", "D": ""}


@pytest.mark.parametrize("document", [b"", b"<a>", b"text", b'<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>'])
def test_what_is_no_xml_or_has_a_document_type_is_refused(document: bytes) -> None:
    with pytest.raises(ValueError, match="the response"):
        parse_xml(document)


def test_uploads_and_parts_are_read() -> None:
    upload = parse_xml(
        b"<Upload><Key>a%2Fb+c</Key><UploadId>u</UploadId><Initiated>2026-11-22T20:45:16Z</Initiated></Upload>"
    )
    assert read_upload(upload) == Upload(key="a/b c", upload_id="u", initiated_at=MOMENT)
    part = read_part(
        parse_xml(
            b"<Part><PartNumber>3</PartNumber><ETag>&quot;e&quot;</ETag><Size>9</Size>"
            b"<LastModified>2026-11-22T20:45:16.000Z</LastModified></Part>"
        )
    )
    assert (part.part_number, part.etag, part.size_bytes, part.last_modified) == (3, "e", 9, MOMENT)
    with pytest.raises(KeyError):
        read_upload(parse_xml(b"<Upload/>"))
    with pytest.raises(ValueError, match="utf-8"):
        url_decoded("%FF")


@pytest.mark.parametrize("limit", [1, 2, 3, 10])
def test_uploads_are_paged_by_key_and_time_whatever_order_they_come_in(limit: int) -> None:
    later = MOMENT + timedelta(seconds=1)
    wanted = [
        Upload(key=key, upload_id=upload_id, initiated_at=moment)
        for key, moment, upload_id in [("a", MOMENT, "z"), ("a", later, "x"), ("a", later, "y"), ("é", MOMENT, "1")]
    ]
    found: list[Upload] = []
    options = UploadListOptions(limit=limit)
    while True:
        page = upload_page("acme uploads", reversed(wanted), options)
        assert len(page.uploads) <= limit
        found += page.uploads
        if page.cursor is None:
            break
        options = UploadListOptions(limit=limit, cursor=page.cursor)
        with pytest.raises(InvalidArgument):
            upload_page("other uploads", wanted, options)
    assert found == wanted


def test_a_presigned_url_says_when_it_ends() -> None:
    signer = Presigner(settings().credentials, endpoint="http://host:9000", region="us-east-1")
    before = datetime.now(UTC).replace(microsecond=0)
    url = presigned_url(signer, "bucket", "a b", PresignOptions(method="PUT", expires_in=60, content_type="text/x"))
    assert url.url.startswith("http://host:9000/bucket/a%20b?")
    assert "content-type" in url.url
    assert before <= url.expires_at - timedelta(seconds=60) <= datetime.now(UTC)


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (http.NewConnectionError(POOL, f"refused {URL}"), "refused"),  # type: ignore[arg-type]
        (http.NameResolutionError("host", POOL, OSError()), "cannot be resolved"),  # type: ignore[arg-type]
        (http.ConnectTimeoutError(POOL, URL), "connect_timeout"),
        (http.ReadTimeoutError(POOL, URL, f"timed out {URL}"), "read_timeout"),
        (http.SSLError(f"bad {URL}"), "ca_file"),
        (http.IncompleteRead(1, 2), "the response broke off"),
        (http.ProtocolError(f"broken {URL}"), "the connection broke off"),
        (http.MaxRetryError(POOL, URL, http.SSLError(URL)), "ca_file"),
        (http.MaxRetryError(POOL, URL), "the connection failed"),
        (ConnectionResetError(URL), "the connection broke off"),
        (TimeoutError(URL), "read_timeout"),
        (OSError(URL), "the connection failed"),
    ],
)
def test_why_there_is_no_answer_is_said_without_a_url(error: Exception, words: str) -> None:
    assert words in explain_no_response(error)
    assert "sekret" not in explain_no_response(error)


def test_a_status_alone_has_a_code() -> None:
    assert [code_of_status(404, *where) for where in ((), ("b",), ("b", "k"))] == [
        "NotFound",
        "NoSuchBucket",
        "NoSuchKey",
    ]
    assert (code_of_status(503), code_of_status(418)) == ("ServiceUnavailable", "HTTP418")
    assert all(issubclass(kind, BucketryError) for kind in S3_KINDS.values())
    assert S3_DETAILS.keys() <= S3_KINDS.keys()


@pytest.mark.parametrize("location", ["host", "host:9000", "127.0.0.1:1", "[::1]:9000", "a.b-c.example:65535"])
def test_a_host_with_or_without_a_port_is_a_location(location: str) -> None:
    assert settings(location=location).endpoint == f"http://{location}"
    assert settings(location=location, secure=True).endpoint == f"https://{location}"


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"location": "http://host"}, "acme://host"),
        ({"location": "host:0"}, "location"),
        ({"location": "host:70000"}, "location"),
        ({"location": "user@host"}, "location"),
        ({"region": "no region"}, "region"),
        ({"public_endpoint": "s3.example.com"}, "public_endpoint"),
        ({"public_endpoint": "https://user:pass@s3.example.com"}, "public_endpoint"),
        ({"ca_file": "/ca.pem"}, "secure=true"),
        ({"secret_key": Secret("")}, "not empty"),
        ({"part_size": 1}, "part_size is"),
        ({"retries": 11}, "retries is"),
        ({"upload_threads": 65}, "upload_threads is"),
        ({"max_connections": 0}, "max_connections is"),
        ({"connect_timeout": float("nan")}, "connect_timeout is"),
    ],
    ids=str,
)
def test_a_setting_that_makes_no_sense_is_refused(more: dict[str, object], words: str) -> None:
    with pytest.raises(InvalidSettings, match=words):
        settings(**more)


def test_a_drivers_own_bounds_are_checked() -> None:
    class Bounded(AcmeSettings, frozen=True, kw_only=True):
        bounds = {"pages": (1, 5)}  # noqa: RUF012

        pages: int = 1

    keys = {"location": "host", "access_key": "a", "secret_key": Secret("b")}
    assert Bounded(**keys, pages=5).pages == 5  # type: ignore[arg-type]
    with pytest.raises(InvalidSettings, match="pages is 1 to 5, not 6"):
        Bounded(**keys, pages=6)  # type: ignore[arg-type]


def test_clients_reach_the_public_endpoint_and_no_repr_shows_a_secret() -> None:
    shown = settings(public_endpoint="https://s3.example.com/", secret_key=Secret("the-secret"))
    assert (shown.client_endpoint, settings().client_endpoint) == ("https://s3.example.com", "http://host:9000")
    assert "the-secret" not in f"{shown!r} {shown.credentials!r}"
