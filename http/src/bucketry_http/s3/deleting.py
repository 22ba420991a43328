"""DeleteObject and DeleteObjects."""

from __future__ import annotations

from collections.abc import Iterable

from bucketry import BucketryError, DeleteOptions, InvalidKey, NoSuchBucket, Store
from bucketry.options import MAX_KEY_BYTES, MAX_PAGE

from bucketry_http.s3.answers import Answer, no_content, xml_answer
from bucketry_http.s3.endpoint import Endpoint
from bucketry_http.s3.errors import CODE_OF, S3Error, not_implemented, translated
from bucketry_http.s3.payload import Payload
from bucketry_http.s3.request import S3Request
from bucketry_http.s3.writing import write_conditions
from bucketry_http.s3.xml import document, element
from bucketry_http.s3.xml_reading import Node, malformed, read_xml

_S3_CODES = {kind.code: code for kind, code in CODE_OF.items()}
"""S3's codes by the contract's."""


async def delete_object(endpoint: Endpoint, request: S3Request) -> Answer:
    """DeleteObject; that there is no such object is no error."""
    conditions = await write_conditions(endpoint, request)
    if conditions.get("if_none_match"):
        raise not_implemented("If-None-Match of a delete")
    if_match = conditions.get("if_match")
    if if_match is None:
        await endpoint.calls.call(endpoint.store.delete_object, request.bucket, request.key)
    else:
        options = DeleteOptions(if_match=if_match)
        await endpoint.calls.call(endpoint.store.delete_object, request.bucket, request.key, options)
    return no_content()


async def delete_objects(endpoint: Endpoint, request: S3Request) -> Answer:
    """DeleteObjects: up to 1,000 keys, each with its own outcome."""
    payload = Payload(request)
    if not payload.is_vouched_for:
        # As S3 asks for it (S3 API reference, DeleteObjects), since a damaged list deletes other objects.
        raise S3Error(
            "InvalidRequest",
            "Missing required header for this request: Content-MD5 OR x-amz-checksum-*, or sign the body.",
        )
    root = await read_xml(await payload.read(endpoint.settings.max_xml_bytes), "Delete")
    root.only("Object", "Quiet")
    quiet = (root.text_of("Quiet") or "").strip().lower() == "true"
    batch = _Batch(endpoint.store, request.bucket)
    await endpoint.calls.call(batch.run, _objects(root))
    deleted = "" if quiet else "".join(f"<Deleted>{element('Key', key)}</Deleted>" for key in batch.deleted)
    failed = "".join(
        f"<Error>{element('Key', key)}{element('Code', code)}{element('Message', message)}</Error>"
        for key, code, message in batch.failed
    )
    return xml_answer(document("DeleteResult", deleted + failed))


def _objects(root: Node) -> list[Node]:
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
        self.deleted: list[str] = []
        self.failed: list[tuple[str, str, str]] = []

    def run(self, objects: Iterable[Node]) -> None:
        """Deletes those without a condition in one call, and the others one by one.

        Raises:
            BucketryError: Nothing could be deleted.
        """
        plain: list[str] = []
        for entry in objects:
            if all(child.name in {"Key", "VersionId"} for child in entry.children()):
                if entry.text_of("VersionId") in {None, "", "null"}:
                    plain.append(entry.required("Key"))
                else:
                    self._fail(entry.required("Key"), S3Error("NoSuchVersion"))
            else:
                self._delete_if(entry)
        if plain:
            self._delete(plain)

    def _delete(self, keys: list[str]) -> None:
        try:
            result = self._store.delete_objects(self._bucket, keys)
        except InvalidKey:
            # The store refuses a batch with a key that no object can have; the others are still to be deleted.
            for key in keys:
                self._delete_one(key, DeleteOptions())
            return
        self.deleted += result.deleted
        self.failed += [(each.key, _S3_CODES.get(each.code, "InternalError"), each.message) for each in result.failed]

    def _delete_if(self, entry: Node) -> None:
        key, etag = entry.required("Key"), entry.text_of("ETag")
        if etag is None or any(child.name not in {"Key", "VersionId", "ETag"} for child in entry.children()):
            self._fail(key, not_implemented("this condition of a delete"))
            return
        self._delete_one(key, DeleteOptions(if_match=etag))

    def _delete_one(self, key: str, options: DeleteOptions) -> None:
        if len(key.encode()) > MAX_KEY_BYTES:
            self._fail(key, S3Error("KeyTooLongError"))
            return
        try:
            self._store.delete_object(self._bucket, key, options)
        except NoSuchBucket:
            raise
        except BucketryError as error:
            self._fail(key, translated(error))
        else:
            self.deleted.append(key)

    def _fail(self, key: str, error: S3Error) -> None:
        self.failed.append((key, error.s3_code, error.message))
