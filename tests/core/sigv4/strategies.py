"""Hypothesis strategies for requests."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Literal

from bucketry.secret import Secret
from bucketry.sigv4 import Credentials
from hypothesis import strategies as st

from .wire import object_url, query_string

WEIRD_KEYS = [
    "a//b", "/a", "//", "a/", "..", "../../etc/passwd", "./a", "a/./b", "%2F", "%", "%zz", "%25", "a%20b", "+", "a b",
    " ", "a+b=c&d?e#f", "~", "!*'();:@&=+$,[]", "é", "日本語", "🪣/🐙", "\n\t",
    "\x00", "\x7f", "'\"<>\\^`{|}", "e\u0301",
]  # fmt: skip

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
keys = st.one_of(
    st.sampled_from(WEIRD_KEYS), st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=40)
)
buckets = st.from_regex(r"[a-z0-9][a-z0-9.-]{1,20}[a-z0-9]", fullmatch=True)
regions = st.one_of(
    st.sampled_from(["us-east-1", "default", "zone_1", "r"]),
    st.from_regex(r"[a-z]{2}-[a-z]{4,9}-[0-9]", fullmatch=True),
)
methods = st.sampled_from(["GET", "PUT", "POST", "DELETE", "HEAD", "OPTIONS"])
times = st.integers(1, 4_070_908_800_000_000).map(
    lambda microseconds: dt.datetime(1970, 1, 1, tzinfo=dt.UTC) + dt.timedelta(microseconds=microseconds)
)
lifetimes = st.integers(1, 604_800)
addressings: st.SearchStrategy[Literal["path", "virtual"]] = st.sampled_from(["path", "virtual"])
endpoints = st.sampled_from(
    ["http://localhost:9000", "https://s3.amazonaws.com", "https://s3.example.com:8443", "http://127.0.0.1:8080"]
)
queries: st.SearchStrategy[dict[str, str]] = st.one_of(
    st.just({}),
    st.fixed_dictionaries({"versionId": texts}),
    st.fixed_dictionaries({"partNumber": st.integers(1, 10_000).map(str), "uploadId": texts}),
    st.fixed_dictionaries({"response-content-disposition": texts, "response-content-type": texts}),
    st.dictionaries(texts.filter(lambda name: bool(name) and not name.lower().startswith("x-amz-")), texts, max_size=4),
)
header_values = st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E), max_size=20)
headers = st.dictionaries(
    st.sampled_from(
        ["Content-Type", "content-md5", "Cache-Control", "X-Amz-Meta-Colour", "x-amz-acl", "If-None-Match", "Range"]
    ),
    header_values,
    max_size=4,
)
access_keys = st.from_regex(r"[A-Za-z0-9/+._-]{1,30}", fullmatch=True)
tokens = st.one_of(st.none(), st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), min_size=1).map(Secret))
credentials = st.builds(Credentials, access_keys, texts.filter(bool).map(Secret), session_token=tokens)
permanent_credentials = st.builds(Credentials, access_keys, texts.filter(bool).map(Secret))


@dataclass(frozen=True)
class Request:
    """All that goes into a signature."""

    method: str
    endpoint: str
    addressing: Literal["path", "virtual"]
    bucket: str
    key: str
    query: dict[str, str]
    headers: dict[str, str]
    credentials: Credentials
    region: str
    now: dt.datetime

    @property
    def bare_url(self) -> str:
        return object_url(self.endpoint, self.bucket, self.key, self.addressing)

    @property
    def url(self) -> str:
        return self.bare_url + ("?" + query_string(self.query) if self.query else "")


def requests(
    *, credentials: st.SearchStrategy[Credentials] = credentials, headers: st.SearchStrategy[dict[str, str]] = headers
) -> st.SearchStrategy[Request]:
    return st.builds(
        Request, methods, endpoints, addressings, buckets, keys, queries, headers, credentials, regions, times
    )
