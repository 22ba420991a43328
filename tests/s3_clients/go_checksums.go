// Uploads of the AWS SDK for Go with every checksum: `program ENDPOINT ACCESS_KEY SECRET_KEY BUCKET`.
package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/feature/s3/manager"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
)

func must[T any](value T, err error) T {
	if err != nil {
		panic(err)
	}
	return value
}

func main() {
	ctx := context.Background()
	client := s3.New(s3.Options{
		BaseEndpoint:     aws.String(os.Args[1]),
		Region:           "us-east-1",
		Credentials:      credentials.NewStaticCredentialsProvider(os.Args[2], os.Args[3], ""),
		UsePathStyle:     true,
		RetryMaxAttempts: 1,
	})
	bucket := aws.String(os.Args[4])
	uploader := manager.NewUploader(client)
	large := bytes.Repeat([]byte("large "), 11<<20/6)
	for _, content := range [][]byte{{}, []byte("hello"), large} {
		for _, algorithm := range append([]types.ChecksumAlgorithm{""}, "CRC32", "CRC32C", "CRC64NVME", "SHA1", "SHA256") {
			key := aws.String(fmt.Sprintf("%s %d+", algorithm, len(content)))
			// Without Seek: the SDK does not know the length.
			body := io.MultiReader(bytes.NewReader(content))
			must(uploader.Upload(ctx, &s3.PutObjectInput{Bucket: bucket, Key: key, Body: body, ChecksumAlgorithm: algorithm}))
			got := must(client.GetObject(ctx, &s3.GetObjectInput{Bucket: bucket, Key: key, ChecksumMode: types.ChecksumModeEnabled}))
			if !bytes.Equal(must(io.ReadAll(got.Body)), content) {
				panic(*key + ": other content came back")
			}
			got.Body.Close()
			attributes := must(client.GetObjectAttributes(ctx, &s3.GetObjectAttributesInput{
				Bucket:           bucket,
				Key:              key,
				ObjectAttributes: []types.ObjectAttributes{types.ObjectAttributesChecksum, types.ObjectAttributesObjectParts},
			}))
			// A client that is made of options alone sends a checksum only where it is asked to.
			if attributes.Checksum == nil && algorithm != "" {
				panic(*key + ": no checksum was kept")
			}
			if len(content) > 5<<20 && *attributes.ObjectParts.TotalPartsCount != 3 {
				panic(*key + ": other parts")
			}
		}
	}
	fmt.Println("ok")
}
