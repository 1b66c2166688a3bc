"""``hyperhost tuf refresh``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hyperhost.cli.session import Session, command
from hyperhost.cli.tuf.options import MetadataDir, MetadataUrl, client, given

if TYPE_CHECKING:
    import typer

__all__ = ["register"]


def register(app: typer.Typer) -> None:
    """Add the command."""

    @command(app, "refresh")
    def refresh(session: Session, metadata_dir: MetadataDir = None, metadata_url: MetadataUrl = None) -> None:
        """Bring what is known of a registry up to date."""
        from hyperhost.contracts import TrustSource
        from hyperhost.contracts.codec import to_data

        place = given(session, "metadata_dir", metadata_dir)
        source = TrustSource(str(place), given(session, "metadata_url", metadata_url))
        with client(session) as hook:
            state = hook.trust_refresh(source=source)
        if session.out.structured:
            session.out.data(to_data(state))
        else:
            session.out.note(f"trusts snapshot {state.snapshot} of root {state.root}")
