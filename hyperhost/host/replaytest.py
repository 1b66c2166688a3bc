"""Write a regression test from a recording: a test for pytest, and beside it what it replays."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

from hyperhost.errors import RecordingError
from hyperhost.host.recordingfile import write_bytes

if TYPE_CHECKING:
    from hyperhost.host.package import Package
    from hyperhost.host.recording import Recording

__all__ = ["write_test"]

_STEM: Final = re.compile(r"test_[a-z0-9_]{1,100}", re.ASCII)
_SPEC: Final = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*(:[A-Za-z_]\w*(\.[A-Za-z_]\w*)*)?", re.ASCII)


def write_test(
    recording: Recording,
    package: Package,
    target: Path,
    *,
    specs: Sequence[str] = (),
    beside: bool = False,
) -> list[Path]:
    """Write the test, the recording, and the component unless it stays where it is.

    Args:
        recording: What to replay.
        package: The component, found to be the recorded one or accepted all the same.
        target: The file to write, or a directory for a file named after plugin and hook.
        specs: Hookspecs besides the kernel's, as ``package.module:Class``.
        beside: The package is the author's own file, built again and again: refer to it by a path
            relative to the test, and accept what is built later. Otherwise the component is copied.

    Returns:
        The files written, the test first.

    Raises:
        RecordingError: the name is none of a test, or one of the files is there already; none is written.
    """
    if target.is_dir():
        target = target / f"test_replay_{_word(recording.plugin)}_{_word(recording.hook)}.py"
    if target.suffix != ".py" or not _STEM.fullmatch(target.stem):
        raise RecordingError(
            f"{target.name!r} is no name for a test",
            hint="name it test_NAME.py, in lower case letters, digits and underscores",
        )
    files = {target: b"", target.with_suffix(".json"): recording.to_bytes()}
    if beside:
        where = os.path.relpath(package.source.resolve(), target.parent.resolve())
    else:
        copy = target.with_suffix(".wasm")
        files[copy] = package.component or b""
        where = copy.name
    files[target] = _source(recording, target, where, specs, force=beside).encode("utf-8")
    for path in files:
        if path.exists() or path.is_symlink():
            raise RecordingError(f"{path} is there already", hint="remove it, or choose another name")
    written: list[Path] = []
    try:
        for path, data in reversed(files.items()):  # the test last: it needs the others
            write_bytes(path, data, replace=False, mode=0o600 if path.suffix == ".json" else 0o666)
            written.append(path)
    except BaseException:
        for path in written:
            path.unlink(missing_ok=True)
        raise
    return list(files)


def _word(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_")


def _source(recording: Recording, target: Path, where: str, specs: Sequence[str], *, force: bool) -> str:
    """The test. Only names that were checked, and texts through ``repr``, become part of it."""
    options = ""
    if specs:
        for name in specs:
            if not _SPEC.fullmatch(name):
                raise RecordingError(f"{name!r} names no hookspecs", hint="write package.module:Class")
        options += f", specs={list(specs)!r}"
    if force:
        options += ", force=True"
    end = "\n".join(_ending(recording))
    return f'''"""A recorded call of {recording.plugin}, hook {recording.hook}, that is replayed."""

from pathlib import Path

from hyperhost import replay

HERE = Path(__file__).resolve().parent
RECORDING = HERE / {target.with_suffix(".json").name!r}
PACKAGE = HERE / {where!r}


def {target.stem}() -> None:
    outcome = replay(RECORDING, PACKAGE{options})
{end}
'''


def _ending(recording: Recording) -> list[str]:
    lines = ["    assert outcome.same, outcome.difference"]
    if recording.error is not None:
        lines = [
            f"    # Recorded was the fault {recording.error['code']!r}; this holds as long as it is there.",
            "    # Once it is mended, say what is right instead:  assert outcome.error is None",
            *lines,
        ]
    return lines
