// Uses the minio package from npm as an application would. Prints "ok" at the end; anything unexpected throws.
import assert from 'node:assert/strict'
import fs from 'node:fs'
import { text, buffer } from 'node:stream/consumers'
import { Client } from 'minio'

const [endpoint, accessKey, secretKey, bucket, large] = process.argv.slice(2)
const { hostname, port } = new URL(endpoint)
const client = new Client({ endPoint: hostname, port: Number(port), useSSL: false, accessKey, secretKey })
const listed = async (prefix, recursive) => {
  const entries = []
  for await (const entry of client.listObjectsV2(bucket, prefix, recursive)) entries.push(entry.name ?? entry.prefix)
  return entries
}

await client.makeBucket(bucket)
assert.equal(await client.bucketExists(bucket), true)
assert.equal(await client.bucketExists(bucket + '-not'), false)
assert.ok((await client.listBuckets()).some((each) => each.name === bucket))

const key = 'ordner/ä b+c &<>"\'%2F.txt'
await client.putObject(bucket, key, 'hallo', undefined, { 'Content-Type': 'text/plain', 'X-Amz-Meta-Owner': 'me' })
const stat = await client.statObject(bucket, key)
assert.equal(stat.size, 5)
assert.equal(stat.metaData.owner, 'me')
assert.equal(stat.metaData['content-type'], 'text/plain')
assert.equal(await text(await client.getObject(bucket, key)), 'hallo')
assert.equal(await text(await client.getPartialObject(bucket, key, 1, 3)), 'all')
assert.deepEqual(await listed('', false), ['ordner/'])
assert.deepEqual(await listed('ordner/', true), [key])

await client.fPutObject(bucket, 'large.bin', large)
assert.deepEqual(await buffer(await client.getObject(bucket, 'large.bin')), fs.readFileSync(large))
await client.putObject(bucket, 'stream.bin', fs.createReadStream(large))
assert.equal((await client.statObject(bucket, 'stream.bin')).size, fs.statSync(large).size)

await client.setObjectTagging(bucket, key, { a: 'one' })
assert.deepEqual((await client.getObjectTagging(bucket, key))[0], { Key: 'a', Value: 'one' })

const put = await client.presignedPutObject(bucket, 'presigned', 60)
assert.equal((await fetch(put, { method: 'PUT', body: 'signed' })).status, 200)
const get = await client.presignedGetObject(bucket, 'presigned', 60, { 'response-content-type': 'text/x-test' })
const answer = await fetch(get)
assert.equal(answer.headers.get('content-type'), 'text/x-test')
assert.equal(await answer.text(), 'signed')

const policy = client.newPostPolicy()
policy.setBucket(bucket)
policy.setKey('posted')
policy.setExpires(new Date(Date.now() + 60_000))
policy.setContentLengthRange(1, 100)
const { postURL, formData } = await client.presignedPostPolicy(policy)
const form = new FormData()
for (const [name, value] of Object.entries(formData)) form.append(name, value)
form.append('file', new Blob(['posted']))
assert.equal((await fetch(postURL, { method: 'POST', body: form })).status, 204)
assert.equal(await text(await client.getObject(bucket, 'posted')), 'posted')

await assert.rejects(client.getObject(bucket, 'missing'), { code: 'NoSuchKey' })
await assert.rejects(client.removeBucket(bucket), { code: 'BucketNotEmpty' })
await client.removeObjects(bucket, await listed('', true))
await client.removeBucket(bucket)
console.log('ok')
