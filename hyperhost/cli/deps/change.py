"""``hyperhost deps add``, ``remove`` and ``list``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from hyperhost.cli.complete_registry import artifact_names
from hyperhost.cli.deps.subject import PROJECT, DirectoryOption, read_text, subject_of, write_text
from hyperhost.cli.output import Column
from hyperhost.cli.registry_options import NamespaceOption
from hyperhost.cli.session import Session, command

__all__ = ["register"]

_COLUMNS = (
    Column("artifact"),
    Column("constraint"),
    Column("type"),
    Column("optional"),
    Column("registry", wide=True),
    Column("reason", wide=True),
)


def register(app: typer.Typer) -> None:
    """Add the commands."""

    @command(app, "add")
    def add(
        session: Session,
        artifact: Annotated[
            str,
            typer.Argument(
                metavar="ARTIFACT",
                help="NAMESPACE/NAME, or with a constraint as in org.acme/log@^1.0.0.",
                autocompletion=artifact_names,
            ),
        ],
        kind: Annotated[str, typer.Option("--type", help="runtime, dev, build or peer.")] = "runtime",
        optional: Annotated[bool, typer.Option("--optional", help="It works without.")] = False,
        registry: Annotated[
            str | None, typer.Option(metavar="SOURCE", help="The only registry that it may come from.")
        ] = None,
        reason: Annotated[str, typer.Option(help="Why it is needed.")] = "",
        namespace: NamespaceOption = None,
        directory: DirectoryOption = Path(),
        no_resolve: Annotated[bool, typer.Option("--no-resolve", help="Leave the lock as it is.")] = False,
    ) -> None:
        """Add a dependency to the project, or change it; the lock follows."""
        from hyperhost.cli.deps.resolve import settle
        from hyperhost.cli.door import door, full

        name, _, constraint = _parts(full(session, artifact, namespace))
        dependency: dict[str, Any] = {"artifact": name, "constraint": constraint, "type": kind}
        dependency |= {"optional": optional, "registry": registry, "reason": reason}
        with door(session, changes=False) as operations:
            before = read_text(directory / PROJECT) or ""
            text = operations.run("dependency_add", project=before, dependency=dependency, check=False)
            found = None if no_resolve else settle(operations, text, directory, [name])
        _write(text, found, directory)
        _tell(session, text, name, found, directory)

    @command(app, "remove")
    def remove(
        session: Session,
        artifact: Annotated[
            str, typer.Argument(metavar="ARTIFACT", help="NAMESPACE/NAME.", autocompletion=artifact_names)
        ],
        namespace: NamespaceOption = None,
        directory: DirectoryOption = Path(),
        no_resolve: Annotated[bool, typer.Option("--no-resolve", help="Leave the lock as it is.")] = False,
    ) -> None:
        """Remove a dependency from the project; the lock follows."""
        from hyperhost.cli.deps.resolve import settle
        from hyperhost.cli.door import door, full

        name = full(session, artifact, namespace)
        before = subject_of(session, None, directory)["project"]
        with door(session, changes=False) as operations:
            text = operations.run("dependency_remove", project=before, artifact=name)
            found = None if no_resolve else settle(operations, text, directory, [])
        _write(text, found, directory)
        _tell(session, text, "", found, directory)

    @command(app, "list")
    def list_dependencies(session: Session, directory: DirectoryOption = Path()) -> None:
        """List what the project asks for."""
        from hyperhost.cli.door import door

        project = subject_of(session, None, directory)["project"]
        with door(session, changes=False) as operations:
            rows = operations.run("dependency_list", project=project)
        session.out.rows(_COLUMNS, rows, empty=f"{directory / PROJECT} asks for nothing")


def _parts(text: str) -> tuple[str, str, str]:
    """Name, sign, constraint; the @ of an e-mail in the namespace comes before the slash."""
    namespace, slash, rest = text.partition("/")
    name, sign, constraint = rest.partition("@")
    return f"{namespace}{slash}{name}", sign, constraint


def _write(text: str, found: dict[str, Any] | None, directory: Path) -> None:
    """The project first: a lock that is older than it is mended by the next ``deps resolve``."""
    from hyperhost.cli.deps.resolve import write_lock

    write_text(directory / PROJECT, text)
    if found is not None:
        write_lock(found, directory)


def _tell(session: Session, text: str, name: str, found: dict[str, Any] | None, directory: Path) -> None:
    from hyperhost.cli.deps.resolve import tell

    if found is not None:
        tell(session, found, directory)
    elif session.out.structured:
        session.out.data({"project": text})
    else:
        session.out.note(f"{directory / PROJECT} is written" + (f" with {name}" if name else ""))
