// An application of minio-go with checksums in trailers: `program HOST:PORT ACCESS_KEY SECRET_KEY BUCKET`.
package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"
)

func must[T any](value T, err error) T {
	if err != nil {
		panic(err)
	}
	return value
}

func main() {
	ctx, bucket := context.Background(), os.Args[4]
	client := must(minio.New(os.Args[1], &minio.Options{
		Creds:           credentials.NewStaticV4(os.Args[2], os.Args[3], ""),
		Region:          "us-east-1",
		TrailingHeaders: true,
	}))
	content := make([]byte, 11<<20)
	for index := range content {
		content[index] = byte(index * 31 >> 3)
	}
	kinds := map[string]minio.ChecksumType{
		"CRC32":          minio.ChecksumCRC32,
		"CRC32C":         minio.ChecksumCRC32C,
		"SHA1":           minio.ChecksumSHA1,
		"SHA256":         minio.ChecksumSHA256,
		"CRC64NVME":      minio.ChecksumCRC64NVME,
		"CRC32 of all":   minio.ChecksumFullObjectCRC32,
		"CRC32C of all":  minio.ChecksumFullObjectCRC32C,
		"none":           minio.ChecksumNone,
	}
	for name, kind := range kinds {
		for _, size := range []int64{0, 5, 11 << 20} {
			// Known length, unknown length, and unknown length in parts that are sent at once.
			for way, options := range []minio.PutObjectOptions{
				{PartSize: 5 << 20},
				{PartSize: 5 << 20},
				{PartSize: 5 << 20, ConcurrentStreamParts: true, NumThreads: 2},
			} {
				options.Checksum = kind
				length := size
				if way > 0 {
					length = -1
				}
				key := fmt.Sprintf("%s/%d+%d", name, size, way)
				put, err := client.PutObject(ctx, bucket, key, bytes.NewReader(content[:size]), length, options)
				if err != nil {
					panic(fmt.Sprintf("%s: %v", key, err))
				}
				if put.Size != size {
					panic(fmt.Sprintf("%s: %d bytes", key, put.Size))
				}
				object := must(client.GetObject(ctx, bucket, key, minio.GetObjectOptions{Checksum: true}))
				if !bytes.Equal(must(io.ReadAll(object)), content[:size]) {
					panic(key + ": other content came back")
				}
			}
		}
	}
	stat := must(client.StatObject(ctx, bucket, "SHA256/5+0", minio.StatObjectOptions{Checksum: true}))
	if stat.ChecksumSHA256 == "" {
		panic("no checksum was kept")
	}
	attributes := must(client.GetObjectAttributes(ctx, bucket, "CRC32C/11534336+0", minio.ObjectAttributesOptions{}))
	if attributes.ObjectParts.PartsCount != 3 {
		panic(fmt.Sprintf("%d parts", attributes.ObjectParts.PartsCount))
	}
	for object := range client.ListObjects(ctx, bucket, minio.ListObjectsOptions{Recursive: true, WithVersions: true}) {
		if object.Err != nil {
			panic(object.Err)
		}
		if object.VersionID != "null" || !object.IsLatest {
			panic("a version of a bucket that has none: " + object.VersionID)
		}
	}
	fmt.Println("ok")
}
