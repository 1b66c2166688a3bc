"""From text to a tree, with every error pointing at a character.

The text is data of strangers, so it is limited before the parser sees it: in length, in how deep groups and
negations are nested, and in how many terms it has. The parser (LALR) takes time linear in the length.
"""

from __future__ import annotations

import unicodedata
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from hyperhost.errors import QuerySyntaxError

from .grammar import EXPECTED, parser
from .tree import And, Boost, Not, Or, Phrase, Word
from .words import words

if TYPE_CHECKING:
    from lark.exceptions import UnexpectedInput

    from .tree import Node

__all__ = ["MAX_DEPTH", "MAX_LENGTH", "MAX_TERMS", "parse"]

MAX_LENGTH: Final = 4000
"""Characters of a query."""
MAX_TERMS: Final = 200
"""Words, phrases, prefixes, values and comparisons of a query."""
MAX_DEPTH: Final = 30
"""Groups and negations inside of each other."""
_TRUSTED: Final = 50
_DEEPER: Final = 10


def parse(text: str, *, trusted: bool = False) -> Node:
    """The tree of a query.

    Args:
        text: In the query language; an empty one means everything.
        trusted: It is one of the registry's own, such as a filter with what somebody may read, so it may be
            fifty times as long.

    Raises:
        QuerySyntaxError: it is no query. ``position`` says where, ``rule`` is ``syntax``, ``field``,
            ``value``, ``length``, ``depth``, ``terms`` or ``character``.
    """
    times = _TRUSTED if trusted else 1
    if len(text) > times * MAX_LENGTH:
        raise QuerySyntaxError(
            f"the query has {len(text):,} characters, and {times * MAX_LENGTH:,} are the most",
            position=times * MAX_LENGTH,
            rule="length",
            hint="ask for less at once",
        )
    return _parsed(text, times)


@lru_cache(256)  # a query is read by the operation, the plugins around it and the engine
def _parsed(text: str, times: int) -> Node:
    from lark.exceptions import UnexpectedInput

    from .building import Builder  # the parser library loads with the first query

    _check_characters(text)
    _check_depth(text, MAX_DEPTH if times == 1 else MAX_DEPTH + _DEEPER)
    try:
        # With the transformer inside, what the parser returns is a node.
        node: Node = parser(Builder).parse(text)  # type: ignore[assignment]
    except UnexpectedInput as error:
        raise _unexpected(text, error) from None
    if _terms_of(node) > times * MAX_TERMS:
        raise QuerySyntaxError(
            f"the query has {_terms_of(node):,} terms, and {times * MAX_TERMS:,} are the most",
            position=0,
            rule="terms",
            hint="ask for less at once",
        )
    return node


def _terms_of(node: Node) -> int:
    """How many words, phrases, values and comparisons a tree has."""
    match node:
        case And(items) | Or(items):
            return sum(map(_terms_of, items))
        case Not(item) | Boost(item):
            return _terms_of(item)
        case Word(text) | Phrase(text):
            return max(1, len(words(text)))
        case _:
            return 1


def _check_characters(text: str) -> None:
    if text.isprintable():
        return
    for place, each in enumerate(text):
        if each not in "\t\n\r" and unicodedata.category(each) in ("Cc", "Cs"):
            raise QuerySyntaxError(
                f"character {place + 1}: U+{ord(each):04X} is no character of a text",
                position=place,
                rule="character",
                hint="leave it out",
            )


def _check_depth(text: str, most: int) -> None:
    """Count groups and negations without the parser, which would build all of them first."""
    depth = negations = 0
    quoted = escaped = False
    for place, each in enumerate(text):
        if escaped or (quoted and each != '"'):
            escaped = quoted and each == "\\" and not escaped
            continue
        if each == '"':
            quoted = not quoted
        elif each == "(":
            depth += 1
        elif each == ")":
            depth -= 1
        negation = not quoted and (each == "-" or text.startswith("NOT", place))
        negations = negations + 1 if negation else negations if each in " OT(" else 0
        if depth + negations > most:
            raise QuerySyntaxError(
                f"character {place + 1}: groups and negations are nested deeper than {most}",
                position=place,
                rule="depth",
                hint="write it with fewer parentheses",
            )


def _unexpected(text: str, error: UnexpectedInput) -> QuerySyntaxError:
    """What the parser says, in words."""
    from lark.exceptions import UnexpectedCharacters, UnexpectedToken

    place, wanted = len(text), set[str]()
    if isinstance(error, UnexpectedToken):
        wanted = set(error.accepts or error.expected)
        if error.token.type != "$END":
            place = error.token.start_pos or 0
    elif isinstance(error, UnexpectedCharacters):
        place, wanted = error.pos_in_stream or 0, set(error.allowed or ())
    there = text[place : place + 1]
    expected = " or ".join(words for name, words in EXPECTED.items() if name in wanted) or "the end"
    if there == '"':
        problem, hint = "this quotation mark is never closed", 'close it with another "'
    elif there == ")" and "RPAR" not in wanted:
        problem, hint = (
            ("this ')' closes nothing", "leave it out")
            if text[:place].count(")") >= text[:place].count("(")
            else ("there is nothing before this ')'", f"expected {expected}")
        )
    elif not there:
        problem, hint = "the query ends too early", f"expected {expected}"
        if "RPAR" in wanted and place and text.count("(") > text.count(")"):
            problem, hint = "a '(' is never closed", f"expected {expected}"
    else:
        problem, hint = f"{there!r} cannot stand here", f"expected {expected}"
    return QuerySyntaxError(f"character {place + 1}: {problem}", position=place, expected=expected, hint=hint)
