"""Figures in the store, so that they are those of all processes that use it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from hyperhost.contracts import PageRequest

from .figures import Figure, merged

if TYPE_CHECKING:
    from pluggy import HookRelay

__all__ = ["keep", "kept"]

_COLLECTION: Final = "operation-figures"
_PAGE: Final = 1_000


def keep(hook: HookRelay, taken: dict[str, Figure]) -> bool:
    """Add figures to those in the store; whether that was done.

    It is not within a unit of work of somebody else, whose fate they would share.

    Raises:
        HyperHostError: the store cannot be written to; nothing was added.
    """
    outermost = hook.storage_begin(write=True)
    if not outermost:
        hook.storage_end(commit=True)
        return False
    try:
        for name, figure in taken.items():
            text = hook.storage_get_record(collection=_COLLECTION, key=name)
            both = merged(_read(text), figure) if text is not None else figure
            data = json.dumps(both.data(), separators=(",", ":"))
            hook.storage_put_record(collection=_COLLECTION, key=name, data_json=data, mode=None)
    except BaseException:
        hook.storage_end(commit=False)
        raise
    return bool(hook.storage_end(commit=True))


def kept(hook: HookRelay) -> dict[str, Figure]:
    """The figures in the store.

    Raises:
        HyperHostError: it cannot be read.
    """
    found: dict[str, Figure] = {}
    token = ""
    while True:
        page = hook.storage_list_records(collection=_COLLECTION, prefix="", page=PageRequest(_PAGE, token))
        found |= {record.key: _read(record.data_json) for record in page.items}
        token = page.next_token
        if not token:
            return found


def _read(text: str) -> Figure:
    data: dict[str, Any] = json.loads(text)
    return Figure(**data)
