"""Runs ``bucketry serve`` as a developer does, and serves pages on ports of their own."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import threading
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import boto3
from botocore.client import Config
from types_boto3_s3 import S3Client

PUBLISHED = ("bucketry", "bucketry-secret")
OWN = ("owner", "a secret key of the owner's")
API = "/api/v1/storage"
_PLACES = re.compile(rb"(REST API|S3 API|S3 keys) +(\S+).*\n")


class _Page(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        content = b"<!doctype html><title>page</title><body></body>"
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: Any) -> None:
        pass


@contextmanager
def pages() -> Iterator[int]:
    """Serves an empty page under every path; yields the port."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Page)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@dataclass(frozen=True)
class Served:
    """A running server.

    Attributes:
        rest: URL of the REST port, without path.
        s3: URL of the S3 port.
        keys: The key pair that it accepts.
    """

    rest: str
    s3: str
    keys: tuple[str, str]

    @property
    def api(self) -> str:
        return self.rest + API

    @property
    def reset(self) -> str:
        return f"{self.rest}/_bucketry/reset"

    @cached_property
    def boto(self) -> S3Client:
        return boto3.client(
            "s3",
            endpoint_url=self.s3,
            region_name="us-east-1",
            aws_access_key_id=self.keys[0],
            aws_secret_access_key=self.keys[1],
            config=Config(signature_version="s3v4", s3={"addressing_style": "path"}),
        )

    def post_policy(self, key: str) -> dict[str, Any]:
        """A form that uploads an object; its response has content, which a browser shows."""
        status = {"success_action_status": "201"}
        return self.boto.generate_presigned_post("things", key, Fields=status, Conditions=[status])

    def ask(self, path: str) -> Any:
        with urllib.request.urlopen(self.api + path, timeout=30) as response:  # noqa: S310 - our own URL
            return json.load(response)

    def contents(self) -> dict[str, Any]:
        """All that is in the store, as those see it who may."""
        return {
            bucket["name"]: (
                [(entry["key"], entry["size_bytes"]) for entry in self.ask(f"/buckets/{bucket['name']}/objects")],
                self.boto.list_multipart_uploads(Bucket=bucket["name"]).get("Uploads", []),
            )
            for bucket in self.ask("/buckets")
        }


@contextmanager
def serve(*options: str, keys: tuple[str, str] = PUBLISHED) -> Iterator[Served]:
    """Runs ``bucketry serve`` on free ports."""
    environment: Mapping[str, str] = {name: text for name, text in os.environ.items() if "BUCKETRY" not in name}
    if keys != PUBLISHED:
        environment = {**environment, "BUCKETRY_S3_ACCESS_KEY": keys[0], "BUCKETRY_S3_SECRET_KEY": keys[1]}
    command = (sys.executable, "-m", "bucketry_cli", "serve", "--port", "0", "--s3-port", "0", *options)
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=environment) as process:
        try:
            yield _found(process, keys)
        finally:
            process.terminate()


def _found(process: subprocess.Popen[bytes], keys: tuple[str, str]) -> Served:
    assert process.stdout is not None
    places: dict[bytes, str] = {}
    for line in process.stdout:
        if found := _PLACES.fullmatch(line):
            places[found[1]] = found[2].decode()
        if b"S3 keys" in places:
            break
    return Served(places[b"REST API"].removesuffix(API), places[b"S3 API"], keys)
