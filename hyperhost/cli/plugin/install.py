"""``hyperhost plugin install``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from hyperhost.cli.plugin.options import GrantOption, YesOption, announce, installer
from hyperhost.cli.session import Session, command

if TYPE_CHECKING:
    from hyperhost.host.decisions import Decide, Decision, Question

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
            str,
            typer.Argument(
                help="A .wasm, .hhp or directory; a component that pip installed; "
                "NAMESPACE/NAME or NAMESPACE/NAME@CONSTRAINT of the registry."
            ),
        ],
        yes: YesOption = False,
        grants: GrantOption = None,
        stub_denied: StubOption = False,
    ) -> None:
        """Install a plugin, once you agreed to what it may do."""
        from hyperhost.cli.plugin.ask import decider
        from hyperhost.host.acquire import is_reference

        decide = decider(session, yes, grants)
        if is_reference(source):
            _from_registry(session, source, decide, stub_denied=stub_denied)
            return
        question: Question | None = None

        def noting(asked: Question) -> Decision:
            nonlocal question
            question = asked
            return decide(asked)

        outcome = installer(session).install(source, noting, stub_denied=stub_denied)
        entry = outcome.entry
        announce(session, outcome, f"installed {entry.id} {entry.version}; {_may(question, entry.granted)}")


def _from_registry(session: Session, reference: str, decide: Decide, *, stub_denied: bool) -> None:
    """Install what an artifact and those that it needs hold, the needed first."""
    from hyperhost.cli.door import door
    from hyperhost.host.acquire import acquired

    work = installer(session)
    with (
        door(session, changes=True) as operations,
        session.out.bar(f"fetching {reference}", 0) as progress,
        acquired(operations, reference, work.entries().values(), progress) as packages,
    ):
        for each in packages:
            if each.replaces is None:
                outcome = work.install(each.path, decide, stub_denied=stub_denied, label=each.label)
                words = "installed"
            else:
                outcome = work.upgrade(each.replaces, each.path, decide, label=each.label)
                words = "changed"
            why = "" if each.asked else f", which {reference} needs"
            announce(session, outcome, f"{words} {outcome.entry.id} {outcome.entry.version}{why}")


def _may(question: Question | None, granted: tuple[str, ...]) -> str:
    if question is not None and question.native:
        return "it is Python code without a sandbox, which may do anything that you may do"
    return f"it may use {', '.join(granted)}" if granted else "it is granted nothing"
