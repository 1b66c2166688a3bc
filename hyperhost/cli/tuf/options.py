"""Options of the client commands. They may stand before the command, as the conformance suite has them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from hyperhost.cli.session import Session

__all__ = [
    "MetadataDir",
    "MetadataUrl",
    "TargetBaseUrl",
    "TargetDir",
    "TargetName",
    "before_command",
    "client",
    "given",
]

MetadataDir = Annotated[Path | None, typer.Option("--metadata-dir", help="Where trusted metadata is kept.")]
MetadataUrl = Annotated[str | None, typer.Option("--metadata-url", help="Where the repository has metadata.")]
TargetName = Annotated[
    list[str] | None,
    typer.Option("--target-name", help="What to download, NAMESPACE/NAME/VERSION; may be repeated."),
]
TargetBaseUrl = Annotated[
    str | None, typer.Option("--target-base-url", help="Where the repository has targets.")
]
TargetDir = Annotated[Path | None, typer.Option("--target-dir", help="Where to put what is downloaded.")]


def before_command(
    ctx: typer.Context,
    metadata_dir: MetadataDir = None,
    metadata_url: MetadataUrl = None,
    target_name: TargetName = None,
    target_base_url: TargetBaseUrl = None,
    target_dir: TargetDir = None,
) -> None:
    """Keep the options that stand before the command."""
    ctx.obj.group = {
        "metadata_dir": metadata_dir,
        "metadata_url": metadata_url,
        "target_name": target_name,
        "target_base_url": target_base_url,
        "target_dir": target_dir,
    }


def given(session: Session, name: str, value: Any) -> Any:
    """An option that is needed, from behind the command or from before it.

    Raises:
        BadParameter: it is in neither place.
    """
    found = value or session.group.get(name)
    if not found:
        raise typer.BadParameter(f"--{name.replace('_', '-')} is needed")
    return found


@contextmanager
def client(session: Session) -> Iterator[Any]:
    """The hooks of the one plugin that a client needs, with refusals as errors of the command line."""
    from hyperhost.errors import RefusalError
    from hyperhost.host.operations import typed

    with session.host(["trust-tuf"]) as host:
        try:
            yield host.hook
        except RefusalError as refusal:
            raise typed(refusal) from refusal
