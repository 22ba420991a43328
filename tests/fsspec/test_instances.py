"""How file systems are found, shared, sent to other processes, and what they show of their settings."""

from __future__ import annotations

import asyncio
import gc
import json
import pickle
import subprocess
import sys
import threading
import weakref
from importlib.metadata import entry_points
from typing import Any

import fsspec
import pytest
from bucketry import AccessDenied, InvalidSettings, Secret, Store, StoreClosed, Unavailable, _shared_stores, open_store
from bucketry.fsspec import BucketryFileSystem, drivers, file_system_of, register_drivers
from bucketry.hookspecs import hookimpl
from bucketry_memory import MemorySettings

MINIO = {"location": "127.0.0.1:1", "access_key": "who", "secret_key": "not-to-be-seen"}


def test_each_driver_has_its_protocol() -> None:
    for entry in entry_points(group="bucketry.drivers"):
        if entry.dist is None or not entry.dist.name.startswith("bucketry-"):
            continue
        found = fsspec.get_filesystem_class(f"bucketry+{entry.name}")
        assert found is file_system_of(entry.name)
        assert found.protocol == f"bucketry+{entry.name}"
    assert fsspec.get_filesystem_class("bucketry") is BucketryFileSystem


def test_drivers_without_an_entry_point_can_be_registered() -> None:
    register_drivers()
    for entry in entry_points(group="bucketry.drivers"):
        assert fsspec.get_filesystem_class(f"bucketry+{entry.name}").scheme == entry.name


def test_names_that_are_no_drivers() -> None:
    for name in ("memoryFileSystem", "MEMORYFileSystem", "FileSystem", "nothing"):
        with pytest.raises(AttributeError):
            getattr(drivers, name)
    with pytest.raises(ValueError, match="scheme"):
        file_system_of("Memory")
    with pytest.raises(InvalidSettings, match="no driver is installed"):
        file_system_of("nosuchdriver")()


def test_urls() -> None:
    fs, path = fsspec.url_to_fs("bucketry+memory://bucket/a/b.txt", region="urls")
    assert (type(fs), path) == (file_system_of("memory"), "bucket/a/b.txt")
    assert fs.unstrip_protocol(path) == "bucketry+memory://bucket/a/b.txt"
    fs.mkdir("bucket")
    with fsspec.open("bucketry+memory://bucket/a/b.txt", "w", region="urls") as file:
        file.write("text")
    assert fs.cat("bucketry+memory://bucket/a/b.txt") == b"text"
    with fsspec.open(
        "simplecache::bucketry+memory://bucket/a/b.txt", **{"bucketry+memory": {"region": "urls"}}
    ) as file:
        assert file.read() == b"text"
    general = fsspec.filesystem("bucketry", store="memory://?region=urls")
    assert general.cat("bucketry://bucket/a/b.txt") == b"text"


def test_a_store_must_be_named_and_of_the_driver() -> None:
    with pytest.raises(InvalidSettings, match="name the store"):
        BucketryFileSystem()
    with pytest.raises(InvalidSettings, match="needs a store of the driver 'memory'"):
        file_system_of("memory")("minio://host")
    with pytest.raises(InvalidSettings, match="nosuch"):
        file_system_of("memory")(nosuch=1)
    with open_store("memory://", environ={}) as store, pytest.raises(InvalidSettings, match="region"):
        BucketryFileSystem(store, region="x")


def test_all_threads_share_a_store() -> None:
    made = []

    def make() -> None:
        made.append(fsspec.filesystem("bucketry+memory", region="threads"))

    threads = [threading.Thread(target=make) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({id(fs.store) for fs in made}) == 1
    fresh = file_system_of("memory")(region="threads", use_listings_cache=True)
    assert fresh is not made[0]
    assert fresh.store is made[0].store
    assert file_system_of("memory")(region="others").store is not fresh.store


def test_a_store_that_takes_long_to_open_keeps_no_other_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    began, goes_on, opened = threading.Event(), threading.Event(), []

    def open_slowly(settings: MemorySettings) -> Store:
        opened.append(settings.region)
        if settings.region == "slow":
            began.set()
            assert goes_on.wait(60)
        return open_store(settings)

    monkeypatch.setattr(_shared_stores, "open_store", open_slowly)
    made: list[BucketryFileSystem] = []

    def make() -> None:
        made.append(file_system_of("memory")(region="slow", skip_instance_cache=True))

    threads = [threading.Thread(target=make) for _ in range(3)]
    for thread in threads:
        thread.start()
    assert began.wait(60)
    assert file_system_of("memory")(region="quick", skip_instance_cache=True).ls("") == []
    goes_on.set()
    for thread in threads:
        thread.join(60)
    assert len(made) == 3
    assert len({id(fs.store) for fs in made}) == 1
    assert sorted(opened) == ["quick", "slow"]


def test_a_store_that_cannot_be_opened_is_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(settings: MemorySettings) -> Store:
        raise Unavailable("planned")

    with monkeypatch.context() as patch:
        patch.setattr(_shared_stores, "open_store", fail)
        with pytest.raises(Unavailable):
            file_system_of("memory")(region="again", skip_instance_cache=True)
    assert file_system_of("memory")(region="again", skip_instance_cache=True).ls("") == []


def test_a_store_is_closed_with_its_last_file_system() -> None:
    fs = file_system_of("memory")(region="closed", skip_instance_cache=True)
    store, reference = fs.store, weakref.ref(fs)
    del fs
    gc.collect()
    assert reference() is None
    with pytest.raises(StoreClosed):
        store.list_buckets()


def test_open_stores_and_secrets_are_told_apart() -> None:
    with open_store("memory://", environ={}) as one, open_store("memory://", environ={}) as two:
        first, second = BucketryFileSystem(one), BucketryFileSystem(two)
        assert first != second
        assert (first.store, second.store) == (one, two)
    first = file_system_of("memory")(secret_key=Secret("one"))
    second = file_system_of("memory")(secret_key=Secret("two"))
    assert first != second
    assert first.store is not second.store


def test_pickles_take_the_settings_along() -> None:
    fs = fsspec.filesystem("bucketry+minio", **MINIO)
    again = pickle.loads(pickle.dumps(fs))
    assert again is fs
    BucketryFileSystem.clear_instance_cache()
    file_system_of("minio").clear_instance_cache()
    again = pickle.loads(pickle.dumps(fs))
    assert again is not fs
    assert again == fs
    assert again.store is fs.store
    assert fsspec.AbstractFileSystem.from_json(fs.to_json()) == fs


def test_what_cannot_travel_is_refused() -> None:
    with open_store("memory://", environ={}) as store:
        secret: dict[str, Any] = {"secret_key": Secret("s")}
        for fs in (
            BucketryFileSystem(store),
            BucketryFileSystem(MemorySettings()),
            BucketryFileSystem("memory://", **secret),
        ):
            with pytest.raises(TypeError, match="plain settings"):
                pickle.dumps(fs)
            with pytest.raises(TypeError, match="plain settings"):
                fs.to_json()


def test_secrets_do_not_show() -> None:
    fs = fsspec.filesystem("bucketry+minio", **MINIO)
    file = fsspec.open("bucketry+minio://bucket/key", "rb", **MINIO)
    without = fs.to_json(include_password=False)
    assert json.loads(without)["access_key"] == "who"
    with pytest.raises(ConnectionError) as raised:
        fsspec.filesystem("bucketry+minio", retries=0, connect_timeout=0.1, **MINIO).ls("bucket")
    shown = [repr(fs), str(fs), repr(file), without, str(raised.value), repr(raised.value.__cause__)]
    assert not any("not-to-be-seen" in text for text in shown)


FORKS = """
import os, fsspec

fs = fsspec.filesystem("bucketry+memory")
fs.mkdir("bucket")
if os.fork() == 0:
    try:
        fs.ls("bucket")
    except RuntimeError as error:
        print(error)
    print(fsspec.filesystem("bucketry+memory").ls("", detail=False), flush=True)
    os._exit(0)
os.wait()
print(fs.ls("", detail=False))
"""


@pytest.mark.skipif(sys.platform == "win32", reason="no fork")
def test_a_forked_process_makes_its_own() -> None:
    done = subprocess.run([sys.executable, "-c", FORKS], capture_output=True, text=True, check=True, timeout=120)
    refused, of_child, of_parent = done.stdout.splitlines()
    assert "forked" in refused
    assert (of_child, of_parent) == ("[]", "['bucket']")


FORKED_STORES = """
import gc, os, sys
from bucketry._shared_stores import shared_store

shared = shared_store("memory://", {})
child = os.fork()
if child == 0:
    store = shared.store
    del shared
    gc.collect()
    print(store.list_buckets(), flush=True)  # An error if it were closed.
    os._exit(0)
sys.exit(os.waitpid(child, 0)[1])
"""


@pytest.mark.skipif(sys.platform == "win32", reason="no fork")
def test_a_forked_process_does_not_close_the_store_of_its_parent() -> None:
    done = subprocess.run(
        [sys.executable, "-c", FORKED_STORES], capture_output=True, text=True, timeout=120, check=False
    )
    assert (done.stdout, done.returncode) == ("()\n", 0), done.stderr


def test_event_loops_use_it_directly() -> None:
    async def use(fs: BucketryFileSystem) -> list[bytes]:
        await fs._mkdir("bucket")
        await fs._pipe({f"bucket/{number}": str(number).encode() for number in range(5)})
        return list((await fs._cat([f"bucket/{number}" for number in range(5)])).values())

    with open_store("memory://", environ={}) as store:
        fs = BucketryFileSystem(store, asynchronous=True)
        assert asyncio.run(use(fs)) == [b"0", b"1", b"2", b"3", b"4"]


class Refusing:
    """A layer that fails reads."""

    def __init__(self, error: Exception) -> None:
        self.error = error

    @hookimpl(wrapper=True)
    def head_object(self) -> Any:
        yield
        raise self.error


@pytest.mark.parametrize(
    ("error", "kind"),
    [(AccessDenied(), PermissionError), (Unavailable(), ConnectionError), (StoreClosed(), ValueError)],
)
def test_the_errors_of_files(error: Exception, kind: type[Exception]) -> None:
    with open_store("memory://", environ={}, layers=[Refusing(error)]) as store:
        fs = BucketryFileSystem(store)
        fs.mkdir("bucket")
        fs.pipe("bucket/key", b"")
        with pytest.raises(kind) as raised:
            fs.info("bucket/key")
        assert raised.value.__cause__ is error
        if kind is not ValueError:
            with pytest.raises(kind):
                fs.exists("bucket/key")


def test_the_store_stays_open_that_was_given(store: Store) -> None:
    fs = BucketryFileSystem(store)
    del fs
    gc.collect()
    assert store.list_buckets() == ()


def test_core_is_imported_without_fsspec() -> None:
    code = "import sys, bucketry; bucketry.open_store('memory://').close(); print('fsspec' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"


def test_without_fsspec_it_says_what_to_install() -> None:
    code = "import sys; sys.modules['fsspec'] = None; import bucketry.fsspec"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert "pip install 'bucketry[fsspec]'" in done.stderr
