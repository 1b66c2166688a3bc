"""The strategy ``manual``: a person at the terminal chooses."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from hyperhost.contracts import Candidate
from hyperhost.hookspecs import hookimpl

if TYPE_CHECKING:
    from hyperhost.cli.session import Session
    from hyperhost.host.operations import Operations

__all__ = ["with_person"]

_MOST_SHOWN = 20


class Person:
    """Answers for the strategy ``manual``."""

    @hookimpl
    def resolution_choose(self, strategy: str, candidates: list[Candidate]) -> str | None:
        """See the hookspec."""
        if strategy != "manual":
            return None
        versions = [each.version for each in candidates]
        if len(versions) == 1:
            return versions[0]
        import click

        shown = ", ".join(versions[:_MOST_SHOWN]) + (" …" if len(versions) > _MOST_SHOWN else "")
        answer: str = click.prompt(
            f"{candidates[0].artifact}: which of {shown}?",
            default=versions[0],
            type=click.Choice(versions),
            show_choices=False,
            err=True,
        )
        return answer


@contextmanager
def with_person(session: Session, operations: Operations) -> Iterator[None]:
    """Let the person at the terminal choose while the block runs; without a terminal nobody answers."""
    if session.asks:
        operations.host.register(Person(), "terminal")
    yield
