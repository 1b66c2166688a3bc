"""``hyperhost deps solve``: the solver on a plain index file; needs no registry."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from hyperhost.cli.output import Column
from hyperhost.cli.session import Session, command

__all__ = ["register"]


def register(app: typer.Typer) -> None:
    """Add the command."""

    @command(app, "solve")
    def solve(
        session: Session,
        index: Annotated[
            Path,
            typer.Option(
                "--index", metavar="FILE", help="JSON: name to version to dependency to constraint."
            ),
        ],
        root: Annotated[
            list[str],
            typer.Option("--root", metavar="NAME@CONSTRAINT", help="What is needed; may be repeated."),
        ],
        strategy: Annotated[str, typer.Option(help="highest or lowest.")] = "highest",
        locked: Annotated[
            list[str] | None,
            typer.Option("--locked", metavar="NAME@VERSION", help="Preferred; may be repeated."),
        ] = None,
    ) -> None:
        """Choose versions from a plain index file."""
        from hyperhost.host.operations import Operations

        roots: dict[str, str] = {}
        for text in root:
            name, constraint = _split(text)
            roots[name] = f"{roots[name]}, {constraint}" if name in roots else constraint
        preferred = dict(_split(text) for text in locked or ())
        with session.host(["resolution"]) as host:
            found = Operations(host).run(
                "dependency_solve",
                roots=roots,
                index_file=str(index.absolute()),
                strategy=strategy,
                locked=preferred,
            )
        if session.out.structured:
            session.out.data(found)
            return
        rows = [{"name": name, "version": version} for name, version in found["versions"].items()]
        session.out.rows((Column("name"), Column("version")), rows, empty="nothing is needed")


def _split(text: str) -> tuple[str, str]:
    """Name and constraint; no constraint holds an @, and a name may begin with one."""
    name, sign, constraint = text.rpartition("@")
    return (name, constraint or "*") if sign and name else (text, "*")
