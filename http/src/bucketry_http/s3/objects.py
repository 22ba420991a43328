"""Operations on objects: get, head, put, delete, attributes and tags."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

import bucketry as core
from bucketry import (
    AttributesOptions,
    BucketryError,
    DeleteOptions,
    HeadOptions,
    InvalidKey,
    NoSuchBucket,
    ObjectAttributes,
    ObjectInfo,
    PutOptions,
    Store,
)
from bucketry.ranges import unsatisfied_range
from bucketry.s3 import MAX_PAGE, MAX_PARTS, NULL_VERSION

from bucketry_http.s3.body import S3Body, sized_body
from bucketry_http.s3.checksums import BodyChecksum, checksum_elements, checksum_headers, is_asked_for
from bucketry_http.s3.errors import CODE_OF, ERRORS, S3Error, invalid_argument, not_implemented, translated
from bucketry_http.s3.headers import DEFAULT_TYPE, PLAIN, overridden, tags_by_key, written_headers, written_tags
from bucketry_http.s3.request import Endpoint, S3Request, number
from bucketry_http.s3.response import Response, empty_response, xml_response
from bucketry_http.s3.xml import MAX_DOCUMENT_BYTES, Node, document, element, malformed, optional, read_xml
from bucketry_http.shared import object_reading
from bucketry_http.shared.conditions import match_option, not_modified_headers
from bucketry_http.shared.headers import last_modified, object_headers
from bucketry_http.shared.object_reading import PARTIAL_CONTENT, ReadResult

_NO_CONDITIONS: Mapping[str, Any] = {}


async def get_object(endpoint: Endpoint, request: S3Request) -> Response:
    """GetObject."""
    part_number = _part_number(request)
    if part_number is not None and object_reading.requested_range(request.headers) is not None:
        raise S3Error("InvalidRequest", "Cannot specify both Range header and partNumber query parameter")
    try:
        found = await object_reading.open_object(
            endpoint.calls, request.bucket, request.key, request.headers, part_number=part_number
        )
    except core.NotModified as error:
        return Response(304, not_modified_headers(error.info))
    except core.InvalidRange as error:
        raise _unsatisfiable(request, error) from error
    try:
        return _response(request, found)
    except S3Error:
        await found.close()
        raise


async def head_object(endpoint: Endpoint, request: S3Request) -> Response:
    """HeadObject. S3 honours a range here; HTTP itself would not."""
    try:
        found = await object_reading.head_object(
            endpoint.calls, request.bucket, request.key, request.headers, _part_number(request), ranged=True
        )
    except core.NotModified as error:
        return Response(304, not_modified_headers(error.info))
    except core.InvalidRange as error:
        raise _unsatisfiable(request, error) from error
    return _response(request, found)


def _part_number(request: S3Request) -> int | None:
    if "partNumber" not in request.query:
        return None
    return number(request.query, "partNumber", 0, least=1, most=MAX_PARTS) or None


def _response(request: S3Request, found: ReadResult) -> Response:
    info = found.info
    headers = object_headers(info)
    if request.query:
        headers = overridden(headers, request.query, signed=request.is_signed)
    headers.append((b"content-length", b"%d" % found.length))
    if found.status == PARTIAL_CONTENT:
        headers.append((b"content-range", str(found.content_range).encode()))
    # Clients compare the checksum with what they get, so it has to be that of what is sent.
    if info.checksum is not None and is_asked_for(request.headers) and found.content_range == info.part_range:
        headers += checksum_headers(info.checksum)
    return Response(found.status, headers, found.body, found.reader)


def _unsatisfiable(request: S3Request, error: core.InvalidRange) -> S3Error:
    if "partNumber" in request.query:
        return S3Error("InvalidPartNumber")
    elements = {"RangeRequested": request.headers.get("range", "")[:100]}
    message = translated(error).message
    if error.size_bytes is None:
        return S3Error("InvalidRange", message, elements=elements)
    return S3Error(
        "InvalidRange",
        message,
        elements={**elements, "ActualObjectSize": str(error.size_bytes)},
        headers={"content-range": unsatisfied_range(error.size_bytes)},
    )


async def put_object(endpoint: Endpoint, request: S3Request) -> Response:
    """PutObject."""
    body, length = sized_body(request, endpoint.features.max_put_size)
    if request.headers.keys() <= PLAIN:
        # Such headers say nothing about the object but its type and its checksum.
        kept = {} if body.checksum is None else kept_checksum(endpoint, body.checksum)
        options = PutOptions(content_type=request.headers.get("content-type") or DEFAULT_TYPE, **kept)
    else:
        options = await put_options(endpoint, request, body.checksum)
    info = await endpoint.uploader.store(request.bucket, request.key, body, options, length)
    headers = [(b"content-length", b"0"), (b"etag", b'"%s"' % info.etag.encode())]
    if body.checksum is not None:
        headers += checksum_headers(body.checksum.value)
    return Response(200, headers)


async def put_options(endpoint: Endpoint, request: S3Request, checksum: BodyChecksum | None) -> PutOptions:
    """Returns the options that a put's headers give.

    Args:
        endpoint: The endpoint.
        request: The put.
        checksum: What came with the body; it is verified here, and kept by stores that keep checksums.

    Raises:
        S3Error: One is malformed or cannot be honoured.
    """
    fields: dict[str, Any] = written_headers(request.headers)
    if tags := written_tags(request.headers.get("x-amz-tagging")):
        fields["tags"] = tags
    fields.update(await write_conditions(endpoint, request))
    fields.update(kept_checksum(endpoint, checksum))
    return PutOptions(**fields)


def kept_checksum(endpoint: Endpoint, checksum: BodyChecksum | None) -> Mapping[str, Any]:
    """Returns the options that have the store keep a body's checksum, if it keeps checksums of this algorithm."""
    if checksum is None or checksum.algorithm not in endpoint.features.checksum_algorithms:
        return {}
    return checksum.leave_to_store()


async def write_conditions(endpoint: Endpoint, request: S3Request) -> Mapping[str, Any]:
    """Returns ``if_match`` and ``if_none_match`` as the contract's options have them.

    Source: S3 user guide, "Conditional writes".

    Raises:
        S3Error: ``If-None-Match`` is not ``*``, which is all that S3 takes for a write.
        InvalidArgument: A condition is malformed.
    """
    headers = request.headers
    if "if-match" not in headers and "if-none-match" not in headers:
        return _NO_CONDITIONS
    if headers.get("if-none-match", "*").strip() != "*":
        raise not_implemented("If-None-Match of a write with anything but *")

    def head() -> ObjectInfo:
        return endpoint.store.head_object(request.bucket, request.key)

    return {
        "if_match": await endpoint.calls.call(match_option, headers.get("if-match"), head),
        "if_none_match": "*" if "if-none-match" in headers else None,
    }


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


_KNOWN_ATTRIBUTES: Final = frozenset({"ETag", "Checksum", "ObjectParts", "StorageClass", "ObjectSize"})


async def get_attributes(endpoint: Endpoint, request: S3Request) -> Response:
    """GetObjectAttributes. It always has the number of parts, and the parts themselves if they have checksums."""
    header = request.headers.get("x-amz-object-attributes", "")
    wanted = {name.strip() for name in header.split(",")} - {""}
    if not wanted:
        raise S3Error("InvalidRequest", "The x-amz-object-attributes header specifying the attributes is missing.")
    if unknown := wanted - _KNOWN_ATTRIBUTES:
        raise invalid_argument("x-amz-object-attributes", min(unknown), "Invalid attribute name specified.")
    limit = min(number(request.headers, "x-amz-max-parts", MAX_PAGE), MAX_PAGE)
    after = number(request.headers, "x-amz-part-number-marker", 0)
    object_parts = "ObjectParts" in wanted
    found = await endpoint.calls.call(_read_attributes, endpoint.store, request, after, limit, counted=object_parts)
    info = found.info
    checksum = checksum_elements(info.checksum)
    elements = {
        "ETag": element("ETag", info.etag),
        "Checksum": f"<Checksum>{checksum}</Checksum>" if checksum else "",
        "ObjectParts": _object_parts(found, after, limit),
        "StorageClass": "<StorageClass>STANDARD</StorageClass>",
        "ObjectSize": element("ObjectSize", info.size_bytes),
    }
    content = "".join(text for name, text in elements.items() if name in wanted)
    modified = last_modified(info.last_modified).encode()
    return xml_response(document("GetObjectAttributesResponse", content), [(b"last-modified", modified)])


def _read_attributes(store: Store, request: S3Request, after: int, limit: int, *, counted: bool) -> ObjectAttributes:
    place = request.bucket, request.key
    if counted and "get_object_attributes" in store.capabilities.operations:
        # A page of the contract has at least one part. `_object_parts` leaves it out if the client wants none.
        return store.get_object_attributes(*place, AttributesOptions(after=after, limit=max(limit, 1)))
    info = store.head_object(*place)
    if not counted or not store.capabilities.features.get_part_number:
        return ObjectAttributes(info=info)
    counting = HeadOptions(part_number=1)
    return ObjectAttributes(info=info, parts_count=store.head_object(*place, counting).parts_count)


def _object_parts(found: ObjectAttributes, after: int, limit: int) -> str:
    """Returns the element of an object's parts, or nothing if it was not uploaded in parts.

    Source: S3 API reference, GetObjectAttributes ("ObjectParts"): the parts themselves are there only if the object has
    a checksum.
    """
    if found.parts_count is None:
        return ""
    parts = "".join(
        f"<Part>{element('PartNumber', part.part_number)}{element('Size', part.size_bytes)}"
        f"{checksum_elements(part.checksum, typed=False)}</Part>"
        for part in found.parts[:limit]
        if part.checksum is not None
    )
    page = ""
    if found.info.checksum is not None:
        last = found.parts[:limit][-1].part_number if found.parts[:limit] else after
        more = last < found.parts_count and limit > 0
        page = (
            f"{element('PartNumberMarker', after)}{element('NextPartNumberMarker', last)}"
            f"{element('MaxParts', limit)}{element('IsTruncated', str(more).lower())}{parts}"
        )
    return f"<ObjectParts>{element('PartsCount', found.parts_count)}{page}</ObjectParts>"


MAX_TAG_ELEMENTS: Final = 500
"""Most elements of tags. Ten tags of an object, or fifty of a bucket, have about 150."""


async def get_tagging(endpoint: Endpoint, request: S3Request) -> Response:
    """GetObjectTagging."""
    tags = await endpoint.calls.call(endpoint.store.get_object_tagging, request.bucket, request.key)
    listed = "".join(f"<Tag>{element('Key', key)}{element('Value', value)}</Tag>" for key, value in tags.items())
    return xml_response(document("Tagging", f"<TagSet>{listed}</TagSet>"))


async def put_tagging(endpoint: Endpoint, request: S3Request) -> Response:
    """PutObjectTagging."""
    root = await read_xml(await S3Body(request).read(MAX_DOCUMENT_BYTES), "Tagging", most=MAX_TAG_ELEMENTS)
    tags = tags_by_key(read_tags(root))
    await endpoint.calls.call(endpoint.store.put_object_tagging, request.bucket, request.key, tags)
    return empty_response(200)


async def delete_tagging(endpoint: Endpoint, request: S3Request) -> Response:
    """DeleteObjectTagging."""
    await endpoint.calls.call(endpoint.store.delete_object_tagging, request.bucket, request.key)
    return empty_response()


def read_tags(root: Node) -> list[tuple[str, str]]:
    """Returns keys and values of a ``Tagging`` document.

    Raises:
        S3Error: The document has other elements.
    """
    root.only("TagSet")
    listed = root.child("TagSet")
    if listed is None:
        raise malformed("Tagging has no element TagSet")
    listed.only("Tag")
    return [(tag.required("Key"), tag.required("Value")) for tag in listed.children("Tag")]
