"""Whether a licence lets something be used in a project of another licence: a rule of thumb, no legal advice.

Families are ordered by what they ask of whatever they become a part of: nothing (permissive), that they
themselves stay open (weak copyleft), that the whole is as open (strong copyleft), and that of services, too.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

__all__ = ["fits"]

_FAMILIES: Final = (
    (r"AGPL|SSPL", 3),
    (r"LGPL|MPL|EPL|CDDL|EUPL|CECILL-C|Classpath-exception|LLVM-exception|GCC-exception", 1),
    (r"GPL|OSL|CC-BY-SA|CECILL", 2),
    (
        r"MIT|BSD|Apache|ISC|Zlib|Unlicense|0BSD|CC0|CC-BY|BSL-1|PSF|Python|PostgreSQL|WTFPL|X11|Artistic|"
        r"Unicode|NCSA|OpenSSL|curl|UPL|HPND|OFL|BlueOak|MulanPSL",
        0,
    ),
)
_BY_FAMILY: Final = tuple(
    (re.compile(f"^(?:{pattern})|[-_ ](?:{pattern})\\b", re.I), level) for pattern, level in _FAMILIES
)


def fits(licences: Iterable[str], project: Iterable[str]) -> bool | None:
    """Whether something under any of some licences can become part of a project under any of some others.

    Returns:
        ``None`` when a licence is missing or not known.
    """
    own, others = _least(licences), _most(project)
    return None if own is None or others is None else own <= others or own == 1


def _least(licences: Iterable[str]) -> int | None:
    """Of several licences any may be chosen: the one that asks least."""
    levels = [level for each in licences for level in [_level(each)] if level is not None]
    return min(levels, default=None)


def _most(licences: Iterable[str]) -> int | None:
    levels = [level for each in licences for level in [_level(each)] if level is not None]
    return max(levels, default=None)


def _level(expression: str) -> int | None:
    """What an SPDX expression asks: of ``A OR B`` the lesser, of ``A AND B`` the greater."""
    choices = []
    for choice in re.split(r"\bOR\b", expression.replace("(", " ").replace(")", " ")):
        parts = [_family(part.strip()) for part in re.split(r"\bAND\b", choice)]
        if all(part is not None for part in parts):
            choices.append(max(part for part in parts if part is not None))
    return min(choices, default=None)


def _family(text: str) -> int | None:
    if re.search(r"\bWITH\b.*exception", text, re.I):
        return 1
    for pattern, level in _BY_FAMILY:
        if pattern.search(text):
            return level
    return None
