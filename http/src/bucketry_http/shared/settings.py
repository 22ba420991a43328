"""Settings that both ports have."""

from __future__ import annotations

import msgspec
from bucketry import InvalidSettings
from bucketry.features import MIB


class PortSettings(msgspec.Struct, frozen=True, kw_only=True):
    """Limits on calls and bodies. The defaults suit a server with a handful of cores.

    Attributes:
        call_threads: Most calls of a blocking driver at a time. Such a call lists, deletes, asks for the status, stores
            a body of up to `inline_body_bytes`, or reads the next MiB of a download. No such call waits for a client.
        transfer_threads: Most larger bodies on their way to a driver at a time. Each of them holds a thread to its end.
        inline_body_bytes: Largest body that is read first and then stored in one call, in bytes.
        buffer_bytes: How much of a larger body waits in memory for its driver, in bytes.
        idle_seconds: How long the server waits for the next bytes of a request's body, in seconds. Over any such time
            of waiting, a client must also send at least 1 KiB a second.
        wait_seconds: How long a request waits for a thread, in seconds. After that the response is 503.
        max_list_bytes: Longest list of keys, parts or lifecycle rules in a body, in bytes. A delete of 1,000 keys of
            1,024 bytes has about 6 MiB if each byte is escaped.

    Raises:
        InvalidSettings: A limit whose name begins with ``max_`` is less than 1.
    """

    call_threads: int = 64
    transfer_threads: int = 32
    inline_body_bytes: int = MIB
    buffer_bytes: int = 4 * MIB
    idle_seconds: float = 30.0
    wait_seconds: float = 10.0
    max_list_bytes: int = 8 * MIB

    def __post_init__(self) -> None:
        for name in self.__struct_fields__:
            if name.startswith("max_") and getattr(self, name) < 1:
                raise InvalidSettings(f"{name} is {getattr(self, name)}: a limit is at least 1")
