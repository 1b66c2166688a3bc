"""Tests of a new plugin for the sandbox, with the fixtures of :mod:`hyperhost.testing`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from hyperhost import contracts
from hyperhost.contracts.artifact import Artifact, ArtifactChange
from hyperhost.sandbox.types import Record, WitType
from hyperhost.sdk.writing.bodies import body_of
from hyperhost.sdk.writing.layout import fitted, indented
from hyperhost.sdk.writing.pythontext import PythonText

if TYPE_CHECKING:
    from hyperhost.host.specs import HookInfo
    from hyperhost.sdk.writing.order import Order

__all__ = ["asks_for_log", "written_tests"]

_BUILDERS: Final[Mapping[type, str]] = {Artifact: "artifact", ArtifactChange: "change"}
_PLUGIN: Final = ("hyperhost.testing", "PluginUnderTest")


def written_tests(order: Order, text: PythonText) -> dict[str, str]:
    """What the template of the tests takes: ``imports`` and ``tests``.

    Args:
        order: What was asked for.
        text: Writes them; holds imports that are needed besides their own.
    """
    text.name(*_PLUGIN)
    tests = [_test(hook, text, logs=asks_for_log(order)) for hook in order.hooks]
    return {"imports": text.imports(), "tests": "\n\n\n".join(tests)}


def asks_for_log(order: Order) -> bool:
    """Whether the plugin writes to its log."""
    return any(capability.kind == "log" for capability in order.capabilities)


def _test(hook: HookInfo, text: PythonText, *, logs: bool) -> str:
    body = body_of("test", hook.name)
    if body is not None:
        for name in body.names:
            text.name(f"hyperhost.{'contracts' if hasattr(contracts, name) else 'testing'}", name)
        return body.text
    given = ", ".join(f"{name}={_argument(kind, text)}" for name, _, kind in hook.function.parameters)
    value = text.value(hook.function.result)
    compared = "is" if value in ("None", "False", "True") else "=="
    call = fitted(f"answer = plugin.hook.{hook.name}({given})", 4)
    lines = [call, fitted(f"assert answer {compared} {value}", 4)]
    if logs:
        lines.append(f'assert plugin.messages == ["info: {hook.name} was called"]')
    inner = "\n".join(map(indented, lines))
    return f"def test_{hook.name}_answers(plugin: {_PLUGIN[1]}) -> None:\n{inner}"


def _argument(kind: WitType, text: PythonText) -> str:
    """A value that a test calls with, said in a short way of :mod:`hyperhost.testing` where there is one."""
    if isinstance(kind, Record) and kind.python is not None:
        name = _BUILDERS.get(kind.python)
        if name is not None:
            return f"{text.name('hyperhost.testing', name)}()"
        if not all(field.optional for field in kind.fields):
            return f"{text.name('hyperhost.testing', 'example')}({text.of(kind.python)})"
    return text.value(kind)
