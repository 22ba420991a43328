"""Moves buckets from one store of a router to another."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from bucketry import InvalidSettings, NoSuchBucket
from bucketry.composing import InnerDriver
from bucketry.hookspecs import DriverSpec

from bucketry_router.moving.move import Move, Surroundings
from bucketry_router.moving.options import Moved, MoveOptions
from bucketry_router.moving.target_bucket import has_bucket
from bucketry_router.placements import Placement, place, read_placements
from bucketry_router.routes import Routes
from bucketry_router.settings import RouterSettings, StoreSettings
from bucketry_router.stores import Stores, open_stores
from bucketry_router.transfers import Place

_AS_USUAL: Final = MoveOptions()

logger = logging.getLogger("bucketry")


class Mover:
    """Moves buckets between the stores of a router. The routers in use need the same file of placements.

    Close it, or use it in a ``with`` statement.
    """

    def __init__(
        self,
        settings: RouterSettings,
        *,
        drivers: Mapping[str, DriverSpec] | None = None,
        sleep: Callable[[float], None] = time.sleep,
        tell: Callable[[str], None] = logger.info,
    ) -> None:
        """Opens the stores.

        Args:
            settings: Those of the routers in use.
            drivers: Drivers in place of those that the URLs name, by the names of their stores.
            sleep: Waits for some seconds.
            tell: Is told each step.

        Raises:
            InvalidSettings: The settings cannot be used, or name no file of placements.
            InvalidDriver: A driver breaks the contract.
        """
        if settings.placements is None:
            raise InvalidSettings(
                "a bucket is moved with a file of placements: set placements in [drivers.router], also for the servers"
            )
        self._path = Path(settings.placements)
        self._stores = Stores(open_stores(settings, drivers or {}, lambda _: ()))
        self._routes = Routes(settings.stores)
        self._sleep = sleep
        self._tell = tell

    def close(self) -> None:
        """Closes the stores."""
        self._stores.close()

    def __enter__(self) -> Mover:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def buckets_to_move(self, pattern: str, target: str) -> list[str]:
        """Returns the names of buckets that match a pattern and lie in other stores than this one.

        Args:
            pattern: As in `StoreSettings.buckets`.
            target: The store.

        Raises:
            InvalidSettings: There is no such store.
            Unavailable: A store is down.
        """
        self._store(target)
        matching = Routes([StoreSettings(name="matching", url="", buckets=(pattern,))])
        answers = self._stores.ask(lambda _, calls: calls.list_buckets())
        for error in answers.down.values():
            raise error
        found = {info.name for name, infos in answers.results.items() if name != target for info in infos}
        return sorted(
            name for name in found if matching.store_of(name) is not None and self._lies_elsewhere(name, target)
        )

    def _lies_elsewhere(self, bucket: str, target: str) -> bool:
        try:
            return self._source(bucket, target) is not None
        except NoSuchBucket:  # Its name leads to a store that does not have it.
            return False

    def abandon(self, bucket: str) -> None:
        """Ends a move whose process was killed: the bucket may be written to again, in the store that it lay in.

        Raises:
            InvalidSettings: The bucket is not being moved.
        """
        held = read_placements(self._path).buckets.get(bucket)
        if held is None or held.state == "settled":
            raise InvalidSettings(f"the bucket {bucket!r} is not being moved")
        place(self._path, bucket, Placement(held.store), was=held)

    def move(self, bucket: str, target: str, options: MoveOptions = _AS_USUAL) -> Moved:
        """Moves a bucket.

        Objects are copied while the bucket is in use; its settings, and tags, ACLs and locks of its objects, cannot be
        changed meanwhile. What changes is copied again. Then the bucket is read-only: the last changes are copied, both
        stores are compared, and the bucket's settings are put. Then it lies in the other store. If anything fails
        before that, everything stays as it was, and the move can be resumed.

        All versions and delete markers of a bucket with versions are copied, the oldest of each key first, each with
        its lock. They get new ids.

        Args:
            bucket: The bucket.
            target: Name of the store to move it to.
            options: How.

        Raises:
            NoSuchBucket: No other store has the bucket where its name leads to.
            InvalidSettings: There is no such store, the bucket is being moved already, or it lies there; or there is no
                move to resume.
            Unsupported: The bucket has something that the other store cannot keep, or objects under a customer's key.
                Nothing was copied.
            BucketNotEmpty: The other store has a bucket of this name that holds objects.
            Unavailable: The bucket would be read-only for too long; uploads are in progress; or a copy differs.
        """
        options.checked()
        source = self._source(bucket, target)
        if source is None:
            raise InvalidSettings(
                f"the bucket {bucket!r} lies in the store {target!r} already; nobody sees what "
                "another store has under this name"
            )
        return Move(
            Place(self._store(source), source, bucket, ""),
            Place(self._store(target), target, bucket, ""),
            options,
            Surroundings(self._path, self._sleep, self._tell),
        ).run()

    def _store(self, name: str) -> InnerDriver:
        found = self._stores.by_name.get(name)
        if found is None:
            raise InvalidSettings(f"no store is named {name!r} (stores: {', '.join(self._stores.by_name)})")
        return found

    def _source(self, bucket: str, target: str) -> str | None:
        """Returns the store that a bucket lies in; ``None``: it lies in the target.

        If only another store has it, it lies there: its name has led to the target since the patterns were changed.
        """
        self._store(target)
        held = read_placements(self._path).buckets.get(bucket)
        name = held.store if held is not None else self._routes.store_of(bucket)
        if name is not None and name != target:
            self._store(name).calls.head_bucket(bucket)
            return name
        having = [store for store, inner in self._stores.by_name.items() if has_bucket(inner, bucket)]
        if not having:
            raise NoSuchBucket(bucket=bucket)
        # What another store still has of a bucket that lies in the target is left over from its move.
        return None if target in having else having[0]
