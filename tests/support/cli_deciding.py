"""Decisions and questions for tests of the installer."""

from __future__ import annotations

from hyperhost.host.decisions import Decision, Question
from hyperhost.host.home import Home, open_host


def files(home: Home) -> set[str]:
    """Packages and the lock file; caches and state are not what an install is about."""
    found = {str(path.relative_to(home.path)) for path in home.plugins_dir.rglob("*")}
    if home.lock_path.exists():
        found.add(home.lock_path.read_text())
    return found


class Asked:
    """Decides as told, and keeps what was asked."""

    def __init__(self, decision: Decision) -> None:
        self.decision = decision
        self.questions: list[Question] = []

    def __call__(self, question: Question) -> Decision:
        self.questions.append(question)
        return self.decision

    @property
    def question(self) -> Question:
        [question] = self.questions
        return question


def no(question: Question) -> Decision:
    return Decision(False)


def never(question: Question) -> Decision:
    raise AssertionError("nobody should be asked")


def call(home: Home, plugin_id: str, n: int = 21) -> int:
    with open_host(home) as host:
        plugin = host.plugin(plugin_id)
        if plugin.failure is not None:
            raise plugin.failure
        result: int = plugin.call("run", n=n)
        return result
