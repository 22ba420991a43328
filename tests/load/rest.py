"""What clients do over the REST port."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote, unquote

import msgspec
from bucketry_contract._settings import plain

from tests.load.client import Client, action, same, same_object
from tests.load.model import Busy, Known, Wrong, content_of
from tests.load.s3_buckets import settings_for
from tests.load.s3_objects import check_listing, new_object
from tests.load.serving import USER
from tests.load.wire import Reply

BOUNDARY = "a-boundary-of-the-load"
FORM = {"content-type": f"multipart/form-data; boundary={BOUNDARY}"}


def read(reply: Reply) -> Any:
    try:
        return json.loads(reply.body)
    except ValueError:
        raise Wrong(f"{reply.asked}: this is not JSON: {reply.text[:200]}") from None


def objects(client: Client, key: str = "", bucket: str = "") -> str:
    path = f"/buckets/{bucket or client.places.plain}/objects"
    return f"{path}/{quote(key, safe='')}" if key else path


@action("getStatus getLive getReady whoami", weight=2)
async def _status(client: Client) -> None:
    reply = await client.ask_rest("GET", "/status")
    same(reply, "available", read(reply)["available"], True)
    reply = await client.ask_rest("GET", "/whoami")
    same(reply, "user", (read(reply)["id"], read(reply)["kind"]), (USER, "user"))
    await client.rest.ask("GET", "/health/live")
    reply = await client.rest.ask("GET", "/health/ready")
    if reply.status == 503 and b"did not answer within" in reply.body:
        raise Busy(f"{reply.asked}: {reply.text[:200]}")  # The backend is slower than who asks this would wait.
    same(reply, "status", reply.status, 200)


@action("listBuckets getUsageReport", weight=1)
async def _buckets(client: Client) -> None:
    reply = await client.ask_rest("GET", "/buckets")
    names = [bucket["name"] for bucket in read(reply)]
    same(reply, "order", names, sorted(names))
    same(reply, "the bucket", client.places.plain in names, True)
    if "usage_report" in client.places.operations:
        await client.ask_rest("GET", "/usage")


@action("createBucket getBucket uploadObjects getObject deleteObject deleteBucket", weight=1)
async def _bucket(client: Client) -> None:
    bucket = f"rest-of-{client.new_name()}"
    await client.ask_rest("GET", f"/buckets/{bucket}", want=404, code="no_such_bucket")
    await client.ask_rest("POST", "/buckets", body={"name": bucket}, want=201)
    await client.ask_rest("POST", "/buckets", body={"name": bucket}, want=409, code="bucket_already_exists")
    known = new_object(client, 200)
    await _send_form(client, bucket, "docs/a", known)
    reply = await client.ask_rest("GET", objects(client, "docs/a", bucket))
    same(reply, "content", reply.body, known.content)
    if client.places.driver == "memory":  # MinIO's figures of a bucket may lag.
        found = read(await client.ask_rest("GET", f"/buckets/{bucket}"))
        same(reply, "usage", (found["object_count"], found["size_bytes"]), (1, len(known.content)))
    await client.ask_rest("DELETE", f"/buckets/{bucket}", want=409, code="bucket_not_empty")
    await client.ask_rest("DELETE", objects(client, bucket=bucket), {"key": "docs/a"}, want=204)
    await client.ask_rest("DELETE", f"/buckets/{bucket}", want=204)
    await client.ask_rest("GET", objects(client, bucket=bucket), want=404, code="no_such_bucket")


async def _send_form(client: Client, bucket: str, key: str, known: Known) -> Reply:
    field = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="key"\r\n\r\n{key}\r\n'
    file = (
        f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="f"\r\n'
        f"Content-Type: {known.content_type}\r\n\r\n"
    )
    body = f"{field}{file}".encode() + known.content + f"\r\n--{BOUNDARY}--\r\n".encode()
    reply = await client.ask_rest("POST", objects(client, bucket=bucket), headers=FORM, body=body, want=201)
    (found,) = found if isinstance(found := read(reply), list) else [found]
    same(reply, "object", (found["key"], found["size_bytes"]), (key, len(known.content)))
    return reply


@action("uploadObjects headObject", weight=5)
async def _form(client: Client) -> None:
    key, known = client.new_key(), new_object(client)
    stored = Known(known.content, known.content_type, known.etag)
    with client.changing(key):
        await _send_form(client, client.places.plain, key, stored)
    client.objects[key] = stored
    reply = await client.ask_rest("HEAD", objects(client, key))
    same_object(reply, stored)


@action("putObject getObject", weight=8)
async def _put(client: Client) -> None:
    key, known = client.new_key(), new_object(client)
    headers = {"content-type": known.content_type} | {
        f"x-amz-meta-{name}": value for name, value in known.metadata.items()
    }
    with client.changing(key):
        await client.ask_rest("PUT", objects(client, key), headers=headers, body=known.content, want=201)
    client.objects[key] = Known(known.content, known.content_type, known.etag, known.metadata)
    reply = await client.ask_rest("GET", objects(client, key))
    same_object(reply, client.objects[key])
    same(reply, "content", reply.body, known.content)


@action("getObject headObject", weight=8)
async def _get(client: Client) -> None:
    if (key := client.known_key()) is None:
        await client.ask_rest("GET", objects(client, f"{client.prefix}missing"), want=404, code="no_such_key")
        return
    known = client.objects[key]
    reply = await client.ask_rest("GET", objects(client, key))
    same_object(reply, known)
    same(reply, "content", reply.body, known.content)
    await client.ask_rest("GET", objects(client, key), headers={"if-none-match": known.etag}, want=304)
    reply = await client.ask_rest("GET", objects(client, key), headers={"range": "bytes=-5"}, want=206)
    same(reply, "content", reply.body, known.content[-5:])


@action("deleteObject", weight=2)
async def _delete(client: Client) -> None:
    key = client.known_key() or client.new_key()
    with client.changing(key):
        await client.ask_rest("DELETE", objects(client), body={"key": key}, want=204)
    await client.ask_rest("HEAD", objects(client, key), want=404)


@action("deleteObjects", weight=2)
async def _delete_many(client: Client) -> None:
    keys = [*sorted(client.objects)[:2], f"{client.prefix}never"]
    with client.changing(*keys):
        reply = await client.ask_rest("POST", f"{objects(client)}/delete", body={"keys": keys})
        same(reply, "deleted", sorted(read(reply)["deleted"]), sorted(keys))


@action("listObjects", weight=4)
async def _list(client: Client) -> None:
    reply = await client.ask_rest("GET", objects(client), {"prefix": client.prefix})
    whole = read(reply)
    pages: list[Any] = []
    query = {"prefix": client.prefix, "limit": "3"}
    while True:
        reply = await client.ask_rest("GET", objects(client), query)
        pages += read(reply)
        link = reply.headers.get("link", "")
        if 'rel="next"' not in link:
            break
        query["cursor"] = unquote(link.partition("cursor=")[2].partition(">")[0].partition("&")[0])
    for listing in (whole, pages):
        names = [one["key"] for one in listing]
        same(reply, "order", names, sorted(names, key=str.encode))
        known = client.objects
        check_listing(
            client,
            reply,
            {
                one["key"]: (str(one["size_bytes"]), known[one["key"]].etag if one["key"] in known else "?")
                for one in listing
            },
        )
        for one in listing:
            if one["key"] in known:
                same(reply, "type", one["content_type"], known[one["key"]].content_type)


@action("presign", weight=3)
async def _presign(client: Client) -> None:
    key, content = f"{client.prefix}by-url", content_of(client.new_name(), 700)
    path = f"{objects(client)}/presign"
    reply = await client.ask_rest("POST", path, body={"key": key, "method": "PUT", "expires_in": 3600})
    with client.changing(key):
        await client.ask_url("PUT", read(reply)["url"], content)
    reply = await client.ask_rest("POST", path, body={"key": key, "expires_in": 3600})
    reply = await client.ask_url("GET", read(reply)["url"])
    same(reply, "content", reply.body, content)
    reply = await client.ask_rest("HEAD", objects(client, key))
    client.objects[key] = Known(content, reply.headers["content-type"], reply.headers["etag"])


@action("getBucketSettings putBucketSettings deleteBucketSettings", weight=1)
async def _settings(client: Client) -> None:
    bucket = f"set-of-{client.new_name()}"
    await client.ask_rest("POST", "/buckets", body={"name": bucket}, want=201)
    await client.settled()
    for settings in settings_for(client, bucket):
        kind = type(settings)
        path = f"/buckets/{bucket}/settings/{kind.__struct_config__.tag}"
        await client.ask_rest("PUT", path, body=msgspec.to_builtins(settings))
        reply = await client.ask_rest("GET", path)
        same(reply, "settings", plain(msgspec.json.decode(reply.body, type=kind)), plain(settings))
        if settings.removable:
            await client.ask_rest("DELETE", path, want=204)
            reply = await client.ask_rest("GET", path)
            same(reply, "settings", msgspec.json.decode(reply.body, type=kind), kind())
    await client.ask_rest("DELETE", f"/buckets/{bucket}", want=204)


@action("putObject listVersions deleteObject", weight=1, needs="bucket_versioning")
async def _versions(client: Client) -> None:
    bucket, key = client.places.versions, f"{client.prefix}{client.new_name()}"
    ids = []
    for _ in range(2):
        reply = await client.ask_rest(
            "PUT", objects(client, key, bucket), body=content_of(client.new_name(), 99), want=201
        )
        ids.append(reply.headers["x-amz-version-id"])
    reply = await client.ask_rest("GET", f"/buckets/{bucket}/versions", {"prefix": key})
    same(reply, "versions", [one["version_id"] for one in read(reply)], ids[::-1])
    for version_id in ids:
        await client.ask_rest(
            "DELETE", objects(client, bucket=bucket), {"key": key, "version_id": version_id}, want=204
        )
    reply = await client.ask_rest("GET", f"/buckets/{bucket}/versions", {"prefix": key})
    same(reply, "versions", read(reply), [])


@action("putObject putTags getTags deleteTags deleteObject", weight=1, needs="put_tagging")
async def _tags(client: Client) -> None:
    bucket, key = client.places.plain, f"{client.prefix}{client.new_name()}"
    await client.ask_rest("PUT", objects(client, key, bucket), body=b"tagged", want=201)
    path, query = f"/buckets/{bucket}/tags", {"key": key}
    wanted = {"tags": {"client": str(client.number)}}
    await client.ask_rest("PUT", path, query, body=wanted)
    reply = await client.ask_rest("GET", path, query)
    same(reply, "tags", read(reply), wanted)
    await client.ask_rest("DELETE", path, query, want=204)
    reply = await client.ask_rest("GET", path, query)
    same(reply, "tags", read(reply), {"tags": {}})
    await client.ask_rest("DELETE", objects(client, bucket=bucket), query, want=204)


@action(
    "putObject putRetention getRetention putLegalHold getLegalHold deleteObject", weight=1, needs="bucket_object_lock"
)
async def _locks(client: Client) -> None:
    bucket, key = client.places.locks, f"{client.prefix}{client.new_name()}"
    reply = await client.ask_rest("PUT", objects(client, key, bucket), body=b"kept", want=201)
    query = {"key": key, "version_id": reply.headers["x-amz-version-id"]}
    until = (datetime.now(UTC) + timedelta(days=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
    wanted = {"mode": "GOVERNANCE", "until": until}
    await client.ask_rest("PUT", f"/buckets/{bucket}/retention", query, body=wanted)
    reply = await client.ask_rest("GET", f"/buckets/{bucket}/retention", query)
    same(reply, "retention", read(reply), wanted)
    for hold in (True, False):
        await client.ask_rest("PUT", f"/buckets/{bucket}/legal-hold", query, body={"legal_hold": hold})
        reply = await client.ask_rest("GET", f"/buckets/{bucket}/legal-hold", query)
        same(reply, "legal hold", read(reply), {"legal_hold": hold})
    await client.ask_rest("DELETE", objects(client, bucket=bucket), query, want=403, code="object_locked")
    await client.ask_rest("DELETE", objects(client, bucket=bucket), {**query, "bypass_governance": "true"}, want=204)
