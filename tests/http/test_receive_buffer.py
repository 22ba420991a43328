"""No slice of what a client sent holds the end of one request and more, however that came in pieces."""

from __future__ import annotations

import pytest
from bucketry_http.server.receive_buffer import ReceiveBuffer

_NEXT = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"
_CHUNKS = b"5\r\nhello\r\n" + b"1f\r\n" + b"\r\n\r\n0\r\n\r\n" * 3 + b"0123" + b"\r\n" + b"0A\r\n0123456789\r\n"


@pytest.mark.parametrize("end", [b"0\r\n\r\n", b"000\r\n\r\n", b"0;a=b\r\n\r\n", b"0\r\nA: 1\r\nB: 2\r\n\r\n"])
@pytest.mark.parametrize("middle", [b"", b"3;a=b\r\n\r\n0\r\n", b"00000000003\r\nabc\r\n"])
def test_slices_end_where_a_chunked_body_ends(middle: bytes, end: bytes) -> None:
    body = _CHUNKS + middle + _CHUNKS + end
    sent = body + _NEXT
    for cut in range(1, len(sent)):
        unparsed, taken = ReceiveBuffer(), b""
        for piece in (sent[:cut], sent[cut:]):
            unparsed.add(piece)
            while unparsed.left:
                begun = len(taken)
                taken += bytes(unparsed.take_chunks(16))
                assert not begun < len(body) < len(taken)
                assert begun < len(taken)
        assert taken == sent


def test_a_large_chunk_is_one_slice() -> None:
    unparsed, content = ReceiveBuffer(), b"\r\n\r\n" * 50_000
    unparsed.add(b"%x\r\n%b" % (len(content), content[:150_000]))
    assert len(unparsed.take_chunks(16)) == 150_007
    unparsed.add(content[150_000:] + b"\r\n1\r\na\r\n")
    assert len(unparsed.take_chunks(16)) == 50_002
    unparsed.begin_chunks()
    assert bytes(unparsed.take_chunks(16)) == b"1\r\na\r\n"
