"""Backup: the whole registry at one moment as one file, verified after it was written; and which to keep."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Final

from hyperhost.contracts import ArtifactQuery

from .checks import Ids, artifacts_of, entries_of, in_sequence, records_of
from .cipher import MAGIC, Key, Sealing, Unsealing
from .exporting import write_artifacts, write_records
from .placing import replacing
from .reading import FORMAT, VERSION, Chunk, Head, Source, Verified, verify
from .refusals import bad_file, invalid, locked, unwritable, wrong_state
from .store import all_entries, unit
from .writing import Sink, Writer, line_of

if TYPE_CHECKING:
    from pluggy import HookRelay

__all__ = ["Backup", "Retention", "backup", "backups_in", "examine", "opened", "surplus"]

_NAME = re.compile(r"registry-(\d{8}T\d{6}\.\d{6})Z\.hhb")
_TIME: Final = "%Y%m%dT%H%M%S.%f"
CONTENT: Final = "content-"
"""How collections of providers of content begin; contents are copied, not how they are kept."""


@dataclass(frozen=True, slots=True)
class Retention:
    """Which backups of a directory are kept; a backup stays when one of these keeps it.

    Attributes:
        last: The latest, so many.
        daily: The latest of each day (UTC), for so many days that have one.
        weekly: The latest of each week (ISO 8601), for so many weeks that have one.
    """

    last: int = 0
    daily: int = 0
    weekly: int = 0


@dataclass(frozen=True, slots=True)
class Backup:
    """One backup.

    Attributes:
        path: The file.
        at_us: When it was begun.
        size: Bytes of the file.
        encrypted: It takes a key to read it.
        identity: SHA-256 of its manifest; empty where it was not read.
        artifacts: Artifacts in it.
        records: Records in it.
        entries: Entries of logs in it.
        contents: Contents in it.
        audit_head: SHA-256 of the last entry of the log ``audit``; empty without one.
        removed: Older backups that were removed, as the retention says.
    """

    path: str
    at_us: int
    size: int
    encrypted: bool
    identity: str = ""
    artifacts: int = 0
    records: int = 0
    entries: int = 0
    contents: int = 0
    audit_head: str = ""
    removed: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Totals:
    """What a file holds, counted while it is read; the same as its summary, or it is damaged."""

    artifacts: int = 0
    records: int = 0
    logs: dict[str, dict[str, Any]] = field(default_factory=dict)
    _last: dict[str, int] = field(default_factory=dict)
    _ids: Ids = field(default_factory=Ids)

    def add(self, _: Head, chunk: Chunk) -> None:
        """Judge a chunk and count it."""
        if chunk.kind == "artifacts":
            items = artifacts_of(chunk)
            for index in self._ids.repeated(items):
                twice = items[index].artifact.id
                raise bad_file(
                    f"{chunk.name}:{index + 1}", "duplicate", f"artifact {twice} stands there twice"
                )
            self.artifacts += len(items)
        elif chunk.kind == "logs":
            entries = entries_of(chunk)
            in_sequence(entries, self._last, chunk)
            for entry in entries:
                self.logs[entry.log] = log_head(entry.seq, entry.write.data_json)
        else:
            self.records += len(records_of(chunk, None))

    def summary(self) -> dict[str, Any]:
        """As the manifest has it."""
        return {"artifacts": self.artifacts, "records": self.records, "logs": self.logs}


def backup(
    hook: HookRelay, directory: Path, at_us: int, key: Key | None = None, keep: Retention | None = None
) -> Backup:
    """Write a backup, read it again to verify it, and remove those that need not be kept.

    Readers and writers go on meanwhile; the backup is what was there when it was begun.

    Args:
        hook: The hooks of the registry.
        directory: Where to; made when it is missing.
        at_us: The time that it is named for.
        key: Encrypt it.
        keep: Which backups are kept in the directory; all when not given.

    Raises:
        RefusalError: it cannot be written or does not verify; then there is none, and none was removed.
    """
    _check(keep)
    try:
        directory.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise unwritable(directory, error) from error
    moment = datetime.fromtimestamp(at_us / 1_000_000, UTC).replace(microsecond=at_us % 1_000_000)
    target = directory / f"registry-{moment.strftime(_TIME)}Z.hhb"
    if target.exists():
        raise wrong_state("directory", f"{target} is there already", "try again")
    with replacing(target, _NAME.pattern) as file:
        sink: Sink = Sealing(file, key) if key is not None else file
        identity = _write(hook, sink, at_us)
        if isinstance(sink, Sealing):
            sink.finish()
        file.flush()
        with open(file.name, "rb") as again, unsealed(again, key) as source:  # noqa: PTH123 - a name, not a path
            verified, _ = examine(source)
        if verified.identity != identity:
            raise bad_file("manifest.json", "digest", "what was read again is not what was written")
    found = _described(target, at_us, key is not None, verified)
    removed = surplus([each.path for each in backups_in(directory)], keep) if keep is not None else []
    for path in removed:
        if path != str(target):
            Path(path).unlink(missing_ok=True)
    return Backup(**{**asdict(found), "removed": [path for path in removed if path != str(target)]})


def backups_in(directory: Path) -> list[Backup]:
    """The backups of a directory, the latest first; none of them is read."""
    found = []
    try:
        for path in directory.iterdir():
            match = _NAME.fullmatch(path.name)
            if match and path.is_file() and not path.is_symlink():
                with path.open("rb") as file:
                    sealed = file.read(len(MAGIC)) == MAGIC
                found.append(Backup(str(path), _at(match[1]), path.stat().st_size, sealed))
    except OSError as error:
        raise unwritable(directory, error) from error
    return sorted(found, key=lambda each: each.at_us, reverse=True)


def surplus(paths: list[str], keep: Retention) -> list[str]:
    """Which of these backups are not kept, the latest first."""
    if keep == Retention():
        return []
    times = sorted(((_at(m[1]), path) for path in paths if (m := _NAME.search(path))), reverse=True)
    kept = {path for _, path in times[: keep.last]}
    for count, period in ((keep.daily, "%Y-%m-%d"), (keep.weekly, "%G-%V")):
        latest: dict[str, str] = {}
        for at_us, path in times:
            latest.setdefault(datetime.fromtimestamp(at_us / 1_000_000, UTC).strftime(period), path)
        kept |= set(list(latest.values())[:count])
    return [path for _, path in times if path not in kept]


def examine(source: Source) -> tuple[Verified, Totals]:
    """Read a backup as a whole: digests, every line, counts, the ends of the logs.

    Raises:
        RefusalError: something is not what it has to be.
    """
    totals = Totals()
    verified = verify(source, ("backup",), totals.add)
    if verified.manifest.summary != totals.summary():
        raise bad_file("manifest.json", "digest", "its counts are not those of the file")
    return verified, totals


@contextmanager
def opened(path: Path, key: Key | None) -> Iterator[Source]:
    """A backup, decrypted where it is encrypted.

    Raises:
        RefusalError: it cannot be read, or the key is missing or wrong.
    """
    try:
        with path.open("rb") as file, unsealed(file, key) as source:
            yield source
    except OSError as error:
        raise unwritable(path, error) from error


@contextmanager
def unsealed(file: IO[bytes], key: Key | None) -> Iterator[Source]:
    """The plain bytes of a file."""
    sealed = file.read(len(MAGIC)) == MAGIC
    if sealed and key is None:
        raise locked("the backup is encrypted", "give its key file or its passphrase")
    if not sealed and key is not None:
        raise locked(
            "the backup is not encrypted, though a key was given", "leave the key out if that is right"
        )
    if sealed and key is not None:
        yield Unsealing(file, key)
    else:
        file.seek(0)
        yield file


def describe(path: Path, key: Key | None) -> Backup:
    """Verify a backup and say what is in it."""
    with opened(path, key) as source:
        verified, _ = examine(source)
    return _described(path, verified.head.at_us, key is not None, verified)


def log_head(seq: int, data_json: str) -> dict[str, Any]:
    """How a log ends: the number of its last entry, and its digest."""
    return {"entries": seq, "head": hashlib.sha256(data_json.encode()).hexdigest()}


def _write(hook: HookRelay, sink: Sink, at_us: int) -> str:
    head = {
        "format": FORMAT,
        "version": VERSION,
        "kind": "backup",
        "contents": True,
        "query": None,
        "at_us": at_us,
    }
    with unit(hook, write=False):
        writer = Writer(sink, head)
        artifacts, _ = write_artifacts(hook, writer, ArtifactQuery(), contents=True)
        counted = hook.storage_count_artifacts(query=ArtifactQuery())
        if artifacts != counted:
            raise wrong_state(
                "storage",
                f"{artifacts} artifacts are listed, and {counted} are counted",
                "the store is damaged",
            )
        names = hook.storage_names()
        collections = tuple(name for name in names.collections if not name.startswith(CONTENT))
        records = write_records(hook, writer, collections)
        logs: dict[str, Any] = {}
        for log in names.logs:
            for entry in all_entries(hook, log):
                data = {
                    "log": log,
                    "seq": entry.seq,
                    "at_us": entry.at_us,
                    "subject": entry.subject,
                    "data": entry.data_json,
                }
                writer.line("logs", line_of(data))
                logs[log] = log_head(entry.seq, entry.data_json)
        writer.flush("logs")
        return writer.finish({"artifacts": artifacts, "records": records, "logs": logs})


def _described(path: Path, at_us: int, encrypted: bool, verified: Verified) -> Backup:
    summary, manifest = verified.manifest.summary, verified.manifest
    return Backup(
        str(path),
        at_us,
        path.stat().st_size,
        encrypted,
        verified.identity,
        summary["artifacts"],
        summary["records"],
        sum(log["entries"] for log in summary["logs"].values()),
        manifest.contents.contents,
        summary["logs"].get("audit", {}).get("head", ""),
    )


def _at(text: str) -> int:
    moment = datetime.strptime(text, _TIME).replace(tzinfo=UTC)
    return int(moment.replace(microsecond=0).timestamp()) * 1_000_000 + moment.microsecond


def _check(keep: Retention | None) -> None:
    for name in ("last", "daily", "weekly"):
        value = getattr(keep, name, 0)
        if not 0 <= value <= 10_000:
            raise invalid(f"keep.{name}", "range", f"{value} is no number of backups", "0 to 10000")
