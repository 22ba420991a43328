"""A typed client of bucketry's REST API, sync and async; the driver for ``http://`` and ``https://`` is made of it."""

from __future__ import annotations

from bucketry_client.bodies import FormFile, Source
from bucketry_client.client import AsyncClient, Client
from bucketry_client.downloads import AsyncDownload, Download
from bucketry_client.driver import HttpDriver, HttpsDriver
from bucketry_client.errors import ResponseError
from bucketry_client.exchange import Trying
from bucketry_client.sending import Connecting
from bucketry_client.settings import HttpSettings, HttpsSettings
from bucketry_client.tokens import Token, token_from_environment
from bucketry_client.views import (
    BatchDeleted,
    BucketDetail,
    BucketSummary,
    Health,
    KeyFailure,
    ListedObject,
    ListedObjects,
    ListedVersion,
    ListedVersions,
    Problem,
    StorageStatus,
    StoreAvailability,
    UsageFacts,
    Whoami,
)

__all__ = [
    "AsyncClient",
    "AsyncDownload",
    "BatchDeleted",
    "BucketDetail",
    "BucketSummary",
    "Client",
    "Connecting",
    "Download",
    "FormFile",
    "Health",
    "HttpDriver",
    "HttpSettings",
    "HttpsDriver",
    "HttpsSettings",
    "KeyFailure",
    "ListedObject",
    "ListedObjects",
    "ListedVersion",
    "ListedVersions",
    "Problem",
    "ResponseError",
    "Source",
    "StorageStatus",
    "StoreAvailability",
    "Token",
    "Trying",
    "UsageFacts",
    "Whoami",
    "token_from_environment",
]
