"""The audit entry of a copy names its source."""

from __future__ import annotations

from typing import Any

import pytest

from tests.http.recorded import Ports
from tests.http.serving import eventually
from tests.http.telemetry.test_audit import READER, Kept, auditing

SOURCE = ("source_bucket", "source_key", "source_version_id")


def source_of(entry: dict[str, Any]) -> tuple[Any, ...]:
    return tuple(entry.get(name) for name in SOURCE)


def copy(ports: Ports, source: str, target: str = "/my-assets/copy", **how: Any) -> int:
    return ports.s3.ask("PUT", target, headers={"x-amz-copy-source": source}, **how).status


def last(kept: Kept, count: int) -> dict[str, Any]:
    assert eventually(lambda: len(kept.lines) == count)
    return kept.entries[-1]


def test_a_copy_of_an_object() -> None:
    kept = Kept()
    with auditing(kept) as (_, ports):
        ports.s3.ask("PUT", "/my-assets/a%2Fb", b"content")
        assert copy(ports, "my-assets/a%2Fb") == 200
        entry = last(kept, 2)
        assert source_of(kept.entries[0]) == (None, None, None)
    assert (entry["action"], entry["outcome"], entry["key"]) == ("CopyObject", "ok", "copy")
    assert source_of(entry) == ("my-assets", "a/b", None)


def test_a_copy_of_a_version_names_the_version_that_was_copied() -> None:
    kept = Kept()
    versioned = b"<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>"
    with auditing(kept) as (_, ports):
        ports.s3.ask("PUT", "/my-assets?versioning", versioned)
        first, second = (ports.s3.ask("PUT", "/my-assets/a", body).headers["x-amz-version-id"] for body in (b"1", b"2"))
        assert copy(ports, f"/my-assets/a?versionId={first}") == 200
        assert source_of(last(kept, 4)) == ("my-assets", "a", first)
        assert copy(ports, "/my-assets/a") == 200
        assert source_of(last(kept, 5)) == ("my-assets", "a", second)


def test_a_copy_of_a_part() -> None:
    kept = Kept()
    with auditing(kept) as (_, ports):
        ports.s3.ask("PUT", "/my-assets/a", b"content")
        upload = ports.s3.ask("POST", "/my-assets/copy?uploads").text("{*}UploadId")
        assert copy(ports, "my-assets/a", f"/my-assets/copy?partNumber=1&uploadId={upload}") == 200
        entry = last(kept, 3)
    assert (entry["action"], source_of(entry)) == ("UploadPartCopy", ("my-assets", "a", None))


@pytest.mark.parametrize(
    ("source", "named"),
    [
        ("my-assets/missing", ("my-assets", "missing", None)),
        ("elsewhere/a?versionId=v-1", ("elsewhere", "a", "v-1")),
        ("my-assets", (None, None, None)),
        ("%FF/a", (None, None, None)),
    ],
)
def test_a_copy_that_fails_names_its_source_too(source: str, named: tuple[str | None, ...]) -> None:
    kept = Kept()
    with auditing(kept) as (_, ports):
        assert copy(ports, source) in {400, 404}
        entry = last(kept, 1)
    assert (entry["outcome"], source_of(entry)) == ("failed", named)


def test_a_copy_that_is_refused_names_its_source_too() -> None:
    kept = Kept()
    with auditing(kept) as (_, ports):
        assert copy(ports, "my-assets/secret", by=READER) == 403
        entry = last(kept, 1)
    assert (entry["kind"], source_of(entry)) == ("refusal", ("my-assets", "secret", None))


def test_a_signature_in_the_name_of_a_source_is_not_audited() -> None:
    kept = Kept()
    with auditing(kept) as (_, ports):
        copy(ports, "my-assets/a%3FX-Amz-Signature=0123456789abcdef")
        entry = last(kept, 1)
    assert "0123456789abcdef" not in str(entry)
    assert entry["source_bucket"] == "my-assets"
