"""Keeps secrets, session tokens and signatures out of logs and messages.

SDKs and HTTP libraries write them into detailed logs: botocore its string to sign, urllib3 the query of a presigned
URL. Code that uses such a library calls `protect_loggers`. Code that shows text from elsewhere calls `redacted`.
"""

from __future__ import annotations

import json
import logging
import re
import traceback
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import quote

from bucketry.secret import live_secrets

_MASK: Final = "***"

_SHORTEST: Final = 8
"""Shorter secrets are not searched for: they would be found in ordinary words."""

_NAMES: Final = "|".join(
    (
        "x-amz-signature",
        "x-amz-security-token",
        "x-amz-session-token",
        "x-auth-token",
        "x-auth-key",
        "x-amz-(?:copy-source-)?server-side-encryption-customer-key",
        "secret_?access_?key",
        "aws_?session_?token",
        "secret_?key",
        "session_?token",
        "web_?identity_?token",
        "saml_?assertion",
    )
)
_BETWEEN: Final = r"""(?:%3[dD]|['"]?\s*[:=]\s*\(?b?['"]?|['"],\s*b?['"]|>)"""
"""The text between a name and its value in HTTP, JSON, XML, the repr of a mapping, or a line of a log."""

_VALUES: Final = (
    re.compile(rf"""(?i)((?:{_NAMES}){_BETWEEN})(?!\*\*\*)([^\s&'",;<>)\]}}}}]+)"""),
    # The word stands in prose too. So the value must look like a signature: 28 characters or more, escaped or not.
    re.compile(rf"(?i)(signature{_BETWEEN})([A-Za-z0-9+/%_=-]{{28,}})"),
    # Version 2 in a header: AWS ACCESSKEY:SIGNATURE.
    re.compile(r"(\bAWS [^\s:'\"]{1,256}:)([A-Za-z0-9+/]{20,}=*)"),
    # What version 4 signs: its four lines, the last of which is a hash.
    re.compile(r"(AWS4-HMAC-SHA256)((?:\n|\\n)\d{8}T\d{6}Z(?:\n|\\n)[^\s\\]+(?:\n|\\n)[0-9a-f]{64})"),
)

_SIGNERS: Final = ("botocore.auth", "botocore.signers", "botocore.crt")
"""Loggers that write what is signed, line by line. Only their warnings and errors are written."""


def redacted(text: str) -> str:
    """Returns a text with ``***`` in place of signatures, session tokens and the value of every live `Secret`."""
    # Whole secrets first. The patterns end at characters that a secret may hold, and would leave the rest of it.
    for secret in live_secrets():
        if len(secret) > len(text):
            continue  # No form of it is shorter.
        for form in sorted(_forms(secret), key=len, reverse=True):
            if len(form) >= _SHORTEST and form in text:
                text = text.replace(form, _MASK)
    for pattern in _VALUES:
        text = pattern.sub(rf"\1{_MASK}", text)
    return text


def _forms(secret: str) -> frozenset[str]:
    """Returns a secret as it looks in text, URLs, JSON, XML and reprs."""
    from html import escape  # Only here: it brings the names of 2,000 characters.

    quoted = (json.dumps(secret), json.dumps(secret, ensure_ascii=False), repr(secret))
    escaped = (quote(secret, safe=""), quote(secret), escape(secret), escape(secret, quote=False))
    return frozenset({secret, *escaped, *(text[1:-1] for text in quoted)})


class RedactingFilter(logging.Filter):
    """Redacts records and their tracebacks. On a handler it redacts all records, on a logger only that logger's."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Redacts a record. Returns whether it is written at all."""
        if record.levelno < logging.WARNING and record.name.startswith(_SIGNERS):
            return False
        try:
            message = record.getMessage()
        except Exception:  # noqa: BLE001 - whatever the values of its arguments raise
            record.msg, record.args = f"a record of {record.name} that cannot be written", None
            return True
        if redacted(message) != message:
            _redact_message(record)
        if record.exc_info or record.exc_text:
            _redact_traceback(record)
        return True


def _redact_message(record: logging.LogRecord) -> None:
    # One by one first: some formatters, as uvicorn's for its access log, read the arguments themselves.
    record.args = _redacted_arguments(record.args)
    message = record.getMessage()
    if (clean := redacted(message)) != message:
        record.msg, record.args = clean, None


def _redacted_arguments(arguments: Any) -> Any:
    if isinstance(arguments, Mapping):
        return {name: _redacted_value(value) for name, value in arguments.items()}
    return tuple(map(_redacted_value, arguments)) if arguments else arguments


def _redacted_value(value: object) -> object:
    if isinstance(value, int | float | None):
        return value
    text = str(value)
    clean = redacted(text)
    return value if clean == text else clean


def _redact_traceback(record: logging.LogRecord) -> None:
    if record.exc_info and not record.exc_text:
        record.exc_text = "".join(traceback.format_exception(*record.exc_info)).rstrip("\n")
    if record.exc_text:
        record.exc_text = redacted(record.exc_text)


_FILTER: Final = RedactingFilter()


def protect_loggers(*names: str) -> None:
    """Keeps secrets and signatures out of the records of these loggers and of all existing loggers below them.

    A driver calls this with its SDK's loggers after it has made its client, since an SDK's loggers come with its
    modules. Calling it again does no harm.

    Args:
        names: Names of loggers, such as ``botocore``.
    """
    known = list(logging.Logger.manager.loggerDict)
    for name in names:
        below = (other for other in known if other.startswith(name + "."))
        for each in (name, *below):
            logger = logging.getLogger(each)
            if _FILTER not in logger.filters:
                logger.addFilter(_FILTER)
