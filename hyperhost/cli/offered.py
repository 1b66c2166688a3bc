"""Commands that plugins offer: found for help, turned into commands, and run."""

from __future__ import annotations

import inspect
import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from hyperhost.cli.session import Session
from hyperhost.cli.text import one_line

if TYPE_CHECKING:
    from hyperhost.contracts.command import Command, CommandArgument, CommandOutcome
    from hyperhost.host.commandlist import Offer
    from hyperhost.host.host import Host

__all__ = ["BUILT_IN", "command_from", "find_command", "hidden", "known_commands", "refresh", "show_outcome"]

BUILT_IN: Final = (
    *("demo", "init", "doctor", "wit", "hooks", "plugin"),
    *("artifact", "namespace", "version", "deps", "graph", "keys", "role", "token", "policy", "secret"),
    *("audit", "registry", "tuf"),
    *("user", "apikey", "session", "whoami", "login", "logout"),
    *("search", "recommend", "export", "import", "sync", "remote", "sign", "verify"),
)
"""Names at the top level that plugins cannot take."""


def known_commands(ctx: Any) -> list[str]:
    """Top-level names and groups that plugins are known to offer, sorted."""
    from hyperhost.host.commandlist import read_offers

    offers = read_offers(_session(ctx).home)
    return sorted({offer.command.group or offer.command.name for offer in offers})


def find_command(ctx: Any, name: str) -> Any:
    """The plugin command or group of commands of that name, or ``None``."""
    from hyperhost.errors import HyperHostError
    from hyperhost.host.commandlist import read_offers

    session = _session(ctx)
    found = _named(read_offers(session.home), name)
    if not found and not ctx.resilient_parsing:
        try:
            found = _named(refresh(session), name)
        except HyperHostError as error:
            # The command may be nobody's; the usage error that follows is the main thing to say.
            session.out.warn(f"plugins could not be asked for their commands: {error}")
    if not found:
        return None
    if all(offer.command.group for offer in found):
        return _group(name, found)
    return command_from(next(offer for offer in found if not offer.command.group))


def hidden(offers: Sequence[Offer], plugin: str) -> list[str]:
    """Names of commands of a plugin that cannot be typed at the top level, as something else has them."""
    taken: dict[tuple[str, str], str] = {}
    for offer in offers:
        taken.setdefault((offer.command.group, offer.command.name), offer.plugin)
    return [
        f"{offer.command.group} {offer.command.name}".lstrip()
        for offer in offers
        if offer.plugin == plugin
        and (
            (offer.command.group or offer.command.name) in BUILT_IN
            or taken[offer.command.group, offer.command.name] != plugin
        )
    ]


def refresh(session: Session, host: Host | None = None) -> list[Offer]:
    """Ask the plugins for their commands anew, and keep the answer for the next start."""
    from hyperhost.host.commandlist import offers_of, write_offers

    if host is None:
        with session.host() as opened:
            return refresh(session, opened)
    offers = offers_of(host)
    write_offers(session.home, offers)
    return offers


def command_from(offer: Offer) -> Any:
    """A command that parses arguments as declared, and has the plugin run it."""
    command = offer.command
    name = f"{command.group} {command.name}" if command.group else command.name

    def run(ctx: typer.Context, **given: Any) -> None:
        from hyperhost.cli.plugin.call import call_hook, usable

        session: Session = ctx.obj
        with session.host([offer.plugin]) as host:
            plugin = usable(session, host, offer.plugin)
            outcome = call_hook(plugin, "command_run", {"name": name, "args": _texts(command, given)})
            show_outcome(session, outcome, offer.plugin, name)

    keyword = inspect.Parameter.KEYWORD_ONLY
    parameters = [inspect.Parameter("ctx", keyword, annotation=typer.Context)]
    parameters += [_parameter(argument) for argument in command.arguments]
    run.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]  # read by typer
    run.__annotations__ = {each.name: each.annotation for each in parameters}
    app = typer.Typer(add_completion=False, pretty_exceptions_enable=False, rich_markup_mode=None)
    text = f"{one_line(command.summary)} (plugin {offer.plugin})".lstrip()
    # The list of commands is written with markup, which a plugin's words must not be taken for.
    app.command(command.name, help=text, short_help=text.replace("[", "\\["))(run)
    return typer.main.get_command(app)


def show_outcome(session: Session, outcome: CommandOutcome | None, plugin: str, name: str) -> None:
    """Print what a command gave, and exit with its status if that is not 0.

    Raises:
        PluginStateError: the plugin says that the command is not its own.
    """
    from hyperhost.errors import BadResultError, PluginStateError

    if outcome is None:
        raise PluginStateError(
            f"offers the command {name!r} but does not run it",
            plugin=plugin,
            hook="command_run",
            hint="tell whoever made the plugin",
        )
    if session.out.structured:
        try:
            data = json.loads(outcome.data_json) if outcome.data_json else {"text": outcome.text}
        except (ValueError, RecursionError) as error:
            raise BadResultError(
                f"the command {name!r} answered with data that is no JSON", plugin=plugin, hook="command_run"
            ) from error
        session.out.data(data)
    elif outcome.text:
        session.out.text(outcome.text if outcome.text.endswith("\n") else f"{outcome.text}\n")
    if outcome.exit_status:
        raise typer.Exit(outcome.exit_status)


def _named(offers: Sequence[Offer], name: str) -> list[Offer]:
    return [offer for offer in offers if (offer.command.group or offer.command.name) == name]


def _group(name: str, offers: Sequence[Offer]) -> Any:
    app = typer.Typer(add_completion=False, no_args_is_help=True, pretty_exceptions_enable=False)
    owners = sorted({offer.plugin for offer in offers})
    app.callback(help=f"Commands of plugin {', '.join(owners)}.")(lambda: None)
    group: Any = typer.main.get_command(app)
    group.name = name
    for offer in offers:
        group.commands.setdefault(offer.command.name, command_from(offer))
    return group


def _parameter(argument: CommandArgument) -> inspect.Parameter:
    """The option ``--name`` as typer declares it."""
    text = one_line(argument.summary)
    flag = f"--{argument.name}"
    # The name in Python cannot clash with anything: it is only ours.
    name = "option_" + argument.name.replace("-", "_")
    if argument.switch:
        kind: Any = Annotated[bool, typer.Option(flag, help=text)]
        default: Any = argument.default == "true"
    elif argument.required and argument.default is None:
        kind, default = Annotated[str, typer.Option(flag, help=text)], inspect.Parameter.empty
    else:
        kind, default = Annotated[str | None, typer.Option(flag, help=text)], argument.default
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, annotation=kind, default=default)


def _texts(command: Command, given: dict[str, Any]) -> dict[str, str]:
    """Arguments as plugins get them: all of them text."""
    found = {}
    for argument in command.arguments:
        value = given["option_" + argument.name.replace("-", "_")]
        if isinstance(value, bool):
            found[argument.name] = "true" if value else "false"
        elif value is not None:
            found[argument.name] = str(value)
    return found


def _session(ctx: Any) -> Session:
    """The session, with the options that were parsed so far: help is asked for before they are applied."""
    session = ctx.obj if isinstance(ctx.obj, Session) else Session()
    for key in ("home", "config"):
        if given := ctx.params.get(key):
            setattr(session, f"{key}_path", Path(given))
    return session
