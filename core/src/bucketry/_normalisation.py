"""Checks options and other arguments, and brings them into the form that drivers get."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Final, TypeVar

from bucketry import _validation as check
from bucketry._type_checks import check_listed, check_type, type_name
from bucketry.body import Body, BodySource
from bucketry.checksums import COMPOSITE, FULL_OBJECT, algorithm_named
from bucketry.errors import InvalidArgument, InvalidChecksum, InvalidPart
from bucketry.headers import HEADER_OF, check_headers, normalised_metadata
from bucketry.models import CompletedPart, ObjectHeaders, ObjectToDelete, Part
from bucketry.options import (
    AttributesOptions,
    CompleteOptions,
    CopyOptions,
    CreateBucketOptions,
    DeleteOptions,
    GetOptions,
    HeadOptions,
    Options,
    PartCopyOptions,
    PartOptions,
    PresignOptions,
    PutOptions,
    UploadOptions,
)
from bucketry.s3 import (
    MAX_EXPIRES_IN,
    MAX_PARTS,
    MAX_WEBSITE_REDIRECT_BYTES,
    REGION,
    STANDARD,
    STORAGE_CLASSES,
    WEBSITE_REDIRECT,
)
from bucketry.tagging import NO_TAGS, normalised_tags

HeadersT = TypeVar("HeadersT", bound=ObjectHeaders)
ReadT = TypeVar("ReadT", bound=HeadOptions)
WriteT = TypeVar("WriteT", PutOptions, CopyOptions, CompleteOptions)
SentT = TypeVar("SentT", PutOptions, PartOptions)
NewVersionT = TypeVar("NewVersionT", PutOptions, CopyOptions, UploadOptions)


def content(body: Body | BodySource) -> Body:
    """Makes a body from its source, and refuses a body that somebody has read from."""
    if not isinstance(body, Body):
        return Body(body)
    body.require_unread()
    return body


def headers(options: HeadersT) -> HeadersT:
    """Checks an object's headers. Makes the names of its metadata lower case, and the metadata immutable."""
    check_headers(options)
    # Always an immutable copy: callers may change their own mapping later.
    return check.changed(options, metadata=normalised_metadata(options.metadata))


def read_conditions(options: ReadT) -> ReadT:
    """Removes the quotes of etags, converts times to UTC, and checks the number of a part."""
    check.check_version_id(options.version_id)
    if options.part_number is not None and not 1 <= options.part_number <= MAX_PARTS:
        raise InvalidArgument(
            f"a part number is 1 to {MAX_PARTS}, not {options.part_number}", field="part_number", limit=MAX_PARTS
        )
    return check.changed(
        options,
        if_match=check.normalised_etag(options.if_match, "if_match"),
        if_none_match=check.normalised_etag(options.if_none_match, "if_none_match"),
        if_modified_since=check.normalised_time(options.if_modified_since, "if_modified_since"),
        if_unmodified_since=check.normalised_time(options.if_unmodified_since, "if_unmodified_since"),
    )


def write_conditions(options: WriteT) -> WriteT:
    """Removes the quotes of the etag, and checks ``if_none_match``: a write can only have ``*``."""
    if options.if_none_match not in {None, "*"}:
        raise InvalidArgument(
            "if_none_match of a write is *: only if the key holds no object yet", field="if_none_match"
        )
    return check.changed(options, if_match=check.normalised_etag(options.if_match, "if_match"))


def get(options: GetOptions) -> GetOptions:
    """Checks the range and the conditions."""
    if options.range is not None:
        options.range.checked()
        if options.part_number is not None:
            raise InvalidArgument("a read names a range or a part, not both", field="range")
    return read_conditions(options)


def digests(options: SentT) -> SentT:
    """Checks the digests that a body must have, and sets the algorithm of its checksum if it gets one."""
    if options.content_md5 is not None:
        check.check_md5(options.content_md5)
    checksum, algorithm = options.checksum, options.checksum_algorithm
    if checksum is None:
        if algorithm is not None:
            algorithm_named(algorithm)
        return options
    if checksum.checked().parts_count:
        raise InvalidChecksum("the checksum of a body is that of its content, not one of parts' checksums")
    if algorithm not in {None, checksum.algorithm}:
        raise InvalidChecksum(
            f"checksum_algorithm is {algorithm}, and the checksum is a {checksum.algorithm}", field="checksum_algorithm"
        )
    return check.changed(options, checksum_algorithm=checksum.algorithm)


def require_digests(content: Body, options: PutOptions | PartOptions) -> None:
    """Makes a body compute and check the digests that its options ask for."""
    if options.content_md5 is not None:
        content.require_md5(options.content_md5)
    if options.checksum is not None:
        content.require_checksum(options.checksum)
    elif options.checksum_algorithm is not None:
        content.track_checksum(options.checksum_algorithm)


def put(options: PutOptions) -> PutOptions:
    """Checks headers, tags, conditions and digests."""
    options = new_version(digests(options))
    if options.tags is not NO_TAGS:
        options = check.changed(options, tags=normalised_tags(options.tags))
    return write_conditions(headers(options))


def upload(options: UploadOptions) -> UploadOptions:
    """Checks the headers and tags of the finished object, and sets the type of its checksum if it gets one."""
    algorithm, kind = options.checksum_algorithm, options.checksum_type
    if algorithm is not None:
        types = algorithm_named(algorithm).types
        if kind is None:
            kind = types[0]
        elif kind not in types:
            raise InvalidChecksum(
                f"The {kind} checksum type cannot be used with the {algorithm} checksum algorithm.",
                field="checksum_type",
            )
    elif kind is not None:
        raise InvalidChecksum("checksum_type goes with a checksum_algorithm", field="checksum_type")
    return headers(new_version(check.changed(options, tags=normalised_tags(options.tags), checksum_type=kind)))


def completion(options: CompleteOptions) -> CompleteOptions:
    """Checks the conditions, and the checksum and size that the object must have."""
    if options.checksum is not None:
        options.checksum.checked()
    if options.checksum_type not in {None, COMPOSITE, FULL_OBJECT}:
        raise InvalidChecksum(f"checksum_type is {COMPOSITE} or {FULL_OBJECT}", field="checksum_type")
    if options.size_bytes is not None and options.size_bytes < 0:
        raise InvalidArgument("size_bytes cannot be negative", field="size_bytes")
    return write_conditions(options)


def part_copy(options: PartCopyOptions) -> PartCopyOptions:
    """Checks the condition and the range, which must name both its ends (S3 API reference, UploadPartCopy)."""
    check.check_version_id(options.source_version_id)
    wanted = options.range
    if wanted is not None and (wanted.checked().first is None or wanted.last is None):
        raise InvalidArgument("the range of a part's copy has a first and a last byte", field="range")
    return check.changed(options, source_if_match=check.normalised_etag(options.source_if_match, "source_if_match"))


def copy(options: CopyOptions) -> CopyOptions:
    """Checks the conditions on source and destination, and the new headers and tags if there are any."""
    check.check_version_id(options.source_version_id)
    options = new_version(options)
    options = check.changed(options, source_if_match=check.normalised_etag(options.source_if_match, "source_if_match"))
    if isinstance(options.headers, Options):
        raise InvalidArgument(
            f"CopyOptions.headers is ObjectHeaders, not {type(options.headers).__name__}", field="headers"
        )
    if options.checksum_algorithm is not None:
        algorithm_named(options.checksum_algorithm)
    if options.headers is not None:
        options = check.changed(options, headers=headers(options.headers))
    if options.tags is not None:
        options = check.changed(options, tags=normalised_tags(options.tags))
    return write_conditions(options)


_CHANGES: Final = ("headers", "source_version_id", "storage_class", "website_redirect", "encryption", "customer_key")


def changes_nothing(options: CopyOptions) -> bool:
    """Says whether a copy of an object onto itself would be the object itself, unchanged."""
    # A copy of an older version makes that the newest one.
    return all(getattr(options, name) is None for name in _CHANGES)


def presign(options: PresignOptions) -> None:
    """Checks the method, the expiry, the version and the headers of a presigned URL."""
    check.check_version_id(options.version_id)
    if options.method not in {"GET", "PUT"}:
        raise InvalidArgument("a URL can be presigned for GET (download) or PUT (upload)", field="method")
    if not 1 <= options.expires_in <= MAX_EXPIRES_IN:
        raise InvalidArgument(
            f"expires_in is 1 to {MAX_EXPIRES_IN} seconds, not {options.expires_in}",
            field="expires_in",
            limit=MAX_EXPIRES_IN,
        )
    if options.version_id is not None and options.method != "GET":
        raise InvalidArgument("version_id goes with GET only", field="version_id")
    only_for = {"content_type": "PUT", "response_content_type": "GET", "response_content_disposition": "GET"}
    for field, method in only_for.items():
        value: str | None = getattr(options, field)
        if value is not None and options.method != method:
            raise InvalidArgument(f"{field} goes with {method} only", field=field)
        if value is not None:
            HEADER_OF[field.removeprefix("response_")].check(value, field)


def listed_parts(parts: Sequence[CompletedPart | Part]) -> tuple[CompletedPart, ...]:
    """Returns the parts that complete an upload, with etags without quotes. Their numbers must ascend."""
    check_listed(parts, "the parts are a list of CompletedPart or Part", "parts")
    for part in parts:
        check_type(part, CompletedPart | Part, "a part", field="parts")
    listed = tuple(
        CompletedPart(
            part.part_number,
            check.normalised_etag(part.etag, "parts") or "",
            None if part.checksum is None else part.checksum.checked(),
        )
        for part in parts
    )
    if not listed:
        raise InvalidPart("an upload is completed with at least one part", fault="empty")
    for earlier, later in pairwise(listed):
        if later.part_number <= earlier.part_number:
            number = later.part_number
            raise InvalidPart("the part numbers are not in ascending order", part_number=number, fault="order")
    return listed


def batch(objects: Iterable[str | ObjectToDelete]) -> tuple[ObjectToDelete, ...]:
    """Returns the entries of a batch delete, each once."""
    if isinstance(objects, str | bytes) or not isinstance(objects, Iterable):
        raise InvalidArgument(
            f"delete_objects takes a list of keys, not {type_name(objects)}; delete_object takes one key",
            field="objects",
        )
    listed = [entry if isinstance(entry, ObjectToDelete) else ObjectToDelete(entry) for entry in objects]
    for entry in listed:
        check.check_key(entry.key)
        check.check_version_id(entry.version_id)
    return tuple(dict.fromkeys(listed))


def check_creation(options: CreateBucketOptions) -> None:
    """Checks what a new bucket is given."""
    if options.owner is not None:
        options.owner.checked()
    if options.region is not None and not REGION.fullmatch(options.region):
        raise InvalidArgument("a region is 1 to 128 letters, digits, '.', '_' and '-'", field="region")


def delete(options: DeleteOptions) -> DeleteOptions:
    """Removes the quotes of the etag, converts the time to UTC, and checks the version."""
    check.check_version_id(options.version_id)
    return check.changed(
        options,
        if_match=check.normalised_etag(options.if_match, "if_match"),
        if_last_modified=check.normalised_time(options.if_last_modified, "if_last_modified"),
    )


def new_version(options: NewVersionT) -> NewVersionT:
    """Checks what a new version is given: lock, owner, access control list, storage class, redirect and encryption."""
    if options.owner is not None:
        options.owner.checked()
    if options.acl is not None:
        options.acl.checked()
    if options.storage_class is not None and options.storage_class not in STORAGE_CLASSES:
        raise InvalidArgument(f"a storage class is one of {', '.join(STORAGE_CLASSES)}", field="storage_class")
    if options.website_redirect is not None:
        _check_redirect(options.website_redirect)
    if options.encryption is not None:
        options.encryption.checked()
        if options.customer_key is not None:
            raise InvalidArgument("a version has an encryption or a customer_key, not both", field="encryption")
    kept = options.retention
    # The class that every object has without one.
    storage_class = None if options.storage_class == STANDARD else options.storage_class
    return check.changed(options, storage_class=storage_class, retention=kept and kept.checked())


def _check_redirect(location: str) -> None:
    if len(location) > MAX_WEBSITE_REDIRECT_BYTES:
        raise InvalidArgument(
            f"a website redirect has at most {MAX_WEBSITE_REDIRECT_BYTES} bytes",
            field="website_redirect",
            limit=MAX_WEBSITE_REDIRECT_BYTES,
        )
    if not WEBSITE_REDIRECT.fullmatch(location):
        raise InvalidArgument(
            "a website redirect begins with 'http://', 'https://' or '/', and is printable US-ASCII",
            field="website_redirect",
        )


def names(buckets: Iterable[str]) -> tuple[str, ...]:
    """Returns names of buckets, each once."""
    if isinstance(buckets, str | bytes) or not isinstance(buckets, Iterable):
        raise InvalidArgument(
            f"bucket_usages takes a list of names, not {type_name(buckets)}; bucket_usage takes one name",
            field="buckets",
        )
    listed = tuple(buckets)
    for bucket in listed:
        check.check_bucket(bucket)
    return tuple(dict.fromkeys(listed))


def check_attributes(options: AttributesOptions) -> None:
    """Checks which page of an object's parts is asked for."""
    check.check_version_id(options.version_id)
    check.check_limit(options.limit)
    if options.after < 0:
        raise InvalidArgument("after is the number of a part, or 0", field="after")
