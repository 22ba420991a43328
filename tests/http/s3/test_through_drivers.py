"""The contract suite through this project's own S3 drivers, pointed at this project's own S3 endpoint.

Where the endpoint and a driver disagree about S3, one of them is wrong; what is left is in `RGW_DIFFERENCES`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from typing import ClassVar, Final, NamedTuple

import boto3
import pytest
from botocore.client import Config
from bucketry import InvalidArgument, Store, open_store
from bucketry_contract import ContractSuite

from tests.http.s3.serving import ACCESS_KEY, SECRET_KEY, location, memory_store, serving
from tests.minio.backend import MinioBackend
from tests.rgw.backend import new_notifications
from tests.servers.cutting import CuttingProxy
from tests.servers.looking import S3Backend

MIB = 1024**2
REGION = "eu-central-1"
"""In us-east-1 S3 creates a bucket that is there already, which MinIO, and so its driver, does nowhere."""


class EndpointBackend(S3Backend):
    """A driver that speaks S3 to the endpoint over the memory driver."""

    part_bytes = 8 * MIB
    secrets = (SECRET_KEY,)

    def __init__(self, scheme: str) -> None:
        self._scheme = scheme
        self.notifications = MinioBackend.notifications if scheme == "minio" else new_notifications()
        self._stack = ExitStack()
        self._store = self._stack.enter_context(memory_store())
        url = self._stack.enter_context(serving(self._store, region=REGION))
        self._location = location(url)
        super().__init__(
            boto3.client(
                "s3",
                endpoint_url=url,
                region_name=REGION,
                aws_access_key_id=ACCESS_KEY,
                aws_secret_access_key=SECRET_KEY,
                config=Config(s3={"addressing_style": "path"}),
            )
        )

    def _open_at(self, at: str, layers: Sequence[object] = (), **more: object) -> Store:
        keys = {"access_key": ACCESS_KEY, "secret_key": SECRET_KEY, "region": REGION}
        return open_store(f"{self._scheme}://{at}", settings=keys | more, layers=layers, environ={})

    def open(self, layers: Sequence[object]) -> Store:
        return self._open_at(self._location, layers)

    def unreachable(self) -> Store:
        return self._open_at("127.0.0.1:1", connect_timeout=0.5, read_timeout=0.5, retries=0)

    def bad_credentials(self) -> Store:
        return self._open_at(self._location, secret_key="not the secret key")

    def breaking_reads(self) -> Store:
        return self._open_at(self._stack.enter_context(CuttingProxy(self._location, cut_after=3 * MIB)).location)

    def full(self) -> Store:
        store = self._stack.enter_context(memory_store(max_bytes=MIB))
        return self._open_at(location(self._stack.enter_context(serving(store, region=REGION))))

    def cleanup(self) -> None:
        super().cleanup()
        self._stack.close()


class Difference(NamedTuple):
    """What a driver expects of its own server, and S3 does not do.

    Attributes:
        reason: Why neither the driver nor the endpoint is wrong.
        failure: How the test fails.
    """

    reason: str
    failure: pytest.RaisesExc[BaseException]


_RANGE_OF_A_PART_COPY: Final = Difference(
    "Of a part to copy that does not lie within its source, Ceph RGW says 416 InvalidRange, as of a read, and its "
    "driver knows that. S3, and this endpoint, say 400 InvalidArgument, as of any other argument.",
    pytest.RaisesExc(InvalidArgument, match="InvalidArgument"),
)

RGW_DIFFERENCES: Final = {
    "test_parts_that_are_not_listed_are_discarded": Difference(
        "Ceph RGW completes uploads with all of their parts only, so its driver does not declare complete_subset, and "
        "has the server refuse what it cannot know. S3, and this endpoint, discard parts that are not listed.",
        pytest.RaisesExc(pytest.fail.Exception, match="does not declare .*complete_subset"),
    ),
    "test_a_range_that_does_not_lie_within_the_source_is_refused": _RANGE_OF_A_PART_COPY,
    "test_a_range_beyond_the_source_of_a_part_tells_the_size_or_nothing": _RANGE_OF_A_PART_COPY,
}
"""The only tests that fail, each as it is said here."""


class DriverTests(ContractSuite):
    """The suite, with the differences of one driver."""

    differences: ClassVar[Mapping[str, Difference]] = {}

    @pytest.fixture(autouse=True)
    def stated_difference(self, request: pytest.FixtureRequest) -> None:
        """Has a test that is a difference fail, in the way that is stated, and in no other."""
        if found := self.differences.get(request.function.__name__):
            request.applymarker(pytest.mark.xfail(reason=found.reason, raises=found.failure, strict=True))


def test_each_difference_is_that_of_a_test() -> None:
    assert all(callable(getattr(ContractSuite, name)) for name in RGW_DIFFERENCES)


class TestMinioDriver(DriverTests):
    @pytest.fixture(scope="class")
    @classmethod
    def contract_backend(cls) -> Iterator[EndpointBackend]:
        backend = EndpointBackend("minio")
        yield backend
        backend.cleanup()


class TestRgwDriver(DriverTests):
    differences = RGW_DIFFERENCES

    @pytest.fixture(scope="class")
    @classmethod
    def contract_backend(cls) -> Iterator[EndpointBackend]:
        backend = EndpointBackend("rgw")
        yield backend
        backend.cleanup()
