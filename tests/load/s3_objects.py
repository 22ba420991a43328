"""What clients do with objects over the S3 port."""

from __future__ import annotations

import base64
from hashlib import md5
from urllib.parse import quote, urlencode

import msgspec
from bucketry import Secret
from bucketry.sigv4 import Credentials, Presigner
from bucketry_s3client import Element

from tests.load.client import Client, action, checked, same, same_object, xml_of
from tests.load.model import Known, Wrong, content_of, etag_of
from tests.load.serving import ACCESS_KEY, SECRET_KEY
from tests.load.wire import Reply

PART: int = 5 * 1024**2
TYPES = ("text/plain", "application/octet-stream", "image/png")


def new_object(client: Client, size: int | None = None) -> Known:
    """An object that was never written."""
    name = client.new_name()
    content = content_of(name, client.random.choice((0, 100, 3000, 20_000, 70_000)) if size is None else size)
    metadata = {"name": name} if client.places.features.put_metadata else {}
    tags = {"client": str(client.number)} if client.places.features.put_tagging and client.random.random() < 0.3 else {}
    return Known(content, client.random.choice(TYPES), etag_of(content), metadata, tags)


def headers_of(known: Known) -> dict[str, str]:
    headers = {"content-type": known.content_type}
    headers |= {f"x-amz-meta-{name}": value for name, value in known.metadata.items()}
    return headers | ({"x-amz-tagging": urlencode(known.tags)} if known.tags else {})


async def put(client: Client, key: str, known: Known) -> None:
    with client.changing(key):
        reply = await client.ask_s3("PUT", client.places.plain, key, headers=headers_of(known), body=known.content)
    same(reply, "etag", reply.headers.get("etag"), known.etag)
    client.objects[key] = known


@action("PutObject", weight=14)
async def _put(client: Client) -> None:
    await put(client, client.new_key(), new_object(client))


@action("PutObject GetObject", weight=1)
async def _large(client: Client) -> None:
    known = new_object(client, client.random.randrange(1024**2, 3 * 1024**2))
    key = f"{client.prefix}large"
    await put(client, key, known)
    reply = await client.ask_s3("GET", client.places.plain, key)
    same(reply, "content", reply.body, known.content)


@action("GetObject", weight=14)
async def _get(client: Client) -> None:
    key = client.known_key()
    if key is None:
        await client.ask_s3("GET", client.places.plain, f"{client.prefix}missing", want=404, code="NoSuchKey")
        return
    known = client.objects[key]
    reply = await client.ask_s3("GET", client.places.plain, key)
    same_object(reply, known)
    same(reply, "content", reply.body, known.content)


@action("GetObject", weight=5)
async def _get_range(client: Client) -> None:
    if (key := client.known_key()) is None:
        return
    known = client.objects[key]
    first = client.random.randrange(len(known.content))
    last = min(len(known.content), first + client.random.randrange(1, 5000)) - 1
    headers = {"range": f"bytes={first}-{last}"}
    reply = await client.ask_s3("GET", client.places.plain, key, headers=headers, want=206)
    same(reply, "content", reply.body, known.content[first : last + 1])
    same(reply, "range", reply.headers.get("content-range"), f"bytes {first}-{last}/{len(known.content)}")


@action("HeadObject GetObject", weight=6)
async def _conditions(client: Client) -> None:
    if (key := client.known_key()) is None:
        return
    known, bucket = client.objects[key], client.places.plain
    reply = await client.ask_s3("HEAD", bucket, key)
    same_object(reply, known)
    same(reply, "length", reply.headers.get("content-length"), str(len(known.content)))
    await client.ask_s3("GET", bucket, key, headers={"if-none-match": known.etag}, want=304)
    await client.ask_s3("GET", bucket, key, headers={"if-match": '"other"'}, want=412, code="PreconditionFailed")


@action("GetObjectAttributes", weight=2)
async def _attributes(client: Client) -> None:
    if (key := client.known_key()) is None:
        return
    headers = {"x-amz-object-attributes": "ETag,ObjectSize"}
    reply = await client.ask_s3("GET", client.places.plain, key, {"attributes": ""}, headers)
    known, found = client.objects[key], xml_of(reply, "GetObjectAttributesResponse")
    same(reply, "size", found.text("ObjectSize"), str(len(known.content)))
    same(reply, "etag", f'"{found.text("ETag")}"', known.etag)


@action("PutObject", weight=4, needs="put_if_none_match")
async def _put_if_none(client: Client) -> None:
    if (key := client.known_key()) is None:
        return
    headers = {"if-none-match": "*"}
    await client.ask_s3(
        "PUT", client.places.plain, key, headers=headers, body=b"lost", want=412, code="PreconditionFailed"
    )


@action("PutObject", weight=4, needs="put_if_match")
async def _put_if_match(client: Client) -> None:
    if (key := client.known_key()) is None:
        return
    before, known = client.objects[key], new_object(client, 500)
    sent = headers_of(known)
    wrong = {**sent, "if-match": '"00000000000000000000000000000000"'}
    await client.ask_s3(
        "PUT", client.places.plain, key, headers=wrong, body=b"lost", want=412, code="PreconditionFailed"
    )
    with client.changing(key):
        right = {**sent, "if-match": before.etag}
        reply = await client.ask_s3("PUT", client.places.plain, key, headers=right, body=known.content)
    same(reply, "etag", reply.headers.get("etag"), known.etag)
    client.objects[key] = known


@action("DeleteObject", weight=5)
async def _delete(client: Client) -> None:
    key = client.known_key() or client.new_key()
    with client.changing(key):
        await client.ask_s3("DELETE", client.places.plain, key, want=204)
    await client.ask_s3("GET", client.places.plain, key, want=404, code="NoSuchKey")


@action("DeleteObjects", weight=3)
async def _delete_many(client: Client) -> None:
    keys = [*sorted(client.objects)[:3], f"{client.prefix}never"]
    listed = "".join(f"<Object><Key>{key.replace('&', '&amp;')}</Key></Object>" for key in keys)
    body = f"<Delete>{listed}</Delete>".encode()
    headers = {"content-md5": base64.b64encode(md5(body, usedforsecurity=False).digest()).decode()}
    with client.changing(*keys):
        reply = await client.ask_s3("POST", client.places.plain, query={"delete": ""}, headers=headers, body=body)
        deleted = [one.text("Key") for one in xml_of(reply, "DeleteResult").all("Deleted")]
        same(reply, "deleted keys", sorted(deleted), sorted(keys))


@action("CopyObject", weight=4)
async def _copy(client: Client) -> None:
    if (source := client.known_key()) is None:
        return
    known, key, bucket = client.objects[source], f"{client.prefix}copy", client.places.plain
    if source == key:  # S3 copies nothing onto itself.
        return
    if client.places.features.copy_own_etag:
        known = msgspec.structs.replace(known, etag=etag_of(known.content))
    headers = {"x-amz-copy-source": quote(f"{bucket}/{source}")}
    with client.changing(key):
        reply = await client.ask_s3("PUT", bucket, key, headers=headers)
        same(reply, "etag", xml_of(reply, "CopyObjectResult").text("ETag"), known.etag)
    client.objects[key] = known


@action("PutObjectTagging GetObjectTagging DeleteObjectTagging", weight=3, needs="put_object_tagging")
async def _tags(client: Client) -> None:
    if (key := client.known_key()) is None:
        return
    bucket, query, value = client.places.plain, {"tagging": ""}, client.new_name()
    body = f"<Tagging><TagSet><Tag><Key>a b</Key><Value>{value}</Value></Tag></TagSet></Tagging>".encode()
    headers = {"content-md5": base64.b64encode(md5(body, usedforsecurity=False).digest()).decode()}
    await client.ask_s3("PUT", bucket, key, query, headers, body)
    reply = await client.ask_s3("GET", bucket, key, query)
    same(reply, "tags", _tags_in(xml_of(reply, "Tagging")), {"a b": value})
    await client.ask_s3("DELETE", bucket, key, query, want=204)
    reply = await client.ask_s3("GET", bucket, key, query)
    same(reply, "tags", _tags_in(xml_of(reply, "Tagging")), {})


def _tags_in(document: Element) -> dict[str, str]:
    return {tag.text("Key"): tag.text("Value") for found in document.all("TagSet") for tag in found.all("Tag")}


@action("GetObjectAcl", weight=1)
async def _object_acl(client: Client) -> None:
    if (key := client.known_key()) is not None:
        reply = await client.ask_s3("GET", client.places.plain, key, {"acl": ""})
        xml_of(reply, "AccessControlPolicy")


def check_listing(client: Client, reply: Reply, found: dict[str, tuple[str, str]]) -> None:
    """Check a whole listing of the client's prefix: size and etag by key."""
    known = {key: (str(len(one.content)), one.etag) for key, one in client.objects.items() if "-" not in one.etag}
    found = {key: value for key, value in found.items() if key in known or key not in client.objects}
    for key in client.unsure:
        found.pop(key, None)
    same(reply, "the listing", found, known)


def _listed(document: Element) -> dict[str, tuple[str, str]]:
    return {one.text("Key"): (one.text("Size"), one.text("ETag")) for one in document.all("Contents")}


@action("ListObjectsV2", weight=5)
async def _list(client: Client) -> None:
    found: dict[str, tuple[str, str]] = {}
    query = {"list-type": "2", "prefix": client.prefix, "max-keys": str(client.random.choice((2, 3, 1000)))}
    while True:
        reply = await client.ask_s3("GET", client.places.plain, query=query)
        document = xml_of(reply, "ListBucketResult")
        page = _listed(document)
        if list(page) != sorted(page, key=str.encode) or (found and page and min(page, key=str.encode) <= max(found)):
            raise Wrong(f"{reply.asked}: the page is out of order")
        found |= page
        if document.text("IsTruncated") != "true":
            break
        query["continuation-token"] = document.text("NextContinuationToken")
    check_listing(client, reply, found)


@action("ListObjects", weight=2, needs="list_delimiter")
async def _list_rolled_up(client: Client) -> None:
    query = {"prefix": client.prefix, "delimiter": "/"}
    reply = await client.ask_s3("GET", client.places.plain, query=query)
    document = xml_of(reply, "ListBucketResult")
    rolled = {one.text("Prefix") for one in document.all("CommonPrefixes")}
    if not client.unsure:
        below = {key[len(client.prefix) :] for key in client.objects}
        same(reply, "prefixes", rolled, {f"{client.prefix}{key.split('/')[0]}/" for key in below if "/" in key})


@action(
    "CreateMultipartUpload UploadPart UploadPartCopy ListParts ListMultipartUploads CompleteMultipartUpload", weight=3
)
async def _upload(client: Client) -> None:
    bucket, key, known = client.places.plain, f"{client.prefix}parts", new_object(client, 3000)
    reply = await client.ask_s3("POST", bucket, key, {"uploads": ""}, {"content-type": known.content_type})
    upload_id = xml_of(reply, "InitiateMultipartUploadResult").text("UploadId")
    part = {"uploadId": upload_id, "partNumber": "1"}
    reply = await client.ask_s3("PUT", bucket, key, part, body=b"replaced")
    source = client.known_key()
    if source is not None and client.random.random() < 0.5:
        copied = {"x-amz-copy-source": quote(f"{bucket}/{source}")}
        reply = await client.ask_s3("PUT", bucket, key, part, copied)
        etag, content = xml_of(reply, "CopyPartResult").text("ETag"), client.objects[source].content
    else:
        reply = await client.ask_s3("PUT", bucket, key, part, body=known.content)
        etag, content = reply.headers["etag"], known.content
    reply = await client.ask_s3("GET", bucket, key, {"uploadId": upload_id})
    (listed,) = xml_of(reply, "ListPartsResult").all("Part")
    same(reply, "part", (listed.text("ETag"), listed.text("Size")), (etag, str(len(content))))
    reply = await client.ask_s3("GET", bucket, query={"uploads": "", "prefix": key})
    ids = [one.text("UploadId") for one in xml_of(reply, "ListMultipartUploadsResult").all("Upload")]
    if upload_id not in ids:
        raise Wrong(f"{reply.asked}: the upload {upload_id} is missing among {ids}")
    body = (
        f"<CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>{etag}</ETag></Part></CompleteMultipartUpload>"
    )
    with client.changing(key):
        reply = await client.ask_s3("POST", bucket, key, {"uploadId": upload_id}, body=body.encode())
        whole = md5(md5(content, usedforsecurity=False).digest(), usedforsecurity=False).hexdigest()
        same(reply, "etag", xml_of(reply, "CompleteMultipartUploadResult").text("ETag").strip('"'), f"{whole}-1")
    client.objects[key] = Known(content, known.content_type, f'"{whole}-1"')
    reply = await client.ask_s3("GET", bucket, key)
    same(reply, "content", reply.body, content)


@action("CreateMultipartUpload UploadPart AbortMultipartUpload ListParts", weight=2)
async def _abort(client: Client) -> None:
    bucket, key = client.places.plain, f"{client.prefix}aborted"
    reply = await client.ask_s3("POST", bucket, key, {"uploads": ""})
    query = {"uploadId": xml_of(reply, "InitiateMultipartUploadResult").text("UploadId")}
    await client.ask_s3("PUT", bucket, key, {**query, "partNumber": "1"}, body=b"x" * 1000)
    await client.ask_s3("DELETE", bucket, key, query, want=204)
    await client.ask_s3("GET", bucket, key, query, want=404, code="NoSuchUpload")
    await client.ask_s3("GET", bucket, key, want=404, code="NoSuchKey")


@action("GetObject PutObject", weight=3)
async def _presigned(client: Client) -> None:
    presigner = Presigner(Credentials(ACCESS_KEY, Secret(SECRET_KEY)), endpoint=client.places.s3, region="us-east-1")
    key, known = f"{client.prefix}presigned", new_object(client, 800)
    bucket = client.places.plain
    with client.changing(key):
        await client.ask_url("PUT", presigner.presign_url("PUT", bucket, key, expires_in=3600), known.content)
    client.objects[key] = Known(known.content, "binary/octet-stream", known.etag)
    reply = await client.ask_url("GET", presigner.presign_url("GET", bucket, key, expires_in=3600))
    same(reply, "content", reply.body, known.content)


@action("PostObject", weight=2)
async def _form(client: Client) -> None:
    key, known, bucket = f"{client.prefix}form", new_object(client, 900), client.places.plain
    conditions: list[object] = [{"bucket": bucket}, {"key": key}, {"content-type": known.content_type}]
    policy = {"expiration": "2099-01-01T00:00:00.000Z", "conditions": conditions}
    fields = {"key": key, "content-type": known.content_type, **client.s3.signer.sign_policy(policy)}
    boundary = "a-boundary-of-the-load"
    parts = "".join(
        f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
        for name, value in fields.items()
    )
    file = f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="f"\r\n\r\n'
    body = f"{parts}{file}".encode() + known.content + f"\r\n--{boundary}--\r\n".encode()
    with client.changing(key):
        headers = {"content-type": f"multipart/form-data; boundary={boundary}"}
        checked(await client.s3.ask("POST", f"/{bucket}", headers, body), 204, "", lambda: "")
    client.objects[key] = Known(known.content, known.content_type, known.etag)
