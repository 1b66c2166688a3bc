"""``hyperhost export``, ``import`` and ``sync``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from hyperhost.cli.registry_options import ForceOption, FromOption, NamespaceOption, pairs
from hyperhost.cli.session import Session, command

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["register"]

_SHOWN_ISSUES: Final = 20
_File = Annotated[Path, typer.Argument(metavar="FILE", help="The file.")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    command(app, "export")(_export)
    command(app, "import")(_import)
    command(app, "sync")(_sync)


def _export(
    session: Session,
    file: _File,
    namespace: NamespaceOption = None,
    below: Annotated[bool, typer.Option("--below", help="Namespaces below it, too.")] = False,
    kind: Annotated[str | None, typer.Option("--type", help="The type.")] = None,
    state: Annotated[str | None, typer.Option(help="draft, published, deprecated or archived.")] = None,
    selector: Annotated[
        list[str] | None, typer.Option("--selector", "-l", metavar="KEY=VALUE", help="A label it has.")
    ] = None,
    bare: Annotated[bool, typer.Option("--no-contents", help="Leave their bytes out.")] = False,
    force: ForceOption = False,
) -> None:
    """Write artifacts, with their contents, tags and namespaces, to one file; the same for the same state."""
    from hyperhost.cli.door import check_registry, door
    from hyperhost.errors import InputRequiredError

    labels = pairs(selector, "--selector")
    query: dict[str, Any] = {"namespace": namespace, "type": kind, "state": state, "labels": labels}
    query = {key: value for key, value in query.items() if value}
    if below:
        query["descendants"] = True
    check_registry(session)
    if (file.exists() or file.is_symlink()) and not force:
        raise InputRequiredError(f"{file} is there already", hint="add --force to replace it")
    with door(session, changes=False) as operations, session.out.progress(f"exporting to {file}"):
        done = operations.run(
            "export", target=str(file.absolute()), contents=not bare, **({"query": query} if query else {})
        )
    if session.out.structured:
        session.out.data({"file": str(file), **done})
        return
    session.out.note(
        f"wrote {done['artifacts']:,} artifacts and {done['contents']:,} contents "
        f"({done['content_bytes']:,} bytes) to {file}"
    )


def _import(
    session: Session,
    file: _File,
    on_conflict: Annotated[
        str,
        typer.Option(help="report (leave it and say so), skip, replace or fail: what is there and differs."),
    ] = "report",
) -> None:
    """Read an exported file; what is there and the same stays, and an interrupted import goes on."""
    from hyperhost.cli.door import door

    with door(session, changes=True) as operations, session.out.progress(f"importing {file}"):
        done = operations.run("import", source=str(file.absolute()), on_conflict=on_conflict)
    if session.out.structured:
        session.out.data({"file": str(file), **done})
    else:
        session.out.note(
            f"{done['created']:,} artifacts are new, {done['replaced']:,} replaced, {done['unchanged']:,} "
            f"the same; {done['records']:,} tags and the like, {done['contents']:,} contents"
        )
        _tell(session, done["issues"])
    if done["issues"]:
        raise typer.Exit(1)


def _sync(
    session: Session,
    source: Annotated[
        Path | None,
        typer.Argument(metavar="[SOURCE]", help="Home of a registry; this one's if one is named."),
    ] = None,
    target: Annotated[
        Path | None, typer.Argument(metavar="TARGET", help="Home of the other registry.")
    ] = None,
    resolve: Annotated[
        list[str] | None,
        typer.Option(metavar="KEY=SIDE", help="Decide a conflict: source or target wins; may be repeated."),
    ] = None,
    remote: FromOption = None,
    namespace: NamespaceOption = None,
) -> None:
    """Bring two registries to the same state, both ways. Conflicts are told and never decided for you.

    With --from what a registry elsewhere has comes here, and nothing goes there; --namespace is what lies
    in it and below.
    """
    from hyperhost.cli.door import door

    if remote is not None:
        if source is not None or resolve:
            raise typer.BadParameter("--from stands instead of homes and of --resolve")
        _pull(session, remote, namespace or "")
        return
    if source is None or namespace is not None:
        raise typer.BadParameter("name the home of the other registry, or --from REMOTE [--namespace PATH]")
    if target is None:
        target = source
    else:
        session.home_path = source
    words = {"source": "here", "target": "other"}
    chosen = pairs(resolve, "--resolve")
    for key, side in chosen.items():
        if side not in words:
            raise typer.BadParameter(f"--resolve {key}={side}: the side is source or target")
    with door(session, changes=True) as operations, session.out.progress("synchronizing"):
        done = operations.run(
            "sync", other=str(target.absolute()), resolve={key: words[side] for key, side in chosen.items()}
        )
    if session.out.structured:
        session.out.data({"home": str(session.home.path), "other": str(target.absolute()), **done})
    else:
        for side, place in (("source", session.home.path), ("target", target)):
            moved = ", ".join(f"{count:,} {what}" for what, count in done[side].items() if count)
            session.out.note(f"{place}: {moved or 'nothing changed'}")
        for key in done["unused"]:
            session.out.warn(f"--resolve {key}: nothing of that name has changed since the last sync")
        _tell(session, done["conflicts"])
    if done["conflicts"]:
        raise typer.Exit(1)


def _pull(session: Session, remote: str, namespace: str) -> None:
    from hyperhost.cli.door import door

    with door(session, changes=True) as operations, session.out.progress(f"pulling from {remote}"):
        done = operations.run("remote_pull", remote=remote, namespace=namespace)
    if session.out.structured:
        session.out.data({"home": str(session.home.path), **done})
    else:
        session.out.note(
            f"{done['created']:,} artifacts are new, {done['updated']:,} updated, {done['unchanged']:,} the "
            f"same; {done['contents']:,} contents ({done['content_bytes']:,} bytes) fetched"
        )
        for each in done["gone"][:_SHOWN_ISSUES]:
            session.out.warn(f"{remote} does not offer {each} any more; it stays here")
        if len(done["gone"]) > _SHOWN_ISSUES:
            session.out.note(f"and {len(done['gone']) - _SHOWN_ISSUES:,} more; see them with --output json")
        _tell(session, done["issues"])
    if done["issues"]:
        raise typer.Exit(1)


def _tell(session: Session, issues: Sequence[dict[str, Any]]) -> None:
    for issue in issues[:_SHOWN_ISSUES]:
        session.out.warn(f"{issue['kind']}: {issue['what']} {issue['key']}: {issue['reason']}")
    if len(issues) > _SHOWN_ISSUES:
        session.out.note(f"and {len(issues) - _SHOWN_ISSUES:,} more; see them all with --output json")
