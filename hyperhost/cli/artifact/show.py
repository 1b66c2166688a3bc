"""How commands say what became of an artifact."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from hyperhost.cli.session import Session

__all__ = ["tell", "tell_issues"]


def tell(session: Session, row: Mapping[str, Any], words: str) -> None:
    """Say what was done: the artifact as data, or one line and what its author should know."""
    out = session.out
    if out.structured:
        out.data(row)
        return
    if out.quiet:
        out.text(f"{row['id']}\n")
        return
    out.note(words)
    tell_issues(session, row.get("issues", ()))


def tell_issues(session: Session, issues: Any) -> None:
    """One line for each thing that is worth telling."""
    for issue in issues:
        place = f"{issue['path']}: " if issue["path"] else ""
        session.out.note(f"  {issue['severity']}: {place}{issue['message']} ({issue['rule']})")
