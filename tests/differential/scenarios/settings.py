"""Settings of a bucket, good and bad: tags, lifecycle, policies, CORS, locks where there are none, and others."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Final

from tests.differential.requests import Session, call

Titled = tuple[str, Callable[[Session], Any]]


def _rule(**more: Any) -> dict[str, Any]:
    return {"ID": "rule", "Status": "Enabled", "Filter": {"Prefix": "logs/"}, "Expiration": {"Days": 1}, **more}


def _lifecycle() -> list[Titled]:
    rules: dict[str, list[dict[str, Any]]] = {
        "days": [_rule()],
        "date": [_rule(Expiration={"Date": datetime(2040, 1, 1, tzinfo=UTC)})],
        "date with time": [_rule(Expiration={"Date": datetime(2040, 1, 1, 10, tzinfo=UTC)})],
        "marker": [_rule(Expiration={"ExpiredObjectDeleteMarker": True})],
        "marker and days": [_rule(Expiration={"ExpiredObjectDeleteMarker": True, "Days": 1})],
        "days and date": [_rule(Expiration={"Date": datetime(2040, 1, 1, tzinfo=UTC), "Days": 1})],
        "no days": [_rule(Expiration={"Days": 0})],
        "negative days": [_rule(Expiration={"Days": -1})],
        "status": [_rule(Status="On")],
        "disabled": [_rule(Status="Disabled")],
        "long id": [_rule(ID="i" * 256)],
        "same ids": [_rule(), _rule(Filter={"Prefix": "other/"})],
        "no rules": [],
        "no action": [{"ID": "rule", "Status": "Enabled", "Filter": {"Prefix": ""}}],
        "tag": [_rule(Filter={"Tag": {"Key": "k", "Value": "v"}})],
        "and": [_rule(Filter={"And": {"Prefix": "a", "Tags": [{"Key": "k", "Value": "v"}]}})],
        "old prefix": [{"ID": "rule", "Status": "Enabled", "Prefix": "logs/", "Expiration": {"Days": 1}}],
        "noncurrent": [_rule(NoncurrentVersionExpiration={"NoncurrentDays": 1})],
        "no noncurrent days": [_rule(NoncurrentVersionExpiration={"NoncurrentDays": 0})],
        "uploads": [
            {
                "ID": "rule",
                "Status": "Enabled",
                "Filter": {"Prefix": ""},
                "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 1},
            }
        ],
    }
    found: list[Titled] = [("none", call("get_bucket_lifecycle_configuration"))]
    for title, given in rules.items():
        found.append((title, call("put_bucket_lifecycle_configuration", LifecycleConfiguration={"Rules": given})))
        found.append((f"after {title}", call("get_bucket_lifecycle_configuration")))
        found.append((f"delete {title}", call("delete_bucket_lifecycle")))
    return found


def _policies() -> list[Titled]:
    def policy(**changed: Any) -> Callable[[Session], str]:
        def give(session: Session) -> str:
            statement = {
                "Effect": "Allow",
                "Principal": {"AWS": "*"},
                "Action": "s3:GetObject",
                "Resource": f"arn:aws:s3:::{session.bucket}/*",
                **changed,
            }
            return json.dumps({"Version": "2012-10-17", "Statement": [statement]})

        return give

    policies: dict[str, Any] = {
        "read": policy(),
        "deny": policy(Effect="Deny"),
        "unknown effect": policy(Effect="Maybe"),
        "unknown action": policy(Action="s3:Juggle"),
        "other service": policy(Action="ec2:Run"),
        "other bucket": policy(Resource="arn:aws:s3:::some-other-bucket/*"),
        "no resource": policy(Resource=[]),
        "unknown operator": policy(Condition={"StringSmells": {"s3:prefix": "a"}}),
        "unknown key": policy(Condition={"StringEquals": {"s3:smell": "a"}}),
        "address": policy(Condition={"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}}),
        "not JSON": "nothing",
        "empty": "{}",
        "other version": json.dumps({"Version": "2040-01-01", "Statement": []}),
    }
    found: list[Titled] = [("none", call("get_bucket_policy")), ("no status", call("get_bucket_policy_status"))]
    for title, given in policies.items():
        found.append((title, call("put_bucket_policy", Policy=given)))
        found.append((f"delete {title}", call("delete_bucket_policy")))
    return [*found, ("delete none", call("delete_bucket_policy"))]


def _tags() -> list[Titled]:
    def tags(*pairs: tuple[str, str]) -> dict[str, Any]:
        return {"Tagging": {"TagSet": [{"Key": key, "Value": value} for key, value in pairs]}}

    given = {
        "one": tags(("a", "1")),
        "twice": tags(("a", "1"), ("a", "2")),
        "fifty": tags(*[(f"k{number}", "v") for number in range(50)]),
        "fifty-one": tags(*[(f"k{number}", "v") for number in range(51)]),
        "long key": tags(("k" * 129, "v")),
        "long value": tags(("k", "v" * 257)),
        "none": tags(),
    }
    found: list[Titled] = [("not set", call("get_bucket_tagging"))]
    for title, one in given.items():
        found.append((title, call("put_bucket_tagging", **one)))
        found.append((f"after {title}", call("get_bucket_tagging")))
    return [*found, ("delete", call("delete_bucket_tagging")), ("delete again", call("delete_bucket_tagging"))]


def _cors() -> list[Titled]:
    def rules(**changed: Any) -> dict[str, Any]:
        rule = {"AllowedMethods": ["GET"], "AllowedOrigins": ["https://a.example"], **changed}
        return {"CORSConfiguration": {"CORSRules": [rule]}}

    given = {
        "one": rules(),
        "all": rules(ID="id", AllowedHeaders=["*"], ExposeHeaders=["ETag"], MaxAgeSeconds=5),
        "method": rules(AllowedMethods=["PATCH"]),
        "two wildcards": rules(AllowedOrigins=["https://*.*.example"]),
    }
    found: list[Titled] = [("none", call("get_bucket_cors"))]
    for title, one in given.items():
        found.append((title, call("put_bucket_cors", **one)))
        found.append((f"after {title}", call("get_bucket_cors")))
    return [*found, ("delete", call("delete_bucket_cors")), ("delete again", call("delete_bucket_cors"))]


def _others() -> list[Titled]:
    return [
        ("lock", call("get_object_lock_configuration")),
        (
            "lock a bucket without versions",
            call("put_object_lock_configuration", ObjectLockConfiguration={"ObjectLockEnabled": "Enabled"}),
        ),
        ("put", call("put_object", Key="a", Body=b"x")),
        ("put held", call("put_object", Key="a", Body=b"x", ObjectLockLegalHoldStatus="ON")),
        ("hold", call("put_object_legal_hold", Key="a", LegalHold={"Status": "ON"})),
        ("get hold", call("get_object_legal_hold", Key="a")),
        ("retention", call("get_object_retention", Key="a")),
        ("encryption", call("get_bucket_encryption")),
        ("delete encryption", call("delete_bucket_encryption")),
        ("website", call("get_bucket_website")),
        ("logging", call("get_bucket_logging")),
        ("notification", call("get_bucket_notification_configuration")),
        ("acceleration", call("get_bucket_accelerate_configuration")),
        ("payment", call("get_bucket_request_payment")),
        ("replication", call("get_bucket_replication")),
        ("public access block", call("get_public_access_block")),
        ("ownership", call("get_bucket_ownership_controls")),
        ("acl", call("get_bucket_acl")),
        ("acl of object", call("get_object_acl", Key="a")),
        ("acl of missing", call("get_object_acl", Key="missing")),
        ("canned acl", call("put_bucket_acl", ACL="private")),
        ("unknown canned acl", call("put_bucket_acl", ACL="nobody")),
        ("canned acl of object", call("put_object_acl", Key="a", ACL="private")),
    ]


SCENARIOS: Final = {
    "lifecycle": _lifecycle(),
    "policies": _policies(),
    "bucket tags": _tags(),
    "cors": _cors(),
    "other settings": _others(),
}
