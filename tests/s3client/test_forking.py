"""A process that is forked uses neither connections nor locks of the other one."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

PROGRAM = """
import os, signal, socket, sys, threading, time
from contextlib import suppress
from bucketry_s3client import LastingThreads
from tests.s3client.fake import Fake

def serve(connection):  # The path, which the two processes tell their responses by.
    with suppress(OSError):
        while head := connection.recv(65536):
            path = head.split()[1].partition(b"?")[0].rpartition(b"/")[2]
            if path == b"large":
                path *= 100000
            time.sleep(0.1)
            connection.sendall(
                b'HTTP/1.1 200 OK\\r\\netag: "e"\\r\\nlast-modified: Mon, 15 Jan 2024 10:30:00 GMT\\r\\n'
                b"content-length: %d\\r\\n\\r\\n%s" % (len(path), path)
            )

def accept():
    while True:
        threading.Thread(target=serve, args=(listener.accept()[0],), daemon=True).start()

listener = socket.create_server(("127.0.0.1", 0))
threading.Thread(target=accept, daemon=True).start()
client = Fake(f"127.0.0.1:{listener.getsockname()[1]}").client(read_timeout=20.0)
pools = client.sdk_pools()
threads = LastingThreads(1, "lookup")
threads.submit(int).result()

WAYS = {
    "quick": lambda key: client.open_object("bucket", key).held,
    "usual": lambda key: client.request("GET", "bucket", key)[1],
    "sdk": lambda key: pools.urlopen("GET", f"{client.endpoint}/bucket/{key}").data,
}
for get in WAYS.values():
    assert get("first") == b"first"
# Read, but not given back: the new process must not keep the connection.
response = client.open("GET", "bucket", "small")
large = client.open_object("bucket", "large")

held, free = threading.Event(), threading.Event()
LOCKS = [client._pool.pool.mutex, client.pools.pools.lock, pools.pools.lock]
LOCKS += [client.pools.connection_from_url(client.endpoint).pool.mutex]
LOCKS = list({id(lock): lock for lock in LOCKS}.values())
def hold():
    for lock in LOCKS:
        lock.acquire()
    held.set()
    free.wait()
    for lock in LOCKS:
        lock.release()
holder = threading.Thread(target=hold)
holder.start()
held.wait()
child = os.fork()
free.set()
who = b"child" if child == 0 else b"parent"
if child == 0:
    signal.alarm(30)
    large.close()
    response.read()
    response.release_conn()
    assert not [each for each in client._pool.pool.queue if each]
    assert threads.submit(int).result(20) == 0
else:
    assert response.read() == b"small"
    response.release_conn()
    assert b"".join(large.stream(10000)) == b"large" * 100000
for _ in range(3):
    for name, get in WAYS.items():
        found = get(who.decode())
        assert found == who, (who, name, found)
if child == 0:
    os._exit(7)
print("child ended with", os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
sys.stdout.flush()
os._exit(0)
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="Windows does not fork")
def test_a_child_shares_neither_connections_nor_locks() -> None:
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, timeout=120, check=False)
    assert (done.returncode, done.stdout) == (0, "child ended with 7\n"), done.stderr[-2000:]
