"""The operations: arguments in, files opened, the work done by the module of each."""

from __future__ import annotations

import json
import re
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from hyperhost.contracts import OperationCall, OperationInfo, OperationOutcome
from hyperhost.contracts.codec import DataError, from_data, to_data
from hyperhost.contracts.schema import schema_of

from . import requests
from .backups import Backup, backup, backups_in, describe
from .cipher import make_key, read_key
from .exporting import Exported, export
from .importing import ITEMS_MAX, Imported, import_file, import_items
from .placing import replacing
from .refusals import invalid, unwritable
from .restoring import Restored, restore
from .steps import STEP, alone, take_step
from .syncing import SyncReport, Winner, sync

if TYPE_CHECKING:
    from pluggy import HookRelay

__all__ = ["Opener", "infos", "run"]

_ORIGIN = re.compile(r"([a-z][a-z0-9-]{0,30}):[a-z0-9][a-z0-9._-]{0,127}")
Opener = Callable[[str], AbstractContextManager[Any]]
"""Opens the host of another registry."""


@dataclass(frozen=True, slots=True)
class _Operation:
    info: OperationInfo
    arguments: Any
    run: Callable[[OperationCall, HookRelay, Any, Opener], Any]
    target: str


def infos() -> list[OperationInfo]:
    """All operations, in the order in which help shows them."""
    return [*(each.info for each in _TABLE.values()), STEP]


def run(call: OperationCall, hook: HookRelay, opener: Opener) -> OperationOutcome | None:
    """Run one, if it is one of these.

    Raises:
        RefusalError: the arguments are wrong, or it must not happen.
    """
    if call.operation == STEP.name:
        return take_step(call, hook, str(_read(call).get("step")))
    known = _TABLE.get(call.operation)
    if known is None:
        return None
    try:
        arguments = from_data(known.arguments, _read(call))
    except DataError as error:
        raise invalid(error.path, "type", str(error), error.hint) from None
    data = to_data(known.run(call, hook, arguments, opener))
    target = str(getattr(arguments, known.target))
    return OperationOutcome(
        _text(data),
        target=f"{call.operation}:{target}",
        details_json=_text({key: value for key, value in data.items() if key not in ("issues", "conflicts")})
        if isinstance(data, dict)
        else "{}",
        private=known.info.reads_private,
    )


def _export(_: OperationCall, hook: HookRelay, asked: requests.Export, __: Opener) -> Exported:
    with replacing(Path(asked.target)) as file:
        return export(hook, file, asked.query, contents=asked.contents)


def _import(call: OperationCall, hook: HookRelay, asked: requests.Import, _: Opener) -> Imported:
    with _twice_readable(Path(asked.source)) as file:
        return alone(lambda: import_file(hook, call.principal, file, asked.on_conflict))


def _take(call: OperationCall, hook: HookRelay, asked: requests.ImportArtifacts, _: Opener) -> Imported:
    kind = _ORIGIN.fullmatch(asked.origin)
    if kind is None or kind[1] in ("import", "sync"):
        raise invalid(
            "origin", "format", f"{asked.origin[:80]!r} says not where they come from", "as in remote:acme"
        )
    if len(asked.items) > ITEMS_MAX:
        raise invalid("items", "count", f"{len(asked.items)} are more than {ITEMS_MAX}", "ask several times")
    return alone(lambda: import_items(hook, call.principal, asked.items, asked.origin, asked.on_conflict))


def _sync(call: OperationCall, hook: HookRelay, asked: requests.Sync, opener: Opener) -> SyncReport:
    sides: dict[str, Winner] = {"here": "source", "other": "target"}
    resolve = {key: sides[side] for key, side in asked.resolve.items()}
    with opener(asked.other) as other:
        return alone(lambda: sync(hook, other.hook, call.principal, resolve=resolve))


def _backup(call: OperationCall, hook: HookRelay, asked: requests.BackupIn, _: Opener) -> Backup:
    key = read_key(asked.key_file, asked.passphrase_file)
    return backup(hook, Path(asked.directory), call.at_us, key, asked.keep)


def _list(_: OperationCall, __: HookRelay, asked: requests.Where, ___: Opener) -> list[Backup]:
    return backups_in(Path(asked.directory))


def _verify(_: OperationCall, __: HookRelay, asked: requests.Stored, ___: Opener) -> Backup:
    return describe(Path(asked.path), read_key(asked.key_file, asked.passphrase_file))


def _restore(_: OperationCall, hook: HookRelay, asked: requests.Restore, __: Opener) -> Restored:
    key = read_key(asked.key_file, asked.passphrase_file)
    return restore(hook, Path(asked.path), key, force=asked.force, as_copy=asked.as_copy)


def _keygen(_: OperationCall, __: HookRelay, asked: requests.KeyFile, ___: Opener) -> dict[str, str]:
    make_key(Path(asked.path))
    return {"path": asked.path}


@contextmanager
def _twice_readable(path: Path) -> Iterator[IO[bytes]]:
    """A file; what cannot be read twice, as a pipe, is copied to disk first."""
    try:
        with path.open("rb") as file:
            if file.seekable():
                yield file
                return
            with tempfile.TemporaryFile() as copy:
                shutil.copyfileobj(file, copy)
                copy.seek(0)
                yield copy
    except OSError as error:
        raise unwritable(path, error) from error


def _read(call: OperationCall) -> dict[str, Any]:
    try:
        data = json.loads(call.arguments_json)
    except (ValueError, RecursionError) as error:
        raise invalid("", "json", f"the arguments are no JSON: {error}") from None
    if not isinstance(data, dict):
        raise invalid("", "object", "the arguments are no JSON object")
    return data


def _text(data: Any) -> str:
    return json.dumps(data, ensure_ascii=False, separators=(",", ":"))


def _made(
    name: str,
    summary: str,
    run: Callable[..., Any],
    arguments: Any,
    answer: Any,
    *,
    changes: bool = False,
    private: bool = False,
) -> tuple[str, _Operation]:
    permission = f"registry:{name.partition('_')[0]}"
    info = OperationInfo(
        name,
        summary,
        "transfer",
        permission,
        changes,
        private,
        _text(schema_of(arguments)),
        _text(schema_of(answer)),
    )
    return name, _Operation(info, arguments, run, next(iter(arguments.__dataclass_fields__)))


# An import and a sync change nothing by themselves: each of their steps is an operation that does.
_TABLE: dict[str, _Operation] = dict(
    (
        _made("export", "Write artifacts to a file.", _export, requests.Export, Exported, private=True),
        _made("import", "Read an exported file into the registry.", _import, requests.Import, Imported),
        _made(
            "import_artifacts",
            "Take over artifacts that were read elsewhere, and whose bytes are here.",
            _take,
            requests.ImportArtifacts,
            Imported,
        ),
        _made(
            "sync", "Bring this registry and another one to the same state.", _sync, requests.Sync, SyncReport
        ),
        _made(
            "backup",
            "Write the whole registry to a file, and verify it.",
            _backup,
            requests.BackupIn,
            Backup,
            private=True,
        ),
        _made(
            "backup_list",
            "List the backups of a directory, the latest first.",
            _list,
            requests.Where,
            list[Backup],
        ),
        _made("backup_verify", "Verify a backup without restoring it.", _verify, requests.Stored, Backup),
        _made(
            "backup_restore",
            "Replace what the registry holds by a backup.",
            _restore,
            requests.Restore,
            Restored,
            changes=True,
        ),
        _made(
            "backup_keygen",
            "Make a key file to encrypt backups with.",
            _keygen,
            requests.KeyFile,
            dict[str, str],
        ),
    )
)
