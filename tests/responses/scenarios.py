"""The calls of every operation of the contract whose responses are cut."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Final

from bucketry import (
    Body,
    CompletedPart,
    CopyOptions,
    CorsRule,
    CorsSettings,
    CreateBucketOptions,
    GetOptions,
    HeadOptions,
    ListOptions,
    ObjectHeaders,
    PageOptions,
    PartCopyOptions,
    PutOptions,
    Retention,
    TagSettings,
    UploadListOptions,
    UploadOptions,
    VersioningSettings,
)
from bucketry.bucket_settings import Tag
from bucketry.features import MIB
from bucketry.ranges import ByteRange

from tests.responses.calls import Given, driver_of, scenario

ASK_NOTHING: Final = frozenset({"close", "presign"})
"""Operations that send no request."""

FULL: Final = PutOptions(
    content_type="text/plain; charset=utf-8",
    cache_control="max-age=60",
    content_disposition="attachment",
    content_language="en",
    expires="Thu, 01 Dec 2050 16:00:00 GMT",
    metadata={"first": "one", "second": "two two"},
    tags={"colour": "red", "kind": "a b"},
)
HEADERS: Final = ObjectHeaders(content_type="text/html", metadata={"third": "three"})
RULE: Final = CorsRule(allowed_origins=("https://example.com",), allowed_methods=("GET",), id="rule", max_age_seconds=9)
RULES: Final = CorsSettings(rules=(RULE,))
TAGS: Final = TagSettings(tags=(Tag(key="team", value="images"),))
KEPT: Final = Retention(mode="GOVERNANCE", until=datetime(2037, 1, 1, tzinfo=UTC))
LEAST_PART: Final = 5 * MIB
CONTENT: Final = b"0123456789" * 30


def with_object(given: Given) -> None:
    given.store.put_object(given.bucket, "key", CONTENT, FULL)


def with_objects(given: Given) -> None:
    for key in ("a", "dir/b", "dir/c", "e"):
        given.store.put_object(given.bucket, key, key.encode(), PutOptions(content_type=f"text/{key[0]}"))


def with_upload(given: Given) -> None:
    upload = given.store.create_multipart_upload(given.bucket, "key", UploadOptions(metadata={"first": "one"}))
    given.names["upload"] = upload.upload_id


def with_parts(given: Given) -> None:
    with_upload(given)
    for number, content in ((1, bytes(given.part_bytes)), (2, b"end")):
        part = given.store.upload_part(given.bucket, "key", given.names["upload"], number, content)
        given.names[f"etag {number}"] = part.etag


def with_parts_object(given: Given) -> None:
    with_parts(given)
    given.store.complete_multipart_upload(given.bucket, "key", given.names["upload"], completed(given))


def with_source_and_upload(given: Given) -> None:
    with_object(given)
    with_upload(given)


def with_large_object(given: Given) -> None:
    content = Body(iter([bytes(LEAST_PART), b"end"]))
    given.store.put_object(given.bucket, "large", content, PutOptions(metadata={"first": "one"}))


def with_rules(given: Given) -> None:
    given.store.put_bucket_settings(given.bucket, RULES)


def with_tags(given: Given) -> None:
    given.store.put_bucket_settings(given.bucket, TAGS)


def with_versions(given: Given) -> None:
    given.store.put_bucket_settings(given.bucket, VersioningSettings(status="Enabled"))
    for content in (b"first", b"second"):
        given.store.put_object(given.bucket, "key", content)
    given.store.delete_object(given.bucket, "key")


def with_lock(given: Given) -> None:
    given.store.delete_bucket(given.bucket)
    given.store.create_bucket(given.bucket, CreateBucketOptions(object_lock=True))
    with_object(given)


def with_other_bucket(given: Given) -> None:
    with_objects(given)
    given.names["other"] = f"{given.bucket}-other"
    given.store.create_bucket(given.names["other"])


def without_bucket(given: Given) -> None:
    given.store.delete_bucket(given.bucket)


def completed(given: Given) -> list[CompletedPart]:
    return [CompletedPart(number, given.names[f"etag {number}"]) for number in (1, 2)]


def pieces(given: Given) -> Iterator[bytes]:
    yield bytes(given.part_bytes)
    yield b"end"


scenario("status")(lambda given: given.store.status())
scenario("list_buckets")(lambda given: given.store.list_buckets())
scenario("create_bucket", "", without_bucket)(lambda given: given.store.create_bucket(given.bucket))
scenario("create_bucket", "again")(lambda given: given.store.create_bucket(given.bucket))
scenario("head_bucket")(lambda given: given.store.head_bucket(given.bucket))
scenario("head_bucket", "missing", without_bucket)(lambda given: given.store.head_bucket(given.bucket))
scenario("delete_bucket")(lambda given: given.store.delete_bucket(given.bucket))
scenario("delete_bucket", "with-an-upload", with_upload)(lambda given: given.store.delete_bucket(given.bucket))
scenario("delete_bucket", "not-empty", with_object)(lambda given: given.store.delete_bucket(given.bucket))

scenario("list_objects", "", with_objects)(lambda given: given.store.list_objects(given.bucket))
scenario("list_objects", "without-types", with_objects)(
    lambda given: given.store.list_objects(given.bucket, ListOptions(content_type=False))
)
scenario("list_objects", "with-a-delimiter", with_objects)(
    lambda given: given.store.list_objects(given.bucket, ListOptions(delimiter="/"))
)
scenario("list_objects", "in-pages", with_objects)(
    lambda given: list(given.store.iter_objects(given.bucket, ListOptions(limit=2)))
)
scenario("list_objects", "missing", without_bucket)(lambda given: given.store.list_objects(given.bucket))
scenario("list_multipart_uploads", "", with_upload)(lambda given: given.store.list_multipart_uploads(given.bucket))
scenario("list_multipart_uploads", "with-a-prefix", with_upload)(
    lambda given: given.store.list_multipart_uploads(given.bucket, UploadListOptions(prefix="key"))
)
scenario("bucket_usage", "", with_objects)(lambda given: given.store.bucket_usage(given.bucket))
scenario("bucket_usage", "with-an-upload", with_parts)(lambda given: given.store.bucket_usage(given.bucket))
scenario("bucket_usage", "of-two", with_other_bucket)(
    lambda given: given.store.bucket_usages([given.bucket, given.names["other"]])
)
scenario("usage_report", "", with_other_bucket)(lambda given: given.store.usage_report())

scenario("head_object", "", with_object)(lambda given: given.store.head_object(given.bucket, "key"))
scenario("head_object", "missing")(lambda given: given.store.head_object(given.bucket, "key"))
scenario("head_object", "not-modified", with_object)(
    lambda given: given.store.head_object(given.bucket, "key", HeadOptions(if_none_match="*"))
)
scenario("head_object", "of-a-part", with_parts_object, "get_part_number")(
    lambda given: given.store.head_object(given.bucket, "key", HeadOptions(part_number=2))
)
scenario("get_object", "", with_object)(lambda given: given.store.get_object(given.bucket, "key"))
scenario("get_object", "missing")(lambda given: given.store.get_object(given.bucket, "key"))
scenario("get_object", "of-a-range", with_object)(
    lambda given: given.store.get_object(given.bucket, "key", GetOptions(range=ByteRange(5, 9)))
)
scenario("get_object", "beyond-the-end", with_object)(
    lambda given: given.store.get_object(given.bucket, "key", GetOptions(range=ByteRange(500)))
)
scenario("get_object", "of-a-part", with_parts_object, "get_part_number")(
    lambda given: given.store.get_object(given.bucket, "key", GetOptions(part_number=2))
)
scenario("put_object", written="dir/key")(lambda given: given.store.put_object(given.bucket, "dir/key", CONTENT, FULL))
scenario("put_object", "if-none", with_object, written="key")(
    lambda given: given.store.put_object(given.bucket, "key", CONTENT, PutOptions(if_none_match="*"))
)
scenario("put_object", "in-parts", written="key")(
    lambda given: given.store.put_object(
        given.bucket, "key", Body(pieces(given)), PutOptions(metadata={"first": "one"})
    )
)
scenario("copy_object", "", with_object, written="copy")(
    lambda given: given.store.copy_object(given.bucket, "key", given.bucket, "copy")
)
scenario("copy_object", "with-new-headers", with_object, written="copy")(
    lambda given: given.store.copy_object(given.bucket, "key", given.bucket, "copy", CopyOptions(headers=HEADERS))
)


@scenario("copy_object", "in-parts", with_large_object, drivers="minio", written="copy")
def _copy_in_parts(given: Given) -> object:
    objects = driver_of(given.store)._objects  # type: ignore[attr-defined]  # it is MinIO's
    objects.max_copy_bytes = objects.copied_part_bytes = LEAST_PART
    return given.store.copy_object(given.bucket, "large", given.bucket, "copy")


scenario("copy_object", "missing")(lambda given: given.store.copy_object(given.bucket, "key", given.bucket, "copy"))
scenario("delete_object", "", with_object)(lambda given: given.store.delete_object(given.bucket, "key"))
scenario("delete_objects", "", with_objects)(
    lambda given: given.store.delete_objects(given.bucket, ["a", "dir/b", "none"])
)
scenario("delete_objects", "alone", with_objects)(lambda given: given.store.delete_objects(given.bucket, ["a\n", "e"]))
scenario("delete_objects", "missing", without_bucket)(lambda given: given.store.delete_objects(given.bucket, ["a"]))
scenario("get_object_tagging", "", with_object)(lambda given: given.store.get_object_tagging(given.bucket, "key"))
scenario("put_object_tagging", "", with_object)(
    lambda given: given.store.put_object_tagging(given.bucket, "key", {"size": "small"})
)
scenario("delete_object_tagging", "", with_object)(lambda given: given.store.delete_object_tagging(given.bucket, "key"))

scenario("create_multipart_upload")(
    lambda given: given.store.create_multipart_upload(given.bucket, "key", UploadOptions(metadata={"first": "one"}))
)
scenario("upload_part", "", with_upload)(
    lambda given: given.store.upload_part(given.bucket, "key", given.names["upload"], 1, CONTENT)
)
scenario("upload_part_copy", "", with_source_and_upload)(
    lambda given: given.store.upload_part_copy(given.bucket, "key", given.names["upload"], 1, given.bucket, "key")
)
scenario("upload_part_copy", "of-a-range", with_source_and_upload)(
    lambda given: given.store.upload_part_copy(
        given.bucket, "key", given.names["upload"], 1, given.bucket, "key", PartCopyOptions(range=ByteRange(5, 9))
    )
)
scenario("list_parts", "", with_parts)(lambda given: given.store.list_parts(given.bucket, "key", given.names["upload"]))
scenario("list_parts", "in-pages", with_parts)(
    lambda given: list(given.store.iter_parts(given.bucket, "key", given.names["upload"], PageOptions(limit=1)))
)
scenario("complete_multipart_upload", "", with_parts, written="key")(
    lambda given: given.store.complete_multipart_upload(given.bucket, "key", given.names["upload"], completed(given))
)
scenario("complete_multipart_upload", "missing", with_parts)(
    lambda given: given.store.complete_multipart_upload(given.bucket, "other", given.names["upload"], completed(given))
)
scenario("abort_multipart_upload", "", with_upload)(
    lambda given: given.store.abort_multipart_upload(given.bucket, "key", given.names["upload"])
)
scenario("get_bucket_settings", "", with_tags)(lambda given: given.store.get_bucket_settings(given.bucket, TagSettings))
scenario("get_bucket_settings", "none")(lambda given: given.store.get_bucket_settings(given.bucket, TagSettings))
scenario("put_bucket_settings")(lambda given: given.store.put_bucket_settings(given.bucket, TAGS))
scenario("delete_bucket_settings", "", with_tags)(
    lambda given: given.store.delete_bucket_settings(given.bucket, TagSettings)
)
scenario("get_bucket_settings", "cors", with_rules, needs="bucket_cors")(
    lambda given: given.store.get_bucket_settings(given.bucket, CorsSettings)
)
scenario("put_bucket_settings", "cors", needs="bucket_cors")(
    lambda given: given.store.put_bucket_settings(given.bucket, RULES)
)
scenario("delete_bucket_settings", "cors", with_rules, needs="bucket_cors")(
    lambda given: given.store.delete_bucket_settings(given.bucket, CorsSettings)
)
scenario("list_object_versions", "", with_versions)(lambda given: given.store.list_object_versions(given.bucket))
scenario("put_object_retention", "", with_lock)(
    lambda given: given.store.put_object_retention(given.bucket, "key", KEPT)
)
scenario("put_object_legal_hold", "", with_lock)(
    lambda given: given.store.put_object_legal_hold(given.bucket, "key", legal_hold=False)
)
scenario("get_object_acl", "", with_object)(lambda given: given.store.get_object_acl(given.bucket, "key"))
scenario("put_object_acl", "", with_object)(
    lambda given: given.store.put_object_acl(given.bucket, "key", given.store.get_object_acl(given.bucket, "key"))
)
