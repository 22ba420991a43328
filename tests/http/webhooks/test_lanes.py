"""The queue that keeps the order of each lane."""

from __future__ import annotations

import random
import threading
import time

from bucketry_http.webhooks.lanes import Lanes


def taken(lanes: Lanes[int]) -> tuple[object, int]:
    found = lanes.take()
    assert found is not None
    return found


def test_a_lane_gives_its_items_in_order_and_one_at_a_time() -> None:
    lanes: Lanes[int] = Lanes(10)
    assert all(lanes.put(lane, item) for lane, item in [("a", 1), ("a", 2), ("b", 3)])
    assert taken(lanes) == ("a", 1)
    assert taken(lanes) == ("b", 3)
    lanes.finish("a")
    assert taken(lanes) == ("a", 2)
    lanes.finish("a")
    lanes.finish("b")
    assert len(lanes) == 0


def test_a_postponed_item_keeps_its_place_and_lets_other_lanes_pass() -> None:
    lanes: Lanes[int] = Lanes(10)
    for lane, item in [("a", 1), ("a", 2), ("b", 3)]:
        lanes.put(lane, item)
    taken(lanes)
    lanes.postpone("a", 0.05)
    assert taken(lanes) == ("b", 3)
    begun = time.monotonic()
    assert taken(lanes) == ("a", 1)
    assert time.monotonic() - begun >= 0.04


def test_a_full_queue_refuses_items() -> None:
    lanes: Lanes[int] = Lanes(2)
    assert [lanes.put("a", 1), lanes.put("b", 2), lanes.put("c", 3)] == [True, True, False]
    taken(lanes)
    assert not lanes.put("c", 3)
    lanes.finish("a")
    assert lanes.put("c", 3)


def test_a_closed_queue_gives_what_it_has_and_ends() -> None:
    lanes: Lanes[int] = Lanes(10)
    lanes.put("a", 1)
    lanes.close(30)
    assert not lanes.put("b", 2)
    assert taken(lanes) == ("a", 1)
    lanes.finish("a")
    assert lanes.take() is None


def test_a_closed_queue_does_not_wait_for_what_comes_too_late() -> None:
    lanes: Lanes[int] = Lanes(10)
    lanes.put("a", 1)
    taken(lanes)
    lanes.postpone("a", 60)
    lanes.close(1)
    begun = time.monotonic()
    assert lanes.take() is None
    assert time.monotonic() - begun < 0.9
    assert len(lanes) == 1


def test_a_close_wakes_those_who_wait() -> None:
    lanes: Lanes[int] = Lanes(10)
    ended = threading.Event()

    def wait() -> None:
        assert lanes.take() is None
        ended.set()

    thread = threading.Thread(target=wait)
    thread.start()
    lanes.close(0)
    assert ended.wait(30)
    thread.join()


def test_many_threads_keep_the_order_of_each_lane() -> None:
    lanes: Lanes[int] = Lanes(10_000)
    done: dict[object, list[int]] = {}
    chance = random.Random(1)
    lock = threading.Lock()

    def work() -> None:
        while (found := lanes.take()) is not None:
            lane, item = found
            with lock:
                again = chance.random() < 0.3
            if again:
                lanes.postpone(lane, 0.001)
                continue
            done.setdefault(lane, []).append(item)
            lanes.finish(lane)

    threads = [threading.Thread(target=work) for _ in range(6)]
    for thread in threads:
        thread.start()
    for item in range(500):
        lanes.put(item % 7, item)
    lanes.close(60)
    for thread in threads:
        thread.join()
    assert done == {lane: list(range(lane, 500, 7)) for lane in range(7)}
