"""Where an artifact is in a TUF repository: its target path, the delegation that covers it, its bin.

::

    root ── timestamp, snapshot
      └─── targets                      one delegation for each namespace, nothing else
             ├── org.acme.team          longer paths first; each delegation is terminating
             ├── org.acme               few targets: they are listed here …
             │      org.acme/auth/1.0.0         an artifact
             │      org.acme/auth/index.json    which versions of it there are
             └── pkg                    … many: hashed bins, pkg~8-00 to pkg~8-ff (TAP 15)

A delegation covers its namespace and what lies below. Without one of its own, a namespace of an
organization belongs to that of its first two labels. Those of ``pkg``, ``lib`` and ``user`` have one
package or one person each, so all of a scope share one delegation: with one for each, the metadata that
every client reads first would grow with the registry.

The cost of a publish is that of its bin and of the snapshot, which lists the bins; both are smallest
when there are about as many bins as targets in each.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from hyperhost.errors import VersionError
from hyperhost.versions import parse

__all__ = [
    "TOP_LEVEL",
    "bin_prefix",
    "bits_for",
    "covering",
    "default_cover",
    "index_path",
    "is_index",
    "packaged",
    "patterns",
    "sort_key",
    "target_path",
]

TOP_LEVEL: Final = ("root", "timestamp", "snapshot", "targets")
_SHARED: Final = frozenset({"pkg", "lib", "user"})
_STEPS: Final = ((256, 0), (8_192, 4), (262_144, 8))
"""Most targets, and bits of the hash that choose among the bins: none, 16 or 256 of them; then 4,096."""
_MOST_BITS: Final = 12
_INDEX: Final = "index.json"
_UNFIT: Final = re.compile(r"[/\\\x00-\x20\x7f]")


def target_path(namespace: str, name: str, version: str) -> str:
    """Path of an artifact's target."""
    return f"{namespace}/{name}/{version}"


def index_path(namespace: str, name: str) -> str:
    """Path of the target that says which versions of an artifact there are."""
    return f"{namespace}/{name}/{_INDEX}"


def is_index(path: str) -> bool:
    """Whether a target path is that of an index and not of an artifact; see :func:`packaged`."""
    return path.endswith(f"/{_INDEX}")


def packaged(namespace: str, name: str, version: str) -> bool:
    """Whether a path can say which artifact it is of: no two have the same, and none is an index's.

    The registry takes no other names. Whatever put something else into the store, it is no target.
    """
    parts = (namespace, name, version)
    if any(_UNFIT.search(part) or part in ("", ".", "..") for part in parts):
        return False
    try:
        parse(version)
    except VersionError:
        return False
    return True


def default_cover(namespace: str) -> str:
    """The delegation of a namespace when none was made for it or above it."""
    first, _, rest = namespace.partition(".")
    return first if first in _SHARED else f"{first}.{rest.partition('.')[0]}"


def covering(namespace: str, delegations: Iterable[str]) -> str | None:
    """The delegation with the longest path that a namespace is in or below; ``None`` when there is none."""
    found = [role for role in delegations if namespace == role or namespace.startswith(f"{role}.")]
    return max(found, key=len, default=None)


def patterns(role: str) -> list[str]:
    """Target paths that a delegation covers."""
    return [f"{role}/*/*", f"{role}.*/*/*"]


def sort_key(role: str) -> tuple[int, str]:
    """Orders delegations so that longer paths come first, as the first that fits decides."""
    return -len(role), role


def bits_for(targets: int, now: int = 0) -> int:
    """Bits that choose among the bins of a delegation; never fewer than ``now``, as clients know those."""
    return max(now, next((bits for most, bits in _STEPS if targets <= most), _MOST_BITS))


def bin_prefix(role: str, bits: int) -> str:
    """What names of bins begin with. No namespace has a tilde, and no two numbers of bits share names."""
    return f"{role}~{bits}"
