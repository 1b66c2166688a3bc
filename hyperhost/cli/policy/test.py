"""``hyperhost policy test``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from hyperhost.cli.session import Session, command

__all__ = ["register"]

_WORDS = {
    "allow": "it would happen",
    "deny": "it would be DENIED",
    "advise": "it would happen, and its author be told",
    "note": "it would happen, and the audit log be told",
}


def register(app: typer.Typer) -> None:
    """Add the command."""

    @command(app, "test")
    def test(
        session: Session,
        policy: Annotated[
            str,
            typer.Argument(metavar="FILE", help="A policy, written as TOML; or the name of one that holds."),
        ],
        artifact: Annotated[str, typer.Argument(metavar="ARTIFACT", help="Id, or NAMESPACE/NAME@VERSION.")],
        operation: Annotated[str, typer.Option(metavar="NAME", help="What is tried.")] = "publish",
        user: Annotated[str, typer.Option(metavar="ID", help="Who tries it; you when not given.")] = "",
        role: Annotated[
            list[str] | None, typer.Option(metavar="ROLE", help="A role of theirs; may be repeated.")
        ] = None,
    ) -> None:
        """Say of each rule of a policy whether it matches an artifact, and why. Status 1 when it denies."""
        from hyperhost.cli.door import door, full
        from hyperhost.cli.policy.change import read_text

        file = Path(policy)
        named = file.suffix != ".toml" and not file.exists()
        given: dict[str, Any] = {"name": policy} if named else {"text": read_text(file)}
        with door(session, changes=False) as operations:
            found = operations.run(
                "policy_test",
                artifact=full(session, artifact, None),
                operation=operation,
                user=user,
                roles=role or [],
                **given,
            )
        if session.out.structured:
            session.out.data(found)
        else:
            session.out.text(_told(found))
        if found["verdict"] == "deny":
            raise typer.Exit(1)


def _told(found: dict[str, Any]) -> str:
    head = f"policy {found['policy']}: {found['operation']} {found['artifact']}"
    if not found["in_scope"]:
        return f"{head}\n  not in its scope, so it says nothing\n"
    lines = [head]
    for rule in found["rules"]:
        lines.append("")
        matched = "matches" if rule["matched"] else "does not match"
        exempted = f", exempted: {rule['exempted']}" if rule["exempted"] else ""
        lines.append(f"  {rule['rule']} ({rule['action']}, {rule['engine']}): {matched}{exempted}")
        lines += [f"    {line}" for line in rule["why"]]
    lines += ["", f"{_WORDS[found['verdict']]}{_because(found['reasons'])}"]
    return "\n".join(lines) + "\n"


def _because(reasons: list[str]) -> str:
    return f": {'; '.join(reasons)}" if reasons else ""
