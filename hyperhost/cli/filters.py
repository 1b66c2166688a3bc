"""``--filter``: keep the rows of a list that fit."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Annotated, Any

import typer

__all__ = ["FilterOption", "matching"]

FilterOption = Annotated[
    list[str] | None,
    typer.Option(
        "--filter",
        help="Keep rows where KEY=VALUE, KEY!=VALUE or KEY~PART; repeat to narrow down.",
        metavar="KEY=VALUE",
    ),
]
_FORM = re.compile(r"([A-Za-z_][A-Za-z0-9_]*)(!=|=|~)(.*)", re.DOTALL)


def matching(rows: Iterable[Mapping[str, Any]], filters: Sequence[str] | None) -> list[Mapping[str, Any]]:
    """The rows for which every filter holds; a list holds a value if one of its items does.

    Raises:
        typer.BadParameter: a filter is not of the form, or names a key that rows do not have.
    """
    kept = list(rows)
    keys = sorted(kept[0]) if kept else []
    for text in filters or ():
        match = _FORM.fullmatch(text)
        if match is None:
            raise typer.BadParameter(f"filter {text!r} is not KEY=VALUE, KEY!=VALUE or KEY~PART")
        key, operator, wanted = match.groups()
        if keys and key not in keys:
            raise typer.BadParameter(f"filter {text!r}: there is no {key!r}; keys are {', '.join(keys)}")
        kept = [row for row in kept if _holds(row.get(key), operator, wanted)]
    return kept


def _holds(value: Any, operator: str, wanted: str) -> bool:
    found = [_text(item) for item in (value if isinstance(value, list | tuple) else [value])]
    if operator == "~":
        return any(wanted.lower() in text.lower() for text in found)
    return (wanted in found) == (operator == "=")


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)
