"""An application of s3fs, and of aiobotocore below it: `python s3fs_files.py ENDPOINT ACCESS_KEY SECRET_KEY BUCKET`."""

from __future__ import annotations

import sys

import s3fs

ENDPOINT, ACCESS_KEY, SECRET_KEY, BUCKET = sys.argv[1:]
PARTS = bytes(range(256)) * 50_000  # more than two parts of 5 MiB


def fails(kind: type[Exception], path: str, content: bytes) -> None:
    """Check that a file is not made where there is one already."""
    try:
        with files.open(path, "xb", block_size=5 * 2**20) as file:
            file.write(content)
    except kind:
        return
    raise AssertionError(f"{path} was written although it is there")


files = s3fs.S3FileSystem(
    key=ACCESS_KEY,
    secret=SECRET_KEY,
    endpoint_url=ENDPOINT,
    client_kwargs={"region_name": "us-east-1"},
    config_kwargs={"s3": {"addressing_style": "path"}},
)

for name, content in (("small+a b.txt", b"first"), ("large.bin", PARTS)):
    path = f"{BUCKET}/{name}"
    with files.open(path, "xb", block_size=5 * 2**20) as file:
        file.write(content)
    fails(FileExistsError, path, b"second")
    fails(FileExistsError, path, PARTS)
    assert files.cat_file(path) == content

try:
    files.pipe_file(f"{BUCKET}/small+a b.txt", b"second", mode="create")
except FileExistsError:
    pass
else:
    raise AssertionError("a pipe replaced what was there")

assert sorted(files.ls(BUCKET)) == [f"{BUCKET}/large.bin", f"{BUCKET}/small+a b.txt"]
files.copy(f"{BUCKET}/small+a b.txt", f"{BUCKET}/copies/one+a b.txt")
files.mv(f"{BUCKET}/copies/one+a b.txt", f"{BUCKET}/copies/two.txt")
assert files.cat(f"{BUCKET}/copies/two.txt") == b"first"
assert files.find(BUCKET, prefix="cop") == [f"{BUCKET}/copies/two.txt"]
with files.open(f"{BUCKET}/large.bin", "rb", block_size=2**20) as file:
    file.seek(1_000_000)
    assert file.read(1000) == PARTS[1_000_000:1_001_000]

versions = s3fs.S3FileSystem(
    key=ACCESS_KEY,
    secret=SECRET_KEY,
    endpoint_url=ENDPOINT,
    client_kwargs={"region_name": "us-east-1"},
    version_aware=True,
)
(version,) = versions.object_version_info(f"{BUCKET}/copies/two.txt")
assert version["VersionId"] == "null"
with versions.open(f"{BUCKET}/copies/two.txt", "rb") as file:
    assert file.read() == b"first"

files.rm(BUCKET, recursive=True)
assert not files.exists(BUCKET)
print("ok")
