"""C source that hands values back, directly and through the host, for hooks of any types."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

import pytest
from native_projects import Loaded, build_native, project_for, spec_class, typed

from hyperhost.contracts.types import U8
from hyperhost.errors import RefusalError
from hyperhost.sandbox.interface import Err, HostInterface, hostfunction
from hyperhost.sandbox.types import Option
from hyperhost.sdk.cbindings import CFunction, c_bindings
from hyperhost.sdk.ctypes_text import is_scalar
from hyperhost.sdk.project import Project
from hyperhost.sdk.world import world_of


def bounce_interface(annotations: Sequence[Any]) -> HostInterface:
    """A host interface with ``bounce_vN``, which picks one of two values, and ``fail_vN``, which may fail."""

    def bounce(self: Any, call: Any, *values: Any) -> Any:
        return values[1] if values[0] else values[2]

    def fail(self: Any, call: Any, *values: Any) -> Any:
        if values[0]:
            raise Err(values[1])
        return values[2]

    members: dict[str, Any] = {
        "name": "test:bounce/host@1.0.0",
        "capability": "bounce",
        "always": True,
        "__annotations__": {"name": ClassVar[str], "capability": ClassVar[str]},
    }
    for index, annotation in enumerate(annotations):
        parameters = {"first": U8, "x": annotation, "y": annotation}
        for word, body, error in (("bounce", bounce, None), ("fail", fail, annotation)):
            name = f"{word}_v{index}"
            # The declared signature gives the types; the body that runs takes whatever comes.
            stub = typed(name, parameters, annotation, "self, call")
            members[name] = hostfunction(requires="", unprivileged=True, error=error)(_with_body(stub, body))
    return type("Bounce", (HostInterface,), members)()


def _with_body(stub: Any, body: Any) -> Any:
    scope: dict[str, Any] = {"body": body}
    names = list(stub.__code__.co_varnames[: stub.__code__.co_argcount])
    exec(f"def {stub.__name__}({', '.join(names)}): return body({', '.join(names)})", scope)
    made = scope[stub.__name__]
    made.__annotations__ = stub.__annotations__
    return made


def echo_specs(annotations: Sequence[Any]) -> type:
    """Hookspecs for each type: ``echo_N``, ``bounce_N``, ``fail_N``, and ``refuse_N`` that may refuse."""
    hooks = {}
    for index, annotation in enumerate(annotations):
        parameters = {"first": U8, "x": annotation, "y": annotation}
        for word in ("echo", "bounce", "fail"):
            hooks[f"{word}_v{index}"] = (parameters, annotation)
    specs = spec_class(hooks)
    refusing = {
        f"refuse_v{index}": ({"first": U8, "x": annotation, "y": annotation}, annotation)
        for index, annotation in enumerate(annotations)
    }
    for name, method in vars(spec_class(refusing, RefusalError)).items():
        if name.startswith("refuse_"):
            setattr(specs, name, method)
    return specs


def _give(each: CFunction, at: str) -> list[str]:
    """Statements that answer with the value at an address.

    A ``Literal`` makes a type for each place where it stands, all of one layout, so bytes are copied.
    """
    kind = each.function.parameters[1][2]
    if not each.outs:
        return [f"{each.returns} answer; __builtin_memcpy(&answer, {at}, sizeof answer); return answer;"]
    out = each.outs[0][1]
    if isinstance(kind, Option) and len(each.outs) == 1:
        ctype = each.parameters[1][0]
        copied = f"__builtin_memcpy({out}, &((const {ctype} *){at})->value, sizeof *{out});"
        return [copied, f"return ((const {ctype} *){at})->is_some;"]
    copied = f"__builtin_memcpy({out}, {at}, sizeof *{out});"
    return [copied, "return true;"] if each.returns == "bool" else [copied]


def echo_source(project: Project) -> str:
    """The C source of a project made with :func:`echo_specs`."""
    made = c_bindings(world_of(project))
    lines = ['#include "plugin.h"', ""]
    for name, each in made.hooks.items():
        word, _, index = name.partition("_")
        lines.append(f"{each.prototype} {{")
        lines += [f"  {line}" for line in _body(word, index, each, made.imports)]
        lines += ["}", ""]
    return "\n".join(lines)


def _body(word: str, index: str, each: CFunction, imports: Mapping[str, CFunction]) -> list[str]:
    kind = each.function.parameters[1][2]
    pointer = each.parameters[1][2]
    lines = [f"const void *at_{name} = {name if pointer else f'&{name}'};" for name in "xy"]
    if word == "refuse":
        lines.append(
            'if (first == 2) return plugin_refuse(refusal, plugin_string_lit("no"), '
            'plugin_string_lit("test"));'
        )
    if word in ("echo", "refuse"):
        return [*lines, "const void *at = first ? at_x : at_y;", *_give(each, "at")]
    host = imports[f"host_test_bounce_host_{word}_{index}"]
    passed = [
        f"at_{name}" if pointer else f"*(const {host.parameters[at][0]} *)at_{name}"
        for at, name in ((1, "x"), (2, "y"))
    ]
    called = f"{host.name}(first, {', '.join(passed)}"
    if word == "fail":
        ctype = each.parameters[1][0]
        lines += [f"{ctype} good, bad;", f"bool fine = {called}, (void *)&good, (void *)&bad);"]
        return [*lines, "const void *at = fine ? &good : &bad;", *_give(each, "at")]
    if is_scalar(kind):
        return [*lines, f"return {called});"]
    out = each.outs[0][1]
    return [*lines, f"{'return ' if isinstance(kind, Option) else ''}{called}, (void *){out});"]


class Echo:
    """A loaded plugin that hands values back; ``round_trips`` sends one all ways."""

    def __init__(
        self, directory: Path, annotations: Sequence[Any], monkeypatch: pytest.MonkeyPatch | None = None
    ):
        interfaces = [bounce_interface(annotations)]
        project = project_for(directory, "", echo_specs(annotations), interfaces=interfaces)
        project.source.write_text(echo_source(project), encoding="utf-8")
        self.project = project
        self.component = build_native(project, directory / "out")
        self.loaded = Loaded(project, self.component)

    def round_trips(self, index: int, x: Any, y: Any) -> list[Any]:
        """What comes back for ``x``, each time beside ``y``."""
        hook = self.loaded.host.hook
        answers = []
        for word in ("echo", "bounce", "fail", "refuse"):
            call = getattr(hook, f"{word}_v{index}")
            answers += [call(first=1, x=x, y=y), call(first=0, x=y, y=x)]
        return answers

    def refused(self, index: int, x: Any) -> RefusalError:
        """The refusal when ``x`` is refused."""
        with pytest.raises(RefusalError) as caught:
            getattr(self.loaded.host.hook, f"refuse_v{index}")(first=2, x=x, y=x)
        return caught.value
