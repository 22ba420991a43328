"""Versions, locks and bucket settings through the REST API."""

from __future__ import annotations

import pytest
from bucketry import CreateBucketOptions, Store, VersioningSettings

from tests.http.conftest import Client

BUCKET = "buckets/my-assets"
OBJECT = f"{BUCKET}/objects/a.txt"
LOCKED = "buckets/locked"


@pytest.fixture
def versions(client: Client, store: Store) -> list[str]:
    """Two versions of one object, the newer one first; returns their ids."""
    store.put_bucket_settings("my-assets", VersioningSettings(status="Enabled"))
    ids = [client.put(OBJECT, content=content).headers["x-amz-version-id"] for content in (b"one", b"two")]
    return ids[::-1]


def test_a_version_is_read_by_its_id(client: Client, versions: list[str]) -> None:
    newer, older = versions
    assert client.get(OBJECT).content == b"two"
    response = client.get(OBJECT, params={"version_id": older})
    assert (response.content, response.headers["x-amz-version-id"]) == (b"one", older)
    assert client.head(OBJECT, params={"version_id": newer}).headers["x-amz-version-id"] == newer


def test_a_version_that_does_not_exist_is_not_found(client: Client, store: Store, versions: list[str]) -> None:
    store.put_object("my-assets", "b.txt", b"")
    response = client.get(f"{BUCKET}/objects/b.txt", params={"version_id": versions[0]})
    assert (response.status_code, response.json()["code"]) == (404, "no_such_version")


def test_a_malformed_id_is_refused(client: Client, versions: list[str]) -> None:
    for wrong in ("", "no id", "x" * 2000):
        response = client.get(OBJECT, params={"version_id": wrong})
        assert (response.status_code, response.json()["code"]) == (422, "invalid_argument"), wrong


def test_a_delete_makes_a_marker(client: Client, versions: list[str]) -> None:
    response = client.delete(f"{BUCKET}/objects", params={"key": "a.txt"})
    assert (response.status_code, response.headers["x-amz-delete-marker"]) == (204, "true")
    marker = response.headers["x-amz-version-id"]
    assert client.get(OBJECT).status_code == 404
    response = client.get(OBJECT, params={"version_id": marker})
    assert (response.status_code, response.json()["code"]) == (405, "is_delete_marker")
    assert client.delete(f"{BUCKET}/objects", params={"key": "a.txt", "version_id": marker}).status_code == 204
    assert client.get(OBJECT).content == b"two"


def test_versions_are_listed_newest_first(client: Client, versions: list[str]) -> None:
    client.delete(f"{BUCKET}/objects", params={"key": "a.txt"})
    marker, newer, older = client.get(f"{BUCKET}/versions").json()
    assert [each["version_id"] for each in (newer, older)] == versions
    assert (marker["is_delete_marker"], marker["is_latest"], marker["size_bytes"]) == (True, True, None)
    assert (older["is_latest"], older["size_bytes"]) == (False, 3)


def test_versions_come_page_by_page(client: Client, versions: list[str]) -> None:
    response = client.get(f"{BUCKET}/versions", params={"limit": 1})
    found = response.json()
    while "next" in response.links:
        response = client.get(f"http://testserver.local{response.links['next']['url']}")
        found += response.json()
    assert [each["version_id"] for each in found] == versions


def test_versions_are_listed_after_a_key_and_a_version(client: Client, store: Store, versions: list[str]) -> None:
    store.put_object("my-assets", "b.txt", b"")
    rest = client.get(f"{BUCKET}/versions", params={"start_after": "a.txt"}).json()
    assert [each["key"] for each in rest] == ["b.txt"]
    after: dict[str, str | int] = {"start_after": "a.txt", "start_after_version": versions[0], "limit": 1}
    response = client.get(f"{BUCKET}/versions", params=after)
    assert [each["version_id"] for each in response.json()] == versions[1:]
    following = client.get(f"http://testserver.local{response.links['next']['url']}").json()
    assert [each["key"] for each in following] == ["b.txt"]
    alone = client.get(f"{BUCKET}/versions", params={"start_after_version": versions[0]})
    assert (alone.status_code, alone.json()["code"]) == (422, "invalid_argument")


def test_a_version_is_presigned(client: Client, versions: list[str]) -> None:
    body = {"key": "a.txt", "version_id": versions[1]}
    assert f"versionId={versions[1]}" in client.post(f"{BUCKET}/objects/presign", json=body).json()["url"]
    body |= {"method": "PUT"}
    assert client.post(f"{BUCKET}/objects/presign", json=body).status_code == 422


def test_usage_names_what_other_versions_hold(client: Client, versions: list[str]) -> None:
    found = client.get(BUCKET).json()
    assert (found["object_count"], found["size_bytes"]) == (1, 3)
    assert (found["usage"]["noncurrent_count"], found["usage"]["noncurrent_bytes"]) == (1, 3)


def test_a_bucket_with_versions_is_not_empty(client: Client, versions: list[str]) -> None:
    client.delete(f"{BUCKET}/objects", params={"key": "a.txt"})
    assert client.delete(BUCKET).json()["code"] == "bucket_not_empty"


@pytest.fixture
def held(client: Client, store: Store) -> dict[str, str]:
    """A version in a bucket with object lock; returns the query that names it."""
    store.create_bucket("locked", CreateBucketOptions(object_lock=True))
    version_id = client.put(f"{LOCKED}/objects/a.txt", content=b"x").headers["x-amz-version-id"]
    return {"key": "a.txt", "version_id": version_id}


def test_a_retention_is_set_and_ended_early(client: Client, held: dict[str, str]) -> None:
    assert client.get(f"{LOCKED}/retention", params=held).json() == {"mode": None, "until": None}
    wanted = {"mode": "GOVERNANCE", "until": "2150-01-15T10:30:00Z"}
    assert client.put(f"{LOCKED}/retention", params=held, json=wanted).json() == wanted
    assert client.get(f"{LOCKED}/retention", params=held).json() == wanted
    response = client.delete(f"{LOCKED}/objects", params=held)
    assert (response.status_code, response.json()["code"]) == (403, "object_locked")
    ended = {"mode": None, "until": None}
    assert client.put(f"{LOCKED}/retention", params=held, json=ended).status_code == 403
    assert client.put(f"{LOCKED}/retention", params={**held, "bypass_governance": True}, json=ended).json() == ended
    assert client.delete(f"{LOCKED}/objects", params=held).status_code == 204


def test_a_legal_hold_is_set_and_removed(client: Client, held: dict[str, str]) -> None:
    assert client.get(f"{LOCKED}/legal-hold", params=held).json() == {"legal_hold": False}
    assert client.put(f"{LOCKED}/legal-hold", params=held, json={"legal_hold": True}).status_code == 200
    assert client.get(f"{LOCKED}/legal-hold", params=held).json() == {"legal_hold": True}
    assert client.delete(f"{LOCKED}/objects", params={**held, "bypass_governance": True}).status_code == 403
    client.put(f"{LOCKED}/legal-hold", params=held, json={"legal_hold": False})
    assert client.delete(f"{LOCKED}/objects", params=held).status_code == 204


@pytest.mark.parametrize(
    "body",
    [
        {"mode": "GOVERNANCE", "until": None},
        {"mode": None, "until": "2150-01-15T10:30:00Z"},
        {"mode": "FOREVER", "until": "2150-01-15T10:30:00Z"},
        {"mode": "GOVERNANCE", "until": "2001-01-15T10:30:00Z"},
        {"mode": "GOVERNANCE", "until": "2150-01-15T10:30:00"},
        {"mode": "GOVERNANCE"},
        {},
    ],
)
def test_a_retention_that_is_not_valid_is_refused(client: Client, held: dict[str, str], body: object) -> None:
    response = client.put(f"{LOCKED}/retention", params=held, json=body)
    assert (response.status_code, response.json()["code"]) == (422, "invalid_argument")


def test_a_bucket_without_lock_takes_no_retention(client: Client, versions: list[str]) -> None:
    wanted = {"mode": "GOVERNANCE", "until": "2150-01-15T10:30:00Z"}
    response = client.put(f"{BUCKET}/retention", params={"key": "a.txt"}, json=wanted)
    assert (response.status_code, response.json()["code"]) == (409, "invalid_bucket_state")


def test_tags_of_a_version_are_replaced_and_deleted(client: Client, versions: list[str]) -> None:
    older = {"key": "a.txt", "version_id": versions[1]}
    tags = {"tags": {"project": "one", "draft": ""}}
    response = client.put(f"{BUCKET}/tags", params=older, json=tags)
    assert (response.status_code, response.json()) == (200, tags)
    assert client.get(f"{BUCKET}/tags", params=older).json() == tags
    assert client.get(f"{BUCKET}/tags", params={"key": "a.txt"}).json() == {"tags": {}}
    assert client.get(OBJECT, params={"version_id": versions[1]}).headers["x-amz-tagging-count"] == "2"
    assert client.delete(f"{BUCKET}/tags", params=older).status_code == 204
    assert client.get(f"{BUCKET}/tags", params=older).json() == {"tags": {}}


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"{}", "`tags` is required"),
        (b'{"tags": []}', "must be an object whose values are strings"),
        (b'{"tags": {"a": 1}}', "must be an object whose values are strings"),
        (b'{"tags": {"a": "1", "a": "2"}}', "`a` may stand in the body once"),
        (b'{"tags": {"aws:a": "1"}}', "reserved"),
        (b'{"tags": {"": "1"}}', "1 to 128 characters"),
        (b'{"tags": {}, "more": 1}', "`more`"),
    ],
)
def test_tags_that_are_not_valid_are_refused(client: Client, versions: list[str], body: bytes, words: str) -> None:
    json = {"content-type": "application/json"}
    response = client.put(f"{BUCKET}/tags", params={"key": "a.txt"}, content=body, headers=json)
    assert (response.status_code, response.json()["code"]) == (422, "invalid_argument")
    assert words in response.json()["detail"]


def test_tags_of_what_is_not_there_are_not_found(client: Client, versions: list[str]) -> None:
    marker = client.delete(f"{BUCKET}/objects", params={"key": "a.txt"}).headers["x-amz-version-id"]
    for query, status in (({"key": "a.txt"}, 404), ({"key": "a.txt", "version_id": marker}, 405), ({"key": ""}, 422)):
        for method, body in (("GET", None), ("PUT", {"tags": {}}), ("DELETE", None)):
            assert client.request(method, f"{BUCKET}/tags", params=query, json=body).status_code == status
    assert client.get(f"{BUCKET}/tags").status_code == 422


SETTINGS = {
    "versioning": {"status": "Enabled"},
    "cors": {"rules": [{"allowed_origins": ["*"], "allowed_methods": ["GET"]}]},
    "tagging": {"tags": [{"key": "team", "value": "a"}]},
    "lifecycle": {"rules": [{"id": "old", "status": "Enabled", "prefix": "logs/", "expiration": {"days": 30}}]},
    "policy": {"document": '{"Version": "2012-10-17", "Statement": []}'},
}


@pytest.mark.parametrize("kind", SETTINGS)
def test_settings_are_put_read_and_deleted(client: Client, kind: str) -> None:
    path = f"{BUCKET}/settings/{kind}"
    unset = client.get(path).json()
    stored = client.put(path, json=SETTINGS[kind])
    assert stored.status_code == 200
    assert client.get(path).json() == stored.json() != unset
    # What was read can be put again.
    assert client.put(path, json=stored.json()).json() == stored.json()
    if kind == "versioning":
        assert client.delete(path).json()["code"] == "invalid_bucket_state"
        return
    assert client.delete(path).status_code == 204
    assert client.get(path).json() == unset


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"status": "On"}, "invalid_argument"),
        ({"state": "Enabled"}, "invalid_argument"),
        ({"kind": "cors", "status": "Enabled"}, "invalid_argument"),
        ({}, "invalid_bucket_settings"),
    ],
)
def test_settings_that_are_not_valid_are_refused(client: Client, body: object, code: str) -> None:
    response = client.put(f"{BUCKET}/settings/versioning", json=body)
    assert (response.status_code, response.json()["code"]) == (422, code)


def test_settings_of_an_unknown_kind_have_no_path(client: Client) -> None:
    assert client.get(f"{BUCKET}/settings/weather").json()["code"] == "no_such_route"


def test_settings_of_a_missing_bucket(client: Client) -> None:
    assert client.get("buckets/missing/settings/versioning").json()["code"] == "no_such_bucket"
