"""``hyperhost tuf download``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hyperhost.cli.session import Session, command
from hyperhost.cli.tuf.options import (
    MetadataDir,
    MetadataUrl,
    TargetBaseUrl,
    TargetDir,
    TargetName,
    client,
    given,
)

if TYPE_CHECKING:
    import typer

__all__ = ["register"]


def register(app: typer.Typer) -> None:
    """Add the command."""

    @command(app, "download")
    def download(
        session: Session,
        metadata_dir: MetadataDir = None,
        metadata_url: MetadataUrl = None,
        target_name: TargetName = None,
        target_base_url: TargetBaseUrl = None,
        target_dir: TargetDir = None,
    ) -> None:
        """Download targets of a registry, verified; what is there already is not fetched again."""
        from hyperhost.contracts import TrustSource
        from hyperhost.contracts.codec import to_data

        source = TrustSource(
            str(given(session, "metadata_dir", metadata_dir)),
            given(session, "metadata_url", metadata_url),
            given(session, "target_base_url", target_base_url),
        )
        names = given(session, "target_name", target_name)
        place = given(session, "target_dir", target_dir)
        with client(session) as hook:
            found = hook.trust_fetch(source=source, paths=names, directory=str(place))
        if session.out.structured:
            session.out.data([to_data(each) for each in found])
        else:
            session.out.text("".join(f"{each.file}\n" for each in found))
