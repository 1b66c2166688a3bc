"""Hypothesis strategies: a random type that crosses into WIT, and values of it."""

from __future__ import annotations

import dataclasses
import enum
import functools
import itertools
import math
import operator
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from hypothesis import strategies as st

from hyperhost.contracts.types import F32, S8, S16, S32, S64, U8, U16, U32, U64

DEPTH = 3
KEYWORDS = ("type", "list", "use", "record", "func", "string", "option", "world", "result", "static")
"""Words of WIT that Python allows as names."""

_WIDTHS: dict[Any, tuple[int, int]] = {
    **{kind: (0, 2**bits - 1) for kind, bits in ((U8, 8), (U16, 16), (U32, 32), (U64, 64))},
    **{
        kind: (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1)
        for kind, bits in ((S8, 8), (S16, 16), (S32, 32), (S64, 64))
    },
    int: (-(2**63), 2**63 - 1),
}


@dataclass(frozen=True)
class Sample:
    """A type and a strategy for its values.

    Attributes:
        annotation: As a hookspec would write it.
        values: Makes values of it.
        nullable: ``None`` is among them.
    """

    annotation: Any
    values: st.SearchStrategy[Any]
    nullable: bool = False


def texts() -> st.SearchStrategy[str]:
    """Any Unicode text, with the characters that encoders get wrong well represented."""
    special = st.sampled_from(["", "\0", "a\0b", "é", "\uffff", "\U0001f600", "\U0010ffff", "x" * 70])
    return st.one_of(special, st.text(st.characters(exclude_categories=["Cs"]), max_size=12))


def _integers(low: int, high: int) -> st.SearchStrategy[int]:
    return st.one_of(st.sampled_from([low, high, low + 1, high - 1, 0]), st.integers(low, high))


def scalars() -> list[Sample]:
    """One sample per scalar row of the type table, text and bytes."""
    return [
        Sample(bool, st.booleans()),
        Sample(str, texts()),
        Sample(float, st.floats()),
        Sample(F32, st.floats(width=32)),
        Sample(Annotated[str, "char"], st.characters(exclude_categories=["Cs"])),
        Sample(bytes, st.one_of(st.sampled_from([b"", b"\0", bytes(range(256))]), st.binary(max_size=40))),
        *(Sample(kind, _integers(*bounds)) for kind, bounds in _WIDTHS.items()),
    ]


@st.composite
def samples(draw: Callable[..., Any], depth: int = DEPTH) -> Sample:
    """A random type, nested up to ``depth`` levels."""
    counter = itertools.count()
    made: Sample = draw(_samples(depth, counter))
    return made


def _samples(depth: int, names: Iterator[int]) -> st.SearchStrategy[Sample]:
    leaves = [st.sampled_from(scalars()), *(make(names) for make in (_enums, _literals, _flags))]
    if depth == 0:
        return st.one_of(leaves)
    inner = st.deferred(lambda: _samples(depth - 1, names))
    nested = [
        inner.map(lambda item: Sample(list[item.annotation], st.lists(item.values, max_size=4))),
        st.lists(inner, min_size=1, max_size=4).map(_tuple),
        inner.map(
            lambda item: Sample(dict[str, item.annotation], st.dictionaries(texts(), item.values, max_size=4))
        ),
        inner.map(_optional),
        _records(inner, names),
        _unions(inner, names),
    ]
    return st.one_of(*nested, *leaves)


def _tuple(items: list[Sample]) -> Sample:
    kind = tuple[tuple(item.annotation for item in items)]  # type: ignore[misc]
    return Sample(kind, st.tuples(*(item.values for item in items)))


def _optional(item: Sample) -> Sample:
    if item.nullable:
        return item  # Python folds T | None | None
    return Sample(item.annotation | None, st.none() | item.values, nullable=True)


@st.composite
def _records(draw: Callable[..., Any], inner: st.SearchStrategy[Sample], names: Iterator[int]) -> Sample:
    return _record(draw(st.lists(inner, min_size=1, max_size=4)), f"Record{next(names)}", draw)


def _record(items: list[Sample], name: str, draw: Callable[..., Any]) -> Sample:
    attributes = draw(
        st.lists(
            st.sampled_from([*KEYWORDS, "line_number", "camelCase", "x", "_private", "field_1"]),
            min_size=len(items),
            max_size=len(items),
            unique=True,
        )
    )
    fields = [(attribute, item.annotation) for attribute, item in zip(attributes, items, strict=True)]
    options = {"frozen": True, "slots": draw(st.booleans()), "kw_only": draw(st.booleans())}
    cls = dataclasses.make_dataclass(name, fields, **options)
    given_by_name = {attribute: item.values for attribute, item in zip(attributes, items, strict=True)}
    return Sample(cls, st.fixed_dictionaries(given_by_name).map(lambda given: cls(**given)))


@st.composite
def _unions(draw: Callable[..., Any], inner: st.SearchStrategy[Sample], names: Iterator[int]) -> Sample:
    groups = draw(st.lists(st.lists(inner, min_size=1, max_size=2), min_size=2, max_size=3))
    members = [_record(items, f"Case{next(names)}", draw) for items in groups]
    kind = functools.reduce(operator.or_, [member.annotation for member in members])
    return Sample(kind, st.one_of([member.values for member in members]))


@st.composite
def _enums(draw: Callable[..., Any], names: Iterator[int]) -> Sample:
    cases = draw(st.lists(st.sampled_from([*KEYWORDS, "RED", "DARK_GREEN", "Blue"]), min_size=1, unique=True))
    base = draw(st.sampled_from([enum.Enum, enum.IntEnum]))
    made = base(f"Choice{next(names)}", cases)
    return Sample(made, st.sampled_from(list(made)))


@st.composite
def _literals(draw: Callable[..., Any], names: Iterator[int]) -> Sample:
    cases = draw(
        st.lists(st.sampled_from([*KEYWORDS, "low", "very_high", "some-case"]), min_size=1, unique=True)
    )
    return Sample(Literal[tuple(cases)], st.sampled_from(cases))  # type: ignore[misc]


@st.composite
def _flags(draw: Callable[..., Any], names: Iterator[int]) -> Sample:
    count = draw(st.sampled_from([1, 2, 8, 9, 16, 17, 32]))
    base = draw(st.sampled_from([enum.Flag, enum.IntFlag]))
    made = base(f"Flags{next(names)}", [f"BIT{index}" for index in range(count)])
    chosen = st.lists(st.sampled_from(list(made)), unique=True)
    return Sample(made, chosen.map(lambda bits: functools.reduce(operator.or_, bits, made(0))))


@dataclass(frozen=True)
class Broken:
    """A type, a value that does not fit it, and where the misfit stands.

    Attributes:
        annotation: As a hookspec would write it.
        value: Of the right shape but for one part of it.
        path: Where that part is, as ``.items[3].line``.
        words: What is said about it.
    """

    annotation: Any
    value: Any
    path: str
    words: str


_MISFITS: list[tuple[Any, Any, str]] = [
    *((kind, high + 1, "outside ") for kind, (_, high) in _WIDTHS.items()),
    *((kind, low - 1, "outside ") for kind, (low, _) in _WIDTHS.items()),
    (int, 10**4000, "is a number of 13288 bits, outside s64"),
    (F32, 1e39, "is 1e+39, outside f32"),
    (float, 10**400, "outside f64"),
    (int, 1.5, "is float 1.5, expected int"),
    (int, None, "is NoneType None, expected int"),
    (float, "1", "is str '1', expected float"),
    (bool, 1, "is int 1, expected bool"),
    (str, b"x", "is bytes b'x', expected str"),
    (str, "a\ud800", "lone surrogate at position 1"),
    (bytes, "x", "is str 'x', expected bytes"),
    (Annotated[str, "char"], "ab", "expected one character"),
    (list[str], "ab", "is str 'ab', expected a list"),
    (list[str], {"ab"}, "expected a list"),
    (tuple[str, str], "ab", "expected a tuple of 2"),
    (tuple[int, int], (1, 2, 3), "expected a tuple of 2"),
    (dict[str, int], [], "expected a dict"),
    (Literal["low", "high"], "middle", "expected one of 'low', 'high'"),
]


def misfits() -> list[Broken]:
    """Values that do not fit their type, one of each kind."""
    return [Broken(kind, value, "", words) for kind, value, words in _MISFITS]


def broken() -> st.SearchStrategy[Broken]:
    """A misfit at a random place of a random type."""
    leaf = st.sampled_from(misfits())
    return st.integers(0, DEPTH).flatmap(lambda depth: _broken(depth, leaf))


@st.composite
def _broken(draw: Callable[..., Any], depth: int, leaf: st.SearchStrategy[Broken]) -> Broken:
    made: Broken = draw(leaf)
    for level in range(depth):
        made = _wrapped(made, draw(st.sampled_from(_SHAPES)), draw(st.integers(0, 3)), level)
    return made


_SHAPES = ("list", "tuple", "dict", "option", "record", "variant")


def _wrapped(item: Broken, shape: str, index: int, level: int) -> Broken:
    kind, value, path = item.annotation, item.value, item.path
    if shape == "list":
        # Only what fits may stand before the misfit, and nothing fits any type: so it comes first.
        return Broken(list[kind], [value], f"[0]{path}", item.words)
    if shape == "tuple":
        return Broken(
            tuple[(str,) * index + (kind,)], ("x",) * index + (value,), f"[{index}]{path}", item.words
        )
    if shape == "dict":
        return Broken(dict[str, kind], {"k": value}, f"['k']{path}", item.words)
    if shape == "option":
        if value is None or type(None) in getattr(kind, "__args__", ()):
            return item
        return Broken(kind | None, value, path, item.words)
    fields = [*((f"x{number}", int, dataclasses.field(default=0)) for number in range(index))]
    cls = dataclasses.make_dataclass(f"Holder{level}", [("line", kind), *fields], frozen=True)
    if shape == "record":
        return Broken(cls, cls(value), f".line{path}", item.words)
    other = dataclasses.make_dataclass(f"Other{level}", [("x", int)], frozen=True)
    return Broken(cls | other, cls(value), f".line{path}", item.words)


def same(a: Any, b: Any) -> bool:
    """Equality that also tells apart types and signs of zero, and takes NaN as equal to NaN."""
    if type(a) is not type(b):
        return False
    if isinstance(a, float):
        return (math.isnan(a) and math.isnan(b)) or (a == b and math.copysign(1, a) == math.copysign(1, b))
    if isinstance(a, list | tuple):
        return len(a) == len(b) and all(map(same, a, b))
    if isinstance(a, dict):
        return list(a) == list(b) and all(same(a[key], b[key]) for key in a)
    if dataclasses.is_dataclass(a):
        names = [field.name for field in dataclasses.fields(a)]
        return all(same(getattr(a, name), getattr(b, name)) for name in names)
    return bool(a == b)
