"""Put reference pages into a directory: all of them or none, and never over what somebody else wrote."""

from __future__ import annotations

import os
import secrets
import shutil
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Final

from hyperhost.errors import BuildError, CorruptComponentError
from hyperhost.host.archive import open_regular
from hyperhost.sdk import reference_html, reference_markdown

__all__ = ["write_pages"]

_MARKS: Final = {".md": reference_markdown.MARK.encode(), ".html": reference_html.MARK.encode()}
_HINT: Final = "name another directory with --out; one that is empty, or that holds nothing but such pages"


def write_pages(files: Mapping[str, str], directory: Path) -> None:
    """Make ``directory`` hold these pages and no others.

    Args:
        files: The text of each page by its name.
        directory: Made when it is not there. One that is there must hold nothing but pages written
            earlier, which each say so in their first line.

    Raises:
        BuildError: it holds something else, or cannot be written. Nothing was changed.
    """
    target = directory.absolute()
    try:
        _check_own(target)
        target.parent.mkdir(parents=True, exist_ok=True)
        beside = target.with_name(f".{target.name[:64]}-{secrets.token_hex(6)}")
        beside.mkdir()
        try:
            for name, text in files.items():
                (beside / name).write_text(text, encoding="utf-8", newline="\n")
            _swap(beside, target)
        finally:
            shutil.rmtree(beside, ignore_errors=True)
    except OSError as error:
        raise BuildError(
            f"{directory} cannot be written: {error.strerror or error}",
            hint="name a directory that you may write to with --out",
        ) from error


def _check_own(target: Path) -> None:
    """Return if ``target`` is not there, or holds nothing but pages written by this module."""
    if target.is_symlink() or (target.exists() and not target.is_dir()):
        raise BuildError(f"{target} is there and is no directory", hint=_HINT)
    if not target.exists():
        return
    with os.scandir(target) as entries:
        for entry in sorted(entries, key=lambda entry: entry.name):
            if not _is_page(Path(entry.path)):
                raise BuildError(
                    f"{target} holds {entry.name!r}, which is no page of an earlier run", hint=_HINT
                )


def _is_page(path: Path) -> bool:
    mark = _MARKS.get(path.suffix)
    if mark is None:
        return False
    try:
        with open_regular(path) as file:
            return file.read(len(mark)) == mark
    except (OSError, CorruptComponentError):  # a link, a directory, a pipe
        return False


def _swap(beside: Path, target: Path) -> None:
    """Put ``beside`` in the place of ``target``; what was there is back when that fails."""
    old = beside.with_name(f"{beside.name}-old")
    if not target.exists():
        beside.rename(target)
        return
    target.rename(old)
    try:
        _check_own(old)  # nobody can add to it under this name
        beside.rename(target)
    except BaseException:
        with suppress(OSError):
            old.rename(target)
        raise
    shutil.rmtree(old, ignore_errors=True)
