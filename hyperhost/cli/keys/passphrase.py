"""Passphrases: from a file, or typed; never an argument, which others could see."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hyperhost.cli.session import Session

__all__ = ["asked_for", "unlocking"]


def unlocking(session: Session, service: str = "signing") -> None:
    """Ask for the passphrase of private keys or secrets, where the configuration says that there is one.

    It goes where programs leave it: into the environment, of this process only.
    """
    from hyperhost.host.keys.unlocking import PASSPHRASE_VARIABLE

    config = session.config
    provider = config.providers.get(service, "")
    wanted = bool(provider) and config.plugin(provider).config.get("unlock") == "passphrase"
    if wanted and session.asks and not os.environ.get(PASSPHRASE_VARIABLE):
        import getpass

        os.environ[PASSPHRASE_VARIABLE] = getpass.getpass(
            f"Passphrase of the {'private keys' if service == 'signing' else service}: "
        )


@contextmanager
def asked_for(session: Session, given: str | None, text: str, *, twice: bool = False) -> Iterator[str]:
    """The path of a file with a passphrase: the one that was named, or one with what was typed.

    Args:
        session: The run of the program.
        given: The file that was named.
        text: What to ask for.
        twice: Have it typed twice, because nobody can read it back.

    Raises:
        InputRequiredError: no file was named, and there is nobody to ask; or it was typed differently.
    """
    from hyperhost.errors import InputRequiredError

    if given is not None:
        yield given
        return
    if not session.asks:
        raise InputRequiredError(f"{text}: there is no terminal to ask on", hint="add --passphrase-file FILE")
    import getpass

    typed = getpass.getpass(f"{text}: ")
    if twice and getpass.getpass("Once more: ") != typed:
        raise InputRequiredError("the two passphrases differ", hint="type it again; nothing was done")
    with tempfile.NamedTemporaryFile("w", encoding="utf-8", prefix="hyperhost-") as file:  # mode 0600
        file.write(typed + "\n")
        file.flush()
        yield file.name
