"""``hyperhost keys export`` and ``import``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from hyperhost.cli.keys.rows import KeyArgument, PassphraseOption
from hyperhost.cli.session import Session, command

__all__ = ["register"]


def register(app: typer.Typer) -> None:
    """Add the commands."""

    @command(app, "export")
    def export(
        session: Session,
        key: KeyArgument,
        private: Annotated[
            bool, typer.Option("--private", help="The private half, too, encrypted with a passphrase.")
        ] = False,
        passphrase_file: PassphraseOption = None,
        to: Annotated[
            Path | None, typer.Option(metavar="FILE", help="Write it there, and not to the output.")
        ] = None,
    ) -> None:
        """Write a key as a document that import takes; without --private anybody may see it."""
        from contextlib import nullcontext

        from hyperhost.cli.door import door
        from hyperhost.cli.keys.passphrase import asked_for, unlocking
        from hyperhost.host.contents import replacing

        if private:
            unlocking(session)
        words = "Passphrase for the exported key"
        asked = asked_for(session, passphrase_file, words, twice=True) if private else nullcontext(None)
        with asked as file, door(session, changes=True) as operations:
            document = operations.run("key_export", key=key, passphrase_file=file)
        if to is not None:
            with replacing(to, 0o600) as target:
                target.write(document.encode("utf-8"))
        if session.out.structured:
            session.out.data({"key": key, "private": private, "document": json.loads(document)})
        elif to is None:
            session.out.text(document)
        else:
            session.out.note(f"wrote {key} to {to}{', with its private half' if private else ''}")

    @command(app, "import")
    def take(
        session: Session,
        file: Annotated[
            Path, typer.Argument(metavar="FILE", help="What export wrote, or a public key in PEM.")
        ],
        private: Annotated[
            bool, typer.Option("--private", help="The private half that is in it, too.")
        ] = False,
        passphrase_file: PassphraseOption = None,
    ) -> None:
        """Take over a key from elsewhere. It is trusted for nothing until 'keys trust' says so."""
        from contextlib import nullcontext

        from hyperhost.cli.door import door
        from hyperhost.cli.keys.passphrase import asked_for, unlocking
        from hyperhost.cli.keys.rows import tell
        from hyperhost.errors import InvalidInputError

        try:
            document = file.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise InvalidInputError(
                f"{file} cannot be read: {getattr(error, 'strerror', None) or 'it is no text'}",
                hint="give what 'keys export' wrote, or a public key in PEM",
            ) from error
        if private:
            unlocking(session)
        asked = asked_for(session, passphrase_file, "Its passphrase") if private else nullcontext(None)
        with asked as secret, door(session, changes=True) as operations:
            key = operations.run("key_import", document=document, passphrase_file=secret)
            rules = operations.run("key_rules")
        tell(session, key, rules, "it is known now; to trust it: hyperhost keys trust NAMESPACE KEY")
