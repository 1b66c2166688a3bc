"""``hyperhost namespace create`` and ``update``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from hyperhost.cli.registry_options import NamespaceArgument, pairs
from hyperhost.cli.session import Session, command

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["register"]

_QUOTAS: Final = ("storage_bytes", "artifacts", "bandwidth_bytes_per_month", "api_calls_per_month")
_COMMANDS: Final = {
    "create": "Create a namespace. Without it holds what holds above it, and the defaults of its scope.",
    "update": "Change a namespace; what no option names stays as it is.",
}


def register(app: typer.Typer) -> None:
    """Add the commands."""
    for name, text in _COMMANDS.items():
        _add(app, name, text)


def _add(app: typer.Typer, name: str, text: str) -> None:
    @command(app, name, help=text)
    def change(
        session: Session,
        path: NamespaceArgument,
        file: Annotated[
            Path | None,
            typer.Option("--from", metavar="FILE", help="YAML, JSON or TOML with fields, acl too."),
        ] = None,
        owner: Annotated[str | None, typer.Option(help="Id of a principal.")] = None,
        description: Annotated[str | None, typer.Option(help="What it is for.")] = None,
        visibility: Annotated[str | None, typer.Option(help="public, private or internal.")] = None,
        labels: Annotated[
            list[str] | None, typer.Option("--label", metavar="KEY=VALUE", help="A label; may be repeated.")
        ] = None,
        quotas: Annotated[
            list[str] | None,
            typer.Option("--quota", metavar="KEY=NUMBER", help=f"{', '.join(_QUOTAS)}; may be repeated."),
        ] = None,
    ) -> None:
        from hyperhost.cli.door import door
        from hyperhost.cli.registry_rows import moments

        given = {"owner": owner, "description": description, "visibility": visibility}
        edit = _from_file(file) | {key: value for key, value in given.items() if value is not None}
        wanted = {key: _number(key, value) for key, value in pairs(quotas, "--quota").items()}
        added = pairs(labels, "--label")
        with door(session, changes=True) as operations:
            if name == "update" and (wanted or added):
                before = _own(operations.run("namespace_list", prefix=path), path)
                edit = {"labels": before.get("labels", {}), "quotas": before.get("quotas", {}), **edit}
            if added:
                edit["labels"] = {**edit.get("labels", {}), **added}
            if wanted:
                edit["quotas"] = {**edit.get("quotas", {}), **wanted}
            done = operations.run(f"namespace_{name}", path=path, edit=edit)
        if session.out.structured:
            session.out.data(moments(done))
        else:
            session.out.note(f"{name}d namespace {path}")


def _own(found: list[dict[str, Any]], path: str) -> Mapping[str, Any]:
    return next((each for each in found if each["path"] == path), {})


def _from_file(file: Path | None) -> dict[str, Any]:
    from hyperhost.cli.artifact.draft import from_file

    return from_file(file) if file is not None else {}


def _number(key: str, text: str) -> int | None:
    """Digits, with ``none`` for no limit."""
    if key not in _QUOTAS:
        raise typer.BadParameter(f"--quota {key!r} is unknown; known are {', '.join(_QUOTAS)}")
    if text == "none":
        return None
    if not text.isdecimal() or not text.isascii():
        raise typer.BadParameter(f"--quota {key}={text}: give a whole number, or none")
    return int(text)
