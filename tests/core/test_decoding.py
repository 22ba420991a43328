"""Types that several threads decode at once, each for the first time."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap

import pytest

PROGRAM = """
    from __future__ import annotations
    import sys, threading
    import msgspec
    from bucketry.decoding import convert, from_json, from_msgpack

    sys.setswitchinterval(1e-7)
    VALUE = {"f1": {"f2": 3}, "f11": {"f3": None}}
    JSON, MSGPACK = msgspec.json.encode(VALUE), msgspec.msgpack.encode(VALUE)

    def fields(of, kind):
        return [(f"f{number}", kind, None) for number in range(12)]

    for number in range(100):
        inner = msgspec.defstruct(f"Inner{number}", fields(number, "int | None"), module=__name__)
        kind = msgspec.defstruct(f"Kind{number}", fields(number, f"Inner{number} | None"), module=__name__)
        globals().update({inner.__name__: inner, kind.__name__: kind})
        together = threading.Barrier(3)
        ways = (lambda: from_json(JSON, kind), lambda: from_msgpack(MSGPACK, kind), lambda: convert(VALUE, kind))

        def decode(way):
            together.wait(60)
            assert way().f1.f2 == 3

        threads = [threading.Thread(target=decode, args=[way]) for way in ways]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    print("survived")
"""


def test_threads_may_use_a_type_for_the_first_time_at_once() -> None:
    """A process of its own, since it would crash: with `msgspec.json.decode` it does."""
    program = textwrap.dedent(PROGRAM)
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=120, check=False)
    assert (done.returncode, done.stdout) == (0, "survived\n"), done.stderr[-2000:]


FORKING = """
    from __future__ import annotations
    import os, signal, threading, time
    import msgspec
    from bucketry.decoding import from_json

    found_out = threading.Event()

    def slowly():
        found_out.set()
        time.sleep(0.5)
        return int

    class Outer(msgspec.Struct):
        inner: Inner

    class Inner(msgspec.Struct):
        number: slowly()

    def decode():
        assert from_json(b'{"inner": {"number": 1}}', Outer).inner.number == 1

    thread = threading.Thread(target=decode)
    thread.start()
    found_out.wait(60)
    if (child := os.fork()) == 0:
        signal.alarm(30)
        decode()
        os._exit(7)
    thread.join()
    decode()
    print("child ended with", os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="Windows does not fork")
def test_a_child_knows_the_types_whole_that_another_thread_found_out_as_it_was_forked() -> None:
    program = textwrap.dedent(FORKING)
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=120, check=False)
    assert (done.returncode, done.stdout) == (0, "child ended with 7\n"), done.stderr[-2000:]
