"""``hyperhost demo``: install, scan, misbehave, sum up. See :func:`run`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.console import Console

__all__ = ["run"]


def run(
    console: Console, *, keep: bool = False, emit: Callable[[Mapping[str, Any]], None] | None = None
) -> int:
    """Run the demo.

    Args:
        console: Where to show it.
        keep: Leave the temporary home in place and say where it is.
        emit: Given for ``--output json`` and ``yaml``: called once with the summary as JSON-like data,
            and nothing is shown on ``console``.

    Returns:
        Exit status: 0 when everything it claims was seen to be true, otherwise 1.
    """
    raise SystemExit("being written")
