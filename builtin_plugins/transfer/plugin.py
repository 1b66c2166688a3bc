"""Hook implementations of transfers: export, import, sync, backup, restore."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hyperhost.contracts import OperationCall, OperationInfo, OperationOutcome
from hyperhost.errors import RefusalError
from hyperhost.hookspecs import hookimpl

if TYPE_CHECKING:
    import hyperhost

    from .operations import Opener

__all__ = ["Transfer"]


class Transfer:
    """Operations that move what a registry holds.

    Args:
        opener: Opens the host of another registry, given what ``sync`` was given; by default a home
            directory, with the plugins that are installed.
    """

    def __init__(self, opener: Opener | None = None) -> None:
        self._context: hyperhost.PluginContext | None = None
        self._opener = opener or _installed

    def plugin_start(self, context: hyperhost.PluginContext) -> None:
        """Keep what the host says of itself."""
        self._context = context

    @hookimpl
    def operation_list(self) -> list[OperationInfo]:
        """See the hookspec."""
        return list(_offered().values())

    @hookimpl
    def operation_run(self, call: OperationCall) -> OperationOutcome | None:
        """See the hookspec."""
        if call.operation not in _offered():
            return None
        from .operations import run

        if self._context is None:
            raise RefusalError(
                "transfers need a host", "state:transfer", hint="register Transfer with a host"
            )
        return run(call, self._context.hook, self._opener)


@cache
def _offered() -> dict[str, OperationInfo]:
    """The operations as ``sdk/operations.py`` wrote them down: their modules take a while to import."""
    written = json.loads(Path(__file__).with_name("operations.json").read_text(encoding="utf-8"))
    return {name: OperationInfo(**info) for name, info in written.items()}


@contextmanager
def _installed(place: str) -> Iterator[Any]:
    """The host of a home directory, with the plugins that are installed."""
    import hyperhost

    from .refusals import missing

    if not Path(place).is_dir():
        raise missing(
            "registry",
            f"{place} is no home directory of a registry",
            "make one with: hyperhost registry init --home DIRECTORY",
        )
    with hyperhost.open_host(place) as host:
        yield host
