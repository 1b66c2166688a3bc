"""Roles of a TUF repository as rows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hyperhost.cli.output import Column

__all__ = ["COLUMNS", "role_row"]

COLUMNS = (
    Column("name", "ROLE"),
    Column("version", right=True),
    Column("expires"),
    Column("signs", "SIGNATURES"),
    Column("bins", right=True),
    Column("key_ids", "KEYS", wide=True),
)


def role_row(role: Mapping[str, Any]) -> dict[str, Any]:
    """A role with its keys in a few words; ids are cut to what tells them apart."""
    held = len(role["held"])
    here = "" if held == len(role["keys"]) else f", {held} here"
    return {
        **role,
        "signs": f"{role['threshold']} of {len(role['keys'])}{here}",
        "key_ids": " ".join(each[:16] for each in role["keys"]),
    }
