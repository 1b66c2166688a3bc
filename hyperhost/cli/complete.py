"""What the shell offers when the Tab key is pressed. Reads files only; never loads a plugin, never fails."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import typer  # noqa: TC002 - typer resolves the annotations at run time

__all__ = ["hook_names", "installed_hooks", "plugin_ids"]


def plugin_ids(ctx: typer.Context, incomplete: str) -> list[str]:
    """Ids of installed plugins that begin with what was typed."""
    from hyperhost.errors import HyperHostError
    from hyperhost.host.home import find_home

    try:
        home = find_home(_given_home(ctx))
        ids = set(home.lock.read() if home.exists else ())
    except HyperHostError:
        ids = set()
    try:
        from hyperhost.host.discovery import discover

        ids |= {item.id for item in discover() if item.kind == "native"}
    except HyperHostError:
        pass
    return sorted(each for each in ids if each.startswith(incomplete))


def hook_names(incomplete: str) -> list[str]:
    """Names of the kernel's hooks that begin with what was typed."""
    from hyperhost.hookspecs import KERNEL_SPECS
    from hyperhost.hookspecs.markers import SPEC_ATTRIBUTE

    names = [
        name for spec in KERNEL_SPECS for name in vars(spec) if hasattr(getattr(spec, name), SPEC_ATTRIBUTE)
    ]
    return sorted(name for name in names if name.startswith(incomplete))


def installed_hooks(ctx: typer.Context, incomplete: str) -> list[str]:
    """Hooks that the plugin typed before answers by its manifest, else all hooks."""
    from hyperhost.errors import HyperHostError
    from hyperhost.host.home import find_home
    from hyperhost.host.package import open_package

    try:
        home = find_home(_given_home(ctx))
        entry = home.lock.read()[str(ctx.params.get("plugin_id"))]
        names = open_package(home.package_of(entry)).manifest.hook_names
    except (HyperHostError, KeyError):
        names = ()
    return [name for name in names if name.startswith(incomplete)] or hook_names(incomplete)


def _given_home(ctx: Any) -> Path | None:
    """``--home`` as typed for the command or before it."""
    while ctx is not None:
        if home := ctx.params.get("home"):
            return Path(home)
        ctx = ctx.parent
    return None
