"""A quoted value of a header is one value: nothing in it is a parameter."""

from __future__ import annotations

from urllib.parse import quote

import pytest
from bucketry_http.shared.errors import MalformedForm
from bucketry_http.shared.forms import extended_value, split_header
from hypothesis import given
from hypothesis import strategies as st

NAMES = st.text(st.characters(exclude_characters="\r\n", exclude_categories=("Cs", "Cc")), max_size=40) | st.lists(
    st.sampled_from(['"', "\\", ";", "=", " ", "filename*", "utf-8''evil", "%22", "name", "a", "*"]), max_size=12
).map("".join)


def as_browsers_do(name: str) -> str:
    """Source: HTML standard, "multipart/form-data encoding algorithm"."""
    return name.replace('"', "%22")


def as_old_clients_do(name: str) -> str:
    return name.replace("\\", "\\\\").replace('"', '\\"')


@given(NAMES)
def test_a_browser_s_file_name_is_one_parameter(name: str) -> None:
    written = as_browsers_do(name)
    word, parameters = split_header(f'Form-Data; name="f"; filename="{written}"')
    assert (word, parameters) == ("form-data", {"name": '"f"', "filename": f'"{written}"'})


@given(NAMES, st.sampled_from(["", '; x="y"', "; x=y", ";", " ; X = y"]))
def test_an_escaped_file_name_is_one_parameter(name: str, behind: str) -> None:
    written = as_old_clients_do(name)
    _, parameters = split_header(f'form-data;filename="{written}";name=f{behind}')
    assert parameters["filename"] == f'"{written}"'
    assert parameters.keys() - {"x"} == {"name", "filename"}


@given(st.text(max_size=100))
def test_any_header_is_read_or_refused(header: str) -> None:
    try:
        word, parameters = split_header(header)
    except MalformedForm:
        return
    assert word == word.strip().lower()
    assert all(name == name.lower() for name in parameters)


@given(st.text(max_size=40), st.sampled_from(["UTF-8", "utf-8", "Utf-8"]), st.sampled_from(["", "en", "de-DE"]))
def test_an_extended_value_is_what_was_written(text: str, charset: str, language: str) -> None:
    assert extended_value(f"{charset}'{language}'{quote(text, safe='', errors='surrogatepass')}") == text


@pytest.mark.parametrize(
    "value", ["", "a", "utf-8'a", "iso-8859-1''a", "''a", "utf-8''%FF", "utf-8''%ED%A0%80", "utf-8''é"]
)
def test_an_extended_value_that_is_no_utf_8_is_refused(value: str) -> None:
    with pytest.raises(MalformedForm):
        extended_value(value)


@pytest.mark.parametrize(
    "header", ["a; b=1; B=2", 'a; b="', 'a; b="c', 'a; b="c"d', "a; b c", "a; =b", 'a; b=c="', 'a; "b"=c', "a; é=b"]
)
def test_what_is_not_clear_is_refused(header: str) -> None:
    with pytest.raises(MalformedForm):
        split_header(header)


@pytest.mark.parametrize("header", ["a", "A ", "a;", "a; ;", "a;\t", "a ; "])
def test_a_word_alone(header: str) -> None:
    assert split_header(header) == ("a", {})
