"""``hyperhost plugin test``."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Any

import typer
import typer.core

from hyperhost.cli.session import Session, command

__all__ = ["register"]


class _Passing(typer.core.TyperCommand):
    """A command that hands on what stands behind ``--``."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Take the words behind ``--`` away before options are looked for."""
        place = args.index("--") if "--" in args else len(args)
        rest: list[str] = super().parse_args(ctx, args[:place])
        ctx.params["pytest_words"] = [*(ctx.params.get("pytest_words") or []), *args[place + 1 :]]
        return rest


def register(app: typer.Typer) -> None:
    """Add the command."""

    @command(app, "test", cls=_Passing)
    def test(
        session: Session,
        directory: Annotated[
            Path, typer.Argument(metavar="DIR", help="Directory of the plugin, where plugin.toml is.")
        ] = Path(),
        pytest_words: Annotated[
            list[str] | None, typer.Argument(metavar="[-- PYTEST ARGUMENTS…]", help="Handed on to pytest.")
        ] = None,
        no_build: Annotated[
            bool, typer.Option("--no-build", help="Test the component as it is, whatever the source says.")
        ] = False,
    ) -> None:
        """Build a plugin if its source has changed, and run its tests with pytest."""
        from hyperhost.sdk.testrun import NO_TESTS, USAGE, run_tests

        built = False if no_build else _build(session, directory)
        counted = session.out.structured
        output = sys.stderr if counted else None
        done = run_tests(directory, ["--no-build", *(pytest_words or [])], output=output, counted=counted)
        if counted:
            session.out.data(
                {
                    "directory": str(directory.resolve()),
                    "built": built,
                    "tests": done.tests,
                    "failures": done.failures,
                    "errors": done.errors,
                    "skipped": done.skipped,
                    "seconds": round(done.seconds, 3),
                    "pytest": done.status,
                }
            )
        if done.status == NO_TESTS:
            session.out.warn(f"there is no test in {directory.resolve()}; write one in tests/test_plugin.py")
        if done.status:
            raise typer.Exit(2 if done.status == USAGE else 1)


def _build(session: Session, directory: Path) -> bool:
    """Build what is stale; a native plugin is tested as it is."""
    from hyperhost.host.package import MANIFEST_NAME
    from hyperhost.host.tomlread import read_toml
    from hyperhost.sdk.compiled import code_home
    from hyperhost.sdk.freshness import build_if_stale
    from hyperhost.sdk.project import open_project

    manifest = directory / MANIFEST_NAME
    if not manifest.is_file() and (directory / "pyproject.toml").is_file():
        return False  # a native plugin that pip installs
    if manifest.is_file():
        try:
            table = read_toml(manifest.read_bytes()).get("plugin")
        except (OSError, ValueError):
            table = None  # opening the project says what is wrong with it
        if isinstance(table, dict) and "native" in table:
            return False
    with session.out.progress(f"building {directory.resolve().name}"):
        built = build_if_stale(open_project(directory), home=code_home())
    if built is not None:
        session.out.note(f"built {built.path} ({built.size:,} bytes, {built.seconds:.1f} s)")
    return built is not None
