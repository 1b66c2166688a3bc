"""A new project: everything that a plugin needs to be built, tested and packed, with one working hook."""

from __future__ import annotations

import shlex
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, cast

from hyperhost.errors import BuildError

if TYPE_CHECKING:
    from hyperhost.sdk.writing.order import Order

__all__ = ["Written", "files_of", "write_project"]


class Writer(Protocol):
    """A module of :mod:`hyperhost.sdk.writing` that writes projects in one language."""

    def files(self, order: Order) -> dict[str, str]:
        """The text of each file by its path in the project."""


@dataclass(frozen=True, slots=True)
class Written:
    """A project that was written.

    Attributes:
        directory: Where; absolute.
        files: Paths within it, sorted.
        commands: What to type next, in this order.
    """

    directory: Path
    files: tuple[str, ...]
    commands: tuple[str, ...]


def files_of(order: Order) -> Mapping[str, str]:
    """The text of each file of a project by its path in it."""
    kind = "native" if order.native else order.language
    writer = cast("Writer", import_module(f"hyperhost.sdk.writing.{kind}"))
    return dict(sorted(writer.files(order).items()))


def write_project(order: Order, directory: Path | str | None = None) -> Written:
    """Write a project; all of it, or nothing.

    Args:
        order: What to write.
        directory: Where; a directory that is not there or empty. ``./NAME`` when not given.

    Raises:
        BuildError: there is something already, or it cannot be written.
    """
    shown = Path(directory) if directory is not None else Path(order.name)
    target = shown.absolute()
    files = files_of(order)
    try:
        _check_free(target, shown)
        missing = [parent for parent in target.parents if not parent.exists()]
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            _write(files, target)
        except BaseException:
            for parent in missing:
                with suppress(OSError):
                    parent.rmdir()
            raise
    except OSError as error:
        raise BuildError(
            f"{target} cannot be written: {error.strerror or error}",
            hint="name another directory with --dir",
        ) from error
    return Written(target, tuple(files), _commands(order, shown, files))


def _check_free(target: Path, shown: Path) -> None:
    if target.is_symlink() or (target.exists() and not target.is_dir()):
        raise BuildError(f"{shown} is there already, and is no directory", hint="name another with --dir")
    if target.is_dir() and any(target.iterdir()):
        raise BuildError(
            f"{shown} is there already, and is not empty", hint="name another directory with --dir"
        )


def _write(files: Mapping[str, str], target: Path) -> None:
    with tempfile.TemporaryDirectory(prefix=f".{target.name[:64]}-", dir=target.parent) as scratch:
        fresh = Path(scratch, "project")
        fresh.mkdir()
        for name, text in files.items():
            path = fresh / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8", newline="\n")
        fresh.rename(target)  # onto an empty directory works, onto any other is refused


def _commands(order: Order, shown: Path, files: Mapping[str, str]) -> tuple[str, ...]:
    where = shlex.quote(str(shown))
    if order.native:
        return (f"python -m pip install -e {where}", f"python -m pytest {where}", "hyperhost plugin list")
    commands = [f"npm install --prefix {where}"] if "package.json" in files else []
    return (*commands, f"hyperhost plugin test {where}", f"hyperhost plugin pack {where}")
