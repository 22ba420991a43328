"""Finds out what a server can do: once for a server, in buckets of its own, which it removes again."""

from __future__ import annotations

import logging
import secrets
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from functools import partial
from http import HTTPStatus
from typing import Final

import msgspec
from bucketry import (
    CHECKSUM_ALGORITHMS,
    AccessDenied,
    BackendError,
    BucketryError,
    CreateBucketOptions,
    InvalidSettings,
    NoSuchBucket,
    NoSuchKey,
    QuotaExceeded,
    Store,
    Unavailable,
    Unsupported,
    VersioningSettings,
)
from bucketry_s3client import S3ResponseError, is_list_of_buckets, not_s3
from urllib3.exceptions import HTTPError

from bucketry_s3.bucket_probes import (
    LOCK_PROBES,
    LOCKED_BUCKET,
    VERSION_PROBES,
    Compliance,
    keeps_settings,
    object_lock_later,
)
from bucketry_s3.cache import MAX_AGE, MAX_UNSURE_AGE, Cache
from bucketry_s3.checksum_probes import keeps_checksum, keeps_checksums_of_uploads
from bucketry_s3.dialects import dialect_of
from bucketry_s3.driver import S3Driver
from bucketry_s3.found import ALWAYS, CONSERVATIVE, EVERYTHING, Dialect, Found
from bucketry_s3.ground import Ground, Probe
from bucketry_s3.left_overs import PREFIX, attempt, clear, remove_left_overs
from bucketry_s3.probes import PROBES, basics
from bucketry_s3.settings import S3StoreSettings
from bucketry_s3.settings_examples import EXAMPLES

_PLAIN: Final = CreateBucketOptions()
_log = logging.getLogger("bucketry.s3")
_warned: Final[set[str]] = set()
"""Names of servers, as of `Cache.name`, of which the log says already that nothing can be tried on them."""


class CannotProbe(Exception):
    """Probes have no bucket to write into, and will not have one the next time."""


def find_out(settings: S3StoreSettings) -> Found:
    """Returns what a server can do: as it was found out before, or by probes.

    Args:
        settings: The settings of the store, as they were given.

    Raises:
        Unavailable: The server does not respond.
        AccessDenied: It refuses the credentials.
        BackendError: It does not give back what it is given.
        InvalidSettings: There is no ``probe_bucket``.
    """
    driver = S3Driver(msgspec.structs.replace(settings, public_endpoint=None), EVERYTHING)
    with Store(driver) as store:
        cache = Cache(driver.settings, driver.user, _server_of(driver))
        with cache.turn():
            found = cache.get()
            if found is None:
                found = _found_by_probes(driver, store, cache)
            return found


def _found_by_probes(driver: S3Driver, store: Store, cache: Cache) -> Found:
    try:
        found, is_sure = _probed(driver, store)
    except (HTTPError, OSError) as error:
        raise _no_response(driver, error) from error
    except CannotProbe as error:
        if cache.name not in _warned:
            _warned.add(cache.name)
            _log.warning("%s, so no condition of a write is used: set probe_bucket", error)
        return CONSERVATIVE
    cache.put(found, MAX_AGE if is_sure else MAX_UNSURE_AGE)
    return found


def _server_of(driver: S3Driver) -> str:
    """Returns what the server says it is: the ``Server`` header of its list of buckets.

    Raises:
        Unavailable: It does not respond.
        AccessDenied: It refuses the credentials.
        BackendError: It does not speak S3.
    """
    try:
        headers, body = driver.client.request("GET")
    except S3ResponseError as error:
        if error.code == "AccessDenied":  # It knows who asks, and does not show him the list.
            return error.headers.get("server", "")
        verdict = driver.classify_error(error)
        raise verdict.kind(verdict.detail) from error
    except (HTTPError, OSError) as error:
        raise _no_response(driver, error) from error
    if not is_list_of_buckets(body):
        raise BackendError(not_s3(headers))
    return headers.get("server", "")


def _no_response(driver: S3Driver, error: Exception) -> Unavailable:
    reason = driver.classify_error(error).detail
    return Unavailable(
        f"{driver.client.endpoint} is unreachable: {reason}: "
        "what the server can do cannot be found out (probe=false opens without asking)"
    )


class _Run:
    """One run of probes."""

    def __init__(self) -> None:
        self.found: set[str] = set()
        self.algorithms: list[str] = []
        self.is_sure = True

    def tries(self, name: str, probe: Probe, ground: Ground) -> bool:
        """Runs a probe; returns whether the server has the feature."""
        begun = time.monotonic()
        try:
            has = probe(ground)
        except (BucketryError, S3ResponseError) as error:
            has, cause = False, self.note(error)
            _log.debug("the probe of %s ended with %s: %s", name, type(error).__name__, _reason(cause))
        _log.debug("probed %s: %s (%.3f s)", name, has, time.monotonic() - begun)
        return has

    def note(self, error: BucketryError | S3ResponseError) -> BaseException:
        """Notes whether a failure may be another one the next time. Returns its cause.

        Raises:
            BucketryError: There was no response: nothing is found out.
        """
        cause = error.__cause__ or error
        if isinstance(cause, HTTPError | OSError):
            raise error
        self.is_sure = self.is_sure and not _may_pass(cause)
        return cause

    def all(self, probes: Mapping[str, Probe], ground: Ground) -> None:
        """Runs probes, and notes the features that the server has."""
        self.found |= {name for name, probe in probes.items() if self.tries(name, probe, ground)}


def _may_pass(cause: BaseException) -> bool:
    """Whether a probe may end in another way the next time: where the server fails in itself, or is busy."""
    if isinstance(cause, S3ResponseError):
        return cause.status in {408, 429} or (cause.status >= 500 and cause.status != HTTPStatus.NOT_IMPLEMENTED)
    return isinstance(cause, BucketryError) and cause.retryable


def _reason(cause: BaseException) -> str:
    # Other errors may quote what was sent.
    return str(cause) if isinstance(cause, S3ResponseError | BucketryError) else type(cause).__name__


def _probed(driver: S3Driver, store: Store) -> tuple[Found, bool]:
    """Runs all probes; returns what they found, and whether the next time would find the same.

    Raises:
        CannotProbe: They have no bucket to write into.
    """
    run = _Run()
    settings = driver.settings
    with _ground(driver, store, _PLAIN) as ground:
        try:
            dialect = _checked_dialect(ground, owns_bucket=not settings.probe_bucket)
        except (AccessDenied, QuotaExceeded, Unsupported) as error:
            raise CannotProbe(f"probes may not write ({error.code})") from error
        if not settings.probe_bucket and _keeps_full_buckets(run, driver, store):
            dialect = msgspec.structs.replace(dialect, checks_deleted_buckets=False)
        in_dialect = S3Driver(settings, msgspec.structs.replace(EVERYTHING, dialect=dialect))
        with Store(in_dialect) as spoken:
            remove_left_overs(spoken, settings)
            try:
                _run_all(run, in_dialect, spoken, ground)
            finally:
                # What was made in the server's dialect is found in it alone.
                clear(spoken, ground.bucket, ground.prefix if settings.probe_bucket else "")
    run.found |= {"copy_source_if_match"} if dialect.copy_pin else set()
    run.found |= {"part_copy_source_if_match"} if dialect.part_copy_pin else set()
    features = tuple(sorted({*run.found, *ALWAYS}))
    return Found(features=features, algorithms=tuple(run.algorithms), dialect=dialect), run.is_sure


def _checked_dialect(ground: Ground, *, owns_bucket: bool) -> Dialect:
    """Checks that the server does what nothing works without, and finds out its dialect.

    Raises:
        BackendError: It does not.
    """
    try:
        if wrong := basics(ground):
            raise BackendError(f"the server cannot be used: {wrong}")
        return dialect_of(ground, owns_bucket=owns_bucket)
    except (NoSuchKey, NoSuchBucket) as error:
        raise BackendError("the server cannot be used: it does not find what was written") from error


def _keeps_full_buckets(run: _Run, driver: S3Driver, store: Store) -> bool:
    """Whether the server refuses to delete a bucket that holds an object, or only an object's older version."""
    with _own_ground(run, driver, store, _PLAIN) as full:
        if full is None:
            return False
        try:
            key = full.put("full")
            if _is_deleted(full):
                return False
            store.delete_object(full.bucket, key)
            try:
                store.put_bucket_settings(full.bucket, VersioningSettings(status="Enabled"))
            except BucketryError:
                return True  # It has no versions.
            store.delete_object(full.bucket, full.put("full"))
            return not _is_deleted(full)
        except BucketryError as error:
            run.note(error)
            return False


def _is_deleted(ground: Ground) -> bool:
    """Tries to delete a bucket as it is; returns whether that worked."""
    try:
        ground.client.request("DELETE", ground.bucket, repeatable=False)
    except S3ResponseError:
        return False
    return True


def _run_all(run: _Run, driver: S3Driver, store: Store, ground: Ground) -> None:
    ground = ground._replace(store=store, client=driver.client)
    if driver.settings.probe_bucket:
        # Settings change a bucket for all who use it. So they are not tried on another's.
        _run_on_objects(run, ground)
        return
    with _own_ground(run, driver, store, LOCKED_BUCKET) as lockable:
        compliance = Compliance()
        try:
            is_locked = lockable is not None and run.tries("compliance", compliance.holds, lockable)
            _run_on_objects(run, ground)
            _run_on_buckets(run, driver, store, ground)
            if is_locked and lockable is not None:
                run.all(LOCK_PROBES, lockable)
        finally:
            compliance.wait()
    if "bucket_versioning" not in run.found:
        run.found -= {"bucket_object_lock", "list_versions_start_after"}
    if "bucket_object_lock" not in run.found:
        run.found -= {"object_lock_later", "upload_object_lock"}


def _run_on_objects(run: _Run, ground: Ground) -> None:
    run.all(PROBES, ground)
    run.algorithms = [name for name in CHECKSUM_ALGORITHMS if run.tries(name, partial(keeps_checksum, name), ground)]
    if run.algorithms:
        run.all({"upload_checksums": partial(keeps_checksums_of_uploads, run.algorithms)}, ground)


def _run_on_buckets(run: _Run, driver: S3Driver, store: Store, ground: Ground) -> None:
    run.all({kind.feature: partial(keeps_settings, kind) for kind in EXAMPLES}, ground)
    with _own_ground(run, driver, store, _PLAIN) as versioned:
        if versioned is not None:
            run.all(VERSION_PROBES, versioned)
            if "bucket_versioning" in run.found:
                run.all({"object_lock_later": object_lock_later}, versioned)


@contextmanager
def _own_ground(run: _Run, driver: S3Driver, store: Store, options: CreateBucketOptions) -> Iterator[Ground | None]:
    """Gives one more place; ``None`` where the server makes no bucket of this kind."""
    with ExitStack() as stack:
        try:
            ground = stack.enter_context(_ground(driver, store, options))
        except CannotProbe as error:
            _log.debug("%s", error)
            ground = None
        except BucketryError as error:
            run.note(error)
            _log.debug("a bucket for probes cannot be made: %s", error.code)
            ground = None
        yield ground


@contextmanager
def _ground(driver: S3Driver, store: Store, options: CreateBucketOptions) -> Iterator[Ground]:
    """Gives a place where probes work, and removes what they have left there.

    Raises:
        InvalidSettings: There is no ``probe_bucket``.
        CannotProbe: The server refuses to make a bucket.
        BucketryError: It does not respond, is busy, or fails in itself.
    """
    name = secrets.token_hex(10)
    given = driver.settings.probe_bucket
    bucket = given or f"{PREFIX}-{name}"
    if given:
        _check_given(driver, given)
    else:
        _make(store, bucket, options)
    prefix = f"{PREFIX}/{name}/"
    try:
        yield Ground(store, driver.client, bucket, prefix)
    finally:
        clear(store, bucket, prefix if given else "")
        if not given:
            attempt(partial(store.delete_bucket, bucket), f"the bucket {bucket}")


def _check_given(driver: S3Driver, bucket: str) -> None:
    try:
        driver.client.request("HEAD", bucket)
    except S3ResponseError as error:
        if error.code == "NoSuchBucket":
            raise InvalidSettings(f"there is no bucket {bucket!r}: probe_bucket names one that is there") from error
        # Who may not ask for the bucket may still write below the prefix.


def _make(store: Store, bucket: str, options: CreateBucketOptions) -> None:
    try:
        store.create_bucket(bucket, options)
    except BucketryError as error:
        # It may be there all the same: some may make buckets, and not look whether they are there.
        with suppress(BucketryError):
            store.delete_bucket(bucket)
        cause = error.__cause__ or error
        if isinstance(cause, HTTPError | OSError) or _may_pass(cause):
            raise
        raise CannotProbe(f"no bucket can be made for probes ({_code_of(cause, error)})") from error


def _code_of(cause: BaseException, error: BucketryError) -> str:
    return cause.code if isinstance(cause, S3ResponseError) else error.code
