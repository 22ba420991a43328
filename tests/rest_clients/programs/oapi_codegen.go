// An application of the client that oapi-codegen makes: `client ORIGIN BUCKET`.
package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"os"
	"reflect"
	"strings"

	"bucketry/tests/toolchains/go/api"
)

const key = "docs/a b+c/é.bin"

func must[T any](value T, err error) T {
	if err != nil {
		panic(err)
	}
	return value
}

func equal(found, wanted any) {
	if !reflect.DeepEqual(found, wanted) {
		panic(fmt.Sprintf("found %v, not %v", found, wanted))
	}
}

func form(content []byte) (string, io.Reader) {
	var body bytes.Buffer
	writer := multipart.NewWriter(&body)
	if err := writer.WriteField("prefix", "docs/"); err != nil {
		panic(err)
	}
	must(must(writer.CreateFormFile("file", "all.bin")).Write(content))
	must(writer.CreateFormFile("file", "empty.txt"))
	if err := writer.Close(); err != nil {
		panic(err)
	}
	return writer.FormDataContentType(), &body
}

func main() {
	ctx, origin, bucket := context.Background(), os.Args[1], os.Args[2]
	client := must(api.NewClientWithResponses(origin))
	content := make([]byte, 256_000)
	for index := range content {
		content[index] = byte(index)
	}

	equal(must(client.GetStatusWithResponse(ctx)).JSON200.Available, true)
	equal(must(client.CreateBucketWithResponse(ctx, api.CreateBucket{Name: bucket})).JSON201.Name, bucket)
	again := must(client.CreateBucketWithResponse(ctx, api.CreateBucket{Name: bucket}))
	equal(again.ApplicationproblemJSON409.Code, "bucket_already_exists")

	contentType, body := form(content)
	uploaded := must(client.UploadObjectsWithBodyWithResponse(ctx, bucket, contentType, body))
	equal(len(*uploaded.JSON201), 2)
	cache, tags := "max-age=60", "a=1"
	params := &api.PutObjectParams{CacheControl: &cache, XAmzTagging: &tags}
	put := must(client.PutObjectWithBodyWithResponse(ctx, bucket, key, params, "application/x-all", bytes.NewReader(content)))
	equal(put.JSON201.ContentType, "application/x-all")

	prefix, keys := "docs/", []string{}
	for _, view := range *must(client.ListObjectsWithResponse(ctx, bucket, &api.ListObjectsParams{Prefix: &prefix})).JSON200 {
		keys = append(keys, view.Key)
	}
	equal(keys, []string{key, "docs/all.bin", "docs/empty.txt"})

	for _, each := range []string{key, "docs/all.bin"} {
		equal(must(client.GetObjectWithResponse(ctx, bucket, each, nil)).Body, content)
	}
	wanted := "bytes=10-19"
	part := must(client.GetObjectWithResponse(ctx, bucket, key, &api.GetObjectParams{Range: &wanted}))
	equal(part.StatusCode(), http.StatusPartialContent)
	equal(part.Body, content[10:20])
	head := must(client.HeadObjectWithResponse(ctx, bucket, key, nil))
	equal(head.HTTPResponse.Header.Get("x-amz-tagging-count"), "1")
	missing := must(client.GetObjectWithResponse(ctx, bucket, "missing", nil))
	equal(missing.ApplicationproblemJSON404.Code, "no_such_key")

	for _, method := range []api.PresignMethod{api.PUT, api.GET} {
		presigned := must(client.PresignWithResponse(ctx, bucket, api.Presign{Key: "by-url.txt", Method: &method}))
		request := must(http.NewRequest(string(method), presigned.JSON200.Url, strings.NewReader("by URL")))
		if method == api.GET {
			request = must(http.NewRequest("GET", presigned.JSON200.Url, nil))
		}
		response := must(http.DefaultClient.Do(request))
		equal(response.StatusCode, http.StatusOK)
		if method == api.GET {
			equal(string(must(io.ReadAll(response.Body))), "by URL")
		}
		response.Body.Close()
	}

	named := key
	deleted := must(client.DeleteObjectWithBodyWithResponse(ctx, bucket, &api.DeleteObjectParams{Key: &named}, "", nil))
	equal(deleted.StatusCode(), http.StatusNoContent)
	inBody := must(client.DeleteObjectWithResponse(ctx, bucket, nil, api.DeleteObject{Key: "docs/all.bin"}))
	equal(inBody.StatusCode(), http.StatusNoContent)
	many := must(client.DeleteObjectsWithResponse(ctx, bucket, api.DeleteObjects{Keys: []string{"docs/empty.txt", "by-url.txt"}}))
	equal(len(many.JSON200.Failed), 0)
	equal(must(client.DeleteBucketWithResponse(ctx, bucket)).StatusCode(), http.StatusNoContent)
	fmt.Println("ok")
}
