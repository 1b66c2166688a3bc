"""The documentation of the kernel's hooks is complete, and its examples work as they stand."""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Callable
from typing import Any

import pluggy
import pytest

from hyperhost.hookspecs import KERNEL_SPECS, NATIVE_SPECS, PROJECT
from hyperhost.hookspecs.markers import SPEC_ATTRIBUTE

BLOCK = re.compile(r"^ *```python\n(.*?)^ *```$", re.MULTILINE | re.DOTALL)
HOOKS: dict[str, Callable[..., Any]] = {
    name: member
    for spec in (*KERNEL_SPECS, *NATIVE_SPECS)
    for name, member in vars(spec).items()
    if hasattr(member, SPEC_ATTRIBUTE)
}
every_hook = pytest.mark.parametrize("name", HOOKS)


def example(name: str) -> str:
    """The one example of a hook, as it would be copied."""
    blocks = BLOCK.findall(inspect.getdoc(HOOKS[name]) or "")
    assert len(blocks) == 1, f"{name} has {len(blocks)} examples"
    return inspect.cleandoc(blocks[0])


def with_asserts_counted(source: str) -> ast.Module:
    """``source`` with a call of ``ran(line)`` behind each assert."""

    class Counter(ast.NodeTransformer):
        def visit_Assert(self, node: ast.Assert) -> list[ast.stmt]:
            return [node, *ast.parse(f"ran({node.lineno})").body]

    tree = ast.parse(source)
    Counter().visit(tree)
    return ast.fix_missing_locations(tree)


@every_hook
def test_the_example_runs_calls_its_hook_and_reaches_every_assert(name: str) -> None:
    source = example(name)
    host = pluggy.PluginManager(PROJECT)
    for spec in (*KERNEL_SPECS, *NATIVE_SPECS):
        host.add_hookspecs(spec)
    called: list[str] = []
    host.add_hookcall_monitoring(lambda hook, impls, arguments: called.append(hook), lambda *outcome: None)
    reached: list[int] = []
    code = compile(with_asserts_counted(source), f"<example of {name}>", "exec", dont_inherit=True)
    exec(code, {"__name__": "example", "host": host, "ran": reached.append})
    host.check_pending()
    asserts = [node.lineno for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Assert)]
    assert asserts
    assert reached == asserts
    assert name in called


@every_hook
def test_the_example_is_short_enough_to_copy(name: str) -> None:
    assert len(example(name).splitlines()) <= 26


@every_hook
def test_the_docstring_says_what_goes_in_what_comes_out_and_what_a_fault_means(name: str) -> None:
    function = HOOKS[name]
    text = inspect.getdoc(function) or ""
    parameters = list(inspect.signature(function).parameters)[1:]
    assert ("Args:" in text) == bool(parameters)
    for parameter in parameters:
        assert re.search(rf"^    {parameter}: \S", text, re.MULTILINE), (
            f"{name} says nothing about {parameter}"
        )
    returns = inspect.signature(function).return_annotation != "None"
    assert ("Returns:" in text) == returns
    raises = getattr(function, SPEC_ATTRIBUTE)["raises"]
    assert (f"Raises:\n    {getattr(raises, '__name__', '')}:" in text) == (raises is not None)
    assert re.search(r"\bfaults?\b", text), f"{name} does not say what a fault means"
