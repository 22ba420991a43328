"""The header that says when a rule of lifecycle will delete an object (S3 API reference, HeadObject)."""

from __future__ import annotations

import re
from email.utils import parsedate_to_datetime
from typing import Final
from urllib.parse import quote, unquote

from bucketry.models import Expiration
from bucketry.s3 import http_date

EXPIRATION: Final = "x-amz-expiration"
"""Its name."""

_VALUE: Final = re.compile(r'expiry-date="([^"]{1,64})",\s*rule-id="([^"]{0,512})"')


def expiration_value(expiration: Expiration) -> str:
    """Returns the value of the header. The rule's id is percent-encoded."""
    rule_id = quote(expiration.rule_id, safe="")
    return f'expiry-date="{http_date(expiration.at)}", rule-id="{rule_id}"'


def parse_expiration(value: str) -> Expiration | None:
    """Reads the header; ``None`` if it has another form.

    Raises:
        ValueError: It has this form, and its date cannot be read.
    """
    match = _VALUE.fullmatch(value.strip())
    return None if match is None else Expiration(parsedate_to_datetime(match[1]), unquote(match[2]))
