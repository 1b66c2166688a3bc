"""A native plugin: a package that pip installs, with an entry point that names its class."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from hyperhost import contracts
from hyperhost.sdk.writing.bodies import body_of
from hyperhost.sdk.writing.layout import fitted, indented
from hyperhost.sdk.writing.manifest import listed
from hyperhost.sdk.writing.naming import camel, snake
from hyperhost.sdk.writing.pythontext import PythonText
from hyperhost.sdk.writing.templates import rendered
from hyperhost.sdk.writing.testing import written_tests

if TYPE_CHECKING:
    from hyperhost.host.specs import HookInfo
    from hyperhost.sdk.writing.order import Order

__all__ = ["files"]

_LOGGER: Final = "\n_log = logging.getLogger(__name__)\n"
_FIXTURE: Final = '''\
@pytest.fixture
def {name}() -> {type}:
    """{doc}"""
    return {value}'''


def files(order: Order) -> dict[str, str]:
    """The text of each file by its path in the project."""
    values = {
        "name": order.name,
        "module": snake(order.name),
        "camel": _class_name(order),
        "summary": f"Answers {listed(order)}.",
        "description": f"Answers {listed(order)}: a native plugin of HyperHost.",
        "dependencies": '"hyperhost"',
        "hook": order.hooks[0].name,
    }
    return rendered("native", values | _source(order)) | rendered("native_tests", values | _tests(order))


def _class_name(order: Order) -> str:
    """The plugin's class; none of the contract's types is called so."""
    name = camel(order.name)
    return f"{name}Plugin" if hasattr(contracts, name) else name


def _source(order: Order) -> dict[str, str]:
    text = PythonText()
    text.reserve(_class_name(order))
    text.name("hyperhost", "hookimpl")
    methods = [_method(hook, text) for hook in order.hooks]
    logs = any("_log." in method for method in methods)
    if logs:
        text.module("logging")
    return {
        "imports": text.imports(),
        "globals": _LOGGER if logs else "",
        "methods": "\n\n".join(map(indented, methods)),
    }


def _method(hook: HookInfo, text: PythonText) -> str:
    parameters, result = text.signature(getattr(hook.spec_class, hook.name), skip=_skip(hook))
    head = fitted(f"def {hook.name}({', '.join(['self', *parameters])}) -> {result}:", 4, first=True)
    lines = ["@hookimpl", head, f'    """{hook.summary or "Answer the hook."}"""']
    body = body_of("native", hook.name)
    if body is not None:
        for name in body.names:
            text.name("hyperhost.contracts", name)
        lines.append(indented(body.text))
    elif hook.function.result is None:
        shown = ", ".join(["%r"] * len(parameters))
        given = "".join(f", {name}" for name, _, _ in hook.function.parameters)
        lines.append(f'    _log.info("{hook.name}({shown})"{given})')
    else:
        lines.append(indented(fitted(f"return {text.value(hook.function.result)}", 8)))
    return "\n".join(lines)


def _skip(hook: HookInfo) -> int:
    """Parameters before those of the hook: ``self``, unless it is declared without."""
    function = getattr(hook.spec_class, hook.name)
    code = function.__code__
    return int(code.co_argcount + code.co_kwonlyargcount - len(hook.function.parameters))


def _tests(order: Order) -> dict[str, str]:
    text = PythonText(own=snake(order.name))
    text.module("pytest")
    name = text.name(f"{snake(order.name)}.plugin", text.reserve(_class_name(order)))
    fixtures = [_FIXTURE.format(name="plugin_object", type=name, doc="What is tested.", value=f"{name}()")]
    if order.foreign:
        text.name("hyperhost.hookspecs", "KERNEL_SPECS")
        specs = f"[*KERNEL_SPECS, {', '.join(map(text.of, order.foreign))}]"
        fixtures.append(
            _FIXTURE.format(
                name="hyperhost_specs", type="list[type]", doc="The hooks of the host program.", value=specs
            )
        )
    tests = written_tests(order, text)
    return {**tests, "fixtures": "\n\n\n".join(fixtures)}
