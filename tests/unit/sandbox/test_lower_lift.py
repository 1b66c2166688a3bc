"""Values to packed C values and back, without a component in between."""

from __future__ import annotations

import dataclasses
import enum
import gc
import struct
from dataclasses import dataclass, field
from email.header import Header
from typing import Annotated, Any, Literal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from random_types import Sample, same, samples

from hyperhost.contracts.types import F32, U8, U32
from hyperhost.sandbox.compat import generic
from hyperhost.sandbox.layout import KINDS, VAL_SIZE, address
from hyperhost.sandbox.lift import Lifting
from hyperhost.sandbox.lower import Lowering
from hyperhost.sandbox.types import (
    REFUSAL,
    Enum,
    Flags,
    List,
    Map,
    Option,
    Prim,
    Record,
    Resource,
    Result,
    Tuple,
    Variant,
    WitType,
    type_from_python,
)


def guest(kind: WitType) -> WitType:
    """The type as a component has it: a map is a list of pairs there."""
    match kind:
        case Map(value):
            return List(Tuple((Prim("string"), guest(value))))
        case List(element):
            return List(guest(element))
        case Option(inner):
            return Option(guest(inner))
        case Tuple(elements):
            return Tuple(tuple(map(guest, elements)))
        case Record(name, fields):
            return Record(name, tuple(dataclasses.replace(item, type=guest(item.type)) for item in fields))
        case Variant(name, cases):
            return Variant(
                name, tuple((case, payload and guest(payload), None) for case, payload, _ in cases)
            )
    return kind


class Crossing:
    """Lowers and lifts values of one type; ``weighed`` holds what lifting announced."""

    def __init__(self, host: Any, other: WitType | None = None) -> None:
        self.host = host if isinstance(host, _NODES) else type_from_python(host, "x")
        self.guest = other or guest(self.host)
        self.lower = Lowering().function("test", ["a0"], [(self.host, self.guest, "a0")])
        self.lift = Lifting().value("test", self.host, self.guest)
        self.weighed: list[int] = []

    def pack(self, value: Any) -> tuple[bytes, list[Any]]:
        keep: list[Any] = []
        return self.lower(value, keep.append), keep

    def __call__(self, value: Any) -> Any:
        packed, keep = self.pack(value)
        gc.collect(0)
        assert len(packed) == VAL_SIZE
        self.weighed = []
        result = self.lift(address(packed), self.weighed.append)
        del keep
        return result


_NODES = (Prim, List, Map, Option, Tuple, Record, Enum, Flags, Variant, Result, Resource)


@settings(
    max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)
@given(samples(), st.data())
def test_lifting_undoes_lowering(sample: Sample, data: st.DataObject) -> None:
    crossing = Crossing(sample.annotation)
    for value in data.draw(st.lists(sample.values, min_size=1, max_size=4)):
        assert same(crossing(value), value)


@pytest.mark.parametrize(
    ("annotation", "value", "kind", "union"),
    [
        (bool, True, "bool", b"\1"),
        (int, -2, "s64", struct.pack("<q", -2)),
        (U8, 255, "u8", b"\xff"),
        (U32, 7, "u32", b"\7\0\0\0"),
        (float, 0.5, "f64", struct.pack("<d", 0.5)),
        (F32, 0.5, "f32", struct.pack("<f", 0.5)),
        (Annotated[str, "char"], "\U0010ffff", "char", b"\xff\xff\x10\0"),
        (int | None, None, "option", bytes(8)),
        (list[int], [], "list", bytes(8)),
        (bytes, b"", "list", bytes(8)),
    ],
    ids=str,
)
def test_a_packed_value_is_a_kind_and_a_union(annotation: Any, value: Any, kind: str, union: bytes) -> None:
    packed, _ = Crossing(annotation).pack(value)
    assert packed[:8] == bytes([KINDS[kind]]) + bytes(7)
    assert packed[8 : 8 + len(union)] == union


@pytest.mark.parametrize("size", [0, 1, 255, 65_535, 65_536, 300_001])
def test_bytes_of_any_size(size: int) -> None:
    data = bytes(range(256)) * (size // 256 + 1)
    crossing = Crossing(bytes)
    assert crossing(data[:size]) == data[:size]
    assert crossing.weighed == [size]


def test_what_is_lifted_is_weighed_before_it_is_built() -> None:
    crossing = Crossing(list[tuple[str, bytes]])
    assert crossing([("abc", b"12345"), ("é", b"")]) == [("abc", b"12345"), ("é", b"")]
    assert sorted(crossing.weighed) == [2, 8, 16]

    class HeavyError(Exception):
        pass

    def refuse(size: int) -> None:
        raise HeavyError(size)

    packed, _ = crossing.pack([("abc", b"")])
    with pytest.raises(HeavyError, match="8"):
        crossing.lift(address(packed), refuse)


def test_a_list_inside_a_list_is_weighed_too() -> None:
    crossing = Crossing(list[list[int]])
    crossing([[1, 2, 3], []])
    assert crossing.weighed == [16, 24, 0]


@dataclass(frozen=True, kw_only=True, slots=True)
class Keyword:
    b: int
    a: str = "x"


@dataclass(frozen=True)
class Derived:
    x: int
    twice: int = field(init=False)

    def __post_init__(self) -> None:
        if self.x < 0:
            raise ValueError("x is negative")
        object.__setattr__(self, "twice", 2 * self.x)


def test_records_are_made_by_their_constructor() -> None:
    assert Crossing(Keyword)(Keyword(b=1, a="y")) == Keyword(b=1, a="y")
    assert Crossing(Derived)(Derived(4)) == Derived(4)
    shape = dataclasses.make_dataclass("Derived", [("x", int)], frozen=True)
    sender = Crossing(shape)
    packed, _keep = sender.pack(shape(-1))
    with pytest.raises(ValueError, match="x is negative"):
        Crossing(Derived).lift(address(packed), lambda size: None)


def test_a_result_is_a_pair_of_whether_and_what() -> None:
    crossing = Crossing(Result(Prim("u8"), Prim("string")))
    assert crossing((True, 5)) == (True, 5)
    assert crossing((False, "no")) == (False, "no")
    empty = Crossing(Result(None, None))
    assert empty((True, None)) == (True, None)
    assert empty((False, None)) == (False, None)
    refusal = Crossing(Result(None, REFUSAL))
    assert refusal((False, {"reason": "r", "rule": ""})) == (False, {"reason": "r", "rule": ""})


def test_types_without_python_classes_are_dicts_pairs_words_and_sets() -> None:
    kind = Tuple(
        (
            REFUSAL,
            Enum("e", ("a", "b"), ("a", "b")),
            Flags("f", ("read", "write"), ("read", "write")),
            Variant("v", (("some", Prim("u8"), None), ("none", None, None))),
            Variant("v", (("some", Prim("u8"), None), ("none", None, None))),
        )
    )
    value = ({"reason": "é", "rule": ""}, "b", frozenset({"write"}), ("some", 3), ("none", None))
    crossing = Crossing(generic(kind), kind)
    assert crossing(value) == value
    with pytest.raises(KeyError):
        crossing(({"reason": "é"}, *value[1:]))


def test_a_handle_is_made_and_read_by_the_bridge() -> None:
    made: list[Any] = []

    def create(keep: Any, name: str, handle: int) -> int:
        made.append((name, handle))
        return 4096 + handle

    kind = Tuple((Resource("wasi:io/streams#input-stream"), Prim("u8")))
    lower = Lowering(create).function("test", ["a0"], [(kind, kind, "a0")])
    lift = Lifting(lambda pointer: pointer - 4096).value("test", kind, kind)
    keep: list[Any] = []
    packed = lower((7, 1), keep.append)
    assert made == [("wasi:io/streams#input-stream", 7)]
    assert lift(address(packed), lambda size: None) == (7, 1)


def test_several_values_lie_side_by_side() -> None:
    kinds = [type_from_python(kind, "x") for kind in (int, str, list[bool])]
    lower = Lowering().function("test", ["a", "b", "c"], list(zip(kinds, kinds, "abc", strict=True)))
    keep: list[Any] = []
    packed = lower(1, "é", [True, False], keep.append)
    assert len(packed) == 3 * VAL_SIZE
    lift = Lifting().values("test", list(zip(kinds, kinds, strict=True)))
    assert lift(address(packed), lambda size: None) == [1, "é", [True, False]]
    assert Lifting().values("none", [])(0, lambda size: None) == []
    assert Lowering().function("none", [], [])(keep.append) == b""


@pytest.mark.parametrize(
    ("annotation", "value"),
    [
        (list[str], "ab"),
        (list[str], {"a": 1}),
        (list[str], {"a"}),
        pytest.param(list[int], iter([1]), id="list[int]-iterator"),
        (tuple[str, str], "ab"),
        pytest.param(tuple[str, str], {"a", "b"}, id="tuple[str, str]-set"),
        (tuple[int, int], (1,)),
        (dict[str, int], [("a", 1)]),
        (dict[str, int], {1: 1}),
        (bool, 1),
        (str, b""),
        (int, 2**63),
        (int, 1.0),
        (U8, -1),
        (F32, 1e39),
        (bytes, "x"),
        (Annotated[str, "char"], "ab"),
        (Literal["a"], "b"),
        (str, "\ud800"),
    ],
    ids=str,
)
def test_what_would_cross_as_something_else_is_refused(annotation: Any, value: Any) -> None:
    with pytest.raises((TypeError, ValueError, AttributeError, KeyError, OverflowError, struct.error)):
        Crossing(annotation).pack(value)


def test_lists_and_tuples_may_stand_for_each_other() -> None:
    assert Crossing(list[int])((1, 2)) == [1, 2]
    assert Crossing(tuple[int, int])([1, 2]) == (1, 2)


def test_flags_with_bits_that_no_member_has() -> None:
    class Loose(enum.IntFlag):
        READ = 1
        WRITE = 4
        EXTRA = 6  # shares a bit that has no name of its own

    crossing = Crossing(Loose)
    assert crossing(Loose.READ | Loose.WRITE) == Loose.READ | Loose.WRITE
    for value in (Loose.EXTRA, Loose(2), Loose(1 << 40)):
        with pytest.raises(ValueError):
            crossing.pack(value)


def test_everything_packed_stays_alive_until_the_call_is_over() -> None:
    crossing = Crossing(dict[str, list[tuple[str, bytes | None]]])
    values = [{f"key {n}": [(f"text {n}" * 9, b"data" * n), ("", None)] * 5} for n in range(50)]
    packed = [crossing.pack(value) for value in values]
    gc.collect()
    churn = [bytes(200) + str(n).encode() for n in range(20_000)]
    lifted = [crossing.lift(address(data), lambda size: None) for data, _ in packed]
    assert lifted == values
    assert churn


def test_a_list_that_grows_meanwhile_is_as_long_as_what_was_packed() -> None:
    class Growing(list[int]):
        """Says at once what a list says to which another thread adds between its packing and its counting."""

        def __len__(self) -> int:
            return super().__len__() + 1000

    keep: list[Any] = []
    kind = List(Prim("s64"))
    packed = Lowering().function("test", ["a0"], [(kind, kind, "a0")])(Growing([1, 2]), keep.append)
    assert struct.unpack_from("<8xQ", packed) == (2,)
    assert len(keep[0]) == 2 * VAL_SIZE


def test_what_only_has_an_encode_method_is_no_text() -> None:
    # The header of an e-mail is such a thing, and its encode() returns text: no bytes to point at.
    kind = Prim("string")
    lower = Lowering().function("test", ["a0"], [(kind, kind, "a0")])
    with pytest.raises(TypeError, match="encode"):
        lower(Header("Subject"), [].append)
