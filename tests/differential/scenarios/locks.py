"""Object lock: its configuration, retention and legal hold of versions, and what they prevent."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from tests.differential.requests import Session, call, keeping, kept, source

Titled = tuple[str, Callable[[Session], Any]]

NOW: Final = datetime.now(UTC).replace(microsecond=0)
SOON: Final = NOW + timedelta(days=1)
LATER: Final = NOW + timedelta(days=2)
PAST: Final = NOW - timedelta(days=1)


def _retention(mode: str, until: datetime) -> dict[str, Any]:
    return {"Mode": mode, "RetainUntilDate": until}


def _locked(mode: str, until: datetime) -> dict[str, Any]:
    return {"ObjectLockMode": mode, "ObjectLockRetainUntilDate": until}


def _default(**period: Any) -> dict[str, Any]:
    rule = {"DefaultRetention": {"Mode": "GOVERNANCE", **period}}
    return {"ObjectLockConfiguration": {"ObjectLockEnabled": "Enabled", "Rule": rule}}


def _hold(status: str) -> dict[str, Any]:
    return {"Status": status}


_BYPASS: Final = {"BypassGovernanceRetention": True}

CONFIGURED: Final[list[Titled]] = [
    ("get", call("get_object_lock_configuration")),
    ("versioning", call("get_bucket_versioning")),
    ("suspend", call("put_bucket_versioning", VersioningConfiguration={"Status": "Suspended"})),
    ("days", call("put_object_lock_configuration", **_default(Days=1))),
    ("get days", call("get_object_lock_configuration")),
    ("put by default", keeping("one", "put_object", "VersionId", Key="a", Body=b"one")),
    ("delete locked", call("delete_object", Key="a", VersionId=kept("one"))),
    ("years", call("put_object_lock_configuration", **_default(Years=1))),
    ("days and years", call("put_object_lock_configuration", **_default(Days=1, Years=1))),
    ("no period", call("put_object_lock_configuration", **_default())),
    ("no days", call("put_object_lock_configuration", **_default(Days=0))),
    ("fewer days", call("put_object_lock_configuration", **_default(Days=-1))),
    ("too many days", call("put_object_lock_configuration", **_default(Days=40000))),
    (
        "unknown mode",
        call(
            "put_object_lock_configuration",
            ObjectLockConfiguration={
                "ObjectLockEnabled": "Enabled",
                "Rule": {"DefaultRetention": {"Mode": "FOREVER", "Days": 1}},
            },
        ),
    ),
    (
        "unknown status",
        call("put_object_lock_configuration", ObjectLockConfiguration={"ObjectLockEnabled": "Disabled"}),
    ),
    ("no rule", call("put_object_lock_configuration", ObjectLockConfiguration={"ObjectLockEnabled": "Enabled"})),
    ("get no rule", call("get_object_lock_configuration")),
    ("end", call("delete_object", Key="a", VersionId=kept("one"), **_BYPASS)),
]

RETAINED: Final[list[Titled]] = [
    ("put", keeping("one", "put_object", "VersionId", Key="a", Body=b"one")),
    ("get none", call("get_object_retention", Key="a")),
    ("hold none", call("get_object_legal_hold", Key="a")),
    ("retain", call("put_object_retention", Key="a", Retention=_retention("GOVERNANCE", SOON))),
    ("get", call("get_object_retention", Key="a")),
    ("get by id", call("get_object_retention", Key="a", VersionId=kept("one"))),
    ("longer", call("put_object_retention", Key="a", Retention=_retention("GOVERNANCE", LATER))),
    ("shorter", call("put_object_retention", Key="a", Retention=_retention("GOVERNANCE", SOON))),
    ("shorter by bypass", call("put_object_retention", Key="a", Retention=_retention("GOVERNANCE", SOON), **_BYPASS)),
    ("past", call("put_object_retention", Key="a", Retention=_retention("GOVERNANCE", PAST), **_BYPASS)),
    ("unknown mode", call("put_object_retention", Key="a", Retention=_retention("FOREVER", SOON))),
    ("lower case mode", call("put_object_retention", Key="a", Retention=_retention("governance", SOON))),
    ("missing key", call("put_object_retention", Key="missing", Retention=_retention("GOVERNANCE", SOON))),
    ("get of missing key", call("get_object_retention", Key="missing")),
    ("delete locked", call("delete_object", Key="a", VersionId=kept("one"))),
    (
        "batch locked",
        call("delete_objects", Delete=lambda session: {"Objects": [{"Key": "a", "VersionId": session.kept["one"]}]}),
    ),
    ("marker", keeping("marker", "delete_object", "VersionId", Key="a")),
    (
        "retain marker",
        call("put_object_retention", Key="a", VersionId=kept("marker"), Retention=_retention("GOVERNANCE", SOON)),
    ),
    ("delete marker", call("delete_object", Key="a", VersionId=kept("marker"))),
    ("overwrite", keeping("two", "put_object", "VersionId", Key="a", Body=b"two")),
    ("lock of the newer", call("get_object_retention", Key="a")),
    ("copy of locked", keeping("copy", "copy_object", "VersionId", Key="b", CopySource=source("a", "one"))),
    ("lock of copy", call("get_object_retention", Key="b")),
    (
        "tag locked",
        call("put_object_tagging", Key="a", VersionId=kept("one"), Tagging={"TagSet": [{"Key": "k", "Value": "v"}]}),
    ),
    ("lock after tagging", call("get_object_retention", Key="a", VersionId=kept("one"))),
    ("delete by bypass", call("delete_object", Key="a", VersionId=kept("one"), **_BYPASS)),
    ("put with mode alone", call("put_object", Key="c", Body=b"x", ObjectLockMode="GOVERNANCE")),
    ("put with date alone", call("put_object", Key="c", Body=b"x", ObjectLockRetainUntilDate=SOON)),
    ("put with past date", call("put_object", Key="c", Body=b"x", **_locked("GOVERNANCE", PAST))),
    ("put with unknown mode", call("put_object", Key="c", Body=b"x", **_locked("FOREVER", SOON))),
    ("put locked", keeping("three", "put_object", "VersionId", Key="c", Body=b"x", **_locked("GOVERNANCE", SOON))),
    ("head locked", call("head_object", Key="c")),
    ("governance to compliance", call("put_object_retention", Key="c", Retention=_retention("COMPLIANCE", SOON))),
    ("end", call("delete_object", Key="c", VersionId=kept("three"), **_BYPASS)),
]

HELD: Final[list[Titled]] = [
    ("put", keeping("one", "put_object", "VersionId", Key="a", Body=b"one")),
    ("on", call("put_object_legal_hold", Key="a", LegalHold=_hold("ON"))),
    ("get", call("get_object_legal_hold", Key="a")),
    ("head", call("head_object", Key="a")),
    ("delete held", call("delete_object", Key="a", VersionId=kept("one"))),
    ("delete held by bypass", call("delete_object", Key="a", VersionId=kept("one"), **_BYPASS)),
    ("unknown status", call("put_object_legal_hold", Key="a", LegalHold=_hold("on"))),
    ("missing key", call("put_object_legal_hold", Key="missing", LegalHold=_hold("ON"))),
    ("off", call("put_object_legal_hold", Key="a", LegalHold=_hold("OFF"))),
    ("get off", call("get_object_legal_hold", Key="a")),
    ("delete", call("delete_object", Key="a", VersionId=kept("one"))),
    ("put held", keeping("two", "put_object", "VersionId", Key="b", Body=b"x", ObjectLockLegalHoldStatus="ON")),
    ("get held", call("get_object_legal_hold", Key="b")),
    ("put unknown", call("put_object", Key="b", Body=b"x", ObjectLockLegalHoldStatus="MAYBE")),
    ("end hold", call("put_object_legal_hold", Key="b", VersionId=kept("two"), LegalHold=_hold("OFF"))),
]

SCENARIOS: Final = {"lock configuration": CONFIGURED, "retention": RETAINED, "legal hold": HELD}
