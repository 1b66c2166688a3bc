"""The grammar of the query language, for the parser library, and its parser."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from lark import Lark, Transformer

__all__ = ["EXPECTED", "GRAMMAR", "parser"]

GRAMMAR: Final = r"""
start: any_of?
any_of: all_of (_OR all_of)*
all_of: one (_AND? one)*
?one: (MINUS | NOT) one -> negated
    | atom BOOST        -> boosted
    | atom
?atom: LPAR any_of RPAR -> group
    | FIELD OP values   -> clause
    | WORD FUZZY?       -> word
    | PHRASE            -> phrase
values: value (_COMMA value)*
value: VALUE FUZZY? | PHRASE

_OR.5: /OR(?=[\s("]|$)/
_AND.5: /AND(?=[\s("]|$)/
NOT.5: /NOT(?=[\s("]|$)/
MINUS.5: /-(?=\S)/
FIELD.4: /[^\s()"~^,:=<>!-][^\s()"~^,:=<>!]*(?=\s*(?::|!=|=|<|>))/
OP.3: /:|!=|>=|<=|=|<|>/
FUZZY.4: /(?<=\S)~[0-9]*/
BOOST.4: /(?<=\S)\^[0-9.]*/
_COMMA.4: ","
LPAR.4: "("
RPAR.4: ")"
PHRASE.4: /"(?:[^"\\]|\\.)*"/s
VALUE: /[^\s()"~^,]+/
WORD: /[^\s()"~^,:=<>!-][^\s()"~^:=<>]*/

%ignore /\s+/
"""

EXPECTED: Final = {
    "WORD": "a word",
    "VALUE": "a value",
    "PHRASE": 'a phrase in "…"',
    "LPAR": "'('",
    "RPAR": "')'",
    "OP": "one of : = != < <= > >=",
}
"""What to call the terminals of which one was expected; the others go without saying."""


@cache
def parser(transformer: type[Transformer]) -> Lark:  # type: ignore[type-arg]  # what it returns is its own matter
    """The parser, made once; any number of threads may use it, as the transformer keeps nothing."""
    from lark import Lark

    return Lark(
        GRAMMAR, parser="lalr", lexer="contextual", transformer=transformer(), maybe_placeholders=False
    )
