"""What is public: S3 user guide, "The meaning of public"."""

from __future__ import annotations

from typing import Any

import pytest
from bucketry import Owner
from bucketry.acls import canned_acl
from bucketry.bucket_settings import ObjectOwnership
from bucketry_access import is_public, is_public_acl, owner_of_new_object, takes_acl

from tests.access.policies import BUCKET, Bucket, document, parsed, statement

ALICE, BOB = Owner(id="alice"), Owner(id="bob")


@pytest.mark.parametrize(
    ("elements", "public"),
    [
        ({}, True),
        ({"Principal": {"AWS": "*"}}, True),
        ({"Principal": {"AWS": ["bob", "*"]}}, True),
        ({"Principal": {"AWS": "bob"}}, False),
        ({"Principal": {"AWS": "arn:aws:iam::elsewhere:root"}}, False),
        ({"Principal": {"Service": "logging.s3.amazonaws.com"}}, False),
        ({"Effect": "Deny"}, False),
        ({"Condition": {"IpAddress": {"aws:SourceIp": "10.0.0.0/32"}}}, False),
        ({"Condition": {"IpAddress": {"aws:SourceIp": ["192.0.2.0/24", "10.0.0.0/8"]}}}, False),
        ({"Condition": {"IpAddress": {"aws:SourceIp": ["192.0.2.0/24", "0.0.0.0/1"]}}}, True),
        ({"Condition": {"IpAddress": {"aws:SourceIp": "2001:db8::/31"}}}, True),
        ({"Condition": {"IpAddress": {"aws:SourceIp": "2001:db8::/32"}}}, False),
        ({"Condition": {"NotIpAddress": {"aws:SourceIp": "192.0.2.0/24"}}}, True),
        ({"Condition": {"IpAddressIfExists": {"aws:SourceIp": "192.0.2.0/24"}}}, True),
        ({"Condition": {"StringEquals": {"aws:SourceVpc": "vpc-1"}}}, False),
        ({"Condition": {"StringNotEquals": {"aws:SourceVpc": "vpc-1"}}}, True),
        ({"Condition": {"StringLike": {"aws:SourceVpc": "vpc-1"}}}, False),
        ({"Condition": {"StringLike": {"aws:SourceVpc": "vpc-*"}}}, True),
        ({"Condition": {"StringEquals": {"aws:SourceVpc": "${aws:username}"}}}, True),
        ({"Condition": {"ForAllValues:StringEquals": {"aws:SourceVpc": "vpc-1"}}}, True),
        ({"Condition": {"ForAnyValue:StringEquals": {"aws:SourceVpc": "vpc-1"}}}, False),
        ({"Condition": {"ArnEquals": {"aws:PrincipalArn": "arn:aws:iam::bob:user/bob"}}}, False),
        ({"Condition": {"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::*:user/bob"}}}, True),
        ({"Condition": {"StringLike": {"aws:Referer": "http://example.com/*"}}}, True),
        ({"Condition": {"StringEquals": {"aws:Referer": "http://example.com/"}}}, True),
        ({"Condition": {"Bool": {"aws:SecureTransport": "true"}}}, True),
    ],
)
def test_policies(elements: dict[str, Any], public: bool) -> None:
    assert parsed(statement(**elements)).is_public == public
    assert parsed(statement(Principal={"AWS": "bob"}), statement(**elements)).is_public == public


@pytest.mark.parametrize(
    ("name", "public"),
    [
        ("private", False),
        ("public-read", True),
        ("public-read-write", True),
        ("authenticated-read", True),
        ("log-delivery-write", False),
    ],
)
def test_acls(name: str, public: bool) -> None:
    acl = canned_acl(name, ALICE)
    assert is_public_acl(acl) == public
    assert is_public(Bucket(acl=acl), BUCKET) == public
    assert not is_public(Bucket(acl=acl, ownership="BucketOwnerEnforced"), BUCKET)


def test_the_status_of_a_bucket() -> None:
    assert not is_public_acl(None)
    assert not is_public(Bucket(), BUCKET)
    assert is_public(Bucket(policy=document(statement())), BUCKET)
    assert not is_public(Bucket(policy=document(statement(Principal={"AWS": "bob"}))), BUCKET)


@pytest.mark.parametrize(
    ("ownership", "usual", "with_full_control"),
    [
        (None, BOB, BOB),
        ("ObjectWriter", BOB, BOB),
        ("BucketOwnerPreferred", BOB, ALICE),
        ("BucketOwnerEnforced", ALICE, ALICE),
    ],
)
def test_who_owns_a_new_object(ownership: ObjectOwnership | None, usual: Owner, with_full_control: Owner) -> None:
    access = Bucket(ownership=ownership)
    assert owner_of_new_object(BOB, access, gives_full_control=False) == usual
    assert owner_of_new_object(BOB, access, gives_full_control=True) == with_full_control


def test_which_acls_a_bucket_takes_where_the_owner_is_enforced() -> None:
    enforced = Bucket(ownership="BucketOwnerEnforced")
    assert takes_acl(canned_acl("public-read", ALICE), Bucket())
    assert takes_acl(canned_acl("private", ALICE), enforced)
    assert not takes_acl(canned_acl("public-read", ALICE), enforced)
    assert not takes_acl(canned_acl("private", BOB), enforced)
