"""What commands of the graph have in common: options, nodes as people write them, drawings."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from hyperhost.cli.complete_registry import artifact_names, namespace_paths

if TYPE_CHECKING:
    from hyperhost.cli.session import Session

__all__ = [
    "DepthOption",
    "FileOption",
    "FormatOption",
    "KindOption",
    "NodeArgument",
    "drawn",
    "form_of",
    "node_of",
    "nodes",
]

_KINDS: Final = ("artifact", "namespace", "user", "tag")


class Drawn(StrEnum):
    """How an answer is drawn."""

    text = "text"
    mermaid = "mermaid"
    svg = "svg"


class Kind(StrEnum):
    """Which edges."""

    depends = "depends"
    used_by = "used-by"
    similar = "similar"
    co_occurs = "co-occurs"
    author = "author"
    tag = "tag"
    namespace = "namespace"


def nodes(ctx: typer.Context, incomplete: str) -> list[str]:
    """Names of artifacts, or namespaces behind ``namespace:``."""
    if incomplete.startswith("namespace:"):
        return [f"namespace:{each}" for each in namespace_paths(ctx, incomplete.partition(":")[2])]
    return artifact_names(ctx, incomplete)


NodeArgument = Annotated[
    str,
    typer.Argument(
        metavar="NODE",
        help="NAMESPACE/NAME; namespace:PATH, user:NAME or tag:WORD for other nodes.",
        autocompletion=nodes,
    ),
]
FormatOption = Annotated[
    Drawn | None, typer.Option("--format", help="Draw it, instead of a table.", show_default=False)
]
FileOption = Annotated[Path | None, typer.Option("--file", metavar="FILE", help="Write the drawing there.")]
DepthOption = Annotated[int, typer.Option(min=0, max=2**32 - 1, help="Edges to go at most; 0 is all.")]
KindOption = Annotated[
    list[Kind] | None, typer.Option("--kind", help="Edges to go along; may be repeated.", show_default=False)
]


def node_of(session: Session, text: str) -> str:
    """A node as operations know it; a name without a namespace is meant in the default one."""
    from hyperhost.cli.door import full

    return text if text.partition(":")[0] in _KINDS and ":" in text else full(session, text, None)


def form_of(form: Drawn | None, file: Path | None) -> str:
    """The argument ``format``: as text for a file that says nothing else."""
    if form is None and file is not None:
        return {".svg": "svg", ".mmd": "mermaid"}.get(file.suffix, "text")
    return form.value if form is not None else "json"


def drawn(session: Session, found: dict[str, Any], form: str, file: Path | None) -> bool:
    """Write the drawing or the data of an answer where that was asked for; whether it was."""
    if file is not None:
        from hyperhost.cli.deps.subject import write_text

        write_text(file, found["drawing"])
        session.out.note(f"{file} is written")
    elif session.out.structured:
        session.out.data(found)
    elif form != "json":
        session.out.text(found["drawing"])
    else:
        return False
    return True
