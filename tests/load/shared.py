"""What clients do with objects that others write at the same moment, over both ports."""

from __future__ import annotations

import time
from urllib.parse import quote

from tests.load.client import Client, action, checked
from tests.load.model import content_of
from tests.load.serving import API
from tests.load.wire import Reply


def _place(client: Client) -> tuple[str, str]:
    key = client.random.choice(sorted(client.places.registers))
    return key, f"{API}/buckets/{client.places.plain}/objects/{quote(key, safe='')}"


async def _write(client: Client, *, over_rest: bool) -> None:
    key, target = _place(client)
    content = content_of(client.new_name(), client.random.choice((50, 2000, 90_000)))
    register = client.places.registers[key]
    write = register.begin(content, time.monotonic())
    if over_rest:
        reply = checked(await client.rest.ask("PUT", target, {}, content), 201, "", lambda: "")
    else:
        reply = await client.ask_s3("PUT", client.places.plain, key, body=content)
    register.end(write, reply)


async def _read(client: Client, *, over_rest: bool) -> None:
    key, target = _place(client)
    reply: Reply
    if over_rest:
        reply = await client.rest.ask("GET", target)
    else:
        reply = await client.s3.s3("GET", client.places.plain, key)
    if reply.status != 404:
        checked(reply, 200, "", lambda: reply.text[:200])
    client.places.registers[key].check(None if reply.status == 404 else reply.body, reply)


@action("PutObject", weight=3)
async def _shared_put(client: Client) -> None:
    await _write(client, over_rest=False)


@action("putObject", weight=3)
async def _shared_put_over_rest(client: Client) -> None:
    await _write(client, over_rest=True)


@action("GetObject", weight=6)
async def _shared_get(client: Client) -> None:
    await _read(client, over_rest=False)


@action("getObject", weight=6)
async def _shared_get_over_rest(client: Client) -> None:
    await _read(client, over_rest=True)


@action("DeleteObject", weight=1)
async def _shared_delete(client: Client) -> None:
    key, _ = _place(client)
    register = client.places.registers[key]
    write = register.begin(None, time.monotonic())
    register.end(write, await client.ask_s3("DELETE", client.places.plain, key, want=204))
