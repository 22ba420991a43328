"""DeleteObject and DeleteObjects."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from bucketry import BucketryError, DeleteOptions, InvalidKey, NoSuchBucket, Store
from bucketry.s3 import MAX_PAGE, NULL_VERSION

from bucketry_http.s3.body import S3Body
from bucketry_http.s3.conditions import write_conditions
from bucketry_http.s3.errors import CODE_OF, ERRORS, S3Error, not_implemented, translated
from bucketry_http.s3.request import Endpoint, S3Request
from bucketry_http.s3.response import Response, empty_response, xml_response
from bucketry_http.s3.xml import Node, document, element, malformed, optional, read_xml

_MAX_DELETE_ELEMENTS: Final = 8 * MAX_PAGE
"""Most elements of DeleteObjects. Each object has up to six: itself, key, version, etag, time and size."""

_S3_CODES = {kind.code: code for kind, code in CODE_OF.items()}
"""S3's codes by the codes of the contract."""

_INTERNAL = "InternalError"


async def delete_object(endpoint: Endpoint, request: S3Request) -> Response:
    """DeleteObject. It succeeds also if there is no such object."""
    conditions = await write_conditions(endpoint, request)
    if conditions.get("if_none_match"):
        raise not_implemented("If-None-Match of a delete")
    if_match = conditions.get("if_match")
    if if_match is None:
        await endpoint.calls.call(endpoint.store.delete_object, request.bucket, request.key)
    else:
        options = DeleteOptions(if_match=if_match)
        await endpoint.calls.call(endpoint.store.delete_object, request.bucket, request.key, options)
    return empty_response()


async def delete_objects(endpoint: Endpoint, request: S3Request) -> Response:
    """DeleteObjects: up to 1,000 keys, each with its own result."""
    body = S3Body(request)
    if not body.has_digest:
        # S3 wants a digest also of signed bodies, since a damaged list deletes other objects (S3 API reference,
        # DeleteObjects).
        raise S3Error("InvalidRequest", "Missing required header for this request: Content-MD5 OR x-amz-checksum-*")
    root = await read_xml(await body.read(endpoint.settings.max_xml_bytes), "Delete", most=_MAX_DELETE_ELEMENTS)
    quiet = (root.text_of("Quiet") or "").strip().lower() == "true"
    batch = _Batch(endpoint.store, request.bucket)
    objects = await endpoint.calls.bulk_call(len(root), _listed_objects, root)
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
    """Deletes many objects."""

    def __init__(self, store: Store, bucket: str) -> None:
        self._store = store
        self._bucket = bucket
        self._deleted: list[str] = []
        self._failed: list[tuple[str, str, str, str]] = []
        self._by_version: set[str] = set()

    def run(self, objects: Iterable[Node]) -> None:
        """Deletes the objects without a condition in one call, and the others one by one.

        Raises:
            BucketryError: Nothing could be deleted.
        """
        plain: list[str] = []
        for entry in objects:
            key = entry.required("Key")
            version_id = entry.text_of("VersionId") or ""
            if version_id not in {"", NULL_VERSION}:
                self._fail(key, S3Error("NoSuchVersion"), version_id)
                continue
            if version_id:
                self._by_version.add(key)
            if all(child.name in {"Key", "VersionId"} for child in entry.children()):
                plain.append(key)
            else:
                self._delete_if(entry)
        if plain:
            self._delete(plain)

    def _delete(self, keys: list[str]) -> None:
        try:
            result = self._store.delete_objects(self._bucket, keys)
        except InvalidKey:
            # The store refuses a whole batch if a key is not valid. The other keys must still be deleted.
            for key in keys:
                self._delete_one(key, DeleteOptions())
            return
        self._deleted += result.deleted_keys
        for each in result.failed:
            code = _S3_CODES.get(each.code, _INTERNAL)
            # Without an S3 code, the message is the backend's own and not for clients.
            message = ERRORS[code][1] if code == _INTERNAL else each.message
            self._failed.append((each.key, self._version_of(each.key), code, message))

    def _delete_if(self, entry: Node) -> None:
        key, etag = entry.required("Key"), entry.text_of("ETag")
        if etag is None or any(child.name not in {"Key", "VersionId", "ETag"} for child in entry.children()):
            self._fail(key, not_implemented("this condition of a delete"))
            return
        self._delete_one(key, DeleteOptions(if_match=etag))

    def _delete_one(self, key: str, options: DeleteOptions) -> None:
        try:
            self._store.delete_object(self._bucket, key, options)
        except NoSuchBucket:
            raise
        except BucketryError as error:
            self._fail(key, translated(error))
        else:
            self._deleted.append(key)

    def _fail(self, key: str, error: S3Error, version_id: str | None = None) -> None:
        shown = self._version_of(key) if version_id is None else version_id
        self._failed.append((key, shown, error.s3_code, error.message))

    def written_deleted(self) -> str:
        """Returns the elements of the deleted keys."""
        return "".join(f"<Deleted>{_key_elements(key, self._version_of(key))}</Deleted>" for key in self._deleted)

    def written_failed(self) -> str:
        """Returns the elements of the keys that could not be deleted."""
        return "".join(
            f"<Error>{_key_elements(key, version_id)}{element('Code', code)}{element('Message', message)}</Error>"
            for key, version_id, code, message in self._failed
        )

    def _version_of(self, key: str) -> str:
        return NULL_VERSION if key in self._by_version else ""


def _key_elements(key: str, version_id: str) -> str:
    return element("Key", key) + optional("VersionId", version_id)
