"""What projects in every language have: manifest, README, tests, ``.gitignore``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from hyperhost.sandbox.types import Function
from hyperhost.sandbox.wit import distinct
from hyperhost.sdk.world import World
from hyperhost.sdk.writing.manifest import listed, manifest_text
from hyperhost.sdk.writing.naming import snake
from hyperhost.sdk.writing.pythontext import PythonText
from hyperhost.sdk.writing.templates import rendered
from hyperhost.sdk.writing.testing import written_tests

if TYPE_CHECKING:
    from hyperhost.sdk.writing.order import Order

__all__ = ["JCO", "common_files", "functions_of", "world_of_order"]

JCO: Final = "^0.15.0"
"""Versions of ``@bytecodealliance/jco-transpile`` that builds are known to work with."""

_NPM: Final = "npm install                      # once: what builds it\n"
_COMMANDS: Final = """\
hyperhost plugin test            # build it when needed, and run its tests
hyperhost plugin dev             # build it anew whenever a file is saved
hyperhost plugin pack .          # write it as one file, to be installed elsewhere"""


def common_files(order: Order, source: str, language: str, *, npm: bool = False) -> dict[str, str]:
    """The files that do not depend on the language, by their path in the project.

    Args:
        order: What was asked for.
        source: The file with the code.
        language: Its language, for people.
        npm: Whether its build needs packages of npm.
    """
    values = {
        "name": order.name,
        "module": snake(order.name),
        "summary": f"Answers {listed(order)}.",
        "language": language,
        "source": source,
        "hook": order.hooks[0].name,
        "commands": _NPM * npm + _COMMANDS,
        "ignored": "node_modules/" if npm else "target/" if order.language == "rust" else ".DS_Store",
    }
    return {
        "plugin.toml": manifest_text(order, source),
        **rendered("common", values | written_tests(order, PythonText())),
    }


def functions_of(order: Order) -> Mapping[str, Function]:
    """The types of the hooks by Python name, in which each type has the name that the bindings give it."""
    functions = distinct({hook.wit_name: hook.function for hook in order.hooks})
    return {hook.name: functions[hook.wit_name] for hook in order.hooks}


def world_of_order(order: Order) -> World:
    """The world that a build will make of the project, without what it imports."""
    functions = functions_of(order)
    return World(
        {hook.wit_name: functions[hook.name] for hook in order.hooks},
        {hook.wit_name: hook.name for hook in order.hooks},
        {},
        {},
    )
