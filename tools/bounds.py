"""All bounds on what a client may send, with what it gets beyond each of them.

`tools.limits_page` makes the table of docs/limits.md of it, and tests/http/test_bounds.py exceeds each of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NamedTuple

from bucketry.sigv4.verifying import _MAX_HEADER_BYTES, _MAX_HEADERS, _MAX_POLICY, _MAX_URI
from bucketry_cli.serve_options import all_options
from bucketry_http.rest.authentication import MAX_TOKEN_BYTES
from bucketry_http.rest.uploads import MAX_TAGS_BYTES
from bucketry_http.s3.xml_reading import MAX_ATTRIBUTES, MAX_DEPTH, MAX_NAME
from bucketry_http.shared.forms import MAX_FIELD_BYTES, MAX_HEADER_BYTES, MAX_HEADERS


class Refusal(NamedTuple):
    """The status of a response and the code in it."""

    status: int
    code: str


class Bound(NamedTuple):
    """A bound on what a client may send.

    Attributes:
        name: The option of ``bucketry serve`` that sets it, or what stands for it.
        about: What it is on, if no option says it, and why there is none.
        default: Its value, if no option says it.
        rest: What the REST API says beyond it; ``None``: it does not concern that port.
        s3: What the S3 endpoint says.
    """

    name: str
    about: str = ""
    default: str = ""
    rest: Refusal | None = None
    s3: Refusal | None = None


_TOO_MANY: Final = (Refusal(429, "too_many_requests"), Refusal(503, "SlowDown"))
_NO_THREAD: Final = (Refusal(503, "throttled"), Refusal(503, "SlowDown"))
_HEAD: Final = (Refusal(431, "too_large"), Refusal(431, "RequestHeaderSectionTooLarge"))
_LONG: Final = (Refusal(413, "too_large"), Refusal(400, "MaxMessageLengthExceeded"))
_MALFORMED: Final = Refusal(400, "MalformedXML")
_FORM: Final = Refusal(400, "MaxPostPreDataLengthExceededError")

BOUNDS: Final = (
    *(
        Bound(f"--{who}-{what}", rest=_TOO_MANY[0], s3=_TOO_MANY[1])
        for who in ("principal", "address")
        for what in ("requests", "bytes", "concurrency")
    ),
    Bound("--call-threads", rest=_NO_THREAD[0], s3=_NO_THREAD[1]),
    Bound("--transfer-threads", rest=_NO_THREAD[0], s3=_NO_THREAD[1]),
    Bound("[[quotas]]", "Bytes and objects of a bucket, or of an owner's buckets.", "none", *(
        Refusal(507, "quota_exceeded"), Refusal(403, "QuotaExceeded"))),
    Bound("--max-object-size", rest=Refusal(413, "too_large"), s3=Refusal(400, "EntityTooLarge")),
    Bound("--max-head-bytes", rest=_HEAD[0], s3=_HEAD[1]),
    Bound("--max-headers", rest=_HEAD[0], s3=_HEAD[1]),
    Bound("--max-url-bytes", rest=Refusal(414, "too_large"), s3=Refusal(414, "InvalidURI")),
    Bound("--idle-seconds", rest=Refusal(408, "request_timeout"), s3=Refusal(400, "RequestTimeout")),
    Bound("--head-seconds", rest=Refusal(408, "request_timeout"), s3=Refusal(408, "RequestTimeout")),
    Bound("--max-list-bytes", rest=_LONG[0], s3=_LONG[1]),
    Bound("--max-json-bytes", rest=_LONG[0]),
    Bound("--max-xml-bytes", s3=_LONG[1]),
    Bound("--max-xml-elements", s3=_MALFORMED),
    Bound("--max-form-files", rest=_LONG[0]),
    Bound("--max-form-fields", s3=_FORM),
    Bound("--max-policy-bytes", s3=_FORM),
    Bound("field of a form", "Bytes of a field of the REST API. Its fields, a key and a prefix, have at most 1,024.",
          str(MAX_FIELD_BYTES), rest=Refusal(422, "invalid_key")),
    Bound("tags of a form", "Bytes of the field `tags` of the REST API. Ten tags have at most 34 KiB, percent-encoded.",
          str(MAX_TAGS_BYTES), rest=_LONG[0]),
    Bound("header of a part", "Bytes of a header of a form's part: guards the parser. A file's name of 1,024 bytes has "
          "3,072, percent-encoded.", str(MAX_HEADER_BYTES), rest=_LONG[0], s3=_FORM),
    Bound("headers of a part", "Headers of a form's part: guards the parser. Clients send three at most.",
          str(MAX_HEADERS), rest=_LONG[0], s3=_FORM),
    Bound("headers of a signed request", "Headers, whatever `--max-headers` says. SDKs send some tens.",
          str(_MAX_HEADERS), s3=Refusal(400, "RequestHeaderSectionTooLarge")),
    Bound("header bytes of a signed request", "Bytes of headers, whatever `--max-head-bytes` says. User metadata has "
          "2 KiB in S3.", str(_MAX_HEADER_BYTES), s3=Refusal(400, "RequestHeaderSectionTooLarge")),
    Bound("URL of a signed request", "Bytes of path and query, whatever `--max-url-bytes` says. A key, a prefix and a "
          "cursor fit, percent-encoded.", str(_MAX_URI), s3=Refusal(400, "InvalidURI")),
    Bound("policy of a form", "Bytes in base64, whatever `--max-policy-bytes` says. Few have more than a KiB.",
          str(_MAX_POLICY), s3=Refusal(400, "InvalidArgument")),
    Bound("token", "Bytes of a token. Those of OIDC issuers have one to four thousand.", str(MAX_TOKEN_BYTES),
          rest=Refusal(401, "unauthenticated")),
    Bound("depth of XML", "How deep elements may be nested: guards the parser. S3's deepest document has 6 levels.",
          str(MAX_DEPTH), s3=_MALFORMED),
    Bound("names in XML", "Characters of a name in XML: guards the parser. S3's longest has 39.",
          str(MAX_NAME), s3=_MALFORMED),
    Bound("attributes in XML", "Attributes of an element: guards the parser. S3's elements have one at most.",
          str(MAX_ATTRIBUTES), s3=_MALFORMED),
)  # fmt: skip
"""In the order of the table."""

HELP: Final[Mapping[str, tuple[str, str]]] = {
    given.opts[0]: (str(given.default), (given.help or "").partition("  [default")[0]) for given in all_options()
}
"""Default and help of each option."""
