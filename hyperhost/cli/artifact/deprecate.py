"""``hyperhost artifact deprecate``."""

from __future__ import annotations

from typing import Annotated

import typer

from hyperhost.cli.registry_options import ArtifactArgument, NamespaceOption
from hyperhost.cli.session import Session, command

__all__ = ["register"]


def register(app: typer.Typer) -> None:
    """Add the command."""

    @command(app, "deprecate")
    def deprecate(
        session: Session,
        artifact: ArtifactArgument,
        reason: Annotated[str, typer.Option(help="Why, for a person.")] = "",
        replacement: Annotated[
            str | None, typer.Option(metavar="NAMESPACE/NAME", help="What to use instead.")
        ] = None,
        instead: Annotated[
            list[str] | None,
            typer.Option("--instead", metavar="VERSION", help="A version to use instead; may be repeated."),
        ] = None,
        removed: Annotated[
            str | None, typer.Option("--removed", metavar="TIME", help="When it will be gone.")
        ] = None,
        namespace: NamespaceOption = None,
    ) -> None:
        """Say that a version should no longer be used, and what to use instead."""
        from hyperhost.cli.artifact.show import tell
        from hyperhost.cli.door import coordinates, door, full
        from hyperhost.cli.moments import moment_us
        from hyperhost.cli.registry_rows import changed_row

        reference = full(session, artifact, namespace)
        removed_at_us = moment_us(removed) if removed is not None else None
        if replacement is not None:
            replacement = full(session, replacement, namespace)
        with door(session, changes=True) as operations:
            changed = operations.run(
                "deprecate",
                artifact=reference,
                reason=reason,
                replacement=replacement,
                removed_at_us=removed_at_us,
                alternate_versions=instead or [],
            )
        tell(session, changed_row(changed), f"deprecated {coordinates(changed['artifact'])}")
