"""The table of operations and their actions."""

from __future__ import annotations

import pytest
from bucketry_access import ACTIONS, OF_SENDER_ALONE, OPERATIONS, WITH_BUCKET, WITH_OBJECT
from bucketry_access.actions import BUCKET_PERMISSIONS, OBJECT_PERMISSIONS, POLICY_ACTIONS
from bucketry_access.keys import CONDITION_KEYS


def test_each_action_of_every_table_is_known() -> None:
    named = {action for needed in OPERATIONS.values() for action in (*needed.actions, *needed.with_version)}
    named |= {*WITH_OBJECT.values(), *(action for actions in WITH_BUCKET.values() for action in actions)}
    named |= {*BUCKET_PERMISSIONS, *OBJECT_PERMISSIONS, *POLICY_ACTIONS, *OF_SENDER_ALONE}
    named |= {action for key in CONDITION_KEYS.values() for action in key.actions or ()}
    assert named <= ACTIONS.keys()


@pytest.mark.parametrize(
    ("operation", "version", "actions"),
    [
        ("GetObject", False, ("s3:GetObject",)),
        ("GetObject", True, ("s3:GetObjectVersion",)),
        ("GetObjectAttributes", True, ("s3:GetObjectVersion", "s3:GetObjectVersionAttributes")),
        ("DeleteObjects", True, ("s3:DeleteObjectVersion",)),
        ("PutObjectRetention", True, ("s3:PutObjectRetention",)),
        ("HeadBucket", False, ("s3:ListBucket",)),
        ("DeleteBucketCors", False, ("s3:PutBucketCORS",)),
        ("DeleteBucketPolicy", False, ("s3:DeleteBucketPolicy",)),
        ("PutBucketLifecycleConfiguration", False, ("s3:PutLifecycleConfiguration",)),
        ("UploadPartCopy", False, ("s3:PutObject",)),
    ],
)
def test_what_an_operation_needs(operation: str, version: bool, actions: tuple[str, ...]) -> None:
    assert OPERATIONS[operation].of(version=version) == actions


def test_operations_with_a_version_need_as_many_actions() -> None:
    assert all(len(needed.with_version) in (0, len(needed.actions)) for needed in OPERATIONS.values())
