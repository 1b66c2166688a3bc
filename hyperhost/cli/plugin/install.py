"""``hyperhost plugin install``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Annotated

import typer

from hyperhost.cli.plugin.options import ForceOption, GrantOption, YesOption, announce, installer
from hyperhost.cli.registry_options import FromOption
from hyperhost.cli.session import Session, command

if TYPE_CHECKING:
    from hyperhost.host.acquire import Acquired
    from hyperhost.host.decisions import Decide, Decision, Question
    from hyperhost.host.installer import Installer, Outcome

__all__ = ["from_registry", "register"]

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
        force: ForceOption = False,
        remote: FromOption = None,
    ) -> None:
        """Install a plugin, once you agreed to what it may do."""
        from hyperhost.cli.plugin.ask import decider
        from hyperhost.host.acquire import is_reference

        decide = decider(session, yes, grants)
        if remote is not None and not is_reference(source):
            raise typer.BadParameter(f"--from goes with NAMESPACE/NAME, which {source} is not")
        if is_reference(source):
            from_registry(session, source, decide, stub_denied=stub_denied, force=force, remote=remote)
            return
        question: Question | None = None

        def noting(asked: Question) -> Decision:
            nonlocal question
            question = asked
            return decide(asked)

        outcome = installer(session).install(source, noting, stub_denied=stub_denied)
        entry = outcome.entry
        announce(session, outcome, f"installed {entry.id} {entry.version}; {_may(question, entry.granted)}")


def from_registry(
    session: Session,
    reference: str,
    decide: Decide,
    *,
    stub_denied: bool = False,
    force: bool,
    remote: str | None = None,
    also: Sequence[str] = (),
) -> None:
    """Install what an artifact and those that it needs hold, the needed first.

    Args:
        session: The run of the program.
        reference: ``namespace/name``, or with a constraint.
        decide: Asked what may be granted.
        stub_denied: Refuse imports that are not granted when called.
        force: Accept older versions, too.
        remote: Where it comes from; ``None`` for where it came from before.
        also: Capabilities that are granted anew to what was asked for.
    """
    from hyperhost.cli.door import door
    from hyperhost.host.acquire import acquired, check_packages

    work = installer(session)
    done: list[str] = []
    asked: Outcome | None = None
    with (
        door(session, changes=True) as operations,
        session.out.bar(f"fetching {reference}", 0) as progress,
        acquired(operations, reference, work.entries().values(), progress, remote) as packages,
    ):
        check_packages(packages, work)
        try:
            for each in packages:
                outcome = _put(work, each, decide, also, stub_denied=stub_denied, force=force)
                words = _done(each, outcome, reference)
                if each.asked:
                    asked = outcome
                done.append(words)
                if not session.out.structured:
                    announce(session, outcome, words)
        except BaseException:
            if done:
                session.out.warn(f"before that failed, and it stays so: {'; '.join(done)}")
            raise
    if asked is not None and session.out.structured:
        announce(session, replace(asked, notes=(*asked.notes, *done)), "")


def _put(
    work: Installer, each: Acquired, decide: Decide, also: Sequence[str], *, stub_denied: bool, force: bool
) -> Outcome:
    if not each.asked:
        decide = partial(_of_what_it_asks, decide)
    if each.replaces is None:
        return work.install(each.path, decide, stub_denied=stub_denied, label=each.label)
    also = also if each.asked else ()
    return work.upgrade(each.replaces, each.path, decide, also=also, label=each.label, force=force)


def _of_what_it_asks(decide: Decide, question: Question) -> Decision:
    """``--grant`` is said for several plugins at once; what is needed gets its part of it."""
    decision = decide(question)
    kinds = {ask.capability.kind for ask in question.asks}
    return replace(
        decision, grants=tuple(text for text in decision.grants if text.partition(":")[0] in kinds)
    )


def _done(each: Acquired, outcome: Outcome, reference: str) -> str:
    entry = outcome.entry
    if not outcome.changed:
        return f"{entry.id} {entry.version} is installed already"
    words = "installed" if each.replaces is None else "changed"
    why = "" if each.asked else f", which {reference} needs"
    return f"{words} {entry.id} {entry.version}{why}"


def _may(question: Question | None, granted: tuple[str, ...]) -> str:
    if question is not None and question.native:
        return "it is Python code without a sandbox, which may do anything that you may do"
    return f"it may use {', '.join(granted)}" if granted else "it is granted nothing"
