"""Probes: each finds out whether the server honours one feature, by what it does, never by what it says.

A probe goes through the driver's own operations, on which nothing is refused beforehand. It returns whether all was as
the contract wants it. Where it fails, or the server refuses, the feature is not declared.
"""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import md5
from typing import Any, Final
from urllib.parse import urlsplit

from bucketry import (
    InvalidRange,
    ListOptions,
    NoSuchUpload,
    ObjectHeaders,
    PresignOptions,
)
from bucketry_s3client import get_acl, read_body

from bucketry_s3.condition_probes import CONDITION_PROBES
from bucketry_s3.encryption_probes import ENCRYPTION_PROBES
from bucketry_s3.ground import Ground, Probe
from bucketry_s3.settings_examples import shared_acl

# What an object keeps


def _put_headers(ground: Ground) -> bool:
    sent: dict[str, Any] = {
        "cache_control": "max-age=60",
        "content_disposition": 'attachment; filename="a.txt"',
        "content_encoding": "identity-probe",
        "content_language": "de",
        "content_type": "text/x-probe",
        "expires": "Wed, 01 Dec 2094 16:00:00 GMT",
    }
    keys = _written(ground, "headers", **sent)
    return all(getattr(ground.head(key), name) == value for key in keys for name, value in sent.items())


def _written(ground: Ground, name: str, **options: Any) -> list[str]:
    """Writes objects with these options, in one request and in parts; returns their keys."""
    key, upload_id, parts = ground.upload(f"{name}-in-parts", b"one", **options)
    ground.complete(key, upload_id, parts)
    return [ground.put(name, **options), key]


def _put_metadata(ground: Ground) -> bool:
    metadata = {"colour": "red", "a-b": "1", "blanks": 'one  two, "three"; four=5'}
    keys = _written(ground, "metadata", metadata=metadata)
    copied = ground.copy(keys[0], "copied-metadata", headers=ObjectHeaders(metadata={"other": "one"}))
    if dict(copied.metadata) != {"other": "one"}:
        return False
    return all(dict(ground.head(key).metadata) == metadata for key in keys)


_TAGS: Final = {"colour": "red", "a b": ""}


def _has_tags(ground: Ground, key: str) -> bool:
    found = ground.store.get_object_tagging(ground.bucket, key)
    return dict(found) == _TAGS and ground.head(key).tag_count == len(_TAGS)


def _put_tagging(ground: Ground) -> bool:
    key = ground.put("tags", tags=_TAGS)
    if not _has_tags(ground, key):
        return False
    ground.store.delete_object_tagging(ground.bucket, key)
    ground.store.put_object_tagging(ground.bucket, key, _TAGS)
    return _has_tags(ground, key)


def _copy_tagging(ground: Ground) -> bool:
    source = ground.put("copy-source", tags={"other": "tag"})
    ground.copy(source, "copied-tags", tags=_TAGS)
    return _has_tags(ground, f"{ground.prefix}copied-tags")


def _upload_tagging(ground: Ground) -> bool:
    key, upload_id, parts = ground.upload("uploaded-tags", b"one", tags=_TAGS)
    ground.complete(key, upload_id, parts)
    return _has_tags(ground, key)


def _storage_class(ground: Ground) -> bool:
    keys = _written(ground, "class", storage_class="STANDARD_IA")
    copied = ground.copy(keys[0], "copied-class")
    changed = ground.copy(keys[0], "changed-class", storage_class="STANDARD_IA")
    found = [changed, *map(ground.head, keys)]
    return all(info.storage_class == "STANDARD_IA" for info in found) and copied.storage_class is None


def _website_redirect(ground: Ground) -> bool:
    keys = _written(ground, "redirect", website_redirect="/there")
    copied = ground.copy(keys[0], "copied-redirect")
    changed = ground.copy(keys[0], "changed-redirect", website_redirect="/there")
    found = [changed, *map(ground.head, keys)]
    return all(info.website_redirect == "/there" for info in found) and copied.website_redirect is None


def _put_acl(ground: Ground) -> bool:
    acl = shared_acl(get_acl(ground.client, ground.bucket, ground.put("plain")).owner)

    def is_shared(name: str) -> bool:
        return ground.store.get_object_acl(ground.bucket, f"{ground.prefix}{name}").grants_others

    source, _ = _written(ground, "acl", acl=acl)
    ground.copy(source, "copied-acl", acl=acl)
    ground.copy(source, "plain-copy")
    ground.store.put_object_acl(ground.bucket, f"{ground.prefix}plain", acl)
    shared = ("acl", "acl-in-parts", "copied-acl", "plain")
    return all(is_shared(name) for name in shared) and not is_shared("plain-copy")


# Copies and uploads


def _copy_own_etag(ground: Ground) -> bool:
    key, upload_id, parts = ground.upload("in-parts", b"one")
    ground.complete(key, upload_id, parts)
    wanted = md5(b"one", usedforsecurity=False).hexdigest()
    if ground.copy(key, "own-etag").etag != wanted:
        return False
    ground.copy(key, "in-parts", headers=ObjectHeaders(content_type="text/x-probe"))
    return bool(ground.head(key).etag == wanted)


def _get_part_number(ground: Ground) -> bool:
    key, upload_id, parts = ground.upload("part-reads", b"one")
    ground.complete(key, upload_id, parts)
    if ground.read(key, part_number=1) != b"one" or ground.head(key, part_number=1).parts_count != 1:
        return False
    try:
        ground.head(key, part_number=2)
    except InvalidRange:
        return True
    return False


def _complete_subset(ground: Ground) -> bool:
    key, upload_id, parts = ground.upload("subset", b"one", b"two")
    ground.complete(key, upload_id, parts[1:])
    return ground.read(key) == b"two"


def _complete_again(ground: Ground) -> bool:
    key, upload_id, parts = ground.upload("again", b"one")
    first = ground.complete(key, upload_id, parts)
    if ground.complete(key, upload_id, parts).etag != first.etag:
        return False
    ground.store.delete_object(ground.bucket, key)
    try:
        ground.complete(key, upload_id, parts)
    except NoSuchUpload:
        return True
    return False


# Listings


def _list_delimiter(ground: Ground) -> bool:
    for name in ("list/a/1", "list/a/2", "list/b", "list/c/1"):
        ground.put(name)
    inside = f"{ground.prefix}list/"
    page = ground.store.list_objects(ground.bucket, ListOptions(prefix=inside, delimiter="/", content_type=False))
    keys = [info.key for info in page.objects]
    return keys == [f"{inside}b"] and list(page.prefixes) == [f"{inside}a/", f"{inside}c/"]


def _list_start_after(ground: Ground) -> bool:
    for name in ("after/a", "after/b", "after/c"):
        ground.put(name)
    inside = f"{ground.prefix}after/"
    options = ListOptions(prefix=inside, start_after=f"{inside}a", content_type=False)
    keys = [info.key for info in ground.store.list_objects(ground.bucket, options).objects]
    if keys != [f"{inside}b", f"{inside}c"]:
        return False
    for name in ("after/bb/1", "after/bb/2"):
        ground.put(name)
    options = ListOptions(prefix=inside, start_after=f"{inside}bb/1", delimiter="/", content_type=False)
    page = ground.store.list_objects(ground.bucket, options)
    return [info.key for info in page.objects] == [f"{inside}c"] and page.prefixes == ()


# Presigned URLs, opened as anybody would


def _open(ground: Ground, options: PresignOptions, headers: Mapping[str, str], content: bytes = b"") -> Any:
    url = urlsplit(ground.store.presign(ground.bucket, f"{ground.prefix}presigned", options).url)
    target, base = f"{url.path}?{url.query}", f"{url.scheme}://{url.netloc}"
    sent = {**headers, "content-length": str(len(content))} if options.method == "PUT" else headers
    response = ground.client.open_unsigned(options.method, target, sent, content, base=base)
    read_body(response)
    return response


def _presign_response_headers(ground: Ground) -> bool:
    ground.put("presigned")
    wanted = 'attachment; filename="probe.txt"'
    asked = PresignOptions(response_content_disposition=wanted, response_content_type="text/x-probe")
    response = _open(ground, asked, {})
    told = response.headers.get("content-disposition"), response.headers.get("content-type")
    return response.status == 200 and told == (wanted, "text/x-probe")


def _presign_content_type(ground: Ground) -> bool:
    asked = PresignOptions(method="PUT", content_type="text/x-probe")
    if _open(ground, asked, {"content-type": "text/other"}, b"two").status != 403:
        return False
    return bool(_open(ground, asked, {"content-type": "text/x-probe"}, b"two").status == 200)


PROBES: Final[Mapping[str, Probe]] = {
    **CONDITION_PROBES,
    **ENCRYPTION_PROBES,
    "complete_again": _complete_again,
    "complete_subset": _complete_subset,
    "copy_own_etag": _copy_own_etag,
    "copy_tagging": _copy_tagging,
    "get_part_number": _get_part_number,
    "list_delimiter": _list_delimiter,
    "list_start_after": _list_start_after,
    "presign_content_type": _presign_content_type,
    "presign_response_headers": _presign_response_headers,
    "put_acl": _put_acl,
    "put_headers": _put_headers,
    "put_metadata": _put_metadata,
    "put_tagging": _put_tagging,
    "storage_class": _storage_class,
    "upload_tagging": _upload_tagging,
    "website_redirect": _website_redirect,
}
"""Probes that need a bucket, and change nothing of it but objects below the prefix."""


# Without these nothing works


def basics(ground: Ground) -> str:
    """Says what of the basics the server does wrong; empty if nothing is.

    A server that gives other content than it was given, or leaves entries out of listings, must not be used.
    """
    content = bytes(range(256)) * 300
    key = ground.put("basics", content)
    if ground.head(key).size_bytes != len(content) or ground.read(key) != content:
        return "it does not give back the content that it was given"
    ground.put("basics", b"new")
    if ground.read(key) != b"new":
        return "it gives old content after a write"
    keys = sorted(ground.put(f"listed/{number}") for number in (3, 1, 6, 0, 5, 2, 4))
    options = ListOptions(prefix=f"{ground.prefix}listed/", limit=3, content_type=False)
    for asked in (options, ListOptions(prefix=options.prefix, content_type=False)):
        if [info.key for info in ground.store.iter_objects(ground.bucket, asked)] != keys:
            return "its listings are not complete, or not in order"
    ground.store.delete_object(ground.bucket, key)
    return "it shows what was deleted" if ground.exists(key) else ""
