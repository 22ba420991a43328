"""Events of buckets: S3's messages about what was created and removed, and a list of them for tests.

`bucketry.layers.Events` emits them.
"""

from __future__ import annotations

from typing import Protocol

from bucketry.events.log import EventLog, LogPage
from bucketry.events.records import TEST_EVENT, Event, EventMessage, EventRecord, TestMessage
from bucketry.events.selection import matches_name, selects


class EventSink(Protocol):
    """Where events go. A sink may have a method ``close`` too, which is called when the store closes."""

    def accept(self, event: Event) -> None:
        """Takes an event. Many threads call it, and the event loop of a server too: it returns at once."""


__all__ = [
    "TEST_EVENT",
    "Event",
    "EventLog",
    "EventMessage",
    "EventRecord",
    "EventSink",
    "LogPage",
    "TestMessage",
    "matches_name",
    "selects",
]
