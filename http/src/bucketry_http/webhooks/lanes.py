"""A queue that keeps the order of each lane: what comes later in a lane waits for what came before it.

A webhook has a lane for each key. While the first item of a lane waits to be sent again, the other lanes go on.
"""

from __future__ import annotations

import heapq
import threading
from collections import deque
from collections.abc import Hashable
from time import monotonic
from typing import Generic, TypeVar

T = TypeVar("T")


class Lanes(Generic[T]):
    """The queue. Threads share it.

    Whoever takes the first item of a lane ends with `finish` or `postpone`. Until then nobody gets another item of that
    lane.
    """

    def __init__(self, most: int) -> None:
        """Makes an empty queue.

        Args:
            most: Most items that it holds.
        """
        self._most = most
        self._lanes: dict[Hashable, deque[T]] = {}
        self._ready: deque[Hashable] = deque()
        self._postponed: list[tuple[float, int, Hashable]] = []
        self._count = 0
        self._tickets = 0
        self._ends: float | None = None
        self._changed = threading.Condition()

    def __len__(self) -> int:
        return self._count

    def put(self, lane: Hashable, item: T) -> bool:
        """Adds an item behind the others of its lane. Returns whether there was room, and the queue was open."""
        with self._changed:
            if self._count >= self._most or self._ends is not None:
                return False
            self._count += 1
            if lane in self._lanes:
                self._lanes[lane].append(item)
            else:
                self._lanes[lane] = deque([item])
                self._make_ready(lane)
            return True

    def take(self) -> tuple[Hashable, T] | None:
        """Returns a lane and its first item. It waits for one, and returns ``None`` at the end of a closed queue."""
        with self._changed:
            while True:
                now = monotonic()
                while self._postponed and self._postponed[0][0] <= now:
                    self._ready.append(heapq.heappop(self._postponed)[2])
                if self._ready and (self._ends is None or now < self._ends):
                    lane = self._ready.popleft()
                    return lane, self._lanes[lane][0]
                due = self._postponed[0][0] if self._postponed else None
                if self._ends is not None and (now >= self._ends or due is None or due >= self._ends):
                    return None
                self._changed.wait(None if due is None else due - now)

    def finish(self, lane: Hashable) -> None:
        """Removes the first item of a lane; the next one can be taken."""
        with self._changed:
            items = self._lanes[lane]
            items.popleft()
            self._count -= 1
            if items:
                self._make_ready(lane)
            else:
                del self._lanes[lane]

    def postpone(self, lane: Hashable, seconds: float) -> None:
        """Makes the first item of a lane wait. It can be taken again after so many seconds."""
        with self._changed:
            self._tickets += 1
            heapq.heappush(self._postponed, (monotonic() + seconds, self._tickets, lane))
            self._changed.notify()

    def close(self, seconds: float) -> None:
        """Refuses further items. Those in the queue can be taken for so many seconds."""
        with self._changed:
            if self._ends is None:
                self._ends = monotonic() + seconds
            self._changed.notify_all()

    def _make_ready(self, lane: Hashable) -> None:
        self._ready.append(lane)
        self._changed.notify()
