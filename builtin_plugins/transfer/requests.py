"""Arguments of the operations."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from hyperhost.contracts import ArtifactQuery, ArtifactWrite

from .backups import Retention

__all__ = ["BackupIn", "Export", "Import", "ImportArtifacts", "KeyFile", "Restore", "Stored", "Sync", "Where"]


@dataclass(frozen=True, slots=True)
class Export:
    """Arguments of ``export``.

    Attributes:
        target: Path of the file; one that is there is replaced when the new one is complete.
        query: Which artifacts; all when not given.
        contents: Write their bytes, too.
    """

    target: str
    query: ArtifactQuery | None = None
    contents: bool = True


@dataclass(frozen=True, slots=True)
class Import:
    """Arguments of ``import``.

    Attributes:
        source: Path of the file.
        on_conflict: What is done about what is there and differs.
    """

    source: str
    on_conflict: Literal["report", "skip", "replace", "fail"] = "report"


@dataclass(frozen=True, slots=True)
class ImportArtifacts:
    """Arguments of ``import_artifacts``.

    Attributes:
        origin: Where they come from, for the history: ``remote:acme``.
        items: At most 1,000 artifacts with their manifests. Their bytes have to be in the registry.
        on_conflict: What is done about what is there and differs.
    """

    origin: str
    items: list[ArtifactWrite]
    on_conflict: Literal["report", "skip", "replace", "fail"] = "report"


@dataclass(frozen=True, slots=True)
class Sync:
    """Arguments of ``sync``.

    Attributes:
        other: Home directory of the other registry.
        resolve: Which side wins of a conflict, by the key that an earlier sync reported: ``here`` or
            ``other``.
    """

    other: str
    resolve: dict[str, Literal["here", "other"]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class BackupIn:
    """Arguments of ``backup``.

    Attributes:
        directory: Where to.
        key_file: Encrypt it with the key in this file.
        passphrase_file: Encrypt it with the passphrase in the first line of this file.
        keep: Which backups are kept in the directory; all when not given.
    """

    directory: str
    key_file: str | None = None
    passphrase_file: str | None = None
    keep: Retention | None = None


@dataclass(frozen=True, slots=True)
class Stored:
    """Arguments of ``backup_verify``."""

    path: str
    key_file: str | None = None
    passphrase_file: str | None = None


@dataclass(frozen=True, slots=True)
class Restore:
    """Arguments of ``backup_restore``.

    Attributes:
        path: The backup.
        key_file: The key that it was encrypted with.
        passphrase_file: The passphrase that it was encrypted with.
        force: Also when the registry is not empty; what it holds is replaced.
        as_copy: The registry that was backed up goes on elsewhere.
    """

    path: str
    key_file: str | None = None
    passphrase_file: str | None = None
    force: bool = False
    as_copy: bool = False


@dataclass(frozen=True, slots=True)
class Where:
    """Arguments of ``backup_list``."""

    directory: str


@dataclass(frozen=True, slots=True)
class KeyFile:
    """Arguments of ``backup_keygen``."""

    path: str
