"""Users at the REST API: each sees and does what the roles and the buckets say, and nothing else."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from bucketry import CreateBucketOptions, Owner, PolicySettings, open_store
from bucketry.bucket_settings import PublicAccessSettings
from bucketry_access import Accounts, Directory, User, create_token
from bucketry_http import create_app
from litestar.testing import TestClient

from tests.http.access.conftest import Api

EVERYBODY = "alice bob carol dave erin backup boss -"


def names(api: Api, user: str) -> list[str]:
    return [bucket["name"] for bucket in api.ask(user, "GET", "buckets").json()]


def policy(action: str, *resources: str, effect: str = "Allow", principal: Any = "*") -> str:
    listed = [f"arn:aws:s3:::{resource}" for resource in resources]
    statement = {"Effect": effect, "Principal": principal, "Action": action, "Resource": listed}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def test_each_sees_their_own_buckets(api: Api) -> None:
    assert names(api, "alice") == names(api, "bob") == ["team-a-1", "team-a-2"]
    assert names(api, "carol") == ["team-a-1", "team-a-2", "team-b-1"]
    assert names(api, "erin") == ["team-a-1"]
    assert names(api, "dave") == []
    assert names(api, "backup") == names(api, "boss") == ["other", "team-a-1", "team-a-2", "team-b-1"]
    assert api.ask(None, "GET", "buckets").status_code == 401


@pytest.mark.parametrize(
    ("method", "path", "expected"),
    [
        # alice writes, bob reads, carol is admin, dave has nothing, erin has a prefix, backup reads all, boss is root.
        ("GET", "status", [200, 200, 200, 200, 200, 200, 200, 401]),
        ("GET", "usage", [403, 403, 403, 403, 403, 200, 200, 401]),
        ("GET", "buckets/team-a-1", [200, 200, 200, 403, 403, 200, 200, 401]),
        ("GET", "buckets/team-b-1", [403, 403, 200, 403, 403, 200, 200, 401]),
        ("GET", "buckets/no-such-bucket", [403, 403, 403, 403, 403, 404, 404, 401]),
        ("GET", "buckets/team-a-gone", [404, 404, 404, 403, 403, 404, 404, 401]),
        ("DELETE", "buckets/other", [403, 403, 403, 403, 403, 403, 409, 401]),
        ("DELETE", "buckets/team-a-1", [403, 403, 409, 403, 403, 403, 409, 401]),
        ("GET", "buckets/team-a-1/objects", [200, 200, 200, 403, 403, 200, 200, 401]),
        ("GET", "buckets/team-a-1/objects?prefix=erin/", [200, 200, 200, 403, 200, 200, 200, 401]),
        ("GET", "buckets/team-a-1/objects?prefix=eri", [200, 200, 200, 403, 403, 200, 200, 401]),
        ("GET", "buckets/team-a-1/versions", [200, 200, 200, 403, 403, 200, 200, 401]),
        ("GET", "buckets/team-a-1/objects/k", [200, 200, 200, 403, 403, 200, 200, 401]),
        ("HEAD", "buckets/team-a-1/objects/k", [200, 200, 200, 403, 403, 200, 200, 401]),
        ("GET", "buckets/team-a-1/objects/erin/k", [200, 200, 200, 403, 200, 200, 200, 401]),
        ("GET", "buckets/team-a-1/objects/gone", [404, 404, 404, 403, 403, 404, 404, 401]),
        ("GET", "buckets/team-a-1/objects/erin/gone", [404, 404, 404, 403, 404, 404, 404, 401]),
        ("GET", "buckets/team-a-1/objects/k?version_id=null", [200, 200, 200, 403, 403, 200, 200, 401]),
        ("PUT", "buckets/team-a-1/objects/new", [201, 403, 201, 403, 403, 403, 201, 401]),
        ("PUT", "buckets/team-a-1/objects/erin%2Fnew", [201, 403, 201, 403, 201, 403, 201, 401]),
        ("PUT", "buckets/team-a-1/objects/erin", [201, 403, 201, 403, 403, 403, 201, 401]),
        ("DELETE", "buckets/team-a-1/objects?key=gone", [204, 403, 204, 403, 403, 403, 204, 401]),
        ("DELETE", "buckets/team-a-1/objects?key=erin/gone", [204, 403, 204, 403, 204, 403, 204, 401]),
        ("DELETE", "buckets/team-a-1/objects?key=k&version_id=none", [403, 403, 422, 403, 403, 403, 422, 401]),
        ("DELETE", "buckets/team-a-1/objects?key=x&bypass_governance=true", [403, 403, 204, 403, 403, 403, 204, 401]),
        ("GET", "buckets/team-a-1/retention?key=k", [200, 200, 200, 403, 403, 200, 200, 401]),
        ("GET", "buckets/team-a-1/legal-hold?key=k", [200, 200, 200, 403, 403, 200, 200, 401]),
        ("GET", "buckets/team-a-1/tags?key=k", [200, 200, 200, 403, 403, 200, 200, 401]),
        ("GET", "buckets/team-a-1/tags?key=erin/k", [200, 200, 200, 403, 200, 200, 200, 401]),
        ("GET", "buckets/team-a-1/tags?key=k&version_id=null", [200, 200, 200, 403, 403, 200, 200, 401]),
        ("DELETE", "buckets/team-a-1/tags?key=k", [204, 403, 204, 403, 403, 403, 204, 401]),
        ("DELETE", "buckets/team-a-1/tags?key=k&version_id=null", [204, 403, 204, 403, 403, 403, 204, 401]),
        ("GET", "buckets/team-a-1/settings/versioning", [200, 200, 200, 403, 200, 200, 200, 401]),
        ("GET", "buckets/team-a-1/settings/cors", [200, 200, 200, 403, 403, 200, 200, 401]),
        ("GET", "buckets/team-a-1/settings/policy", [403, 403, 200, 403, 403, 403, 200, 401]),
        ("GET", "buckets/team-a-1/settings/acl", [403, 403, 200, 403, 403, 403, 200, 401]),
        ("GET", "buckets/team-a-1/settings/nonsense", [404, 404, 404, 404, 404, 404, 404, 404]),
        ("DELETE", "buckets/team-a-1/settings/cors", [403, 403, 204, 403, 403, 403, 204, 401]),
        ("DELETE", "buckets/team-a-1/settings/policy", [403, 403, 204, 403, 403, 403, 204, 401]),
    ],
)
def test_operations_that_the_url_names(api: Api, method: str, path: str, expected: list[int]) -> None:
    assert api.statuses(EVERYBODY, method, path) == expected


@pytest.mark.parametrize(
    ("method", "path", "body", "expected"),
    [
        ("POST", "buckets", {"name": "team-new"}, [403, 403, 201, 403, 403, 403, 409, 401]),
        ("POST", "buckets", {"name": "elsewhere"}, [403, 403, 403, 403, 403, 403, 201, 401]),
        ("POST", "buckets", {"name": "team-a-1"}, [403, 403, 409, 403, 403, 403, 409, 401]),
        ("DELETE", "buckets/team-a-1/objects", {"key": "gone"}, [204, 403, 204, 403, 403, 403, 204, 401]),
        ("DELETE", "buckets/team-a-1/objects", {"key": "erin/x"}, [204, 403, 204, 403, 204, 403, 204, 401]),
        ("POST", "buckets/team-a-1/objects/presign", {"key": "k"}, [200, 200, 200, 403, 403, 200, 200, 401]),
        (
            "POST",
            "buckets/team-a-1/objects/presign",
            {"key": "k", "method": "PUT"},
            [200, 403, 200, 403, 403, 403, 200, 401],
        ),
        ("POST", "buckets/team-a-1/objects/presign", {"key": "erin/gone"}, [200, 200, 200, 403, 200, 200, 200, 401]),
        ("POST", "buckets/team-a-gone/objects/presign", {"key": "k"}, [200, 200, 200, 403, 403, 200, 200, 401]),
        ("POST", "buckets/team-b-1/objects/presign", {"key": "k"}, [403, 403, 200, 403, 403, 200, 200, 401]),
        (
            "PUT",
            "buckets/team-a-1/settings/versioning",
            {"status": "Enabled"},
            [403, 403, 200, 403, 403, 403, 200, 401],
        ),
        ("PUT", "buckets/team-a-1/tags?key=k", {"tags": {"a": "b"}}, [200, 403, 200, 403, 403, 403, 200, 401]),
        ("PUT", "buckets/team-a-1/tags?key=erin/k", {"tags": {}}, [200, 403, 200, 403, 200, 403, 200, 401]),
        ("PUT", "buckets/team-a-1/legal-hold?key=k", {"legal_hold": True}, [403, 403, 409, 403, 403, 403, 409, 401]),
        (
            "PUT",
            "buckets/team-a-1/retention?key=k",
            {"mode": None, "until": None},
            [403, 403, 409, 403, 403, 403, 409, 401],
        ),
    ],
)
def test_operations_that_a_body_names(
    api: Api, method: str, path: str, body: dict[str, Any], expected: list[int]
) -> None:
    assert api.statuses(EVERYBODY, method, path, json=body) == expected


def test_a_refusal_changes_nothing_and_names_the_right(api: Api) -> None:
    response = api.ask("bob", "PUT", "buckets/team-a-1/objects/k", content=b"other")
    assert response.headers["content-type"] == "application/problem+json"
    assert response.json()["code"] == "access_denied"
    assert response.json()["detail"] == "Access is denied: this needs s3:PutObject"
    assert "www-authenticate" not in response.headers
    assert api.store.head_object("team-a-1", "k").size_bytes == len(b"content")


def test_the_usage_report_needs_the_right_to_list_each_bucket_in_it() -> None:
    deny = json.dumps(
        {
            "Version": "2012-10-17",
            "Statement": [{"Effect": "Deny", "Action": "s3:ListBucket", "Resource": "arn:aws:s3:::secret-*"}],
        }
    )
    made = create_token()
    zoe = User(id="zoe", roles=("read:*",), policy=deny, tokens=(made.token,))
    headers = {"Authorization": f"Bearer {made.text.reveal()}"}
    directory = Directory(Accounts(users=(zoe,)))
    with open_store("memory://") as store, TestClient(create_app(store, directory=directory)) as client:
        store.create_bucket("open-1")
        assert client.get("/api/v1/storage/usage", headers=headers).status_code == 200
        store.create_bucket("secret-1")
        response = client.get("/api/v1/storage/usage", headers=headers)
        assert (response.status_code, "secret-1" in response.text) == (403, False)


@pytest.mark.parametrize(
    "path", ["objects/{}", "objects/{}?version_id=null", "retention?key={}", "legal-hold?key={}", "tags?key={}"]
)
def test_a_refusal_does_not_tell_whether_the_object_exists(api: Api, path: str) -> None:
    for user in ("dave", "erin", None):
        refusals = []
        for key in ("k", "gone"):
            found = api.ask(user, "GET", f"buckets/team-a-1/{path.format(key)}").json()
            found.pop("key", None)
            refusals.append(found)
        assert refusals[0] == refusals[1]


def test_a_form_is_decided_file_by_file(api: Api) -> None:
    files = [("file", ("erin/1", b"1")), ("file", ("2", b"2")), ("file", ("erin/3", b"3"))]
    response = api.ask("erin", "POST", "buckets/team-a-1/objects", files=files)
    assert (response.status_code, response.json()["stored"]) == (403, ["erin/1"])
    assert [info.key for info in api.store.iter_objects("team-a-1")] == ["erin/1", "erin/k", "k"]
    assert api.statuses(EVERYBODY, "POST", "buckets/team-a-1/objects", files=[("file", ("x", b""))]) == [
        201, 403, 201, 403, 403, 403, 201, 401,
    ]  # fmt: skip


def test_a_batch_deletes_what_the_sender_may_delete(api: Api) -> None:
    found = api.ask("erin", "POST", "buckets/team-a-1/objects/delete", json={"keys": ["erin/k", "k"]}).json()
    assert found["deleted"] == ["erin/k"]
    assert [(one["key"], one["code"]) for one in found["failed"]] == [("k", "access_denied")]
    assert [info.key for info in api.store.iter_objects("team-a-1")] == ["k"]
    body = {"keys": ["k"]}
    assert api.ask("bob", "POST", "buckets/team-a-1/objects/delete", json=body).json()["deleted"] == []
    assert api.ask(None, "POST", "buckets/team-a-1/objects/delete", json=body).status_code == 401
    assert api.ask("dave", "POST", "buckets/gone/objects/delete", json=body).status_code == 403
    assert api.ask("boss", "POST", "buckets/gone/objects/delete", json=body).status_code == 404
    assert api.ask("alice", "POST", "buckets/team-a-1/objects/delete", json=body).json()["deleted"] == ["k"]


def test_tags_of_an_upload_need_their_own_right(api: Api) -> None:
    text = policy("s3:PutObject", "team-b-1/*", principal={"AWS": "dave"})
    api.store.put_bucket_settings("team-b-1", PolicySettings(document=text))
    assert api.ask("dave", "PUT", "buckets/team-b-1/objects/x").status_code == 201
    tagged = {"x-amz-tagging": "a=b"}
    assert api.ask("dave", "PUT", "buckets/team-b-1/objects/x", headers=tagged).status_code == 403
    assert api.ask("carol", "PUT", "buckets/team-b-1/objects/x", headers=tagged).status_code == 201
    for user, tags, expected in (("dave", "", 201), ("dave", "a=b", 403), ("carol", "a=b", 201)):
        form = {"data": {"tags": tags}, "files": {"file": ("y", b"")}}
        assert api.ask(user, "POST", "buckets/team-b-1/objects", **form).status_code == expected
    assert api.store.get_object_tagging("team-b-1", "y") == {"a": "b"}


def statement(action: str, resource: str, effect: str = "Allow", **condition: Any) -> PolicySettings:
    """Returns a policy about everybody under a condition."""
    found = {
        "Effect": effect,
        "Principal": "*",
        "Action": action,
        "Resource": f"arn:aws:s3:::{resource}",
        "Condition": condition,
    }
    return PolicySettings(document=json.dumps({"Version": "2012-10-17", "Statement": [found]}))


def test_a_condition_sees_the_tags_of_a_form(api: Api) -> None:
    wanted = {"s3:RequestObjectTag/project": "secret"}
    api.store.put_bucket_settings("team-b-1", statement("s3:PutObject", "team-b-1/*", "Deny", StringEquals=wanted))
    for tags, expected in (("project=one", 201), ("project=secret", 403), ("", 201)):
        form = {"data": {"tags": tags}, "files": {"file": ("y", b"")}}
        assert api.ask("carol", "POST", "buckets/team-b-1/objects", **form).status_code == expected


def test_a_header_does_not_stand_for_tags_in_a_body(api: Api) -> None:
    wanted = {"s3:RequestObjectTag/project": "one"}
    api.store.put_bucket_settings("team-b-1", statement("s3:PutObjectTagging", "team-b-1/*", StringEquals=wanted))
    body, spoofed = {"tags": {"project": "two"}}, {"x-amz-tagging": "project=one"}
    assert api.ask("dave", "PUT", "buckets/team-b-1/tags?key=k", json=body, headers=spoofed).status_code == 403
    assert api.store.get_object_tagging("team-b-1", "k") == {}


@pytest.mark.parametrize(
    ("condition", "headers"),
    [
        ({"StringEquals": {"s3:RequestObjectTag/project": "one"}}, {"x-amz-tagging": "project=one"}),
        ({"StringEquals": {"s3:object-lock-mode": "GOVERNANCE"}}, {"x-amz-object-lock-mode": "GOVERNANCE"}),
        ({"StringEquals": {"s3:if-none-match": "*"}}, {"If-None-Match": "*"}),
        ({"StringEquals": {"s3:x-amz-acl": "private"}}, {"x-amz-acl": "private"}),
    ],
)
def test_a_header_that_is_ignored_fulfils_no_condition(
    api: Api, condition: dict[str, Any], headers: dict[str, str]
) -> None:
    api.store.put_bucket_settings("team-b-1", statement("s3:PutObject*", "team-b-1/*", **condition))
    body = {"key": "k", "method": "PUT"}
    assert api.ask("dave", "POST", "buckets/team-b-1/objects/presign", json=body, headers=headers).status_code == 403
    form = {"files": {"file": ("k", b"other")}}
    refused = api.ask("dave", "POST", "buckets/team-b-1/objects", headers=headers, **form)
    assert refused.status_code in (403, 422)
    assert api.store.head_object("team-b-1", "k").size_bytes == len(b"content")


def test_a_condition_sees_a_precondition_of_an_upload(api: Api) -> None:
    wanted = {"s3:if-none-match": "*"}
    api.store.put_bucket_settings("team-b-1", statement("s3:PutObject", "team-b-1/*", StringEquals=wanted))
    for headers, expected in (({}, 403), ({"If-None-Match": "*"}, 201)):
        assert api.ask("dave", "PUT", "buckets/team-b-1/objects/new", headers=headers).status_code == expected


def test_a_condition_sees_the_tags_of_the_object(api: Api) -> None:
    wanted = {"s3:ExistingObjectTag/a": "b"}
    api.store.put_bucket_settings("team-b-1", statement("s3:GetObjectTagging", "team-b-1/*", StringEquals=wanted))
    assert api.ask("dave", "GET", "buckets/team-b-1/tags?key=k").status_code == 403
    api.store.put_object_tagging("team-b-1", "k", {"a": "b"})
    assert api.ask("dave", "GET", "buckets/team-b-1/tags?key=k").json() == {"tags": {"a": "b"}}


LATER = "2150-01-15T10:30:00Z"
RETAINED = {"x-amz-object-lock-mode": "GOVERNANCE", "x-amz-object-lock-retain-until-date": LATER}


@pytest.fixture
def locked(api: Api) -> str:
    """A bucket with object lock."""
    api.store.create_bucket("team-a-lock", CreateBucketOptions(owner=Owner(id="carol"), object_lock=True))
    return "buckets/team-a-lock"


@pytest.mark.parametrize(
    ("headers", "action"),
    [
        (RETAINED, "s3:PutObjectRetention"),
        ({"x-amz-object-lock-mode": "GOVERNANCE"}, "s3:PutObjectRetention"),
        ({"x-amz-object-lock-retain-until-date": LATER}, "s3:PutObjectRetention"),
        ({"x-amz-object-lock-legal-hold": "ON"}, "s3:PutObjectLegalHold"),
        ({"x-amz-object-lock-legal-hold": "OFF"}, "s3:PutObjectLegalHold"),
    ],
)
def test_the_lock_of_an_upload_needs_its_own_right(api: Api, locked: str, headers: dict[str, str], action: str) -> None:
    assert api.ask("alice", "PUT", f"{locked}/objects/x").status_code == 201
    response = api.ask("alice", "PUT", f"{locked}/objects/x", headers=headers)
    assert (response.status_code, response.json()["detail"]) == (403, f"Access is denied: this needs {action}")
    complete = api.ask("carol", "PUT", f"{locked}/objects/x", headers=headers).status_code
    assert complete == (422 if len(headers) == 1 and "Retention" in action else 201)


def test_ending_a_retention_early_needs_a_right_of_its_own(api: Api, locked: str) -> None:
    allowed = policy("s3:PutObjectRetention", "team-a-lock/*", principal={"AWS": "dave"})
    api.store.put_bucket_settings("team-a-lock", PolicySettings(document=allowed))
    assert api.ask("carol", "PUT", f"{locked}/objects/x", headers=RETAINED).status_code == 201
    none, query = {"mode": None, "until": None}, "key=x&bypass_governance="
    assert api.ask("dave", "PUT", f"{locked}/retention?key=x", json=none).json()["code"] == "object_locked"
    for word in ("true", "1"):
        response = api.ask("dave", "PUT", f"{locked}/retention?{query}{word}", json=none)
        assert response.json()["detail"] == "Access is denied: this needs s3:BypassGovernanceRetention"
    assert api.store.head_object("team-a-lock", "x").retention is not None
    assert api.ask("carol", "PUT", f"{locked}/retention?{query}true", json=none).status_code == 200


def test_a_condition_sees_the_lock_of_an_upload(api: Api, locked: str) -> None:
    wanted = {"s3:object-lock-remaining-retention-days": "10"}
    denied = statement("s3:PutObject", "team-a-lock/*", "Deny", NumericGreaterThan=wanted)
    api.store.put_bucket_settings("team-a-lock", denied)
    soon = (datetime.now(UTC) + timedelta(days=5)).strftime("%Y-%m-%dT%H:%M:%SZ")
    assert api.ask("carol", "PUT", f"{locked}/objects/x", headers=RETAINED).status_code == 403
    shorter = {**RETAINED, "x-amz-object-lock-retain-until-date": soon}
    assert api.ask("carol", "PUT", f"{locked}/objects/x", headers=shorter).status_code == 201


def test_a_header_does_not_stand_for_a_retention_in_a_body(api: Api, locked: str) -> None:
    api.ask("carol", "PUT", f"{locked}/objects/x")
    wanted = {"s3:object-lock-mode": "COMPLIANCE"}
    denied = statement("s3:PutObjectRetention", "team-a-lock/*", "Deny", StringEquals=wanted)
    api.store.put_bucket_settings("team-a-lock", denied)
    body = {"mode": "COMPLIANCE", "until": LATER}
    response = api.ask("carol", "PUT", f"{locked}/retention?key=x", json=body, headers=RETAINED)
    assert response.status_code == 403
    assert api.store.head_object("team-a-lock", "x").retention is None


def test_a_bucket_with_object_lock_needs_more_rights_than_one_without() -> None:
    actions = ["s3:CreateBucket", "s3:PutBucketVersioning"]
    allowed = {"Effect": "Allow", "Action": actions, "Resource": "arn:aws:s3:::*"}
    made = create_token()
    text = json.dumps({"Version": "2012-10-17", "Statement": [allowed]})
    directory = Directory(Accounts(users=(User(id="zoe", policy=text, tokens=(made.token,)),)))
    headers = {"Authorization": f"Bearer {made.text.reveal()}"}
    with open_store("memory://") as store, TestClient(create_app(store, directory=directory)) as client:
        for name, lock, expected in (("a-lock", True, 403), ("a-plain", False, 201)):
            body = {"name": name, "object_lock": lock}
            assert client.post("/api/v1/storage/buckets", json=body, headers=headers).status_code == expected
        assert [bucket.name for bucket in store.list_buckets()] == ["a-plain"]


def test_what_a_member_makes_has_the_right_owner(api: Api) -> None:
    api.ask("alice", "PUT", "buckets/team-a-1/objects/new")
    assert api.store.get_object_acl("team-a-1", "new").owner.id == "carol"
    assert api.ask("carol", "POST", "buckets", json={"name": "team-new"}).status_code == 201
    assert api.store.get_bucket_access("team-new").owner.id == "carol"


def test_a_policy_opens_a_bucket_to_somebody_and_to_everybody(api: Api) -> None:
    text = policy("s3:GetObject", "team-b-1/*", principal={"AWS": "dave"})
    assert api.ask("carol", "PUT", "buckets/team-b-1/settings/policy", json={"document": text}).status_code == 200
    assert api.statuses("dave bob -", "GET", "buckets/team-b-1/objects/k") == [200, 403, 401]
    opened = {"document": policy("s3:*Object", "team-b-1/*")}
    assert api.ask("carol", "PUT", "buckets/team-b-1/settings/policy", json=opened).status_code == 200
    assert api.statuses("dave bob -", "GET", "buckets/team-b-1/objects/k") == [200, 200, 200]
    assert api.statuses("dave -", "GET", "buckets/team-b-1/objects") == [403, 401]
    assert api.ask(None, "PUT", "buckets/team-b-1/objects/theirs").status_code == 201
    assert api.store.get_object_acl("team-b-1", "theirs").owner.id != "carol"
    # A URL would outlive the policy.
    assert api.ask(None, "POST", "buckets/team-b-1/objects/presign", json={"key": "k"}).status_code == 401
    denied = policy("s3:GetObject", "team-b-1/*", effect="Deny", principal={"AWS": "backup"})
    api.ask("carol", "PUT", "buckets/team-b-1/settings/policy", json={"document": denied})
    assert api.statuses("carol backup -", "GET", "buckets/team-b-1/objects/k") == [200, 403, 401]


def test_conditions_see_the_request(api: Api) -> None:
    condition = {"StringLike": {"s3:prefix": "open/*"}, "NumericLessThanEquals": {"s3:max-keys": "10"}}
    statement = {
        "Effect": "Allow",
        "Principal": {"AWS": "dave"},
        "Action": "s3:ListBucket",
        "Resource": "arn:aws:s3:::team-b-1",
        "Condition": condition,
    }
    text = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    api.store.put_bucket_settings("team-b-1", PolicySettings(document=text))
    for query, expected in (
        ("prefix=open/&limit=10", 200),
        ("prefix=open/x&limit=1", 200),
        ("prefix=open/&limit=11", 403),
        ("prefix=open/", 403),
        ("limit=1", 403),
    ):
        assert api.ask("dave", "GET", f"buckets/team-b-1/objects?{query}").status_code == expected


@pytest.mark.parametrize(
    ("kind", "body", "status", "words"),
    [
        ("policy", {"document": "{}"}, 422, "Missing required field Statement"),
        ("policy", {"document": policy("s3:GetObject", "other/*")}, 422, "invalid resource"),
        (
            "policy",
            {"document": policy("s3:GetObject", "team-b-1/*", principal={"AWS": "eve"})},
            422,
            "Invalid principal",
        ),
        ("acl", {"acl": {"owner": {"id": "dave"}, "grants": []}}, 422, "cannot change the owner"),
        (
            "acl",
            {
                "acl": {
                    "owner": {"id": "carol"},
                    "grants": [{"grantee": {"kind": "user", "id": "eve"}, "permission": "READ"}],
                }
            },
            422,
            "nobody knows the user 'eve'",
        ),
    ],
    ids=range(5),
)
def test_settings_about_access_are_understood_or_refused(
    api: Api, kind: str, body: dict[str, Any], status: int, words: str
) -> None:
    response = api.ask("carol", "PUT", f"buckets/team-b-1/settings/{kind}", json=body)
    assert (response.status_code, words in response.json()["detail"]) == (status, True), response.text


def test_a_blocked_policy_and_acl_are_refused(api: Api) -> None:
    block = PublicAccessSettings(block_public_acls=True, block_public_policy=True)
    api.store.put_bucket_settings("team-b-1", block)
    opened = {"document": policy("s3:GetObject", "team-b-1/*")}
    assert api.ask("carol", "PUT", "buckets/team-b-1/settings/policy", json=opened).status_code == 403
    everybody = {"grantee": {"kind": "group", "id": "AllUsers"}, "permission": "READ"}
    body = {"acl": {"owner": {"id": "carol"}, "grants": [everybody]}}
    response = api.ask("carol", "PUT", "buckets/team-b-1/settings/acl", json=body)
    assert response.status_code in (403, 422), response.text
