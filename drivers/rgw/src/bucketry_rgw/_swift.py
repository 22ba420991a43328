"""RGW's Swift listing, which has the content types of a whole page in one request.

Source: OpenStack Object Storage API, "Show container details and list objects"; Ceph, "Ceph Object Gateway Swift API".
"""

from __future__ import annotations

import logging
import threading
from datetime import UTC, datetime
from typing import Final
from urllib.parse import quote, urlencode, urlsplit

import msgspec
from bucketry import ListOptions, ObjectInfo, ObjectPage, Secret
from bucketry.paging import stands_still
from bucketry.s3 import MAX_PAGE
from bucketry_s3client import S3Client, S3ResponseError, incomplete_response, read_body, reading

from bucketry_rgw._cursors import encode_cursor
from bucketry_rgw._headers import NO_TYPE
from bucketry_rgw._markers import marker

_log = logging.getLogger("bucketry.rgw")

_OK: Final = frozenset({200, 204})


class _Entry(msgspec.Struct, frozen=True):
    name: str = ""
    hash: str = ""
    bytes: int = 0
    content_type: str = NO_TYPE
    last_modified: str = ""
    subdir: str | None = None

    @property
    def place(self) -> str:
        """The key or common prefix that it stands for."""
        return self.name if self.subdir is None else self.subdir


_decode = msgspec.json.Decoder(list[_Entry]).decode


class Swift:
    """Lists through the Swift API. Threads may share it."""

    def __init__(self, client: S3Client, user: str, secret: Secret) -> None:
        self._client = client
        self._user = user
        self._secret = secret
        self._lock = threading.Lock()
        self._session: tuple[str, str] | None = None
        self._warned = False

    def page(self, bucket: str, options: ListOptions, after: str) -> ObjectPage | None:
        """Lists a page after a key; ``None``, and a line in the log, if the Swift API cannot be used.

        Raises:
            S3ResponseError: The bucket does not exist, or may not be listed.
        """
        try:
            entries = self._enough(bucket, options, after)
        except S3ResponseError as error:
            if error.code == "NoSuchBucket":
                raise
            self._warn(error.code)
            return None
        except msgspec.DecodeError:
            self._warn("an answer that is no listing")
            return None
        return _page_of(entries, options)

    def _enough(self, bucket: str, options: ListOptions, after: str) -> list[_Entry]:
        """Returns one entry more than is shown, which says whether there is more; or all that there are."""
        wanted = options.limit + 1
        # RGW never shows a common prefix that is the delimiter itself, but counts it (rgw_rest_swift.cc).
        delimiter = options.delimiter
        hides = bool(delimiter) and not options.prefix and delimiter.encode() > after.encode()
        entries: list[_Entry] = []
        while len(entries) < wanted:
            # RGW gives no more than MAX_PAGE at once, and fewer than asked for where it passes over entries that are
            # being written: only an answer without any is the end.
            asked = min(wanted - len(entries) + hides, MAX_PAGE)
            last = entries[-1].place if entries else after
            found = self._entries(bucket, options, last, asked)
            if found and found[0].place <= last:
                stands_still("a page does not begin after the one before it")
            entries += found
            if not found:
                break
        if hides and self._begins_any(bucket, delimiter):
            entries.append(_Entry(subdir=delimiter))
            entries.sort(key=lambda entry: entry.place.encode())
        return entries[:wanted]

    def _begins_any(self, bucket: str, prefix: str) -> bool:
        return bool(self._entries(bucket, ListOptions(prefix=prefix), "", 1))

    def _entries(self, bucket: str, options: ListOptions, after: str, limit: int) -> list[_Entry]:
        answer = self._ask(self._session or self._log_in(), bucket, options, after, limit)
        if answer is None:  # The token has expired.
            answer = self._ask(self._log_in(), bucket, options, after, limit)
        if answer is None:
            raise _refused(bucket, 401, "AccessDenied")
        return _decode(answer)

    def _ask(self, session: tuple[str, str], bucket: str, options: ListOptions, after: str, limit: int) -> bytes | None:
        token, path = session
        query = {"format": "json", "limit": str(limit)}
        asked = {"prefix": options.prefix, "delimiter": options.delimiter, "marker": marker(after, options)}
        query.update({name: value for name, value in asked.items() if value})
        target = f"{path}/{bucket}?{urlencode(query, quote_via=quote)}"
        answer = self._client.open_unsigned("GET", target, {"x-auth-token": token})
        body = read_body(answer)
        if answer.status == 401:
            return None
        if answer.status not in _OK:
            raise _refused(bucket, answer.status)
        if not body:  # RGW writes a list that is empty too.
            raise incomplete_response("the response to a listing has no body")
        return body

    def _log_in(self) -> tuple[str, str]:
        with self._lock:
            headers = {"x-auth-user": self._user, "x-auth-key": self._secret.reveal()}
            answer = self._client.open_unsigned("GET", "/auth/v1.0", headers)
            read_body(answer)
            token, url = answer.headers.get("x-auth-token"), answer.headers.get("x-storage-url")
            if answer.status not in _OK or not token or not url:
                raise _refused("", answer.status, "AccessDenied")
            # Its host may be one that only the gateway knows; the path is what counts.
            self._session = (token, urlsplit(url).path.rstrip("/"))
            return self._session

    def _warn(self, code: str) -> None:
        if not self._warned:
            self._warned = True
            _log.warning(
                "the Swift API cannot be used (%s): content types are looked up object by object; see swift_user", code
            )


def _refused(bucket: str, status: int, code: str = "") -> S3ResponseError:
    return S3ResponseError(method="GET", bucket=bucket, key="", status=status, code=code, headers={})


def _page_of(entries: list[_Entry], options: ListOptions) -> ObjectPage:
    shown = entries[: options.limit]
    with reading("a page of objects"):
        objects = tuple([_info_of(entry) for entry in shown if entry.subdir is None])
    prefixes = tuple(entry.subdir for entry in shown if entry.subdir is not None)
    cursor = None
    if len(entries) > len(shown):
        cursor = encode_cursor(shown[-1].place)
    return ObjectPage(objects=objects, prefixes=prefixes, cursor=cursor)


def _info_of(entry: _Entry) -> ObjectInfo:
    if not entry.name:
        raise ValueError("an entry has no name")
    return ObjectInfo(
        key=entry.name,
        size_bytes=entry.bytes,
        etag=entry.hash,
        last_modified=_time_of(entry.last_modified),
        content_type=entry.content_type,
    )


def _time_of(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
