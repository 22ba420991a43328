"""Texts of a policy with wildcards and variables.

Matching takes time in proportion to the text, whatever the pattern: no pattern makes it explode.

Source: IAM user guide, "IAM policy elements: Variables and tags" and "Condition operators" (wildcards).
"""

from __future__ import annotations

import enum
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Final, NamedTuple, final

from bucketry_access.errors import InvalidPolicy


class Wildcard(enum.Enum):
    """A part of a pattern that is not a literal."""

    STAR = "*"
    ANY = "?"


class Variable(NamedTuple):
    """A policy variable: ``${aws:username}``, or ``${aws:username, 'nobody'}`` with a default."""

    key: str
    default: str | None


Token = str | Wildcard | Variable

Lookup = Callable[[str], str | None]
"""Returns the value of a condition key in a request; ``None``: the request has none, or several."""

_ESCAPED: Final = {"*": "*", "?": "?", "$": "$"}
_SHORT: Final = 32
"""Longest segment that a regular expression finds, in characters. It takes that many steps for each place at most."""

_QUOTES: Final = ("'", '"')


@final
class Segment:
    """Characters of a pattern between two ``*``. Some of them may be ``?``."""

    __slots__ = ("_masks", "_others", "_short", "chars", "literal")

    def __init__(self, chars: Sequence[str | Wildcard]) -> None:
        self.chars = tuple(chars)
        self.literal = None if Wildcard.ANY in self.chars else "".join(char for char in chars if isinstance(char, str))
        self._short: re.Pattern[str] | None = None
        self._masks: dict[str, int] = {}
        self._others = 0
        if self.literal is None and len(self.chars) > _SHORT:
            self._others = sum(1 << at for at, char in enumerate(self.chars) if char is Wildcard.ANY)
            for at, char in enumerate(self.chars):
                if isinstance(char, str):
                    self._masks[char] = self._masks.get(char, self._others) | 1 << at

    def fits(self, text: str, start: int) -> bool:
        """Says whether the text has the segment at a place."""
        if self.literal is not None:
            return text.startswith(self.literal, start)
        if len(text) - start < len(self.chars):
            return False
        return all(char is Wildcard.ANY or char == text[start + at] for at, char in enumerate(self.chars))

    def find(self, text: str, start: int, stop: int) -> int:
        """Returns where the first occurrence between two places ends; -1: there is none."""
        if self.literal is not None:
            found = text.find(self.literal, start, stop)
            return found if found < 0 else found + len(self.literal)
        if len(self.chars) <= _SHORT:
            if self._short is None:
                # Characters and dots alone: nothing in it can make it go back.
                regex = "".join(re.escape(char) if isinstance(char, str) else "." for char in self.chars)
                self._short = re.compile(regex, re.DOTALL)
            match = self._short.search(text, start, stop)
            return -1 if match is None else match.end()
        # Shift-and (Baeza-Yates and Gonnet, 1992): bit n says that the n + 1 first characters fit up to here.
        state, whole = 0, 1 << len(self.chars) - 1
        for at in range(start, stop):
            state = (state << 1 | 1) & self._masks.get(text[at], self._others)
            if state & whole:
                return at + 1
        return -1


@final
class Glob:
    """A pattern without variables: literals, ``*`` and ``?``."""

    __slots__ = ("_segments",)

    def __init__(self, tokens: Iterable[str | Wildcard]) -> None:
        segments: list[list[str | Wildcard]] = [[]]
        for token in tokens:
            if token is Wildcard.STAR:
                segments.append([])
            elif token is Wildcard.ANY:
                segments[-1].append(token)
            else:
                segments[-1].extend(token)
        first, *middle = segments
        last = middle.pop() if middle else None
        self._segments = (
            Segment(first),
            [Segment(chars) for chars in middle if chars],
            None if last is None else Segment(last),
        )

    def matches(self, text: str) -> bool:
        """Says whether the pattern stands for the whole text."""
        first, middle, last = self._segments
        if last is None:
            return len(text) == len(first.chars) and first.fits(text, 0)
        at, stop = len(first.chars), len(text) - len(last.chars)
        if at > stop or not first.fits(text, 0) or not last.fits(text, stop):
            return False
        for segment in middle:
            at = segment.find(text, at, stop)
            if at < 0:
                return False
        return True


@final
class Pattern:
    """A text of a policy, with wildcards and variables.

    Attributes:
        text: The text as the policy has it.
        tokens: What it consists of.
        variables: The condition keys of its variables, in lower case.
    """

    __slots__ = ("_glob", "_literal", "text", "tokens", "variables")

    def __init__(self, text: str, tokens: tuple[Token, ...]) -> None:
        self.text = text
        self.tokens = tokens
        self.variables = tuple(token.key for token in tokens if isinstance(token, Variable))
        self._glob = None if self.variables else Glob(_plain(tokens))
        self._literal = "".join(_literals(tokens)) if all(isinstance(token, str) for token in tokens) else None

    @property
    def is_fixed(self) -> bool:
        """Whether it has neither a wildcard nor a variable."""
        return self._literal is not None

    def matches(self, text: str, lookup: Lookup) -> bool | None:
        """Says whether the pattern stands for the whole text; ``None``: the request lacks a variable of it."""
        if self._literal is not None:
            return text == self._literal
        if self._glob is not None:
            return self._glob.matches(text)
        return self._matches_resolved(text, lookup)

    def _matches_resolved(self, text: str, lookup: Lookup) -> bool | None:
        """Puts the values of the variables in, in which a wildcard means itself."""
        resolved: list[str | Wildcard] = []
        length = 0
        for token in self.tokens:
            if isinstance(token, Wildcard):
                resolved.append(token)
                continue
            literal = _value_of(token, lookup)
            if literal is None:
                return None
            length += len(literal)
            if length > len(text):
                # Many variables with long values cost no more than the text is long.
                return False
            resolved.append(literal)
        return Glob(resolved).matches(text)

    def covers(self, prefix: str) -> bool:
        """Says whether the pattern stands for every text that begins with a prefix, whatever the request is like."""
        return self._glob is not None and self.tokens[-1:] == (Wildcard.STAR,) and self._glob.matches(prefix)

    def may_begin_with(self, prefix: str) -> bool:
        """Says whether the pattern stands for any text that begins with a prefix."""
        chars = list(_characters(self.tokens))
        places = _with_stars({0}, chars)
        for char in prefix:
            places = _with_stars(set(_after(places, chars, char)), chars)
        return bool(places)


def _value_of(token: str | Variable, lookup: Lookup) -> str | None:
    if isinstance(token, str):
        return token
    value = lookup(token.key)
    return token.default if value is None else value


def _plain(tokens: Iterable[Token]) -> Iterator[str | Wildcard]:
    for token in tokens:
        if not isinstance(token, Variable):
            yield token


def _literals(tokens: Iterable[Token]) -> Iterator[str]:
    return (token for token in tokens if isinstance(token, str))


def _characters(tokens: Iterable[Token]) -> Iterator[str | Wildcard]:
    after_star = False
    for token in tokens:
        if isinstance(token, str):
            yield from token
        elif token is Wildcard.ANY:
            yield token
        elif not after_star:
            # A variable may have any value.
            yield Wildcard.STAR
        after_star = not isinstance(token, str) and token is not Wildcard.ANY


def _with_stars(places: set[int], chars: Sequence[str | Wildcard]) -> set[int]:
    """Returns the places with those that a ``*`` for no character leads to."""
    reached = set(places)
    for place in places:
        at = place
        while at < len(chars) and chars[at] is Wildcard.STAR:
            at += 1
            reached.add(at)
    return reached


def _after(places: Iterable[int], chars: Sequence[str | Wildcard], char: str) -> Iterator[int]:
    for place in places:
        if place < len(chars):
            if chars[place] is Wildcard.STAR:
                yield place
            elif chars[place] is Wildcard.ANY or chars[place] == char:
                yield place + 1


def parse_pattern(text: str, *, wildcards: bool, variables: bool) -> Pattern:
    """Parses a text of a policy.

    Args:
        text: The text.
        wildcards: Whether ``*`` and ``?`` stand for other characters.
        variables: Whether it may have variables. Policies of version 2008-10-17 have none.

    Raises:
        InvalidPolicy: A variable is malformed.
    """
    tokens: list[Token] = []
    at = 0
    while at < len(text):
        if variables and text.startswith("${", at):
            end = text.find("}", at)
            if end < 0:
                raise InvalidPolicy("Invalid policy syntax.")
            tokens.append(_variable(text[at + 2 : end]))
            at = end + 1
            continue
        if wildcards and text[at] in "*?":
            wildcard = Wildcard(text[at])
            if wildcard is Wildcard.ANY or tokens[-1:] != [Wildcard.STAR]:
                tokens.append(wildcard)
            at += 1
            continue
        stop = _literal_end(text, at, wildcards=wildcards, variables=variables)
        tokens.append(text[at:stop])
        at = stop
    return Pattern(text, tuple(_joined(tokens)))


def _literal_end(text: str, start: int, *, wildcards: bool, variables: bool) -> int:
    ends = [text.find(mark, start + 1) for mark in (("*", "?") if wildcards else ())]
    if variables:
        ends.append(text.find("${", start + 1))
    return min((end for end in ends if end > 0), default=len(text))


def _variable(text: str) -> Token:
    """Returns what stands between ``${`` and ``}``: a variable or an escaped character."""
    if text in _ESCAPED:
        return _ESCAPED[text]
    name, comma, rest = text.partition(",")
    default = rest.strip()
    if comma:
        if len(default) < 2 or default[0] not in _QUOTES or default[-1] != default[0]:
            raise InvalidPolicy("Invalid policy syntax.")
        default = default[1:-1]
    key, slash, tag = name.strip().partition("/")
    return Variable(key.lower() + slash + tag, default if comma else None)


def _joined(tokens: Iterable[Token]) -> Iterator[Token]:
    """Yields the tokens with neighbouring literals joined."""
    literal = ""
    for token in tokens:
        if isinstance(token, str):
            literal += token
            continue
        if literal:
            yield literal
            literal = ""
        yield token
    if literal:
        yield literal
