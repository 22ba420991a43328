"""Decoding with msgspec, safe in threads.

msgspec finds out what a type is like when it is used first. Another thread that uses it at that moment crashes the
process (seen with msgspec 0.22.0). So all decoding goes through here, where one thread at a time makes decoders.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from typing import Any, Final, TypeVar, overload

import msgspec

T = TypeVar("T")

Text = bytes | str | msgspec.Raw


class _Making:
    """Held by the thread that makes a decoder. Decoding hooks may make others.

    A process does not fork meanwhile: what another thread has found out of a type until then would stay half of it in
    the child, and crash that.
    """

    def __init__(self) -> None:
        self.lock = threading.RLock()

    def wait(self) -> None:
        """Waits before a fork until no other thread makes a decoder."""
        self.lock.acquire()

    def go_on(self) -> None:
        """Goes on after a fork."""
        self.lock.release()

    def renew(self) -> None:
        """Makes the lock anew in the child, where no thread waits for it any more."""
        self.lock = threading.RLock()


_making: Final = _Making()
_of_json: Final[dict[Any, msgspec.json.Decoder[Any]]] = {}
_of_msgpack: Final[dict[Any, msgspec.msgpack.Decoder[Any]]] = {}


if hasattr(os, "register_at_fork"):  # Windows does not fork.
    os.register_at_fork(before=_making.wait, after_in_parent=_making.go_on, after_in_child=_making.renew)


@overload
def json_decoder(kind: type[T]) -> msgspec.json.Decoder[T]: ...
@overload
def json_decoder(kind: Any) -> msgspec.json.Decoder[Any]: ...
def json_decoder(kind: Any) -> msgspec.json.Decoder[Any]:
    """Returns the decoder of a type, which is made once."""
    found = _of_json.get(kind)
    if found is None:
        with _making.lock:
            found = _of_json[kind] = msgspec.json.Decoder(kind)
    return found


@overload
def msgpack_decoder(kind: type[T]) -> msgspec.msgpack.Decoder[T]: ...
@overload
def msgpack_decoder(kind: Any) -> msgspec.msgpack.Decoder[Any]: ...
def msgpack_decoder(kind: Any) -> msgspec.msgpack.Decoder[Any]:
    """Returns the decoder of a type, which is made once."""
    found = _of_msgpack.get(kind)
    if found is None:
        with _making.lock:
            found = _of_msgpack[kind] = msgspec.msgpack.Decoder(kind)
    return found


@overload
def from_json(content: Text, kind: type[T]) -> T: ...
@overload
def from_json(content: Text, kind: Any = Any) -> Any: ...
def from_json(content: Text, kind: Any = Any) -> Any:
    """Decodes JSON.

    Args:
        content: The document.
        kind: What it must be; by default whatever JSON has.

    Raises:
        msgspec.DecodeError: It is no JSON, or something else.
        UnicodeDecodeError: It is not UTF-8.
        RecursionError: It is nested too deeply.
    """
    return json_decoder(kind).decode(content)


@overload
def from_msgpack(content: bytes, kind: type[T]) -> T: ...
@overload
def from_msgpack(content: bytes, kind: Any = Any) -> Any: ...
def from_msgpack(content: bytes, kind: Any = Any) -> Any:
    """Decodes MessagePack.

    Args:
        content: The document.
        kind: What it must be.

    Raises:
        msgspec.DecodeError: It is no MessagePack, or something else.
    """
    return msgpack_decoder(kind).decode(content)


Hook = Callable[[type, Any], Any]


@overload
def convert(values: object, kind: type[T], *, strict: bool = True, dec_hook: Hook | None = None) -> T: ...
@overload
def convert(values: object, kind: Any, *, strict: bool = True, dec_hook: Hook | None = None) -> Any: ...
def convert(values: object, kind: Any, *, strict: bool = True, dec_hook: Hook | None = None) -> Any:
    """Converts plain values, as files of settings hold them, into a type.

    Args:
        values: The values.
        kind: The type.
        strict: Whether a text is not taken for a number.
        dec_hook: Converts what msgspec does not know; gets the type and the value.

    Raises:
        msgspec.ValidationError: They do not fit.
    """
    with _making.lock:
        return msgspec.convert(values, kind, strict=strict, dec_hook=dec_hook)
