"""Makes a checkout look installed: the entry points of ``pyproject.toml`` where Python looks for them."""

from __future__ import annotations

import os
import tomllib
from pathlib import Path

from cli_shell import Shell

import hyperhost

ROOT = Path(__file__).resolve().parents[2]


def built_in_plugins() -> set[str]:
    """Ids of the plugins that an installation brings along."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return set(project["entry-points"]["hyperhost.plugins"])


def site_with_entry_points(directory: Path) -> Path:
    """A directory for ``PYTHONPATH`` with the metadata of this checkout, whatever is installed besides."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    info = directory / "site" / f"hyperhost-{hyperhost.__version__}.dist-info"
    info.mkdir(parents=True)
    head = f"Metadata-Version: 2.1\nName: hyperhost\nVersion: {hyperhost.__version__}\n"
    (info / "METADATA").write_text(head, encoding="utf-8")
    lines = []
    for group, entries in project["entry-points"].items():
        lines += [f"[{group}]", *(f"{name} = {value}" for name, value in entries.items()), ""]
    (info / "entry_points.txt").write_text("\n".join(lines), encoding="utf-8")
    return info.parent


def installed_shell(directory: Path, site: Path) -> Shell:
    """``hyperhost`` as an installation with all built-in plugins runs it, with a home in ``directory``."""
    shell = Shell(directory)
    shell.environ["PYTHONPATH"] = os.pathsep.join([str(site), shell.environ["PYTHONPATH"]])
    return shell
