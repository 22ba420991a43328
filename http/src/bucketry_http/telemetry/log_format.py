"""All other lines of the log: as JSON, with the id of the request that they belong to, and without keys if wanted."""

from __future__ import annotations

import logging
import time
from typing import Any, Final
from urllib.parse import quote

from bucketry.redaction import redacted
from pythonjsonlogger.msgspec import MsgspecFormatter
from typing_extensions import override

from bucketry_http.shared.record import record_of_call
from bucketry_http.telemetry.access_log import HIDDEN
from bucketry_http.telemetry.shown import json_of_lines

_NAMES: Final = {"levelname": "level", "name": "logger", "asctime": "time", "exc_info": "exception"}
_SHORTEST: Final = 3
"""Shorter keys are not searched for: they would be found in ordinary words."""


class JsonFormatter(MsgspecFormatter):
    """Formats records as JSON objects, with times in UTC as the access log has them."""

    def __init__(self, worker: int = 0) -> None:
        """Makes it.

        Args:
            worker: The number of this process, which each line has; 0: no line has one.
        """
        fields = {"worker": worker} if worker else {}
        super().__init__(["asctime", "levelname", "name", "message"], rename_fields=_NAMES, static_fields=fields)

    @override
    def jsonify_log_record(self, log_data: dict[str, Any]) -> str:
        return json_of_lines(super().jsonify_log_record(log_data).encode()).decode()

    @override
    def formatTime(self, record: logging.LogRecord, datefmt: str | None = None) -> str:
        return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created)) + f".{record.msecs:03.0f}Z"

    @override
    def formatException(self, ei: Any) -> str:
        # A handler's filter redacts the text that the record keeps, and this formatter makes it anew.
        return redacted(logging.Formatter.formatException(self, ei))


class RequestFilter(logging.Filter):
    """Adds the id of the request that is served to each record, and hides its key.

    Put it behind the filter that redacts (`bucketry.redaction.RedactingFilter`), which leaves messages as they are
    unless they hold a secret.
    """

    def __init__(self, *, keys: bool) -> None:
        """Makes it.

        Args:
            keys: Whether keys are shown.
        """
        super().__init__()
        self._keys = keys

    @override
    def filter(self, record: logging.LogRecord) -> bool:
        request = record_of_call()
        if request is None:
            return True
        record.request_id = request.id
        if not self._keys:
            for key in (request.key, *request.keys):
                _hide(record, key)
        return True


def _hide(record: logging.LogRecord, key: str) -> None:
    if len(key) < _SHORTEST:
        return
    if record.exc_info and not record.exc_text:
        record.exc_text = redacted(logging.Formatter().formatException(record.exc_info))
    record.exc_info = None
    message = record.getMessage()
    for form in sorted({key, quote(key), quote(key, safe=""), repr(key)[1:-1]}, key=len, reverse=True):
        message = message.replace(form, HIDDEN)
        record.exc_text = record.exc_text and record.exc_text.replace(form, HIDDEN)
    record.msg, record.args = message, None
