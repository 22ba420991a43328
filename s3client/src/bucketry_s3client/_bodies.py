"""Bodies of answers: read whole, or not at all."""

from __future__ import annotations

from typing import Final

from urllib3 import BaseHTTPResponse
from urllib3.exceptions import IncompleteRead, ProtocolError

from bucketry_s3client._xml import parse_xml

MAX_ANSWER_BYTES: Final = 64 * 1024**2
"""Longest answer that is read into memory: a page of 1,000 keys with 2 KiB of metadata each is far below."""


def read_answer(answer: BaseHTTPResponse, most: int = MAX_ANSWER_BYTES) -> bytes:
    """Reads an answer's body, and gives its connection back.

    An answer with neither a length nor chunks ends with its connection (RFC 9112, 6.3): XML shows that it is whole.

    Raises:
        urllib3.exceptions.HTTPError: It breaks off, does not show its end, or is longer than ``most`` bytes.
    """
    has_end = answer.length_remaining is not None or bool(getattr(answer, "chunked", False))
    try:
        body = answer.read(most + 1, decode_content=False)
        if len(body) > most:
            raise ProtocolError("the answer is too long")
        if answer.length_remaining:  # Asked for more than comes, urllib3 takes a broken answer for a short one.
            raise IncompleteRead(len(body), answer.length_remaining)
        if not has_end and not _is_xml(body):
            raise ProtocolError("the answer does not show its end")
    except BaseException:
        answer.close()
        raise
    finally:
        answer.release_conn()
    return body


def _is_xml(body: bytes) -> bool:
    try:
        parse_xml(body)
    except ValueError:
        return False
    return True
