"""``--json``: arguments of a hook as text, from a file, or from standard input."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

__all__ = ["JsonOption", "read_json"]

JsonOption = Annotated[
    str,
    typer.Option(
        "--json", help="Arguments as a JSON object; @FILE reads a file, - standard input.", metavar="JSON"
    ),
]
_MAX_BYTES = 512 << 20


def read_json(text: str) -> Any:
    """The data that ``--json`` stands for.

    Raises:
        BadArgumentError: it is no JSON, or the file cannot be read.
    """
    from hyperhost.errors import BadArgumentError

    where = "--json"
    if text == "-":
        where, text = "standard input", sys.stdin.read(_MAX_BYTES)
    elif text.startswith("@"):
        where = text[1:]
        try:
            text = Path(where).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise BadArgumentError(
                f"{where} cannot be read: {error}", hint="check the path after @"
            ) from error
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise BadArgumentError(
            f"{where} holds no JSON: {error}",
            hint='write an object such as \'{"path": "a.py"}\', in single quotes',
        ) from error
