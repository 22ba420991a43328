"""Responses that an HTTP/1.0 client can read: it knows no chunks (RFC 9112, 6.1)."""

from __future__ import annotations

from typing import Any

from uvicorn.protocols.http.httptools_impl import RequestResponseCycle


def without_chunks(app: Any, cycle: RequestResponseCycle) -> Any:
    """Returns an application whose response ends with the connection where it does not say how long it is.

    uvicorn would send chunks. Its state is set as if the response had a length, which grows with each piece.

    Args:
        app: The application.
        cycle: uvicorn's state of the request.
    """

    async def application(scope: Any, receive: Any, send: Any) -> None:
        until_end = False

        async def send_plain(message: Any) -> None:
            nonlocal until_end
            if message["type"] == "http.response.start":
                names = {name.lower() for name, _ in message.get("headers", [])}
                until_end = b"content-length" not in names
                if until_end:
                    cycle.chunked_encoding = False
            elif until_end:
                cycle.expected_content_length = len(message.get("body", b""))
            await send(message)

        await app(scope, receive, send_plain)

    return application
