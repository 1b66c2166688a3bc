"""Renders in a process that is thrown away: killed at its deadline, with little memory and no files.

Jinja2's own sandbox keeps templates from reaching Python; it does nothing against one that never
ends (``range`` is limited, nested loops are not) or that doubles a text thirty times. Nothing in the
same process could be stopped from outside, so each call gets a process, which costs about 0.1 s.
"""

from __future__ import annotations

import importlib.util
import json
import os
import selectors
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, Final

from hyperhost.errors import RefusalError

__all__ = ["DEADLINE_S", "MEMORY_BYTES", "OUTPUT_BYTES", "render"]

DEADLINE_S: Final = 5.0
"""Seconds that all texts of a call may take, the start of the process included."""

MEMORY_BYTES: Final = 256 << 20
"""Address space of the process."""

OUTPUT_BYTES: Final = 8 << 20
"""Bytes of UTF-8 that all texts of a call may render to."""

_MOST_SAID: Final = 6 * OUTPUT_BYTES + (1 << 20)
"""Bytes of an answer as JSON, in which a character may take six."""

_WORKER: Final = Path(__file__).with_name("worker.py")


def render(texts: list[str], parameters_json: str, *, deadline_s: float = DEADLINE_S) -> list[str]:
    """Render texts with Jinja2.

    Args:
        texts: Templates.
        parameters_json: A JSON object.
        deadline_s: Seconds until the process is killed.

    Raises:
        RefusalError: as the hookspec says.
    """
    given = {
        "texts": texts,
        "parameters": json.loads(parameters_json),
        "paths": _paths(),
        "memory_bytes": MEMORY_BYTES,
        "cpu_s": int(deadline_s) + 1,
        "output_bytes": OUTPUT_BYTES,
    }
    with tempfile.TemporaryFile() as asked:
        asked.write(json.dumps(given).encode())
        asked.seek(0)
        process = subprocess.Popen(  # noqa: S603 - this interpreter, with a file of this package
            [sys.executable, "-I", "-X", "utf8", str(_WORKER)],
            stdin=asked,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={},
            cwd="/",
            start_new_session=True,
        )
        try:
            said = _answer(process, time.monotonic() + deadline_s)
        except TimeoutError:
            raise RefusalError(
                f"it was stopped after {deadline_s:g} s",
                "template.limit",
                hint="look for a loop that never ends",
            ) from None
        finally:
            _end(process)
    try:
        found: dict[str, Any] = json.loads(said)
    except ValueError:
        raise RefusalError(
            f"it ended its process (status {process.returncode}): it took too much memory or time",
            "template.limit",
        ) from None
    if "made" in found:
        return [str(text) for text in found["made"]]
    raise RefusalError(found["reason"], found["rule"])


def _paths() -> list[str]:
    """Directories in which the process finds Jinja2 and what it needs, wherever this one found them."""
    found = []
    for name in ("jinja2", "markupsafe"):
        spec = importlib.util.find_spec(name)
        if spec is None or spec.origin is None:
            raise RefusalError("Jinja2 is not installed", "template.engine", hint="pip install jinja2")
        found.append(str(Path(spec.origin).parents[1]))
    return found


def _answer(process: subprocess.Popen[bytes], until: float) -> bytes:
    """What the process writes before it ends, and no more than it should: it is not trusted either.

    Raises:
        TimeoutError: it does not end in time.
    """
    assert process.stdout is not None
    said = bytearray()
    with selectors.DefaultSelector() as selector:
        selector.register(process.stdout, selectors.EVENT_READ)
        while len(said) <= _MOST_SAID:
            if not selector.select(max(until - time.monotonic(), 0)):
                raise TimeoutError
            piece = os.read(process.stdout.fileno(), 1 << 20)
            if not piece:
                break
            said += piece
    return bytes(said)


def _end(process: subprocess.Popen[bytes]) -> None:
    """Kill the process and whatever it started, and free what it holds."""
    if process.poll() is None:
        try:
            os.killpg(process.pid, signal.SIGKILL)
        except ProcessLookupError:
            process.kill()
    process.wait()
    if process.stdout is not None:
        process.stdout.close()
