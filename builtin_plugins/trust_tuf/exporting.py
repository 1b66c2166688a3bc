"""The repository as a directory that any web server can hand out.

::

    DIR/metadata/timestamp.json, 4.snapshot.json, 2.org.acme.json, …
    DIR/targets/org.acme/auth/DIGEST.1.0.0, DIGEST.index.json

Whoever fetches meanwhile sees one state or the next: contents come first, then metadata, and the
timestamp that announces both is replaced last, when everything it announces is durable. Only then
goes what nobody needs: metadata and indexes when the repository has let go of them, contents when
they are no targets any more. What is there with the right length stays, so the next time costs what
has changed. After a crash all of it is compared by digest once, as nobody knows what reached the disk.

The file ``.hyperhost-tuf`` says which repository the directory is of; another one's is refused, and so
is a directory that holds something else, as what is in the way would be removed.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import re
import secrets
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from hyperhost.offering import invalid, unavailable, wrong_state

from .layout import index_path, is_index
from .store import sync_directory, write_file

if TYPE_CHECKING:
    from pluggy import HookRelay
    from tuf.api.metadata import TargetFile

    from .keeper import Keeper
    from .serving import Site
    from .state import Repository

__all__ = ["Exported", "Exporter"]

_MARK: Final = ".hyperhost-tuf"
_TIMESTAMP: Final = "timestamp.json"
_PIECE: Final = 4 << 20
_LONGEST: Final = 255
"""Bytes that the name of a file may have."""
_HEX: Final = re.compile(r"[0-9a-f]{64,128}")


@dataclass(slots=True)
class Exported:
    """What an export came to.

    Attributes:
        directory: Where it is.
        written: Files that were not there.
        kept: Files that were.
        removed: Files that nobody needs any more.
        written_bytes: Bytes of those that were written.
        left_out: Paths of targets that are too long to be names of files; clients do not get these.
    """

    directory: str
    written: int = 0
    kept: int = 0
    removed: int = 0
    written_bytes: int = 0
    left_out: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _State:
    """One signed state: its metadata files by name, its targets, and digests of all indexes there are."""

    metadata: dict[str, bytes]
    kept_metadata: frozenset[str]
    targets: dict[str, TargetFile]
    indexes: frozenset[str]


class Exporter:
    """Writes the directory.

    Args:
        hook: The host's hooks.
        keeper: The repository.
        site: What is handed out for a target.
    """

    def __init__(self, hook: HookRelay, keeper: Keeper, site: Site) -> None:
        self._hook = hook
        self._keeper = keeper
        self._site = site

    def export(self, directory: str) -> Exported:
        """Bring a directory to the state that is signed now.

        Args:
            directory: Absolute path; made when it is not there.

        Raises:
            RefusalError: ``invalid:directory:…``, ``state:directory``: it is not one to write to;
                ``state:content``: a content is not what was signed, ``unavailable:directory``: the disk
                refuses. What clients see is the state before, then.
        """
        place = Path(directory)
        if not place.is_absolute():
            raise invalid("directory", "absolute", f"{directory[:200]!r} is no absolute path")
        with self._keeper.edit() as repository:  # nothing changes; nobody else changes anything either
            root = hashlib.sha256(self._needed("1.root.json")).hexdigest()
            state = self._state(repository)
        done = Exported(str(place))
        try:
            with _held(place, root) as mark:
                self._write(place, state, done, trusting=mark.complete)
                mark.finish()
        except OSError as error:
            raise unavailable(
                "directory",
                f"{directory[:200]} cannot be written: {error.strerror or error}",
                "check the disk and whose the directory is; then export again",
            ) from error
        return done

    def _needed(self, name: str) -> bytes:
        data = self._keeper.store.read(name)
        if data is None:
            raise wrong_state("metadata", f"{name} is not there", "restore the metadata from a backup")
        return data

    def _state(self, repository: Repository) -> _State:
        """The state that the timestamp announces."""
        store = self._keeper.store
        names = {f"{number}.root.json" for number in store.versions("root")}
        names |= {f"{meta.version}.{name}" for name, meta in repository.snapshot.signed.meta.items()}
        names |= {f"{repository.snapshot.signed.version}.snapshot.json", _TIMESTAMP}
        targets = {path: each for role in repository.delegations for path, each in repository.targets(role)}
        return _State(
            {name: self._needed(name) for name in names},
            frozenset(each.name for each in store.directory.glob("*.json")) | names,
            targets,
            frozenset(self._keeper.indexes.digests()),
        )

    def _write(self, place: Path, state: _State, done: Exported, *, trusting: bool) -> None:
        wanted: set[str] = set()
        for path, target in state.targets.items():
            name = _file_name(path, target)
            if name is None:
                done.left_out.append(path)
                continue
            wanted.add(name)
            file = place / "targets" / name
            if _is_there(file, target, trusting=trusting):
                done.kept += 1
            else:
                self._put(file, target, self._pieces(path, target, state), done)
        for name, data in state.metadata.items():
            if name != _TIMESTAMP:
                _put_metadata(place / "metadata" / name, data, done, trusting=trusting)
        os.sync()
        file = place / "metadata" / _TIMESTAMP
        if _read(file) != state.metadata[_TIMESTAMP]:
            _lay(file, [state.metadata[_TIMESTAMP]], done)
            os.sync()
        else:
            done.kept += 1
        done.removed += _clear(place / "metadata", state.kept_metadata)
        done.removed += _clear(place / "targets", wanted, state.indexes)

    def _put(self, file: Path, target: TargetFile, pieces: Iterable[bytes], done: Exported) -> None:
        """Write a target, if it is what was signed."""
        [(algorithm, value)] = target.hashes.items()
        digest, length = hashlib.new(algorithm), 0

        def verified() -> Iterator[bytes]:
            nonlocal length
            for piece in pieces:
                digest.update(piece)
                length += len(piece)
                yield piece
            if (length, digest.hexdigest()) != (target.length, value):
                raise _not_signed(target.path)

        _lay(file, verified(), done)

    def _pieces(self, path: str, target: TargetFile, state: _State) -> Iterator[bytes]:
        namespace, name, version = path.split("/")
        if is_index(path):
            yield self._keeper.indexes.read(target.hashes["sha256"]) or b""
            return
        index = state.targets.get(index_path(namespace, name))
        found = self._site.content(namespace, name, version, target, index)
        if found is None:
            raise _not_signed(path)
        if not found.content_hash:
            yield found.data
            return
        offset = 0
        while offset < target.length:
            piece = self._hook.content_read(content_hash=found.content_hash, offset=offset, length=_PIECE)
            if not piece:
                raise _not_signed(path)
            offset += len(piece)
            yield piece


def _not_signed(path: str) -> Exception:
    return wrong_state(
        "content",
        f"the content of {path} is not what was signed: it was changed or removed meanwhile, or is damaged",
        "export again; if it says the same: hyperhost tuf update --everything",
    )


def _file_name(path: str, target: TargetFile) -> str | None:
    """The file of a target below ``targets``, as clients ask for it; ``None`` when it cannot have one."""
    parts = path.split("/")
    [value] = target.hashes.values()
    name = f"{value}.{parts[-1]}"
    odd = any(each in ("", ".", "..") or "\0" in each for each in parts)
    if len(parts) != 3 or odd or not _HEX.fullmatch(value):
        return None
    if any(len(each.encode()) > _LONGEST for each in (*parts, name)):
        return None
    return f"{parts[0]}/{parts[1]}/{name}"


def _is_there(file: Path, target: TargetFile, *, trusting: bool) -> bool:
    """Whether a target is there with its length; with its digest, too, where that has to be looked at."""
    try:
        if file.is_symlink() or file.stat().st_size != target.length:
            return False
        if trusting:
            return True
        with file.open("rb") as stream:
            [(algorithm, value)] = target.hashes.items()
            return hashlib.file_digest(stream, algorithm).hexdigest() == value
    except (FileNotFoundError, NotADirectoryError):
        return False


def _put_metadata(file: Path, data: bytes, done: Exported, *, trusting: bool) -> None:
    with suppress(FileNotFoundError):
        if (trusting and file.stat().st_size == len(data)) or _read(file) == data:
            done.kept += 1
            return
    _lay(file, [data], done)


def _read(file: Path) -> bytes | None:
    try:
        return file.read_bytes()
    except FileNotFoundError:
        return None


def _lay(file: Path, pieces: Iterable[bytes], done: Exported) -> None:
    """Write a file that is there under its name as a whole or not at all."""
    file.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
    beside = file.with_name(f".{secrets.token_hex(8)}")
    length = 0
    try:
        handle = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o644)
        with os.fdopen(handle, "wb") as out:
            for piece in pieces:
                length += out.write(piece)
        beside.replace(file)
    except BaseException:
        with suppress(OSError):
            beside.unlink()
        raise
    done.written += 1
    done.written_bytes += length


def _clear(top: Path, wanted: Iterable[str], digests: frozenset[str] = frozenset()) -> int:
    """Remove all files but those that are wanted, and indexes that the repository still keeps."""
    removed, keep = 0, set(wanted)
    for folder, folders, names in os.walk(top, topdown=False):
        here = Path(folder)
        for name in names:
            digest, _, rest = name.partition(".")
            if (here / name).relative_to(top).as_posix() in keep or (
                rest and is_index(f"/{rest}") and digest in digests
            ):
                continue
            (here / name).unlink()
            removed += 1
        for each in folders:
            with suppress(OSError):  # what is not empty stays
                (here / each).rmdir()
    return removed


class _Mark:
    """The file that says what a directory is."""

    def __init__(self, place: Path, root: str) -> None:
        self._file = place / _MARK
        self._root = root
        known = self._known()
        self.complete = bool(known.get("complete"))
        if known.get("root", root) != root:
            raise wrong_state(
                "directory", f"{place} holds the export of another repository", "give another directory"
            )
        self._write(complete=False)

    def finish(self) -> None:
        """Note that everything was written."""
        self._write(complete=True)

    def _known(self) -> dict[str, Any]:
        with suppress(FileNotFoundError, ValueError):
            found = json.loads(self._file.read_bytes())
            if isinstance(found, dict):
                return found
        return {}

    def _write(self, *, complete: bool) -> None:
        data = {"format": 1, "root": self._root, "complete": complete}
        write_file(self._file, json.dumps(data).encode() + b"\n", mode=0o644)


@contextmanager
def _held(place: Path, root: str) -> Iterator[_Mark]:
    """A directory for one export at a time.

    Raises:
        RefusalError: ``state:directory``: it holds something else, or somebody else exports to it.
    """
    place.mkdir(mode=0o755, parents=True, exist_ok=True)
    handle = os.open(place, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise wrong_state(
                "directory", f"somebody else exports to {place}", "wait until that is done"
            ) from None
        if not (place / _MARK).exists() and any(place.iterdir()):
            raise wrong_state(
                "directory",
                f"{place} holds something else, which an export would remove",
                "give an empty one",
            )
        yield _Mark(place, root)
        sync_directory(place)
    finally:
        os.close(handle)
