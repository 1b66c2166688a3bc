"""``hyperhost plugin show``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from hyperhost.cli.complete import plugin_ids
from hyperhost.cli.plugin.options import installer
from hyperhost.cli.plugin.showfile import is_file, show_file
from hyperhost.cli.session import Session, command

__all__ = ["register"]

_TITLES = {
    "id": "id",
    "name": "name",
    "version": "version",
    "canary": "canary",
    "description": "description",
    "kind": "kind",
    "state": "state",
    "problem": "problem",
    "publisher": "signed by",
    "license": "license",
    "homepage": "homepage",
    "hooks": "hooks",
    "provides": "provides",
    "granted": "may use",
    "limits": "limits",
    "instances": "instances",
    "dependencies": "needs",
    "source": "from",
    "digest": "digest",
    "installed_at": "installed at",
    "path": "path",
}


def register(app: typer.Typer) -> None:
    """Add the command."""

    @command(app, "show")
    def show(
        session: Session,
        plugin_id: Annotated[
            str,
            typer.Argument(
                metavar="ID|FILE",
                help="An installed plugin; or a package, such as scan.hhp or ./scan, installed or not.",
                autocompletion=plugin_ids,
                show_default=False,
            ),
        ],
    ) -> None:
        """Show everything known about a plugin, or what a package says; nothing of a package is run."""
        if is_file(plugin_id):
            show_file(session, Path(plugin_id))
            return
        from hyperhost.cli.plugin.rows import canary_words

        record = _record(session, plugin_id)
        if not session.out.structured:
            error = record.pop("error")
            record["problem"] = f"{error['message']} ({error['hint']})" if error else None
            record["canary"] = canary_words(record["canary"]) if record["canary"] else None
        session.out.record(record, _TITLES)


def _record(session: Session, plugin_id: str) -> dict[str, Any]:
    from hyperhost.cli.plugin.rows import plugin_rows
    from hyperhost.errors import HyperHostError
    from hyperhost.host.package import open_package

    work = installer(session)
    entry = work.known(plugin_id)
    [record] = plugin_rows(session, plugin_id)
    limits = work.limits(plugin_id, entry.limits)
    record["limits"] = _limits(limits) if record["kind"] == "component" else {}
    record["installed_at"] = entry.installed_at.replace("+00:00", "Z") or None
    record["path"] = str(work.directory(entry)) if entry.digest else None
    if entry.digest:
        try:
            manifest = open_package(session.home.package_of(entry)).manifest
        except HyperHostError:
            return record
        for key in ("name", "description", "license", "homepage", "instances"):
            record[key] = getattr(manifest, key) or None
        record["dependencies"] = dict(manifest.dependencies)
    return record


def _limits(limits: Any) -> dict[str, Any]:
    import dataclasses

    return {key: value for key, value in dataclasses.asdict(limits).items() if value is not None}
