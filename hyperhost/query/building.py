"""From what the parser has found to the nodes of the tree: fields, types of values, limits of numbers."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final, NoReturn

from lark import Token, Transformer

from hyperhost.contracts.moments import MomentError, parse_moment
from hyperhost.errors import QuerySyntaxError

from .fields import FIELDS, Field, FieldKind, nearest
from .tree import And, Boost, Compare, Everything, Exact, Fuzzy, Node, Not, Or, Phrase, Prefix, Word
from .words import folded, words

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

__all__ = ["MAX_BOOST", "Builder"]

MAX_BOOST: Final = 100.0
_NUMBER: Final = re.compile(r"[+-]?\d{1,15}(?:\.\d{1,9})?", re.ASCII)
_DAY: Final = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_DAY_US: Final = 86_400_000_000
_LATEST: Final = (datetime(9999, 12, 30, tzinfo=UTC) - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(
    microseconds=1
)


class Builder(Transformer[Token, Node]):
    """Called by the parser for each rule that it has read, innermost first."""

    def start(self, children: list[Node]) -> Node:
        """The whole."""
        return children[0] if children else Everything()

    def any_of(self, children: list[Node]) -> Node:
        """``a OR b``."""
        return _joined(Or, children)

    def all_of(self, children: list[Node]) -> Node:
        """``a b``, ``a AND b``."""
        return _joined(And, children)

    def group(self, children: list[Any]) -> Node:
        """``(…)``."""
        node: Node = children[1]
        return node

    def negated(self, children: list[Any]) -> Node:
        """``-a``, ``NOT a``."""
        return Not(children[1])

    def boosted(self, children: list[Any]) -> Node:
        """``a^2``."""
        node, token = children
        try:
            factor = float(token[1:])
        except ValueError:
            factor = 0.0
        if not 0 < factor <= MAX_BOOST:
            _fail(
                token,
                f"{str(token)[:10]!r} is no boost",
                f"write ^ and a number up to {MAX_BOOST:g}",
                "value",
            )
        return Boost(node, factor)

    def word(self, children: list[Token]) -> Node:
        """A word without a field."""
        if str(children[0]) in ("AND", "OR", "NOT"):
            _fail(
                children[0], f"{children[0]} joins nothing here", f'for the word itself write "{children[0]}"'
            )
        return _text_node(children[0], children[1:], "")

    def phrase(self, children: list[Token]) -> Node:
        """A phrase without a field."""
        return Phrase(_unquoted(children[0]))

    def value(self, children: list[Token]) -> tuple[Token, list[Token]]:
        """A value of a field, with the mark of a fuzzy one."""
        return children[0], children[1:]

    def values(self, children: list[Any]) -> list[Any]:
        """``a,b``."""
        return children

    def clause(self, children: list[Any]) -> Node:
        """``field:value``."""
        name, op, values = children
        field = FIELDS.get(str(name).lower())
        if field is None:
            hint = nearest(str(name), tuple(FIELDS))
            _fail(name, f"there is no field {str(name)[:80]!r}", hint, "field")
        if op in ("<", "<=", ">", ">=") and not field.comparable:
            _fail(op, f"{field.name!r} has no order, so {op} says nothing", f"write {field.name}:VALUE")
        if len(values) > 1 and op not in (":", "=", "!="):
            _fail(op, f"{op} takes one value", f"write {field.name}:A,B for any of several")
        build = _BUILDERS[field.kind]
        node = _joined(Or, [build(field, str(op), *value) for value in values])
        return Not(node) if op == "!=" else node


def _joined(kind: type[And] | type[Or], nodes: Sequence[Node]) -> Node:
    flat = [part for node in nodes for part in (node.items if isinstance(node, kind) else (node,))]
    return flat[0] if len(flat) == 1 else kind(tuple(flat))


def _text_node(token: Token, marks: list[Token], field: str) -> Node:
    """A word, a prefix or a fuzzy word."""
    text = str(token)
    if marks:
        distance = str(marks[0])[1:] or "1"
        if distance not in ("1", "2"):
            _fail(marks[0], f"{str(marks[0])[:10]!r} is no distance", "write ~1 or ~2", "value")
        if len(words(text)) != 1 or "*" in text:
            _fail(token, f"{text[:40]!r} is not one word, so ~ says nothing", "write ~ behind one word")
        return Fuzzy(text, field, int(distance))
    if "*" not in text:
        return Word(text, field)
    if text.index("*") != len(text) - 1:
        _fail(
            token,
            "'*' stands at the end of a word only",
            f"write {text.partition('*')[0] or 'word'}*",
            at="*",
        )
    if not words(text[:-1]):
        _fail(token, "there is nothing before this '*'", "write the beginning of a word before it", at="*")
    return Prefix(text[:-1], field)


def _of_text(field: Field, op: str, token: Token, marks: list[Token]) -> Node:
    if op != ":":
        if not field.whole:
            _fail(token, f"{field.name!r} is text and is not compared as a whole", f"write {field.name}:WORD")
        return _of_exact(field, op, token, marks)
    if token.type == "PHRASE":
        return Phrase(_unquoted(token), field.name)
    return _text_node(token, marks, field.name)


def _of_exact(field: Field, op: str, token: Token, marks: list[Token]) -> Node:
    if marks:
        _fail(marks[0], f"{field.name!r} is compared as a whole, so ~ says nothing", "leave it out")
    if token.type == "PHRASE":
        return Exact(field.name, _checked(field, token, _unquoted(token)))
    if "*" in token:
        return _text_node(token, marks, field.name)
    return Exact(field.name, _checked(field, token, str(token)))


def _checked(field: Field, token: Token, text: str) -> str:
    if field.values and folded(text) not in field.values:
        _fail(token, f"{text[:40]!r} is no {field.name}", nearest(text, field.values), "value")
    return text


def _of_flag(field: Field, op: str, token: Token, marks: list[Token]) -> Node:
    text = str(token).lower()
    if marks or text not in ("true", "false"):
        _fail(token, f"{str(token)[:40]!r} is neither true nor false", f"write {field.name}=true", "value")
    return Exact(field.name, text)


def _of_order(field: Field, op: str, token: Token, marks: list[Token]) -> Node:
    """A comparison of numbers or moments; ``a..b`` is a range, either end may be left open."""
    op = "=" if op in (":", "!=") else op
    text = _unquoted(token) if token.type == "PHRASE" else str(token)
    if marks:
        _fail(marks[0], f"{field.name!r} is no text, so ~ says nothing", "leave it out")
    compared = _moments if field.kind is FieldKind.DATE else _numbers
    low, dots, high = text.partition("..")
    if not dots:
        return compared(field, op, token, text)
    if op != "=" or not (low or high):
        _fail(token, f"{text[:40]!r} is no value to compare with", f"write {field.name}:1..5", "value")
    ends = [compared(field, end, token, each) for end, each in ((">=", low), ("<=", high)) if each]
    return _joined(And, ends)


def _numbers(field: Field, op: str, token: Token, text: str) -> Node:
    if not _NUMBER.fullmatch(text):
        _fail(token, f"{text[:40]!r} is no number", f"write {field.name}>=4, for example", "value")
    return Compare(field.name, op, float(text))


def _moments(field: Field, op: str, token: Token, text: str) -> Node:
    """A date is a whole day: ``>`` begins when it has ended."""
    try:
        if not text[:1].isdecimal() or not text.isascii():
            raise MomentError(f"{text[:40]!r} is no date", f"write {field.name}>=2026-01-01")
        moment = parse_moment(text, 0)
    except MomentError as error:
        _fail(token, str(error), error.hint, "value")
    if moment > _LATEST:
        _fail(token, f"{text[:40]!r} lies too far away", f"write {field.name}>=2026-01-01", "value")
    if not _DAY.fullmatch(text):
        return Compare(field.name, op, float(moment))
    first, after = float(moment), float(moment + _DAY_US)
    if op == "=":
        return And((Compare(field.name, ">=", first), Compare(field.name, "<", after)))
    return Compare(field.name, *{">": (">=", after), "<=": ("<", after)}.get(op, (op, first)))


_BUILDERS: Final[dict[FieldKind, Callable[[Field, str, Token, list[Token]], Node]]] = {
    FieldKind.TEXT: _of_text,
    FieldKind.EXACT: _of_exact,
    FieldKind.FLAG: _of_flag,
    FieldKind.NUMBER: _of_order,
    FieldKind.DATE: _of_order,
}


def _unquoted(token: Token) -> str:
    return re.sub(r"\\(.)", r"\1", str(token)[1:-1], flags=re.DOTALL)


def _fail(token: Token, problem: str, hint: str, rule: str = "syntax", at: str = "") -> NoReturn:
    place = (token.start_pos or 0) + (str(token).find(at) if at else 0)
    raise QuerySyntaxError(f"character {place + 1}: {problem}", position=place, rule=rule, hint=hint)
