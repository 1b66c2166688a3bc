"""The author's path: from ``plugin new`` to a packed file, in a clean environment for each language.

Each language gets a virtual environment into which pip installs this checkout and what the language
needs, and empty directories for its home and for the caches of npm and of the compilers. That is
preparation, as the installation of HyperHost itself; the clock runs from ``plugin new`` to the packed file,
``npm install`` included. It needs the package indexes of Python and of npm, so times depend on the
network, too.

python benchmarks/author_path.py                 # Python, JavaScript and C
python benchmarks/author_path.py --language c    # one of them
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
import venv
from collections.abc import Iterator
from pathlib import Path

from common import ROOT, Row, main

BOUNDS_S = {"python": 180.0, "javascript": 60.0, "c": 60.0, "zig": None, "rust": None}
DEFAULT = ("python", "javascript", "c")
NEEDED = {"python": ["componentize-py>=0.25"], "c": ["ziglang==0.17.0"], "zig": ["ziglang==0.17.0"]}
COMMANDS_AT_MOST = 4
_TOOLS = {"c": ("npm",), "javascript": ("npm",), "zig": ("npm",), "rust": ("cargo",), "python": ()}


def environment(place: Path) -> dict[str, str]:
    """Variables of a user who has just begun: nothing is cached, and no home is there."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("HYPERHOST", "PYTHON"))}
    return {
        **kept,
        "PATH": os.pathsep.join([str(place / "venv" / "bin"), os.environ["PATH"]]),
        "HYPERHOST_HOME": str(place / "home"),
        "XDG_CACHE_HOME": str(place / "cache"),
        "ZIG_GLOBAL_CACHE_DIR": str(place / "zig"),
        "npm_config_cache": str(place / "npm"),
    }


def prepare(place: Path, language: str) -> None:
    """Make the virtual environment, with this checkout in it as a user would install it."""
    venv.create(place / "venv", with_pip=True)
    python = place / "venv" / "bin" / "python"
    packages = [str(ROOT), "pytest>=8", *NEEDED.get(language, [])]
    subprocess.run([python, "-m", "pip", "install", "--quiet", *packages], check=True, cwd=place)


def path_of(place: Path, language: str) -> Iterator[tuple[str, float]]:
    """Each command with the seconds that it took; what it says goes to standard error."""
    where = environment(place)
    commands = [
        f"hyperhost plugin new desc-check --lang {language}",
        *([f"{_TOOLS[language][0]} install --prefix desc-check"] if _TOOLS[language] == ("npm",) else []),
        "hyperhost plugin test desc-check",
        "hyperhost plugin pack desc-check",
    ]
    assert len(commands) <= COMMANDS_AT_MOST
    for words in commands:
        started = time.perf_counter()
        subprocess.run(words.split(), cwd=place, env=where, check=True, stdout=sys.stderr)
        yield words, time.perf_counter() - started
    assert (place / "desc-check-0.1.0.hhp").is_file()


def rows_of(language: str) -> list[Row]:
    """One row for each command, and one for all of them."""
    what = f"{language}: new to packed file"
    missing = [tool for tool in _TOOLS[language] if shutil.which(tool) is None]
    if missing:
        return [Row(what, error=f"{missing[0]} is not installed")]
    with tempfile.TemporaryDirectory(prefix="author-path-") as scratch:
        place = Path(scratch)
        try:
            prepare(place, language)
            times = list(path_of(place, language))
        except subprocess.CalledProcessError as error:
            return [Row(what, error=f"{' '.join(map(str, error.cmd[:4]))}: status {error.returncode}")]
    total = sum(seconds for _, seconds in times)
    bound = BOUNDS_S[language]
    note = f"{len(times)} commands"
    return [
        *(Row(f"{language}: {words}", project=seconds, unit="s", value=seconds) for words, seconds in times),
        Row(what, project=total, unit="s", value=total, bound=bound, better="under", note=note),
    ]


def chosen(words: list[str]) -> tuple[str, ...]:
    """The languages asked for; the option is taken out of ``words``, as the other benchmarks have none."""
    if "--language" not in words:
        return DEFAULT
    place = words.index("--language")
    language = words[place + 1] if place + 1 < len(words) else ""
    if language not in BOUNDS_S:
        sys.exit(f"--language takes one of {', '.join(BOUNDS_S)}")
    del words[place : place + 2]
    return (language,)


if __name__ == "__main__":
    languages = chosen(sys.argv)
    main(lambda: [row for language in languages for row in rows_of(language)])
