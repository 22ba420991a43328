"""Which store a bucket lies in, what a router declares, and what happens while a store is down."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from typing import Any, NamedTuple

import pytest
from bucketry import (
    BucketAlreadyExists,
    BucketryError,
    CopyOptions,
    CorsSettings,
    Encryption,
    InvalidBucketName,
    InvalidSettings,
    LifecycleExpiration,
    LifecycleFilter,
    LifecycleRule,
    LifecycleSettings,
    NoSuchBucket,
    PresignOptions,
    PutOptions,
    Store,
    Unavailable,
    Unsupported,
    open_store,
)
from bucketry.access_store import AccessStore
from bucketry.clock import Clock
from bucketry.composing import open_driver
from bucketry.features import MIB
from bucketry.hookspecs import hookimpl
from bucketry.layers import Breaker, Fault, Faults, Observe
from bucketry_memory import MemoryDriver, MemorySettings
from bucketry_router import RouterDriver, RouterSettings, StoreSettings
from msgspec.structs import replace

from tests.router.two_stores import ONE, OTHER, Pair, router_over

THREE: list[dict[str, Any]] = [
    {"name": "fast", "url": "memory://", "buckets": ["web-*", "cdn-?"]},
    {"name": "cold", "url": "memory://", "buckets": ["web-archive", "*-[0-9][0-9][!a-f]"]},
    {"name": "rest", "url": "memory://", "default": True},
]
NOWHERE = "minio://127.0.0.1:1?connect_timeout=0.5&read_timeout=0.5&retries=0"
KEYS = {"access_key": "key", "secret_key": "a secret that nobody sees"}


def opened(*stores: dict[str, Any], **more: object) -> Store:
    return open_store("router://", settings={"stores": list(stores), **more}, environ={})


def driver_of(store: Store) -> RouterDriver:
    driver: RouterDriver = store.sdk().__self__
    return driver


@pytest.mark.parametrize(
    ("bucket", "store"),
    [
        ("web-a", "fast"),
        ("web-archive", "fast"),  # The first match wins.
        ("cdn-1", "fast"),
        ("cdn-12", "rest"),
        ("logs-12z", "cold"),
        ("logs-12a", "rest"),
        ("xweb-a", "rest"),
        ("web", "rest"),
    ],
)
def test_the_first_pattern_that_matches_decides(bucket: str, store: str) -> None:
    with opened(*THREE) as router:
        assert driver_of(router).store_of(bucket) == store


def test_the_default_counts_last_wherever_it_stands() -> None:
    with opened(THREE[2], THREE[0]) as router:
        assert driver_of(router).store_of("web-a") == "fast"


def test_a_bucket_is_where_its_name_leads_to_and_nowhere_else() -> None:
    with opened(*THREE) as router:
        for name in ("web-a", "logs-12z", "other"):
            router.create_bucket(name)
            router.put_object(name, "key", name.encode())
        held = {
            name: [info.name for info in inner.calls.list_buckets()]
            for name, inner in driver_of(router)._stores.by_name.items()
        }
        assert held == {"fast": ["web-a"], "cold": ["logs-12z"], "rest": ["other"]}
        assert [info.name for info in router.list_buckets()] == ["logs-12z", "other", "web-a"]
        usages = router.bucket_usages(["web-a", "missing", "other"])
        assert {name: usage.object_count for name, usage in usages.items()} == {"web-a": 1, "other": 1}
        assert [bucket.name for bucket in router.usage_report().buckets] == ["logs-12z", "other", "web-a"]
        with pytest.raises(BucketAlreadyExists):
            router.create_bucket("web-a")
        router.delete_object("web-a", "key")
        router.delete_bucket("web-a")
        assert driver_of(router)._stores.by_name["fast"].calls.list_buckets() == ()


def test_without_a_default_other_names_have_no_bucket() -> None:
    with opened(THREE[0], THREE[1]) as router:
        with pytest.raises(InvalidBucketName, match="no store of the router takes"):
            router.create_bucket("other")
        for act in (router.head_bucket, router.list_objects, router.delete_bucket):
            with pytest.raises(NoSuchBucket):
                act("other")
        assert router.bucket_usages(["other"]) == {}


def test_a_bucket_that_lies_in_the_wrong_store_is_not_seen() -> None:
    with opened(*THREE) as router:
        inner = driver_of(router)._stores.by_name["rest"]
        Store(inner.driver).create_bucket("web-a")
        assert router.list_buckets() == ()
        assert router.usage_report().buckets == ()
        with pytest.raises(NoSuchBucket):
            router.head_bucket("web-a")


# What a router declares


def test_it_declares_what_all_stores_have() -> None:
    poor = MemoryDriver(MemorySettings(min_part_size=6 * MIB))
    poor.features = replace(
        poor.features, put_tagging=False, checksum_algorithms=("SHA256", "MD5"), max_put_size=MIB, bucket_cors=False
    )
    with Store(router_over(MemoryDriver(MemorySettings()), poor)) as router:
        features = router.capabilities.features
        assert (features.put_tagging, features.bucket_cors, features.put_metadata) == (False, False, True)
        assert not features.copy_tagging, "a copy to the other store is a put"
        assert set(features.checksum_algorithms) == {"SHA256", "MD5"}
        assert (features.min_part_size, features.max_put_size) == (6 * MIB, MIB)


def test_an_operation_that_one_store_lacks_is_refused_and_the_store_is_named() -> None:
    minio = open_driver(NOWHERE, settings=KEYS, environ={})
    with Store(router_over(MemoryDriver(MemorySettings()), minio)) as router:
        assert "get_object_acl" not in router.capabilities.operations
        for bucket in ("bucket-2", "bucket-1"):
            with pytest.raises(Unsupported, match=r"the store 'other' \(driver 'minio'\) does not implement") as caught:
                router.get_object_acl(bucket, "key")
            assert caught.value.operation == "get_object_acl"


def test_a_feature_that_one_store_lacks_is_refused_and_the_store_is_named() -> None:
    poor, plain = MemoryDriver(MemorySettings()), MemoryDriver(MemorySettings())
    poor.features = replace(
        poor.features, put_metadata=False, encrypt_sse_s3=False, put_if_match=False, checksum_algorithms=("SHA256",)
    )
    with Store(router_over(plain, poor)) as router:
        for bucket in ("bucket-2", "bucket-1"):
            router.create_bucket(bucket)
            for options, said in (
                (PutOptions(metadata={"a": "b"}), "has no put_metadata, which the option metadata needs"),
                (PutOptions(encryption=Encryption(algorithm="AES256")), "has no encrypt_sse_s3, which the option"),
                (PutOptions(checksum_algorithm="CRC32"), "keeps no checksums of CRC32"),
            ):
                with pytest.raises(Unsupported, match=rf"the store 'other' \(driver 'memory'\) {said}") as caught:
                    router.put_object(bucket, "key", b"1", options)
                assert caught.value.feature
            with pytest.raises(Unsupported, match=r"the store 'other' .* has no copy_if_match"):
                router.copy_object(bucket, "key", "bucket-2", "copy", CopyOptions(if_match="*"))
    plain, minio = MemoryDriver(MemorySettings()), open_driver(NOWHERE, settings=KEYS, environ={})
    with Store(router_over(plain, minio)) as router, pytest.raises(Unsupported, match=r"'other' .* has no bucket_cors"):
        router.get_bucket_settings("bucket-2", CorsSettings)


def test_lifecycle_is_carried_out_by_the_one_runner_of_the_outer_store() -> None:
    clock, seen = Clock(), Observe()
    router = Store(router_over(MemoryDriver(MemorySettings()), MemoryDriver(MemorySettings())), [seen], clock=clock)
    with router:
        rule = LifecycleRule(
            id="rule", status="Enabled", filter=LifecycleFilter(), expiration=LifecycleExpiration(days=1)
        )
        for bucket in ("bucket-2", "bucket-1"):
            router.create_bucket(bucket)
            router.put_object(bucket, "key", b"content")
            router.put_bucket_settings(bucket, LifecycleSettings(rules=(rule,)))
        clock.advance(timedelta(days=3))
        assert [list(router.iter_objects(bucket)) for bucket in ("bucket-2", "bucket-1")] == [[], []]
        assert seen.snapshot()["delete_object"].calls == 2, "layers around the router see it"


def test_rules_are_not_declared_where_different_parties_carry_them_out() -> None:
    minio = open_driver(NOWHERE, settings=KEYS, environ={})
    with Store(router_over(MemoryDriver(MemorySettings()), minio)) as router:
        assert not router.capabilities.features.bucket_lifecycle
        with pytest.raises(Unsupported, match=r"not carried out alike .* \('one' by core, 'other' by backend\)"):
            router.get_bucket_settings("bucket-2", LifecycleSettings)


def test_a_url_is_the_stores_own_unless_an_endpoint_serves_the_router() -> None:
    stores = [{**each, "settings": {"endpoint": f"http://{each['name']}:9000"}} for each in THREE]
    with opened(*stores) as router:
        assert router.presign("web-a", "key").url.startswith("http://fast:9000/web-a/key?")
        assert router.presign("other", "key").url.startswith("http://rest:9000/other/key?")
    with opened(*stores, endpoint="http://here:9000", secret_key="of the router") as router:
        url = router.presign("web-a", "key", PresignOptions(method="PUT")).url
        assert url.startswith("http://here:9000/web-a/key?")
        assert router.status().endpoint == "http://here:9000"


def test_the_sdk_of_each_store_can_be_reached() -> None:
    minio = open_driver(NOWHERE, settings=KEYS, environ={})
    with Store(router_over(MemoryDriver(MemorySettings()), minio)) as router:
        assert type(router.sdk()(OTHER)).__name__ == "Minio"
        with pytest.raises(Unsupported):
            router.sdk()(ONE)
        with pytest.raises(InvalidSettings, match="no store is named 'third'"):
            router.sdk()("third")


# A store that is down


class Broken(NamedTuple):
    """A pair whose one store fails as it is told."""

    store: Store
    faults: Faults


@pytest.fixture
def broken() -> Iterator[Broken]:
    faults = Faults()
    drivers = MemoryDriver(MemorySettings()), MemoryDriver(MemorySettings())
    with Store(router_over(*drivers, lambda name: [faults] if name == ONE else [])) as store:
        for bucket in ("bucket-2", "bucket-1"):
            store.create_bucket(bucket)
            store.put_object(bucket, "key", b"content")
        yield Broken(store, faults)


@pytest.mark.parametrize("error", ["unavailable", "access_denied", "throttled", "backend_error"])
def test_a_store_that_is_down_makes_only_its_own_buckets_unavailable(
    broken: Broken, error: str, caplog: pytest.LogCaptureFixture
) -> None:
    store, faults = broken
    faults.add(Fault.parse(f"*:{error}"))
    with caplog.at_level(logging.WARNING, logger="bucketry"):
        for _ in range(3):
            assert [info.name for info in store.list_buckets()] == ["bucket-1"]
    assert [record.message.partition(":")[0] for record in caplog.records] == [
        "listings leave out the store one, which is down"
    ]
    assert [bucket.name for bucket in store.usage_report().buckets] == ["bucket-1"]
    store.put_object("bucket-1", "key", b"new")
    assert store.bucket_usage("bucket-1").object_count == 1
    for act in (
        lambda: store.head_object("bucket-2", "key"),
        lambda: store.put_object("bucket-2", "key", b"new"),
        lambda: store.copy_object("bucket-2", "key", "bucket-1", "copy"),
        lambda: store.copy_object("bucket-1", "key", "bucket-2", "copy"),
        lambda: store.bucket_usages(["bucket-1", "bucket-2"]),
    ):
        with pytest.raises(BucketryError) as caught:
            act()
        assert caught.value.code == error
    faults.clear()
    assert [info.name for info in store.list_buckets()] == ["bucket-1", "bucket-2"]


def test_an_error_that_does_not_mean_down_is_not_hidden(broken: Broken) -> None:
    broken.faults.add(Fault.parse("list_buckets:invalid_argument"))
    with pytest.raises(Exception, match="not valid"):
        broken.store.list_buckets()


def test_status_names_the_store_that_is_down() -> None:
    minio = {"name": "far", "url": NOWHERE, "settings": KEYS, "buckets": ["far-*"]}
    with opened(minio, THREE[2]) as router:
        status = router.status()
        assert status.available
        assert status.detail.startswith("far: http://127.0.0.1:1 is unreachable")
        assert {each.name: each.available for each in status.stores} == {"far": False, "rest": True}
        router.create_bucket("here")
        assert [info.name for info in router.list_buckets()] == ["here"]
        with pytest.raises(Unavailable):
            router.head_bucket("far-away")
    with opened({**minio, "default": True}) as router:
        assert not router.status().available
        with pytest.raises(Unavailable):
            router.list_buckets()


def test_close_closes_all_stores_even_if_one_fails() -> None:
    closed = list[str]()

    class Closing(MemoryDriver):
        def __init__(self, name: str) -> None:
            super().__init__(MemorySettings())
            self._name_of_store = name

        @hookimpl
        def close(self) -> Any:
            closed.append(self._name_of_store)
            raise OSError("it cannot be closed")

    with pytest.raises(Exception, match="cannot be closed"), closing(Store(router_over(Closing(ONE), Closing(OTHER)))):
        pass
    assert closed == [ONE, OTHER]


# Settings


@pytest.mark.parametrize(
    ("stores", "said"),
    [
        ([], "at least one store"),
        ([{"name": "Fast!", "url": "memory://", "default": True}], "'Fast!' is not a store's name"),
        ([{"name": "a", "url": "memory://"}], "no bucket would lie in the store 'a'"),
        ([{"name": "a", "url": "memory://", "buckets": ["a/*"]}], "the pattern 'a/\\*'"),
        ([THREE[0], {**THREE[1], "name": "fast"}], "the store 'fast' comes twice"),
        ([THREE[0], {**THREE[0], "name": "other"}], "the pattern 'web-\\*' comes twice"),
        ([{**THREE[0], "default": True}, THREE[2]], "fast and rest are both the default"),
        ([{**THREE[0], "color": "red"}], "unknown field `color`"),
        ([{**THREE[0], "url": "nothing://"}], "the store 'fast': no driver is installed for nothing://"),
        ([{**THREE[0], "url": "minio://key:secret@host"}], "the store 'fast': credentials do not belong"),
        ([{**THREE[0], "settings": {"colour": "red"}}], "the store 'fast': .*unknown setting `colour`"),
        ([{**THREE[0], "settings": {"secret_key_file": "/nowhere/at-all"}}], "the store 'fast': .*secret_key_file"),
    ],
)
def test_settings_that_cannot_be_used_are_refused_in_one_sentence(stores: list[dict[str, Any]], said: str) -> None:
    with pytest.raises(InvalidSettings, match=said):
        opened(*stores)


def test_secrets_of_stores_show_nowhere(tmp_path: Any) -> None:
    settings = StoreSettings(name="a", url=NOWHERE, default=True, settings=KEYS)
    assert "nobody sees" not in repr(settings)
    assert "nobody sees" not in repr(settings.__rich_repr__())
    assert "nobody sees" not in repr(RouterSettings(stores=(settings,)))
    driver = RouterDriver(RouterSettings(stores=(settings,)))
    assert "nobody sees" not in repr(driver)
    file = tmp_path / "secret"
    file.write_text("from a file")
    from_file = {"access_key": "key", "secret_key_file": str(file)}
    with opened({"name": "a", "url": NOWHERE, "default": True, "settings": from_file}) as router:
        assert "X-Amz-Signature" in router.presign("a-bucket", "key").url


def test_a_breaker_names_its_store(caplog: pytest.LogCaptureFixture) -> None:
    far = StoreSettings(name="far", url=NOWHERE, default=True, settings=KEYS)
    with Store(RouterDriver(RouterSettings(stores=(far,), breaker=1))) as store:
        with pytest.raises(Unavailable):
            store.get_object("bucket-1", "key")
        with pytest.raises(Unavailable, match="the store 'far' did not answer 1 times in a row"):
            store.get_object("bucket-1", "key")
    assert "the store 'far' did not answer 1 times in a row: reads are refused until it does" in caplog.messages


def test_a_store_over_several_has_a_breaker_of_each() -> None:
    far = StoreSettings(name="far", url=NOWHERE, default=True, settings=KEYS)
    near = StoreSettings(name="near", url="memory://", buckets=("near-*",))
    own = Breaker(store="both")
    router = RouterDriver(RouterSettings(stores=(far, near), breaker=1))
    access_store = AccessStore(open_store("memory://"))
    with Store(access_store.around(router), [own]) as store:
        with pytest.raises(Unavailable):
            store.get_object("bucket-1", "key")
        opened = {breaker.store: breaker.circuits()["reads"].is_open for breaker in store.breakers}
    assert opened == {"both": False, "far": True, "near": False}
    with open_store("memory://") as store:
        assert store.breakers == ()


def test_a_driver_for_no_store_is_refused(pair: Pair) -> None:
    settings = RouterSettings(stores=(StoreSettings(name="a", url="memory://", default=True),))
    with pytest.raises(InvalidSettings, match="'b'"):
        RouterDriver(settings, drivers={"b": MemoryDriver(MemorySettings())})


def test_an_access_store_stands_around_a_router(tmp_path: Any) -> None:
    minio = open_driver(NOWHERE, settings=KEYS, environ={})
    router = router_over(MemoryDriver(MemorySettings()), minio)
    with Store(AccessStore(open_store("memory://")).around(router)) as store:
        assert "get_object_acl" in store.capabilities.operations, "the access store has them"
        assert "get_object_attributes" not in store.capabilities.operations
        with pytest.raises(Unsupported, match="the store 'other'"):
            store.get_object_attributes("bucket-2", "key")
        store.create_bucket("bucket-2")
        store.put_object("bucket-2", "key", b"content")
        assert not store.get_object_acl("bucket-2", "key").grants_others
