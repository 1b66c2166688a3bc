"""``hyperhost plugin install``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from hyperhost.cli.plugin.options import GrantOption, YesOption, announce, installer
from hyperhost.cli.session import Session, command

if TYPE_CHECKING:
    from hyperhost.host.decisions import Decision, Question

__all__ = ["register"]

StubOption = Annotated[
    bool, typer.Option("--stub-denied", help="Refuse imports that are not granted when called, not at once.")
]


def register(app: typer.Typer) -> None:
    """Add the command."""

    @command(app, "install")
    def install(
        session: Session,
        source: Annotated[
            str, typer.Argument(help="A .wasm, .hhp or directory, or a component that pip installed.")
        ],
        yes: YesOption = False,
        grants: GrantOption = None,
        stub_denied: StubOption = False,
    ) -> None:
        """Install a plugin, once you agreed to what it may do."""
        from hyperhost.cli.plugin.ask import decider

        decide = decider(session, yes, grants)
        question: Question | None = None

        def noting(asked: Question) -> Decision:
            nonlocal question
            question = asked
            return decide(asked)

        outcome = installer(session).install(source, noting, stub_denied=stub_denied)
        entry = outcome.entry
        announce(session, outcome, f"installed {entry.id} {entry.version}; {_may(question, entry.granted)}")


def _may(question: Question | None, granted: tuple[str, ...]) -> str:
    if question is not None and question.native:
        return "it is Python code without a sandbox, which may do anything that you may do"
    return f"it may use {', '.join(granted)}" if granted else "it is granted nothing"
