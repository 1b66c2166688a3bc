"""npm packages for tests: installed once, in a directory of this user, and taken from there after that."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import tempfile
from functools import cache
from pathlib import Path

import pytest

_TIMEOUT_S = 180


@cache
def node_packages(*names: str) -> Path:
    """A directory that has these packages in its ``node_modules``.

    Skips the test when Node.js is missing, or when npm cannot install them.

    Args:
        names: As npm takes them, for example ``componentize-qjs`` or ``componentize-qjs@0.4.5``.
    """
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        pytest.skip("needs Node.js and npm")
    key = hashlib.sha256(" ".join(sorted(names)).encode()).hexdigest()[:12]
    place = Path(tempfile.gettempdir(), f"hyperhost-tests-node-{os.getuid()}-{key}")
    if place.is_dir():
        return place
    scratch = Path(tempfile.mkdtemp(prefix="hyperhost-tests-npm-"))
    try:
        done = subprocess.run(
            [npm, "install", "--no-audit", "--no-fund", "--prefix", str(scratch), *names],
            cwd=scratch,
            capture_output=True,
            text=True,
            timeout=_TIMEOUT_S,
            check=False,
        )
        if done.returncode:
            pytest.skip(f"npm cannot install {', '.join(names)}: {done.stderr.strip()[-200:]}")
        try:
            scratch.rename(place)
        except OSError:
            assert place.is_dir()  # another process was faster
    except subprocess.TimeoutExpired:
        pytest.skip(f"npm did not install {', '.join(names)} within {_TIMEOUT_S} s")
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    return place


def link_packages(project: Path, *names: str) -> None:
    """Give a project these packages, as ``npm install`` in it would."""
    (project / "node_modules").symlink_to(node_packages(*names) / "node_modules", target_is_directory=True)
