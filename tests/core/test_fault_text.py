"""A fault's text form."""

from __future__ import annotations

import pytest
from bucketry import InvalidArgument
from bucketry.hookspecs import OPERATIONS
from bucketry.layers import Fault
from bucketry.layers._faults import ERRORS, STREAMING
from hypothesis import given
from hypothesis import strategies as st


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("put_object:throttled:nth=3", Fault(operation="put_object", error="throttled", first=3, last=3)),
        ("put_object:throttled:nth=3-5", Fault(operation="put_object", error="throttled", first=3, last=5)),
        ("put_object:throttled:nth=3-", Fault(operation="put_object", error="throttled", first=3)),
        ("get_object:torn:after=1000", Fault(operation="get_object", torn=True, after=1000)),
        ("*:latency=0.2", Fault(latency=0.2)),
        ("list_*:latency=2:unavailable", Fault(operation="list_*", latency=2, error="unavailable")),
        ("*:probability=.5:no_such_key:bucket=b", Fault(probability=0.5, error="no_such_key", bucket="b")),
        ("*:throttled:prefix=a:b=c:prefix=d", Fault(error="throttled", prefix="a:b=c:prefix=d")),
    ],
)
def test_it_says_what_the_struct_says(text: str, fault: Fault) -> None:
    assert Fault.parse(text) == fault
    assert Fault.parse(str(fault)) == fault


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "no operation ''"),
        ("put_object", "needs an effect"),
        ("put_objet:throttled", "no operation 'put_objet' .*put_object"),
        ("put_object,nothing:throttled", "no operation"),
        ("head_object:torn", r"there are: get_object, put_object, upload_part"),
        ("*:slow", "'slow' is not an effect.*throttled"),
        ("*:throttled:unavailable", "'unavailable' comes after another error"),
        ("*:throttled:nth=1:nth=2", "comes after another first"),
        ("*:throttled:nth=0", "nth=0 cannot be read"),
        ("*:throttled:nth=-3", "cannot be read"),
        ("*:throttled:nth=5-3", "does not end before it begins"),
        ("*:throttled:nth=x", "cannot be read"),
        ("*:throttled:color=red", "'color' is not known.*nth"),
        ("*:throttled:probability=2", "0 to 1"),
        ("*:throttled:probability=nan", "0 to 1"),
        ("*:throttled:bucket=", "bucket's name"),
        ("*:latency=-1", "0 to 3600"),
        ("*:latency=inf", "0 to 3600"),
        ("*:latency=fast", "cannot be read"),
        ("*:latency=0", "needs an effect"),
        ("*:throttled:after=5", "goes with torn"),
        ("get_object:torn:after=-5", "0 or more"),
        ("*:invalid_driver", "not an effect"),
    ],
)
def test_what_cannot_be_read_is_refused_with_the_reason(text: str, reason: str) -> None:
    with pytest.raises(InvalidArgument, match=reason) as caught:
        Fault.parse(text)
    assert repr(text) in str(caught.value)


def test_an_unknown_error_is_refused() -> None:
    with pytest.raises(InvalidArgument, match=r"no error 'teapot' \(there are: access_denied"):
        Fault(error="teapot")


NAMES = st.text("abcdefghij-.", min_size=1, max_size=10)
WHEN = {
    "error": st.sampled_from(sorted(ERRORS)),
    "latency": st.floats(0, 3600),
    "probability": st.floats(0, 1),
    "bucket": st.none() | NAMES,
    "prefix": st.text(max_size=10),
}


@given(
    st.lists(st.sampled_from(sorted({*OPERATIONS, "*", "list_*"})), min_size=1, max_size=3).map(",".join),
    st.fixed_dictionaries(WHEN),
    st.integers(1, 10**9),
    st.none() | st.integers(0, 10**9),
)
def test_every_fault_comes_back_from_its_text(
    operation: str, when: dict[str, object], first: int, more: int | None
) -> None:
    last = None if more is None else first + more
    fault = Fault(operation=operation, first=first, last=last, **when)  # type: ignore[arg-type]
    assert Fault.parse(str(fault)) == fault


@given(st.sampled_from(sorted(STREAMING)), st.none() | st.integers(0, 10**12))
def test_every_torn_stream_comes_back_from_its_text(operation: str, after: int | None) -> None:
    fault = Fault(operation=operation, torn=True, after=after)
    assert Fault.parse(str(fault)) == fault
