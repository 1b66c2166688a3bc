"""Values of commands that need no conversion, given to typer without the library that converts.

Recent releases of typer convert every value by pydantic, whose import takes longer than many a command;
also a value that is missing, or text that is to stay text. These pass here as they are.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from enum import Enum
from functools import partial
from pathlib import Path
from typing import Any, Final

__all__ = ["quickened"]

_ELSEWHERE: Final = object()
"""Stands for a value that typer has to convert."""


def quickened(command: Any) -> Any:
    """The command, with parameters that convert by themselves what is simple; others are as before."""
    if command is not None and not hasattr(command, "is_quick"):
        command.is_quick = True
        command.get_params = partial(_params, command.get_params)
    return command


def _params(find: Callable[[Any], list[Any]], ctx: Any) -> list[Any]:
    """Parameters of a command, with the one for help, which is made when it is asked for."""
    found = find(ctx)
    for parameter in found:
        # Releases without this attribute convert by themselves, and quickly.
        if hasattr(parameter, "type_descriptor") and not hasattr(parameter, "is_quick"):
            parameter.is_quick = True
            parameter.process_value = partial(_process, parameter, parameter.process_value)
    return found


def _process(parameter: Any, convert: Callable[[Any, Any], Any], ctx: Any, value: Any) -> Any:
    if value is None and parameter.required and ctx.resilient_parsing:
        return None  # somebody is still typing
    found = _simple(parameter, value)
    if found is _ELSEWHERE:
        return convert(ctx, value)
    return found if parameter.callback is None else parameter.callback(ctx, parameter, found)


def _simple(parameter: Any, value: Any) -> Any:
    """What typer would make of a value, as far as that is plain."""
    several = parameter.multiple or parameter.nargs != 1
    if value is None and not parameter.required:
        return () if several else None
    info, kind = parameter.type_descriptor.parameter_info, parameter.type_descriptor.annotation
    if several or not isinstance(kind, type) or info.parser is not None:
        return _ELSEWHERE
    if isinstance(value, str) and kind is str:
        return value
    if issubclass(kind, Enum) and info.case_sensitive and type(value) is str:
        return next((each for each in kind if each.value == value), _ELSEWHERE)
    if isinstance(value, int) and type(value) is kind and value == parameter.default:
        return value
    if kind is Path and type(value) is str and not _is_checked(info) and _is_readable(value):
        return Path(value)
    return _ELSEWHERE


def _is_checked(info: Any) -> bool:
    """Whether typer looks at the file itself, for more than that it can be read."""
    is_usual = info.file_okay and info.dir_okay and info.readable and info.path_type is None
    return bool(not is_usual or info.exists or info.resolve_path or info.writable or info.allow_dash)


def _is_readable(path: str) -> bool:
    """Whether a file can be read, or is not there."""
    return "\0" not in path and (not os.path.lexists(path) or os.access(path, os.R_OK))
