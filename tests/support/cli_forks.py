"""Starts ``hyperhost`` without waiting until Python has imported it.

A process that has imported everything forks one for each command. What runs is a process like any other:
its environment, working directory, streams, status and end are its own, and nothing of it is left behind.
What importing does it cannot show; so the first command in each environment is started for real.
"""

from __future__ import annotations

import atexit
import contextlib
import json
import os
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path

VARIES = ("HYPERHOST", "XDG_CACHE_HOME", "PYTEST_")
"""Beginnings of the names of variables that nothing reads while it is imported."""
MOST = 6
AUTHORS = ("hyperhost.sdk", "hyperhost.testing")
LIBRARIES = (
    "peewee",
    "psycopg",
    "psycopg_pool",
    "rich.table",
    "typer._adapters",
    "typer.rich_utils",
    "wasmtime",
)
"""What commands import late."""


class Forks:
    """A process that forks one for each command, on request."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._socket, its = socket.socketpair()
        self._ordering = threading.Lock()
        with its, tempfile.TemporaryFile() as said:
            self._process = subprocess.Popen(
                [sys.executable, __file__, str(its.fileno())],
                env=dict(environ),
                pass_fds=[its.fileno()],
                stdin=subprocess.DEVNULL,  # not a terminal, as none of the commands' streams
                stdout=said,
                stderr=said,
            )
            its.close()
            if self._socket.recv(1) != b"+":
                said.seek(0)
                raise RuntimeError(said.read().decode())
        atexit.register(self.close)

    def run(
        self, words: Sequence[str], environ: Mapping[str, str], stdin: str, timeout: float
    ) -> tuple[int, str, str]:
        """Run a command as ``subprocess.run`` does. Returns its status and what it wrote to both streams.

        Raises:
            subprocess.TimeoutExpired: It did not end in time; it was killed.
        """
        with contextlib.ExitStack() as stack:
            streams = [stack.enter_context(tempfile.TemporaryFile()) for _ in range(3)]
            streams[0].write(stdin.encode())
            streams[0].seek(0)
            mine, its = map(stack.enter_context, socket.socketpair())
            order = json.dumps([list(words), dict(environ), str(Path.cwd())]).encode()
            fds = [*(stream.fileno() for stream in streams), its.fileno()]
            with self._ordering:  # an order is two messages, and several threads may give one
                socket.send_fds(self._socket, [struct.pack("!I", len(order))], fds)
                self._socket.sendall(order)
            its.close()
            number = _number(mine)
            mine.settimeout(timeout)
            try:
                status = _number(mine)
            except TimeoutError:
                os.kill(number, signal.SIGKILL)
                raise subprocess.TimeoutExpired(list(words), timeout) from None
            for stream in streams:
                stream.seek(0)
            return status, streams[1].read().decode(), streams[2].read().decode()

    def close(self) -> None:
        """End it; commands that run are left alone."""
        self._socket.close()
        self._process.wait()


_known: dict[frozenset[tuple[str, str]], Forks | None] = {}


def forks_for(environ: Mapping[str, str]) -> Forks | None:
    """What starts commands in this environment; ``None`` where the next is to be started for real."""
    key = frozenset(item for item in environ.items() if not item[0].startswith(VARIES))
    if key not in _known:
        _known[key] = None
    elif _known[key] is None and sum(each is not None for each in _known.values()) < MOST:
        _known[key] = Forks(environ)
    return _known[key]


def _number(source: socket.socket) -> int:
    data = source.recv(4, socket.MSG_WAITALL)
    assert len(data) == 4, "the process ended that starts commands"
    return int(struct.unpack("!i", data)[0])


def _serve(orders: socket.socket) -> list[str]:
    """Fork for each order. Returns only in what is to become the command, with the words of its line."""
    orders.sendall(b"+")
    waiting: set[int] = set()
    while True:
        head, fds, _, _ = socket.recv_fds(orders, 4, 4, socket.MSG_WAITALL)
        if not head:
            os._exit(0)
        text = orders.recv(struct.unpack("!I", head)[0], socket.MSG_WAITALL)
        if not (number := os.fork()):
            orders.close()
            return _command(fds, *json.loads(text))
        for fd in fds:
            os.close(fd)
        waiting.add(number)
        waiting -= {each for each in waiting if os.waitpid(each, os.WNOHANG)[0]}


def _command(fds: Sequence[int], words: list[str], environ: dict[str, str], directory: str) -> list[str]:
    """Fork what becomes the command, and tell its number, and how it ended."""
    with socket.socket(fileno=fds[3]) as answers:
        if number := os.fork():
            answers.sendall(struct.pack("!i", number))
            status = os.waitstatus_to_exitcode(os.waitpid(number, 0)[1])
            answers.sendall(struct.pack("!i", status))
            os._exit(0)
    for stream in range(3):
        os.dup2(fds[stream], stream)
        os.close(fds[stream])
    os.chdir(directory)
    os.environ.clear()
    os.environ.update(environ)
    return words


def _import_everything() -> None:
    import gc
    import importlib
    import pkgutil

    import builtin_plugins
    import hyperhost
    from hyperhost.cli.main import build

    names = list(LIBRARIES)
    for package in (hyperhost, builtin_plugins):
        names += [module.name for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}.")]
    for name in names:
        if not name.startswith(AUTHORS):
            with contextlib.suppress(Exception):  # the command that needs it says what is wrong
                importlib.import_module(name)
    build()
    gc.collect()
    gc.freeze()  # what is never looked at by the collector stays shared with the forks


if __name__ == "__main__":
    del sys.path[0]  # this directory, which the command line does not look into
    _import_everything()
    with socket.socket(fileno=int(sys.argv[1])) as orders:
        sys.argv[1:] = _serve(orders)
    sys.path.insert(0, str(Path.cwd()))  # as ``python -m`` does
    from hyperhost.cli.main import main

    main()
