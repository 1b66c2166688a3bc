"""Options and arguments that commands of the registry have in common."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from hyperhost.cli.complete_registry import (
    artifact_names,
    artifact_references,
    namespace_paths,
    remote_names,
)

__all__ = [
    "ArtifactArgument",
    "AtOption",
    "ForceOption",
    "FromOption",
    "LimitOption",
    "NameArgument",
    "NamespaceArgument",
    "NamespaceOption",
    "YesOption",
    "confirmed",
    "pairs",
]

ArtifactArgument = Annotated[
    str,
    typer.Argument(
        metavar="ARTIFACT",
        help="An id, NAMESPACE/NAME, NAMESPACE/NAME@VERSION or NAMESPACE/NAME@TAG.",
        autocompletion=artifact_references,
    ),
]
NameArgument = Annotated[
    str, typer.Argument(metavar="NAME", help="NAMESPACE/NAME.", autocompletion=artifact_names)
]
NamespaceArgument = Annotated[
    str, typer.Argument(metavar="NAMESPACE", help="Dotted path.", autocompletion=namespace_paths)
]
NamespaceOption = Annotated[
    str | None,
    typer.Option(
        "--namespace",
        "-n",
        help="Namespace of names that say none, instead of $HYPERHOST_NAMESPACE.",
        autocompletion=namespace_paths,
    ),
]
FromOption = Annotated[
    str | None,
    typer.Option(
        "--from",
        metavar="REMOTE",
        help="Not from this registry, but from one that 'remote add' named.",
        autocompletion=remote_names,
        show_default=False,
    ),
]
YesOption = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]
ForceOption = Annotated[bool, typer.Option("--force", help="Do it although something speaks against it.")]
AtOption = Annotated[
    str | None,
    typer.Option(
        "--at", metavar="TIME", help="As it was then: 2026-01-31, 2026-01-31T12:00:00Z, or '2 hours ago'."
    ),
]
LimitOption = Annotated[int, typer.Option("--limit", min=1, help="Rows at most.")]


def pairs(texts: list[str] | None, option: str) -> dict[str, str]:
    """What ``KEY=VALUE`` texts say.

    Raises:
        typer.BadParameter: one of them has no ``=``.
    """
    found = {}
    for text in texts or ():
        key, equals, value = text.partition("=")
        if not equals or not key:
            raise typer.BadParameter(f"{option} {text!r} is not KEY=VALUE")
        found[key] = value
    return found


def confirmed(session: Any, yes: bool, question: str) -> bool:
    """Whether to go on: ``--yes``, or the answer of the person at the terminal.

    Raises:
        InputRequiredError: there is nobody to ask.
    """
    from hyperhost.cli.plugin.ask import confirm
    from hyperhost.errors import InputRequiredError

    if yes:
        return True
    if not session.asks:
        raise InputRequiredError(
            f"{question} There is no terminal to answer on.", hint="add --yes; nothing was changed"
        )
    return confirm(question)
