"""``hyperhost tuf delegate``, ``revoke`` and ``rotate``."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from hyperhost.cli.session import Session, command

__all__ = ["register"]

_Namespace = Annotated[str, typer.Argument(metavar="NAMESPACE", help="As in org.acme.")]
_Count = typer.Option(min=1, max=32, help="How many new keys.")
_Threshold = typer.Option(min=1, max=32, help="How many of them must sign.")


def register(app: typer.Typer) -> None:
    """Add the commands."""

    @command(app, "delegate")
    def delegate(
        session: Session,
        namespace: _Namespace,
        keys: Annotated[int, _Count] = 1,
        threshold: Annotated[int, _Threshold] = 1,
    ) -> None:
        """Give a namespace, and what lies below it, new keys of its own."""
        _run(session, "tuf_delegate", namespace=namespace, keys=keys, threshold=threshold)

    @command(app, "revoke")
    def revoke(
        session: Session,
        namespace: _Namespace,
        key: Annotated[
            str, typer.Argument(metavar="KEY", help="The beginning of its id, 8 characters or more.")
        ],
        replace: Annotated[bool, typer.Option(help="Let a new key take its place.")] = True,
    ) -> None:
        """Take a key from a namespace, and sign anew what it had signed."""
        _run(session, "tuf_revoke", namespace=namespace, key=key, replace=replace)

    @command(app, "rotate")
    def rotate(
        session: Session,
        role: Annotated[
            str, typer.Argument(metavar="ROLE", help="root, targets, snapshot or timestamp.")
        ] = "root",
        keys: Annotated[int | None, _Count] = None,
        threshold: Annotated[int | None, _Threshold] = None,
    ) -> None:
        """Replace the keys of a top-level role; the old and the new root keys sign the new root."""
        given = {"keys": keys, "threshold": threshold}
        _run(session, "tuf_rotate", role=role, **{name: each for name, each in given.items() if each})


def _run(session: Session, operation: str, **arguments: Any) -> None:
    from hyperhost.cli.door import door
    from hyperhost.cli.tuf.rows import role_row

    with door(session, changes=True) as operations:
        found = operations.run(operation, **arguments)
    if session.out.structured:
        session.out.data(found)
    else:
        session.out.record(role_row(found))
