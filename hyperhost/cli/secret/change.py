"""``hyperhost secret set``, ``remove`` and ``rotate``."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from hyperhost.cli.session import Session, command

__all__ = ["register"]

NameArgument = Annotated[str, typer.Argument(metavar="NAME", help="Of the secret, as in db-password.")]
NamespaceOption = Annotated[
    str,
    typer.Option(
        metavar="PATH", help="Only configs of this namespace, and below it, get it; all when not given."
    ),
]


def register(app: typer.Typer) -> None:
    """Add the commands."""

    @command(app, "set")
    def set_secret(
        session: Session,
        name: NameArgument,
        namespace: NamespaceOption = "",
        file: Annotated[
            Path | None,
            typer.Option(
                metavar="FILE", help="Take it from this file, which only you can read; - is the input."
            ),
        ] = None,
        replace: Annotated[bool, typer.Option("--replace", help="Replace the one of that name.")] = False,
    ) -> None:
        """Set a secret: typed, from the input, or from a file; never from the command line."""
        from hyperhost.cli.door import door
        from hyperhost.cli.keys.passphrase import unlocking
        from hyperhost.cli.registry_rows import moments

        unlocking(session, "secrets")
        with _value(session, name, file) as path, door(session, changes=True) as operations:
            row = operations.run(
                "secret_set", name=name, namespace=namespace, value_file=path, replace=replace
            )
        if session.out.structured:
            session.out.data(moments(row))
        else:
            session.out.note(
                f"set {name}{f' for {namespace}' if namespace else ''}, version {row['version']}"
            )

    @command(app, "remove")
    def remove(session: Session, name: NameArgument, namespace: NamespaceOption = "") -> None:
        """Remove a secret. What refers to it cannot be rendered any more."""
        from hyperhost.cli.door import door
        from hyperhost.cli.keys.passphrase import unlocking

        unlocking(session, "secrets")
        with door(session, changes=True) as operations:
            operations.run("secret_remove", name=name, namespace=namespace)
        if session.out.structured:
            session.out.data({"name": name, "namespace": namespace, "removed": True})
        else:
            session.out.note(f"removed {name}")

    @command(app, "rotate")
    def rotate(session: Session) -> None:
        """Encrypt all secrets with a new key. The secrets themselves stay as they are."""
        from hyperhost.cli.door import door

        with door(session, changes=True) as operations:
            count = operations.run("secret_rotate")
        if session.out.structured:
            session.out.data({"secrets": count})
        else:
            session.out.note(f"{count} secret{'s are' if count != 1 else ' is'} encrypted with a new key")


@contextmanager
def _value(session: Session, name: str, file: Path | None) -> Iterator[str]:
    """The path of a file with the secret: the one that was named, or one with what was typed or piped."""
    if file is not None and str(file) != "-":
        yield str(file.absolute())
        return
    text = _typed(session, name) if file is None and session.asks else _piped(session)
    with tempfile.NamedTemporaryFile("wb", prefix="hyperhost-") as made:  # mode 0600
        # One line break is taken off again where the file is read.
        made.write(text.removesuffix("\n").encode("utf-8", "surrogateescape") + b"\n")
        made.flush()
        yield made.name


def _typed(session: Session, name: str) -> str:
    import getpass

    from hyperhost.errors import InputRequiredError

    typed = getpass.getpass(f"{name}: ")
    if getpass.getpass("Once more: ") != typed:
        raise InputRequiredError("the two differ", hint="type it again; nothing was done")
    return typed


def _piped(session: Session) -> str:
    from hyperhost.errors import InputRequiredError

    text = "" if sys.stdin is None or sys.stdin.isatty() else sys.stdin.read()
    if not text.strip("\n"):
        raise InputRequiredError(
            "no secret was given, and there is no terminal to ask on",
            hint="pipe it in, or add --file FILE",
        )
    return text
