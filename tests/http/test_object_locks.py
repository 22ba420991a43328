"""Object lock through the REST API: in an upload, with a download, and as the default of a bucket."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from bucketry import Retention, Store

from tests.http.conftest import Client

BUCKET = "buckets/locked"
OBJECT = f"{BUCKET}/objects/a.txt"
MODE, UNTIL, HOLD = "x-amz-object-lock-mode", "x-amz-object-lock-retain-until-date", "x-amz-object-lock-legal-hold"
LATER = "2150-01-15T10:30:00Z"


@pytest.fixture(autouse=True)
def _locked(client: Client) -> None:
    """A bucket with object lock."""
    assert client.post("buckets", json={"name": "locked", "object_lock": True}).status_code == 201


def test_a_bucket_is_created_with_object_lock(client: Client) -> None:
    assert client.get(f"{BUCKET}/settings/object_lock").json()["enabled"] is True
    assert client.get(f"{BUCKET}/settings/versioning").json()["status"] == "Enabled"
    assert client.post("buckets", json={"name": "plain", "object_lock": False}).status_code == 201
    assert client.get("buckets/plain/settings/object_lock").json()["enabled"] is False
    assert (client.get(BUCKET).json()["object_lock"], "object_lock" in client.get("buckets/plain").json()) == (
        True,
        False,
    )
    response = client.post("buckets", json={"name": "wrong", "object_lock": "yes"})
    assert (response.status_code, "`$.object_lock` must be true or false" in response.json()["detail"]) == (422, True)


def test_an_upload_locks_its_version_and_a_download_says_so(client: Client, store: Store) -> None:
    version_id = client.put(OBJECT, content=b"x", headers={MODE: "GOVERNANCE", UNTIL: LATER, HOLD: "ON"}).headers[
        "x-amz-version-id"
    ]
    info = store.head_object("locked", "a.txt")
    kept = Retention(mode="GOVERNANCE", until=datetime.fromisoformat(LATER))
    assert (info.retention, info.legal_hold) == (kept, True)
    for response in (client.head(OBJECT), client.get(OBJECT), client.get(OBJECT, params={"version_id": version_id})):
        found = [response.headers.get(name) for name in (MODE, UNTIL, HOLD)]
        assert found == ["GOVERNANCE", "2150-01-15T10:30:00.000Z", "ON"]
    query = {"key": "a.txt", "version_id": version_id, "bypass_governance": "true"}
    assert client.delete(f"{BUCKET}/objects", params=query).json()["code"] == "object_locked"
    client.put(f"{BUCKET}/legal-hold", params={"key": "a.txt"}, json={"legal_hold": False})
    assert client.head(OBJECT).headers[HOLD] == "OFF"
    assert client.delete(f"{BUCKET}/objects", params=query).status_code == 204


def test_an_upload_without_lock_has_none(client: Client) -> None:
    client.put(OBJECT, content=b"x")
    assert not {MODE, UNTIL, HOLD} & set(client.head(OBJECT).headers)


def test_the_default_of_the_bucket_locks_uploads(client: Client) -> None:
    settings = {"enabled": True, "default": {"mode": "GOVERNANCE", "days": 1}}
    assert client.put(f"{BUCKET}/settings/object_lock", json=settings).json()["default"]["days"] == 1
    client.put(OBJECT, content=b"x")
    client.post(f"{BUCKET}/objects", files={"file": ("b.txt", b"x")})
    for key in ("a.txt", "b.txt"):
        headers = client.head(f"{BUCKET}/objects/{key}").headers
        left = datetime.fromisoformat(headers[UNTIL]) - datetime.now(UTC)
        assert (headers[MODE], timedelta(hours=23) < left <= timedelta(days=1)) == ("GOVERNANCE", True)
    client.put(f"{BUCKET}/settings/object_lock", json={"enabled": True})
    client.put(OBJECT, content=b"x")
    assert MODE not in client.head(OBJECT).headers


@pytest.mark.parametrize(
    ("headers", "words"),
    [
        ({MODE: "GOVERNANCE"}, "need each other"),
        ({UNTIL: LATER}, "need each other"),
        ({MODE: "governance", UNTIL: LATER}, f"{MODE} is GOVERNANCE or COMPLIANCE"),
        ({MODE: "GOVERNANCE", UNTIL: "tomorrow"}, f"{UNTIL} is a time"),
        ({MODE: "GOVERNANCE", UNTIL: "2150-01-15T10:30:00"}, f"{UNTIL} is a time"),
        ({MODE: "GOVERNANCE", UNTIL: "2001-01-15T10:30:00Z"}, "ends in the future"),
        ({HOLD: "on"}, f"{HOLD} is ON or OFF"),
        ({HOLD: ""}, f"{HOLD} is ON or OFF"),
    ],
)
def test_a_lock_that_is_not_valid_stores_nothing(
    client: Client, store: Store, headers: dict[str, str], words: str
) -> None:
    response = client.put(OBJECT, content=b"x", headers=headers)
    assert (response.status_code, response.json()["code"]) == (422, "invalid_argument")
    assert words in response.json()["detail"]
    assert store.list_objects("locked").objects == ()


@pytest.mark.parametrize("headers", [{MODE: "GOVERNANCE", UNTIL: LATER}, {HOLD: "ON"}])
def test_a_bucket_without_object_lock_and_a_form_take_no_lock(
    client: Client, store: Store, headers: dict[str, str]
) -> None:
    response = client.put("buckets/my-assets/objects/a.txt", content=b"x", headers=headers)
    assert (response.status_code, response.json()["code"]) == (409, "invalid_bucket_state")
    response = client.post(f"{BUCKET}/objects", files={"file": ("a.txt", b"x")}, headers=headers)
    assert (response.status_code, response.json()["code"]) == (422, "invalid_argument")
    assert store.list_objects("my-assets").objects == store.list_objects("locked").objects == ()
