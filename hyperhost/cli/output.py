"""What commands print: results on standard output in one of five forms, messages on standard error."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from hyperhost.cli.text import Marked, one_line, printable

if TYPE_CHECKING:
    from hyperhost.errors import HyperHostError

__all__ = ["Column", "Form", "Output"]

_PIPE_WIDTH = 10_000
"""Columns where there is no terminal: nothing is cut or wrapped for programs that read it."""


class Form(StrEnum):
    """How results are written."""

    table = "table"
    wide = "wide"
    json = "json"
    yaml = "yaml"
    csv = "csv"


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a table.

    Attributes:
        key: Key of a row whose value it shows.
        title: Its heading; the key in capitals when empty.
        wide: Shown with ``--output wide`` only.
        right: Aligned to the right, for numbers.
    """

    key: str
    title: str = ""
    wide: bool = False
    right: bool = False


@dataclass(slots=True)
class Output:
    """Where a command writes.

    Attributes:
        form: How results are written.
        quiet: Leave out messages; lists show the first column only.
        verbose: Show where errors come from.
    """

    form: Form = Form.table
    quiet: bool = False
    verbose: bool = False

    @property
    def structured(self) -> bool:
        """Whether a program reads the result."""
        return self.form in (Form.json, Form.yaml)

    # --- results ------------------------------------------------------------------------------

    def rows(self, columns: Sequence[Column], rows: Iterable[Mapping[str, Any]], empty: str = "") -> None:
        """Write a list; ``empty`` is said instead of a table without rows.

        JSON and YAML hold every key of each row, whatever the columns.
        """
        rows = list(rows)
        if self.structured:
            self.data(rows)
        elif self.form is Form.csv:
            self._csv([column.key for column in columns], rows)
        elif self.quiet:
            self.text("".join(f"{_cell(row.get(columns[0].key))}\n" for row in rows))
        elif rows:
            shown = [column for column in columns if self.form is Form.wide or not column.wide]
            self.text(_table(shown, rows))
        elif empty:
            self.note(empty)

    def record(self, record: Mapping[str, Any], shown: Mapping[str, str] | None = None) -> None:
        """Write one thing: as data, or as aligned lines; ``shown`` gives titles to keys, in order."""
        if self.structured:
            self.data(record)
            return
        titles = shown or {key: key.replace("_", " ") for key in record}
        if self.form is Form.csv:
            self._csv(list(titles), [record])
            return
        width = max((len(title) for title in titles.values()), default=0)
        lines = []
        for key, title in titles.items():
            value = record.get(key)
            if value in (None, "", [], (), {}) and self.form is not Form.wide:
                continue
            for index, line in enumerate(_cell_lines(value)):
                lines.append(f"{title if index == 0 else '':<{width}}  {line}".rstrip())
        self.text("\n".join(lines) + "\n")

    def data(self, value: Any) -> None:
        """Write data as JSON or YAML, whichever is asked for; as JSON when neither is."""
        if self.form is Form.yaml:
            from hyperhost.cli.yamltext import yaml_text

            self.text(yaml_text(value), raw=True)
        else:
            self.text(_json(value), raw=True)

    def text(self, text: str, *, raw: bool = False) -> None:
        """Write text to standard output; what could steer a terminal is written out, unless ``raw``."""
        _write(sys.stdout, text if raw else printable(text))

    # --- messages -----------------------------------------------------------------------------

    def note(self, text: str) -> None:
        """Say something to the person, on standard error; nothing when quiet or read by a program."""
        if not self.quiet and not self.structured:
            _write(sys.stderr, printable(text).rstrip("\n") + "\n")

    def warn(self, text: str) -> None:
        """Say something that needs attention, on standard error, quiet or not."""
        _write(sys.stderr, f"warning: {printable(text)}\n")

    def error(self, error: HyperHostError) -> None:
        """Report why the command failed, on standard error."""
        from hyperhost.errors import OperationError, ResolutionError

        if self.form is Form.json:
            names = ["code", "message", "plugin", "hook", "hint"]
            names += ["field", "rule"] if isinstance(error, OperationError) else []
            names += ["explanation"] if isinstance(error, ResolutionError) else []
            _write(sys.stderr, json.dumps({name: getattr(error, name) for name in names}) + "\n")
            return
        where = [f"plugin {error.plugin!r}"] if error.plugin else []
        where += [f"hook {error.hook!r}"] if error.hook else []
        if error.hook == "operation_run" and isinstance(error, OperationError):
            where = []  # refused by the operation itself, for what was asked or where it was to be done
        place = f"{', '.join(where)}: " if where else ""
        message = place + error.message
        field = error.field if isinstance(error, OperationError) else ""
        if ("." in field or "[" in field) and field not in message:
            message += f" ({field})"
        if isinstance(error, ResolutionError):
            # The whole proof; its last sentence is the message.
            message = f"there is no choice of versions that satisfies everything\n{error.explanation}"
        _write(sys.stderr, f"error: {printable(message)}\n")
        if error.hint:
            _write(sys.stderr, f"hint: {printable(error.hint)}\n")

    @contextmanager
    def progress(self, what: str) -> Iterator[None]:
        """Show that something long is under way: on a terminal only, on standard error."""
        if self.quiet or self.structured or not sys.stderr.isatty():
            yield
            return
        from rich.console import Console
        from rich.text import Text

        with Console(stderr=True).status(Text(f"{one_line(what)} …"), spinner="dots"):
            yield

    @contextmanager
    def bar(self, what: str, total: int) -> Iterator[Callable[..., object]]:
        """Show how much of something was done: on a terminal only, on standard error.

        Args:
            what: What is under way.
            total: Bytes in all, as far as they are known.

        Yields:
            To be called with the bytes done so far, and those in all where that became known.
        """
        if self.quiet or self.structured or not sys.stderr.isatty():
            yield lambda done, total=0: None
            return
        from rich.console import Console
        from rich.markup import escape
        from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TransferSpeedColumn

        columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn())
        with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
            task = progress.add_task(escape(one_line(what)), total=total)
            yield lambda done, total=total: progress.update(task, completed=done, total=total)

    def _csv(self, keys: Sequence[str], rows: Iterable[Mapping[str, Any]]) -> None:
        import csv
        import io

        buffer = io.StringIO()
        writer = csv.writer(buffer, lineterminator="\n")
        writer.writerow(keys)
        for row in rows:
            writer.writerow([_csv_cell(row.get(key)) for key in keys])
        self.text(buffer.getvalue())


def _table(columns: Sequence[Column], rows: Sequence[Mapping[str, Any]]) -> str:
    import io

    from rich.console import Console
    from rich.table import Table

    on_terminal = sys.stdout.isatty()
    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0), show_edge=False)
    for column in columns:
        title = column.title or column.key.replace("_", " ").upper()
        table.add_column(title, justify="right" if column.right else "left", overflow="fold")
    for row in rows:
        table.add_row(*(_text(row.get(column.key)) for column in columns))
    if on_terminal:
        Console(highlight=False).print(table)
        return ""
    buffer = io.StringIO()
    Console(file=buffer, width=_PIPE_WIDTH, highlight=False).print(table)
    return "".join(f"{line.rstrip()}\n" for line in buffer.getvalue().splitlines())


def _text(value: Any) -> Any:
    """A value as rich shows it; what is marked in it is bold."""
    from rich.text import Text

    if not isinstance(value, Marked):
        return Text(_cell(value))
    shown = Text()
    for piece, marked in value.pieces():
        shown.append(piece, "bold" if marked else "")
    return shown


def _cell(value: Any) -> str:
    """A value on one line."""
    if value is None or value in ([], (), {}):
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list | tuple):
        return ", ".join(_cell(item) for item in value)
    if isinstance(value, Mapping):
        return ", ".join(f"{key}={_cell(item)}" for key, item in value.items())
    return one_line(str(value)) or "-"


def _cell_lines(value: Any) -> list[str]:
    """A value for people: each item of a list on a line of its own, what is nested below its key."""
    if isinstance(value, Mapping) and any(map(_is_nested, value.values())):
        return [line for key, item in value.items() for line in _under(key, item)]
    if isinstance(value, list | tuple) and value:
        return [line for item in value for line in (_item_lines(item) if _is_nested(item) else [_cell(item)])]
    return [_cell(value)]


def _is_nested(value: Any) -> bool:
    """Whether a value on the line of its key could be taken for something else."""
    return bool(value) and (
        isinstance(value, Mapping)
        or (
            isinstance(value, list | tuple)
            and any(isinstance(item, Mapping | list | tuple) for item in value)
        )
    )


def _under(key: str, value: Any) -> list[str]:
    """A key with its value behind it, or below it; nothing when there is none."""
    if value in (None, "", [], (), {}):
        return []
    key = one_line(key)
    if not _is_nested(value):
        return [f"{key}: {_cell(value)}"]
    if isinstance(value, Mapping):
        return [f"{key}:", *(f"  {line}" for name, item in value.items() for line in _under(name, item))]
    return [f"{key}:", *(f"  {line}" for item in value for line in _item_lines(item))]


def _item_lines(value: Any) -> list[str]:
    """One item of a list, marked as such where it takes several lines."""
    if not isinstance(value, Mapping):
        return [f"- {_cell(value)}"]
    lines = [line for key, item in value.items() for line in _under(key, item)]
    return [f"{'  ' if index else '- '}{line}" for index, line in enumerate(lines)] or ["- {}"]


def _csv_cell(value: Any) -> Any:
    if isinstance(value, Mapping | list | tuple):
        return json.dumps(value, ensure_ascii=False)
    return "" if value is None else value


def _json(value: Any) -> str:
    """JSON whose texts cannot steer a terminal: what could do so is escaped, as JSON allows everywhere."""
    from hyperhost.cli.text import UNSAFE

    has_unicode = (sys.stdout.encoding or "").lower().replace("-", "") == "utf8"
    text = json.dumps(value, indent=2, ensure_ascii=not has_unicode)
    return UNSAFE.sub(lambda match: f"\\u{ord(match[0]):04x}", text) + "\n"


def _write(stream: Any, text: str) -> None:
    """Write, with escapes for what the terminal's encoding lacks."""
    if not text:
        return
    try:
        stream.write(text)
    except UnicodeEncodeError:
        encoding = stream.encoding or "ascii"
        stream.write(text.encode(encoding, "backslashreplace").decode(encoding))
    stream.flush()
