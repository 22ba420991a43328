"""DeleteObject and DeleteObjects."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from bucketry import (
    BatchDeleteOptions,
    BucketryError,
    DeletedObject,
    DeleteOptions,
    InvalidArgument,
    NoSuchBucket,
    ObjectToDelete,
)
from bucketry.s3 import MAX_PAGE, NULL_VERSION

from bucketry_http.s3.body import S3Body
from bucketry_http.s3.conditions import write_conditions
from bucketry_http.s3.delete_conditions import entry_conditions, header_conditions
from bucketry_http.s3.errors import CODE_OF, ERRORS, S3Error, not_implemented, translated
from bucketry_http.s3.request import Endpoint, S3Request, known_version
from bucketry_http.s3.response import Response, empty_response, xml_response
from bucketry_http.s3.response_headers import version_id_header
from bucketry_http.s3.xml import document, element, optional
from bucketry_http.s3.xml_reading import Node, malformed, read_xml
from bucketry_http.shared.headers import DELETE_MARKER

_MAX_DELETE_ELEMENTS: Final = 8 * MAX_PAGE
"""Most elements of DeleteObjects. Each object has up to six: itself, key, version, etag, time and size."""

_ELEMENTS: Final = frozenset({"Key", "VersionId", "ETag", "LastModifiedTime", "Size"})
"""The elements of one object of DeleteObjects."""

_S3_CODES = {kind.code: code for kind, code in CODE_OF.items()}
"""S3's codes by the codes of the contract."""

_INTERNAL = "InternalError"
_NO_VERSION = "NoSuchVersion"
"""In a batch, S3 has this code for malformed ids, too."""


async def delete_object(endpoint: Endpoint, request: S3Request) -> Response:
    """DeleteObject. It succeeds also if there is no such object."""
    if "if-none-match" in request.headers:
        raise not_implemented("If-None-Match of a delete")
    conditions = await write_conditions(endpoint, request)
    named: dict[str, Any] = {**request.options}
    if conditions.get("if_match") is not None:
        if request.version_id is not None:
            # S3 user guide, "How to perform conditional deletes": it is about the latest version.
            raise not_implemented("If-Match of a delete that names a version")
        named["if_match"] = conditions["if_match"]
    if request.version_id is not None:
        named["version_id"] = request.version_id
    place = request.bucket, request.key
    also = header_conditions(request.headers)
    named = {**await endpoint.calls.call(also.options, endpoint, *place, request.version_id), **named}
    delete = endpoint.store.delete_object
    deleted = await endpoint.calls.call(delete, *place, *([DeleteOptions(**named)] if named else ()))
    headers = [] if deleted.version_id is None else [version_id_header(deleted.version_id)]
    if deleted.delete_marker:
        headers.append((DELETE_MARKER.encode(), b"true"))
    return empty_response(204, headers)


async def delete_objects(endpoint: Endpoint, request: S3Request) -> Response:
    """DeleteObjects: up to 1,000 keys, each with its own result."""
    body = S3Body(request)
    if not body.has_digest:
        # S3 wants a digest also of signed bodies, since a damaged list deletes other objects (S3 API reference,
        # DeleteObjects).
        raise S3Error("InvalidRequest", "Missing required header for this request: Content-MD5 OR x-amz-checksum-*")
    content = await body.read(endpoint.settings.max_list_bytes)
    root = await read_xml(endpoint.settings, content, "Delete", most=_MAX_DELETE_ELEMENTS)
    quiet = (root.text_of("Quiet") or "").strip().lower() == "true"
    batch = _Batch(endpoint, request)
    objects = await endpoint.calls.bulk_call(len(root), _listed_objects, root)
    if request.record is not None:
        request.record.keys = [entry.required("Key") for entry in objects]
    await endpoint.calls.bulk_call(len(objects), batch.run, objects)
    return xml_response(document("DeleteResult", ("" if quiet else batch.written_deleted()) + batch.written_failed()))


def _listed_objects(root: Node) -> list[Node]:
    root.only("Object", "Quiet")
    objects = list(root.children("Object"))
    if not 1 <= len(objects) <= MAX_PAGE:
        raise malformed(f"Delete has 1 to {MAX_PAGE} elements Object")
    for entry in objects:
        entry.required("Key")
    return objects


class _Batch:
    """Deletes many objects and versions."""

    def __init__(self, endpoint: Endpoint, request: S3Request) -> None:
        self._endpoint = endpoint
        self._store = endpoint.store
        self._bucket = request.bucket
        self._options = request.options
        self._may_delete = request.may_delete
        self._deleted: list[DeletedObject] = []
        self._failed: list[tuple[str, str | None, str, str]] = []
        self._by_version: set[str] = set()

    def run(self, objects: Iterable[Node]) -> None:
        """Deletes the entries without a condition in one call, and the others one by one.

        Raises:
            BucketryError: Nothing could be deleted.
        """
        plain: list[ObjectToDelete] = []
        for entry in objects:
            key, version_id = entry.required("Key"), entry.text_of("VersionId") or None
            if self._may_delete is not None and not self._may_delete(key, version_id):
                self._fail(ObjectToDelete(key, version_id), S3Error("AccessDenied"))
                continue
            try:
                wanted = ObjectToDelete(key, self._known(key, version_id))
            except S3Error:
                self._fail(ObjectToDelete(key, version_id), S3Error(_NO_VERSION))
                continue
            if all(child.name in {"Key", "VersionId"} for child in entry.children()):
                plain.append(wanted)
            else:
                self._delete_if(wanted, entry)
        if plain:
            self._delete(plain)

    def _known(self, key: str, version_id: str | None) -> str | None:
        """Returns the version of an entry as the store gets it."""
        if version_id is None:
            return None
        known = known_version(self._endpoint, version_id)
        if known is None:
            # The store has no versions, and the client wants to see the one that it named.
            self._by_version.add(key)
        return known

    def _delete(self, entries: list[ObjectToDelete]) -> None:
        try:
            result = self._store.delete_objects(self._bucket, entries, BatchDeleteOptions(**self._options))
        except InvalidArgument:
            # The store refuses a whole batch if a key or a version is not valid. The others must still be deleted.
            for entry in entries:
                self._delete_one(entry)
            return
        self._deleted += result.deleted
        for each in result.failed:
            if each.version_id is not None and each.code == InvalidArgument.code:
                self._fail(ObjectToDelete(each.key, each.version_id), S3Error(_NO_VERSION))
                continue
            code = _S3_CODES.get(each.code, _INTERNAL)
            # Without an S3 code, the message is the backend's own and not for clients.
            message = ERRORS[code][1] if code == _INTERNAL else each.message
            self._failed.append((each.key, self._shown(each.key, each.version_id), code, message))

    def _delete_if(self, wanted: ObjectToDelete, entry: Node) -> None:
        if any(child.name not in _ELEMENTS for child in entry.children()):
            self._fail(wanted, not_implemented("this condition of a delete"))
            return
        etag = entry.text_of("ETag")
        try:
            named = entry_conditions(entry).options(self._endpoint, self._bucket, wanted.key, wanted.version_id)
        except NoSuchBucket:
            raise
        except (S3Error, BucketryError) as error:
            self._fail(wanted, translated(error))
            return
        self._delete_one(wanted, **(named if etag is None else {**named, "if_match": etag}))

    def _delete_one(self, wanted: ObjectToDelete, **conditions: Any) -> None:
        options = DeleteOptions(version_id=wanted.version_id, **conditions, **self._options)
        try:
            deleted = self._store.delete_object(self._bucket, wanted.key, options)
        except NoSuchBucket:
            raise
        except BucketryError as error:
            malformed_version = isinstance(error, InvalidArgument) and error.field == "version_id"
            self._fail(wanted, S3Error(_NO_VERSION) if malformed_version else translated(error))
        else:
            marker = deleted.version_id if deleted.delete_marker else None
            self._deleted.append(DeletedObject(wanted.key, wanted.version_id, deleted.delete_marker, marker))

    def _fail(self, entry: ObjectToDelete, error: S3Error) -> None:
        self._failed.append((entry.key, self._shown(entry.key, entry.version_id), error.s3_code, error.message))

    def written_deleted(self) -> str:
        """Returns the elements of the deleted entries."""
        return "".join(
            f"<Deleted>{_key_elements(entry.key, self._shown(entry.key, entry.version_id))}"
            f"{_marker_elements(entry)}</Deleted>"
            for entry in self._deleted
        )

    def written_failed(self) -> str:
        """Returns the elements of the entries that could not be deleted."""
        return "".join(
            f"<Error>{_key_elements(key, version_id)}{element('Code', code)}{element('Message', message)}</Error>"
            for key, version_id, code, message in self._failed
        )

    def _shown(self, key: str, version_id: str | None) -> str | None:
        return NULL_VERSION if version_id is None and key in self._by_version else version_id


def _key_elements(key: str, version_id: str | None) -> str:
    return element("Key", key) + optional("VersionId", version_id)


def _marker_elements(entry: DeletedObject) -> str:
    if not entry.delete_marker:
        return ""
    return f"<DeleteMarker>true</DeleteMarker>{optional('DeleteMarkerVersionId', entry.delete_marker_version_id)}"
