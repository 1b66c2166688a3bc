"""Contract types of commands that plugins add to the command line."""

from __future__ import annotations

from dataclasses import dataclass, field

from hyperhost.contracts.types import U8

__all__ = ["Command", "CommandArgument", "CommandOutcome"]


@dataclass(frozen=True, slots=True)
class CommandArgument:
    """One option of a command; all values travel as text.

    Attributes:
        name: kebab-case; typed as ``--name VALUE``.
        summary: One line of help.
        required: Refuse to run without it.
        switch: Takes no value; its text is ``true`` or ``false``.
        default: Text used when it is not given; ``None`` leaves it out.
    """

    name: str
    summary: str = ""
    required: bool = False
    switch: bool = False
    default: str | None = None


@dataclass(frozen=True, slots=True)
class Command:
    """A command that a plugin offers.

    Attributes:
        name: kebab-case, unique within ``group``.
        summary: One line of help.
        arguments: In the order in which help shows them.
        group: Command group it appears in; empty is the top level.
    """

    name: str
    summary: str = ""
    arguments: list[CommandArgument] = field(default_factory=list)
    group: str = ""


@dataclass(frozen=True, slots=True)
class CommandOutcome:
    """What running a command gave.

    Attributes:
        text: For a person; printed as it is, without control characters.
        exit_status: 0 success, 1 refused or failed, 2 usage.
        data_json: JSON text for ``--output json``; empty prints ``text`` there too.
    """

    text: str = ""
    exit_status: U8 = 0
    data_json: str = ""
