"""What S3 does beyond its operations: each feature is asked for once, and what came of it is looked at.

A check returns whether the server did it; a refusal is boto3's ``ClientError``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any, Final
from uuid import uuid4

import httpx
from botocore.exceptions import ClientError
from bucketry import CHECKSUM_ALGORITHMS
from bucketry.checksums import checksum_of

from tests.s3_operations.asked import CONTENT, UNTIL, Place

Check = Callable[[Any, Place], bool]

_CUSTOMER: Final = {"SSECustomerAlgorithm": "AES256", "SSECustomerKey": "k" * 32}


def _put(client: Any, bucket: str, **options: Any) -> dict[str, str]:
    """Writes an object and returns its bucket and key."""
    named = {"Bucket": bucket, "Key": f"features/{uuid4().hex[:8]}"}
    client.put_object(**named, Body=CONTENT, **options)
    return named


def _kept(member: str, value: Any, **options: Any) -> Check:
    """Checks that what a writer says is in the response of HeadObject."""

    def check(client: Any, place: Place) -> bool:
        return bool(client.head_object(**_put(client, place.plain, **options)).get(member) == value)

    return check


def _checksum(name: str) -> Check:
    """Checks that a checksum is kept, and that a wrong one is refused."""
    member = f"Checksum{name}"

    def check(client: Any, place: Place) -> bool:
        value = checksum_of(name, [CONTENT]).text
        found = client.head_object(**_put(client, place.plain, **{member: value}), ChecksumMode="ENABLED").get(member)
        wrong = checksum_of(name, [b"other"]).text
        return found == value and _refused(lambda: _put(client, place.plain, **{member: wrong}))

    return check


def _refused(ask: Callable[[], Any]) -> bool:
    try:
        ask()
    except ClientError:
        return True
    return False


def _guarded(operation: str, **options: Any) -> Check:
    """Checks that a condition that does not hold prevents a call."""

    def check(client: Any, place: Place) -> bool:
        named = _put(client, place.plain)
        body = {"Body": b"new"} if operation == "put_object" else {}
        try:
            getattr(client, operation)(**named, **body, **options)
        except ClientError as error:
            if error.response["ResponseMetadata"]["HTTPStatusCode"] not in {304, 412}:
                raise
            return True
        return False

    return check


def _version(client: Any, place: Place) -> bool:
    named = _put(client, place.bucket)
    first = client.head_object(**named)["VersionId"]
    client.put_object(**named, Body=b"new")
    return bool(client.get_object(**named, VersionId=first)["Body"].read() == CONTENT)


def _marker(client: Any, place: Place) -> bool:
    named = _put(client, place.bucket)
    return bool(client.delete_object(**named).get("DeleteMarker"))


def _locked(client: Any, place: Place) -> bool:
    named = _put(client, place.bucket, ObjectLockMode="GOVERNANCE", ObjectLockRetainUntilDate=UNTIL + timedelta(days=1))
    version = client.head_object(**named)["VersionId"]
    return _refused(lambda: client.delete_object(**named, VersionId=version))


def _customer_key(client: Any, place: Place) -> bool:
    named = _put(client, place.plain, **_CUSTOMER)
    read = client.get_object(**named, **_CUSTOMER)["Body"].read()
    return bool(read == CONTENT) and _refused(lambda: client.get_object(**named))


def _expected_owner(client: Any, place: Place) -> bool:
    return _refused(lambda: client.head_bucket(Bucket=place.bucket, ExpectedBucketOwner="999999999999"))


def _range(client: Any, place: Place) -> bool:
    return bool(client.get_object(**_put(client, place.plain), Range="bytes=1-2")["Body"].read() == CONTENT[1:3])


def _part_number(client: Any, place: Place) -> bool:
    response = client.get_object(**_put(client, place.plain), PartNumber=1)
    return bool(response["ResponseMetadata"]["HTTPStatusCode"] == 206)


def _override(client: Any, place: Place) -> bool:
    return bool(client.get_object(**_put(client, place.plain), ResponseContentType="a/b")["ContentType"] == "a/b")


def _presigned(client: Any, place: Place) -> bool:
    url = client.generate_presigned_url("get_object", Params=_put(client, place.plain))
    return httpx.get(url).content == CONTENT


def _form(client: Any, place: Place) -> bool:
    named = _put(client, place.plain)
    form = client.generate_presigned_post(place.plain, f"{named['Key']}-form")
    httpx.post(form["url"], data=form["fields"], files={"file": ("a.csv", CONTENT)})
    return bool(client.get_object(Bucket=place.plain, Key=f"{named['Key']}-form")["Body"].read() == CONTENT)


def _public_read(client: Any, place: Place) -> bool:
    named = _put(client, place.plain, ACL="public-read")
    url = f"{client.meta.endpoint_url}/{named['Bucket']}/{named['Key']}"
    return httpx.get(url).content == CONTENT


FORM: Final = "a form of a browser"
_SSE: Final = "ServerSideEncryption"

FEATURES: Final[Mapping[str, Check]] = {
    "a version by its id": _version,
    "a delete marker": _marker,
    "a retention of a new object": _locked,
    "SSE-S3": _kept(_SSE, "AES256", ServerSideEncryption="AES256"),
    "SSE-KMS": _kept(_SSE, "aws:kms", ServerSideEncryption="aws:kms"),
    "SSE-C over plain HTTP": _customer_key,
    **{f"a checksum: {name}": _checksum(name) for name in CHECKSUM_ALGORITHMS},
    "storage class `STANDARD_IA`": _kept("StorageClass", "STANDARD_IA", StorageClass="STANDARD_IA"),
    "metadata": _kept("Metadata", {"colour": "red"}, Metadata={"colour": "red"}),
    "tags of a new object": _kept("TagCount", 1, Tagging="a=1"),
    "a redirect of a website": _kept("WebsiteRedirectLocation", "/b", WebsiteRedirectLocation="/b"),
    "ACL `public-read` of a new object": _public_read,
    "the expected owner of a bucket": _expected_owner,
    "`If-Match` of a put": _guarded("put_object", IfMatch='"no"'),
    "`If-None-Match: *` of a put": _guarded("put_object", IfNoneMatch="*"),
    "`If-Match` of a delete": _guarded("delete_object", IfMatch='"no"'),
    "`If-Match` of a get": _guarded("get_object", IfMatch='"no"'),
    "a range": _range,
    "a part by its number": _part_number,
    "headers of the response": _override,
    "a presigned URL": _presigned,
    FORM: _form,
}
"""The checks by feature."""
