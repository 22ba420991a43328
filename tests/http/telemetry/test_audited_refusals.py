"""What is refused because of its sender is audited, on both ports and whatever its status is."""

from __future__ import annotations

from bucketry_access import Accounts, Directory
from bucketry_http.oidc import OidcIssuer
from bucketry_http.shared.failed_attempts import PER_CREDENTIAL
from bucketry_http.shared.record import RequestRecord
from bucketry_http.telemetry.audit import audited

from tests.http.accounts import Team
from tests.http.oidc.issuing import issuing
from tests.http.s3.signing import Signing
from tests.http.serving import eventually
from tests.http.telemetry.test_audit import Kept, auditing

WRONG = Signing(access_key="alice-key", secret_key="a secret key that is wrong")
HOST = {"host": "evil.example.com"}


def test_a_lock_out_on_the_s3_port_is_audited() -> None:
    kept = Kept()
    with auditing(kept, directory=Team().directory) as (_, ports):
        statuses = [ports.s3.ask("GET", "/", by=WRONG).status for _ in range(PER_CREDENTIAL + 1)]
        assert eventually(lambda: len(kept.lines) == PER_CREDENTIAL + 1)
    assert statuses == [403] * PER_CREDENTIAL + [503]
    assert [(one["kind"], one["outcome"]) for one in kept.entries] == [("refusal", "refused")] * len(statuses)
    assert (kept.entries[-1]["code"], kept.entries[-1]["address"]) == ("SlowDown", "127.0.0.1")


def test_a_lock_out_on_the_rest_port_is_audited() -> None:
    kept = Kept()
    with auditing(kept, directory=Team().directory) as (_, ports):
        statuses = [
            ports.rest("GET", "buckets", Authorization="Bearer bkt_0123456789ab_wrong").status
            for _ in range(PER_CREDENTIAL + 1)
        ]
        assert eventually(lambda: len(kept.lines) == PER_CREDENTIAL + 1)
    assert statuses == [401] * PER_CREDENTIAL + [429]
    assert [(one["kind"], one["outcome"]) for one in kept.entries] == [("refusal", "refused")] * len(statuses)


def test_a_token_that_cannot_be_checked_is_audited() -> None:
    kept = Kept()
    with issuing() as issuer:
        issuer.status = 500
        directory = Directory(Accounts(), sources=[OidcIssuer(issuer.settings())])
        with auditing(kept, directory=directory) as (_, ports):
            response = ports.rest("GET", "buckets", Authorization=f"Bearer {issuer.token()}")
            assert eventually(lambda: len(kept.lines) == 1)
    assert (response.status, response.headers["retry-after"]) == (503, "1")
    (entry,) = kept.entries
    assert (entry["kind"], entry["outcome"], entry["code"]) == ("refusal", "refused", "issuer_unavailable")
    assert "principal" not in entry


def test_a_signature_that_cannot_be_read_is_audited() -> None:
    kept = Kept()
    with auditing(kept) as (_, ports):
        assert ports.s3.send("GET", "/my-assets/a", {"authorization": "AWS4-HMAC-SHA256 nonsense"}).status == 400
        assert ports.s3.ask("GET", "/my-assets/a", headers={"x-amz-security-token": "guessed"}).status == 400
        assert eventually(lambda: len(kept.lines) == 2)
    assert {one["kind"] for one in kept.entries} == {"refusal"}


def test_a_host_that_is_not_allowed_is_audited_on_both_ports() -> None:
    kept = Kept()
    with auditing(kept) as (_, ports):
        assert ports.s3.send("GET", "/", HOST).status == 421
        assert ports.rest("GET", "buckets", b"", **HOST).status == 421
        assert eventually(lambda: len(kept.lines) == 2)
    assert [(one["port"], one["kind"]) for one in kept.entries] == [("s3", "refusal"), ("rest", "refusal")]


def test_reading_what_the_backend_throttles_is_not_a_refusal() -> None:
    record = RequestRecord(port="s3", id="1", method="GET", time=0.0, started=0.0, status=503, code="SlowDown")
    assert audited(record) is None


def test_what_is_no_request_yet_is_not_audited() -> None:
    record = RequestRecord(port="s3", id="1", method="", time=0.0, started=0.0, status=400)
    assert audited(record) is None
