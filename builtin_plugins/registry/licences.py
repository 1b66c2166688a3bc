"""Licence expressions of SPDX (https://spdx.github.io/spdx-spec, annex on expressions), judged for style.

Known are the identifiers that free software is published under; one that is not among them need not be
wrong, so it is a remark and no refusal.
"""

from __future__ import annotations

import re
from typing import Final

__all__ = ["problem_of_licence"]

_WORDS: Final = """
    0BSD AFL-2.1 AFL-3.0 AGPL-3.0-only AGPL-3.0-or-later Apache-1.1 Apache-2.0 APSL-2.0 Artistic-1.0
    Artistic-1.0-Perl Artistic-2.0 Beerware BlueOak-1.0.0 BSD-1-Clause BSD-2-Clause BSD-2-Clause-Patent
    BSD-3-Clause BSD-3-Clause-Clear BSD-3-Clause-LBNL BSD-4-Clause BSL-1.0 bzip2-1.0.6 CAL-1.0 CC-BY-3.0
    CC-BY-4.0 CC-BY-NC-4.0 CC-BY-NC-SA-4.0 CC-BY-ND-4.0 CC-BY-SA-3.0 CC-BY-SA-4.0 CC0-1.0 CDDL-1.0 CDDL-1.1
    CECILL-2.1 CECILL-B CECILL-C ClArtistic CPAL-1.0 CPL-1.0 curl ECL-2.0 EFL-2.0 EPL-1.0 EPL-2.0 EUPL-1.1
    EUPL-1.2 FSFAP FTL GFDL-1.2-only GFDL-1.2-or-later GFDL-1.3-only GFDL-1.3-or-later GPL-1.0-only
    GPL-1.0-or-later GPL-2.0-only GPL-2.0-or-later GPL-3.0-only GPL-3.0-or-later HPND ICU IJG ImageMagick
    Info-ZIP IPL-1.0 ISC JSON LGPL-2.0-only LGPL-2.0-or-later LGPL-2.1-only LGPL-2.1-or-later LGPL-3.0-only
    LGPL-3.0-or-later Libpng libtiff LPL-1.02 LPPL-1.3c MirOS MIT MIT-0 MIT-Modern-Variant MPL-1.1 MPL-2.0
    MPL-2.0-no-copyleft-exception MS-PL MS-RL MulanPSL-2.0 NCSA NTP ODbL-1.0 OFL-1.0 OFL-1.1 OpenSSL OSL-3.0
    PDDL-1.0 PHP-3.01 PostgreSQL PSF-2.0 Python-2.0 Python-2.0.1 QPL-1.0 Ruby SISSL Sleepycat SSPL-1.0
    TCL Unicode-3.0 Unicode-DFS-2016 Unlicense UPL-1.0 Vim W3C WTFPL X11 Xnet ZPL-2.1 Zlib
    zlib-acknowledgement
"""
_KNOWN: Final = frozenset(_WORDS.split())
_BY_LOWER: Final = {name.lower(): name for name in _KNOWN}
_OUTDATED: Final = {
    f"{family}-{version}": f"{family}-{version}-only or {family}-{version}-or-later"
    for family, versions in (
        ("GPL", "1.0 2.0 3.0"),
        ("LGPL", "2.0 2.1 3.0"),
        ("AGPL", "3.0"),
        ("GFDL", "1.2 1.3"),
    )
    for version in versions.split()
}
_EXCEPTION_WORDS: Final = """
    Autoconf-exception-3.0 Bison-exception-2.2 Classpath-exception-2.0 Font-exception-2.0 GCC-exception-3.1
    LLVM-exception OpenSSL-exception Qt-LGPL-exception-1.1 Linux-syscall-note WxWindows-exception-3.1
"""
_EXCEPTIONS: Final = frozenset(_EXCEPTION_WORDS.split())
_TOKEN: Final = re.compile(r"\s*([()]|[A-Za-z0-9.:+-]+)")
_REFERENCE: Final = re.compile(r"(?:DocumentRef-[A-Za-z0-9.-]+:)?LicenseRef-[A-Za-z0-9.-]+")


def problem_of_licence(expression: str) -> str | None:
    """What is wrong with a licence expression; ``None`` when nothing is."""
    words = []
    place = 0
    while expression[place:].strip():
        found = _TOKEN.match(expression, place)
        if found is None:
            return f"{expression[place:].strip()[:20]!r} belongs into no SPDX expression"
        words.append(found[1])
        place = found.end()
    return _problem(words)


def _problem(words: list[str]) -> str | None:
    """Read ``licence [WITH exception] {AND|OR …}`` with parentheses, without recursion."""
    open_brackets = 0
    wanted = "licence"
    for word in words:
        if wanted == "licence" and word == "(":
            open_brackets += 1
        elif wanted == "licence":
            if (problem := _problem_of_name(word)) is not None:
                return problem
            wanted = "operator"
        elif wanted == "exception":
            if word not in _EXCEPTIONS:
                return f"{word!r} is no licence exception known here"
            wanted = "operator"
        elif word == ")" and open_brackets:
            open_brackets -= 1
        elif word in ("AND", "OR"):
            wanted = "licence"
        elif word == "WITH":
            wanted = "exception"
        else:
            return f"{word!r} stands where AND, OR or WITH has to"
    if wanted != "operator":
        return f"a {wanted} is missing at its end"
    return "a bracket is not closed" if open_brackets else None


def _problem_of_name(token: str) -> str | None:
    name = token.removesuffix("+")
    if name in _KNOWN or _REFERENCE.fullmatch(name):
        return None
    if name in _OUTDATED:
        return f"{token!r} is an outdated name; write {_OUTDATED[name]}"
    right = _BY_LOWER.get(name.lower())
    if right is not None:
        return f"{token!r} is written {right!r}"
    return f"{token!r} is no SPDX identifier known here; 'LicenseRef-{name}' is one of your own"
