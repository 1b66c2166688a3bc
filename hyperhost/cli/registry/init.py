"""``hyperhost registry init``."""

from __future__ import annotations

from typing import Annotated, Final

import typer

from hyperhost.cli.session import Session, command

__all__ = ["register"]

_PROVIDERS: Final = {
    "storage": "storage-sql",
    "content": "content-tiers",
    "signing": "signing-ed25519",
    "secrets": "secrets-store",
}
_NEXT: Final = (
    "hyperhost artifact create --name org.acme/hello --type library --version 1.0.0",
    "hyperhost artifact publish org.acme/hello",
    "hyperhost artifact list",
)


def register(app: typer.Typer) -> None:
    """Add the command."""

    @command(app, "init")
    def init(
        session: Session,
        database: Annotated[
            str | None,
            typer.Option(
                metavar="URL",
                help="postgresql://USER@HOST/DATABASE or sqlite:////PATH; a file in the home when not given.",
            ),
        ] = None,
    ) -> None:
        """Make the registry of this home, and the home if it is missing. Keeps what is there."""
        from hyperhost.host.registryhome import init_registry

        home = session.home
        before = home.exists and "storage" in session.config.providers
        settings = {} if database is None else {_PROVIDERS["storage"]: {"url": database}}
        with session.out.progress("making the registry"):
            made = init_registry(home, _PROVIDERS, settings)
        providers = dict(session.config.providers)
        if session.out.structured:
            session.out.data(
                {
                    "home": str(home.path),
                    "created": [str(path) for path in made],
                    "providers": providers,
                    "new": not before,
                }
            )
            return
        for path in made:
            session.out.note(f"made {path}")
        if before:
            session.out.note(f"the home {home.path} has a registry already")
            return
        session.out.note(f"the registry of {home.path} is ready; it is kept by {providers['storage']}")
        session.out.note("next, for example:")
        for line in _NEXT:
            session.out.note(f"  {line}")
