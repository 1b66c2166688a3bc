"""Files beside their place: what a killed process left goes, what a living one writes stays."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from registries import fill, registry

from builtin_plugins.transfer.placing import replacing

WRITER = """
    import os, sys
    from pathlib import Path
    from builtin_plugins.transfer.placing import replacing
    with replacing(Path(sys.argv[1])) as file:
        file.write(b"half")
        file.flush()
        os.write(1, b"writing\\n")
        sys.stdin.read()
"""


@contextmanager
def writer(target: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A process in the middle of writing a file."""
    command = [sys.executable, "-c", textwrap.dedent(WRITER), str(target)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"writing\n"
        yield process
        process.kill()


def parts(directory: Path) -> list[str]:
    return sorted(path.name for path in directory.iterdir() if path.name.endswith(".part"))


def killed(target: Path) -> str:
    """Name of the file that a process left that was killed while it wrote."""
    before = set(parts(target.parent))
    with writer(target) as process:
        os.kill(process.pid, signal.SIGKILL)
        assert process.wait() == -signal.SIGKILL
    [left] = set(parts(target.parent)) - before
    return left


def test_the_next_export_removes_what_a_killed_one_left(tmp_path: Path) -> None:
    target = tmp_path / "acme.tar"
    left = killed(target)
    assert (tmp_path / left).read_bytes() == b"half"
    with registry() as reg:
        fill(reg)
        reg.run("export", target=str(target))
    assert parts(tmp_path) == []
    assert target.is_file()


def test_a_file_that_a_living_process_writes_stays(tmp_path: Path) -> None:
    target = tmp_path / "acme.tar"
    with writer(target) as other:
        [held] = parts(tmp_path)
        with replacing(target) as file:
            file.write(b"mine")
        assert parts(tmp_path) == [held]
        assert target.read_bytes() == b"mine"
        other.communicate()
        assert other.returncode == 0
    assert (parts(tmp_path), target.read_bytes()) == ([], b"half")


def test_two_threads_of_one_process_leave_each_other_alone(tmp_path: Path) -> None:
    target = tmp_path / "acme.tar"
    with replacing(target) as outer:
        outer.write(b"outer")
        with replacing(target) as inner:
            inner.write(b"inner")
        assert target.read_bytes() == b"inner"
    assert (parts(tmp_path), target.read_bytes()) == ([], b"outer")


@pytest.mark.parametrize(
    "name",
    [
        "acme.tar.part",
        ".acme.tar-0123456789ab.part~",
        ".acme.tar-0123456789AB.part",
        ".acmextar-0123456789ab.part",
        ".other.tar-0123456789ab.part",
    ],
)
def test_a_file_of_another_naming_stays(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(b"somebody's")
    with replacing(tmp_path / "acme.tar") as file:
        file.write(b"x")
    assert (tmp_path / name).read_bytes() == b"somebody's"


def test_a_link_of_our_naming_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "precious").write_bytes(b"precious")
    link = tmp_path / ".acme.tar-0123456789ab.part"
    link.symlink_to("precious")
    with replacing(tmp_path / "acme.tar") as file:
        file.write(b"x")
    assert link.is_symlink()
    assert (tmp_path / "precious").read_bytes() == b"precious"


def test_the_next_backup_removes_what_a_killed_one_left(tmp_path: Path) -> None:
    directory = tmp_path / "backups"
    directory.mkdir()
    killed(directory / "registry-20260131T235959.123456Z.hhb")
    other = killed(directory / "acme.tar")
    with registry() as reg:
        fill(reg)
        reg.run("backup", directory=str(directory))
    assert parts(directory) == [other]
