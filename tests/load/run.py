"""Runs the load against a server process, and says what came of it."""

from __future__ import annotations

import asyncio
import secrets
import tempfile
import time
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import msgspec
from bucketry import Capabilities

from tests.load import rest, s3_buckets, s3_objects, shared
from tests.load.accounts import in_audit, in_log, in_metrics
from tests.load.client import ACTIONS, Action, Client, Places
from tests.load.model import Busy, Register, Wrong
from tests.load.s3_buckets import with_digest
from tests.load.serving import Sample, Served, capabilities_of, served
from tests.load.tally import Tally

MODULES: Final = (s3_objects, s3_buckets, shared, rest)
"""Where the actions are."""

CLIENTS: Final = 200
MOST_WRONG: Final = 10
_REGISTERS: Final = 12


class Result(msgspec.Struct, kw_only=True):
    """What came of a load.

    Attributes:
        name: What stands behind the server.
        seconds: How long it took.
        clients: Number of clients.
        actions: How often each action was done.
        busy: How often the server asked to come back later.
        wrong: What was wrong, at most `MOST_WRONG` of it; and what the server says of its requests that is not true.
        requests: Number of responses.
        server_errors: How many of them have a status of 500 or more, busy ones included.
        latencies: Seconds that each hundredth of the responses took at most.
        samples: What the server took meanwhile.
        idle: What it took after the clients had gone.
    """

    name: str
    seconds: float = 0.0
    clients: int = CLIENTS
    actions: Counter[str] = msgspec.field(default_factory=Counter)
    busy: Counter[str] = msgspec.field(default_factory=Counter)
    wrong: list[str] = []
    requests: int = 0
    server_errors: int = 0
    latencies: tuple[float, ...] = ()
    samples: list[Sample] = []
    idle: Sample | None = None

    @property
    def rate(self) -> float:
        """Responses a second."""
        return self.requests / self.seconds

    def memory(self, quarter: int) -> int:
        """The most memory that the server takes in a quarter of the run, 0 to 3, in bytes."""
        size = len(self.samples) // 4
        return max(sample.rss for sample in self.samples[quarter * size : (quarter + 1) * size])

    def growth(self) -> float:
        """How much more memory the server takes in the last quarter than in the second one, as a ratio."""
        return self.memory(3) / self.memory(1)


async def make_places(known: Capabilities, where: Served, tally: Tally) -> Places:
    """Make the buckets that clients share."""
    has, run = known.features, secrets.token_hex(4)
    wanted = {"plain": True, "versions": has.bucket_versioning, "locks": has.bucket_object_lock}
    names = {kind: f"load-{run}-{kind}" if is_wanted else "" for kind, is_wanted in wanted.items()}
    registers = {f"shared/{number}": Register() for number in range(_REGISTERS)}
    places = Places(
        run=run,
        rest=where.rest,
        s3=where.s3,
        driver=known.driver,
        features=has,
        operations=known.operations,
        registers=registers,
        **names,
    )
    client = Client(0, places, 0, tally)
    for kind, bucket in names.items():
        if bucket:
            lock = {"x-amz-bucket-object-lock-enabled": "true"} if kind == "locks" else {}
            await client.ask_s3("PUT", bucket, headers=lock)
    if places.versions:
        body = b"<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>"
        await client.ask_s3("PUT", places.versions, query={"versioning": ""}, headers=with_digest(body), body=body)
    await client.close()
    return places


class Load:
    """Clients that go on until the time is over or too much is wrong."""

    def __init__(self, result: Result, places: Places, where: Served, tally: Tally, seed: int) -> None:
        self.result = result
        self._places = places
        self._where = where
        self._seed = seed
        self._tally = tally
        self._actions = [action for action in ACTIONS if action.is_for(places)]
        self._weights = [action.weight for action in self._actions]
        self._begun = self._until = 0.0

    async def run(self, seconds: float) -> None:
        self._begun = time.monotonic()
        self._until = self._begun + seconds
        clients = [Client(number, self._places, self._seed, self._tally) for number in range(self.result.clients)]
        sampling = asyncio.create_task(self._sample(seconds))
        await asyncio.gather(*map(self._play, clients))
        self.result.seconds = time.monotonic() - self._begun
        sampling.cancel()
        for client in clients:
            await client.close()
        times = sorted(self._tally.seconds)
        self.result.requests, self.result.server_errors = len(times), self._tally.server_errors
        self.result.latencies = tuple(times[min(len(times) - 1, len(times) * n // 100)] for n in range(101))

    async def _play(self, client: Client) -> None:
        # At first each client does everything once, each in another order.
        order = client.random.sample(self._actions, len(self._actions))
        while time.monotonic() < self._until and len(self.result.wrong) < MOST_WRONG:
            chosen = order.pop() if order else client.random.choices(self._actions, self._weights)[0]
            await self._do(client, chosen)

    async def _do(self, client: Client, chosen: Action) -> None:
        try:
            await chosen.run(client)
        except Busy as busy:
            self.result.busy[str(busy).partition(" ")[0]] += 1
        except Wrong as wrong:
            self.result.wrong.append(f"{chosen.name}: {wrong}")
        except (OSError, EOFError, TimeoutError, ValueError, KeyError) as error:
            self.result.wrong.append(f"{chosen.name}: {type(error).__name__}: {error}")
        else:
            self.result.actions[chosen.name] += 1

    async def _sample(self, seconds: float) -> None:
        while True:
            self.result.samples.append(self._where.sample(time.monotonic() - self._begun))
            await asyncio.sleep(seconds / 100)


def run_load(
    name: str, url: str, environ: Mapping[str, str], seconds: float, clients: int = CLIENTS, workers: int = 1
) -> Result:
    """Put a load on a server over a store, and return what came of it.

    Of several processes, only the first one's memory, threads and files are looked at.
    """
    result, tally = Result(name=name, clients=clients), Tally()
    known = capabilities_of(url, environ)
    with tempfile.TemporaryDirectory(prefix="bucketry-load-") as folder:
        with served(url, environ, Path(folder), workers) as where:
            asyncio.run(_run(result, known, where, tally, seconds))
            result.idle = _idle(where, result.samples[0])
            result.wrong += in_metrics(where, tally)
        result.wrong += [*in_log(where, tally), *in_audit(where, tally)]
    return result


async def _run(result: Result, known: Capabilities, where: Served, tally: Tally, seconds: float) -> None:
    places = await make_places(known, where, tally)
    await Load(result, places, where, tally, seed=1).run(seconds)


def _idle(where: Served, before: Sample) -> Sample:
    """What the server takes once it has noticed that the clients are gone. Its idle threads stay for the next ones."""
    for _ in range(100):
        if (sample := where.sample()).files <= before.files:
            return sample
        time.sleep(0.1)
    return where.sample()
