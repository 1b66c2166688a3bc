"""Operations as they were written down: known without importing what carries them out.

Front ends ask what every plugin offers before they run anything. A plugin whose modules take a while
to import keeps ``operations.json`` beside it, an object with the description of each operation by
name, as :func:`hyperhost.contracts.codec.to_data` writes it.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

from hyperhost.contracts import OperationInfo

__all__ = ["written_operations"]

_FIELDS = frozenset(OperationInfo.__dataclass_fields__)


@cache
def written_operations(beside: str) -> dict[str, OperationInfo]:
    """The operations in the ``operations.json`` beside a module, in the order in which help shows them.

    Args:
        beside: ``__file__`` of the module.

    Raises:
        OSError: there is no such file.
        ValueError: it is none that was written from operations.
    """
    text = Path(beside).with_name("operations.json").read_text(encoding="utf-8")
    return {
        name: OperationInfo(**{key: value for key, value in each.items() if key in _FIELDS})
        for name, each in json.loads(text).items()
    }
