"""A group of commands whose modules are imported one by one, when they are used."""

from __future__ import annotations

from importlib import import_module
from typing import Any, ClassVar

import typer
import typer.core

__all__ = ["PluginCommands", "command_of"]


class PluginCommands(typer.core.TyperGroup):
    """``hyperhost plugin``. Twenty commands are worth not importing to print the help of another."""

    modules: ClassVar[dict[str, str]] = {
        "list": "list",
        "show": "show",
        "install": "install",
        "upgrade": "upgrade",
        "uninstall": "uninstall",
        "activate": "activate",
        "deactivate": "activate",
        "permissions": "permissions",
        "grant": "grant",
        "revoke": "grant",
        "learn": "learn",
        "call": "call",
        "replay": "replay",
        "run": "run",
        "logs": "logs",
        "stats": "stats",
        "release": "release",
        "new": "new",
        "build": "build",
        "test": "test",
        "dev": "dev",
        "docs": "docs",
        "pack": "pack",
        "sign": "sign",
        "verify": "verify",
        "keygen": "keygen",
    }

    def list_commands(self, ctx: Any) -> list[str]:
        """Names in the order in which help shows them."""
        return list(self.modules)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """The command, or ``None``."""
        module = self.modules.get(cmd_name)
        return None if module is None else command_of(f"hyperhost.cli.plugin.{module}", cmd_name)


def command_of(module: str, name: str) -> Any:
    """A command that a module registers."""
    app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
    import_module(module).register(app)
    # With a callback typer makes a group even of a single command.
    app.callback()(lambda: None)
    group: Any = typer.main.get_command(app)
    return group.commands[name]
