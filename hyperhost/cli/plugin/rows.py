"""Plugins as rows and records. The keys are part of the documented JSON output."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from hyperhost.cli.session import Session
    from hyperhost.errors import HyperHostError
    from hyperhost.host.discovery import Discovered
    from hyperhost.host.lockentry import LockEntry
    from hyperhost.host.plugin import Plugin

__all__ = ["canary_row", "canary_words", "entry_row", "plugin_rows"]


def entry_row(entry: LockEntry) -> dict[str, Any]:
    """An entry of ``plugins.lock``."""
    return {
        "id": entry.id,
        "version": entry.version,
        "state": entry.state,
        "granted": list(entry.granted),
        "requested": list(entry.requested),
        "publisher": entry.publisher or None,
        "digest": entry.digest or None,
        "source": entry.source,
        "installed_at": entry.installed_at.replace("+00:00", "Z") or None,
        "canary": canary_row(entry),
    }


def canary_row(entry: LockEntry | None, plugin: Plugin | None = None) -> dict[str, Any] | None:
    """The canary of an entry, ``None`` when it has none."""
    if entry is None or entry.canary is None:
        return None
    found, error = entry.canary.entry, plugin.canary_failure if plugin is not None else None
    return {
        "version": found.version,
        "share": entry.canary.share,
        "since": found.installed_at.replace("+00:00", "Z"),
        "promote_after": entry.canary.promote_after,
        "granted": list(found.granted),
        "requested": list(found.requested),
        "publisher": found.publisher or None,
        "digest": found.digest,
        "source": found.source,
        "error": error_row(error),
    }


def error_row(error: HyperHostError | None) -> dict[str, str] | None:
    """An error, ``None`` when there is none."""
    if error is None:
        return None
    return {"code": error.code, "message": error.message, "hint": error.hint}


def canary_words(canary: dict[str, Any]) -> str:
    """A canary in words: its version, its share, since when."""
    from hyperhost.host.canary import share_words

    words = (
        f"{canary['version']} for {share_words(canary['share'])} of the calls since {canary['since'][:19]}Z"
    )
    return f"{words}; it does not run" if canary["error"] else words


def plugin_rows(session: Session, only: str | None = None) -> list[dict[str, Any]]:
    """Every plugin of the home and of pip by id: loaded, switched off, or failed."""
    from hyperhost.host.discovery import discover

    home, config = session.home, session.config
    entries = home.lock.read() if home.exists else {}
    natives = {item.id: item for item in discover() if item.kind == "native"}
    rows: dict[str, dict[str, Any]] = {}
    with session.host(None if only is None else [only]) as host:
        for plugin in host.plugins.values():
            rows[plugin.id] = _row(plugin, entries.get(plugin.id), natives.get(plugin.id))
        providers: dict[str, list[str]] = {}
        for service, plugin_id in host.providers.items():
            providers.setdefault(plugin_id, []).append(service)
    for plugin_id, services in providers.items():
        rows[plugin_id]["provides"] = services
    for plugin_id in sorted({*entries, *natives} - set(rows)):
        entry, item = entries.get(plugin_id), natives.get(plugin_id)
        off = entry is not None and entry.state == "inactive"
        if off or not config.plugin(plugin_id).enabled:
            rows[plugin_id] = _off(plugin_id, entry, item)
    return [rows[plugin_id] for plugin_id in sorted(rows) if only in (None, plugin_id)]


def _row(plugin: Plugin, entry: LockEntry | None, item: Discovered | None) -> dict[str, Any]:
    failure = plugin.failure
    return {
        "id": plugin.id,
        "version": plugin.version,
        "kind": plugin.kind,
        "state": plugin.state,
        "hooks": list(plugin.hooks),
        "provides": [],
        "granted": list(plugin.granted) if failure is None else [],
        "requested": list(entry.requested) if entry else [],
        "publisher": plugin.publisher or None,
        "digest": plugin.digest or None,
        "source": entry.source if entry and entry.digest else _pip(item),
        "error": error_row(failure),
        "canary": canary_row(entry, plugin),
    }


def _off(plugin_id: str, entry: LockEntry | None, item: Discovered | None) -> dict[str, Any]:
    native = entry is None or not entry.digest
    return {
        "id": plugin_id,
        "version": item.version if item else entry.version if entry else "",
        "kind": "native" if native else "component",
        "state": "inactive",
        "hooks": [],
        "provides": [],
        "granted": list(entry.granted) if entry else [],
        "requested": list(entry.requested) if entry else [],
        "publisher": entry.publisher or None if entry else None,
        "digest": entry.digest or None if entry else None,
        "source": entry.source if entry and entry.digest else _pip(item),
        "error": None,
        "canary": canary_row(entry),
    }


def _pip(item: Discovered | None) -> str:
    return f"pip:{item.distribution}" if item is not None else ""
