"""The worked examples of the S3 API reference, "Authenticating requests (AWS Signature Version 4)"."""

from __future__ import annotations

from bucketry.sigv4 import (
    STREAMING_SIGNED,
    STREAMING_SIGNED_TRAILER,
    Presigner,
    SignedRequest,
    Signer,
    encode_chunks,
    encoded_length,
    payload_hash,
)

from .wire import EXAMPLE, EXAMPLE_TIME, to_wire, verify

BUCKET = "https://examplebucket.s3.amazonaws.com"
SIGNER = Signer(EXAMPLE, region="us-east-1")
CHUNKED_URL = "https://s3.amazonaws.com/examplebucket/chunkObject.txt"
DATA = b"a" * 66_560


def check(method: str, url: str, headers: dict[str, str], body: bytes, signature: str) -> None:
    signed = SIGNER.sign(method, url, payload=payload_hash(body), headers=headers, now=EXAMPLE_TIME)
    assert signed.signature == signature
    assert verify(to_wire(method, url, headers | dict(signed.headers))).signature == signature


def test_get_object() -> None:
    signature = "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41"
    check("GET", f"{BUCKET}/test.txt", {"Range": "bytes=0-9"}, b"", signature)


def test_put_object() -> None:
    headers = {"Date": "Fri, 24 May 2013 00:00:00 GMT", "x-amz-storage-class": "REDUCED_REDUNDANCY"}
    signature = "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd"
    check("PUT", f"{BUCKET}/test%24file.text", headers, b"Welcome to Amazon S3.", signature)


def test_get_bucket_lifecycle() -> None:
    signature = "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543"
    check("GET", f"{BUCKET}/?lifecycle", {}, b"", signature)


def test_list_objects() -> None:
    signature = "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7"
    check("GET", f"{BUCKET}/?max-keys=2&prefix=J", {}, b"", signature)


def test_presigned_get() -> None:
    presigner = Presigner(EXAMPLE, endpoint="https://s3.amazonaws.com", region="us-east-1", addressing="virtual")
    url = presigner.presign_url("GET", "examplebucket", "test.txt", expires_in=86_400, now=EXAMPLE_TIME)
    assert url == (
        f"{BUCKET}/test.txt?X-Amz-Algorithm=AWS4-HMAC-SHA256"
        "&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1%2Fs3%2Faws4_request"
        "&X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400&X-Amz-SignedHeaders=host"
        "&X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404"
    )
    assert verify(to_wire("GET", url)).kind == "query"


def sign_chunked(payload: str, more: dict[str, str]) -> tuple[SignedRequest, dict[str, str]]:
    headers = {
        "x-amz-storage-class": "REDUCED_REDUNDANCY",
        "Content-Encoding": "aws-chunked",
        "x-amz-decoded-content-length": "66560",
        **more,
    }
    return SIGNER.sign("PUT", CHUNKED_URL, payload=payload, headers=headers, now=EXAMPLE_TIME), headers


def test_chunked_upload() -> None:
    signed, headers = sign_chunked(STREAMING_SIGNED, {"Content-Length": "66824"})
    assert signed.signature == "4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9"
    body = b"".join(encode_chunks([DATA], signer=signed.chunk_signer()))
    assert body == (
        b"10000;chunk-signature=ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648\r\n"
        + DATA[:65_536]
        + b"\r\n400;chunk-signature=0055627c9e194cb4542bae2aa5492e3c1575bbb81b612b7d234b86a503ef5497\r\n"
        + DATA[65_536:]
        + b"\r\n0;chunk-signature=b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed81ceb9323e279d449df9\r\n\r\n"
    )
    assert len(body) == encoded_length(66_560, signed=True) == 66_824
    verified = verify(to_wire("PUT", CHUNKED_URL, headers | dict(signed.headers)))
    decoder = verified.chunk_decoder(66_560)
    assert b"".join(decoder.feed(body)) == DATA
    assert decoder.finish() == {}


def test_chunked_upload_with_trailers() -> None:
    signed, headers = sign_chunked(STREAMING_SIGNED_TRAILER, {"x-amz-trailer": "x-amz-checksum-crc32c"})
    assert signed.signature == "106e2a8a18243abcf37539882f36619c00e2dfc72633413f02d3b74544bfeb8e"
    trailers = {"x-amz-checksum-crc32c": "sOO8/Q=="}
    body = b"".join(encode_chunks([DATA], signer=signed.chunk_signer(), trailers=lambda: trailers))
    assert body == (
        b"10000;chunk-signature=b474d8862b1487a5145d686f57f013e54db672cee1c953b3010fb58501ef5aa2\r\n"
        + DATA[:65_536]
        + b"\r\n400;chunk-signature=1c1344b170168f8e65b41376b44b20fe354e373826ccbbe2c1d40a8cae51e5c7\r\n"
        + DATA[65_536:]
        + b"\r\n0;chunk-signature=2ca2aba2005185cf7159c6277faf83795951dd77a3a99e6e65d5c9f85863f992\r\n"
        b"x-amz-checksum-crc32c:sOO8/Q==\r\n"
        b"x-amz-trailer-signature:d81f82fc3505edab99d459891051a732e8730629a2e4a59689829ca17fe2e435\r\n\r\n"
    )
    assert len(body) == encoded_length(66_560, signed=True, trailers={"x-amz-checksum-crc32c": 8})
    verified = verify(to_wire("PUT", CHUNKED_URL, headers | dict(signed.headers)))
    decoder = verified.chunk_decoder(66_560, ["x-amz-checksum-crc32c"])
    assert b"".join(decoder.feed(body)) == DATA
    assert decoder.finish() == trailers
