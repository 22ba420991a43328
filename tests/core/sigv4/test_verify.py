"""The parts of a request that the verifier needs, and S3's codes for its refusals."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import pytest
from bucketry.secret import Secret
from bucketry.sigv4 import (
    UNSIGNED_PAYLOAD,
    Credentials,
    RequestHeaders,
    SignatureError,
    Signer,
    Verified,
    Verifier,
    verifying,
)

from .signed import URL, authorization, both, code, parameter, presigned_wire, refused, signed_wire
from .wire import EXAMPLE, EXAMPLE_TIME, Wire, botocore_sign, to_wire, verify


@both
def test_an_unknown_access_key(wire: Wire) -> None:
    stranger = Credentials("AKSTRANGER", EXAMPLE.secret_key)
    error = refused(wire, credentials=stranger)
    assert (error.code, error.status) == ("InvalidAccessKeyId", 403)


def test_an_empty_secret_key_opens_nothing() -> None:
    empty = Credentials(EXAMPLE.access_key, Secret(""))
    signed = Signer(empty, region="r").sign("GET", "http://host/", payload=UNSIGNED_PAYLOAD, now=EXAMPLE_TIME)
    with pytest.raises(SignatureError, match="InvalidAccessKeyId"):
        verify(to_wire("GET", "http://host/", dict(signed.headers)), empty)


def test_an_unknown_access_key_takes_the_same_steps_as_a_known_one(monkeypatch: pytest.MonkeyPatch) -> None:
    steps: list[str] = []
    for name in ("derive_key", "sign_string", "request_hash"):
        original = getattr(verifying, name)

        def counted(*args: object, name: str = name, original: object = original) -> object:
            steps.append(name)
            assert callable(original)
            return original(*args)

        monkeypatch.setattr(verifying, name, counted)
    refused(signed_wire(), credentials=Credentials("AKSTRANGER", EXAMPLE.secret_key))
    unknown = list(steps)
    steps.clear()
    refused(signed_wire(), credentials=Credentials(EXAMPLE.access_key, Secret("another")))
    assert unknown == steps == ["request_hash", "derive_key", "sign_string"]


@both
def test_only_the_region_of_the_endpoint(wire: Wire) -> None:
    assert verify(wire, region="us-east-1").region == "us-east-1"
    error = refused(wire, region="eu-west-1")
    assert error.code in ("AuthorizationHeaderMalformed", "AuthorizationQueryParametersError")
    assert error.status == 400
    assert "'eu-west-1'" in error.message


@pytest.mark.parametrize("seconds", [-900, 0, 900])
def test_a_clock_may_be_off_by_fifteen_minutes(seconds: int) -> None:
    verify(signed_wire(), now=EXAMPLE_TIME + dt.timedelta(seconds=seconds))


@pytest.mark.parametrize("seconds", [-901, 901, 86_400 * 365 * 100])
def test_but_not_by_more(seconds: int) -> None:
    assert code(signed_wire(), now=EXAMPLE_TIME + dt.timedelta(seconds=seconds)) == "RequestTimeTooSkewed"


def test_the_skew_can_be_set() -> None:
    now = EXAMPLE_TIME + dt.timedelta(seconds=60)
    verify(signed_wire(), now=now, max_skew=60)
    with pytest.raises(SignatureError, match="RequestTimeTooSkewed"):
        verify(signed_wire(), now=now, max_skew=59)


@pytest.mark.parametrize("seconds", [-900, 0, 60])
def test_a_presigned_url_holds_until_it_expires(seconds: int) -> None:
    verify(presigned_wire(expires_in=60), now=EXAMPLE_TIME + dt.timedelta(seconds=seconds))


@pytest.mark.parametrize(("seconds", "message"), [(61, "expired"), (-901, "not valid yet")])
def test_but_neither_after_nor_long_before(seconds: int, message: str) -> None:
    error = refused(presigned_wire(expires_in=60), now=EXAMPLE_TIME + dt.timedelta(seconds=seconds))
    assert (error.code, error.status) == ("AccessDenied", 403)
    assert message in error.message


@pytest.mark.parametrize("date", ["Fri, 24 May 2013 00:00:00 GMT", "20130524T000000Z"])
def test_the_date_header_serves_where_there_is_no_x_amz_date(date: str) -> None:
    signed = Signer(EXAMPLE, region="r").sign("GET", "http://host/", payload=UNSIGNED_PAYLOAD, now=EXAMPLE_TIME)
    # No signer leaves x-amz-date out any more: show that the date is read, by the mismatch that comes after.
    wire = to_wire("GET", "http://host/", dict(signed.headers)).with_header("x-amz-date", None)
    wire = authorization(wire, ";x-amz-date", "").with_header("date", date)
    assert code(wire) == "SignatureDoesNotMatch"
    assert code(wire, now=EXAMPLE_TIME + dt.timedelta(hours=1)) == "RequestTimeTooSkewed"


def test_botocore_signs_with_the_date_header() -> None:
    headers = botocore_sign("GET", URL, EXAMPLE, "us-east-1", EXAMPLE_TIME, headers={"Date": "now"})
    assert "X-Amz-Date" not in headers
    assert verify(to_wire("GET", URL, headers)).date == EXAMPLE_TIME


def test_an_unsigned_request() -> None:
    error = refused(to_wire("GET", URL))
    assert (error.code, error.status) == ("AccessDenied", 403)


def test_both_a_header_and_a_query() -> None:
    wire = presigned_wire().with_header("authorization", signed_wire().header("authorization"))
    assert code(wire) == "InvalidArgument"


@pytest.mark.parametrize(
    ("authorization", "expected"),
    [
        ("AWS AK:signature", "InvalidRequest"),
        ("AWS4-ECDSA-P256-SHA256 Credential=x", "InvalidRequest"),
        ("Bearer x", "InvalidArgument"),
        ("nonsense", "InvalidArgument"),
    ],
)
def test_another_mechanism_is_told_which_to_use(authorization: str, expected: str) -> None:
    error = refused(signed_wire().with_header("authorization", authorization))
    assert error.code == expected
    assert "AWS4-HMAC-SHA256" in error.message


@pytest.mark.parametrize("authorization", ["", " "])
def test_an_empty_header_is_no_signature(authorization: str) -> None:
    assert code(signed_wire().with_header("authorization", authorization)) == "AccessDenied"


def test_a_presigned_url_of_signature_version_2_is_told_what_to_use() -> None:
    error = refused(to_wire("GET", "http://host/bucket/key?AWSAccessKeyId=AK&Signature=x&Expires=1"))
    assert error.code == "InvalidRequest"
    assert "AWS4-HMAC-SHA256" in error.message


def test_the_payload_must_be_declared() -> None:
    error = refused(signed_wire().with_header("x-amz-content-sha256", None))
    assert (error.code, error.status) == ("MissingSecurityHeader", 400)


def test_the_payload_must_be_one_that_exists() -> None:
    assert code(signed_wire().with_header("x-amz-content-sha256", "STREAMING-SOMETHING")) == "InvalidArgument"


def test_the_date_must_be_there() -> None:
    assert code(signed_wire().with_header("x-amz-date", None)) == "AccessDenied"


@pytest.mark.parametrize("date", ["", "x", "20130524", "20130524T000060Z", "20131324T000000Z", "\uff120130524T000000Z"])
def test_the_date_must_be_one(date: str) -> None:
    assert code(signed_wire().with_header("x-amz-date", date)) in ("AccessDenied", "InvalidRequest")


@pytest.mark.parametrize("date", ["", "x", "x" * 100, "Fri, 99 May 2013 00:00:00 GMT", "Mon, 1 Jan 0 0:0:0 +9999"])
def test_the_date_header_must_be_one(date: str) -> None:
    wire = signed_wire().with_header("x-amz-date", None).with_header("date", date)
    assert code(wire) == "AccessDenied"


@both
def test_every_x_amz_header_must_be_signed(wire: Wire) -> None:
    error = refused(wire.with_header("x-amz-acl", "public-read"))
    assert (error.code, error.status) == ("AccessDenied", 403)
    assert "'x-amz-acl'" in error.message


@both
def test_other_headers_need_not_be_signed(wire: Wire) -> None:
    verify(wire.with_header("accept", "*/*"))


def test_the_host_must_be_signed() -> None:
    error = refused(authorization(signed_wire(), "content-type;host;", "content-type;"))
    assert error.code == "AuthorizationHeaderMalformed"
    assert "host" in error.message
    assert code(parameter(presigned_wire(), "%3Bhost%3B", "%3B")) == "AuthorizationQueryParametersError"


@pytest.mark.parametrize("name", ["authorization", "host", "x-amz-date", "x-amz-content-sha256"])
def test_the_headers_of_signing_may_come_only_once(name: str) -> None:
    wire = signed_wire()
    twice = replace(wire, headers=[*wire.headers, (name.encode(), wire.header(name).encode())])
    error = refused(twice)
    assert error.code == "InvalidRequest"
    assert name in error.message


@pytest.mark.parametrize("name", ["Algorithm", "Credential", "Date", "Expires", "SignedHeaders", "Signature"])
def test_a_presigned_url_needs_every_parameter_once(name: str) -> None:
    wire = presigned_wire()
    pairs = wire.query.split(b"&")
    mine = next(pair for pair in pairs if pair.startswith(b"X-Amz-" + name.encode()))
    without = replace(wire, query=b"&".join(pair for pair in pairs if pair != mine))
    error = refused(without)
    assert error.code == "AuthorizationQueryParametersError"
    assert f"X-Amz-{name}" in error.message
    assert code(replace(wire, query=wire.query + b"&" + mine)) == "AuthorizationQueryParametersError"


@pytest.mark.parametrize("expires", ["0", "604801", "-1", "", "1e3", "\uff11", "99999999999999999999"])
def test_a_presigned_url_lives_a_second_to_a_week(expires: str) -> None:
    wire = parameter(presigned_wire(), "Expires=3600", "Expires=" + expires)
    assert code(wire) == ("AccessDenied" if expires in {"0", "-1", "604801"} else "AuthorizationQueryParametersError")


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("/s3/", "/ec2/"),
        ("aws4_request", "aws4"),
        ("/20130524/", "/20130525/"),
        ("/20130524/", "/"),
        ("/us-east-1/", "/us east/"),
        (EXAMPLE.access_key, ""),
        ("Credential=", "credential="),
        ("SignedHeaders=", "SignedHeaders=host, SignedHeaders="),
        ("SignedHeaders=", "SignedHeaders=;"),
        ("SignedHeaders=", "SignedHeaders=host;"),
        ("SignedHeaders=", "SignedHeaders=Content-Md5;"),
        ("SignedHeaders=", "SignedHeaders=" + "".join(f"x{n};" for n in range(200))),
        (", Signature=", " "),
        ("Signature=", "Signature=0"),
        ("Signature=", "Signature=x, More="),
        ("Credential=", "x" * 9000),
    ],
)
def test_a_malformed_authorization_header(old: str, new: str) -> None:
    error = refused(authorization(signed_wire(), old, new))
    assert (error.code, error.status) == ("AuthorizationHeaderMalformed", 400)


@pytest.mark.parametrize(
    "form",
    [
        "Credential={c},SignedHeaders={h},Signature={s}",
        "Signature={s} ,\tCredential={c}, SignedHeaders={h}",
        "Credential={c} , SignedHeaders={h}, Signature={s}",
        "Credential={c}, SignedHeaders={h}\t, Signature={s}",
    ],
)
def test_spaces_and_order_in_the_authorization_header_do_not_matter(form: str) -> None:
    wire = signed_wire()
    fields = dict(part.split("=", 1) for part in wire.header("authorization").split(" ", 1)[1].split(", "))
    text = form.format(c=fields["Credential"], h=fields["SignedHeaders"], s=fields["Signature"])
    verify(wire.with_header("authorization", "AWS4-HMAC-SHA256 " + text))


PLAIN_URL = URL.partition("?")[0]
"""Without a query, a signature is read in a shorter way."""


@pytest.mark.parametrize("name", ["authorization", "host", "x-amz-content-sha256", "x-amz-date"])
def test_blanks_around_the_headers_of_a_signature_do_not_matter(name: str) -> None:
    wire = signed_wire(url=PLAIN_URL)
    verify(wire.with_header(name, f" {wire.header(name)}\t"))


def test_blanks_around_a_session_token_do_not_belong_to_it() -> None:
    wire = signed_wire(url=PLAIN_URL, credentials=Credentials(EXAMPLE.access_key, EXAMPLE.secret_key, Secret("token")))
    token = verify(wire.with_header("x-amz-security-token", " token\t")).session_token
    assert token is not None
    assert token.reveal() == "token"


def test_too_much_is_not_read() -> None:
    assert code(replace(signed_wire(), path=b"/" + b"a" * 20_000)) == "InvalidURI"
    assert code(signed_wire().with_header("x", "y" * 70_000)) == "RequestHeaderSectionTooLarge"
    wire = signed_wire()
    assert code(replace(wire, headers=wire.headers + [(b"x", b"")] * 300)) == "RequestHeaderSectionTooLarge"


def test_headers_that_were_read_before_have_the_same_limits() -> None:
    wire = signed_wire().with_header("x", "y" * 70_000)
    with pytest.raises(SignatureError) as caught:
        Verifier(lambda _: EXAMPLE.secret_key).verify(wire.method, wire.path, wire.query, RequestHeaders(wire.headers))
    assert caught.value.code == "RequestHeaderSectionTooLarge"


@pytest.mark.parametrize("name", ["date", "host"])
def test_the_headers_that_signing_sets_are_ascii(name: str) -> None:
    wire = signed_wire(url=PLAIN_URL)
    assert (
        code(replace(wire, headers=[*wire.with_header(name, None).headers, (name.encode(), b"\xe9")]))
        == "InvalidRequest"
    )


def test_the_present_is_the_default() -> None:
    signed = Signer(EXAMPLE, region="r").sign("GET", "http://host/", payload=UNSIGNED_PAYLOAD)
    wire = to_wire("GET", "http://host/", dict(signed.headers))
    verified = Verifier(lambda _: EXAMPLE.secret_key).verify(wire.method, wire.path, wire.query, wire.headers)
    assert isinstance(verified, Verified)


@pytest.mark.parametrize(
    "value", ["a b", " a  b ", "a\tb", "a\x0bb\x0c", "a: b", "\xa0a\x1c\x85", "ä", "a\r\nb", "", "a" * 300]
)
def test_headers_that_were_read_before_are_the_same(value: str) -> None:
    raw = value.encode("latin-1")
    note = {"x-note": value.replace("\r\n", " ")}
    signed = Signer(EXAMPLE, region="r").sign("GET", "http://host/", payload=UNSIGNED_PAYLOAD, headers=note)
    headers = [(name.encode(), text.encode()) for name, text in {"host": "host", **signed.headers}.items()]
    verifier = Verifier(lambda _: EXAMPLE.secret_key)
    sent = value.encode() if value != "a\r\nb" else raw
    for every in ([*headers, (b"x-note", sent)], [(b"X-Note", sent), *headers]):
        assert verifier.verify("GET", b"/", b"", every) == verifier.verify("GET", b"/", b"", RequestHeaders(every))


def test_a_secret_key_that_is_replaced_opens_nothing_any_more() -> None:
    secrets = {EXAMPLE.access_key: EXAMPLE.secret_key}
    verifier = Verifier(secrets.get)
    wire = signed_wire()
    arguments = (wire.method, wire.path, wire.query, wire.headers)
    for _ in range(2):
        assert verifier.verify(*arguments, now=EXAMPLE_TIME).access_key == EXAMPLE.access_key
    secrets[EXAMPLE.access_key] = Secret("another")
    with pytest.raises(SignatureError, match="SignatureDoesNotMatch"):
        verifier.verify(*arguments, now=EXAMPLE_TIME)
    del secrets[EXAMPLE.access_key]
    with pytest.raises(SignatureError, match="InvalidAccessKeyId"):
        verifier.verify(*arguments, now=EXAMPLE_TIME)


def test_each_access_key_derives_its_own_key_once(monkeypatch: pytest.MonkeyPatch) -> None:
    # A key that others have asked for before would otherwise answer faster than one that is known.
    derived: list[str] = []

    def counted(secret: str, date: str, region: str) -> bytes:
        derived.append(secret)
        return b"key"

    monkeypatch.setattr(verifying, "derive_key", counted)
    verifier = Verifier(lambda _: None)
    for access_key in ("one", "two", "one"):
        wire = authorization(signed_wire(), EXAMPLE.access_key, access_key)
        with pytest.raises(SignatureError, match="InvalidAccessKeyId"):
            verifier.verify(wire.method, wire.path, wire.query, wire.headers, now=EXAMPLE_TIME)
    assert derived[0] == derived[2] != derived[1]
