// Uploads of the AWS SDK for JavaScript with every checksum: `node js_checksums.mjs ENDPOINT ACCESS_KEY SECRET_KEY BUCKET`.

import assert from "node:assert/strict";
import { Readable } from "node:stream";
import { GetObjectAttributesCommand, GetObjectCommand, S3Client } from "@aws-sdk/client-s3";
import { Upload } from "@aws-sdk/lib-storage";

const [endpoint, accessKeyId, secretAccessKey, Bucket] = process.argv.slice(2);
const client = new S3Client({
  endpoint,
  region: "us-east-1",
  credentials: { accessKeyId, secretAccessKey },
  forcePathStyle: true,
  maxAttempts: 1,
});
const large = Buffer.alloc(11 * 1024 * 1024, "large ");

for (const content of [Buffer.alloc(0), Buffer.from("hello"), large]) {
  for (const ChecksumAlgorithm of [undefined, "CRC32", "CRC32C", "CRC64NVME", "SHA1", "SHA256"]) {
    const Key = `${ChecksumAlgorithm} ${content.length}+`;
    const params = { Bucket, Key, ChecksumAlgorithm, Body: Readable.from([content]) };
    await new Upload({ client, params, partSize: 5 * 1024 * 1024 }).done();
    const got = await client.send(new GetObjectCommand({ Bucket, Key, ChecksumMode: "ENABLED" }));
    assert.deepEqual(Buffer.from(await got.Body.transformToByteArray()), content);
    const ObjectAttributes = ["Checksum", "ObjectParts", "ObjectSize"];
    const attributes = await client.send(new GetObjectAttributesCommand({ Bucket, Key, ObjectAttributes }));
    assert.equal(attributes.ObjectSize, content.length);
    assert.ok(attributes.Checksum[`Checksum${ChecksumAlgorithm ?? "CRC32"}`], Key);
    if (content === large) assert.equal(attributes.ObjectParts.TotalPartsCount, 3);
  }
}
console.log("ok");
