// An application of the client that @hey-api/openapi-ts makes: `node hey_api.js ORIGIN BUCKET`.

import assert from "node:assert/strict";
import {
  createBucket,
  deleteBucket,
  deleteObject,
  deleteObjects,
  getObject,
  getStatus,
  headObject,
  listObjects,
  presign,
  putObject,
  uploadObjects,
} from "./client";
import { client } from "./client/client.gen";

const [origin, name] = process.argv.slice(2);
const allBytes = Uint8Array.from({ length: 256_000 }, (_, index) => index % 256);
const key = "docs/a b+c/é.bin";
const path = { name };

async function main(): Promise<void> {
  client.setConfig({ baseUrl: origin });
  assert.equal((await getStatus()).data?.available, true);

  assert.equal((await createBucket({ body: { name } })).data?.name, name);
  assert.equal((await createBucket({ body: { name } })).error?.code, "bucket_already_exists");

  const file = [new File([allBytes], "all.bin", { type: "application/x-all" }), new File([], "empty.txt")];
  const uploaded = await uploadObjects({ path, body: { prefix: "docs/", file } });
  assert.deepEqual(uploaded.data?.map((view) => [view.key, view.size_bytes]), [["docs/all.bin", 256_000], ["docs/empty.txt", 0]]);
  const headers = { "Cache-Control": "max-age=60", "x-amz-tagging": "a=1" };
  const put = await putObject({ path: { name, key }, body: new Blob([allBytes]), headers });
  assert.equal(put.data?.key, key);

  const listed = await listObjects({ path, query: { prefix: "docs/" } });
  assert.deepEqual(listed.data?.map((view) => view.key), [key, "docs/all.bin", "docs/empty.txt"]);

  for (const each of [key, "docs/all.bin"]) {
    const got = await getObject({ path: { name, key: each }, parseAs: "blob" });
    assert.ok(got.data);
    assert.deepEqual(new Uint8Array(await (got.data as Blob).arrayBuffer()), allBytes);
  }
  const part = await getObject({ path: { name, key }, headers: { Range: "bytes=10-19" }, parseAs: "blob" });
  assert.equal(part.response?.status, 206);
  const head = await headObject({ path: { name, key } });
  assert.equal(head.response?.headers.get("x-amz-tagging-count"), "1");
  assert.equal((await getObject({ path: { name, key: "missing" } })).error?.code, "no_such_key");

  for (const method of ["PUT", "GET"] as const) {
    const presigned = await presign({ path, body: { key: "by-url.txt", method, expires_in: 60 } });
    assert.ok(presigned.data);
    const answer = await fetch(presigned.data.url, { method, body: method === "PUT" ? "by URL" : undefined });
    assert.equal(answer.status, 200);
    assert.equal(await answer.text(), method === "PUT" ? "" : "by URL");
  }

  assert.equal((await deleteObject({ path, query: { key } })).response?.status, 204);
  assert.equal((await deleteObject({ path, body: { key: "docs/all.bin" } })).response?.status, 204);
  const many = await deleteObjects({ path, body: { keys: ["docs/empty.txt", "by-url.txt"] } });
  assert.deepEqual(many.data?.failed, []);
  assert.equal((await deleteBucket({ path })).response?.status, 204);
  console.log("ok");
}

void main();
