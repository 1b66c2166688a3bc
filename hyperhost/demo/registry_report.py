"""How the registry's demo looks to people, and what programs get of it."""

from __future__ import annotations

import shlex
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from hyperhost.demo.claims import ClaimError
from hyperhost.sandbox.interfaces.log import one_line

if TYPE_CHECKING:
    from rich.console import Console

__all__ = ["FORMAT", "Report", "Step"]

FORMAT: Final = 1
"""Raised when a key is renamed or removed."""

_ASCII: Final = str.maketrans({"✓": "+", "·": "-", "…": "~", "→": ">"})


@dataclass
class Step:
    """One part of the demo.

    Attributes:
        name: What was done.
        count: How many things it was done to.
        seconds: How long it took.
        detail: What was seen; checked.
        done: Called with the number of things done so far, to move the bar.
    """

    name: str
    count: int = 0
    seconds: float = 0.0
    detail: str = ""
    done: Callable[[int], object] = lambda count: None


class Report:
    """Shows the parts, in order, and remembers their figures.

    Args:
        console: Where to.
    """

    def __init__(self, console: Console) -> None:
        self._console = console
        self._unicode = console.encoding.lower().startswith("utf")
        self.steps: list[Step] = []
        self.left_out: list[dict[str, str]] = []
        self._source = ""
        self._seconds = 0.0

    def opening(self, source: str, count: int) -> None:
        """What is about to happen."""
        self._source = source
        self._line(Text("HyperHost demo: the registry", "bold"))
        self._line(
            f"{count:,} packages of {source} go into a registry in a temporary home. Nothing is asked and "
            "nothing is fetched. Every figure is measured as you watch, and every statement checked."
        )
        self._console.print()

    @contextmanager
    def step(self, name: str, total: int = 0) -> Iterator[Step]:
        """Time a part, with a bar on terminals; its line is shown when it ends well."""
        step = Step(name)
        started = time.perf_counter()
        with self._bar(name, total) as step.done:
            yield step
        step.seconds = time.perf_counter() - started
        self.steps.append(step)
        if len(self.steps) > 1:  # the first comes before the opening words
            self._show(step)

    def skip(self, name: str, operation: str) -> None:
        """Say that a part is left out, as no plugin offers what it takes."""
        self.left_out.append({"name": name, "operation": operation})
        self._line(Text(self._safe(f"- {name}: left out, as no plugin offers {operation!r}"), "yellow"))

    def summary(self, seconds: float) -> None:
        """The table of all parts."""
        self._seconds = seconds
        table = Table(box=None, pad_edge=False, header_style="dim", padding=(0, 2, 0, 0))
        for index, title in enumerate(("what", "how many", "seconds", "a second")):
            table.add_column(title, justify="right" if index else "left", no_wrap=True)
        for step in self.steps:
            table.add_row(
                Text(self._safe(step.name)), f"{step.count:,}", f"{step.seconds:.2f}", f"{_rate(step):,.0f}"
            )
        self._console.print()
        self._console.print(table)
        self._console.print()
        held = "Everything said above was checked, and held."
        left = f" {len(self.left_out)} parts were left out." if self.left_out else ""
        self._line(
            Text.assemble((f"{self._mark()} ", "green"), self._safe(f"{held}{left} {seconds:.1f} s in all."))
        )

    def kept(self, home: str) -> None:
        """Where the home is, and what to try with it."""
        self._line("The home was kept. Look around in it, and remove it when you are done:")
        for command in ("artifact list --limit 10", "version list local.demo/settings", "registry status"):
            words = f"hyperhost {command} --home {shlex.quote(home)}"
            self._console.print(Text(f"  {self._safe(words)}"), soft_wrap=True)

    def failed(self, error: Exception) -> None:
        """What turned out to be otherwise."""
        what = "This turned out not to be so" if isinstance(error, ClaimError) else "The demo failed"
        self._line(Text(self._safe(f"{what}: {error}"), "bold red"))

    def data(self) -> dict[str, Any]:
        """Everything as JSON-like data; keys are never renamed or removed within one ``format``."""
        return {
            "source": self._source,
            "steps": [
                {
                    "name": step.name,
                    "count": step.count,
                    "seconds": round(step.seconds, 4),
                    "per_second": round(_rate(step), 1),
                    "detail": step.detail,
                }
                for step in self.steps
            ],
            "left_out": self.left_out,
            "seconds": round(self._seconds, 3),
        }

    def _show(self, step: Step) -> None:
        figures = f"{step.count:,} in {step.seconds:.2f} s"
        detail = f"; {step.detail}" if step.detail else ""
        line = Text.assemble(
            (f"{self._mark()} ", "green"), (self._safe(step.name), "bold"), self._safe(f": {figures}{detail}")
        )
        self._line(line)

    @contextmanager
    def _bar(self, name: str, total: int) -> Iterator[Callable[[int], object]]:
        if not self._console.is_terminal or not total:
            yield lambda count: None
            return
        columns = (TextColumn("  {task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
        with Progress(*columns, console=self._console, transient=True) as progress:
            task = progress.add_task(self._safe(name), total=total)
            yield lambda count: progress.update(task, completed=count)

    def _line(self, text: str | Text) -> None:
        """A paragraph, without blanks at the ends of its lines."""
        text = Text(self._safe(text)) if isinstance(text, str) else text
        for line in text.wrap(self._console, max(20, self._console.width)):
            line.rstrip()
            self._console.print(line, soft_wrap=True)

    def _mark(self) -> str:
        return "✓" if self._unicode else "ok"

    def _safe(self, text: str) -> str:
        text = one_line(text)
        if not self._unicode:
            text = text.translate(_ASCII)
        return text.encode(self._console.encoding, "backslashreplace").decode(self._console.encoding)


def _rate(step: Step) -> float:
    return step.count / step.seconds if step.seconds else 0.0
