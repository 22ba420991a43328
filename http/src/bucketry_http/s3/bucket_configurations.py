"""Settings of a bucket with several configurations, which clients get, put, delete and list by their ids.

Source: S3 API reference, the actions on inventory, analytics, metrics and intelligent-tiering configurations.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterable
from typing import cast

import msgspec
from bucketry.bucket_settings import Configuration, ConfigurationSettings
from bucketry.documents import OF_CONFIGURATIONS, ConfigurationDocument, read_configuration, write_configuration
from bucketry.s3 import MAX_CONFIGURATIONS, MAX_CONFIGURATIONS_PAGE

from bucketry_http.s3.bucket_settings import current_settings, is_stored, missing, read_body
from bucketry_http.s3.errors import S3Error, invalid_argument, not_implemented
from bucketry_http.s3.request import Endpoint, S3Request
from bucketry_http.s3.response import Response, empty_response, xml_response
from bucketry_http.s3.xml import document as xml_document
from bucketry_http.s3.xml import element, optional, settings_document, written
from bucketry_http.s3.xml_reading import read_any_xml


async def get_configurations(endpoint: Endpoint, request: S3Request) -> Response:
    """Gets one configuration, or a page of all of them."""
    document = _document(endpoint, request)
    settings = await _current(endpoint, request, document)
    if "id" not in request.query:
        return _list(document, settings.configurations, request.query.get("continuation-token", ""))
    found = [one for one in settings.configurations if one.id == request.query["id"]]
    if not found:
        raise _not_found(document)
    return xml_response(settings_document(write_configuration(found[0])))


async def put_configuration(endpoint: Endpoint, request: S3Request) -> Response:
    """Puts one configuration."""
    document, wanted = _document(endpoint, request), _id_in(request)
    body = await read_body(endpoint, document, request)
    root = await read_any_xml(endpoint.settings, body, document.max_elements)
    configuration = read_configuration(root.as_element(), document.entry)
    if configuration.id != wanted:
        raise S3Error("IdMismatch", "Document ID does not match the specified configuration ID.")
    async with endpoint.settings_lock:
        settings = await _current(endpoint, request, document)
        kept = [one for one in settings.configurations if one.id != wanted]
        if len(kept) >= MAX_CONFIGURATIONS:
            raise S3Error("TooManyConfigurations")
        await _replace(endpoint, request, settings, [*kept, configuration])
    return empty_response(200)


async def delete_configuration(endpoint: Endpoint, request: S3Request) -> Response:
    """Deletes one configuration."""
    document, wanted = _document(endpoint, request), _id_in(request)
    async with endpoint.settings_lock:
        settings = await _current(endpoint, request, document)
        kept = [one for one in settings.configurations if one.id != wanted]
        if len(kept) == len(settings.configurations):
            raise _not_found(document)
        await _replace(endpoint, request, settings, kept)
    return empty_response()


async def _current(endpoint: Endpoint, request: S3Request, document: ConfigurationDocument) -> ConfigurationSettings:
    return cast("ConfigurationSettings", await current_settings(endpoint, request.bucket, document.kind))


async def _replace(
    endpoint: Endpoint, request: S3Request, settings: ConfigurationSettings, configurations: list[Configuration]
) -> None:
    """Stores the configurations in the order of their ids, in which they are listed."""
    calls, store = endpoint.calls, endpoint.store
    if not configurations:
        await calls.call(store.delete_bucket_settings, request.bucket, type(settings))
        return
    configurations.sort(key=lambda one: one.id)
    changed = msgspec.structs.replace(settings, configurations=tuple(configurations))
    await calls.bulk_call(len(configurations), store.put_bucket_settings, request.bucket, changed)


def _list(document: ConfigurationDocument, configurations: Iterable[Configuration], token: str) -> Response:
    after = _id_in_token(token) if token else ""
    rest = [one for one in sorted(configurations, key=lambda one: one.id) if one.id > after]
    page = rest[:MAX_CONFIGURATIONS_PAGE]
    more = len(rest) > len(page)
    content = "".join(written(write_configuration(one)) for one in page)
    content += element("IsTruncated", str(more).lower()) + optional("ContinuationToken", token)
    if more:
        content += element("NextContinuationToken", base64.urlsafe_b64encode(page[-1].id.encode()).decode())
    return xml_response(xml_document(document.listing, content))


def _id_in_token(token: str) -> str:
    try:
        return base64.b64decode(token, altchars=b"-_", validate=True).decode()
    except (binascii.Error, ValueError):
        raise invalid_argument("continuation-token", token, "The continuation token provided is incorrect") from None


def _document(endpoint: Endpoint, request: S3Request) -> ConfigurationDocument:
    """Returns the document that a request is about.

    Raises:
        S3Error: The driver does not declare the kind.
    """
    document = next(OF_CONFIGURATIONS[name] for name in request.query if name in OF_CONFIGURATIONS)
    if not is_stored(endpoint, document.kind):
        raise not_implemented(document.subresource)
    return document


def _id_in(request: S3Request) -> str:
    wanted = request.query.get("id", "")
    if not wanted:
        raise invalid_argument("id", "", "Missing required parameter: id")
    return wanted


def _not_found(document: ConfigurationDocument) -> S3Error:
    return missing(*document.missing)
