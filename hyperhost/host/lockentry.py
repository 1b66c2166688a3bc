"""The entries of ``plugins.lock`` and their text."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal, get_args

from hyperhost.contracts.limits import Limits
from hyperhost.errors import LockFileError, TomlError
from hyperhost.host.canary import parse_share
from hyperhost.host.tomlread import read_toml
from hyperhost.host.tomltext import toml_text

if TYPE_CHECKING:
    from hyperhost.host.package import Package

__all__ = ["CanaryEntry", "LockEntry", "LockState", "entries_text", "parse_entries"]

LockState = Literal["installed", "active", "inactive", "quarantined", "failed"]

FORMAT: Final = 1
_HEADER: Final = (
    "# Installed plugins and what each was granted. Written by hyperhost; change it with\n"
    "# 'hyperhost plugin grant' and 'hyperhost plugin revoke'.\n"
)
_TEXT_KEYS: Final = ("version", "digest", "publisher", "source", "state", "installed_at")
_LIST_KEYS: Final = ("requested", "granted")


@dataclass(frozen=True, slots=True)
class LockEntry:
    """One installed plugin.

    Attributes:
        id: Its id.
        version: Its version.
        digest: Digest of its package.
        publisher: Key id that signed the package, empty when it was not signed.
        source: Where it was installed from.
        requested: Canonical texts of the capabilities that it asks for, sorted.
        granted: Canonical texts of the capabilities that it was granted, sorted.
        limits: Its limits.
        state: Its state in the life cycle.
        installed_at: UTC, ISO 8601 with microseconds.
        stub_denied: Link imports outside the grant to a refusal, whatever the manifest says.
        canary: A newer version that answers a share of the calls, if one does.
    """

    id: str
    version: str
    digest: str
    publisher: str = ""
    source: str = ""
    requested: tuple[str, ...] = ()
    granted: tuple[str, ...] = ()
    limits: Limits = field(default_factory=Limits)
    state: LockState = "installed"
    installed_at: str = ""
    stub_denied: bool = False
    canary: CanaryEntry | None = None

    def binds(self, package: Package) -> bool:
        """Whether the grants hold for ``package``: same id, same digest, same publisher."""
        return (self.id, self.digest, self.publisher) == (package.id, package.digest, package.publisher)


@dataclass(frozen=True, slots=True)
class CanaryEntry:
    """A version that runs beside the one installed.

    Attributes:
        entry: What the entry of the plugin will be when it is promoted, with its own grants; its
            ``installed_at`` is when it began.
        share: The share of calls that it answers, 0 to 1.
        promote_after: Calls answered well after which it is promoted by itself, or ``None``.
    """

    entry: LockEntry
    share: float
    promote_after: int | None = None


def entries_text(entries: Mapping[str, LockEntry]) -> str:
    """The file for ``entries``: sorted, so that equal entries give equal bytes."""
    plugins = {plugin_id: _table(entries[plugin_id]) for plugin_id in sorted(entries)}
    return _HEADER + toml_text({"format": FORMAT, "plugins": plugins})


def _table(entry: LockEntry) -> dict[str, object]:
    table: dict[str, object] = {key: getattr(entry, key) for key in _TEXT_KEYS}
    table |= {key: sorted(set(getattr(entry, key))) for key in _LIST_KEYS}
    table["stub_denied"] = entry.stub_denied or None
    table["limits"] = dict(sorted(entry.limits.to_dict().items())) or None
    if entry.canary is not None:
        table["canary"] = {
            "share": entry.canary.share,
            "promote_after": entry.canary.promote_after,
            **_table(entry.canary.entry),
        }
    return table


def parse_entries(data: bytes, path: Path) -> dict[str, LockEntry]:
    """The entries written in ``data``, by id, in the order of ids.

    Raises:
        LockFileError: corrupt, or written by a newer version. Names the line and what to do.
    """
    text = data.decode("utf-8", "replace")
    try:
        document = read_toml(data)
    except TomlError as error:
        raise _corrupt(path, f"line {error.line or len(data.splitlines())}", error.message) from error
    written = document.pop("format", None)
    if isinstance(written, int) and written > FORMAT:
        raise LockFileError(
            f"{path} was written by a newer version (format {written})",
            hint="upgrade hyperhost to use this home",
        )
    plugins = document.pop("plugins", {})
    if written != FORMAT or document or not isinstance(plugins, dict):
        what = "format" if written != FORMAT else next(iter(document), "plugins")
        raise _corrupt(path, f"line {_line_of(text, what)}", f"the key {what!r} is missing, unknown or wrong")
    return {plugin_id: _entry(plugin_id, plugins[plugin_id], text, path) for plugin_id in sorted(plugins)}


def _entry(plugin_id: str, table: object, text: str, path: Path) -> LockEntry:
    try:
        return _read(plugin_id, table)
    except ValueError as error:
        problem = str(error)
    where = f"plugins.{plugin_id}.canary" if problem.startswith("canary: ") else f"plugins.{plugin_id}"
    line = _line_of(text, where)
    raise _corrupt(path, f"line {line}", f"plugin {plugin_id!r}: {problem}", plugin_id)


def _read(plugin_id: str, table: object) -> LockEntry:
    """The entry in a table.

    Raises:
        ValueError: what is wrong with it.
    """
    if problem := _problem(table) or _outside(plugin_id, table):
        raise ValueError(problem)
    assert isinstance(table, dict)
    try:
        limits = Limits.from_dict(table.get("limits", {}))
    except (ValueError, TypeError) as error:
        raise ValueError(f"limits: {error}") from None
    try:
        canary = _canary(plugin_id, table["canary"]) if "canary" in table else None
    except ValueError as error:
        raise ValueError(f"canary: {error}") from None
    return LockEntry(
        id=plugin_id,
        version=table["version"],
        digest=table["digest"],
        publisher=table["publisher"],
        source=table["source"],
        requested=tuple(table["requested"]),
        granted=tuple(table["granted"]),
        limits=limits,
        state=table["state"],
        installed_at=table["installed_at"],
        stub_denied=table.get("stub_denied", False),
        canary=canary,
    )


def _canary(plugin_id: str, table: object) -> CanaryEntry:
    if not isinstance(table, dict):
        raise ValueError("it is no table")
    if "canary" in table:
        raise ValueError("it has a canary itself")
    entry = dict(table)
    share, after = entry.pop("share", None), entry.pop("promote_after", None)
    if not isinstance(share, float):
        raise ValueError(f"the share {share!r} is no number between 0 and 1")
    if after is not None and (isinstance(after, bool) or not isinstance(after, int) or after < 1):
        raise ValueError(f"promote_after {after!r} is no whole number from 1")
    found = _read(plugin_id, entry)
    if not found.digest:
        raise ValueError("the digest is empty")
    try:
        datetime.fromisoformat(found.installed_at)
    except ValueError:
        raise ValueError(f"installed_at {found.installed_at!r} is no time") from None
    return CanaryEntry(found, parse_share(share), after)


def _outside(plugin_id: str, table: object) -> str | None:
    """What of an entry would lead its package's directory, which an uninstall removes, out of the home."""
    assert isinstance(table, dict)
    for name, text in (("id", plugin_id), ("version", table["version"]), ("digest", table["digest"])):
        if not text.isprintable() or "/" in text or text in (".", "..") or not (text or name == "digest"):
            return f"the {name} {text!r} cannot be part of a file name"
    return None


def _problem(table: object) -> str | None:
    """What is wrong with the table of one plugin, its limits aside."""
    if not isinstance(table, dict):
        return "it is no table"
    for key in _TEXT_KEYS:
        if not isinstance(table.get(key), str):
            return f"the key {key!r} is missing or no text"
    for key in _LIST_KEYS:
        if not _are_texts(table.get(key)):
            return f"the key {key!r} is missing or no list of texts"
    if table["state"] not in get_args(LockState):
        return f"the state {table['state']!r} is none of {', '.join(get_args(LockState))}"
    if not isinstance(table.get("limits", {}), dict):
        return "the key 'limits' is no table"
    if not isinstance(table.get("stub_denied", False), bool):
        return "the key 'stub_denied' is neither true nor false"
    extra = sorted(set(table) - {*_TEXT_KEYS, *_LIST_KEYS, "limits", "stub_denied", "canary"})
    return f"the key {extra[0]!r} is unknown" if extra else None


def _are_texts(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(item, str) for item in value)


def _line_of(text: str, what: str) -> int:
    """Number of the first line that mentions ``what``, 1 if none does."""
    return next((number for number, line in enumerate(text.splitlines(), 1) if what in line), 1)


def _corrupt(path: Path, where: str, why: str, plugin: str | None = None) -> LockFileError:
    return LockFileError(
        f"{path}, {where}: {why}",
        plugin=plugin,
        hint="mend that line or restore the file from a backup; it is left as it is until then",
    )
