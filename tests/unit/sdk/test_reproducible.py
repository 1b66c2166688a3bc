"""Same source, same bytes: whatever differs between two machines, as far as one machine can play two."""

from __future__ import annotations

import hashlib
import platform
import subprocess
import sys
from pathlib import Path

import pytest
from guest_projects import ROOT, need_python_tool, two_builds

from hyperhost.sdk.languages import determinism
from hyperhost.sdk.languages.python import _notes

linux_only = pytest.mark.skipif(
    determinism.library() is None,
    reason=f"reproducible on Linux only, not on {sys.platform} {platform.machine()}",
)
PROBE = """
import ctypes, os, time, subprocess, sys
libc = ctypes.CDLL(None, use_errno=True)
refused = ctypes.CDLL(None).hyperhost_seal()
if refused: sys.exit(f"refused {refused}")
class Statx(ctypes.Structure): _fields_ = [("words", ctypes.c_uint64 * 32)]
found = Statx()
statx = 332 if sys.argv[2] == "x86_64" else 291
assert libc.syscall(statx, -100, sys.argv[1].encode(), 0, 0xfff, ctypes.byref(found)) == 0
print(bytes(found)[:160].hex())
print(os.listdir(sys.argv[1]))
print(os.getrandom(16).hex(), time.time(), time.monotonic())
"""


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


@linux_only
@pytest.mark.parametrize("language", ["python", "javascript"])
def test_the_same_source_gives_the_same_bytes(language):
    if language == "python":
        need_python_tool()
    first, second, notes = two_builds(language)
    assert notes == []
    assert _sha256(first) == _sha256(second)


@linux_only
@pytest.mark.parametrize("language", ["python", "javascript"])
def test_components_name_no_path_of_the_machine(language):
    if language == "python":
        need_python_tool()
    first, _, _ = two_builds(language)
    component = first.read_bytes()
    for path in (first.parents[1], ROOT, Path.home(), Path(sys.prefix)):
        if len(path.parts) > 2:
            assert bytes(path) not in component, path


@linux_only
def test_a_sealed_process_cannot_tell_directories_apart(tmp_path):
    answers = []
    for name, order in (("one", "cab"), ("two", "abc")):
        directory = tmp_path / name
        directory.mkdir()
        for each in order:
            (directory / each).write_text(each)
        if name == "two":
            (directory / "more").mkdir()
            (directory / "more").rmdir()
        done = subprocess.run(
            [sys.executable, "-I", "-c", PROBE, str(directory), platform.machine()],
            env={"LD_PRELOAD": str(determinism.library())},
            capture_output=True,
            text=True,
            check=False,
        )
        if done.stderr.startswith("refused"):
            pytest.skip("the kernel allows no seccomp filter here")
        assert done.returncode == 0, done.stderr
        answers.append(done.stdout)
    assert answers[0] == answers[1]
    assert "['a', 'b', 'c']" in answers[0]
    assert "315532800.0 1.0" in answers[0]


def test_elsewhere_a_build_says_that_bytes_may_differ(monkeypatch, tmp_path):
    monkeypatch.setattr(determinism.platform, "machine", lambda: "riscv64")
    assert determinism.library() is None
    assert "LD_PRELOAD" not in determinism.sealed_environment(tmp_path)
    assert _notes("") == (determinism.NOT_REPRODUCIBLE,)


@linux_only
def test_a_kernel_that_refuses_to_seal_is_noted():
    assert _notes("not sealed: 1\n") == (determinism.NOT_REPRODUCIBLE,)
    assert _notes("") == ()


def test_the_committed_library_is_what_its_source_gives():
    done = subprocess.run(
        [sys.executable, ROOT / "sdk" / "deterministic" / "build.py", "--check"],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode == 2:
        pytest.skip(done.stderr.strip())
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(
    "left_out",
    [
        "tests/test_a.py",
        "test_a.py",
        "bindings/x.py",
        ".git/config",
        "venv/pyvenv.cfg",
        "README.md",
        "plugin.wasm",
    ],
)
def test_what_is_no_code_cannot_change_the_bytes(tmp_path, left_out):
    for name in ("plugin.py", "words/data.json", left_out):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("")
    assert [path.as_posix() for path in determinism.sources(tmp_path)] == ["plugin.py", "words/data.json"]
