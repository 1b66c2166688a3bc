"""Runs in a process of its own: componentize-py, sealed off from the machine.

    python -I python_tool.py ARGUMENT…

The arguments are those of the program ``componentize-py``. Says ``not sealed: NUMBER`` when the
kernel refuses, and what went wrong, both on standard error. Exit status 0 or 1.
"""

from __future__ import annotations

import ctypes
import importlib
import os
import sys

_NEEDED = ("LD_PRELOAD", "PATH", "RUST", "SYSTEMROOT", "TEMP", "TMP", "TMPDIR", "TOKIO", "TZ", "WINDIR")


def main(arguments: list[str]) -> int:
    """Run the tool."""
    for name in list(os.environ):
        if not name.upper().startswith(_NEEDED):
            del os.environ[name]
    # It would look for packages of this Python through programs on the path, and put them into the plugin.
    os.environ["PATH"] = ""
    # First everything is loaded, then the process is sealed: see deterministic.c.
    tool = importlib.import_module("componentize_py")

    if "LD_PRELOAD" in os.environ:
        seal = getattr(ctypes.CDLL(None), "hyperhost_seal", None)
        refused = seal() if seal is not None else -1
        if refused:
            sys.stderr.write(f"not sealed: {refused}\n")
    sys.argv = ["componentize-py", *arguments]
    try:
        tool.script()
    except AssertionError as error:  # the tool's own: its Rust errors arrive as these
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
