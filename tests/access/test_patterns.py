"""Wildcards and policy variables."""

from __future__ import annotations

import re
from time import process_time

import pytest
from bucketry_access import InvalidPolicy
from bucketry_access.patterns import Pattern, parse_pattern
from hypothesis import given
from hypothesis import strategies as st

SMALL = st.text("ab?*", max_size=8)
TEXT = st.text("ab", max_size=10)


def pattern(text: str) -> Pattern:
    return parse_pattern(text, wildcards=True, variables=True)


def nothing(_: str) -> None:
    return None


def as_regex(text: str) -> re.Pattern[str]:
    return re.compile("".join({"*": ".*", "?": "."}.get(char, re.escape(char)) for char in text), re.DOTALL)


@given(SMALL, TEXT)
def test_a_pattern_means_what_the_regular_expression_means(text: str, tried: str) -> None:
    assert pattern(text).matches(tried, nothing) == (as_regex(text).fullmatch(tried) is not None)


@given(st.text("ab?", min_size=30, max_size=70), st.text("ab", max_size=5), st.integers(0, 80))
def test_a_long_part_of_a_pattern_means_the_same(part: str, around: str, wrong: int) -> None:
    found = around + part.replace("?", "b") + around
    for tried in (found, found[:wrong] + "b" + found[wrong + 1 :]):
        text = f"*{part}*"
        assert pattern(text).matches(tried, nothing) == (as_regex(text).fullmatch(tried) is not None)


@given(SMALL, st.text("ab", max_size=4), st.text("ab", max_size=6))
def test_a_pattern_may_begin_with_what_any_of_its_texts_begins_with(text: str, prefix: str, rest: str) -> None:
    if pattern(text).matches(prefix + rest, nothing):
        assert pattern(text).may_begin_with(prefix)


@pytest.mark.parametrize(
    ("text", "prefix", "possible"),
    [
        ("assets", "assets/", False),
        ("assets*", "assets/", True),
        ("ass?ts/x", "assets/", True),
        ("b*", "assets/", False),
    ],
)
def test_a_prefix_is_possible(text: str, prefix: str, possible: bool) -> None:
    assert pattern(text).may_begin_with(prefix) == possible


def test_characters_of_a_pattern_are_literal_but_for_wildcards() -> None:
    assert pattern("a.[b]+(c)\n*").matches("a.[b]+(c)\nrest", nothing)
    assert not pattern("a.b").matches("axb", nothing)


def test_a_wildcard_of_a_policy_stands_for_slashes_too() -> None:
    assert pattern("assets/*.jpg").matches("assets/a/b/c.jpg", nothing)


@pytest.mark.parametrize(
    ("text", "tried", "fits"),
    [
        ("home/${aws:username}/*", "home/bob/x", True),
        ("home/${aws:username}/*", "home/alice/x", False),
        ("home/${ aws:UserName }/*", "home/bob/x", True),
        ("home/${aws:userid, 'nobody'}", "home/nobody", True),
        ("home/${aws:userid}", "home/", None),
        ("${*}${?}${$}", "*?$", True),
        ("${*}", "x", False),
    ],
)
def test_variables(text: str, tried: str, fits: bool | None) -> None:
    assert pattern(text).matches(tried, {"aws:username": "bob"}.get) == fits


def test_a_wildcard_in_the_value_of_a_variable_means_itself() -> None:
    assert not pattern("home/${aws:username}/x").matches("home/alice/x", lambda _: "*")
    assert pattern("home/${aws:username}/x").matches("home/*/x", lambda _: "*")


def test_old_policies_have_no_variables() -> None:
    assert parse_pattern("${aws:username}", wildcards=True, variables=False).matches("${aws:username}", nothing)


@pytest.mark.parametrize("text", ["${aws:username", "${aws:username, nobody}", "${aws:username, 'nobody}", "${a,}"])
def test_a_malformed_variable_is_refused(text: str) -> None:
    with pytest.raises(InvalidPolicy):
        pattern(text)


@pytest.mark.parametrize(
    ("text", "tried"),
    [
        ("*a" * 5_000 + "b", "a" * 8_000),
        ("*a?" * 5_000 + "b", "a" * 8_000),
        ("a?" * 5_000 + "*" + "?a" * 3_000, "a" * 8_000),
        ("*" + "?" * 4_000 + "b*c", "a" * 8_000),
        ("*" * 20_000, "a" * 8_000),
        ("${aws:username}" * 1_300 + "x", "a" * 8_000),
    ],
)
def test_no_pattern_takes_long(text: str, tried: str) -> None:
    begun = process_time()
    pattern(text).matches(tried, lambda _: "a" * 8_000)
    pattern(text).may_begin_with("a" * 63 + "/")
    assert process_time() - begun < 2


def test_no_policy_of_many_patterns_takes_long() -> None:
    """A policy has room for so many, and a request for so long a value."""
    patterns = [pattern(f"*?{letter}?z*") for letter in "bcdefghij" * 250]
    begun = process_time()
    assert not any(one.matches("a" * 8_000, nothing) for one in patterns)
    assert process_time() - begun < 1.5
