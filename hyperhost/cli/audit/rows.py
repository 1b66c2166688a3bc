"""Audit entries as rows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hyperhost.cli.output import Column
from hyperhost.cli.registry_rows import moments

__all__ = ["COLUMNS", "entry_row"]

COLUMNS = (
    Column("seq", "ENTRY", right=True),
    Column("at", "TIME"),
    Column("who"),
    Column("operation"),
    Column("target"),
    Column("outcome"),
    Column("request_id", "REQUEST", wide=True),
    Column("hash", wide=True),
)


def entry_row(entry: Mapping[str, Any]) -> dict[str, Any]:
    """An entry with its moment as text, and who asked and how it ended on one line each."""
    row: dict[str, Any] = moments(entry)
    if row.get("damaged"):
        return {**row, "who": None, "operation": None, "target": None, "outcome": "damaged"}
    error = row.get("error") or {}
    outcome = "ok" if row.get("success") else error.get("code", "failed")
    return {**row, "who": row["actor"]["id"], "outcome": outcome}
