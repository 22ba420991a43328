"""Finds out what a server can do: once for a server, in buckets of its own, which it removes again."""

from __future__ import annotations

import logging
import re
import secrets
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from datetime import UTC, datetime, timedelta
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
    DeleteOptions,
    ListOptions,
    NoSuchBucket,
    NoSuchKey,
    QuotaExceeded,
    Store,
    Unavailable,
    Unsupported,
    UploadListOptions,
    VersionListOptions,
    VersionOptions,
)
from bucketry_s3client import S3ResponseError, is_list_of_buckets, not_s3
from urllib3.exceptions import HTTPError

from bucketry_s3.cache import Cache
from bucketry_s3.dialects import dialect_of
from bucketry_s3.driver import S3Driver
from bucketry_s3.found import ALWAYS, CONSERVATIVE, EVERYTHING, Dialect, Found
from bucketry_s3.probes import (
    LOCK_PROBES,
    LOCKED_BUCKET,
    PROBES,
    VERSION_PROBES,
    Ground,
    Probe,
    basics,
    keeps_checksum,
    keeps_settings,
    object_lock_later,
)
from bucketry_s3.settings import S3StoreSettings
from bucketry_s3.settings_examples import EXAMPLES

PREFIX: Final = "bucketry-probe"
_BUCKET: Final = re.compile(rf"{PREFIX}-[0-9a-f]{{20}}")
_BELOW: Final = re.compile(rf"{PREFIX}/[0-9a-f]{{20}}/")
_LEFT_AFTER: Final = timedelta(minutes=15)
"""After this time, what probes have made is left over: their process has ended."""

_PLAIN: Final = CreateBucketOptions()
_log = logging.getLogger("bucketry.s3")
_probing = threading.Lock()


def find_out(settings: S3StoreSettings) -> Found:
    """Returns what a server can do: as it was found out before, or by probes.

    Args:
        settings: The settings of the store, as they were given.

    Raises:
        Unavailable: The server does not respond.
        AccessDenied: It refuses the credentials.
        BackendError: It does not give back what it is given.
    """
    own = msgspec.structs.replace(settings, public_endpoint=None)
    driver = S3Driver(own, EVERYTHING)
    with Store(driver) as store, _probing:
        server = _server_of(driver)
        cache = Cache(settings, server)
        found = cache.get()
        if found is None:
            try:
                found, is_sure = _probed(own, driver, store)
            except (HTTPError, OSError) as error:
                raise _no_response(driver, error) from error
            if is_sure:
                cache.put(found)
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


def _probed(settings: S3StoreSettings, driver: S3Driver, store: Store) -> tuple[Found, bool]:
    """Runs all probes; returns what they found, and whether it may be kept for others."""
    run = _Run()
    _remove_left_overs(store, settings)
    try:
        with _ground(settings, driver, store, _PLAIN) as ground:
            dialect = _checked_dialect(ground, owns_bucket=not settings.probe_bucket)
            with Store(in_dialect := _speaking(settings, dialect)) as spoken:
                _run_all(run, settings, in_dialect, spoken, ground)
    except (AccessDenied, QuotaExceeded, Unsupported) as error:
        _log.warning(
            "no bucket can be made for probes (%s), so no condition of a write is used: set probe_bucket",
            error.code,
        )
        return CONSERVATIVE, False
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


def _speaking(settings: S3StoreSettings, dialect: Dialect) -> S3Driver:
    return S3Driver(settings, msgspec.structs.replace(EVERYTHING, dialect=dialect))


def _run_all(run: _Run, settings: S3StoreSettings, driver: S3Driver, store: Store, ground: Ground) -> None:
    ground = ground._replace(store=store, client=driver.client)
    run.all(PROBES, ground)
    run.algorithms = [name for name in CHECKSUM_ALGORITHMS if run.tries(name, partial(keeps_checksum, name), ground)]
    if settings.probe_bucket:
        return  # Settings change a bucket for all who use it. So they are not tried on another's.
    run.all({kind.feature: partial(keeps_settings, kind) for kind in EXAMPLES}, ground)
    with _ground(settings, driver, store, _PLAIN) as versioned:
        run.all(VERSION_PROBES, versioned)
        if "bucket_versioning" in run.found:
            run.all({"object_lock_later": object_lock_later}, versioned)
    if "bucket_versioning" not in run.found:
        run.found.discard("list_versions_start_after")
        return
    with ExitStack() as stack:
        try:
            lockable = stack.enter_context(_ground(settings, driver, store, LOCKED_BUCKET))
        except BucketryError as error:
            run.note(error)
            _log.debug("the server makes no bucket with object lock: %s", type(error).__name__)
        else:
            run.all(LOCK_PROBES, lockable)
    if "bucket_object_lock" not in run.found:
        run.found -= {"object_lock_later", "upload_object_lock"}


@contextmanager
def _ground(
    settings: S3StoreSettings, driver: S3Driver, store: Store, options: CreateBucketOptions
) -> Iterator[Ground]:
    """Gives a place where probes work, and removes what they have left there."""
    name = secrets.token_hex(10)
    bucket = settings.probe_bucket or f"{PREFIX}-{name}"
    if not settings.probe_bucket:
        try:
            store.create_bucket(bucket, options)
        except BucketryError:
            # It may be there all the same: some may make buckets, and not look whether they are there.
            with suppress(BucketryError):
                store.delete_bucket(bucket)
            raise
    prefix = f"{PREFIX}/{name}/"
    try:
        yield Ground(store, driver.client, bucket, prefix)
    finally:
        _clear(store, bucket, prefix if settings.probe_bucket else "")
        if not settings.probe_bucket:
            _try(partial(store.delete_bucket, bucket), f"the bucket {bucket}")


def _clear(store: Store, bucket: str, prefix: str) -> None:
    """Removes all uploads, versions and objects that begin with a prefix, as far as that is possible."""
    _try(partial(_abort_uploads, store, bucket, prefix), "uploads")
    _try(partial(_delete_versions, store, bucket, prefix), "")
    _try(partial(_delete_objects, store, bucket, prefix), "objects")


def _try(step: Callable[[], object], what: str) -> None:
    try:
        step()
    except BucketryError as error:
        if what:
            _log.warning("%s of probes could not be removed: %s", what, type(error).__name__)


def _abort_uploads(store: Store, bucket: str, prefix: str) -> None:
    for upload in store.iter_multipart_uploads(bucket, UploadListOptions(prefix=prefix)):
        store.abort_multipart_upload(bucket, upload.key, upload.upload_id)


def _delete_versions(store: Store, bucket: str, prefix: str) -> None:
    """Fails on a server without versions."""
    for version in list(store.iter_object_versions(bucket, VersionListOptions(prefix=prefix))):
        delete = partial(_delete_version, store, bucket, version.key, version.version_id)
        try:
            delete()
        except BucketryError:
            held = VersionOptions(version_id=version.version_id)
            _try(partial(store.put_object_legal_hold, bucket, version.key, False, held), "")
            _try(partial(delete, bypass_governance=True), "")


def _delete_version(store: Store, bucket: str, key: str, version_id: str, *, bypass_governance: bool = False) -> None:
    store.delete_object(bucket, key, DeleteOptions(version_id=version_id, bypass_governance=bypass_governance))


def _delete_objects(store: Store, bucket: str, prefix: str) -> None:
    for info in list(store.iter_objects(bucket, ListOptions(prefix=prefix, content_type=False))):
        store.delete_object(bucket, info.key)


def _remove_left_overs(store: Store, settings: S3StoreSettings) -> None:
    """Removes what the probes of processes have left that were killed."""
    before = datetime.now(UTC) - _LEFT_AFTER
    if settings.probe_bucket:
        _try(partial(_remove_old_objects, store, settings.probe_bucket, before), "")
        return
    _try(partial(_remove_old_buckets, store, before), "")


def _remove_old_buckets(store: Store, before: datetime) -> None:
    for info in store.list_buckets():
        if _BUCKET.fullmatch(info.name) and info.created_at < before:
            _clear(store, info.name, "")
            _try(partial(store.delete_bucket, info.name), f"the bucket {info.name}")


def _remove_old_objects(store: Store, bucket: str, before: datetime) -> None:
    options = ListOptions(prefix=f"{PREFIX}/", content_type=False)
    for info in list(store.iter_objects(bucket, options)):
        if _BELOW.match(info.key) and info.last_modified < before:
            _clear(store, bucket, info.key)
