"""The contract suite through `AsyncStore`, over each driver and server: a short run in `make test`."""

from __future__ import annotations

from tests.aio.over import over_async
from tests.client import test_contract as rest
from tests.file import test_contract as file
from tests.minio import test_contract as minio
from tests.rgw import test_contract as rgw
from tests.s3 import test_contract as s3

TestFile = over_async(file.TestFile)
TestMinio = over_async(minio.TestMinio)
TestRgw = over_async(rgw.TestRgw, "trio")
TestS3OnOwnPort = over_async(s3.TestOwnPort, "trio")
TestS3OnMinio = over_async(s3.TestMinio)
TestS3OnRgw = over_async(s3.TestRgw)
TestS3OnVersityGw = over_async(s3.TestVersityGw)
TestS3OnSeaweedFs = over_async(s3.TestSeaweedFs)
TestS3OnMoto = over_async(s3.TestMoto)
TestRest = over_async(rest.TestRest, "trio")
