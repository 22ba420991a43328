"""Copies from one store to another: an object is read from the one while it is written to the other."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import msgspec
from bucketry import (
    Acl,
    Body,
    ByteRange,
    CopyOptions,
    GetOptions,
    HeadOptions,
    InvalidRange,
    ObjectHeaders,
    ObjectInfo,
    OpenedObject,
    PageOptions,
    Part,
    PartCopyOptions,
    PartOptions,
    PreconditionFailed,
    PutOptions,
    TooLarge,
    Unavailable,
    Unsupported,
    VersionOptions,
)
from bucketry.composing import InnerDriver
from bucketry.tagging import NO_TAGS
from msgspec.structs import replace

from bucketry_router.capabilities import unkept

_TRIES: Final = 3
"""How often a source is opened again that was written while its tags were read."""

_HEADERS: Final = ObjectHeaders.__struct_fields__
_SAME_FIELDS: Final = (
    "if_match",
    "if_none_match",
    "retention",
    "legal_hold",
    "owner",
    "acl",
    "storage_class",
    "website_redirect",
)
_ENCRYPTION: Final = ("encryption", "customer_key")


class Place(msgspec.Struct, frozen=True):
    """Where an object lies, or will lie: its store with the store's name, and its bucket and key."""

    store: InnerDriver
    name: str
    bucket: str
    key: str


def copy_across(source: Place, target: Place, options: CopyOptions) -> ObjectInfo:
    """Copies an object to another store, as ``copy_object`` does within one.

    The content passes through in pieces. Where the source has a checksum of its whole content, what arrives is compared
    with it.

    Raises:
        TooLarge: The object is larger than the target takes in one put.
        Unsupported: It has something that the target cannot keep.
        Unavailable: It was written again and again while it was copied.
    """
    opened, tags = _open(source, options)
    with opened:
        return _write(opened, tags, target, options)


def move_version(source: Place, target: Place, version_id: str | None) -> tuple[ObjectInfo, ObjectInfo]:
    """Copies a version to another store with all that belongs to it but its lock. Returns the version and its copy.

    Args:
        source: Where it lies.
        target: Where the copy will lie.
        version_id: Its id; ``None``: the object, in a bucket without versions.

    Raises:
        TooLarge: As `copy_across`.
        Unsupported: It has something that the target cannot keep.
        Unavailable: As `copy_across`.
    """
    opened, tags = _open(source, CopyOptions(source_version_id=version_id))
    with opened:
        info = opened.info
        options = CopyOptions(
            owner=info.owner if target.store.features.owners else None,
            acl=acl_for_others(source, info.version_id if version_id is None else version_id),
            storage_class=info.storage_class,
            website_redirect=info.website_redirect,
            encryption=info.encryption,
        )
        return info, _write(opened, tags, target, options)


def acl_for_others(place: Place, version_id: str | None) -> Acl | None:
    """Returns the ACL of a version if it gives rights to others than its owner."""
    if "get_object_acl" not in place.store.operations:
        return None
    acl = place.store.calls.get_object_acl(place.bucket, place.key, VersionOptions(version_id=version_id))
    return acl if acl.grants_others else None


def _write(opened: OpenedObject, tags: Mapping[str, str], target: Place, options: CopyOptions) -> ObjectInfo:
    most = target.store.features.max_put_size
    if opened.info.size_bytes > most:
        raise TooLarge(
            f"an object is copied to the store {target.name!r} in one put, which takes at most {most} bytes",
            max_size_bytes=most,
        )
    put = _put_options(opened.info, tags, target, options)
    body = Body(iter(opened), opened.length)
    _expect(body, opened.info, put)
    return target.store.calls.put_object(target.bucket, target.key, body, put)


def copy_part_across(source: Place, target: Place, upload_id: str, part_number: int, options: PartCopyOptions) -> Part:
    """Stores a part whose content lies in another store, as ``upload_part_copy`` does within one.

    Raises:
        InvalidRange: Some bytes of the range lie beyond the end of the source.
        TooLarge: The source is larger than a part of the target.
    """
    algorithm = None
    if target.store.features.upload_checksums:
        # A part of an object with a composite checksum must have one; who sends it says which.
        page = target.store.calls.list_parts(target.bucket, target.key, upload_id, PageOptions(limit=1))
        algorithm = page.checksum_algorithm
    wanted = options.range
    get = GetOptions(
        if_match=options.source_if_match,
        version_id=options.source_version_id,
        customer_key=options.source_customer_key,
        range=wanted,
    )
    with _get(source, get) as opened:
        _check_range(opened, wanted, source)
        most = target.store.features.max_part_size
        if opened.length > most:
            raise TooLarge(f"a part has at most {most} bytes", max_size_bytes=most)
        body = Body(iter(opened), opened.length)
        if algorithm is not None:
            body.track_checksum(algorithm)
        part = target.store.calls.upload_part(
            target.bucket,
            target.key,
            upload_id,
            part_number,
            body,
            PartOptions(checksum_algorithm=algorithm, customer_key=options.customer_key),
        )
        return replace(part, source_version_id=opened.info.version_id)


def _check_range(opened: OpenedObject, wanted: ByteRange | None, source: Place) -> None:
    found = opened.content_range
    if wanted is None or wanted.last is None or (found is not None and found.stop == wanted.last + 1):
        return
    size = opened.info.size_bytes
    raise InvalidRange(
        f"the source has {size} bytes", size_bytes=size, field="range", bucket=source.bucket, key=source.key
    )


def _open(source: Place, options: CopyOptions) -> tuple[OpenedObject, Mapping[str, str]]:
    """Opens the source, and reads its tags if the copy takes them. Both are of the same write."""
    get = GetOptions(
        if_match=options.source_if_match,
        version_id=options.source_version_id,
        customer_key=options.source_customer_key,
    )
    for _ in range(_TRIES):
        opened = _get(source, get)
        if options.tags is not None or not opened.info.tag_count:
            return opened, options.tags or NO_TAGS
        try:
            tags = _tags_of(source, opened.info, get)
        except BaseException:
            opened.close()
            raise
        if tags is not None:
            return opened, tags
        opened.close()
    raise Unavailable("the source is written again and again while it is copied: try again later")


def _tags_of(source: Place, info: ObjectInfo, get: GetOptions) -> Mapping[str, str] | None:
    """Returns the tags of an object; ``None`` if it was written in the meantime."""
    tags = source.store.calls.get_object_tagging(
        source.bucket, source.key, VersionOptions(version_id=get.version_id or info.version_id)
    )
    if info.version_id is None:
        head = HeadOptions(customer_key=get.customer_key, version_id=get.version_id)
        now = source.store.calls.head_object(source.bucket, source.key, head)
        if (now.etag, now.last_modified) != (info.etag, info.last_modified):
            return None
    return tags


def _get(source: Place, options: GetOptions) -> OpenedObject:
    try:
        return source.store.calls.get_object(source.bucket, source.key, options)
    except PreconditionFailed as error:
        raise PreconditionFailed(
            "the source has another etag than source_if_match says",
            condition="source_if_match",
            bucket=source.bucket,
            key=source.key,
        ) from error


def _put_options(info: ObjectInfo, tags: Mapping[str, str], target: Place, options: CopyOptions) -> PutOptions:
    headers = info if options.headers is None else options.headers
    algorithm = options.checksum_algorithm
    if algorithm is None and info.checksum is not None:
        algorithm = info.checksum.algorithm
        # A store without checksums of this kind makes a copy without one, as S3 does for copies it makes none for.
        if algorithm not in target.store.features.checksum_algorithms:
            algorithm = None
    put = PutOptions(
        **{name: getattr(headers, name) for name in _HEADERS},
        **{name: getattr(options, name) for name in (*_SAME_FIELDS, *_ENCRYPTION)},
        tags=tags,
        checksum_algorithm=algorithm,
    )
    if lost := unkept(put, target.store.features):
        raise Unsupported(
            f"the store {target.name!r} has no {', '.join(lost)}, which the copy would need",
            operation="copy_object",
            feature=lost[0],
            bucket=target.bucket,
            key=target.key,
        )
    return put


def _expect(body: Body, info: ObjectInfo, put: PutOptions) -> None:
    """Makes the body compute the copy's checksum, and compare it with the source's where both are of all bytes."""
    wanted = info.checksum
    if wanted is not None and not wanted.parts_count and put.checksum_algorithm in {None, wanted.algorithm}:
        body.require_checksum(wanted)
    elif put.checksum_algorithm is not None:
        body.track_checksum(put.checksum_algorithm)
