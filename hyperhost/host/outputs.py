"""Write what a template generated below a folder: all of it or nothing, and nowhere else."""

from __future__ import annotations

import errno
import os
import secrets
import shutil
import stat
from collections.abc import Callable, Iterable, Mapping
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any

from hyperhost.contracts.codec import DataError, from_data
from hyperhost.contracts.outputs import GeneratedOutput, OutputKind, paths_problem
from hyperhost.errors import OutputFileError

__all__ = ["write_outputs"]


def write_outputs(
    target: Path | str,
    outputs: Iterable[GeneratedOutput | Mapping[str, Any]],
    *,
    replace: bool = False,
    then: Callable[[], object] | None = None,
) -> list[Path]:
    """Write files and directories that a template generated; artifacts among them are left out.

    Everything is written beside its place first. Then it is moved there, and what was moved is taken
    back when something fails. A folder that was not there before appears as a whole. Below the folder
    no symbolic link is followed.

    Args:
        target: The folder; made when it is not there, but not what is above it.
        outputs: As the operation ``generate`` answered, as data or as values.
        replace: Replace files that are there already.
        then: Called when everything is in its place. What it raises is raised, and all is taken back.

    Returns:
        The paths of what was written, in the order of the outputs.

    Raises:
        OutputFileError: a path leads out of the folder or is no usable path, a file is there already, or
            the folder cannot be written to. Nothing was written.
    """
    folder = Path(target)
    wanted = [each for each in map(_read, outputs) if each.kind is not OutputKind.ARTIFACT]
    problem = paths_problem(wanted)
    if problem is not None:
        index, reason = problem
        raise OutputFileError(
            f"the output {wanted[index].path[:120]!r} is refused: {reason}", hint="nothing was written"
        )
    try:
        if folder.is_dir():
            _write_into(folder, wanted, replace, then)
        else:
            _write_whole(folder, wanted, then)
    except OSError as error:
        place = error.filename2 or error.filename or folder
        raise OutputFileError(
            f"{place} cannot be written: {error.strerror or error}", hint="nothing was written"
        ) from error
    return [folder / each.path for each in wanted]


def _read(output: GeneratedOutput | Mapping[str, Any]) -> GeneratedOutput:
    if isinstance(output, GeneratedOutput):
        return output
    try:
        found: GeneratedOutput = from_data(GeneratedOutput, dict(output))
    except DataError as error:
        raise OutputFileError(
            f"this is no output of a template: {error}", hint="nothing was written"
        ) from None
    return found


def _write_whole(folder: Path, wanted: list[GeneratedOutput], then: Callable[[], object] | None) -> None:
    beside = folder.with_name(f".{folder.name}-{secrets.token_hex(8)}")
    beside.mkdir()
    try:
        for output in wanted:
            place = beside / output.path
            if output.kind is OutputKind.DIRECTORY:
                place.mkdir(parents=True, exist_ok=True)
            else:
                place.parent.mkdir(parents=True, exist_ok=True)
                _write_file(place, output)
        # Last, as a folder may be one that nothing can be written to; those inside first.
        for output in sorted(wanted, key=lambda each: each.path, reverse=True):
            if output.kind is OutputKind.DIRECTORY:
                (beside / output.path).chmod(int(output.mode, 8))
        beside.rename(folder)  # fails where something came to be in the meantime
        if then is not None:
            try:
                then()
            except BaseException:
                folder.rename(beside)
                raise
    except BaseException:
        shutil.rmtree(beside, ignore_errors=True)
        raise


def _write_into(
    folder: Path, wanted: list[GeneratedOutput], replace: bool, then: Callable[[], object] | None
) -> None:
    """Write into a folder that others may have changed, or be changing, to lead us elsewhere."""
    beside = folder / f".hyperhost-{secrets.token_hex(8)}"
    beside.mkdir()
    try:
        with ExitStack() as opened:
            writing = _Writing(folder, opened, replace)
            try:
                for number, output in enumerate(wanted):
                    *above, name = output.path.split("/")
                    if output.kind is OutputKind.DIRECTORY:
                        writing.folder((*above, name), output.path)
                    else:
                        staged = beside / str(number)
                        _write_file(staged, output)
                        writing.place(staged, writing.folder(tuple(above), output.path), name, output.path)
                for output in wanted:
                    if output.kind is OutputKind.DIRECTORY:
                        writing.set_mode(tuple(output.path.split("/")), int(output.mode, 8))
                if then is not None:
                    then()
            except BaseException:
                writing.take_back()
                raise
    finally:
        shutil.rmtree(beside, ignore_errors=True)


class _Writing:
    """Files on their way into a folder that is there.

    Args:
        root: The folder.
        opened: Closes the descriptors.
        replace: Replace files that are there already.
    """

    def __init__(self, root: Path, opened: ExitStack, replace: bool) -> None:
        self._opened = opened
        self._replace = replace
        self._undo: list[Callable[[], None]] = []
        self._folders: dict[tuple[str, ...], int] = {(): self._open(str(root), None, 0)}

    def folder(self, names: tuple[str, ...], path: str) -> int:
        """A descriptor of a folder below the root, made where it is missing, reached through no link."""
        known = self._folders.get(names)
        if known is not None:
            return known
        above, name = self.folder(names[:-1], path), names[-1]
        try:
            os.mkdir(name, dir_fd=above)
            self._undo.append(lambda: os.rmdir(name, dir_fd=above))
        except FileExistsError:
            pass
        try:
            found = self._folders[names] = self._open(name, above, os.O_NOFOLLOW)
        except OSError as error:
            if error.errno not in (errno.ENOTDIR, errno.ELOOP):
                raise
            raise OutputFileError(
                f"{path!r} cannot be written: {name!r} is there and is no folder, or is a link",
                hint="nothing was written; choose another folder",
            ) from error
        return found

    def set_mode(self, names: tuple[str, ...], mode: int) -> None:
        """Set the mode of a folder."""
        handle = self._folders[names]
        before = stat.S_IMODE(os.fstat(handle).st_mode)
        os.fchmod(handle, mode)
        self._undo.append(lambda: os.fchmod(handle, before))

    def place(self, staged: Path, above: int, name: str, path: str) -> None:
        """Move a file that is written to where it belongs."""
        try:
            os.link(staged, name, dst_dir_fd=above, follow_symlinks=False)
        except FileExistsError:
            pass
        else:
            self._undo.append(lambda: os.unlink(name, dir_fd=above))
            return
        regular = stat.S_ISREG(os.stat(name, dir_fd=above, follow_symlinks=False).st_mode)
        if not (regular and self._replace):
            what = "is there already" if regular else "is there and is no file"
            hint = "nothing was written; choose another folder, or replace what is there (--force)"
            raise OutputFileError(f"{path!r} {what}", hint=hint)
        old = staged.with_name(f"{staged.name}.old")
        os.link(name, old, src_dir_fd=above, follow_symlinks=False)
        os.replace(staged, name, dst_dir_fd=above)
        self._undo.append(lambda: os.replace(old, name, dst_dir_fd=above))

    def take_back(self) -> None:
        """Undo everything, the latest first."""
        for step in reversed(self._undo):
            with suppress(OSError):
                step()

    def _open(self, name: str, above: int | None, flags: int) -> int:
        handle = os.open(name, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC | flags, dir_fd=above)
        self._opened.callback(os.close, handle)
        return handle


def _write_file(place: Path, output: GeneratedOutput) -> None:
    handle = os.open(place, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8", newline="") as file:
        file.write(output.text)
        file.flush()
        os.fchmod(file.fileno(), int(output.mode, 8))
        os.fsync(file.fileno())
