"""Keys and trust rules as rows, and the options that commands on keys have in common."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from hyperhost.cli.moments import moment_text
from hyperhost.cli.output import Column

if TYPE_CHECKING:
    from hyperhost.cli.session import Session

__all__ = [
    "COLUMNS",
    "RULES",
    "ExpiresOption",
    "KeyArgument",
    "PassphraseOption",
    "key_row",
    "tell",
]

KeyArgument = Annotated[str, typer.Argument(metavar="KEY", help="Id of the key, as in 'ed25519:9f86…'.")]
ExpiresOption = Annotated[
    str | None, typer.Option("--expires", metavar="TIME", help="From when on the key is unusable.")
]
PassphraseOption = Annotated[
    str | None,
    typer.Option(
        "--passphrase-file", metavar="FILE", help="File of yours alone with the passphrase in its first line."
    ),
]

COLUMNS: Final = (
    Column("key"),
    Column("state"),
    Column("private"),
    Column("created_at", "CREATED"),
    Column("expires_at", "EXPIRES"),
    Column("trusted_for", "TRUSTED FOR"),
    Column("reason", wide=True),
    Column("rotated_from", "ROTATED FROM", wide=True),
)
RULES: Final = (Column("namespace"), Column("threshold"), Column("keys"))


def key_row(key: dict[str, Any], rules: list[dict[str, Any]]) -> dict[str, Any]:
    """A key as the command line shows it."""
    return {
        "key": key["id"],
        "algorithm": key["algorithm"],
        "state": _state(key),
        "private": key["can_sign"],
        "created_at": moment_text(key["created_at_us"]),
        "not_before": moment_text(key["not_before_us"]),
        "expires_at": moment_text(key["expires_at_us"]),
        "revoked_at": moment_text(key["revoked_at_us"]),
        "reason": key["revocation_reason"],
        "rotated_from": key["rotated_from"],
        "replaced_by": key["replaced_by"],
        "trusted_for": [rule["namespace"] for rule in rules if key["id"] in rule["key_ids"]],
        "public_key": key["public_key"],
    }


def tell(session: Session, key: dict[str, Any], rules: list[dict[str, Any]], words: str) -> None:
    """One key after a change: as data, or its id, with one line."""
    if session.out.structured:
        session.out.data(key_row(key, rules))
        return
    session.out.text(f"{key['id']}\n")
    session.out.note(words)


def _state(key: dict[str, Any]) -> str:
    now = time.time_ns() // 1000
    if key["revoked_at_us"] is not None:
        return "revoked"
    if key["expires_at_us"] is not None and now >= key["expires_at_us"]:
        return "expired"
    if key["not_before_us"] is not None and now < key["not_before_us"]:
        return "not valid yet"
    return "rotated" if key["replaced_by"] else "usable"
