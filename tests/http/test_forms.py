"""Uploads as multipart forms."""

from __future__ import annotations

import pytest
from bucketry import QuotaExceeded, Store
from bucketry.hookspecs import DriverSpec

from tests.http.conftest import Client, MakeClient
from tests.http.layers import FailsToPut

OBJECTS = "buckets/my-assets/objects"
TYPE = {"content-type": "multipart/form-data; boundary=XX"}


def part(disposition: str, content: bytes, *headers: str) -> bytes:
    lines = [f"Content-Disposition: form-data; {disposition}", *headers]
    return b"--XX\r\n" + "\r\n".join(lines).encode() + b"\r\n\r\n" + content + b"\r\n"


def post(client: Client, *parts: bytes, end: bytes = b"--XX--\r\n") -> tuple[int, object]:
    response = client.post(OBJECTS, content=b"".join(parts) + end, headers=TYPE)
    return response.status_code, response.json()


def stored(store: Store) -> dict[str, bytes]:
    found = {}
    for info in store.iter_objects("my-assets"):
        with store.get_object("my-assets", info.key) as opened:
            found[info.key] = opened.read()
    return found


@pytest.mark.parametrize("size", [0, 1, 999, 1000, 1001, 70_000, 3_000_000, 9_000_000])
def test_files_of_any_size_arrive_whole(client: Client, store: Store, size: int) -> None:
    # Full of beginnings of a boundary, which none of them is.
    content = (b"\r\n--X\r\n-" * (size // 8 + 1))[:size]
    status, views = post(client, part('name="f"; filename="a"', content), part('name="f"; filename="b"', b"last"))
    assert (status, [view["size_bytes"] for view in views]) == (201, [size, 4])  # type: ignore[attr-defined]
    assert stored(store) == {"a": content, "b": b"last"}


def test_many_files_are_stored_in_one_form(client: Client, store: Store) -> None:
    files = {f"tree/{number}.txt": str(number).encode() for number in range(500)}
    response = client.post(OBJECTS, files=[("file", (name, content)) for name, content in files.items()])
    assert [item["key"] for item in response.json()] == list(files)
    assert stored(store) == files


def test_a_prefix_goes_in_front_of_every_name_as_it_is(client: Client, store: Store) -> None:
    files = [("file", ("a", b"1")), ("file", ("b", b"2"))]
    client.post(OBJECTS, data={"prefix": "p/"}, files=files)
    client.post(OBJECTS, data={"prefix": "p"}, files=files[:1])
    assert sorted(stored(store)) == ["p/a", "p/b", "pa"]


def test_a_key_names_the_one_file(client: Client, store: Store) -> None:
    response = client.post(OBJECTS, data={"key": "a//ü"}, files={"file": ("name.txt", b"1")})
    assert (response.json()[0]["key"], response.json()[0]["content_type"]) == ("a//ü", "text/plain")
    assert list(stored(store)) == ["a//ü"]


def test_tags_go_to_each_file_beside_a_key_or_a_prefix(client: Client, store: Store) -> None:
    tags = {"project": "one", "draft": ""}
    for fields in ({"prefix": "p/", "tags": "project=one&draft"}, {"tags": "project=one&draft", "prefix": "q/"}):
        files = [("file", ("a", b"1")), ("file", ("b", b"2"))]
        assert client.post(OBJECTS, data=fields, files=files).status_code == 201
    assert client.post(OBJECTS, data={"key": "k", "tags": "a=b"}, files={"file": ("x", b"")}).status_code == 201
    assert client.post(OBJECTS, data={"tags": ""}, files={"file": ("none", b"")}).status_code == 201
    for key in ("p/a", "p/b", "q/a", "q/b"):
        assert store.get_object_tagging("my-assets", key) == tags
    assert store.get_object_tagging("my-assets", "k") == {"a": "b"}
    assert store.get_object_tagging("my-assets", "none") == {}


def test_a_field_with_too_many_bytes_of_tags_is_refused(client: Client, store: Store) -> None:
    status, problem = post(client, part('name="tags"', b"x" * 50_000), part('name="file"; filename="a"', b"1"))
    assert isinstance(problem, dict)
    assert (status, problem["code"]) == (413, "too_large")
    assert list(stored(store)) == []


@pytest.mark.parametrize(
    ("file_name", "key"),
    [
        ('filename="dir/sub//a.txt"', "dir/sub//a.txt"),
        ('filename="../../etc/passwd"', "../../etc/passwd"),
        ('filename="/abs"', "/abs"),
        (r'filename="C:\temp\a.txt"', r"C:\temp\a.txt"),
        ('filename="ü 😀.txt"', "ü 😀.txt"),
        ('filename="a%22b"', 'a"b'),
        ("filename=plain", "plain"),
        ("filename=\"x\"; filename*=UTF-8''na%C3%AFve.txt", "naïve.txt"),
        ("filename*=utf-8'de'%C3%A4%20b; filename=x", "ä b"),
        ("filename*=\"UTF-8''na%C3%AFve.txt\"", "naïve.txt"),
        ('FileName="a"', "a"),
        ("filename=\"x; filename*=utf-8''evil\"", "x; filename*=utf-8''evil"),
        ("filename=\"a; filename*=utf-8''evil; \"; other=x", "a; filename*=utf-8''evil; "),
        ('filename="a\\"; filename*=utf-8\'\'evil"', "a\"; filename*=utf-8''evil"),
        ("other=\"; filename*=utf-8''evil\"; filename=a", "a"),
        ('filename=a;other="x;filename=b"', "a"),
        ('filename="folder\\"', "folder\\"),
    ],
)
def test_a_file_name_is_the_key_in_full(client: Client, store: Store, file_name: str, key: str) -> None:
    assert post(client, part(f'name="file"; {file_name}', b"1"))[0] == 201
    assert list(stored(store)) == [key]


@pytest.mark.parametrize(
    "disposition",
    [
        "filename*=utf-8''%FF", "filename*=utf-8''%C3", "filename=a; filename*=iso-8859-1''%E4", "filename*=plain",
        "filename*=UTF-8'x", "filename*=", "filename*=utf-8''ä", "filename=a; filename=b", "filename=a; FILENAME=b",
        "filename*=utf-8''a; filename*=utf-8''b", 'filename="a', 'filename="a"b"', "filename=a; name=other",
    ],
)  # fmt: skip
def test_a_file_name_that_is_not_clear_is_refused(client: Client, store: Store, disposition: str) -> None:
    status, problem = post(client, part(f'name="file"; {disposition}', b"1"))
    assert isinstance(problem, dict)
    assert (status, problem["code"]) == (400, "malformed_form")
    assert list(stored(store)) == []


@pytest.mark.parametrize(
    ("name", "headers", "content_type"),
    [
        ("a.PNG", [], "image/png"),
        ("a.unknown", [], "application/octet-stream"),
        ("png", [], "application/octet-stream"),
        ("a.png", ["Content-Type: text/css; charset=utf-8"], "text/css; charset=utf-8"),
    ],
)
def test_a_content_type_is_the_parts_own_or_guessed(
    client: Client, name: str, headers: list[str], content_type: str
) -> None:
    _, views = post(client, part(f'name="file"; filename="{name}"', b"1", *headers))
    assert views[0]["content_type"] == content_type  # type: ignore[index]


def test_an_input_without_a_chosen_file_is_passed_over(client: Client, store: Store) -> None:
    empty = part('name="one"; filename=""', b"", "Content-Type: application/octet-stream")
    assert post(client, empty, part('name="two"; filename="a"', b"1"))[0] == 201
    assert list(stored(store)) == ["a"]


FILE = part('name="file"; filename="a"', b"1")
KEY, PREFIX = part('name="key"', b"k"), part('name="prefix"', b"p/")
TAGS = part('name="tags"', b"project=one&draft")


@pytest.mark.parametrize(
    ("parts", "code", "words", "kept"),
    [
        ([], "invalid_argument", "no file", []),
        ([KEY], "invalid_argument", "no file", []),
        ([part('name="one"; filename=""', b"")], "invalid_argument", "no file", []),
        ([part('name="other"', b"x"), FILE], "invalid_argument", "'other'", []),
        ([KEY, PREFIX, FILE], "invalid_argument", "either key or prefix", []),
        ([KEY, KEY, FILE], "invalid_argument", "the field key once", []),
        ([TAGS, TAGS, FILE], "invalid_argument", "the field tags once", []),
        ([FILE, TAGS], "invalid_argument", "before the files", ["a"]),
        ([TAGS], "invalid_argument", "no file", []),
        ([part('name="tags"', b"a=1&a=2"), FILE], "invalid_argument", "the field tags names a tag twice", []),
        ([part('name="tags"', b"a=%FF"), FILE], "invalid_argument", "encoded like a query", []),
        ([part('name="tags"', b"aws:a=1"), FILE], "invalid_argument", "reserved", []),
        ([part('name="tags"', b"&".join(b"%d" % number for number in range(11))), FILE], "invalid_argument", "10", []),
        ([FILE, PREFIX], "invalid_argument", "before the files", ["a"]),
        ([KEY, FILE, FILE], "invalid_argument", "one file", ["k"]),
        ([part('name="f"; filename=""', b"content")], "invalid_key", "no name", []),
        ([part('name="key"', b"x" * 2000), FILE], "invalid_key", "1024 bytes", []),
        ([part('name="key"', b"x" * 20_000), FILE], "invalid_key", "1024 bytes", []),
        ([part('name="key"', b"\xff"), FILE], "invalid_key", "UTF-8", []),
        ([FILE, part('name="f"; filename="b"', b"2", "Content-Type: nonsense")], "invalid_argument", "media", ["a"]),
    ],
)
def test_a_form_that_cannot_be_honoured_is_refused(
    client: Client, store: Store, parts: list[bytes], code: str, words: str, kept: list[str]
) -> None:
    status, problem = post(client, *parts)
    assert isinstance(problem, dict)
    assert (status, problem["code"], problem.get("stored", [])) == (422, code, kept)
    assert words in problem["detail"]
    assert list(stored(store)) == kept


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"no boundary at all",
        b"--XX\r\nContent-Disposition: form-data; name=f; filename=a\r\n\r\ncut off",
        b"--XX\r\nContent-Disposition: form-data; name=f; filename=a\r\n\r\n" + b"cut off" * 1_000_000,
        b"--XX\r\nContent-Disposition: form-data; name=f; filename=a\r\n\r\nx\r\n--XX",
        b"--XX\r\nContent-Disposition: form-data; name=f; filename=a\r\n\r\nx\r\n--XXjunk",
        b"--XX\r\nContent-Disposition: form-data; name=f; filename=a",
        b"--XX\r\nContent-Disposition: attachment; filename=a\r\n\r\nx\r\n--XX--",
        b"--XX\r\nno header\r\n\r\nx\r\n--XX--",
        b"--XX\r\n\r\nx\r\n--XX--",
        b"--XX\r\nContent-Disposition: form-data; name=f; filename=\xff\r\n\r\nx\r\n--XX--",
    ],
)
def test_a_malformed_form_is_refused_and_stores_nothing(client: Client, store: Store, content: bytes) -> None:
    response = client.post(OBJECTS, content=content, headers=TYPE)
    assert (response.status_code, response.json()["code"]) == (400, "malformed_form")
    assert stored(store) == {}


@pytest.mark.parametrize(
    ("encoding", "status"), [("binary", 201), ("8Bit", 201), ("base64", 400), ("quoted-printable", 400)]
)
def test_a_part_that_is_encoded_is_refused(client: Client, store: Store, encoding: str, status: int) -> None:
    file = part('name="f"; filename="a"', b"aGVsbG8=", f"Content-Transfer-Encoding: {encoding}")
    assert post(client, file)[0] == status
    assert stored(store) == ({"a": b"aGVsbG8="} if status == 201 else {})


def test_huge_part_headers_are_refused(client: Client, store: Store) -> None:
    for headers in (["X-Long: " + "x" * 10_000], [f"X-{number}: x" for number in range(100)]):
        status, problem = post(client, part('name="file"; filename="a"', b"1", *headers))
        assert (status, problem["code"]) == (413, "too_large")  # type: ignore[index]
    assert stored(store) == {}


def test_too_many_files_are_refused(store: Store, make_client: MakeClient) -> None:
    client = make_client(store, max_form_files=3)
    status, problem = post(client, *[part(f'name="f"; filename="{number}"', b"") for number in range(6)])
    assert (status, problem["code"]) == (413, "too_large")  # type: ignore[index]


@pytest.mark.parametrize("content_type", ["application/json", "multipart/mixed; boundary=XX", "text/plain", None])
def test_only_forms_are_taken(client: Client, content_type: str | None) -> None:
    headers = {} if content_type is None else {"content-type": content_type}
    response = client.post(OBJECTS, content=b"x", headers=headers)
    assert (response.status_code, response.json()["code"]) == (415, "unsupported_media_type")


@pytest.mark.parametrize("boundary", ["", "; boundary=", '; boundary=""'])
def test_a_form_needs_a_boundary(client: Client, boundary: str) -> None:
    response = client.post(OBJECTS, content=b"x", headers={"content-type": f"multipart/form-data{boundary}"})
    assert (response.status_code, response.json()["code"]) == (400, "malformed_form")


@pytest.mark.parametrize("size", [10, 5_000_000])
def test_files_before_one_that_fails_stay_and_are_named(driver: DriverSpec, make_client: MakeClient, size: int) -> None:
    with Store(driver, [FailsToPut("b", QuotaExceeded())]) as store:
        store.create_bucket("my-assets")
        parts = [part(f'name="f"; filename="{name}"', b"x" * size) for name in "abc"]
        status, problem = post(make_client(store), *parts)
        assert list(stored(store)) == ["a"]
    assert isinstance(problem, dict)
    assert (status, problem["code"], problem["key"], problem["stored"]) == (507, "quota_exceeded", "b", ["a"])
