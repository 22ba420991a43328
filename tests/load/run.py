"""Runs the load against a server process, and says what came of it."""

from __future__ import annotations

import asyncio
import os
import secrets
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import msgspec
from bucketry import Capabilities, open_store

from tests.load import rest, s3_buckets, s3_objects, shared
from tests.load.client import ACTIONS, Action, Client, Places
from tests.load.model import Busy, Register, Wrong
from tests.load.s3_buckets import with_digest
from tests.load.wire import Tally

MODULES: Final = (s3_objects, s3_buckets, shared, rest)
"""Where the actions are."""

CLIENTS: Final = 200
MOST_WRONG: Final = 10
_REGISTERS: Final = 12


class Sample(msgspec.Struct, frozen=True):
    """What a server process takes at a moment.

    Attributes:
        at: Seconds since the load began.
        rss: Memory, in bytes.
        threads: Its threads.
        files: Its open files, sockets among them.
    """

    at: float
    rss: int
    threads: int
    files: int


class Result(msgspec.Struct, kw_only=True):
    """What came of a load.

    Attributes:
        name: What stands behind the server.
        seconds: How long it took.
        clients: Number of clients.
        actions: How often each action was done.
        busy: How often the server asked to come back later.
        wrong: What was wrong, at most `MOST_WRONG` of it.
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


class Served:
    """A server process with both ports over a store."""

    def __init__(self, process: subprocess.Popen[str], rest_url: str, s3_url: str) -> None:
        self.process = process
        self.rest_url = rest_url
        self.s3_url = s3_url

    def sample(self, at: float = 0.0) -> Sample:
        of = Path(f"/proc/{self.process.pid}")
        fields = dict(line.split(":", 1) for line in of.joinpath("status").read_text().splitlines())
        return Sample(at, int(fields["VmRSS"].split()[0]) * 1024, int(fields["Threads"]), len(os.listdir(of / "fd")))


@contextmanager
def served(url: str, environ: Mapping[str, str]) -> Iterator[Served]:
    """Serve a store in a process of its own until the end of the block."""
    command = [sys.executable, "-m", "tests.load.serving", url]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env={**os.environ, **environ}
    ) as process:
        try:
            assert process.stdout is not None
            yield Served(process, *process.stdout.readline().split())
        finally:
            assert process.stdin is not None
            process.stdin.close()
            try:
                process.wait(60)
            except subprocess.TimeoutExpired:
                process.kill()
                raise


async def make_places(known: Capabilities, where: Served) -> Places:
    """Make the buckets that clients share."""
    has, name = known.features, f"load-{secrets.token_hex(4)}"
    wanted = {"plain": True, "versions": has.bucket_versioning, "locks": has.bucket_object_lock}
    names = {kind: f"{name}-{kind}" if is_wanted else "" for kind, is_wanted in wanted.items()}
    registers = {f"shared/{number}": Register() for number in range(_REGISTERS)}
    places = Places(
        rest=where.rest_url,
        s3=where.s3_url,
        driver=known.driver,
        features=has,
        operations=known.operations,
        registers=registers,
        **names,
    )
    client = Client(0, places, seed=0)
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

    def __init__(self, result: Result, places: Places, where: Served, seed: int) -> None:
        self.result = result
        self._places = places
        self._where = where
        self._seed = seed
        self._actions = [action for action in ACTIONS if action.is_for(places)]
        self._weights = [action.weight for action in self._actions]
        self._tally = Tally()
        self._begun = self._until = 0.0

    async def run(self, seconds: float) -> None:
        self._begun = time.monotonic()
        self._until = self._begun + seconds
        clients = [Client(number, self._places, self._seed) for number in range(self.result.clients)]
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
        client.s3.tally = client.rest.tally = self._tally
        # At first each client does everything once, and each begins with something else.
        start = client.number % len(self._actions)
        order = self._actions[start:] + self._actions[:start]
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


def run_load(name: str, url: str, environ: Mapping[str, str], seconds: float, clients: int = CLIENTS) -> Result:
    """Put a load on a server over a store, and return what came of it."""
    result = Result(name=name, clients=clients)
    with open_store(url, environ=environ) as store:
        known = store.capabilities
    with served(url, environ) as where:
        asyncio.run(_run(result, known, where, seconds))
        result.idle = _idle(where, result.samples[0])
    return result


async def _run(result: Result, known: Capabilities, where: Served, seconds: float) -> None:
    places = await make_places(known, where)
    await Load(result, places, where, seed=1).run(seconds)


def _idle(where: Served, before: Sample) -> Sample:
    """What the server takes once it has noticed that the clients are gone. Its idle threads stay for the next ones."""
    for _ in range(100):
        if (sample := where.sample()).files <= before.files:
            return sample
        time.sleep(0.1)
    return where.sample()
