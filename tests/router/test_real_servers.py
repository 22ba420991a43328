"""The contract suite on a router over a real MinIO and a real Ceph RGW, about half of its buckets in each.

Bare alone, since it takes minutes: below a layer, the suite runs on a router over memory and on both drivers.
"""

from __future__ import annotations

import itertools
import secrets
import threading
from collections.abc import Callable, Collection, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from bucketry import (
    ByteRange,
    CopyOptions,
    NotificationSettings,
    PartCopyOptions,
    PreconditionFailed,
    PutOptions,
    Store,
    Unavailable,
)
from bucketry.composing import open_driver
from bucketry.features import MIB
from bucketry.hookspecs import DriverSpec
from bucketry_contract import Backend, ContractSuite
from bucketry_contract._report_notes import Notes, add_note
from bucketry_contract._scratch import Bucket, Scratch
from bucketry_router import MoveOptions, Mover

from tests.known_faults import with_known_faults
from tests.minio.backend import MinioBackend
from tests.minio.backend import location as minio_location
from tests.minio.backend import settings as minio_settings
from tests.rgw.backend import RgwBackend
from tests.rgw.backend import location as rgw_location
from tests.rgw.known_faults import RGW
from tests.router.two_stores import (
    ONE,
    OTHER,
    Counted,
    InTurn,
    assert_both_were_used,
    lies_in,
    router_over,
    router_settings,
)
from tests.servers.handles import MinioServer, RgwServer

QUICK = {"connect_timeout": 0.5, "read_timeout": 0.5, "retries": 0}
NOWHERE = "127.0.0.1:1"


def minio_driver(server: MinioServer, at: str | None = None, **more: object) -> DriverSpec:
    """Makes the driver of the MinIO server."""
    return open_driver(f"minio://{at or minio_location(server)}", settings=minio_settings(server, **more), environ={})


def rgw_driver(server: RgwServer, at: str | None = None, **more: object) -> DriverSpec:
    """Makes the driver of the gateway."""
    keys: dict[str, object] = {"access_key": server.access_key, "secret_key": server.secret_key}
    return open_driver(f"rgw://{at or rgw_location(server)}", settings=keys | more, environ={})


class MinioAndRgw(Backend):
    """Both servers behind a router, looked into with boto3."""

    serves_presigned_urls = True
    part_bytes = max(MinioBackend.part_bytes, RgwBackend.part_bytes)

    def __init__(self, minio: MinioServer, rgw: RgwServer) -> None:
        self._minio, self._rgw = minio, rgw
        self._backends = MinioBackend(minio), RgwBackend(rgw)
        self.secrets = [secret for backend in self._backends for secret in backend.secrets]
        self.counted = Counted()

    def backend_of(self, bucket: str) -> MinioBackend | RgwBackend:
        """Returns the backend that a bucket lies in."""
        return self._backends[lies_in(bucket) != ONE]

    def open(self, layers: Sequence[object]) -> Store:
        return Store(router_over(minio_driver(self._minio), rgw_driver(self._rgw), self.counted.layers), layers)

    def raw_object(self, bucket: str, key: str) -> bytes | None:
        return self.backend_of(bucket).raw_object(bucket, key)

    def raw_uploads(self, bucket: str) -> Collection[str]:
        return self.backend_of(bucket).raw_uploads(bucket)

    def unreachable(self) -> Store:
        return self._failing(at=NOWHERE, **QUICK)

    def bad_credentials(self) -> Store:
        return self._failing(secret_key="not the server's secret key")

    def breaking_reads(self) -> Store:
        minio, rgw = self._backends
        proxies = minio.cutting_proxy(minio_location(self._minio)), rgw.cutting_proxy(rgw_location(self._rgw))
        return Store(router_over(minio_driver(self._minio, proxies[0]), rgw_driver(self._rgw, proxies[1])))

    def cleanup(self) -> None:
        for backend in self._backends:
            backend.cleanup()

    def _failing(self, **settings: Any) -> Store:
        return Store(router_over(minio_driver(self._minio, **settings), rgw_driver(self._rgw, **settings)))


class PlacedBucket(Bucket):
    """A bucket whose backend has notifications of its own kind."""

    @property
    def notifications(self) -> tuple[NotificationSettings, NotificationSettings] | None:
        assert isinstance(self._backend, MinioAndRgw)
        return self._backend.backend_of(self.name).notifications


@with_known_faults("RGW 16.2", RGW, always=False)
class TestMinioAndRgw(ContractSuite):
    """The suite, with what one of the two servers does otherwise."""

    @pytest.fixture(scope="class")
    @classmethod
    def contract_backend(cls, minio_server: MinioServer, rgw_server: RgwServer) -> Iterator[MinioAndRgw]:
        backend = MinioAndRgw(minio_server, rgw_server)
        yield backend
        backend.cleanup()

    @pytest.fixture(scope="class", params=["bare"])
    @classmethod
    def contract_layering(cls, request: pytest.FixtureRequest) -> str:
        return str(request.param)

    @pytest.fixture(scope="class")
    @classmethod
    def contract_scratch(cls, contract_store: Store, contract_backend: MinioAndRgw) -> Iterator[Scratch]:
        scratch = InTurn(contract_store, contract_backend)
        yield scratch
        assert_both_were_used(scratch, contract_backend.counted)
        assert not scratch.remove_all()

    @pytest.fixture
    def new_bucket(self, contract_scratch: Scratch, notes: Notes) -> Iterator[Callable[[], Bucket]]:
        taken = list[str]()

        def take() -> Bucket:
            taken.append(contract_scratch.take())
            return placed(contract_scratch, taken[-1], notes)

        yield take
        for name in taken:
            contract_scratch.give_back(name)

    @pytest.fixture
    def fresh_bucket(self, contract_scratch: Scratch, notes: Notes) -> Bucket:
        return placed(contract_scratch, contract_scratch.create(), notes)

    @pytest.mark.parametrize(
        "deletes",
        [
            False,
            pytest.param(True, marks=pytest.mark.xfail(strict=False, reason="MinIO sometimes loses a delete marker")),
        ],
        ids=["writes", "writes and deletes"],
    )
    def test_of_many_writers_each_makes_a_version(self, fresh_bucket: Bucket, deletes: bool) -> None:
        super().test_of_many_writers_each_makes_a_version(fresh_bucket, deletes)


def placed(scratch: Scratch, name: str, notes: Notes) -> Bucket:
    """Returns a short way to use a bucket, which knows the kind of its backend."""
    return PlacedBucket(scratch.store, name, scratch.backend, partial(add_note, notes))


class TestBothServers:
    """What a router does between the two servers."""

    @pytest.fixture
    def drivers(self, minio_server: MinioServer, rgw_server: RgwServer) -> dict[str, DriverSpec]:
        return {ONE: minio_driver(minio_server), OTHER: rgw_driver(rgw_server)}

    @pytest.fixture
    def name(self) -> str:
        return f"bucketry-router-{secrets.token_hex(6)}"

    @pytest.mark.parametrize("ways", [("2", "1"), ("1", "2")], ids=["MinIO to RGW", "RGW to MinIO"])
    def test_objects_and_parts_are_copied(
        self, drivers: dict[str, DriverSpec], name: str, ways: tuple[str, str]
    ) -> None:
        counted = Counted()
        source, target = (f"{name}-{end}" for end in ways)
        content = secrets.token_bytes(9 * MIB)
        with Store(router_over(drivers[ONE], drivers[OTHER], counted.layers)) as store:
            for bucket in (source, target):
                store.create_bucket(bucket)
            written = store.put_object(source, "a/b +%é", content, PutOptions(metadata={"a": "b"}, tags={"x": "y"}))
            copied = store.copy_object(source, written.key, target, "copy")
            assert (copied.size_bytes, copied.metadata) == (len(content), {"a": "b"})
            assert store.get_object_tagging(target, "copy") == {"x": "y"}
            with pytest.raises(PreconditionFailed) as caught:
                store.copy_object(source, written.key, target, "copy", CopyOptions(source_if_match="another"))
            assert caught.value.condition == "source_if_match"
            upload = store.create_multipart_upload(target, "joined").upload_id
            options = PartCopyOptions(range=ByteRange(1 * MIB, 7 * MIB - 1))
            parts = [
                store.upload_part_copy(target, "joined", upload, 1, source, written.key, options),
                store.upload_part_copy(target, "joined", upload, 2, source, written.key),
            ]
            store.complete_multipart_upload(target, "joined", upload, parts)
            with store.get_object(target, "joined") as opened:
                assert opened.read() == content[MIB : 7 * MIB] + content
            listed = [info.name for info in store.list_buckets()]
            assert listed == sorted(listed)
            assert {source, target} <= set(listed)
            usages = store.bucket_usages([source, target])
            assert {bucket: usage.object_count for bucket, usage in usages.items()} == {source: 1, target: 2}
            assert {source, target} <= {bucket.name for bucket in store.usage_report().buckets}
            assert min(counted.calls().values()) >= 5, counted.calls()
            remove(store, source, target)

    def test_a_server_that_is_gone_makes_only_its_own_buckets_unavailable(
        self, minio_server: MinioServer, rgw_server: RgwServer, name: str
    ) -> None:
        gone = rgw_driver(rgw_server, at=NOWHERE, **QUICK)
        with Store(router_over(minio_driver(minio_server), gone)) as store:
            store.create_bucket(f"{name}-2")
            assert f"{name}-2" in [info.name for info in store.list_buckets()]
            status = store.status()
            assert status.available
            assert status.detail.startswith("other: ")
            assert [each.available for each in status.stores] == [True, False]
            with pytest.raises(Unavailable):
                store.put_object(f"{name}-1", "key", b"1")
            remove(store, f"{name}-2")

    @pytest.mark.parametrize("ways", [(ONE, OTHER), (OTHER, ONE)], ids=["MinIO to RGW", "RGW to MinIO"])
    def test_a_bucket_is_moved_while_it_is_written_to(
        self,
        minio_server: MinioServer,
        rgw_server: RgwServer,
        name: str,
        ways: tuple[str, str],
        tmp_path: Path,
    ) -> None:
        """Whatever a writer was told to be stored is in the new server, and nothing else is."""
        source, target = ways
        placements = str(tmp_path / "placements.json")
        bucket = f"{name}-2" if source == ONE else f"{name}-1"

        def both() -> tuple[DriverSpec, DriverSpec]:
            return minio_driver(minio_server), rgw_driver(rgw_server)

        router = router_over(*both(), placements=placements)
        with Store(router) as store:
            store.create_bucket(bucket)
            wanted = {f"key-{number:03}": f"{number}".encode() for number in range(100)}
            for key, content in wanted.items():
                store.put_object(bucket, key, content, PutOptions(tags={"k": key}))
            writer = Writer(store, bucket, wanted)
            writer.start()
            settings = router_settings(placements=placements)
            with Mover(settings, drivers=dict(zip((ONE, OTHER), both(), strict=True))) as mover:
                moved = mover.move(bucket, target, MoveOptions(settle_seconds=2.0, read_only_seconds=30.0))
            writer.stop()
            assert moved.late == ()
            assert moved.read_only_seconds <= 30
            assert router.store_of(bucket) == target
            assert writer.refused, "some writes fell into the read-only moment"
            assert writer.after, "and some came after it"
            found = {info.key: info for info in store.iter_objects(bucket)}
            assert found.keys() == wanted.keys()
            for key in sorted(found)[::7]:
                with store.get_object(bucket, key) as opened:
                    assert opened.read() == wanted[key]
            assert store.get_object_tagging(bucket, "key-050") == {"k": "key-050"}
            remove(store, bucket)
        with Store(router_over(*both())) as store:  # Without the placements, the name leads to the old server.
            remove(store, bucket)


class Writer(threading.Thread):
    """Writes, overwrites and deletes until it is stopped, and notes in ``wanted`` what was confirmed."""

    def __init__(self, store: Store, bucket: str, wanted: dict[str, bytes]) -> None:
        super().__init__(daemon=True)
        self._store, self._bucket, self._wanted = store, bucket, wanted
        self._stopped = threading.Event()
        self.refused = self.after = 0

    def run(self) -> None:
        for number in itertools.count():
            if self._stopped.wait(0.01):
                return
            key = f"key-{number % 150:03}"
            try:
                if number % 5 == 4 and number % 150 != 50:
                    self._store.delete_object(self._bucket, key)
                    self._wanted.pop(key, None)
                elif number % 150 != 50:
                    content = f"written {number}".encode()
                    self._store.put_object(self._bucket, key, content)
                    self._wanted[key] = content
                self.after += bool(self.refused)
            except Unavailable:
                self.refused += 1

    def stop(self) -> None:
        self._stopped.set()
        self.join(30)
        assert not self.is_alive()


def remove(store: Store, *buckets: str) -> None:
    """Deletes buckets with all that is in them."""
    for bucket in buckets:
        store.delete_objects(bucket, [info.key for info in store.iter_objects(bucket)])
        store.delete_bucket(bucket)
