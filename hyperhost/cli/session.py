"""What every command has: common options, and the home, configuration and host that they lead to."""

from __future__ import annotations

import functools
import inspect
import sys
import typing
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
import typer.core

from hyperhost.cli.output import Form, Output

if TYPE_CHECKING:
    from hyperhost.config import Config
    from hyperhost.host.home import Home
    from hyperhost.host.host import Host

__all__ = ["Session", "command", "default", "new_app"]

_PANEL = "Common options"
OutputOption = Annotated[
    Form | None,
    typer.Option(
        "--output", "-o", help="How to write the result.", rich_help_panel=_PANEL, show_default=False
    ),
]
QuietOption = Annotated[
    bool, typer.Option("--quiet", "-q", help="No messages; lists show names only.", rich_help_panel=_PANEL)
]
VerboseOption = Annotated[
    bool, typer.Option("--verbose", "-v", help="Show where an error comes from.", rich_help_panel=_PANEL)
]
ConfigOption = Annotated[
    Path | None,
    typer.Option(
        "--config", help="Configuration instead of the home's hyperhost.toml.", rich_help_panel=_PANEL
    ),
]
HomeOption = Annotated[
    Path | None,
    typer.Option(
        "--home", help="Home directory, instead of $HYPERHOST_HOME or ~/.hyperhost.", rich_help_panel=_PANEL
    ),
]
TokenOption = Annotated[
    str | None,
    typer.Option(
        "--token",
        metavar="TOKEN",
        help="Run on behalf of whoever this API key or token stands for, instead of $HYPERHOST_TOKEN.",
        rich_help_panel=_PANEL,
        show_default=False,
    ),
]
TOKEN_VARIABLE = "HYPERHOST_TOKEN"  # noqa: S105 - the variable's name
_COMMON: dict[str, tuple[Any, Any]] = {
    "output": (OutputOption, None),
    "quiet": (QuietOption, False),
    "verbose": (VerboseOption, False),
    "config": (ConfigOption, None),
    "home": (HomeOption, None),
    "login_token": (TokenOption, None),
}


@dataclass(slots=True)
class Session:
    """One run of the program.

    Attributes:
        out: Where to write.
        home_path: As given with ``--home``.
        config_path: As given with ``--config``.
        login_token: As given with ``--token``.
        group: Options that stood before the command of a group that has some, by name.
    """

    out: Output = field(default_factory=Output)
    home_path: Path | None = None
    config_path: Path | None = None
    login_token: str | None = field(default=None, repr=False)
    group: dict[str, Any] = field(default_factory=dict)

    def apply(
        self,
        output: Form | None,
        quiet: bool,
        verbose: bool,
        config: Path | None,
        home: Path | None,
        login_token: str | None = None,
    ) -> None:
        """Take over common options; those given later, nearer to the command, prevail."""
        self.out.form = output or self.out.form
        self.out.quiet = quiet or self.out.quiet
        self.out.verbose = verbose or self.out.verbose
        self.config_path = config or self.config_path
        self.home_path = home or self.home_path
        self.login_token = self.login_token if login_token is None else login_token

    @property
    def home(self) -> Home:
        """The home directory, which need not exist."""
        from hyperhost.host.home import find_home

        return find_home(self.home_path)

    @property
    def config(self) -> Config:
        """The configuration."""
        return self.home.load_config(self.config_path)

    @property
    def asks(self) -> bool:
        """Whether there is somebody to ask."""
        return sys.stdin is not None and sys.stdin.isatty() and sys.stderr.isatty()

    @contextmanager
    def host(self, only: Iterable[str] | None = None) -> Iterator[Host]:
        """The host of the home, or one in memory when there is none; with plugins loaded.

        Args:
            only: Ids of the plugins needed; all when not given.
        """
        from hyperhost.host.home import open_host

        with open_host(self.home, self.config, only=only) as host:
            yield host
            for fault in host.faults:
                # Faults without a plugin are the host's own: the compile cache.
                if not fault.plugin:
                    self.out.warn(fault.message)


def new_app(text: str, group: type[typer.core.TyperGroup]) -> typer.Typer:
    """A group of commands that ``group`` finds."""
    app = typer.Typer(cls=group, no_args_is_help=True, pretty_exceptions_enable=False)
    before = getattr(group, "before_command", None)
    app.callback(help=text)(before() if before else lambda: None)
    return app


def command(
    app: typer.Typer, name: str, **options: Any
) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Register a function as a command that also takes the common options.

    Its first parameter receives the :class:`Session`; the others are declared as typer has it.
    """

    def register(function: Callable[..., None]) -> Callable[..., None]:
        app.command(name, **options)(_with_common(function))
        return function

    return register


def default(app: typer.Typer) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Register what a group does when no command of it is named; as :func:`command` otherwise."""

    def register(function: Callable[..., None]) -> Callable[..., None]:
        app.callback(invoke_without_command=True)(_with_common(function))
        return function

    return register


def _with_common(function: Callable[..., None]) -> Callable[..., None]:
    """A function for typer that takes the common options, too."""
    hints = typing.get_type_hints(function, include_extras=True)
    own = list(inspect.signature(function).parameters.values())[1:]

    @functools.wraps(function)
    def run(**arguments: Any) -> None:
        ctx: typer.Context = arguments.pop("ctx")
        session: Session = ctx.obj
        session.apply(**{key: arguments.pop(key) for key in _COMMON})
        if ctx.invoked_subcommand is None:
            function(session, **arguments)

    keyword = inspect.Parameter.KEYWORD_ONLY
    parameters = [inspect.Parameter("ctx", keyword, annotation=typer.Context)]
    parameters += [each.replace(kind=keyword, annotation=hints[each.name]) for each in own]
    parameters += [
        inspect.Parameter(key, keyword, annotation=kind, default=value)
        for key, (kind, value) in _COMMON.items()
    ]
    run.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]  # read by typer
    run.__annotations__ = {each.name: each.annotation for each in parameters}
    del run.__wrapped__  # its signature is not the command's
    return run
