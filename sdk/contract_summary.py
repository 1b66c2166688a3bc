"""The contract as data: what ``contract.json`` beside the WIT files holds.

WIT says neither which fields have defaults nor what a fault of a hook means, and both decide whether
a newer contract still serves what was built against an older one. Two contracts say the same when
:func:`written` writes the same text of both, whether they come from a folder or from the Python source.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from hyperhost.hookspecs.markers import SPEC_ATTRIBUTE
from hyperhost.sandbox.interface import HostInterface
from hyperhost.sandbox.linker import host_types
from hyperhost.sandbox.types import (
    Enum,
    Field,
    Flags,
    Function,
    List,
    Map,
    Option,
    Prim,
    Record,
    Result,
    Tuple,
    Variant,
    WitType,
    function_from_python,
    kebab,
)
from hyperhost.sandbox.wit import distinct, named_types

__all__ = ["Contract", "Hook", "Interface", "hooks_of", "interface_of", "read", "written"]

_OPTIONS = ("firstresult", "historic", "on_fault", "service")
_BYTES = "bytes"


@dataclass(frozen=True, slots=True)
class Hook:
    """One hook.

    Attributes:
        domain: Name of the world it is printed in, for example ``artifacts``.
        function: Its type.
        options: What else its hookspec promises: ``firstresult``, ``historic``, ``on_fault``, ``service``.
    """

    domain: str
    function: Function
    options: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Interface:
    """One host interface.

    Attributes:
        functions: WIT name → type of each function.
        capabilities: Kinds of capability of which it takes one to be linked; empty when it takes none.
    """

    functions: Mapping[str, Function]
    capabilities: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Contract:
    """All that plugins are built against.

    Attributes:
        version: For example ``1.0.0``.
        hooks: By WIT name, in the order in which they are registered.
        interfaces: By WIT name without version, for example ``hyperhost:host/log``.
    """

    version: str
    hooks: Mapping[str, Hook]
    interfaces: Mapping[str, Interface]


def hooks_of(specs: Iterable[type]) -> dict[str, Hook]:
    """The hooks of hookspec classes by WIT name; the domain is the name of the module of the class."""
    hooks = {}
    for spec in specs:
        for name, member in vars(spec).items():
            options = getattr(member, SPEC_ATTRIBUTE, None)
            if options is not None:
                function = function_from_python(member, raises=options["raises"])
                promised = {option: options[option] for option in _OPTIONS}
                domain = kebab(spec.__module__.rpartition(".")[2])  # a world has its name, and so has a file
                hooks[kebab(name)] = Hook(domain, function, promised)
    functions = distinct({name: hook.function for name, hook in hooks.items()})
    return {name: Hook(hook.domain, functions[name], hook.options) for name, hook in hooks.items()}


def interface_of(interface: HostInterface) -> Interface:
    """A host interface as the contract states it."""
    needed = interface.capability
    kinds = (needed,) if isinstance(needed, str) else needed
    return Interface(distinct(host_types(interface)), () if interface.always else kinds)


def written(contract: Contract) -> str:
    """The text of ``contract.json``."""
    data = {
        "contract": contract.version,
        "hooks": {
            name: {"domain": hook.domain, **_function(hook.function), **hook.options}
            for name, hook in contract.hooks.items()
        },
        "types": _types(hook.function for hook in contract.hooks.values()),
        "interfaces": {
            name: {
                "capabilities": list(interface.capabilities),
                "functions": {key: _function(function) for key, function in interface.functions.items()},
                "types": _types(interface.functions.values()),
            }
            for name, interface in contract.interfaces.items()
        },
    }
    return json.dumps(data, indent=1) + "\n"


def read(text: str) -> Contract:
    """The contract that :func:`written` wrote.

    Raises:
        ValueError: the text is no such contract.
    """
    try:
        data = json.loads(text)
        hooks = {
            name: Hook(
                hook["domain"],
                _read_function(hook, data["types"]),
                {option: hook[option] for option in _OPTIONS},
            )
            for name, hook in data["hooks"].items()
        }
        interfaces = {
            name: Interface(
                {key: _read_function(item, entry["types"]) for key, item in entry["functions"].items()},
                tuple(entry["capabilities"]),
            )
            for name, entry in data["interfaces"].items()
        }
        return Contract(data["contract"], hooks, interfaces)
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"not a contract: {type(error).__name__}: {error}") from error


def _function(function: Function) -> dict[str, Any]:
    parameters = {name: _type(kind) for _, name, kind in function.parameters}
    return {"parameters": parameters, "result": _type(function.result)}


def _types(functions: Iterable[Function]) -> dict[str, Any]:
    return {name: _definition(kind) for name, kind in named_types(functions).items()}


def _type(kind: WitType | None) -> Any:
    match kind:
        case None:
            return None
        case Prim(name):
            return name
        case List(is_bytes=True):
            return _BYTES
        case List(inner) | Map(inner) | Option(inner):
            return {type(kind).__name__.lower(): _type(inner)}
        case Tuple(elements):
            return {"tuple": [_type(item) for item in elements]}
        case Result(ok, err):
            return {"result": [_type(ok), _type(err)]}
        case Record() | Enum() | Flags() | Variant():
            return {"type": kind.name}
    raise AssertionError(f"has no place in a contract: {kind}")


def _definition(kind: WitType) -> dict[str, Any]:
    match kind:
        case Record(fields=fields):
            return {"record": [[item.name, _type(item.type), item.optional] for item in fields]}
        case Enum(cases=names):
            return {"enum": list(names)}
        case Flags(flags=names):
            return {"flags": list(names)}
        case Variant(cases=cases):
            return {"variant": [[name, _type(payload)] for name, payload, _ in cases]}
    raise AssertionError(f"not a named type: {kind}")


def _read_function(data: Mapping[str, Any], types: Mapping[str, Any]) -> Function:
    parameters = tuple(
        (name.replace("-", "_"), name, _read_type(kind, types)) for name, kind in data["parameters"].items()
    )
    return Function(parameters, _read_optional(data["result"], types))


def _read_optional(data: Any, types: Mapping[str, Any]) -> WitType | None:
    return None if data is None else _read_type(data, types)


def _read_type(data: Any, types: Mapping[str, Any]) -> WitType:
    if isinstance(data, str):
        return List(Prim("u8"), is_bytes=True) if data == _BYTES else Prim(data)
    [(word, inside)] = data.items()
    if word == "type":
        return _read_definition(inside, types)
    if word == "tuple":
        return Tuple(tuple(_read_type(item, types) for item in inside))
    if word == "result":
        return Result(_read_optional(inside[0], types), _read_optional(inside[1], types))
    inner = _read_type(inside, types)
    wrapper: type[List] | type[Map] | type[Option] = {"list": List, "map": Map, "option": Option}[word]
    return wrapper(inner)


def _read_definition(name: str, types: Mapping[str, Any]) -> WitType:
    [(word, inside)] = types[name].items()
    if word == "record":
        return Record(
            name,
            tuple(
                Field(item.replace("-", "_"), item, _read_type(kind, types), optional)
                for item, kind, optional in inside
            ),
        )
    if word == "variant":
        return Variant(name, tuple((case, _read_optional(payload, types), None) for case, payload in inside))
    if word == "flags":
        return Flags(name, tuple(inside), tuple(inside))
    return Enum(name, tuple(inside), tuple(inside))
