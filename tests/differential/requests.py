"""One request of the differential test, and what a server said to it, without what differs between any two servers."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Any, Final

import msgspec
from botocore.exceptions import ClientError, ParamValidationError

HEADERS: Final = (
    "cache-control",
    "content-disposition",
    "content-encoding",
    "content-language",
    "content-length",
    "content-range",
    "content-type",
    "etag",
    "x-amz-copy-source-version-id",
    "x-amz-delete-marker",
    "x-amz-expiration",
    "x-amz-meta-colour",
    "x-amz-mp-parts-count",
    "x-amz-object-lock-legal-hold",
    "x-amz-object-lock-mode",
    "x-amz-object-lock-retain-until-date",
    "x-amz-server-side-encryption",
    "x-amz-server-side-encryption-customer-algorithm",
    "x-amz-server-side-encryption-customer-key-md5",
    "x-amz-storage-class",
    "x-amz-tagging-count",
    "x-amz-version-id",
    "x-amz-website-redirect-location",
)
"""The headers that are compared, besides the checksums."""

_CHECKSUM: Final = "x-amz-checksum-"
_IGNORED: Final = frozenset(
    {
        "ResponseMetadata",
        "AcceptRanges",
        "Name",
        "Owner",
        "ID",
        "Initiator",
        "HostId",
        "RequestId",
        "Resource",
        "Location",
        "LastModified",
        "Initiated",
        "CreationDate",
        "Marker",
        "MaxKeys",
        "MaxUploads",
        "DisplayName",
        "Message",
    }
)
"""What every server writes in a way of its own."""

_FROM_HEADERS: Final = frozenset(
    {
        "AcceptRanges",
        "CacheControl",
        "ContentDisposition",
        "ContentEncoding",
        "ContentLanguage",
        "ContentLength",
        "ContentRange",
        "ContentType",
        "CopySourceVersionId",
        "Expiration",
        "Metadata",
        "ObjectLockLegalHoldStatus",
        "ObjectLockMode",
        "ObjectLockRetainUntilDate",
        "PartsCount",
        "SSECustomerAlgorithm",
        "SSECustomerKeyMD5",
        "ServerSideEncryption",
        "TagCount",
    }
)
"""What boto3 reads from headers, which are compared by themselves."""

_NAMES: Final = frozenset(
    {
        "VersionId",
        "DeleteMarkerVersionId",
        "CopySourceVersionId",
        "VersionIdMarker",
        "NextVersionIdMarker",
        "UploadId",
        "NextContinuationToken",
        "NextMarker",
        "NextUploadIdMarker",
    }
)
"""Ids and places in a listing, which each server makes up."""


class Said(msgspec.Struct, frozen=True):
    """What a server said: field by field, such as ``status``, ``header etag`` or ``body Versions.0.Key``."""

    fields: Mapping[str, str]

    @property
    def is_missing(self) -> bool:
        """Whether the server has not got what was asked for."""
        return self.fields["status"] == "501" or self.fields["code"] in {"NotImplemented", "MethodNotAllowed"}


class Session:
    """A client of one server, and what it has seen: ids that it keeps have names."""

    def __init__(self, client: Any, bucket: str) -> None:
        self.client = client
        self.bucket = bucket
        self.kept: dict[str, Any] = {}

    def ask(self, request: Callable[[Session], Any]) -> Said:
        """Makes a request and says what came."""
        try:
            response = request(self)
        except ClientError as error:
            response = error.response
        except ParamValidationError as error:
            return Said({"status": "not sent", "code": type(error).__name__})
        except KeyError as error:
            # An earlier request, whose id is needed, did not succeed.
            return Said({"status": "not sent", "code": f"needs {error}"})
        metadata = response["ResponseMetadata"]
        fields = {"status": str(metadata["HTTPStatusCode"]), "code": response.get("Error", {}).get("Code", "")}
        for name, value in metadata["HTTPHeaders"].items():
            if name in HEADERS or name.startswith(_CHECKSUM):
                fields[f"header {name}"] = self._named(value) if name.endswith("version-id") else value
        if "ContentLength" not in response:
            # A document, not an object: its length and the spelling of its type are the server's own.
            fields.pop("header content-length", None)
            fields.pop("header content-type", None)
        if fields["code"]:
            fields.pop("header etag", None)
        else:
            fields.update(self._body(response))
        return Said(fields)

    def _body(self, response: dict[str, Any]) -> dict[str, str]:
        headers = response["ResponseMetadata"]["HTTPHeaders"]
        read = {"VersionId": "x-amz-version-id", "DeleteMarker": "x-amz-delete-marker"}
        told = _IGNORED | _FROM_HEADERS | {name for name, header in read.items() if header in headers}
        body = {name: value for name, value in response.items() if name not in told}
        if hasattr(body.get("Body"), "read"):
            body["Body"] = body["Body"].read()
        return {f"body {place}": text for place, text in self._flat(body, "")}

    def _flat(self, value: Any, place: str) -> Iterator[tuple[str, str]]:
        if isinstance(value, dict):
            for name, member in value.items():
                if name in _NAMES:
                    yield f"{place}{name}", self._named(member)
                elif name == "TagSet":
                    # Tags have no order.
                    yield from self._flat(sorted(member, key=lambda tag: tag["Key"]), f"{place}{name}.")
                elif name not in _IGNORED:
                    yield from self._flat(member, f"{place}{name}.")
        elif isinstance(value, list):
            for number, member in enumerate(value):
                yield from self._flat(member, f"{place}{number}.")
        elif isinstance(value, datetime):
            yield place.rstrip("."), value.strftime("%Y-%m-%d")
        else:
            yield place.rstrip("."), re.sub(re.escape(self.bucket), "BUCKET", str(value))

    def _named(self, value: str) -> str:
        names = [name for name, found in self.kept.items() if found == value]
        return names[0] if names else value if value in {"", "null"} else "some"


class Request(msgspec.Struct, frozen=True):
    """A request by its name."""

    name: str
    make: Callable[[Session], Any]


def call(operation: str, **arguments: Any) -> Callable[[Session], Any]:
    """Makes a call of boto3 about the scenario's bucket; arguments that can be called are asked for their value."""

    def make(session: Session) -> Any:
        given = {name: value(session) if callable(value) else value for name, value in arguments.items()}
        return getattr(session.client, operation)(**{"Bucket": session.bucket, **given})

    return make


def keeping(name: str, operation: str, field: str, **arguments: Any) -> Callable[[Session], Any]:
    """Makes a call like `call`, and keeps a field of its response under a name."""
    make = call(operation, **arguments)

    def make_and_keep(session: Session) -> Any:
        response = make(session)
        session.kept[name] = response[field]
        return response

    return make_and_keep


def kept(name: str) -> Callable[[Session], Any]:
    """Gives what was kept under a name."""
    return lambda session: session.kept[name]


def source(key: str, version: str | None = None) -> Callable[[Session], Any]:
    """Gives the source of a copy: a key in the scenario's bucket, and a version that was kept."""

    def give(session: Session) -> dict[str, str]:
        found = {"Bucket": session.bucket, "Key": key}
        return found if version is None else {**found, "VersionId": session.kept[version]}

    return give
