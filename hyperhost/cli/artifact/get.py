"""``hyperhost artifact get``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hyperhost.cli.registry_options import ArtifactArgument, AtOption, NamespaceOption
from hyperhost.cli.session import Session, command

if TYPE_CHECKING:
    import typer

__all__ = ["register"]


def register(app: typer.Typer) -> None:
    """Add the command."""

    @command(app, "get")
    def get(
        session: Session, artifact: ArtifactArgument, at: AtOption = None, namespace: NamespaceOption = None
    ) -> None:
        """Show an artifact with its manifest; sensitive fields are masked."""
        from hyperhost.cli.door import door, full
        from hyperhost.cli.moments import moment_text, moment_us
        from hyperhost.cli.registry_rows import SHOWN, artifact_row, shown_row

        at_us = moment_us(at) if at is not None else None
        reference = full(session, artifact, namespace)
        marks: dict[str, Any] = {}
        with door(session, changes=False) as operations:
            if at_us is not None:
                then = operations.run("artifact_at", artifact=reference, at_us=at_us)
                found, manifest = then["artifact"], then["manifest"]
                marks = {key: then[key] for key in ("tags", "channels", "yanked", "kind", "actor")}
                marks |= {"at": moment_text(then["at_us"]), "since": moment_text(then["since_us"])}
            else:
                found = operations.run("read", artifact=reference)
                manifest = operations.run("read_manifest", artifact=found["id"])
        row = {**artifact_row(found), "manifest": manifest, **({"then": marks} if marks else {})}
        if session.out.structured:
            session.out.data(row)
        else:
            session.out.record(
                {**shown_row(row), "manifest": manifest}, {**SHOWN, "manifest": "manifest", "then": "then"}
            )
