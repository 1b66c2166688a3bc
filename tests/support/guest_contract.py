"""A host program's contract with one value of every kind, for plugins that the tests compile."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import Literal

import hyperhost
from hyperhost.contracts.types import U8, U32, U64
from hyperhost.errors import RefusalError


@dataclass(frozen=True, slots=True)
class Circle:
    radius: float


@dataclass(frozen=True, slots=True)
class LongLine:
    from_x: int
    to_x: int


class Right(enum.Flag):
    READ = enum.auto()
    WRITE_ALL = enum.auto()


class Colour(enum.Enum):
    DARK_RED = 1
    BLUE = 2


@dataclass(frozen=True, slots=True)
class Everything:
    flag: bool
    text: str
    number: float
    big: U64
    small: U8
    signed: int
    count: U32
    data: bytes
    maybe: str | None
    maybe_data: bytes | None
    names: list[str]
    pair: tuple[str, int]
    table: dict[str, U32]
    colour: Colour
    mode: Literal["fast", "very-slow"]
    rights: Right
    shape: Circle | LongLine
    nested: list[list[U32]]


class Echo:
    @hyperhost.hookspec(on_fault="skip")
    def echo_all(self, value: Everything) -> Everything:
        """Give it back."""

    @hyperhost.hookspec(raises=RefusalError, on_fault="raise")
    def check_more(self, kind: str, count: U32) -> U32 | None:
        """Behave as ``kind`` says."""


FULL = Everything(
    flag=True,
    text="täxt\0",
    number=1.5,
    big=2**53 - 1,
    small=255,
    signed=-5,
    count=2**32 - 1,
    data=b"\x00\xff",
    maybe="",
    maybe_data=b"",
    names=["a", "b"],
    pair=("p", 2**40),
    table={"k": 3_000_000_000},
    colour=Colour.BLUE,
    mode="very-slow",
    rights=Right.READ | Right.WRITE_ALL,
    shape=LongLine(-1, 2),
    nested=[[1, 2**31], []],
)
SPARE = Everything(
    flag=False,
    text="",
    number=-0.0,
    big=0,
    small=0,
    signed=-(2**53) + 1,
    count=0,
    data=b"",
    maybe=None,
    maybe_data=None,
    names=[],
    pair=("", 0),
    table={},
    colour=Colour.DARK_RED,
    mode="fast",
    rights=Right(0),
    shape=Circle(0.25),
    nested=[],
)
