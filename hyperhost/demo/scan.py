"""Call the demo's hook: over a sample of files, and once to see whether everybody still answers."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from hyperhost.demo.claims import claim
from hyperhost.demo.corpus import PLANTED, Source
from hyperhost.demo.specs import Finding

if TYPE_CHECKING:
    from hyperhost.host.host import Host

__all__ = ["FAMILIES", "Caller", "Scan", "scan"]

FAMILIES: Final = {"secret": "secret-scan", "license": "license-scan", "danger": "dangerous-calls"}
"""Who finds what: the plugin by the first part of its rules' names."""


@dataclass(slots=True)
class Scan:
    """What came of the sample.

    Attributes:
        files: Files that were looked at.
        size: Their bytes.
        packages: Packages that they belong to.
        seconds: Time it took, reading included.
        complete: Whether the whole sample was looked at; otherwise the time was up.
        unanswered: How often a plugin gave no answer, because it failed.
        found: Every finding with the file it is in.
    """

    files: int = 0
    size: int = 0
    packages: set[str] = field(default_factory=set)
    seconds: float = 0.0
    complete: bool = True
    unanswered: int = 0
    found: list[tuple[str, Finding]] = field(default_factory=list)

    def counts(self) -> dict[str, Counter[str]]:
        """Number of findings by plugin and severity, for every plugin."""
        counts: dict[str, Counter[str]] = {plugin: Counter() for plugin in FAMILIES.values()}
        for _, finding in self.found:
            counts[plugin_of(finding)][finding.severity] += 1
        return counts

    def rules(self) -> Counter[str]:
        """Number of findings by rule."""
        return Counter(finding.rule for _, finding in self.found)


def plugin_of(finding: Finding) -> str:
    """Id of the plugin that reports such a finding."""
    return FAMILIES[finding.rule.partition("/")[0]]


class Caller:
    """Calls ``host.hook.check_text`` and keeps count.

    Args:
        host: Whose hook.
        text: The planted file, to ask about again and again.

    Attributes:
        calls: Calls of the hook.
        seconds: Time they took together, all plugins included.
        planted: What each plugin found in the planted file the first time; empty before.
    """

    def __init__(self, host: Host, text: str) -> None:
        self._host = host
        self._text = text
        self.calls = 0
        self.seconds = 0.0
        self.planted: dict[str, list[Finding]] = {}

    def __call__(self, path: str, text: str) -> list[list[Finding]]:
        """One call of the hook: one list for each plugin that answered."""
        started = time.perf_counter()
        answers: list[list[Finding]] = self._host.hook.check_text(path=path, text=text)
        self.seconds += time.perf_counter() - started
        self.calls += 1
        return answers

    def ask(self) -> dict[str, list[Finding]]:
        """What each plugin that answers finds in the planted file; empty answers are left out."""
        answers = self(PLANTED, self._text)
        return {plugin_of(answer[0]): answer for answer in answers if answer}

    def plant(self) -> None:
        """Look at the planted file for the first time.

        Raises:
            ClaimError: not all plugins find something in it.
        """
        self.planted = self.ask()
        for plugin in FAMILIES.values():
            claim(plugin in self.planted, f"{plugin} finds something in the planted file{self._why(plugin)}")

    def check_alive(self, *, without: str = "") -> int:
        """Ask again, and compare with the first time; the number of plugins that answered.

        Args:
            without: Id of a plugin that must not have answered.

        Raises:
            ClaimError: an answer is missing or another one.
        """
        expected = {plugin: found for plugin, found in self.planted.items() if plugin != without}
        answers = self.ask()
        for plugin, found in expected.items():
            claim(answers.get(plugin) == found, f"{plugin} answers as it did before{self._why(plugin)}")
        claim(set(answers) == set(expected), f"{without or 'nobody'} is the only one that did not answer")
        return len(answers)

    def _why(self, plugin: str) -> str:
        """What went wrong with a plugin last, to be put behind a claim about it."""
        faults = [fault.message for fault in self._host.faults if fault.plugin == plugin]
        return f" (its last fault: {faults[-1]})" if faults else ""


def scan(call: Caller, sources: Iterable[Source], budget_s: float, progress: Callable[[int], None]) -> Scan:
    """Look at files until there are no more or the time is up.

    Args:
        call: Calls the hook.
        sources: The files.
        budget_s: Seconds after which no further file is begun.
        progress: Told now and then how many files are done.

    Raises:
        ClaimError: there was no file at all.
    """
    result = Scan()
    started = time.perf_counter()
    for source in sources:
        answers = call(source.path, source.text)
        result.unanswered += len(FAMILIES) - len(answers)
        for answer in answers:
            result.found += [(source.path, finding) for finding in answer]
        result.files += 1
        result.size += source.size
        result.packages.add(source.package)
        if result.files % 50 == 0:
            progress(result.files)
        if time.perf_counter() - started > budget_s:
            result.complete = False
            break
    result.seconds = time.perf_counter() - started
    claim(result.files > 0, "there are Python packages on this machine that can be read")
    return result
