"""In front of a store that keeps no checksums: bodies are verified all the same, and nothing is claimed that is not."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec
import pytest
from bucketry import Store
from bucketry_memory import MemoryDriver, MemorySettings

from tests.http.s3.checksums import checksum
from tests.http.s3.client import Client
from tests.http.s3.serving import serving

TARGET = "/things/a"
LISTED = "<CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>{}</ETag>{}</Part></CompleteMultipartUpload>"


class Forgetful(MemoryDriver):
    """Keeps no checksums, and says so."""

    def __init__(self, settings: MemorySettings) -> None:
        super().__init__(settings)
        self.features = msgspec.structs.replace(
            self.features, checksums=False, upload_checksums=False, checksum_algorithms=()
        )


@pytest.fixture(scope="module")
def plain() -> Iterator[tuple[Store, Client]]:
    with Store(Forgetful(MemorySettings())) as store, serving(store) as url:
        store.create_bucket("things")
        yield store, Client(url)


def test_a_body_is_verified_and_its_checksum_is_not_kept(plain: tuple[Store, Client]) -> None:
    store, s3 = plain
    name, right = "x-amz-checksum-crc32", checksum("crc32", b"body")
    assert s3.ask("PUT", TARGET, b"ydob", {name: right}).error == (400, "BadDigest")
    assert s3.ask("PUT", TARGET, b"body", {name: right}).headers[name] == right
    assert store.head_object("things", "a").checksum is None
    assert name not in s3.ask("GET", TARGET, headers={"x-amz-checksum-mode": "ENABLED"}).headers
    found = s3.ask("GET", f"{TARGET}?attributes", headers={"x-amz-object-attributes": "Checksum,ObjectSize"})
    assert (found.status, found.texts("{*}Checksum"), found.text("{*}ObjectSize")) == (200, [], "4")


def test_an_upload_with_checksums_of_its_parts_works(plain: tuple[Store, Client]) -> None:
    store, s3 = plain
    begun = s3.ask("POST", f"{TARGET}?uploads", headers={"x-amz-checksum-algorithm": "SHA256"})
    assert "x-amz-checksum-algorithm" not in begun.headers
    place = f"{TARGET}?uploadId={begun.text('{*}UploadId')}"
    name, right = "x-amz-checksum-sha256", checksum("sha256", b"part")
    assert s3.ask("PUT", f"{place}&partNumber=1", b"trap", {name: right}).error == (400, "BadDigest")
    etag = s3.ask("PUT", f"{place}&partNumber=1", b"part", {name: right}).headers["etag"]
    body = LISTED.format(etag, f"<ChecksumSHA256>{right}</ChecksumSHA256>").encode()
    for header in ({name: right}, {"x-amz-mp-object-size": "4"}):
        # Nobody could say whether it is true.
        assert s3.ask("POST", place, body, header).error == (501, "NotImplemented")
    assert s3.ask("POST", place, body).status == 200
    assert store.head_object("things", "a").checksum is None
