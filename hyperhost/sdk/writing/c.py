"""A plugin in C: one function for each hook, as ``bindings/plugin.h`` declares it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from hyperhost.sdk.cbindings import CFunction, c_bindings
from hyperhost.sdk.writing.bodies import body_of
from hyperhost.sdk.writing.common import JCO, common_files, world_of_order
from hyperhost.sdk.writing.manifest import listed
from hyperhost.sdk.writing.templates import rendered
from hyperhost.sdk.writing.testing import asks_for_log

if TYPE_CHECKING:
    from hyperhost.sdk.writing.order import Order

__all__ = ["files"]


def files(order: Order) -> dict[str, str]:
    """The text of each file by its path in the project."""
    made = {each.wit_name: each for each in c_bindings(world_of_order(order)).hooks.values()}
    functions = [
        _function(made[hook.wit_name], hook.name, hook.summary, logs=asks_for_log(order))
        for hook in order.hooks
    ]
    values = {"functions": "\n\n".join(functions), "jco": JCO, "summary": f"Answers {listed(order)}."}
    return common_files(order, "plugin.c", "C", npm=True) | rendered("c", values)


def _function(made: CFunction, hook: str, summary: str, *, logs: bool) -> str:
    body = body_of("c", hook)
    text = body.text if body is not None else ""
    names = [name for _, name, _ in made.parameters] + [name for _, name in made.outs]
    used = text + (_neutral(made) if body is None else "")
    lines = [f"  (void){name};" for name in names if not re.search(rf"\b{name}\b", used)]
    if logs:
        lines.append(f'  host_log_write(HOST_LOG_LEVEL_INFO, plugin_string_lit("{hook} was called"));')
    lines.append(text or _neutral(made))
    inner = "\n".join(line for line in lines if line)
    head = f"/* {summary or 'Answers the hook.'} */\n{made.prototype} {{"
    return f"{head}\n{inner}\n}}" if inner else f"{head}\n}}"


def _neutral(made: CFunction) -> str:
    """The plainest answer: what out parameters point to is all zero before."""
    if made.returns == "void":
        return ""
    if made.returns == "bool":
        fails = any(name in ("refusal", "error") for _, name in made.outs)
        return "  return true;" if fails else "  return false;"
    return "  return 0;"
