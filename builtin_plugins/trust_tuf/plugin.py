"""Hook implementations of ``trust-tuf``; the work is in the other modules.

Changes are heard of and signed in a thread of their own: whoever publishes waits for no signature,
and what is published in one breath is signed once. The thread ends when there is nothing to do, and
``plugin_stop`` waits for it. What it did not get to is found by the next process.
"""

from __future__ import annotations

import threading
from collections.abc import Generator
from functools import cached_property
from typing import TYPE_CHECKING, Final

from hyperhost.contracts import (
    ArtifactChange,
    OperationCall,
    OperationInfo,
    OperationOutcome,
    ServedFile,
    TrustedTarget,
    TrustSource,
    TrustState,
)
from hyperhost.errors import RefusalError
from hyperhost.hookspecs import hookimpl

if TYPE_CHECKING:
    import hyperhost

    from .follower import Follower
    from .keeper import Keeper
    from .operations import Desk
    from .serving import Site
    from .settings import Settings

__all__ = ["TrustTuf"]

_UNTOLD: Final = frozenset({"yank", "unyank", "transfer_step", "backup_restore"})
"""Operations that change what can be had without an event of an artifact."""


class TrustTuf:
    """A registry as a TUF repository, and clients of such."""

    def __init__(self) -> None:
        self._context: hyperhost.PluginContext | None = None
        self._state = threading.Condition()
        self._wanted = self._running = self._stopping = False

    def plugin_start(self, context: hyperhost.PluginContext) -> None:
        """Keep what the host says of itself."""
        self._context = context
        self._stopping = False

    def plugin_stop(self) -> None:
        """Wait until what was heard of is signed."""
        with self._state:
            self._stopping = True
            self._state.notify_all()
            self._state.wait_for(lambda: not self._running, timeout=60)

    # The repository

    @hookimpl
    def operation_list(self) -> list[OperationInfo]:
        """See the hookspec."""
        from .operations import OPERATIONS

        return OPERATIONS

    @hookimpl(specname="operation_run")
    def run(self, call: OperationCall) -> OperationOutcome | None:
        """See the hookspec."""
        return self._desk.run(call) if call.operation.startswith("tuf_") else None

    @hookimpl(wrapper=True, priority=4, specname="operation_run")
    def listen(
        self, call: OperationCall
    ) -> Generator[None, OperationOutcome | None, OperationOutcome | None]:
        """Hear of the changes that have no event; outside of whatever commits them."""
        outcome = yield
        if call.operation in _UNTOLD:
            self._wake()
        return outcome

    @hookimpl
    def artifact_published(self, change: ArtifactChange) -> None:
        """See the hookspec."""
        self._wake()

    @hookimpl
    def artifact_updated(self, change: ArtifactChange) -> None:
        """See the hookspec."""
        self._wake()

    @hookimpl
    def artifact_deprecated(self, change: ArtifactChange) -> None:
        """See the hookspec."""
        self._wake()

    @hookimpl
    def artifact_deleted(self, change: ArtifactChange) -> None:
        """See the hookspec."""
        self._wake()

    @hookimpl
    def trust_serve(self, path: str) -> ServedFile | None:
        """See the hookspec."""
        return self._site.serve(path) if self._here.home is not None else None

    # Clients

    @hookimpl
    def trust_begin(self, metadata_dir: str, root: bytes) -> int:
        """See the hookspec."""
        from .client import TrustedClient

        return TrustedClient.begin(metadata_dir, root)

    @hookimpl
    def trust_refresh(self, source: TrustSource) -> TrustState:
        """See the hookspec."""
        from .client import TrustedClient

        with TrustedClient(source) as client:
            return client.refresh()

    @hookimpl
    def trust_find(self, source: TrustSource, paths: list[str]) -> list[TrustedTarget]:
        """See the hookspec."""
        from .client import TrustedClient

        with TrustedClient(source) as client:
            return [found for each in paths if (found := client.find(each)) is not None]

    @hookimpl
    def trust_list(self, source: TrustSource, scope: str) -> list[TrustedTarget]:
        """See the hookspec."""
        from .client import TrustedClient

        with TrustedClient(source) as client:
            return client.listed(scope)

    @hookimpl
    def trust_fetch(self, source: TrustSource, paths: list[str], directory: str) -> list[TrustedTarget]:
        """See the hookspec."""
        from .client import TrustedClient

        with TrustedClient(source) as client:
            return [client.fetch(each, directory) for each in paths]

    # Following the registry

    def _wake(self) -> None:
        """Have the repository brought up to date soon, if there is one."""
        if self._context is None or self._context.home is None:
            return
        if not (self._context.data / "metadata" / "timestamp.json").exists():
            return
        with self._state:
            self._wanted = True
            if self._running:
                return
            self._running = True
        threading.Thread(target=self._follow, name="trust-tuf", daemon=True).start()

    def _follow(self) -> None:
        while True:
            with self._state:
                if not self._wanted:
                    self._running = False
                    self._state.notify_all()
                    return
                self._state.wait_for(lambda: self._stopping, timeout=self._settings.settle_ms / 1000)
                self._wanted = False
            try:
                self._follower.update()
            except Exception as error:  # noqa: BLE001 - nobody is there to hear of it but the host
                self._here.fault("artifact_published", error)
                self._here.log("error", f"the TUF repository is behind the registry: {error}")

    @property
    def _here(self) -> hyperhost.PluginContext:
        if self._context is None:
            raise RefusalError(
                "trust-tuf was not started by a host", "state:tuf", hint="register TrustTuf with a host"
            )
        return self._context

    @cached_property
    def _settings(self) -> Settings:
        from .settings import read_settings

        return read_settings(self._here.config)

    @cached_property
    def _keeper(self) -> Keeper:
        from .keeper import Keeper

        context, settings = self._here, self._settings
        unlock = settings.key_file or context.data.parent.parent / "tuf.key"
        return Keeper(context.data, unlock, settings.lifetimes)

    @cached_property
    def _follower(self) -> Follower:
        from .follower import Follower

        return Follower(self._here.hook, self._keeper, self._settings.visible)

    @cached_property
    def _desk(self) -> Desk:
        from .exporting import Exporter
        from .operations import Desk

        exporter = Exporter(self._here.hook, self._keeper, self._site)
        return Desk(self._keeper, self._follower, exporter)

    @cached_property
    def _site(self) -> Site:
        from .serving import Site

        return Site(self._here.hook, self._keeper)
