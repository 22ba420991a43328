"""A file system over any store, for the libraries that read and write through fsspec: pandas, pyarrow, dask, zarr.

It needs the package ``fsspec``: ``pip install 'bucketry[fsspec]'``. Each installed driver has a protocol of its own,
which is the scheme of its URLs behind ``bucketry+``::

    import pandas as pd

    keys = {"location": "127.0.0.1:9000", "access_key": "…", "secret_key": "…"}
    pd.read_parquet("bucketry+minio://photos/index.parquet", storage_options=keys)

Source: fsspec's specification of file systems (``fsspec.spec``). Where it leaves something open, s3fs is followed.
"""

from __future__ import annotations

try:
    import fsspec as _fsspec  # noqa: F401 - to say what to install
except ImportError as error:
    raise ImportError("bucketry.fsspec needs fsspec: pip install 'bucketry[fsspec]'") from error

from bucketry.fsspec._filesystem import BucketryFileSystem
from bucketry.fsspec.drivers import file_system_of, register_drivers

__all__ = ["BucketryFileSystem", "file_system_of", "register_drivers"]
