"""All bounds on what a client may send, with what it gets beyond each of them.

`tools.limits_page` makes the table of docs/limits.md of it, and tests/http/test_bounds.py exceeds each of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NamedTuple

from bucketry_cli.serve_options import all_options
from bucketry_http.rest.app import _MAX_JSON_BYTES
from bucketry_http.s3.xml_reading import MAX_DEPTH, MAX_DOCUMENT_BYTES, MAX_ELEMENTS
from bucketry_http.shared.forms import MAX_FIELD_BYTES


class Refusal(NamedTuple):
    """The status of a response and the code in it."""

    status: int
    code: str


class Bound(NamedTuple):
    """A bound on what a client may send.

    Attributes:
        name: The option of ``bucketry serve`` that sets it, or what stands for it.
        about: What it is on, if no option says it.
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
    Bound("--max-form-files", rest=Refusal(413, "too_large")),
    Bound("field of a form", "Bytes of each field of a form of the REST API.", str(MAX_FIELD_BYTES),
          rest=Refusal(422, "invalid_key")),
    Bound("--max-policy-bytes", s3=Refusal(400, "MaxPostPreDataLengthExceededError")),
    Bound("--max-xml-bytes", s3=Refusal(400, "MaxMessageLengthExceeded")),
    Bound("other XML", "Bytes of any other XML document.", str(MAX_DOCUMENT_BYTES),
          s3=Refusal(400, "MaxMessageLengthExceeded")),
    Bound("depth of XML", "How deep elements may be nested.", str(MAX_DEPTH), s3=Refusal(400, "MalformedXML")),
    Bound("elements of XML", "Elements of a document; of many documents fewer.", str(MAX_ELEMENTS),
          s3=Refusal(400, "MalformedXML")),
    Bound("JSON", "Bytes of a JSON body.", str(_MAX_JSON_BYTES), rest=Refusal(413, "too_large")),
)  # fmt: skip
"""In the order of the table."""

HELP: Final[Mapping[str, tuple[str, str]]] = {
    given.opts[0]: (str(given.default), (given.help or "").partition("  [default")[0]) for given in all_options()
}
"""Default and help of each option."""
