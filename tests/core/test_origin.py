"""Where a call comes from."""

from __future__ import annotations

import asyncio

from bucketry.origin import LIFECYCLE, RESET, Origin, calls_from, origin_of_call, set_origin


def test_no_call_has_an_origin_unless_somebody_sets_one() -> None:
    assert origin_of_call() is None


def test_origins_nest() -> None:
    with calls_from(LIFECYCLE):
        with calls_from(RESET):
            assert origin_of_call() is RESET
        assert origin_of_call() is LIFECYCLE
    assert origin_of_call() is None


def test_an_origin_follows_a_task_into_its_threads_and_no_other() -> None:
    async def request(name: str) -> str:
        set_origin(Origin(principal=name, address="", request_id=""))
        await asyncio.sleep(0)
        found = await asyncio.to_thread(origin_of_call)
        assert found is not None
        return found.principal

    async def both() -> list[str]:
        return list(await asyncio.gather(asyncio.create_task(request("a")), asyncio.create_task(request("b"))))

    assert asyncio.run(both()) == ["a", "b"]
    assert origin_of_call() is None
