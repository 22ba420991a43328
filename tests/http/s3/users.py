"""An endpoint with several users, and their clients."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import boto3
import httpx
import pytest
from botocore import UNSIGNED
from botocore.client import Config
from botocore.exceptions import ClientError
from bucketry import ObjectToDelete, Secret, Store
from bucketry_http import S3Credential
from types_boto3_s3 import S3Client

from tests.http.s3.serving import memory_store, serving

ALICE = S3Credential(
    access_key="alice-key",
    secret_key=Secret("alice's secret"),
    user_id="alice",
    display_name="Alice A.",
    email="alice@example.com",
)
BOB = S3Credential(
    access_key="bob-key",
    secret_key=Secret("bob's secret"),
    user_id="bob",
    display_name="Bob B.",
    email="bob@example.com",
)
CAROL = S3Credential(access_key="carol-key", secret_key=Secret("carol's secret"), user_id="carol")
USERS = (ALICE, BOB, CAROL)
EVERYBODY = "http://acs.amazonaws.com/groups/global/AllUsers"
SIGNERS = "http://acs.amazonaws.com/groups/global/AuthenticatedUsers"


def client(url: str, credential: S3Credential | None, **config: Any) -> S3Client:
    """A client of a user; of nobody: it does not sign."""
    named: dict[str, Any] = {}
    if credential is None:
        config["signature_version"] = UNSIGNED
    else:
        named = {
            "aws_access_key_id": credential.access_key,
            "aws_secret_access_key": credential.secret_key.reveal(),
        }
    settings = Config(retries={"total_max_attempts": 1}, **config)
    return boto3.client("s3", endpoint_url=url, region_name="us-east-1", config=settings, **named)


class People:
    """The users of one endpoint, as clients, and the store behind it."""

    def __init__(self, url: str, store: Store) -> None:
        self.url = url
        self.store = store
        found: list[Any] = [client(url, credential) for credential in (*USERS, None)]
        self.alice, self.bob, self.carol, self.nobody = found


@contextmanager
def people(*, inline: bool = True, **settings: Any) -> Iterator[People]:
    """Serves a store in memory to the users."""
    with memory_store(inline=inline) as store, serving(store, credentials=USERS, **settings) as url:
        yield People(url, store)


def empty(store: Store) -> None:
    """Deletes all buckets with all that they hold."""
    for bucket in store.list_buckets():
        versions = [ObjectToDelete(one.key, one.version_id) for one in store.iter_object_versions(bucket.name)]
        if versions:
            store.delete_objects(bucket.name, versions)
        store.delete_bucket(bucket.name)


def denied(call: Callable[..., Any], *, code: str = "AccessDenied", status: int = 403, **arguments: Any) -> None:
    """Makes a call that must be refused."""
    with pytest.raises(ClientError) as caught:
        call(**arguments)
    response: Any = caught.value.response
    assert (response["ResponseMetadata"]["HTTPStatusCode"], response["Error"]["Code"]) == (status, code)


def status_of(call: Callable[..., Any], **arguments: Any) -> int:
    """Returns the status of a call, whatever it is."""
    try:
        response = call(**arguments)
    except ClientError as error:
        response = error.response
    status: int = response["ResponseMetadata"]["HTTPStatusCode"]
    return status


def policy(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def allow(action: str | list[str], *resources: str, effect: str = "Allow", **elements: Any) -> dict[str, Any]:
    """A statement about everybody; resources are buckets, or buckets and keys."""
    listed = [f"arn:aws:s3:::{resource}" for resource in resources]
    return {"Effect": effect, "Principal": "*", "Action": action, "Resource": listed, **elements}


def raw(method: str, url: str, body: bytes = b"", headers: dict[str, str] | None = None) -> tuple[int, bytes]:
    """Sends a request without a signature of its own."""
    response = httpx.request(method, url, content=body, headers=headers)
    return response.status_code, response.content
