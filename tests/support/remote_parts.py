"""A registry that others fetch from, put on a web server of its own, and registries that fetch from it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from cli_guests import SPECS, packed
from cli_shell import Shell
from tuf_parts import Mirror

__all__ = ["publish_plugin", "publish_text", "shown", "with_specs"]


def with_specs(shell: Shell) -> None:
    """Have a home know the hooks of the tests, which their plugins implement."""
    config = shell.home / "hyperhost.toml"
    config.write_text(config.read_text().replace("[host]\n", f'[host]\nspecs = ["{SPECS}"]\n', 1))


def publish_text(shell: Shell, place: Path, name: str, version: str, content: str, **more: Any) -> None:
    """Publish a library with that content."""
    file = place / f"{name}-{version}.txt"
    file.write_text(content)
    _publish(shell, place, file, name, version, {"type": "library", **more})


def publish_plugin(
    shell: Shell, place: Path, name: str, version: str, needs: Mapping[str, str] | None = None, **more: Any
) -> None:
    """Publish a plugin that needs others of its namespace."""
    file = place / f"{name}-{version}.hhp"
    source = packed(place / f"{name}-{version}", id=name, version=version)
    shell.ok("plugin", "pack", str(source), "--out", str(file))
    wanted = [{"artifact": f"org.acme/{each}", "constraint": text} for each, text in (needs or {}).items()]
    manifest = {"runtime": "wasm", "entry_point": "plugin.wasm"}
    draft = {"type": "plugin", "dependencies": wanted, "manifest": manifest, **more}
    _publish(shell, place, file, name, version, draft)


def _publish(shell: Shell, place: Path, file: Path, name: str, version: str, more: dict[str, Any]) -> None:
    draft = {"namespace": "org.acme", "name": name, "version": version, "visibility": "public", **more}
    described = place / f"{name}-{version}.json"
    described.write_text(json.dumps(draft))
    shell.ok("artifact", "create", str(described), "--content", str(file))
    shell.ok("artifact", "publish", f"{draft['namespace']}/{name}@{version}")


def shown(mirror: Mirror, shell: Shell, directory: Path) -> dict[str, bytes]:
    """Sign what has changed in a registry, export it, and have a mirror show that; the files by path."""
    shell.ok("tuf", "update")
    shell.ok("tuf", "export", str(directory))
    files = {
        str(path.relative_to(directory)): path.read_bytes() for path in directory.rglob("*") if path.is_file()
    }
    mirror.show(files)
    return files
