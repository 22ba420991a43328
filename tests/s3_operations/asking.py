"""Asks a server for each operation and feature of S3, and says in one word what it did."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final
from uuid import uuid4

import msgspec
from botocore.exceptions import BotoCoreError, ClientError
from bucketry.bucket_settings import STORED_ONLY
from bucketry.documents import BY_SUBRESOURCE, OF_CONFIGURATIONS
from bucketry_http.s3 import operations, routing

from tests.s3_operations.asked import CONTENT, KEY, REQUESTS, Place
from tests.s3_operations.features import FEATURES

EXECUTED: Final = "executed"
STORED: Final = "stored"
CONSTANT: Final = "constant"
REFUSED: Final = "refused"
MISTAKEN: Final = "**mistaken**"
IGNORED: Final = "**ignored**"
FAILS: Final = "**fails**"

_MISSING: Final = frozenset({"NotImplemented", "MethodNotAllowed"})
"""Codes that say that a server has not got an operation. Other codes are told with the word."""

_WRITERS: Final = frozenset({"PutObject", "CopyObject", "CompleteMultipartUpload", "DeleteObject", "DeleteObjects"})
"""Operations that make or delete versions of objects."""

_VERBS: Final = ("Put", "Get", "Delete", "List")

_BOTOCORE: Final = {"DeleteBucketLifecycleConfiguration": "DeleteBucketLifecycle"}
"""botocore's names that are not those of the S3 API reference's other operations of the same kind."""

KINDS: Final = {
    subresource: name.removeprefix("Put")
    for (method, subresource), name in operations.BUCKET.items()
    if method == "PUT" and subresource not in {"", "policyStatus"}
}
"""The names of kinds of settings by sub-resource."""

OURS: Final = frozenset(
    _BOTOCORE.get(each.name, each.name) for routes in routing.all_routes() for each in routes.values()
) | {f"List{KINDS[subresource]}s" for subresource in OF_CONFIGURATIONS}
"""The operations that our port has."""


class Server(msgspec.Struct, frozen=True):
    """A server that is asked.

    Attributes:
        client: boto3's client of S3.
        target: The ARN of a destination for events.
        executes: Kinds of settings, by sub-resource, that it carries out although our port only stores them.
        ends_by: Features that end its process.
    """

    client: Any
    target: str
    executes: frozenset[str] = frozenset()
    ends_by: frozenset[str] = frozenset()


class Told(msgspec.Struct):
    """What a server did, by operation and by feature."""

    operations: dict[str, str]
    features: dict[str, str]


def ask(server: Server) -> Told:
    """Asks for everything once."""
    place = _place(server)
    told = {name: _operation(server.client, place, name) for name in REQUESTS}
    told.update(_of_settings(told, server.executes))
    told.update(_without_a_put(told))
    return Told(dict(sorted(told.items())), _features(server, place))


def _place(server: Server) -> Place:
    client, bucket = server.client, f"bucketry-operations-{uuid4().hex[:8]}"
    client.create_bucket(Bucket=bucket, ObjectLockEnabledForBucket=True)
    client.create_bucket(Bucket=f"{bucket}-plain")
    client.put_object(Bucket=bucket, Key=KEY, Body=CONTENT)
    first, other = (client.create_multipart_upload(Bucket=bucket, Key=KEY)["UploadId"] for _ in range(2))
    part = client.upload_part(Bucket=bucket, Key=KEY, UploadId=first, PartNumber=1, Body=CONTENT)["ETag"]
    owner = client.get_bucket_acl(Bucket=bucket)["Owner"]["ID"]
    return Place(bucket, f"{bucket}-plain", owner, server.target, first, other, part)


def _operation(client: Any, place: Place, name: str) -> str:
    method = {operation: method for method, operation in client.meta.method_to_api_mapping.items()}[name]
    before = _versions(client, place)
    try:
        with _listings(client) as listings:
            response = getattr(client, method)(**REQUESTS[name](place))
            shown = _shown(response)
    except ClientError as error:
        # A delete of settings has been taken for the bucket's.
        return MISTAKEN if error.response["Error"]["Code"] == "BucketNotEmpty" else _refusal(error)
    except BotoCoreError:
        # The response is the document of another operation.
        return MISTAKEN
    changed = name not in _WRITERS and _versions(client, place) != before
    listed = bool(listings) and not name.startswith("ListObjects")
    return MISTAKEN if changed or listed or _is_of_another(client, name, shown) else EXECUTED


@contextmanager
def _listings(client: Any) -> Iterator[list[str]]:
    """Collects the names of operations whose response is a listing of objects."""
    found: list[str] = []

    def note(http_response: Any, model: Any, **_: Any) -> None:
        if (
            not model.has_streaming_output
            and not model.has_event_stream_output
            and b"<ListBucketResult" in http_response.content
        ):
            found.append(model.name)

    client.meta.events.register("after-call.s3", note)
    try:
        yield found
    finally:
        client.meta.events.unregister("after-call.s3", note)


def _shown(response: dict[str, Any]) -> dict[str, Any]:
    """Returns the members of a response, with streams read to their ends."""
    shown = {name: value for name, value in response.items() if name != "ResponseMetadata"}
    for name, value in shown.items():
        if hasattr(value, "read"):
            shown[name] = value.read()
        elif name == "Payload":
            shown[name] = list(value)
    return shown


def _is_of_another(client: Any, name: str, shown: dict[str, Any]) -> bool:
    """Whether a response does not have what the operation asks for. Only known for operations that our port lacks."""
    if name in OURS:
        return False
    if name != "GetObject" and CONTENT in shown.values():
        return True
    output = client.meta.service_model.operation_model(name).output_shape
    return name.startswith(("Get", "List", "Select")) and output is not None and not any(shown.values())


def _versions(client: Any, place: Place) -> list[str]:
    response = client.list_object_versions(Bucket=place.bucket)
    entries = (*response.get("Versions", []), *response.get("DeleteMarkers", []))
    return sorted(entry["VersionId"] for entry in entries)


def _refusal(error: ClientError) -> str:
    code = error.response["Error"]["Code"]
    missing = code in _MISSING or error.response["ResponseMetadata"]["HTTPStatusCode"] in {405, 501}
    return REFUSED if missing else f"{REFUSED} (`{code}`)"


def _features(server: Server, place: Place) -> dict[str, str]:
    return {name: FAILS if name in server.ends_by else _feature(server.client, place, name) for name in FEATURES}


def _feature(client: Any, place: Place, name: str) -> str:
    try:
        return EXECUTED if FEATURES[name](client, place) else IGNORED
    except ClientError as error:
        return _refusal(error)


def _of_settings(told: Mapping[str, str], executes: frozenset[str]) -> Iterator[tuple[str, str]]:
    """Yields what the operations of a kind of settings are: those that succeed follow from its put."""
    for subresource, kind in KINDS.items():
        put = told.get(f"Put{kind}", REFUSED)
        document = BY_SUBRESOURCE.get(subresource)
        only_stored = document is not None and document.kind in STORED_ONLY and subresource not in executes
        word = CONSTANT if put != EXECUTED else STORED if only_stored else EXECUTED
        names = [f"{verb}{kind}{plural}" for verb in _VERBS for plural in ("", "s")]
        for operation in (_BOTOCORE.get(name, name) for name in names):
            if told.get(operation) == EXECUTED:
                yield operation, word


def _without_a_put(told: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Yields reads of what our port lacks, and a server did not store: the response is about something else."""
    for name, word in told.items():
        put = told.get(f"Put{name.removeprefix('Get')}", EXECUTED)
        if name not in OURS and name.startswith("Get") and word == EXECUTED != put:
            yield name, MISTAKEN
