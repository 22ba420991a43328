"""What s3fs does: ``-m benchmarks.fsspec_clients.s3fs_files WHAT URL BUCKET SECONDS``.

It prints the rate. The environment has the keys."""

from __future__ import annotations

import sys

import s3fs

from benchmarks.fsspec_clients.files import MEASURES

if __name__ == "__main__":
    what, url, bucket, seconds = sys.argv[1:]
    print(MEASURES[what](s3fs.S3FileSystem(endpoint_url=url), bucket, float(seconds)))
