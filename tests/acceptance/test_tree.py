"""A real tree of a few thousand files goes through the API and comes back."""

from __future__ import annotations

import hashlib
import sysconfig
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from urllib.parse import quote

from tests.acceptance.client import Client

FILES_PER_FORM = 50


def source_files() -> dict[str, Path]:
    """The interpreter's own standard library, by the keys that its files get."""
    root = Path(sysconfig.get_path("stdlib"))
    found = (path for path in root.rglob("*") if path.is_file() and "site-packages" not in path.parts)
    return {path.relative_to(root).as_posix(): path for path in found if not path.is_symlink()}


def batches(keys: list[str]) -> Iterator[list[str]]:
    iterator = iter(keys)
    return iter(lambda: list(islice(iterator, FILES_PER_FORM)), [])


def test_the_standard_library_goes_up_is_listed_in_full_and_comes_back_byte_for_byte(client: Client) -> None:
    files = source_files()
    assert len(files) > 1000
    digests = {}
    assert client.ask("POST", "/buckets", {"name": "stdlib"}).status == 201
    for batch in batches(list(files)):
        contents = {key: files[key].read_bytes() for key in batch}
        digests.update({key: hashlib.sha256(content).digest() for key, content in contents.items()})
        answer = client.upload("stdlib", contents, prefix="lib/")
        assert answer.status == 201, answer.content
        assert [entry["key"] for entry in answer.json] == [f"lib/{key}" for key in batch]

    listed = client.ask("GET", "/buckets/stdlib/objects").json
    keys = [entry["key"] for entry in listed]
    assert keys == sorted((f"lib/{key}" for key in files), key=str.encode)
    (bucket,) = client.ask("GET", "/buckets").json
    assert bucket["object_count"] == len(files)
    assert bucket["size_bytes"] == sum(entry["size_bytes"] for entry in listed)

    for key, digest in digests.items():
        answer = client.ask("GET", "/buckets/stdlib/objects/" + quote(f"lib/{key}"))
        assert answer.status == 200
        assert hashlib.sha256(answer.content).digest() == digest, key

    for start in range(0, len(keys), 1000):
        deleted = client.ask("POST", "/buckets/stdlib/objects/delete", {"keys": keys[start : start + 1000]})
        assert deleted.status == 200, deleted.content
    assert client.ask("DELETE", "/buckets/stdlib").status == 204
