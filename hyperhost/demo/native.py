"""The demo's native plugin: calls in Python source that run whatever they are given.

It answers the same hook as the demo's components. Being native it is trusted: it runs in the
host's process, unrestricted, and is as fast as Python is.
"""

from __future__ import annotations

import ast
import re
import warnings
from collections.abc import Callable, Iterator
from typing import Final, Literal

from hyperhost.demo.specs import Finding
from hyperhost.hookspecs.markers import hookimpl

__all__ = ["DangerousCalls"]

Severity = Literal["low", "medium", "high"]

_MAX_CHARACTERS: Final = 256 * 1024
_MAX_FINDINGS: Final = 100
_EXCERPT: Final = 60

# Parsing is what costs time, and 19 files of 20 hold no such call. Looking for plain words is ten times
# faster than the pattern, which therefore sees only what holds one of them.
_WORDS: Final = (
    "eval(",
    "exec(",
    "import pickle",
    "import yaml",
    "from pickle",
    "from yaml",
    "shell=True",
    "os.system(",
)
_WORTH_PARSING: Final = re.compile(
    r"(?<![.\w])(?:eval|exec)\(|\b(?:import|from) (?:pickle|yaml)\b|\bshell=True|\bos\.system\("
)
_LINE_END: Final = re.compile(r"\r\n|\r|\n")


def _run(call: ast.Call) -> Severity | None:
    """``eval`` and ``exec``: harmless when what they run is written right there."""
    return None if not call.args or _is_literal(call.args[0]) else "medium"


def _unpickle(call: ast.Call) -> Severity | None:
    return "medium"


def _yaml(call: ast.Call) -> Severity | None:
    loaders = [*call.args[1:2], *(word.value for word in call.keywords if word.arg == "Loader")]
    return None if any("Safe" in ast.unparse(loader) for loader in loaders) else "high"


def _shell(call: ast.Call) -> Severity | None:
    shell = next((word.value for word in call.keywords if word.arg == "shell"), None)
    return _system(call) if isinstance(shell, ast.Constant) and shell.value is True else None


def _system(call: ast.Call) -> Severity | None:
    """A fixed command is bad style; one that is put together may be anything."""
    return "low" if not call.args or _is_literal(call.args[0]) else "high"


def _is_literal(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant)


_RULES: Final[dict[str, tuple[str, Callable[[ast.Call], Severity | None]]]] = {
    "eval": ("danger/eval", _run),
    "exec": ("danger/exec", _run),
    "pickle.load": ("danger/pickle", _unpickle),
    "pickle.loads": ("danger/pickle", _unpickle),
    "pickle.Unpickler": ("danger/pickle", _unpickle),
    "yaml.load": ("danger/yaml-load", _yaml),
    "yaml.load_all": ("danger/yaml-load", _yaml),
    "os.system": ("danger/shell", _system),
    "subprocess.run": ("danger/shell", _shell),
    "subprocess.call": ("danger/shell", _shell),
    "subprocess.check_call": ("danger/shell", _shell),
    "subprocess.check_output": ("danger/shell", _shell),
    "subprocess.Popen": ("danger/shell", _shell),
}


class DangerousCalls:
    """Finds calls that run whatever they are given.

    These are ``eval`` and ``exec`` of anything but a literal, unpickling, ``yaml.load`` without a safe
    loader, and commands run by a shell. Other names for the same (``import pickle as p``) are followed.
    Texts over 256 KiB, and those that are no Python, are passed over; at most 100 findings a text.
    """

    plugin_id = "dangerous-calls"

    @hookimpl
    def check_text(self, path: str, text: str) -> list[Finding]:
        """See :meth:`hyperhost.demo.specs.Checks.check_text`."""
        if not path.endswith(".py") or len(text) > _MAX_CHARACTERS or not _is_worth_parsing(text):
            return []
        tree = _parse(text)
        if tree is None:
            return []
        lines = _LINE_END.split(text)  # splitlines() breaks at form feeds, too, where Python does not
        found = sorted(_findings(tree, lines), key=lambda finding: finding.line)
        return found[:_MAX_FINDINGS]


def _is_worth_parsing(text: str) -> bool:
    return any(word in text for word in _WORDS) and _WORTH_PARSING.search(text) is not None


def _parse(text: str) -> ast.Module | None:
    """The text's syntax tree, or ``None`` if this Python cannot read it."""
    try:
        with warnings.catch_warnings():  # about the text's own style, such as odd escapes
            warnings.simplefilter("ignore")
            return ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def _findings(tree: ast.Module, lines: list[str]) -> Iterator[Finding]:
    calls: list[ast.Call] = []
    names: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            calls.append(node)
        elif isinstance(node, ast.Import):
            names.update((alias.asname, alias.name) for alias in node.names if alias.asname)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names.update((alias.asname or alias.name, f"{node.module}.{alias.name}") for alias in node.names)
    for call in calls:
        rule, judge = _RULES.get(_name(call.func, names), ("", None))
        severity = judge(call) if judge is not None else None
        if severity is not None:
            line = lines[call.lineno - 1] if call.lineno <= len(lines) else ""
            yield Finding(rule, call.lineno, severity, line.strip()[:_EXCERPT])


def _name(function: ast.expr, names: dict[str, str]) -> str:
    """The dotted name of what is called, with imports under other names undone."""
    if isinstance(function, ast.Name):
        return names.get(function.id, function.id)
    if isinstance(function, ast.Attribute) and isinstance(function.value, ast.Name):
        return f"{names.get(function.value.id, function.value.id)}.{function.attr}"
    return ""
