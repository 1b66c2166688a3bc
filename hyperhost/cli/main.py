"""Entry point of the command ``hyperhost``.

Start-up is kept short: command modules import typer and nothing else of weight, and what a command
works with is imported when it runs. Commands of plugins are read from the home's
``commands.json``; plugins are loaded to find one only when its name is not in there.
"""

from __future__ import annotations

import sys
from typing import Annotated, Any

import typer
import typer.core

from hyperhost.cli import doctor, hooks, identity, init, recommend, search, signing, transfer, wit
from hyperhost.cli.lazy import GROUPS
from hyperhost.cli.output import Form
from hyperhost.cli.quick import quickened
from hyperhost.cli.session import (
    ConfigOption,
    HomeOption,
    OutputOption,
    QuietOption,
    Session,
    TokenOption,
    VerboseOption,
    command,
    new_app,
)

__all__ = ["build", "main"]


class Program(typer.core.TyperGroup):
    """The top level: built-in commands, and those of plugins where the name is free."""

    def list_commands(self, ctx: Any) -> list[str]:
        """Names for help; no plugin is loaded."""
        from hyperhost.cli.offered import known_commands

        names: list[str] = super().list_commands(ctx)
        return [*names, *(name for name in known_commands(ctx) if name not in names)]

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """A built-in command, else that of a plugin."""
        from hyperhost.cli.offered import find_command

        return quickened(super().get_command(ctx, cmd_name)) or find_command(ctx, cmd_name)


def _version(wanted: bool) -> None:
    if wanted:
        import hyperhost

        sys.stdout.write(f"hyperhost {hyperhost.__version__}\n")
        raise typer.Exit


def _common(
    ctx: typer.Context,
    output: OutputOption = None,
    quiet: QuietOption = False,
    verbose: VerboseOption = False,
    config: ConfigOption = None,
    home: HomeOption = None,
    login_token: TokenOption = None,
    version: Annotated[
        bool, typer.Option("--version", help="Print the version.", callback=_version, is_eager=True)
    ] = False,
) -> None:
    """Run trusted Python plugins and sandboxed WebAssembly components behind one hook call."""
    if isinstance(ctx.obj, Session):
        ctx.obj.apply(output, quiet, verbose, config, home, login_token)


def _demo(
    session: Session,
    keep: Annotated[bool, typer.Option("--keep", help="Leave its home directory in place.")] = False,
    registry: Annotated[
        bool, typer.Option("--registry", help="Fill a registry with the packages of this machine.")
    ] = False,
    limit: Annotated[
        int | None, typer.Option(min=1, max=100_000, help="With --registry: packages at most.")
    ] = None,
) -> None:
    """Watch three plugins check real files, and four bad ones being stopped. Needs no network."""
    from rich.console import Console

    emit = session.out.data if session.out.structured else None
    console = Console(highlight=False, quiet=session.out.quiet)
    if limit is not None and not registry:
        raise typer.BadParameter("--limit goes with --registry")
    if registry:
        from hyperhost.demo import registry as with_packages

        status = with_packages.run(console, limit=limit or with_packages.DEFAULT_LIMIT, keep=keep, emit=emit)
    else:
        from hyperhost.demo.run import run

        status = run(console, keep=keep, emit=emit)
    if status:
        raise typer.Exit(status)


def build() -> Any:
    """The whole command line, as a command that can be run."""
    app = typer.Typer(
        cls=Program,
        no_args_is_help=True,
        rich_markup_mode="rich",
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    app.callback()(_common)
    command(app, "demo")(_demo)
    for module in (init, doctor, wit, hooks):
        module.register(app)
    for name, (group, text) in GROUPS.items():
        app.add_typer(new_app(text, group), name=name)
    search.register(app)
    recommend.register(app)
    transfer.register(app)
    signing.register(app)
    identity.register(app)
    return quickened(typer.main.get_command(app))


def main(arguments: list[str] | None = None) -> None:
    """Run the program and exit: 0 success, 1 refused or failed, 2 usage."""
    session = Session()
    try:
        build().main(args=arguments, prog_name="hyperhost", obj=session)
    except Exception as error:  # noqa: BLE001 - the program's outermost frame
        sys.exit(_report(session, error))


def _report(session: Session, error: Exception) -> int:
    """Say what went wrong, and return the exit status."""
    from hyperhost.errors import HyperHostError

    if not isinstance(error, HyperHostError):
        if isinstance(error, BrokenPipeError):
            return 1
        hint = "" if session.out.verbose else "run it again with --verbose to see where"
        shown = HyperHostError(f"{type(error).__name__}: {error}", hint=hint)
    else:
        shown = error
    if session.out.verbose and session.out.form is not Form.json:
        import traceback

        from hyperhost.cli.text import printable

        sys.stderr.write(printable("".join(traceback.format_exception(error))))
    session.out.error(shown)
    return 1


if __name__ == "__main__":
    main()
