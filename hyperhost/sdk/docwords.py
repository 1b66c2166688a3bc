"""Docstrings for readers who do not write Python: sections, and what is said of each attribute."""

from __future__ import annotations

import inspect
import re
from typing import Any

__all__ = ["attribute_docs", "class_summary", "prose"]

_SECTION = re.compile(r"(Args|Returns|Raises|Attributes|Examples?|Yields|Notes?):")
_ITEM = re.compile(r"    (\w+): (.*)")


def prose(doc: str) -> list[str]:
    """The lines of a docstring without its example, which is in Python."""
    kept, keep = [], True
    for line in inspect.cleandoc(doc).splitlines():
        if found := _SECTION.fullmatch(line):
            keep = not found[1].startswith("Example")
        if keep:
            kept.append(line.replace("``", "`").rstrip())
    while kept and not kept[-1]:
        kept.pop()
    return kept


def class_summary(cls: Any) -> str:
    """First line of a class's own docstring; empty when it has none."""
    doc = vars(cls).get("__doc__") if isinstance(cls, type) else None
    if not doc or doc.startswith(f"{cls.__name__}("):  # what dataclasses write by themselves
        return ""
    return inspect.cleandoc(doc).splitlines()[0].replace("``", "`")


def attribute_docs(cls: Any) -> dict[str, str]:
    """What the section ``Attributes`` of a class says of each, as one line."""
    if not class_summary(cls):
        return {}
    found: dict[str, str] = {}
    inside, name = False, ""
    for line in inspect.cleandoc(cls.__doc__).splitlines():
        if section := _SECTION.fullmatch(line):
            inside = section[1] == "Attributes"
        elif inside and (item := _ITEM.fullmatch(line)):
            name = item[1]
            found[name] = item[2].replace("``", "`")
        elif inside and name and line.startswith("        "):
            found[name] += f" {line.strip().replace('``', '`')}"
    return found
