"""Passwords on the command line: typed, or from a file; never an argument, which others could see."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Annotated, Final

import typer

if TYPE_CHECKING:
    from hyperhost.cli.session import Session

__all__ = ["PasswordFileOption", "asked_password"]

_MAX_BYTES: Final = 4096
PasswordFileOption = Annotated[
    str | None,
    typer.Option(
        "--password-file",
        metavar="FILE",
        help="File of yours alone with the password in its first line; - is the standard input.",
    ),
]


def asked_password(session: Session, given: str | None, text: str, *, twice: bool = False) -> str:
    """A password.

    Args:
        session: The run of the program.
        given: The file that was named; ``-`` for standard input.
        text: What to ask for.
        twice: Have it typed twice, because nobody can read it back.

    Raises:
        InputRequiredError: no file was named, and there is nobody to ask; or it was typed differently; or
            the file cannot be used.
    """
    from hyperhost.errors import InputRequiredError

    if given is not None:
        return _first_line(given)
    if not session.asks:
        raise InputRequiredError(f"{text}: there is no terminal to ask on", hint="add --password-file FILE")
    import getpass

    typed = getpass.getpass(f"{text}: ")
    if twice and getpass.getpass("Once more: ") != typed:
        raise InputRequiredError("the two passwords differ", hint="type it again; nothing was done")
    return typed


def _first_line(name: str) -> str:
    from hyperhost.errors import InputRequiredError

    try:
        if name == "-":
            line = sys.stdin.buffer.readline(_MAX_BYTES)
        else:
            with open(name, "rb", opener=lambda path, flags: os.open(path, flags | os.O_NONBLOCK)) as file:
                if os.fstat(file.fileno()).st_mode & 0o077:
                    raise InputRequiredError(
                        f"{name} may be read by others than its owner", hint=f"chmod 600 {name}"
                    )
                line = file.readline(_MAX_BYTES)
        return line.rstrip(b"\r\n").decode("utf-8")
    except OSError as error:
        raise InputRequiredError(f"{name} cannot be read: {error.strerror or error}") from error
    except UnicodeDecodeError as error:
        raise InputRequiredError(f"the password in {name} is no text", hint="write it as UTF-8") from error
