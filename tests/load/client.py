"""One client of the load: its connections, what it knows, and how it checks a response."""

from __future__ import annotations

import json
import random
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final, NamedTuple
from urllib.parse import quote, urlencode

import msgspec
from bucketry import Features, Secret
from bucketry.sigv4 import Credentials
from bucketry_s3client import Element, parse_xml

from tests.load.model import Busy, Known, Register, Wrong
from tests.load.serving import ACCESS_KEY, API, SECRET_KEY, TOKEN
from tests.load.tally import Tally
from tests.load.wire import Reply, S3Wire, Wire

_BUSY: Final = frozenset({"SlowDown", "throttled"})
_NOTHING: Final[Mapping[str, str]] = {}
JSON: Final = {"content-type": "application/json"}


class Places(msgspec.Struct, frozen=True):
    """What all clients share.

    Attributes:
        run: What names of this run have in common: others may use the same backend at the same time.
        rest: URL of the REST port.
        s3: URL of the S3 port.
        driver: The driver's name.
        features: What the store declares.
        operations: The operations that it has.
        plain: A bucket.
        versions: A bucket with versions; empty if there is none.
        locks: A bucket with object lock; empty if there is none.
        registers: The objects that all clients write and read, by their keys.
    """

    run: str
    rest: str
    s3: str
    driver: str
    features: Features
    operations: frozenset[str]
    plain: str
    versions: str
    locks: str
    registers: dict[str, Register]


class Client:
    """One client. Its objects are below a prefix of its own, so that it knows what each of them is."""

    def __init__(self, number: int, places: Places, seed: int, tally: Tally) -> None:
        self.number = number
        self.places = places
        self.random = random.Random(f"{seed}/{number}")
        self.prefix = f"c{number:03}/"
        self.objects: dict[str, Known] = {}
        self.s3 = S3Wire(places.s3, tally, Credentials(ACCESS_KEY, Secret(SECRET_KEY)))
        self.rest = Wire("rest", places.rest, tally, {"authorization": f"Bearer {TOKEN.text.reveal()}"})
        self._count = 0
        self._tally = tally
        self.unsure: set[str] = set()

    async def close(self) -> None:
        await self.s3.close()
        await self.rest.close()

    def new_name(self) -> str:
        """A name that was never used."""
        self._count += 1
        return f"{self.places.run}-{self.number}-{self._count}"

    def new_key(self) -> str:
        """One of the client's keys, of which there are few: so objects are replaced too."""
        slashes = "/" if self.places.driver == "minio" else "//"  # MinIO holds no two side by side.
        return f"{self.prefix}{self.random.choice(('a', 'b', 'sub/c', 'sub/d e', 'sub/ä+f', f'g{slashes}h'))}"

    def known_key(self) -> str | None:
        """The key of an object that is there."""
        return self.random.choice(sorted(self.objects)) if self.objects else None

    async def settled(self) -> None:
        """Wait until a new bucket's settings are as they will be shown.

        MinIO may show nothing of them as long as a request is in progress that began before the bucket was there
        (drivers/minio/README.md).
        """
        if self.places.driver == "minio":
            await self._tally.all_ended()

    @contextmanager
    def changing(self, *keys: str) -> Iterator[None]:
        """Forget what keys hold while a request changes them: if it fails, nobody knows."""
        for key in keys:
            self.objects.pop(key, None)
            self.unsure.add(key)
        yield
        self.unsure.difference_update(keys)

    async def ask_s3(
        self,
        method: str,
        bucket: str = "",
        key: str = "",
        query: Mapping[str, str] = _NOTHING,
        headers: Mapping[str, str] = _NOTHING,
        body: bytes = b"",
        *,
        want: int = 200,
        code: str = "",
    ) -> Reply:
        """Make a request to the S3 port, and check its status and code."""
        reply = await self.s3.s3(method, bucket, key, query, headers, body)
        return checked(reply, want, code, lambda: _code_in_xml(reply.body))

    async def ask_rest(
        self,
        method: str,
        path: str,
        query: Mapping[str, str] = _NOTHING,
        headers: Mapping[str, str] = _NOTHING,
        body: bytes | dict[str, Any] = b"",
        *,
        want: int = 200,
        code: str = "",
    ) -> Reply:
        """Make a request to the REST port, and check its status and code. A body that is a dict is sent as JSON."""
        if isinstance(body, dict):
            headers, body = {**headers, **JSON}, json.dumps(body).encode()
        target = f"{API}{path}" + (f"?{urlencode(query, quote_via=quote)}" if query else "")
        reply = await self.rest.ask(method, target, headers, body)
        return checked(reply, want, code, lambda: str(json.loads(reply.body).get("code", "")))

    async def ask_url(self, method: str, url: str, body: bytes = b"", *, want: int = 200) -> Reply:
        """Make a request to a presigned URL, which is one of the S3 port."""
        if not url.startswith(f"{self.s3.url}/"):
            raise Wrong(f"a presigned URL of another place than {self.s3.url}: {url.partition('?')[0]}")
        reply = await self.s3.ask(method, url.removeprefix(self.s3.url), {}, body)
        return checked(reply, want, "", lambda: _code_in_xml(reply.body))


def checked(reply: Reply, want: int, code: str, read_code: Callable[[], str]) -> Reply:
    """Return a response with the right status and code.

    Raises:
        Busy: The server asks to come back later.
        Wrong: It is another response.
    """
    found = read_code() if reply.status >= 400 and reply.body else ""
    if reply.status in {429, 503} and found in _BUSY:
        raise Busy(f"{reply.asked}: {reply.text[:200]}")
    if reply.status != want or (code and reply.body and found != code):
        raise Wrong(f"{reply.asked}: {reply.status} {found}, not {want} {code}: {reply.text[:300]}")
    return reply


def same(reply: Reply, what: str, found: object, wanted: object) -> None:
    """Raise `Wrong` unless two values are the same."""
    if found != wanted:
        raise Wrong(f"{reply.asked}: {what} is {_short(found)}, not {_short(wanted)}")


def same_object(reply: Reply, known: Known, *, metadata: bool = True) -> None:
    """Check the headers of a response about an object."""
    same(reply, "content-type", reply.headers.get("content-type"), known.content_type)
    same(reply, "etag", reply.headers.get("etag"), known.etag)
    if metadata:
        prefix = "x-amz-meta-"
        found = {name.removeprefix(prefix): value for name, value in reply.headers.items() if name.startswith(prefix)}
        same(reply, "metadata", found, known.metadata)


def xml_of(reply: Reply, root: str) -> Element:
    """The document in a response."""
    try:
        document = parse_xml(reply.body)
    except ValueError:
        raise Wrong(f"{reply.asked}: this is not XML: {reply.text[:200]}") from None
    same(reply, "the root element", document.name, root)
    return document


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) < 300 else f"{text[:300]}… ({len(text)} characters)"


def _code_in_xml(body: bytes) -> str:
    return body.partition(b"<Code>")[2].partition(b"</Code>")[0].decode(errors="replace")


class Action(NamedTuple):
    """What a client may do.

    Attributes:
        run: Does it and checks the responses.
        name: Its name.
        operations: Names of the operations of S3 that it uses, and ids of those of the REST API.
        weight: How often it is chosen.
        needs: The features of the store that it uses.
    """

    run: Callable[[Client], Awaitable[None]]
    name: str
    operations: frozenset[str]
    weight: int
    needs: tuple[str, ...]

    def is_for(self, places: Places) -> bool:
        return all(need in places.operations or bool(getattr(places.features, need, False)) for need in self.needs)


ACTIONS: Final[list[Action]] = []


def action(
    operations: str, *, weight: int = 4, needs: str = ""
) -> Callable[[Callable[[Client], Awaitable[None]]], None]:
    """Add an action."""

    def add(run: Callable[[Client], Awaitable[None]]) -> None:
        ACTIONS.append(
            Action(
                run,
                f"{run.__module__.rpartition('.')[2]}:{run.__name__.strip('_')}",
                frozenset(operations.split()),
                weight,
                tuple(needs.split()),
            )
        )

    return add
