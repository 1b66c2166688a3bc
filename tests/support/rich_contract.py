"""Hooks of a foreign host program that use every type there is, and names that are words of some language."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, Flag, auto
from typing import Annotated, Literal, Protocol

from hyperhost.errors import RefusalError
from hyperhost.hookspecs import hookspec


class Mode(Flag):
    FAST = auto()
    DEEP = auto()


class Tone(Enum):
    KIND = 1
    STERN = 2


@dataclass(frozen=True, slots=True)
class Circle:
    radius: float


@dataclass(frozen=True, slots=True)
class Square:
    side: Annotated[float, "f32"]


@dataclass(frozen=True, slots=True)
class Plugin:
    type: str
    mark: Annotated[str, "char"]
    pair: tuple[int, str]
    one: tuple[bool]
    sizes: dict[str, list[int]]


@dataclass(frozen=True, slots=True)
class Answer:
    shape: Circle | Square
    mode: Mode
    tone: Tone
    style: Literal["plain", "rich-text"]
    plugin: Plugin
    data: bytes
    small: Annotated[int, "u8"]
    big: Annotated[int, "u64"]
    maybe: Annotated[int, "s8"] | None = None


class Rich(Protocol):
    @hookspec(firstresult=True, raises=RefusalError)
    def do_everything(self, default: str, type: Plugin, mode: Mode, match: list[Circle | Square]) -> Answer:  # noqa: A002 - a word on purpose
        """Answer with one of each type."""

    @hookspec
    def flags_only(self, style: Literal["a", "b"], plugin: str, log: str) -> Mode: ...

    @hookspec(raises=RefusalError)
    def refuses_only(self) -> None: ...
