"""What prevents a move, found before anything is copied."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Final

from bucketry import (
    CustomerKeyNeeded,
    HeadOptions,
    InvalidKey,
    IsDeleteMarker,
    NoSuchKey,
    NoSuchVersion,
    ObjectInfo,
    PutOptions,
    Unsupported,
)
from bucketry.headers import HEADER_FEATURES
from msgspec.structs import replace

from bucketry_router.capabilities import unkept
from bucketry_router.moving.batches import batches
from bucketry_router.moving.histories import History, Version
from bucketry_router.moving.options import MoveOptions
from bucketry_router.transfers import Place, acl_for_others

_TAGS: Final = {"a": "tag"}
"""Stands for the tags of an object, which are not read for this."""

_CUSTOMER_KEY: Final = "encrypt_sse_c"
_KEY: Final = "key"
_SIZE: Final = "max_put_size"
_DELETION: Final = "delete_source"


class ObjectChecks:
    """Looks at each version of a bucket before it is moved: whether it can be read, and the other store can hold it."""

    def __init__(self, source: Place, target: Place, options: MoveOptions) -> None:
        self._source, self._target = source, target
        self._options = options
        features = target.store.features
        self._features, self._asks_acls = features, not features.put_acl
        self._now = source.store.driver.clock.now()

    def check(self, found: Iterable[tuple[str, History]]) -> None:
        """Looks at all versions, side by side.

        Args:
            found: The keys with their histories.

        Raises:
            Unsupported: Some versions prevent the move. It names each reason with the number of versions and the first
                key.
        """
        counts: dict[str, int] = {}
        first: dict[str, str] = {}
        with ThreadPoolExecutor(self._options.threads, thread_name_prefix="bucketry-move") as threads:
            for batch in batches(_versions(found)):
                for (key, _), reasons in zip(batch, threads.map(self._reasons, batch), strict=True):
                    for reason in reasons:
                        counts[reason] = counts.get(reason, 0) + 1
                        first.setdefault(reason, key)
        if counts:
            feature, key = next(iter(first.items()))
            sentences = [self._sentence(reason, count, first[reason]) for reason, count in counts.items()]
            raise Unsupported(
                "; ".join(sentences), operation="move", feature=feature, bucket=self._source.bucket, key=key
            )

    def _reasons(self, found: tuple[str, Version]) -> list[str]:
        """Returns why a version cannot be moved: features that it would need, or one of the names above."""
        key, version = found
        source = replace(self._source, key=key)
        try:
            self._target.store.driver.check_new_key(self._target.bucket, key)
        except InvalidKey:
            return [_KEY]
        try:
            info = source.store.calls.head_object(source.bucket, key, HeadOptions(version_id=version.version_id))
            acl = acl_for_others(source, version.version_id) if self._asks_acls else None
        except CustomerKeyNeeded:
            return [_CUSTOMER_KEY]
        except (NoSuchKey, NoSuchVersion, IsDeleteMarker):
            return []  # It was deleted in the meantime.
        if info.customer_key_md5 is not None:
            return [_CUSTOMER_KEY]
        headers = {name: getattr(info, name) for name in HEADER_FEATURES}
        put = PutOptions(
            **headers,
            tags=_TAGS if info.tag_count else {},
            acl=acl,
            storage_class=info.storage_class,
            website_redirect=info.website_redirect,
            encryption=info.encryption,
            retention=info.retention,
            legal_hold=info.legal_hold or None,
        )
        lost = unkept(put, self._features)
        if info.size_bytes > self._features.max_put_size:
            lost.append(_SIZE)
        if self._options.delete_source and self._is_locked(info):
            lost.append(_DELETION)
        return lost

    def _is_locked(self, info: ObjectInfo) -> bool:
        return bool(info.legal_hold) or (info.retention is not None and info.retention.is_active(self._now))

    def _sentence(self, reason: str, count: int, key: str) -> str:
        which = f"{count} versions of objects in the bucket {self._source.bucket!r}, the first of {key[:80]!r},"
        store = f"the store {self._target.name!r}"
        if reason == _CUSTOMER_KEY:
            return f"{which} are encrypted with a customer's key ({reason}), and cannot be read without it"
        if reason == _KEY:
            return f"{which} have a key that {store} cannot hold"
        if reason == _SIZE:
            return f"{which} have more than the {self._features.max_put_size} bytes that {store} takes in one put"
        if reason == _DELETION:
            return f"{which} are locked, so that they cannot be deleted from {self._source.name!r}"
        return f"{store} has no {reason}, which {which} need"


def _versions(found: Iterable[tuple[str, History]]) -> Iterator[tuple[str, Version]]:
    for key, history in found:
        for version in history:
            if not version.is_marker:
                yield key, version
