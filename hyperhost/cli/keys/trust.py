"""``hyperhost keys trust`` and ``untrust``."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from hyperhost.cli.complete_registry import namespace_paths
from hyperhost.cli.session import Session, command

__all__ = ["register"]

_Keys = Annotated[list[str] | None, typer.Argument(metavar="[KEY]...", help="Ids of keys.")]


def register(app: typer.Typer) -> None:
    """Add the commands."""

    @command(app, "trust")
    def trust(
        session: Session,
        namespace: Annotated[
            str | None,
            typer.Argument(
                metavar="[NAMESPACE]",
                help="Dotted path; without it, the rules are listed.",
                autocompletion=namespace_paths,
            ),
        ] = None,
        keys: _Keys = None,
        threshold: Annotated[
            int | None, typer.Option(min=1, max=64, help="How many signers must sign; 1 when not given.")
        ] = None,
    ) -> None:
        """Say which keys may sign for a namespace and below it, and how many signers must; or list that."""
        from hyperhost.cli.door import door
        from hyperhost.cli.keys.rows import RULES

        if namespace is None:
            with door(session, changes=False) as operations:
                rules = operations.run("key_rules")
            session.out.rows(RULES, [_row(rule) for rule in rules], empty="nobody is trusted for anything")
            return
        with door(session, changes=True) as operations:
            rule = operations.run("key_trust", namespace=namespace, keys=keys or [], threshold=threshold)
        _tell(session, namespace, rule)

    @command(app, "untrust")
    def untrust(
        session: Session,
        namespace: Annotated[
            str, typer.Argument(metavar="NAMESPACE", help="Dotted path.", autocompletion=namespace_paths)
        ],
        keys: _Keys = None,
    ) -> None:
        """Trust keys no longer for a namespace; without keys, remove its rule."""
        from hyperhost.cli.door import door

        with door(session, changes=True) as operations:
            rule = operations.run("key_untrust", namespace=namespace, keys=keys or [])
        _tell(session, namespace, rule)


def _row(rule: dict[str, Any]) -> dict[str, Any]:
    return {"namespace": rule["namespace"], "threshold": rule["threshold"], "keys": rule["key_ids"]}


def _tell(session: Session, namespace: str, rule: dict[str, Any] | None) -> None:
    row = _row(rule) if rule is not None else {"namespace": namespace, "threshold": None, "keys": []}
    if session.out.structured:
        session.out.data(row)
    elif rule is None:
        session.out.note(f"{namespace} has no rule of its own any more")
    else:
        count = len(row["keys"])
        session.out.note(f"{namespace} needs {row['threshold']} of {count} signer{'s' if count > 1 else ''}")
