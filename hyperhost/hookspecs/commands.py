"""Hooks that add commands to the command line."""

from __future__ import annotations

from typing import Protocol

from hyperhost.contracts.command import Command, CommandOutcome
from hyperhost.errors import RefusalError
from hyperhost.hookspecs.markers import hookspec

__all__ = ["CommandHooks"]


class CommandHooks(Protocol):
    """Commands of plugins."""

    @hookspec(on_fault="skip")
    def command_list(self) -> list[Command]:
        """Offer commands.

        Every plugin is asked. Called for help and completion too, so it must be quick and change
        nothing. A fault leaves the plugin's commands out. A name that is taken, by the program or by
        an earlier plugin, is left out and reported.

        Returns:
            Commands in the order in which help shows them.

        Example:
            ```python
            from hyperhost.contracts import Command, CommandArgument
            from hyperhost.hookspecs import hookimpl

            class Greeter:
                @hookimpl
                def command_list(self) -> list[Command]:
                    return [Command("greet", "Greet somebody.", [CommandArgument("name", required=True)])]

            host.register(Greeter())
            [[command]] = host.hook.command_list()
            assert command.name == "greet"
            ```
        """
        ...

    @hookspec(firstresult=True, raises=RefusalError)
    def command_run(self, name: str, args: dict[str, str]) -> CommandOutcome | None:
        """Run a command.

        Plugins are asked in order until one answers; answer only for commands of your own. A fault
        ends the command with status 1.

        Args:
            name: Name of the command; ``group name`` with a space when it has a group.
            args: Name → text of each argument given or with a default; checked against the
                declaration before.

        Returns:
            What to print and the exit status, or ``None`` when the command is another plugin's.

        Raises:
            RefusalError: the command will not do it; its reason is printed and the status is 1.

        Example:
            ```python
            from hyperhost.contracts import CommandOutcome
            from hyperhost.hookspecs import hookimpl

            class Greeter:
                @hookimpl
                def command_run(self, name: str, args: dict[str, str]) -> CommandOutcome | None:
                    return CommandOutcome(f"Hello {args['name']}!") if name == "greet" else None

            host.register(Greeter())
            assert host.hook.command_run(name="greet", args={"name": "Ada"}).text == "Hello Ada!"
            assert host.hook.command_run(name="other", args={}) is None
            ```
        """
        ...
