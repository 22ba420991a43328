"""Probes: each finds out whether the server honours one feature, by what it does, never by what it says.

A probe goes through the driver's own operations, on which nothing is refused beforehand. It returns whether all was as
the contract wants it. Where it fails, or the server refuses, the feature is not declared.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from functools import partial
from hashlib import md5
from threading import Barrier
from typing import Any, Final, NamedTuple
from urllib.parse import urlsplit

from bucketry import (
    BucketryError,
    BucketSettings,
    CompletedPart,
    CompleteOptions,
    CopyOptions,
    CreateBucketOptions,
    DeleteMarker,
    DeleteOptions,
    Encryption,
    GetOptions,
    HeadOptions,
    InvalidBucketState,
    InvalidRange,
    ListOptions,
    NoSuchKey,
    NoSuchUpload,
    NotificationSettings,
    ObjectLockSettings,
    PreconditionFailed,
    PresignOptions,
    PutOptions,
    Retention,
    RetentionOptions,
    Store,
    UploadOptions,
    VersioningSettings,
    VersionListOptions,
    VersionOptions,
)
from bucketry_s3client import S3Client, S3ResponseError, get_acl, read_body

from bucketry_s3.settings_examples import EXAMPLES, shared_acl

_WRONG: Final = "0" * 32
_NO_SUCH_TOPIC: Final = frozenset({"InvalidArgument", "NoSuchKey", "UnsupportedNotification"})
"""How AWS, RGW and MinIO say that there is no such topic, or that they have queues only."""

_ROUNDS: Final = 5
_PATIENCE: Final = 60
"""Seconds until all writers of a round are ready, at most."""

_WRITERS: Final = 4
_LOCKED_FOR: Final = timedelta(seconds=60)
"""How long a probe locks a version: should its bypass fail, the bucket can be removed after that."""


class Ground(NamedTuple):
    """Where probes work.

    Attributes:
        store: A store on the server that refuses nothing beforehand.
        client: Its client.
        bucket: A bucket.
        prefix: What every key of the probes begins with.
    """

    store: Store
    client: S3Client
    bucket: str
    prefix: str

    def put(self, name: str, content: bytes = b"one", **options: Any) -> str:
        """Stores an object; returns its key."""
        key = f"{self.prefix}{name}"
        self.store.put_object(self.bucket, key, content, PutOptions(**options))
        return key

    def read(self, key: str, **options: Any) -> bytes:
        """Returns the content of an object."""
        with self.store.get_object(self.bucket, key, GetOptions(**options)) as opened:
            return b"".join(opened)

    def head(self, key: str, **options: Any) -> Any:
        """Returns an object without its content."""
        return self.store.head_object(self.bucket, key, HeadOptions(**options))

    def exists(self, key: str) -> bool:
        """Whether there is an object."""
        try:
            self.head(key)
        except NoSuchKey:
            return False
        return True

    def upload(self, name: str, *contents: bytes, **options: Any) -> tuple[str, str, list[CompletedPart]]:
        """Begins an upload and stores its parts; returns key, id and parts."""
        key = f"{self.prefix}{name}"
        begun = self.store.create_multipart_upload(self.bucket, key, UploadOptions(**options))
        parts = [
            self.store.upload_part(self.bucket, key, begun.upload_id, number, content)
            for number, content in enumerate(contents, 1)
        ]
        return key, begun.upload_id, [CompletedPart(part.part_number, part.etag) for part in parts]

    def complete(self, key: str, upload_id: str, parts: list[CompletedPart], **options: Any) -> Any:
        """Completes an upload."""
        return self.store.complete_multipart_upload(self.bucket, key, upload_id, parts, CompleteOptions(**options))

    def copy(self, source: str, name: str, **options: Any) -> Any:
        """Copies an object."""
        return self.store.copy_object(self.bucket, source, self.bucket, f"{self.prefix}{name}", CopyOptions(**options))


Probe = Callable[[Ground], bool]


def refused(call: Callable[[], object]) -> bool:
    """Whether a call fails because a condition does not hold."""
    try:
        call()
    except PreconditionFailed:
        return True
    return False


# Conditions of writes. Each probe also looks whether the refused write has left the object alone.


def _needs_object(ground: Ground, name: str, write: Callable[[str], object]) -> bool:
    """Whether a write fails under ``if_match`` where there is no object, and makes none."""
    for etag in (_WRONG, "*"):
        try:
            write(etag)
        except NoSuchKey:
            continue
        return False
    return not ground.exists(f"{ground.prefix}{name}")


def _put_if_match(ground: Ground) -> bool:
    if not _needs_object(ground, "put-if-match", lambda etag: ground.put("put-if-match", if_match=etag)):
        return False
    key = ground.put("put-if-match")
    is_refused = refused(partial(ground.put, "put-if-match", b"two", if_match=_WRONG))
    if not is_refused or ground.read(key) != b"one":
        return False
    ground.put("put-if-match", b"two", if_match=ground.head(key).etag)
    if ground.read(key) != b"two":
        return False
    ground.put("put-if-match", b"three", if_match="*")
    return ground.read(key) == b"three"


def _put_if_none_match(ground: Ground) -> bool:
    key = ground.put("put-if-none-match", if_none_match="*")
    is_refused = refused(partial(ground.put, "put-if-none-match", b"two", if_none_match="*"))
    return is_refused and ground.read(key) == b"one" and _one_wins(ground)


def _one_wins(ground: Ground) -> bool:
    """Whether one of several writers at once makes an object, and no other, in each of some rounds."""
    together = Barrier(_WRITERS)

    def write(attempt: int, number: int) -> bool:
        together.wait(_PATIENCE)
        try:
            ground.put(f"race-{attempt}", b"%d" % number, if_none_match="*")
        except BucketryError:
            return False
        return True

    with ThreadPoolExecutor(_WRITERS) as pool:
        return all(sum(pool.map(partial(write, attempt), range(_WRITERS))) == 1 for attempt in range(_ROUNDS))


def _copy_if_match(ground: Ground) -> bool:
    source = ground.put("copy-source", b"two")
    if not _needs_object(ground, "copy-if-match", lambda etag: ground.copy(source, "copy-if-match", if_match=etag)):
        return False
    key = ground.put("copy-if-match")
    is_refused = refused(partial(ground.copy, source, "copy-if-match", if_match=_WRONG))
    if not is_refused or ground.read(key) != b"one":
        return False
    ground.copy(source, "copy-if-match", if_match=ground.head(key).etag)
    return ground.read(key) == b"two"


def _copy_if_none_match(ground: Ground) -> bool:
    source, key = ground.put("copy-source", b"two"), ground.put("copy-if-none-match")
    is_refused = refused(partial(ground.copy, source, "copy-if-none-match", if_none_match="*"))
    if not is_refused or ground.read(key) != b"one":
        return False
    ground.copy(source, "copy-if-none-match-new", if_none_match="*")
    return True


def _complete_if_match(ground: Ground) -> bool:
    key, upload_id, parts = ground.upload("complete-if-match", b"two")
    complete = partial(ground.complete, key, upload_id, parts)
    if not _needs_object(ground, "complete-if-match", lambda etag: complete(if_match=etag)):
        return False
    ground.put("complete-if-match")
    is_refused = refused(partial(ground.complete, key, upload_id, parts, if_match=_WRONG))
    if not is_refused or ground.read(key) != b"one":
        return False
    ground.complete(key, upload_id, parts, if_match=ground.head(key).etag)
    return ground.read(key) == b"two"


def _complete_if_none_match(ground: Ground) -> bool:
    key = ground.put("complete-if-none-match")
    _, upload_id, parts = ground.upload("complete-if-none-match", b"two")
    is_refused = refused(partial(ground.complete, key, upload_id, parts, if_none_match="*"))
    if not is_refused or ground.read(key) != b"one":
        return False
    ground.store.delete_object(ground.bucket, key)
    ground.complete(key, upload_id, parts, if_none_match="*")
    return ground.read(key) == b"two"


def _delete_if_match(ground: Ground) -> bool:
    key = f"{ground.prefix}delete-if-match"

    def delete(etag: str) -> None:
        ground.store.delete_object(ground.bucket, key, DeleteOptions(if_match=etag))

    if not _needs_object(ground, "delete-if-match", delete):
        return False
    ground.put("delete-if-match")
    if not refused(partial(delete, _WRONG)) or not ground.exists(key):
        return False
    delete(ground.head(key).etag)
    return not ground.exists(key)


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
    info = ground.head(ground.put("headers", **sent))
    return all(getattr(info, name) == value for name, value in sent.items())


def _put_metadata(ground: Ground) -> bool:
    metadata = {"colour": "red", "a-b": "1"}
    return dict(ground.head(ground.put("metadata", metadata=metadata)).metadata) == metadata


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
    key = ground.put("class", storage_class="STANDARD_IA")
    copied = ground.copy(key, "copied-class")
    return ground.head(key).storage_class == "STANDARD_IA" and copied.storage_class is None


def _website_redirect(ground: Ground) -> bool:
    key = ground.put("redirect", website_redirect="/there")
    copied = ground.copy(key, "copied-redirect")
    return ground.head(key).website_redirect == "/there" and copied.website_redirect is None


def _put_acl(ground: Ground) -> bool:
    acl = shared_acl(get_acl(ground.client, ground.bucket, ground.put("plain")).owner)

    def is_shared(name: str) -> bool:
        return ground.store.get_object_acl(ground.bucket, f"{ground.prefix}{name}").grants_others

    source = ground.put("acl", acl=acl)
    ground.copy(source, "copied-acl", acl=acl)
    ground.copy(source, "plain-copy")
    ground.store.put_object_acl(ground.bucket, f"{ground.prefix}plain", acl)
    return is_shared("acl") and is_shared("copied-acl") and is_shared("plain") and not is_shared("plain-copy")


def _encrypted(algorithm: Any, ground: Ground) -> bool:
    wanted = Encryption(algorithm=algorithm)
    key = ground.put("encrypted", encryption=wanted)
    ground.copy(key, "encrypted-copy", encryption=wanted)
    uploaded, upload_id, parts = ground.upload("encrypted-upload", b"one", encryption=wanted)
    ground.complete(uploaded, upload_id, parts)
    found = [ground.head(one).encryption for one in (key, f"{ground.prefix}encrypted-copy", uploaded)]
    return all(one is not None and one.algorithm == algorithm for one in found) and ground.read(key) == b"one"


# Copies and uploads


def _copy_own_etag(ground: Ground) -> bool:
    key, upload_id, parts = ground.upload("in-parts", b"one")
    ground.complete(key, upload_id, parts)
    return bool(ground.copy(key, "own-etag").etag == md5(b"one", usedforsecurity=False).hexdigest())


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
    return [info.key for info in ground.store.list_objects(ground.bucket, options).objects] == [
        f"{inside}b",
        f"{inside}c",
    ]


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
    "complete_again": _complete_again,
    "complete_if_match": _complete_if_match,
    "complete_if_none_match": _complete_if_none_match,
    "complete_subset": _complete_subset,
    "copy_if_match": _copy_if_match,
    "copy_if_none_match": _copy_if_none_match,
    "copy_own_etag": _copy_own_etag,
    "copy_tagging": _copy_tagging,
    "delete_if_match": _delete_if_match,
    "encrypt_sse_kms": partial(_encrypted, "aws:kms"),
    "encrypt_sse_s3": partial(_encrypted, "AES256"),
    "get_part_number": _get_part_number,
    "list_delimiter": _list_delimiter,
    "list_start_after": _list_start_after,
    "presign_content_type": _presign_content_type,
    "presign_response_headers": _presign_response_headers,
    "put_acl": _put_acl,
    "put_headers": _put_headers,
    "put_if_match": _put_if_match,
    "put_if_none_match": _put_if_none_match,
    "put_metadata": _put_metadata,
    "put_tagging": _put_tagging,
    "storage_class": _storage_class,
    "upload_tagging": _upload_tagging,
    "website_redirect": _website_redirect,
}
"""Probes that need a bucket, and change nothing of it but objects below the prefix."""


def keeps_checksum(algorithm: str, ground: Ground) -> bool:
    """Whether the server keeps an object's checksum, also of a copy."""
    key = ground.put(f"checksum-{algorithm}", checksum_algorithm=algorithm)
    ground.copy(key, f"checksum-copy-{algorithm}", checksum_algorithm=algorithm)
    found = [ground.head(one).checksum for one in (key, f"{ground.prefix}checksum-copy-{algorithm}")]
    return all(one is not None and one.algorithm == algorithm for one in found)


# Settings of a bucket of the probes' own


def keeps_settings(kind: type[BucketSettings], ground: Ground) -> bool:
    """Whether the server keeps a bucket's settings of a kind, and removes them."""
    store, bucket = ground.store, ground.bucket
    wanted = EXAMPLES[kind](ground.client, bucket)
    try:
        store.put_bucket_settings(bucket, wanted)
    except BucketryError as error:
        if kind is not NotificationSettings or not isinstance(error.__cause__, S3ResponseError):
            raise
        # Nobody has the topic of this example. A server that reads the document says so.
        return error.__cause__.code in _NO_SUCH_TOPIC
    if store.get_bucket_settings(bucket, kind) == kind():
        return False
    try:
        store.delete_bucket_settings(bucket, kind)
    except InvalidBucketState:
        return True  # S3 cannot remove settings of this kind.
    return store.get_bucket_settings(bucket, kind) == kind()


def _versioning(ground: Ground) -> bool:
    store, bucket = ground.store, ground.bucket
    store.put_bucket_settings(bucket, VersioningSettings(status="Enabled"))
    key = ground.put("versions", b"one")
    ground.put("versions", b"two")
    store.delete_object(bucket, key)
    listed = store.list_object_versions(bucket, VersionListOptions(prefix=key)).versions
    if len(listed) != 3 or not isinstance(listed[0], DeleteMarker) or ground.exists(key):
        return False
    oldest = listed[-1].version_id
    if ground.read(key, version_id=oldest) != b"one":
        return False
    store.delete_object(bucket, key, DeleteOptions(version_id=listed[0].version_id))
    store.delete_object(bucket, key, DeleteOptions(version_id=oldest))
    left = store.list_object_versions(bucket, VersionListOptions(prefix=key)).versions
    return ground.read(key) == b"two" and len(left) == 1


def _list_versions_start_after(ground: Ground) -> bool:
    first, second = ground.put("start/a"), ground.put("start/b")
    options = VersionListOptions(prefix=f"{ground.prefix}start/", start_after=first)
    found = ground.store.list_object_versions(ground.bucket, options).versions
    return [version.key for version in found] == [second]


VERSION_PROBES: Final[Mapping[str, Probe]] = {
    "bucket_versioning": _versioning,
    "list_versions_start_after": _list_versions_start_after,
}
"""Probes in a bucket of their own, which has versions after the first one."""


def object_lock_later(ground: Ground) -> bool:
    """Whether object lock can be turned on in a bucket with versions."""
    wanted = ObjectLockSettings(enabled=True)
    ground.store.put_bucket_settings(ground.bucket, wanted)
    return ground.store.get_bucket_settings(ground.bucket, ObjectLockSettings) == wanted


def _locked(ground: Ground) -> bool:
    """Whether a retention keeps a version, unless it is bypassed, and a legal hold keeps it always."""
    store, bucket = ground.store, ground.bucket
    until = datetime.now(UTC).replace(microsecond=0) + _LOCKED_FOR
    key = ground.put("locked", retention=Retention(mode="GOVERNANCE", until=until))
    version = ground.head(key).version_id
    if _is_deletable(ground, key, version) or ground.head(key).retention is None:
        return False
    store.put_object_legal_hold(bucket, key, True, VersionOptions(version_id=version))
    is_held = bool(ground.head(key).legal_hold) and not _is_deletable(ground, key, version, bypass_governance=True)
    store.put_object_legal_hold(bucket, key, False, VersionOptions(version_id=version))
    later = Retention(mode="GOVERNANCE", until=until + timedelta(seconds=1))
    store.put_object_retention(bucket, key, later, RetentionOptions(version_id=version))
    return is_held and _is_deletable(ground, key, version, bypass_governance=True)


def _is_deletable(ground: Ground, key: str, version_id: str | None, **options: Any) -> bool:
    try:
        ground.store.delete_object(ground.bucket, key, DeleteOptions(version_id=version_id, **options))
    except BucketryError:
        return False
    return True


def _upload_object_lock(ground: Ground) -> bool:
    key, upload_id, parts = ground.upload("held", b"one", legal_hold=True)
    ground.complete(key, upload_id, parts)
    info = ground.head(key)
    ground.store.put_object_legal_hold(ground.bucket, key, False, VersionOptions(version_id=info.version_id))
    return bool(info.legal_hold)


LOCK_PROBES: Final[Mapping[str, Probe]] = {
    "bucket_object_lock": _locked,
    "upload_object_lock": _upload_object_lock,
}
"""Probes in a bucket that was created with object lock."""

LOCKED_BUCKET: Final = CreateBucketOptions(object_lock=True)


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
