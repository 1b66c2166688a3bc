"""python-tuf's updater, with one check more, and with an idea of what it is doing."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from tuf.ngclient import Updater, UpdaterConfig

from hyperhost.contracts import TrustSource, TrustState

if TYPE_CHECKING:
    from tuf.api.metadata import Targets
    from tuf.ngclient import FetcherInterface

__all__ = ["WatchedUpdater"]


class WatchedUpdater(Updater):
    """python-tuf's updater; knows what it is loading, and believes a role only from who delegates to it.

    python-tuf keeps a role that it has verified by its name. Two delegators may name the same role and
    ask for different keys; what one of them accepts, the other need not.
    """

    stage = "root"

    def __init__(
        self, source: TrustSource, fetcher: FetcherInterface, config: UpdaterConfig, now: datetime
    ) -> None:
        self._believed: set[tuple[str, str]] = set()
        super().__init__(
            source.metadata_dir,
            source.metadata_url,
            target_base_url=source.target_url or None,
            fetcher=fetcher,
            config=config,
            bootstrap=None,
        )
        self._trusted_set.reference_time = now

    def _load_timestamp(self) -> None:
        self.stage = "timestamp"
        super()._load_timestamp()

    def _load_snapshot(self) -> None:
        self.stage = "snapshot"
        super()._load_snapshot()

    def _load_targets(self, role: str, parent_role: str) -> Targets:
        self.stage = role
        if role in self._trusted_set and (role, parent_role) not in self._believed:
            data = self._load_local_metadata(role)
            found = self._trusted_set.update_delegated_targets(data, role, parent_role)
        else:
            found = super()._load_targets(role, parent_role)
        self._believed.add((role, parent_role))
        return found

    def role(self, name: str, parent: str) -> Targets:
        """A role of targets as one that delegates to it has it verified; loaded when it is not yet."""
        return self._load_targets(name, parent)

    @property
    def state(self) -> TrustState:
        """Versions that are trusted now, and until when."""
        trusted = self._trusted_set
        roles = (trusted.root, trusted.timestamp, trusted.snapshot, trusted.targets)
        root, timestamp, snapshot, targets = (each.version for each in roles)
        until = int(min(each.expires for each in roles).timestamp() * 1_000_000)
        return TrustState(root, timestamp, snapshot, targets, until)
