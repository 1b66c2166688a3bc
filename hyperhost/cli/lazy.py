"""Groups of commands whose modules are imported one by one, when they are used."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any, ClassVar

import typer
import typer.core

from hyperhost.cli.quick import quickened

__all__ = [
    "GROUPS",
    "ApiKeyCommands",
    "ArtifactCommands",
    "AuditCommands",
    "DepsCommands",
    "GraphCommands",
    "KeysCommands",
    "LazyCommands",
    "NamespaceCommands",
    "PluginCommands",
    "PolicyCommands",
    "RegistryCommands",
    "RemoteCommands",
    "RoleCommands",
    "SecretCommands",
    "SessionCommands",
    "TokenCommands",
    "TufCommands",
    "UserCommands",
    "VersionCommands",
    "command_of",
]


class LazyCommands(typer.core.TyperGroup):
    """A group that imports the module of a command when that command is asked for.

    Attributes:
        package: Where the modules are.
        modules: Module by name of the command, in the order of help.
    """

    package: ClassVar[str] = ""
    modules: ClassVar[dict[str, str]] = {}

    @classmethod
    def before_command(cls) -> Callable[..., None]:
        """What reads the options that stand before the command; by default there are none."""
        return lambda: None

    def list_commands(self, ctx: Any) -> list[str]:
        """Names in the order in which help shows them."""
        return list(self.modules)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """The command, or ``None``."""
        module = self.modules.get(cmd_name)
        return None if module is None else command_of(f"{self.package}.{module}", cmd_name)


class PluginCommands(LazyCommands):
    """``hyperhost plugin``. Twenty commands are worth not importing to print the help of another."""

    package = "hyperhost.cli.plugin"
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


class ArtifactCommands(LazyCommands):
    """``hyperhost artifact``."""

    package = "hyperhost.cli.artifact"
    modules: ClassVar[dict[str, str]] = {
        "create": "create",
        "get": "get",
        "update": "update",
        "delete": "delete",
        "list": "list",
        "publish": "publish",
        "unpublish": "lifecycle",
        "deprecate": "deprecate",
        "undeprecate": "lifecycle",
        "archive": "lifecycle",
        "restore": "lifecycle",
        "validate": "check",
        "lint": "check",
        "test": "check",
        "render": "render",
        "generate": "generate",
        "download": "download",
        "history": "history",
        "rate": "rate",
    }


class NamespaceCommands(LazyCommands):
    """``hyperhost namespace``."""

    package = "hyperhost.cli.namespace"
    modules: ClassVar[dict[str, str]] = {
        "create": "change",
        "get": "get",
        "list": "list",
        "update": "change",
        "delete": "delete",
    }


class VersionCommands(LazyCommands):
    """``hyperhost version``."""

    package = "hyperhost.cli.version"
    modules: ClassVar[dict[str, str]] = {
        "list": "list",
        "tag": "tag",
        "untag": "tag",
        "promote": "promote",
        "demote": "promote",
        "yank": "yank",
        "unyank": "yank",
    }


class KeysCommands(LazyCommands):
    """``hyperhost keys``."""

    package = "hyperhost.cli.keys"
    modules: ClassVar[dict[str, str]] = {
        "generate": "generate",
        "list": "list",
        "show": "list",
        "export": "exchange",
        "import": "exchange",
        "rotate": "change",
        "revoke": "change",
        "trust": "trust",
        "untrust": "trust",
    }


class DepsCommands(LazyCommands):
    """``hyperhost deps``."""

    package = "hyperhost.cli.deps"
    modules: ClassVar[dict[str, str]] = {
        "add": "change",
        "remove": "change",
        "list": "change",
        "resolve": "resolve",
        "tree": "show",
        "graph": "show",
        "why": "show",
        "outdated": "ask",
        "what-if": "ask",
        "conflicts": "ask",
        "solve": "solve",
    }


class GraphCommands(LazyCommands):
    """``hyperhost graph``."""

    package = "hyperhost.cli.graph"
    modules: ClassVar[dict[str, str]] = {
        "show": "show",
        "path": "path",
        "similar": "similar",
        "impact": "impact",
        "clusters": "clusters",
    }


class RoleCommands(LazyCommands):
    """``hyperhost role``."""

    package = "hyperhost.cli.role"
    modules: ClassVar[dict[str, str]] = {
        "list": "list",
        "show": "list",
        "create": "change",
        "delete": "change",
        "assign": "assign",
        "unassign": "assign",
    }


class TokenCommands(LazyCommands):
    """``hyperhost token``."""

    package = "hyperhost.cli.token"
    modules: ClassVar[dict[str, str]] = {
        "create": "create",
        "attenuate": "create",
        "list": "show",
        "show": "show",
        "check": "show",
        "revoke": "revoke",
    }


class PolicyCommands(LazyCommands):
    """``hyperhost policy``."""

    package = "hyperhost.cli.policy"
    modules: ClassVar[dict[str, str]] = {
        "list": "list",
        "show": "list",
        "add": "change",
        "remove": "change",
        "test": "test",
    }


class SecretCommands(LazyCommands):
    """``hyperhost secret``."""

    package = "hyperhost.cli.secret"
    modules: ClassVar[dict[str, str]] = {
        "set": "change",
        "list": "list",
        "remove": "change",
        "rotate": "change",
    }


class UserCommands(LazyCommands):
    """``hyperhost user``."""

    package = "hyperhost.cli.user"
    modules: ClassVar[dict[str, str]] = {
        "create": "create",
        "list": "list",
        "show": "list",
        "password": "change",
        "disable": "change",
        "enable": "change",
        "delete": "change",
    }


class ApiKeyCommands(LazyCommands):
    """``hyperhost apikey``."""

    package = "hyperhost.cli.apikey"
    modules: ClassVar[dict[str, str]] = {"create": "create", "list": "list", "revoke": "list"}


class SessionCommands(LazyCommands):
    """``hyperhost session``."""

    package = "hyperhost.cli.sessions"
    modules: ClassVar[dict[str, str]] = {"list": "list", "revoke": "list"}


class AuditCommands(LazyCommands):
    """``hyperhost audit``."""

    package = "hyperhost.cli.audit"
    modules: ClassVar[dict[str, str]] = {
        "list": "list",
        "show": "show",
        "verify": "verify",
        "export": "export",
        "seal": "seal",
    }


class RegistryCommands(LazyCommands):
    """``hyperhost registry``."""

    package = "hyperhost.cli.registry"
    modules: ClassVar[dict[str, str]] = {
        "init": "init",
        "info": "info",
        "status": "status",
        "backup": "backup",
        "restore": "backup",
        "diff": "diff",
        "migrate": "migrate",
    }


class RemoteCommands(LazyCommands):
    """``hyperhost remote``."""

    package = "hyperhost.cli.remote"
    modules: ClassVar[dict[str, str]] = {"add": "change", "list": "show", "show": "show", "remove": "change"}


class TufCommands(LazyCommands):
    """``hyperhost tuf``. Options of the client may stand before the command."""

    package = "hyperhost.cli.tuf"
    modules: ClassVar[dict[str, str]] = {
        "init": "init",
        "refresh": "refresh",
        "download": "download",
        "create": "repository",
        "status": "repository",
        "update": "repository",
        "export": "export",
        "renew": "repository",
        "delegate": "keys",
        "revoke": "keys",
        "rotate": "keys",
    }

    @classmethod
    def before_command(cls) -> Callable[..., None]:
        """What reads the options that stand before the command."""
        from hyperhost.cli.tuf.options import before_command

        return before_command


GROUPS: dict[str, tuple[type[LazyCommands], str]] = {
    "plugin": (PluginCommands, "Install plugins, decide what they may do, and use them."),
    "artifact": (ArtifactCommands, "Create, publish, find and use what the registry holds."),
    "namespace": (NamespaceCommands, "Say who owns a namespace and what holds in it."),
    "version": (VersionCommands, "Tag versions, promote them to channels, yank them."),
    "deps": (DepsCommands, "Choose versions that fit together, and ask about such choices."),
    "graph": (GraphCommands, "See who needs what, what is alike, and what belongs together."),
    "keys": (KeysCommands, "Make keys, and say whose signatures count."),
    "role": (RoleCommands, "Say who may do what, by roles."),
    "token": (TokenCommands, "Hand a part of what you may do to a program, for a time."),
    "policy": (PolicyCommands, "Say what must not happen, and try what that means."),
    "secret": (SecretCommands, "Keep secrets, encrypted, for configs and plugins that may have them."),
    "user": (UserCommands, "Create users, change their passwords, keep them out."),
    "apikey": (ApiKeyCommands, "Make keys that programs log in with, and revoke them."),
    "session": (SessionCommands, "See who is logged in, and end that."),
    "audit": (AuditCommands, "See who did what, and prove that nobody changed the record."),
    "registry": (RegistryCommands, "Make the registry of this home, look at it, back it up."),
    "remote": (RemoteCommands, "Name registries elsewhere, to install, download and pull from."),
    "tuf": (TufCommands, "Fetch safely from a registry, and keep a registry that can be fetched from so."),
}
"""Groups at the top level, with what help says of each."""


def command_of(module: str, name: str) -> Any:
    """A command that a module registers."""
    app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
    import_module(module).register(app)
    # With a callback typer makes a group even of a single command.
    app.callback()(lambda: None)
    group: Any = typer.main.get_command(app)
    return quickened(group.commands[name])
