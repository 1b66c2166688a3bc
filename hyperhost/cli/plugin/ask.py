"""Ask a person what a plugin may do, the way a telephone does: wants, reasons, limits, yes or no."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from hyperhost.cli.text import one_line, printable

if TYPE_CHECKING:
    from hyperhost.cli.session import Session
    from hyperhost.host.decisions import Decide, Decision, Question
    from hyperhost.host.manifest import Ask

__all__ = ["confirm", "decider"]


def decider(session: Session, yes: bool, grants: Sequence[str] | None) -> Decide:
    """How to decide: by ``--grant``, by ``--yes``, or by asking; without a terminal not at all."""
    from hyperhost.host.decisions import grant_exactly, grant_required

    if grants:
        return grant_exactly(grants)
    if yes:
        return grant_required
    return lambda question: _ask(session, question)


def _ask(session: Session, question: Question) -> Decision:
    from hyperhost.host.decisions import Decision, check_specified

    if not session.asks:
        raise _no_terminal(question)
    check_specified(question)
    _tell("\n".join(_lines(question)))
    verb = "Upgrade" if question.replaces is not None else "Install"
    if not confirm(f"{verb} it{' and allow this' if question.required else ''}?"):
        return Decision(False)
    granted = [ask.capability.text for ask in question.required]
    granted += [
        ask.capability.text
        for ask in question.optional
        if confirm(f"Also allow it to {one_line(ask.capability.describe())}{_reason(ask)}?")
    ]
    return Decision(True, tuple(granted))


def _lines(question: Question) -> list[str]:
    manifest = question.package.manifest
    name = one_line(manifest.name or manifest.id, 100)
    lines = ["", f"{name} {manifest.version}" + (f"  ({manifest.id})" if name != manifest.id else "")]
    if manifest.description:
        lines.append(f"  {one_line(manifest.description)}")
    lines += [f"  {_publisher(question)}", f"  answers: {', '.join(question.hooks) or 'nothing'}"]
    if question.replaces is not None:
        lines += ["", f"This replaces version {question.replaces.version}. What changes:"]
        lines += [f"  - {one_line(change)}" for change in question.changes]
    if question.native:
        lines += ["", "It is Python code and runs WITHOUT a sandbox: it may do anything that you may do."]
        return [*lines, ""]
    new = " now, too" if question.replaces is not None else ""
    if question.required:
        lines += ["", f"It wants to{new}:", *(_wish(ask) for ask in question.required)]
    if question.optional:
        lines += [
            "",
            f"It would like to{new}, and works without:",
            *(_wish(ask) for ask in question.optional),
        ]
    if not question.asks:
        lines += ["", f"It asks for nothing{' new' if question.replaces is not None else ''}."]
    lines += ["", "It can NOT:", *(f"  - {phrase}" for phrase in question.cannot())]
    if question.kept_bytes:
        lines += ["", f"It will find {question.kept_bytes:,} bytes that a plugin of this id stored before."]
    return [*lines, ""]


def _publisher(question: Question) -> str:
    claimed = one_line(question.package.manifest.publisher, 100)
    if question.package.publisher:
        says = f", which calls itself {claimed!r}" if claimed else ""
        return f"signed by the key {question.package.publisher}{says}"
    return f"NOT SIGNED; says it is from {claimed!r}" if claimed else "NOT SIGNED; nobody vouches for it"


def _wish(ask: Ask) -> str:
    return f"  - {one_line(ask.capability.describe())}{_reason(ask)}"


def _reason(ask: Ask) -> str:
    return f" ({one_line(ask.reason, 200)})" if ask.reason else ""


def _no_terminal(question: Question) -> Exception:
    from hyperhost.errors import InputRequiredError
    from hyperhost.host.installer import approval_error

    if question.replaces is not None:
        return approval_error(question)
    wants = ", ".join(ask.capability.text for ask in question.required) or "nothing"
    return InputRequiredError(
        f"somebody has to decide what it may do (it requires: {wants}), and there is no terminal to ask on",
        plugin=question.package.id,
        hint="add --yes to grant what it requires, or --grant CAPABILITY for exactly that; "
        "nothing was changed",
    )


def _tell(text: str) -> None:
    sys.stderr.write(printable(text) + "\n")
    sys.stderr.flush()


def confirm(text: str) -> bool:
    """Ask until the answer is clear; just Enter, and the end of the input, mean no."""
    while True:
        sys.stderr.write(f"{printable(text)} [y/N] ")
        sys.stderr.flush()
        line = sys.stdin.readline()
        if not line:
            sys.stderr.write("\n")
        answer = line.strip().lower()
        if answer in ("", "n", "no"):
            return False
        if answer in ("y", "yes"):
            return True
