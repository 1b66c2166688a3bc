"""``hyperhost plugin permissions``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hyperhost.cli.output import Column
from hyperhost.cli.plugin.options import PluginArgument, installer
from hyperhost.cli.session import Session, command

if TYPE_CHECKING:
    import typer

    from hyperhost.host.installer import Installer
    from hyperhost.host.lockentry import LockEntry

__all__ = ["register"]

_COLUMNS = (
    Column("capability"),
    Column("allowed"),
    Column("need"),
    Column("words", "IT MAY …"),
    Column("reason", "BECAUSE"),
)


def register(app: typer.Typer) -> None:
    """Add the command."""

    @command(app, "permissions")
    def permissions(session: Session, plugin_id: PluginArgument) -> None:
        """Show what a plugin asked for, what it was granted, and what it can not do."""
        record = _record(session, plugin_id)
        out = session.out
        if out.structured:
            out.data(record)
            return
        if record["kind"] == "native":
            out.text(
                "It is a native plugin: Python code without a sandbox, which may do anything you may do.\n"
            )
            return
        if record["canary"]:
            out.note(f"version {record['version']}:")
        out.rows(_COLUMNS, record["asked"], empty="it asks for nothing")
        if out.form.value in ("table", "wide") and not out.quiet:
            out.text("\nIt can NOT:\n" + "".join(f"  - {phrase}\n" for phrase in record["cannot"]))
        if record["canary"]:
            out.note(f"\nits canary, version {record['canary']['version']}:")
            out.rows(_COLUMNS, record["canary"]["asked"], empty="it asks for nothing")


def _record(session: Session, plugin_id: str) -> dict[str, Any]:
    from hyperhost.errors import HyperHostError

    work = installer(session)
    entry = work.known(plugin_id)
    record = _one(work, session, entry)
    record["canary"] = None
    if entry.canary is not None:
        try:
            record["canary"] = _one(work, session, entry.canary.entry)
        except HyperHostError as error:
            # The installed version is what was asked about first; its answer must not be lost.
            session.out.warn(f"the canary cannot be read: {error}")
    return record


def _one(work: Installer, session: Session, entry: LockEntry) -> dict[str, Any]:
    from hyperhost.capabilities.describe import cannot, describe
    from hyperhost.capabilities.grants import GrantSet
    from hyperhost.host.examine import examine
    from hyperhost.host.populate import open_installed

    plugin_id = entry.id
    record: dict[str, Any] = {"id": plugin_id, "version": entry.version, "kind": "native"}
    record |= {"publisher": entry.publisher or None, "digest": entry.digest or None}
    empty: dict[str, Any] = {"asked": [], "granted": [], "effective": [], "cannot": []}
    if not entry.digest:
        return record | empty
    with work.bench() as host:
        package = open_installed(session.home, entry, host)
        manifest = package.manifest
        if manifest.native is not None:
            return record | empty
        grants = GrantSet(
            plugin_id, None if manifest.bare else manifest.requested, entry.granted, grammar=host.grammar
        )
        limits = work.limits(plugin_id, entry.limits)
        asked = [
            (ask.capability, ask.reason, "optional" if ask.optional else "required") for ask in manifest.asks
        ]
        if manifest.bare:
            asked = [(item, "", "granted") for item in grants.granted]
            asks = examine(host, package, limits, stub_denied=entry.stub_denied).asks
            asked += [
                (ask.capability, ask.reason, "required") for ask in asks if not grants.covers(ask.capability)
            ]
        rows = []
        for capability, reason, need in asked:
            within = [item.text for item in grants.effective if capability.covers(item)]
            whole = grants.covers(capability)
            rows.append(
                {
                    "capability": capability.text,
                    "allowed": "yes" if whole else f"only {', '.join(within)}" if within else "no",
                    "need": need,
                    "words": describe(capability, limits),
                    "reason": reason,
                }
            )
        return record | {
            "kind": "component",
            "asked": rows,
            "granted": [item.text for item in grants.granted],
            "effective": [item.text for item in grants.effective],
            "cannot": cannot(grants.effective, limits),
        }
