"""Import a library without others that it would import only because they are installed."""

from __future__ import annotations

import builtins
import importlib.util
import sys
import threading
from types import ModuleType
from typing import Any

__all__ = ["import_without"]

_importing = threading.Lock()


def import_without(name: str, *absent: str) -> ModuleType:
    """A copy of a module that does not see some of the modules that are installed.

    A library that looks for every driver it could work with imports all of them at once, which takes
    several times as long as the library itself. The copy belongs to those who ask for it with the same
    arguments; ``import name`` elsewhere in the process is not changed, whichever comes first, so objects
    of the copy must not be mixed with those of the module itself.

    Args:
        name: Name of the module: a top-level one that is a single file.
        absent: Names of the top-level modules whose import is to fail in it.

    Returns:
        The copy; one for each combination of arguments. The module itself if it is no file of source code.

    Raises:
        ImportError: there is no such module, or it cannot do without one of those.
    """
    key = f"{name} without {', '.join(absent)}"
    with _importing:
        if (known := sys.modules.get(key)) is not None:
            return known
        found = importlib.util.find_spec(name)
        if found is None or not str(found.origin).endswith(".py"):
            return importlib.import_module(name)
        spec = importlib.util.spec_from_file_location(key, found.origin)
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        # Import statements look for __import__ among the builtins of the module they are in.
        module.__dict__["__builtins__"] = {**vars(builtins), "__import__": _Without(absent)}
        sys.modules[key] = module
        try:
            spec.loader.exec_module(module)
        except BaseException:
            del sys.modules[key]
            raise
        return module


class _Without:
    """``__import__`` of a module that does not see some others."""

    def __init__(self, absent: tuple[str, ...]) -> None:
        self._absent = absent

    def __call__(self, name: str, *arguments: Any, **options: Any) -> Any:
        if name.partition(".")[0] in self._absent:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
        return builtins.__import__(name, *arguments, **options)
