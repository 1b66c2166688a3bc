"""A client of a TUF repository: everything that is fetched from a registry goes through this class.

It is python-tuf's updater, with limits set, with a fetcher that ends, with errors in words, and with
one check more: a delegated role that was verified for one delegator is verified again for the next.
Nothing of a repository is believed before the root that :meth:`TrustedClient.begin` was given vouches
for it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tuf.api import exceptions
from tuf.api.metadata import Metadata, Root
from tuf.ngclient import UpdaterConfig

from hyperhost.contracts import TrustedTarget, TrustSource, TrustState
from hyperhost.errors import RefusalError

from .attacks import CONTENT, told
from .clock import utc_now
from .fetcher import BoundedFetcher
from .listing import Listing
from .refusals import invalid, missing, refused, wrong_state
from .store import write_file
from .updater import WatchedUpdater

if TYPE_CHECKING:
    from tuf.api.metadata import TargetFile
    from tuf.ngclient import FetcherInterface

__all__ = ["ClientLimits", "TrustedClient", "check_record"]


@dataclass(frozen=True, slots=True)
class ClientLimits:
    """What a repository may ask of a client.

    Attributes:
        root_rotations: Roots followed in one refresh.
        delegations: Roles looked at for one target.
        root_bytes: Length of a root.
        timestamp_bytes: Length of a timestamp.
        snapshot_bytes: Length of a snapshot for which the timestamp states none.
        targets_bytes: Length of targets metadata for which the snapshot states none.
        content_bytes: Length of a target, whatever is signed.
        listed_roles: Roles looked at to list targets.
        listed_targets: Targets listed.
    """

    root_rotations: int = 256
    delegations: int = 32
    root_bytes: int = 512_000
    timestamp_bytes: int = 16_384
    snapshot_bytes: int = 2_000_000
    targets_bytes: int = 5_000_000
    content_bytes: int = 8 << 30
    listed_roles: int = 8_192
    listed_targets: int = 250_000

    @property
    def config(self) -> UpdaterConfig:
        """The same for python-tuf."""
        return UpdaterConfig(
            max_root_rotations=self.root_rotations,
            max_delegations=self.delegations,
            root_max_length=self.root_bytes,
            timestamp_max_length=self.timestamp_bytes,
            snapshot_max_length=self.snapshot_bytes,
            targets_max_length=self.targets_bytes,
        )


class TrustedClient:
    """One repository as one client sees it. Not for several threads or processes at once.

    Args:
        source: Where trusted metadata is kept, and where the repository is.
        limits: What the repository may ask for.
        fetcher: What gets bytes; by default over HTTP, with limits in time.
        now: The time, by which metadata is judged to have expired.
    """

    def __init__(
        self,
        source: TrustSource,
        limits: ClientLimits | None = None,
        fetcher: FetcherInterface | None = None,
        now: Callable[[], datetime] = utc_now,
    ) -> None:
        self._now = now
        self._source = source
        self._limits = limits or ClientLimits()
        self._own = BoundedFetcher() if fetcher is None else None
        self._fetcher: FetcherInterface = fetcher or self._own  # type: ignore[assignment]  # one of them is there
        self._updater: WatchedUpdater | None = None

    def __enter__(self) -> TrustedClient:
        return self

    def __exit__(self, *_: object) -> None:
        """Close the connections of a fetcher that was not given."""
        if self._own is not None:
            self._own.close()

    @staticmethod
    def begin(metadata_dir: str, root: bytes) -> int:
        """Trust a repository from now on, by a root that came from somebody who is trusted.

        Args:
            metadata_dir: Where trusted metadata will be kept.
            root: A ``root.json``.

        Returns:
            The version of the root.

        Raises:
            RefusalError: it is no root, or another one is trusted here already.
        """
        try:
            signed = Metadata[Root].from_bytes(root).signed
        except exceptions.RepositoryError:
            raise invalid(
                "root", "format", "the root is no TUF metadata", "give the root.json of the registry"
            ) from None
        if signed.type != Root.type:
            raise invalid(
                "root",
                "format",
                f"the root is no root metadata but {signed.type}",
                "give the root.json of the registry",
            )
        version = signed.version
        place = Path(metadata_dir) / "root.json"
        if place.exists():
            if place.read_bytes() == root:
                return version
            raise wrong_state(
                "root",
                f"{metadata_dir} trusts another root already",
                "remove the directory to begin anew; what it remembers protects from rollback",
            )
        try:
            write_file(place, root, mode=0o644)
        except OSError as error:
            raise refused(
                "storage", f"{place} cannot be written: {error.strerror}", "check the path"
            ) from None
        return version

    def refresh(self) -> TrustState:
        """Bring the top-level metadata up to date.

        Raises:
            RefusalError: what the mirror sent is not believed; the rule ``trust.…`` names the attack.
        """
        updater = self._updater = self._made()
        with _guarded(updater):
            updater.refresh()
        return updater.state

    def find(self, path: str) -> TrustedTarget | None:
        """What is signed about a target; ``None`` when the repository does not have it.

        Raises:
            RefusalError: as :meth:`refresh`.
        """
        info = self._info(path)
        return None if info is None else _target(info, "")

    def listed(self, scope: str) -> list[TrustedTarget]:
        """What is signed about all targets of a namespace and of those below it, sorted by path.

        Args:
            scope: The namespace; empty is everything.

        Raises:
            RefusalError: as :meth:`refresh`; ``trust.endless-data`` when there are more than the limits
                allow; ``invalid:scope:path``.
        """
        if "/" in scope:
            raise invalid("scope", "path", f"{scope[:200]!r} is no namespace", "as in org.acme")
        updater, limits = self._ready(), self._limits
        listing = Listing(
            updater,
            scope,
            delegations=limits.delegations,
            roles=limits.listed_roles,
            targets=limits.listed_targets,
        )
        with _guarded(updater):
            return [_target(each, "") for each in listing.all()]

    def fetch(self, path: str, directory: str) -> TrustedTarget:
        """Fetch a target, unless it is there already.

        Args:
            path: Its path.
            directory: Where to put it; the file is named as the path, percent-encoded.

        Returns:
            What is signed about it, and its file.

        Raises:
            RefusalError: as :meth:`refresh`; ``missing:target`` when there is none of that path.
        """
        info = self._info(path)
        if info is None:
            raise missing(
                "target", f"the registry has no target {path[:200]!r}", "check its name and version"
            )
        if info.length > self._limits.content_bytes:
            raise refused(
                "endless-data",
                f"{path} has {info.length:,} bytes, more than the {self._limits.content_bytes:,} allowed",
                "raise content_bytes if that is right",
            )
        updater = self._ready()
        updater.target_dir = directory
        known = updater.find_cached_target(info)
        if known is None:
            updater.stage = CONTENT
            with _guarded(updater, path):
                known = updater.download_target(info)
        return _target(info, known)

    def _info(self, path: str) -> TargetFile | None:
        updater = self._ready()
        with _guarded(updater, path):
            return updater.get_targetinfo(path)

    def _ready(self) -> WatchedUpdater:
        if self._updater is None:
            self.refresh()
        assert self._updater is not None
        return self._updater

    def _made(self) -> WatchedUpdater:
        try:
            return WatchedUpdater(self._source, self._fetcher, self._limits.config, self._now())
        except FileNotFoundError:
            raise missing(
                "root",
                f"no root is trusted in {self._source.metadata_dir}",
                "begin with: hyperhost tuf --metadata-dir DIR init ROOT.json",
            ) from None
        except (exceptions.RepositoryError, OSError) as error:
            raise told("root", error) from error


def check_record(target: TrustedTarget, record: bytes) -> dict[str, Any]:
    """The record of an artifact, if it is the one that was signed: its metadata and dependencies.

    Args:
        target: What is signed.
        record: What a mirror says of the artifact, as canonical JSON.

    Raises:
        RefusalError: it says something else; a dependency may have been slipped in.
    """
    signed = json.loads(target.custom_json).get("record")
    if hashlib.sha256(record).hexdigest() != signed:
        raise refused(
            "extraneous-dependencies",
            f"what the mirror says of {target.path} was not signed: its dependencies may be others "
            "(extraneous dependencies)",
            "try another mirror",
        )
    found: dict[str, Any] = json.loads(record)
    return found


def _target(info: TargetFile, file: str) -> TrustedTarget:
    return TrustedTarget(info.path, info.length, dict(info.hashes), json.dumps(info.custom or {}), file)


@contextmanager
def _guarded(updater: WatchedUpdater, name: str = "") -> Iterator[None]:
    """Errors of python-tuf in words."""
    try:
        yield
    except RefusalError:
        raise
    except (exceptions.RepositoryError, exceptions.DownloadError, OSError) as error:
        raise told(updater.stage, error, name) from error
    except (ValueError, KeyError, TypeError) as error:  # of metadata that parses and makes no sense
        raise told(updater.stage, exceptions.RepositoryError(str(error)), name) from error
