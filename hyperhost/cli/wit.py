"""``hyperhost wit``: print the contract in WIT, for whoever builds a component."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from hyperhost.cli.complete import plugin_ids
from hyperhost.cli.session import Session, command

if TYPE_CHECKING:
    from hyperhost.host.host import Host

__all__ = ["register", "specs_from_here"]


def register(app: typer.Typer) -> None:
    """Add the command."""

    @command(app, "wit")
    def wit(
        session: Session,
        specs: Annotated[
            list[str] | None,
            typer.Option(
                help="Hookspecs to print instead of the home's; repeat for more.", metavar="PKG.MOD:CLASS"
            ),
        ] = None,
        plugin: Annotated[
            str | None,
            typer.Option(help="Only what this plugin exports and imports.", autocompletion=plugin_ids),
        ] = None,
        interface: Annotated[
            str | None,
            typer.Option(help="A host interface, such as kv or hyperhost:host/kv.", metavar="NAME"),
        ] = None,
    ) -> None:
        """Print hooks, or a host interface, as WIT."""
        chosen = [name for name, value in (("--plugin", plugin), ("--interface", interface)) if value]
        if len(chosen) + bool(specs) > 1:
            raise typer.BadParameter("give one of --specs, --plugin and --interface")
        if interface:
            text = _interface(session, interface)
        elif plugin:
            text = _plugin(session, plugin)
        else:
            text = _hooks(session, specs or [])
        if session.out.structured:
            session.out.data({"wit": text})
        else:
            session.out.text(text)


def _hooks(session: Session, specs: list[str]) -> str:
    from hyperhost.hookspecs import KERNEL_SPECS
    from hyperhost.host.host import Host
    from hyperhost.host.populate import import_specs

    if specs:
        classes = specs_from_here(specs)
        name = specs[0].partition(":")[0].partition(".")[0]
    else:
        classes = [*KERNEL_SPECS, *import_specs(session.config.specs)]
        name = "hyperhost"
    with Host(name, specs=classes) as host:
        return host.wit()


def specs_from_here(specs: list[str]) -> list[object]:
    """Import hookspecs, those in the current directory included: that is where people develop them."""
    from hyperhost.host.populate import import_specs

    here = str(Path.cwd())
    if here not in sys.path:
        # Last, so that no file lying about here replaces a module of Python's.
        sys.path.append(here)
    return import_specs(specs)


def _plugin(session: Session, plugin_id: str) -> str:
    from hyperhost.sandbox.wit import package

    with session.host([plugin_id]) as host:
        plugin = host.plugin(plugin_id)
        if plugin.failure is not None:
            raise plugin.failure
        known = host.hooks()
        hooks = {known[name].wit_name: known[name].function for name in plugin.hooks if name in known}
        return package(f"hyperhost:{plugin_id}", hooks, imports=_imports(host, plugin_id))


def _imports(host: Host, plugin_id: str) -> list[str]:
    from hyperhost.host.package import open_package
    from hyperhost.sandbox.guest_types import imports

    plugin = host.plugin(plugin_id)
    if plugin.runtime is None or plugin.source is None:
        return []
    data = open_package(plugin.source, grammar=host.grammar).component or b""
    component = host.sandbox.compile(data, source=plugin.source.name)
    try:
        found = imports(component, host.sandbox.engine(fuel=False))[0]
        return sorted(item.name for item in found)
    finally:
        component.close()


def _interface(session: Session, name: str) -> str:
    from hyperhost.errors import SpecError
    from hyperhost.host.host import Host
    from hyperhost.sandbox.linker import host_types
    from hyperhost.sandbox.wit import interface

    with Host(specs=[]) as host:
        typed = [each for each in host.sandbox.interfaces if each.typed]
        for each in typed:
            full, _, version = each.name.partition("@")
            package, _, short = full.partition("/")
            if name in (short, full, each.name):
                text = interface(short, host_types(each))
                return f"package {package}@{version or '1.0.0'};\n\n{text}\n"
        shorts = sorted(each.name.partition("@")[0].rpartition("/")[2] for each in typed)
    raise SpecError(f"there is no host interface {name!r}", hint=f"interfaces are {', '.join(shorts)}")
