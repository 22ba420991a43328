"""S3's messages about events."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from urllib.parse import unquote_plus

import pytest
from bucketry.events import TEST_EVENT, Event, matches_name, selects
from bucketry.origin import HOST_ID, Origin
from msgspec.structs import replace

EVENT = Event(
    name="s3:ObjectCreated:Put",
    bucket="assets",
    key="a b/ü+%.txt",
    time=datetime(2026, 1, 2, 3, 4, 5, 678_900, tzinfo=UTC),
    origin=Origin(principal="AKIA", address="192.0.2.1", request_id="ABC"),
    region="eu-central-1",
    owner="owner-id",
    size_bytes=0,
    etag="d41d8cd98f00b204e9800998ecf8427e",
    version_id="v1",
    sequencer="0055AED6DCD90281E5",
    configuration_id="mine",
)


def test_a_message_has_s3s_structure() -> None:
    assert json.loads(EVENT.encoded()) == {
        "Records": [
            {
                "eventVersion": "2.4",
                "eventSource": "aws:s3",
                "awsRegion": "eu-central-1",
                "eventTime": "2026-01-02T03:04:05.678Z",
                "eventName": "ObjectCreated:Put",
                "userIdentity": {"principalId": "AKIA"},
                "requestParameters": {"sourceIPAddress": "192.0.2.1"},
                "responseElements": {"x-amz-request-id": "ABC", "x-amz-id-2": HOST_ID},
                "s3": {
                    "s3SchemaVersion": "1.0",
                    "configurationId": "mine",
                    "bucket": {
                        "name": "assets",
                        "ownerIdentity": {"principalId": "owner-id"},
                        "arn": "arn:aws:s3:::assets",
                    },
                    "object": {
                        "key": "a+b/%C3%BC%2B%25.txt",
                        "size": 0,
                        "eTag": "d41d8cd98f00b204e9800998ecf8427e",
                        "versionId": "v1",
                        "sequencer": "0055AED6DCD90281E5",
                    },
                },
            }
        ]
    }


def test_what_an_event_does_not_have_is_left_out() -> None:
    removed = replace(EVENT, name="s3:ObjectRemoved:Delete", size_bytes=None, etag=None, version_id=None)
    entity = json.loads(removed.encoded())["Records"][0]["s3"]["object"]
    assert entity == {"key": "a+b/%C3%BC%2B%25.txt", "sequencer": "0055AED6DCD90281E5"}


@pytest.mark.parametrize("key", ["a", "a b", "a+b", "a%2Fb", "/a//b/", "..", "ü🎉", "a\nb", "~*'()"])
def test_a_key_comes_back_from_its_encoding(key: str) -> None:
    entity = json.loads(replace(EVENT, key=key).encoded())["Records"][0]["s3"]["object"]
    assert unquote_plus(entity["key"]) == key
    assert " " not in entity["key"]


def test_a_test_event_has_a_structure_of_its_own() -> None:
    tested = replace(EVENT, name=TEST_EVENT, key="")
    assert json.loads(tested.encoded()) == {
        "Service": "Amazon S3",
        "Event": "s3:TestEvent",
        "Time": "2026-01-02T03:04:05.678Z",
        "Bucket": "assets",
        "RequestId": "ABC",
        "HostId": HOST_ID,
    }


@pytest.mark.parametrize(
    ("pattern", "fits"),
    [
        ("s3:ObjectCreated:Put", True),
        ("ObjectCreated:Put", True),
        ("s3:ObjectCreated:*", True),
        ("*", True),
        ("s3:ObjectCreated:Post", False),
        ("s3:ObjectRemoved:*", False),
        ("s3:ObjectCreated:Pu", False),
        ("s3:ObjectCreated", False),
        ("", False),
    ],
)
def test_a_pattern_stands_for_names(pattern: str, fits: bool) -> None:
    assert matches_name(pattern, "s3:ObjectCreated:Put") is fits


@pytest.mark.parametrize(
    ("prefix", "suffix", "fits"),
    [
        ("", "", True),
        ("images/", "", True),
        ("", ".jpg", True),
        ("images/", ".jpg", True),
        ("images/a.jpg", "a.jpg", True),
        ("Images/", "", False),
        ("", ".png", False),
        ("images/", ".png", False),
        ("mages/", "", False),
    ],
)
def test_a_configuration_selects_by_prefix_and_suffix(prefix: str, suffix: str, fits: bool) -> None:
    names = ["s3:ObjectRemoved:Delete", "s3:ObjectCreated:*"]
    assert selects(names, prefix, suffix, "s3:ObjectCreated:Copy", "images/a.jpg") is fits
    assert not selects(names, prefix, suffix, "s3:ObjectTagging:Put", "images/a.jpg")
