"""Lifecycle: what objects say of their end, and that it comes.

How long a backend takes to carry out its rules is its own affair, and nobody waits for days. So what rules do is tested
where core carries them out, by the store's clock, which can be turned.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, Final

import pytest
from bucketry import (
    CreateBucketOptions,
    Deleted,
    InvalidArgument,
    LifecycleExpiration,
    LifecycleFilter,
    LifecycleRule,
    LifecycleSettings,
    Retention,
    Tag,
)
from bucketry.bucket_settings import AbortIncompleteMultipartUpload, NoncurrentVersionExpiration
from bucketry.hookspecs import hookimpl
from bucketry.lifecycle import midnight_after
from bucketry.models import Expiration
from bucketry.object_lock import GOVERNANCE
from bucketry.origin import LIFECYCLE, origin_of_call

from bucketry_contract._capabilities import needs
from bucketry_contract._contract_tests import ContractTests
from bucketry_contract._report_notes import Notes, add_note, cannot_try
from bucketry_contract._scratch import Bucket, Scratch
from bucketry_contract._versions import LISTING, put_version, versioned, versions_of
from bucketry_contract.backend import Backend

RULES: Final = (LifecycleSettings.feature, "put_bucket_settings")

_MARKERS: Final = LifecycleExpiration(expired_object_delete_marker=True)


def rule(rule_id: str = "rule", *, tags: tuple[Tag, ...] = (), prefix: str = "", **actions: Any) -> LifecycleRule:
    """Makes a rule that is in force."""
    chosen = LifecycleFilter(prefix=prefix, tags=tags)
    return LifecycleRule(id=rule_id, status="Enabled", filter=chosen, **actions)


def expiring(days: int, rule_id: str = "rule", **conditions: Any) -> LifecycleRule:
    """Makes a rule by which objects expire."""
    return rule(rule_id, expiration=LifecycleExpiration(days=days), **conditions)


def put_rules(bucket: Bucket, *rules: LifecycleRule) -> None:
    """Replaces the rules of a bucket."""
    bucket.store.put_bucket_settings(bucket.name, LifecycleSettings(rules=rules))


class _Meddler:
    """A layer that writes just before lifecycle deletes."""

    def __init__(self) -> None:
        self.acts = list[Callable[[], object]]()

    @hookimpl(wrapper=True)
    def delete_object(self) -> Generator[None, Deleted, Deleted]:
        if origin_of_call() is LIFECYCLE and self.acts:
            self.acts.pop()()
        return (yield)


class Timed:
    """A bucket on a store of its own, whose clock is turned by one test alone."""

    def __init__(self, backend: Backend, notes: Notes) -> None:
        self.meddler = _Meddler()
        self._store = backend.open([self.meddler])
        self._scratch = Scratch(self._store, backend)
        self._notes = notes

    def bucket(self, **options: Any) -> Bucket:
        """Makes a bucket, if its rules go by this store's clock."""
        found = self._store.capabilities
        if found.features.bucket_lifecycle and found.lifecycle != "core":
            cannot_try(self._notes, "waiting until rules of lifecycle apply", "the backend has a clock of its own")
        name = self._scratch.create(options=CreateBucketOptions(**options)) if options else self._scratch.create()
        return Bucket(self._store, name, self._scratch.backend, partial(add_note, self._notes))

    def advance(self, days: float) -> None:
        """Turns the clock."""
        self._store.clock.advance(days=days)

    def close(self) -> None:
        """Removes the bucket."""
        self._store.clock.reset()
        self._scratch.remove_all()
        self._store.close()


class LifecycleTests(ContractTests):
    """Rules delete what they say, when they say it, and nothing else."""

    @pytest.fixture
    def timed(self, contract_backend: Backend, notes: Notes) -> Iterator[Timed]:
        """A store whose clock a test may turn."""
        timed = Timed(contract_backend, notes)
        yield timed
        timed.close()

    # What objects say

    @needs(*RULES, "head_object")
    def test_an_object_says_when_it_expires_and_by_which_rule(self, fresh_bucket: Bucket) -> None:
        put_rules(fresh_bucket, expiring(3, "late", prefix="old/"), expiring(2, "early", prefix="old/"))
        fresh_bucket.put_all("old/key", "other/key")
        info = fresh_bucket.head("old/key")
        assert info.expiration is not None, "an object that a rule is about says nothing of it"
        assert info.expiration.at == midnight_after(info.last_modified, 2), "the earliest rule decides"
        assert info.expiration.rule_id == "early"
        with fresh_bucket.store.get_object(fresh_bucket.name, "old/key") as opened:
            assert opened.info.expiration == info.expiration
        assert fresh_bucket.head("other/key").expiration is None

    @needs(*RULES, "head_object", "put_tagging")
    def test_tags_decide_whether_an_object_expires(self, fresh_bucket: Bucket) -> None:
        put_rules(fresh_bucket, expiring(2, tags=(Tag(key="a", value="b"),)))
        for key, tags in {"fits": {"a": "b", "c": "d"}, "other": {"a": "c"}, "none": {}}.items():
            fresh_bucket.put(key, tags=tags)
        found = {key: fresh_bucket.head(key).expiration is not None for key in ("fits", "other", "none")}
        assert found == {"fits": True, "other": False, "none": False}

    @needs(*RULES, "head_object", "delete_bucket_settings")
    def test_without_rules_no_object_expires(self, fresh_bucket: Bucket) -> None:
        fresh_bucket.put("key")
        put_rules(fresh_bucket, expiring(2))
        fresh_bucket.store.delete_bucket_settings(fresh_bucket.name, LifecycleSettings)
        assert fresh_bucket.head("key").expiration is None

    @needs(*RULES, "create_multipart_upload", "list_parts")
    def test_an_upload_says_when_it_is_aborted(self, fresh_bucket: Bucket, notes: Notes) -> None:
        abort = AbortIncompleteMultipartUpload(days_after_initiation=2)
        try:
            put_rules(fresh_bucket, rule("a", prefix="old/", abort_incomplete_multipart_upload=abort))
        except InvalidArgument:
            cannot_try(notes, "rules about uploads in progress", "the backend refuses them")
        for key in ("old/key", "other/key"):
            begun = fresh_bucket.upload(key).begun
            at = midnight_after(begun.initiated_at, 2)
            assert begun.abort in (None, Expiration(at, "a") if key == "old/key" and at is not None else None)
            page = fresh_bucket.store.list_parts(fresh_bucket.name, key, begun.upload_id)
            assert page.abort == begun.abort

    # What rules do

    @needs(*RULES)
    def test_objects_expire_at_midnight_after_their_days(self, timed: Timed) -> None:
        bucket = timed.bucket()
        put_rules(bucket, expiring(3, prefix="old/"))
        bucket.put_all("old/key", "other/key")
        timed.advance(2.9)
        bucket.put("old/new", b"old/new")
        assert bucket.entries() == ["old/key", "old/new", "other/key"]
        timed.advance(1.1)
        assert bucket.entries() == ["old/new", "other/key"]
        timed.advance(30)
        assert bucket.entries() == ["other/key"]

    @needs(*RULES)
    def test_an_object_that_is_written_meanwhile_is_kept(self, timed: Timed) -> None:
        bucket = timed.bucket()
        put_rules(bucket, expiring(1))
        bucket.put("key", b"same")
        timed.meddler.acts.append(lambda: bucket.put("key", b"same"))
        timed.advance(3)
        assert not timed.meddler.acts, "nothing was to be deleted"
        assert bucket.stored("key") == b"same", "an object was lost that was written while lifecycle was at work"

    @needs(*RULES, *LISTING)
    def test_in_a_bucket_with_versions_objects_that_expire_get_markers(self, timed: Timed) -> None:
        bucket = versioned(timed.bucket())
        put_rules(bucket, expiring(1))
        version_id = put_version(bucket, "key")
        timed.advance(3)
        marker, version = versions_of(bucket)
        assert (marker.is_marker, marker.is_latest) == (True, True)
        assert version.version_id == version_id
        assert not bucket.holds("key")

    @needs(*RULES, *LISTING)
    def test_versions_expire_after_their_days_but_for_the_newest_ones(self, timed: Timed) -> None:
        bucket = versioned(timed.bucket())
        action = NoncurrentVersionExpiration(noncurrent_days=2, newer_noncurrent_versions=1)
        put_rules(bucket, rule(noncurrent_version_expiration=action))
        versions = [put_version(bucket, "key", b"%d" % number) for number in range(4)]
        timed.advance(1.9)
        assert len(versions_of(bucket)) == 4
        timed.advance(1.1)
        assert [version.version_id for version in versions_of(bucket)] == [versions[3], versions[2]]
        assert bucket.read("key") == b"3"

    @needs(*RULES, *LISTING)
    def test_a_delete_marker_goes_once_it_is_alone(self, timed: Timed) -> None:
        bucket = versioned(timed.bucket())
        put_rules(bucket, rule(expiration=_MARKERS))
        put_version(bucket, "held")
        for key in ("alone", "held"):
            bucket.delete(key)
        timed.advance(3)
        assert [(version.key, version.is_marker) for version in versions_of(bucket)] == [
            ("held", True),
            ("held", False),
        ]

    @needs(*RULES, *LISTING, "bucket_object_lock")
    def test_a_locked_version_is_kept(self, timed: Timed) -> None:
        bucket = timed.bucket(object_lock=True)
        action = NoncurrentVersionExpiration(noncurrent_days=1)
        put_rules(bucket, expiring(1, "current"), rule("others", noncurrent_version_expiration=action))
        until = bucket.store.clock.now() + timedelta(days=20)
        kept = put_version(bucket, "locked", retention=Retention(mode=GOVERNANCE, until=until))
        put_version(bucket, "free")
        timed.advance(10)
        assert [version.version_id for version in versions_of(bucket) if not version.is_marker] == [kept]
        assert bucket.read("locked", version_id=kept) == b"content"
        timed.advance(15)
        assert [version for version in versions_of(bucket) if not version.is_marker] == []

    @needs(*RULES, "create_multipart_upload", "list_multipart_uploads", "abort_multipart_upload")
    def test_an_upload_that_nobody_completes_is_aborted(self, timed: Timed) -> None:
        bucket = timed.bucket()
        abort = AbortIncompleteMultipartUpload(days_after_initiation=2)
        put_rules(bucket, rule(prefix="old/", abort_incomplete_multipart_upload=abort))
        begun = {key: bucket.upload(key).upload_id for key in ("old/key", "other/key")}
        timed.advance(1.9)
        assert len(bucket.upload_ids()) == 2
        timed.advance(1.2)
        assert bucket.upload_ids() == [begun["other/key"]]

    @needs(*RULES, "delete_bucket_settings")
    def test_rules_that_are_removed_delete_nothing(self, timed: Timed) -> None:
        bucket = timed.bucket()
        bucket.put("key")
        put_rules(bucket, expiring(5))
        bucket.store.delete_bucket_settings(bucket.name, LifecycleSettings)
        timed.advance(30)
        assert bucket.holds("key")

    @needs(*RULES)
    def test_a_date_is_the_end_of_what_comes_later_too(self, timed: Timed) -> None:
        bucket = timed.bucket()
        put_rules(bucket, rule(expiration=LifecycleExpiration(date=datetime(2020, 1, 1, tzinfo=UTC))))
        bucket.put("key")
        timed.advance(1)
        assert not bucket.holds("key")
