"""How the demo looks to people. For programs there is :mod:`hyperhost.demo.summary`."""

from __future__ import annotations

import shlex
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from rich.table import Table
from rich.text import Text

from hyperhost.capabilities.describe import size_words
from hyperhost.demo.claims import ClaimError
from hyperhost.demo.corpus import PLANTED
from hyperhost.demo.scan import FAMILIES
from hyperhost.sandbox.interfaces.log import one_line

if TYPE_CHECKING:
    from rich.console import Console

    from hyperhost.demo.install import Installed
    from hyperhost.demo.scan import Scan
    from hyperhost.demo.specs import Finding
    from hyperhost.demo.trials import Row, Trial

__all__ = ["Report"]

_STYLES: Final = {"high": "bold red", "medium": "yellow", "low": "dim"}
_TOP: Final = {"high": 4, "medium": 4, "low": 3}
_SAME_RULE: Final = 2
_BESIDES: Final = 28
"""Columns of a finding that its rule and place leave to the rest."""
_ASCII: Final = str.maketrans({"✓": "+", "·": "-", "…": "~", "µ": "u"})


class Report:
    """Shows the parts of the demo, in the order of its methods.

    Args:
        console: Where to.
    """

    def __init__(self, console: Console) -> None:
        self._console = console
        self._encoding = console.encoding
        self._unicode = self._encoding.lower().startswith("utf")

    # --- the parts ----------------------------------------------------------------------------

    def opening(self) -> None:
        """What is about to happen."""
        self._line(Text("HyperHost demo", "bold"))
        self._line(
            "One hook, answered by two sandboxed WebAssembly components and one trusted Python plugin. "
            "Nothing is asked and nothing is fetched. Every figure below is measured as you watch, and every "
            "statement checked."
        )

    def installed(self, plugins: Sequence[Installed]) -> None:
        """What was installed, and what it may do."""
        self._headline(1, "Install three plugins into a temporary home")
        for plugin in plugins:
            size = f" · {size_words(plugin.size)}" if plugin.size else ""
            kind = "sandboxed component" if plugin.kind == "component" else "native Python"
            self._line(
                Text.assemble((plugin.id, "bold"), self._safe(f" {plugin.version} · {kind}{size}")), gap=True
            )
            rows: list[tuple[str, str]] = [("", plugin.does)]
            if plugin.kind == "native":
                rows.append(
                    ("may", "do anything: native plugins are trusted, so install only what you trust")
                )
            else:
                may = [f'{phrase} (its reason: "{reason}")' for phrase, reason in plugin.may]
                rows.append(("may", "; ".join(may) or "nothing but answer"))
                rows.append(("cannot", ", ".join(_gravest(plugin.cannot))))
            self._rows(rows)

    def scanned(self, scan: Scan, planted: dict[str, list[Finding]]) -> None:
        """What was found, in how much, how fast."""
        self._headline(2, "Ask all three about real files: the Python packages on this machine")
        megabytes = scan.size / 1e6
        self._line(
            f"{_count(scan.files, 'file')} of {_count(len(scan.packages), 'package')}, "
            f"{megabytes:.1f} MB, in {scan.seconds:.2f} s: {scan.files / scan.seconds:,.0f} files/s, "
            f"{megabytes / scan.seconds:.0f} MB/s, with a fresh sandbox for every call of a component"
            + ("" if scan.complete else "; then the time for this part was up"),
            gap=True,
        )
        if scan.unanswered:
            self._line(f"{_count(scan.unanswered, 'answer')} are missing, as a plugin failed.", style="red")
        self._table(
            ("findings of", *_STYLES),
            (
                [Text(plugin), *(_figure(counter[severity], style) for severity, style in _STYLES.items())]
                for plugin, counter in scan.counts().items()
            ),
        )
        self._line(f"Some of the {_count(len(scan.found), 'finding')}:", gap=True)
        self._findings([(f"{path}:{finding.line}", finding) for path, finding in _top(scan)])
        self._line(
            f"A healthy machine holds few secrets, so the demo planted a file with made-up ones, {PLANTED}:",
            gap=True,
        )
        found = sorted((f for each in planted.values() for f in each), key=lambda finding: finding.line)
        self._findings([(f"line {finding.line}", finding) for finding in found])

    def trials_begin(self) -> None:
        """Announce the components that misbehave."""
        self._headline(3, "Let components misbehave, one after the other")

    def trial(self, trial: Trial, everybody: int) -> None:
        """One of them."""
        self._line(Text.assemble((trial.plugin, "bold"), f": {trial.does}"), gap=True)
        self._rows(
            [
                (self._mark(), trial.outcome),
                ("error", f"{type(trial.error).__name__}: {trial.error.message}"),
                ("hint", trial.error.hint),
                *((self._mark(), text) for text in trial.then),
                (
                    self._mark(),
                    f"the host is alive: {trial.answered} of {everybody} plugins answer as before",
                ),
            ]
        )

    def summary(self, rows: Sequence[Row], memory: int | None, seconds: float) -> None:
        """The table of what ran."""
        self._headline(4, "What ran")
        cells = ([Text(self._safe(cell)) for cell in _cells(row)] for row in rows)
        self._table(("plugin", "calls", "faults", "total", "per call", "memory"), cells)
        notes = "Memory is the most that one call of a sandbox held."
        if any(row.kind == "native" for row in rows):
            notes += " Native plugins are not timed: their row is the rest of each hook call."
        if memory is not None:
            notes += f" The whole process, Python included, held {memory / 2**20:,.0f} MiB at most."
        self._line(notes, gap=True, style="dim")
        self._line(
            Text.assemble(
                (f"{self._mark()} ", "green"),
                f"Everything said above was checked, and held. {seconds:.1f} s in all.",
            ),
            gap=True,
        )

    def kept(self, home: str) -> None:
        """Where the home is, and what to try with it."""
        self._line("The home was kept. Look around in it, and remove it when you are done:", gap=True)
        for command in ("list", "permissions secret-scan", "logs secret-scan"):
            words = f"hyperhost plugin {command} --home {shlex.quote(home)}"
            self._console.print(Text(f"  {self._safe(words)}"), soft_wrap=True)

    def failed(self, error: Exception) -> None:
        """What turned out to be otherwise."""
        what = "This turned out not to be so" if isinstance(error, ClaimError) else "The demo failed"
        self._line(f"{what}: {error}", gap=True, style="bold red")

    @contextmanager
    def progress(self, text: str) -> Iterator[Callable[[int], None]]:
        """Show that work goes on, on terminals only; call the result with how much is done."""
        if not self._console.is_terminal:
            yield lambda done: None
            return
        with self._console.status(f"{text} …", spinner="dots" if self._unicode else "line") as status:
            yield lambda done: status.update(f"{text} … {done:,}")

    # --- pieces -------------------------------------------------------------------------------

    def _headline(self, number: int, text: str) -> None:
        self._console.print()
        self._console.rule(Text(f"{number}  {self._safe(text)}", "bold"), align="left", style="dim")

    def _line(self, text: str | Text, *, gap: bool = False, style: str = "") -> None:
        """A paragraph."""
        text = Text(self._safe(text), style) if isinstance(text, str) else text
        if gap:
            self._console.print()
        self._wrapped(Text(), text)

    def _rows(self, rows: Sequence[tuple[str, str]]) -> None:
        """Labelled paragraphs below a line."""
        for label, text in rows:
            style = {"error": "red", "hint": "cyan"}.get(label, "")
            known = "green" if label == self._mark() else "dim"
            self._wrapped(Text.assemble("  ", (f"{label:<6} ", known)), Text(self._safe(text), style))

    def _wrapped(self, label: Text, text: Text) -> None:
        """Lines as wide as the console, beside a label, without blanks at their ends."""
        for line in text.wrap(self._console, max(20, self._console.width - len(label))):
            line.rstrip()
            self._console.print(Text.assemble(label, line), soft_wrap=True)
            label = Text(" " * len(label))

    def _findings(self, items: Sequence[tuple[str, Finding]]) -> None:
        """One line each, cut where the console ends."""
        rules = max((len(finding.rule) for _, finding in items), default=0)
        room = max(20, self._console.width - rules - _BESIDES)
        rows = [(self._safe(_shortened(one_line(place), room)), item) for place, item in items]
        places = max((len(place) for place, _ in rows), default=0)
        for place, finding in rows:
            line = Text.assemble(
                "  ",
                (f"{finding.severity:<6}", _STYLES[finding.severity]),
                f"  {self._safe(finding.rule):<{rules}}  {place:<{places}}  ",
                (self._safe(finding.excerpt), "dim"),
            )
            line.truncate(self._console.width, overflow="ellipsis" if self._unicode else "crop")
            line.rstrip()
            self._console.print(line, soft_wrap=True)

    def _table(self, titles: Sequence[str], rows: Iterable[Sequence[Text]]) -> None:
        """A table; all columns but the first are aligned to the right."""
        table = Table(box=None, pad_edge=False, header_style="dim", padding=(0, 2, 0, 0))
        for index, title in enumerate(titles):
            table.add_column(title, justify="right" if index else "left", no_wrap=True)
        for row in rows:
            table.add_row(*row)
        self._console.print()
        self._console.print(table)

    def _mark(self) -> str:
        return "✓" if self._unicode else "ok"

    def _safe(self, text: str) -> str:
        """On one line, without anything that steers a terminal or that its encoding lacks."""
        text = one_line(text)
        if not self._unicode:
            text = text.translate(_ASCII)
        return text.encode(self._encoding, "backslashreplace").decode(self._encoding)


def _figure(number: int, style: str) -> Text:
    return Text(f"{number:,}", style if number else "dim")


def _cells(row: Row) -> tuple[str, ...]:
    mean = row.mean_us
    return (
        row.id,
        f"{row.calls:,}",
        str(row.faults or "-"),
        f"{row.seconds * 1000:,.0f} ms" if row.calls else "-",
        f"{mean:,.0f} µs" if mean is not None else "-",
        size_words(row.memory) if row.memory is not None else "-",
    )


def _top(scan: Scan) -> list[tuple[str, Finding]]:
    """A few of each severity: first one of each rule, then a second one; secrets before others."""
    shown: list[tuple[str, Finding]] = []
    families = list(FAMILIES)
    for severity, most in _TOP.items():
        turns: list[tuple[int, int, int]] = []
        seen: Counter[str] = Counter()
        for index, (_, finding) in enumerate(scan.found):
            if finding.severity == severity and seen[finding.rule] < _SAME_RULE:
                turns.append((seen[finding.rule], families.index(finding.rule.partition("/")[0]), index))
                seen[finding.rule] += 1
        shown += [scan.found[index] for *_, index in sorted(turns)[:most]]
    return shown


def _shortened(place: str, room: int) -> str:
    """A path without its middle, so that package, name and line can be read."""
    if len(place) > room and place.count("/") > 1:
        first, *_, last = place.split("/")
        place = f"{first}/…/{last}"
    return place if len(place) <= room else f"…{place[1 - room :]}"


def _gravest(phrases: Sequence[str]) -> list[str]:
    """The phrases that matter most: those at the beginning, and the limits at the end."""
    return [*phrases[:4], *phrases[max(4, len(phrases) - 3) :]]


def _count(number: int, word: str) -> str:
    return f"{number:,} {word}{'' if number == 1 else 's'}"
