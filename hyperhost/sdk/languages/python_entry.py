"""Runs inside the component: what componentize-py looks for, made from the author's class.

A build copies this file beside the author's code, with a module ``hyperhost_settings`` that says what
the world holds. It runs once, at build time; the component keeps the memory it leaves behind. What is
wrong with the author's code is reported to the build by one exception that carries JSON in hex.

Nothing here may import ``hyperhost``: inside the component there is none.
"""

from __future__ import annotations

import builtins
import importlib
import inspect
import io
import json
import linecache
import re
import sys
import traceback
from importlib.machinery import PathFinder
from types import CodeType, FunctionType, ModuleType, TracebackType
from typing import Any

__all__ = ["HyperhostGuest"]

_STAGE = "/0/"
"""Where the author's directory is seen from inside."""


_GENERATED = re.compile(r" \(/world/[^)]*\)")
"""Where Python says a generated module is, in a message of an ImportError."""


_lines: dict[str, list[str]] = {}
"""The author's code by the path of its file."""

_shown = ""
"""Path from the top of the project to the directory that is seen as ``_STAGE``; empty or with a slash."""

_RUNTIME = ("os", "random", "weakref", "componentize_py_types", "componentize_py_runtime")
"""What the runtime imports after this module."""


class Problem(Exception):
    """Tells the build what is wrong."""

    def __init__(self, **facts: Any) -> None:
        super().__init__(f"hyperhost-problem:{json.dumps(facts).encode().hex()}:")


def _report(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> str:
    """A traceback as Python prints it, without the frames and paths that are not the author's."""
    while trace is not None and not _is_author(trace.tb_frame.f_code):
        trace = trace.tb_next
    text = "".join(traceback.format_exception(kind, error, trace))
    text = _GENERATED.sub("", text)
    return text.replace(f'File "{_STAGE}', f'File "{_shown}').rstrip()


def _is_author(code: CodeType) -> bool:
    return code.co_filename.startswith(_STAGE)


class _LogFile(io.TextIOBase):
    """A text file whose lines go to the plugin's log, as there is no terminal."""

    def __init__(self, write: Any) -> None:
        self._write = write
        self._line = ""

    def writable(self) -> bool:
        return True

    def write(self, text: str) -> int:
        *lines, self._line = (self._line + text).split("\n")
        for line in lines:
            self._write(line)
        return len(text)

    def flush(self) -> None:
        if self._line:
            self._write(self._line)
            self._line = ""


class _Nowhere(io.TextIOBase):
    """A text file that forgets."""

    def writable(self) -> bool:
        return True

    def write(self, text: str) -> int:
        return len(text)


def _facade(settings: Any) -> ModuleType:
    """``hyperhost_guest`` with the short names that its stubs have."""
    guest = importlib.import_module(settings.MODULE)
    types: Any = importlib.import_module(f"{settings.MODULE}.imports.types") if settings.TYPES else None
    short: Any = guest
    short.World = short.HyperhostGuest
    outcomes: Any = importlib.import_module("componentize_py_types")
    for name in ("Err", "Ok", "Result", "Some"):
        setattr(short, name, getattr(outcomes, name))
    for name in settings.TYPES:
        setattr(short, name, getattr(types, name))
    for name in settings.INTERFACES:
        setattr(short, name, importlib.import_module(f"{settings.MODULE}.imports.{name}"))
    if "Refusal" in settings.TYPES:
        short.refuse = lambda reason, rule="": short.Err(short.Refusal(reason, rule))
    return guest


def _author(settings: Any) -> Any:
    """The author's module."""
    try:
        return importlib.import_module(settings.SOURCE)
    except BaseException as error:  # noqa: BLE001 - whatever it is, it goes to the author
        facts: dict[str, Any] = {"kind": "raised", "text": _report(type(error), error, error.__traceback__)}
        if isinstance(error, ImportError) and (error.name or "").partition(".")[0] == settings.MODULE:
            missing = getattr(error, "name_from", None) or (error.name or "").rpartition(".")[2]
            facts |= {"kind": "import", "name": missing}
    raise Problem(**facts)


def _check(cls: Any, settings: Any) -> None:
    for hook, count in settings.HOOKS.items():
        method = getattr(cls, hook, None)
        if not callable(method) or getattr(method, "__isabstractmethod__", False):
            names = [
                name
                for name, member in inspect.getmembers(cls, callable)
                if not name.startswith("_") and not getattr(member, "__isabstractmethod__", False)
            ]
            raise Problem(kind="hook", name=hook, names=names)
        if inspect.iscoroutinefunction(method) or inspect.isgeneratorfunction(method):
            raise Problem(kind="async", name=hook, line=method.__code__.co_firstlineno)
        try:
            inspect.signature(method).bind(*range(1 + count))
        except TypeError:
            line = method.__code__.co_firstlineno if isinstance(method, FunctionType) else 0
            found = str(inspect.signature(method))
            raise Problem(kind="parameters", name=hook, found=found, line=line) from None


def _plugin(settings: Any) -> Any:
    module = _author(settings)
    cls = getattr(module, "Plugin", None)
    if not isinstance(cls, type):
        names = [name for name, member in inspect.getmembers(module, inspect.isclass)]
        own = [name for name in names if getattr(module, name).__module__ == module.__name__]
        raise Problem(kind="class", names=own)
    _check(cls, settings)
    try:
        return cls()
    except BaseException as error:  # noqa: BLE001 - whatever it is, it goes to the author
        text = _report(type(error), error, error.__traceback__)
    raise Problem(kind="raised", text=text)


def _keep_sources() -> None:
    """Lines of the author's code for tracebacks: later there is no file to read them from."""
    for module in list(sys.modules.values()):
        path = getattr(module, "__file__", None) or ""
        if path.startswith(_STAGE):
            _lines[path] = linecache.getlines(path)


class _Sealed:
    """Stands for the file system in ``sys.meta_path``: it is gone, and looking for a module would trap."""

    @staticmethod
    def find_spec(name: str, path: Any = None, target: Any = None) -> None:
        raise ModuleNotFoundError(f"{name} has to be imported at the top of the module, not later", name=name)


def _print_later(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """Print an exception of a call. The module ``traceback`` reaches for files to do so, and would trap."""
    if error.__cause__ is not None:
        _print_later(type(error.__cause__), error.__cause__, error.__cause__.__traceback__)
        _say("The above exception was the direct cause of the following exception:")
    elif error.__context__ is not None and not error.__suppress_context__:
        _print_later(type(error.__context__), error.__context__, error.__context__.__traceback__)
        _say("During handling of the above exception, another exception occurred:")
    _say("Traceback (most recent call last):")
    while trace is not None:
        code, line = trace.tb_frame.f_code, trace.tb_lineno
        path = code.co_filename
        if path == __file__:
            break
        if path.startswith(_STAGE):
            path = _shown + path.removeprefix(_STAGE)
        _say(f'  File "{path}", line {line}, in {code.co_qualname}')
        lines = _lines.get(code.co_filename, [])
        if 0 < line <= len(lines):
            _say(f"    {lines[line - 1].strip()}")
        trace = trace.tb_next
    text = str(error)
    _say(f"{kind.__qualname__}: {text}" if text else kind.__qualname__)


def _say(text: str) -> None:
    print(text, file=sys.stderr)  # noqa: T201 - the plugin's log


def _open(file: Any, *arguments: Any, **options: Any) -> Any:
    """Stands for ``open``, which would trap without a word."""
    raise PermissionError(f"{file!r}: there are no files in a component, except when it is built")


def _spare_the_seed() -> None:
    """Let the runtime's ``random.seed()`` before the first call pass: it asks for what was not granted."""
    random: Any = importlib.import_module("random")
    real = random.seed

    def seed(*arguments: Any, **options: Any) -> None:
        if arguments or options:
            real(*arguments, **options)

    random.seed = seed


def _start() -> Any:
    global _shown
    settings = importlib.import_module("hyperhost_settings")
    _shown = settings.SHOWN
    guest: Any = _facade(settings)
    kept = sys.stdout, sys.stderr
    # What is printed now reaches nobody; the tool's own buffer takes 10,000 bytes and then fails.
    sys.stdout = sys.stderr = _Nowhere()
    try:
        plugin = _plugin(settings)
    finally:
        sys.stdout, sys.stderr = kept
    for name in _RUNTIME:
        importlib.import_module(name)
    _keep_sources()
    sys.excepthook = _print_later
    if not settings.RANDOM:
        _spare_the_seed()
    if settings.STUBBED:
        out: Any = _Nowhere()
        err: Any = _Nowhere()
        if "log" in settings.INTERFACES and hasattr(guest.log, "Level"):
            out = _LogFile(lambda line: guest.log.write(guest.log.Level.INFO, line))
            err = _LogFile(lambda line: guest.log.write(guest.log.Level.ERROR, line))
        sys.stdout, sys.stderr = out, err
        sys.meta_path[:] = [finder for finder in sys.meta_path if finder is not PathFinder] + [_Sealed]
        sys.path_importer_cache.clear()
        builtins.open = _open
    return plugin


_instance = _start()


def HyperhostGuest() -> Any:  # noqa: N802 - the name that componentize-py makes from the module's
    """The one plugin; asked for once for each hook."""
    return _instance
