"""The canonical text of a set: equal sets have one text, and it is read back as the same set.

Whatever a constraint can mean without ``include_prerelease`` comes out as a range of npm. Other
sets, such as complements, have pre-releases of more releases than could be listed; those stand in
alternatives of their own that begin with ``pre:``.
"""

from __future__ import annotations

from typing import Final

from hyperhost.versions.boundaries import Boundaries, intervals
from hyperhost.versions.comparators import FIRST_PRERELEASE, FIRST_RELEASE, LOWEST, beyond, following
from hyperhost.versions.version import LONGEST, Key

__all__ = ["canonical"]

_NOTHING: Final = "<0.0.0-0"
_LISTED: Final = 64  # releases whose pre-releases are listed one by one before "pre:" is used

_Pieces = dict[Key, list[tuple[Key, Key | None]]]
"""Pre-releases in a set, by their release: identifiers where an interval begins and where it ends,
``None`` when it ends with the last pre-release."""


def canonical(releases: Boundaries, prereleases: Boundaries) -> str:
    """The text of a set. Takes time ``n log n`` in its intervals."""
    pieces, wide = _split(prereleases)
    found = [_release_interval(low, high, pieces) for low, high in intervals(releases)]
    for release, spans in pieces.items():
        found += [(release + low, _piece(release, low, high)) for low, high in spans]
    texts = [text for _, text in sorted(found)] + [_wide(low, high) for low, high in wide]
    return " || ".join(texts) or _NOTHING


def _split(prereleases: Boundaries) -> tuple[_Pieces, list[tuple[Key, Key | None]]]:
    """Intervals of pre-releases: those of a few releases by release, and the others."""
    pieces: _Pieces = {}
    wide: list[tuple[Key, Key | None]] = []
    for low, high in intervals(prereleases):
        release = low[:3]
        if high is None:
            if len(following(release)) < 3:  # there is none
                pieces.setdefault(release, []).append((low[3:], None))
            else:
                wide.append((low, None))
            continue
        listed: list[tuple[Key, Key, Key | None]] = []
        begin = low[3:]
        while release != high[:3] and len(listed) <= _LISTED:
            listed.append((release, begin, None))
            release, begin = following(release), LOWEST
        if release != high[:3]:
            wide.append((low, high))
            continue
        if begin != high[3:]:
            listed.append((release, begin, high[3:]))
        for each, first, last in listed:
            pieces.setdefault(each, []).append((first, last))
    return pieces, wide


def _release_interval(low: Key, high: Key | None, pieces: _Pieces) -> tuple[Key, str]:
    """Where an interval of releases begins, and its text; takes the pieces that touch it along."""
    begin = _take(pieces, low, at_end=True)
    end = _take(pieces, high, at_end=False) if high is not None else None
    key = low + (begin or (2,))
    text = _version(low, begin or ())
    if high is None:
        if begin is None and low == FIRST_RELEASE:
            return key, "*"
        return key, f">={text}"
    if end is None:
        if begin is None and high == following(low):
            return key, text
        if begin is not None or low != FIRST_RELEASE:
            for operator in "^~":
                if beyond(operator, low) == high:
                    return key, operator + text
    upper = f"<{_version(high, end or ())}"
    return key, upper if begin is None and low == FIRST_RELEASE else f">={text} {upper}"


def _take(pieces: _Pieces, release: Key, *, at_end: bool) -> Key | None:
    """Take out the pre-releases next to a release, or those from the lowest on, but not both in one."""
    spans = pieces.get(release, [])
    if at_end and spans and spans[-1][1] is None:
        return spans.pop()[0]
    if not at_end and spans and spans[0][0] == LOWEST and spans[0][1] is not None:
        return spans.pop(0)[1]
    return None


def _piece(release: Key, low: Key, high: Key | None) -> str:
    """The text of an interval of pre-releases of one release."""
    if high == low + LOWEST:
        return _version(release, low)
    return f"{_bound('>', release, low)} {_bound('<', release, high or ())}"


def _wide(low: Key, high: Key | None) -> str:
    """The text of an interval of pre-releases of many releases."""
    texts = [_bound(">", low[:3], low[3:])] if low != FIRST_PRERELEASE else []
    if high is not None:
        texts.append(_bound("<", high[:3], high[3:]))
    return f"pre:{' '.join(texts) or '*'}"


def _bound(operator: str, release: Key, identifiers: Key) -> str:
    """The text for "from here on" or "below here"."""
    text = _version(release, identifiers)
    if len(text) <= LONGEST:
        return f">={text}" if operator == ">" else f"<{text}"
    # It comes right behind a version that was short enough; "above" that one says the same.
    text = _version(release, identifiers[:-2])
    return f">{text}" if operator == ">" else f"<={text}"


def _version(release: Key, identifiers: Key = ()) -> str:
    text = ".".join(map(str, release))
    return f"{text}-{'.'.join(map(str, identifiers[1::2]))}" if identifiers else text
