"""Reads the cases of ``tests/cases/versions``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

__all__ = ["load"]

_CASES = Path(__file__).resolve().parents[1] / "cases" / "versions"


def load(name: str) -> Any:
    """What a file of cases holds."""
    return json.loads((_CASES / f"{name}.json").read_text(encoding="utf-8"))
