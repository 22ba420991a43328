"""CORS rules of buckets, as XML."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final
from xml.sax.saxutils import escape

import msgspec
from bucketry import CorsRule

from bucketry_s3client._xml import Element

_LISTS: Final = {
    "AllowedOrigin": "allowed_origins",
    "AllowedMethod": "allowed_methods",
    "AllowedHeader": "allowed_headers",
    "ExposeHeader": "expose_headers",
}


def cors_of(document: Element) -> tuple[CorsRule, ...]:
    """Reads the rules of a bucket.

    Raises:
        ValueError: One is malformed.
    """
    return tuple(_rule_of(entry) for entry in document.all("CORSRule"))


def _rule_of(entry: Element) -> CorsRule:
    texts = entry.texts()
    fields: dict[str, object] = {field: tuple(entry.values(name)) for name, field in _LISTS.items()}
    fields["id"] = texts.get("ID") or None
    fields["max_age_seconds"] = int(texts["MaxAgeSeconds"]) if texts.get("MaxAgeSeconds") else None
    return msgspec.convert(fields, CorsRule)


def cors_request(rules: Iterable[CorsRule]) -> bytes:
    """Returns the body of PutBucketCors."""
    listed = "".join(f"<CORSRule>{''.join(_elements(rule))}</CORSRule>" for rule in rules)
    return f"<CORSConfiguration>{listed}</CORSConfiguration>".encode()


def _elements(rule: CorsRule) -> Iterator[str]:
    if rule.id is not None:
        yield f"<ID>{escape(rule.id)}</ID>"
    for name, field in _LISTS.items():
        yield from (f"<{name}>{escape(value)}</{name}>" for value in getattr(rule, field))
    if rule.max_age_seconds is not None:
        yield f"<MaxAgeSeconds>{rule.max_age_seconds}</MaxAgeSeconds>"
