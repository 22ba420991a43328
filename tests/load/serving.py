"""A server process for the load: both ports over one store. ``python -m tests.load.serving URL`` says where they are.

The store's keys come from the environment. It ends with its standard input. SIGUSR1 prints where its threads are.
"""

from __future__ import annotations

import faulthandler
import logging
import os
import signal
import sys
import threading
from typing import Final

from bucketry import Secret, open_store
from bucketry_http import Listener, RestSettings, S3Credential, S3Settings, Server, create_app, create_s3_app
from bucketry_http.server.server import bind

ACCESS_KEY: Final = "load"
SECRET_KEY: Final = "the secret key of the load"


def main() -> None:
    faulthandler.register(signal.SIGUSR1)
    logging.basicConfig(level=logging.WARNING)
    url = sys.argv[1]
    credential = S3Credential(access_key=ACCESS_KEY, secret_key=Secret(SECRET_KEY))
    of_rest, of_s3 = bind("127.0.0.1", 0), bind("127.0.0.1", 0)
    told = {}
    if url.startswith("memory:"):  # Its presigned URLs are for this port.
        endpoint = f"http://127.0.0.1:{of_s3.getsockname()[1]}"
        told = {"endpoint": endpoint, "access_key": ACCESS_KEY, "secret_key": SECRET_KEY}
    with open_store(url, settings=told, environ=os.environ) as store:
        ports = [
            Listener(create_app(store, RestSettings()), bound=of_rest),
            Listener(create_s3_app(store, S3Settings(credentials=(credential,))), bound=of_s3),
        ]
        server = Server(ports, lambda urls: print(*urls, flush=True))

        def end() -> None:
            sys.stdin.read()
            server.stop()

        threading.Thread(target=end, daemon=True).start()
        server.run()


if __name__ == "__main__":
    main()
