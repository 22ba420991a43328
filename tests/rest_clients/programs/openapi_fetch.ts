// An application of openapi-fetch with the types of openapi-typescript: `node openapi_fetch.js ORIGIN BUCKET`.

import assert from "node:assert/strict";
import createClient from "openapi-fetch";
import type { paths } from "./api";

const [origin, name] = process.argv.slice(2);
const client = createClient<paths>({ baseUrl: origin });
const allBytes = Uint8Array.from({ length: 256_000 }, (_, index) => index % 256);
const key = "docs/a b+c/é.bin";
const OBJECTS = "/api/v1/storage/buckets/{name}/objects";
const OBJECT = "/api/v1/storage/buckets/{name}/objects/{key}";

function formOf(body: object): FormData {
  const form = new FormData();
  for (const [field, value] of Object.entries(body)) {
    for (const each of [value].flat()) form.append(field, each);
  }
  return form;
}

async function main(): Promise<void> {
  const status = await client.GET("/api/v1/storage/status");
  assert.equal(status.data?.available, true);

  const created = await client.POST("/api/v1/storage/buckets", { body: { name } });
  assert.equal(created.data?.name, name);
  const again = await client.POST("/api/v1/storage/buckets", { body: { name } });
  assert.equal(again.error?.code, "bucket_already_exists");

  const file = [new File([allBytes], "all.bin", { type: "application/x-all" }), new File([], "empty.txt")];
  const uploaded = await client.POST(OBJECTS, {
    params: { path: { name } },
    body: { prefix: "docs/", file },
    bodySerializer: formOf,
  });
  assert.deepEqual(uploaded.data?.map((view) => [view.key, view.size_bytes]), [["docs/all.bin", 256_000], ["docs/empty.txt", 0]]);
  const put = await client.PUT(OBJECT, {
    params: { path: { name, key }, header: { "Cache-Control": "max-age=60", "x-amz-tagging": "a=1" } },
    body: new Blob([allBytes]),
    bodySerializer: (body) => body,
  });
  assert.equal(put.data?.key, key);

  const listed = await client.GET(OBJECTS, { params: { path: { name }, query: { prefix: "docs/" } } });
  assert.deepEqual(listed.data?.map((view) => view.key), [key, "docs/all.bin", "docs/empty.txt"]);

  for (const each of [key, "docs/all.bin"]) {
    const got = await client.GET(OBJECT, { params: { path: { name, key: each } }, parseAs: "blob" });
    assert.ok(got.data);
    assert.deepEqual(new Uint8Array(await got.data.arrayBuffer()), allBytes);
  }
  const part = await client.GET(OBJECT, {
    params: { path: { name, key }, header: { Range: "bytes=10-19" } },
    parseAs: "arrayBuffer",
  });
  assert.equal(part.response.status, 206);
  const head = await client.HEAD(OBJECT, { params: { path: { name, key } } });
  assert.equal(head.response.headers.get("x-amz-tagging-count"), "1");
  const missing = await client.GET(OBJECT, { params: { path: { name, key: "missing" } } });
  assert.equal(missing.error?.code, "no_such_key");

  for (const method of ["PUT", "GET"] as const) {
    const presigned = await client.POST("/api/v1/storage/buckets/{name}/objects/presign", {
      params: { path: { name } },
      body: { key: "by-url.txt", method, expires_in: 60 },
    });
    assert.ok(presigned.data);
    const answer = await fetch(presigned.data.url, { method, body: method === "PUT" ? "by URL" : undefined });
    assert.equal(answer.status, 200);
    assert.equal(await answer.text(), method === "PUT" ? "" : "by URL");
  }

  const deleted = await client.DELETE(OBJECTS, { params: { path: { name }, query: { key } } });
  assert.equal(deleted.response.status, 204);
  const inBody = await client.DELETE(OBJECTS, { params: { path: { name } }, body: { key: "docs/all.bin" } });
  assert.equal(inBody.response.status, 204);
  const many = await client.POST("/api/v1/storage/buckets/{name}/objects/delete", {
    params: { path: { name } },
    body: { keys: ["docs/empty.txt", "by-url.txt"] },
  });
  assert.deepEqual(many.data?.failed, []);
  const gone = await client.DELETE("/api/v1/storage/buckets/{name}", { params: { path: { name } } });
  assert.equal(gone.response.status, 204);
  console.log("ok");
}

void main();
