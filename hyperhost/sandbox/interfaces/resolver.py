"""Name resolution that can be given up on.

``getaddrinfo`` has no timeout and may block for minutes. It runs in daemon threads that are kept
for the next question; one that hangs is left alone, and at most :data:`MAX_THREADS` can.
"""

from __future__ import annotations

import queue
import socket
import threading
from dataclasses import dataclass, field

__all__ = ["MAX_THREADS", "SystemResolver"]

MAX_THREADS = 4
_IDLE_S = 10.0


@dataclass(slots=True)
class _Question:
    host: str
    port: int
    answered: threading.Event = field(default_factory=threading.Event)
    addresses: list[str] = field(default_factory=list)
    error: OSError | None = None


class SystemResolver:
    """Asks the operating system. Threads start on demand and end after some idle seconds."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._questions: queue.SimpleQueue[_Question | None] = queue.SimpleQueue()
        self._threads: set[threading.Thread] = set()
        self._open_questions = 0

    def resolve(self, host: str, port: int, timeout_s: float) -> list[str]:
        """All addresses of ``host``, in the operating system's order of preference.

        Raises:
            OSError: the name has no address, or nobody could be asked.
            TimeoutError: no answer within ``timeout_s`` seconds.
        """
        question = _Question(host, port)
        with self._lock:
            self._open_questions += 1
            if self._open_questions > len(self._threads) and len(self._threads) < MAX_THREADS:
                thread = threading.Thread(target=self._work, name="hyperhost-resolver", daemon=True)
                self._threads.add(thread)
                thread.start()
            self._questions.put(question)
        if not question.answered.wait(timeout_s):
            raise TimeoutError(f"no address for {host!r} in time")
        if question.error is not None:
            raise question.error
        return question.addresses

    def close(self) -> None:
        """End the threads that are idle; one that hangs in a question ends after it."""
        with self._lock:
            threads = list(self._threads)
            for _ in threads:
                self._questions.put(None)
        for thread in threads:
            thread.join(timeout=0.2)

    def _work(self) -> None:
        while True:
            try:
                question = self._questions.get(timeout=_IDLE_S)
            except queue.Empty:
                with self._lock:
                    # A question put while this thread timed out still needs a thread.
                    if not self._questions.empty():
                        continue
                    self._threads.discard(threading.current_thread())
                return
            if question is None:
                with self._lock:
                    self._threads.discard(threading.current_thread())
                return
            _answer(question)
            with self._lock:
                self._open_questions -= 1
            question.answered.set()


def _answer(question: _Question) -> None:
    try:
        found = socket.getaddrinfo(question.host, question.port, type=socket.SOCK_STREAM)
    except OSError as error:
        question.error = error
    except UnicodeError as error:  # a label that the idna codec refuses
        question.error = OSError(f"{question.host!r} is not a host name: {error}")
    else:
        question.addresses = list(dict.fromkeys(str(entry[4][0]) for entry in found))
