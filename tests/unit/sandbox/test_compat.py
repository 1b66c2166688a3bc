"""A guest built for another version of the contract: what still fits, and how a mismatch is told."""

from __future__ import annotations

import dataclasses
import enum
from dataclasses import dataclass
from typing import Any, Literal

import pytest
from echo_components import (
    CAPABILITY,
    annotated,
    bounce_interface,
    echo_component,
    guest_view,
    package,
    specs_for,
    wrap,
)

import hyperhost
from hyperhost.contracts.types import U8, U32
from hyperhost.errors import BadResultError, OutdatedPluginError, RefusalError, SignatureMismatchError
from hyperhost.sandbox.compat import generic, mismatch
from hyperhost.sandbox.types import Function, Prim, function_from_python


def function(result: Any = None, *, raises: Any = None, **parameters: Any) -> Function:
    """The type of a hook with these parameters."""
    namespace: dict[str, Any] = {}
    exec(f"def check({', '.join(['self', *parameters])}): ...", namespace)
    return function_from_python(
        annotated(namespace["check"], **parameters, **{"return": result}), raises=raises
    )


def record(name: str, *fields: Any) -> Any:
    return dataclasses.make_dataclass(name, fields, frozen=True)


def call(new: Any, old: Any, value: Any, hook: str = "echo") -> Any:
    """Send ``value`` of today's type through a guest built for the old type."""
    wrapped = wrap(new)
    interface = bounce_interface(wrapped.cls)
    with hyperhost.Host("test", specs=[specs_for(wrapped.cls)], interfaces=[interface]) as host:
        plugin = host.load(package(echo_component(wrap(old).type)), grants=[CAPABILITY])
        return plugin.call(hook, value=wrapped(value)).value


# --- a guest older than the contract ------------------------------------------------------------------


def test_fields_that_the_guest_lacks_take_their_defaults() -> None:
    old = record("Finding", ("rule", str), ("line", int))
    new = record(
        "Finding",
        ("rule", str),
        ("note", str, dataclasses.field(default="none")),
        ("line", int, dataclasses.field(default=0)),
        ("tags", list[str], dataclasses.field(default_factory=list)),
    )
    for hook in ("echo", "echo_via_host"):
        assert call(new, old, new("r", "lost", 3, ["lost"]), hook) == new("r", "none", 3, [])
        assert call(list[new], list[old], [new("r", line=1)], hook) == [new("r", line=1)]


def test_fields_may_stand_in_another_order() -> None:
    old = record("Finding", ("line", int), ("rule", str))
    new = record("Finding", ("rule", str), ("line", int))
    assert call(new, old, new("r", 3)) == new("r", 3)


def test_a_new_field_without_default_fits_only_where_the_guest_receives() -> None:
    old, new = record("Finding", ("rule", str)), record("Finding", ("rule", str), ("line", int))
    assert mismatch(function(value=new), guest_view(function(value=old)), guest_is_callee=True) is None
    assert mismatch(function(new), guest_view(function(old)), guest_is_callee=True) == (
        "the result lacks field 'line' of finding, which has no default"
    )


def test_cases_that_the_guest_does_not_know_are_refused_only_when_they_occur() -> None:
    old, new = Literal["low", "high"], Literal["low", "middle", "high"]
    assert call(new, old, "high") == "high"
    with pytest.raises(OutdatedPluginError) as caught:
        call(new, old, "middle")
    assert caught.value.message == (
        "argument 'value'.value is 'middle', which this component does not know "
        "(it was built for an older contract)"
    )


@pytest.mark.parametrize(
    ("shape", "path"),
    [
        (lambda kind: list[kind], "[0]"),
        (lambda kind: tuple[int, kind], "[1]"),
        (lambda kind: dict[str, kind], "['k']"),
        (lambda kind: kind | None, ""),
        (lambda kind: record("Holder", ("line", kind)), ".line"),
        (lambda kind: record("Holder", ("line", kind)) | record("Other", ("x", int)), ".line"),
    ],
)
def test_an_unknown_case_is_found_inside_anything(shape: Any, path: str) -> None:
    old, new = shape(Literal["low"]), shape(Literal["low", "high"])

    def made(item: str) -> Any:
        holder = new if isinstance(new, type) else getattr(new, "__args__", (None,))[0]
        if path == ".line":
            return holder(item)
        return {"[0]": [item], "[1]": (1, item), "['k']": {"k": item}, "": item}[path]

    assert call(new, old, made("low")) == made("low")
    with pytest.raises(OutdatedPluginError) as caught:
        call(new, old, made("high"))
    assert f"argument 'value'.value{path} is 'high', which this component does not know" in str(caught.value)


def test_flags_that_the_guest_does_not_know() -> None:
    old = enum.Flag("Rights", ["READ", "WRITE"])
    new = enum.Flag("Rights", ["EXECUTE", "READ", "WRITE"])
    assert call(new, old, new.READ | new.WRITE) == new.READ | new.WRITE
    assert call(new, old, new(0)) == new(0)
    words = "has the flag 'execute', which this component does not know"
    with pytest.raises(OutdatedPluginError, match=words):
        call(new, old, new.READ | new.EXECUTE)


def test_members_of_a_union_that_the_guest_does_not_know() -> None:
    add, drop, move = (record(name, ("line", int)) for name in ("Add", "Drop", "Move"))
    assert call(add | move | drop, add | drop, drop(3)) == drop(3)
    with pytest.raises(OutdatedPluginError, match="value is a Move, which this component does not know"):
        call(add | move | drop, add | drop, move(3))


def test_a_host_function_that_answers_with_an_unknown_case_is_at_fault() -> None:
    old, new = wrap(Literal["low"]), wrap(Literal["low", "high"])
    interface = bounce_interface(new.cls)
    interface_type = type(interface)

    def bounce(self, call, value):
        return new("high")

    body = {
        "bounce": hyperhost.hostfunction(requires=CAPABILITY)(
            annotated(bounce, value=new.cls, **{"return": new.cls})
        )
    }
    changed = type("Changed", (interface_type,), body)()
    with hyperhost.Host("test", specs=[specs_for(new.cls)], interfaces=[changed]) as host:
        plugin = host.load(package(echo_component(old.type)), grants=[CAPABILITY])
        with pytest.raises(
            BadResultError, match=r"host function test:bounce/host@1.0.0 bounce: its answer.* 'high'"
        ):
            plugin.call("echo_via_host", value=new("low"))


def test_parameters_that_the_guest_lacks_stay_at_home() -> None:
    wrapped = wrap(int)

    class Specs:
        @hyperhost.hookspec
        def echo(self, fresh, value, newer): ...

    annotated(Specs.echo, fresh=str, value=wrapped.cls, newer=set[int], **{"return": wrapped.cls})
    with pytest.raises(hyperhost.errors.UnsupportedTypeError, match="newer"):
        hyperhost.Host("test", specs=[Specs])
    annotated(Specs.echo, fresh=str, value=wrapped.cls, newer=list[int], **{"return": wrapped.cls})
    interface = bounce_interface(wrapped.cls)
    with hyperhost.Host("test", specs=[Specs], interfaces=[interface]) as host:
        host.load(package(echo_component(wrapped.type)), grants=[CAPABILITY])
        assert host.hook.echo(fresh="x", value=wrapped(1), newer=[1]) == [wrapped(1)]


# --- mismatches ------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Point:
    x: int
    y: int = 0


@dataclass(frozen=True)
class Name:
    text: str


POINT3 = record("Point", ("x", int), ("z", int))
TEXT_POINT = record("Point", ("x", str))
RIGHTS, OTHER_RIGHTS = enum.Flag("Rights", ["READ"]), enum.Flag("Rights", ["WRITE"])


@pytest.mark.parametrize(
    ("host", "guest", "message"),
    [
        (int, str, "parameter 'value' is string, the contract says s64"),
        (int, U32, "parameter 'value' is u32, the contract says s64"),
        (float, int, "parameter 'value' is s64, the contract says f64"),
        (bytes, list[int], "parameter 'value'[…] is s64, the contract says u8"),
        (list[int], int, "parameter 'value' is s64, the contract says list<s64>"),
        (int, int | None, "parameter 'value' is option<s64>, the contract says s64"),
        (int | None, str | None, "parameter 'value' is string, the contract says s64"),
        (list[list[int]], list[list[str]], "parameter 'value'[…][…] is string, the contract says s64"),
        (tuple[int, str], tuple[int, int], "parameter 'value'[1] is s64, the contract says string"),
        (
            tuple[int, str],
            tuple[int, str, int],
            "parameter 'value' is tuple<s64, string, s64>, the contract says tuple<s64, string>",
        ),
        (dict[str, int], dict[str, U8], "parameter 'value'[…] is u8, the contract says s64"),
        (
            dict[str, int],
            list[int],
            "parameter 'value' is list<s64>, the contract says list<tuple<string, s64>>",
        ),
        (Point, TEXT_POINT, "parameter 'value'.x is string, the contract says s64"),
        (Point, POINT3, "parameter 'value' has a field 'z' that point of the contract lacks"),
        (Point, Literal["x"], "parameter 'value' is enum {x}, the contract says record {x: s64, y: s64}"),
        (
            Point | Name,
            Point,
            "parameter 'value' is record {x: s64, y: s64}, the contract says variant {point, name}",
        ),
        (
            Point | Name,
            TEXT_POINT | Name,
            "parameter 'value'.point.x is string, the contract says s64",
        ),
        (Literal["a"], Literal["b"], "parameter 'value' shares no case with the contract (which has a)"),
        (RIGHTS, OTHER_RIGHTS, "parameter 'value' shares no flag with the contract (which has read)"),
        (RIGHTS, Literal["read"], "parameter 'value' is enum {read}, the contract says flags {read}"),
    ],
    ids=str,
)
def test_a_mismatch_names_the_path_and_both_types(host: Any, guest: Any, message: str) -> None:
    for is_callee in (True, False):
        found = mismatch(function(value=host), guest_view(function(value=guest)), guest_is_callee=is_callee)
        assert found is not None
        if is_callee or "shares no" not in message:
            assert found == message
    result = mismatch(function(host), guest_view(function(guest)), guest_is_callee=False)
    assert result == message.replace("parameter 'value'", "the result")


@pytest.mark.parametrize("kind", [Literal["a", "b"], enum.Flag("Kinds", ["A", "B"])])
def test_a_case_that_the_contract_lacks_may_be_received_but_not_sent(kind: Any) -> None:
    host = Literal["a"] if kind == Literal["a", "b"] else enum.Flag("Kinds", ["A"])
    word = "case" if kind == Literal["a", "b"] else "flag"
    assert mismatch(function(value=host), guest_view(function(value=kind)), guest_is_callee=True) is None
    assert mismatch(function(host), guest_view(function(kind)), guest_is_callee=True) == (
        f"the result has a {word} 'b' that the contract lacks (it has a)"
    )
    assert mismatch(function(value=host), guest_view(function(value=kind)), guest_is_callee=False) == (
        f"parameter 'value' has a {word} 'b' that the contract lacks (it has a)"
    )


def test_a_parameter_that_the_contract_lacks() -> None:
    host, guest = function(path=str), guest_view(function(path=str, text=str))
    assert (
        mismatch(host, guest, guest_is_callee=True)
        == "parameter 'text' is not in the contract, which has path"
    )
    assert mismatch(function(), guest, guest_is_callee=True) == (
        "parameter 'path' is not in the contract, which has none"
    )


def test_a_missing_parameter_matters_only_to_host_functions() -> None:
    host, guest = function(path=str, text=str), guest_view(function(text=str))
    assert mismatch(host, guest, guest_is_callee=True) is None
    assert mismatch(host, guest, guest_is_callee=False) == "parameter 'path' is missing"


def test_a_result_where_there_should_be_none_and_the_other_way_round() -> None:
    assert mismatch(function(), guest_view(function(int)), guest_is_callee=True) == (
        "the result is s64, the contract says nothing"
    )
    assert mismatch(function(int), guest_view(function()), guest_is_callee=True) == (
        "the result is nothing, the contract says s64"
    )
    assert mismatch(function(), guest_view(function()), guest_is_callee=True) is None


def test_both_sides_of_a_result_are_compared() -> None:
    host = function(int, raises=RefusalError)
    assert mismatch(host, guest_view(host), guest_is_callee=True) is None
    assert mismatch(host, guest_view(function(int)), guest_is_callee=True) == (
        "the result is s64, the contract says result<s64, refusal>"
    )
    assert mismatch(host, guest_view(function(str, raises=RefusalError)), guest_is_callee=True) == (
        "the result (ok) is string, the contract says s64"
    )
    assert mismatch(host, guest_view(function(raises=RefusalError)), guest_is_callee=True) == (
        "the result (ok) is nothing, the contract says s64"
    )
    failing = dataclasses.replace(
        host, result=dataclasses.replace(host.result, err=function(v=str).parameters[0][2])
    )
    assert mismatch(host, guest_view(failing), guest_is_callee=True) == (
        "the result (err) is string, the contract says record {reason: string, rule: string}"
    )


def test_a_type_fits_itself_after_it_was_compiled() -> None:
    kinds = [Point, Point | Name, Literal["a", "b"], RIGHTS, dict[str, Point | None], tuple[bytes, list[U8]]]
    for kind in kinds:
        for is_callee in (True, False):
            same = function(kind, value=kind)
            assert mismatch(same, guest_view(same), guest_is_callee=is_callee) is None


def test_loading_shows_both_signatures_and_where_they_part() -> None:
    wrapped, other = wrap(int), wrap(str)
    interface = bounce_interface(other.cls)
    with hyperhost.Host("test", specs=[specs_for(wrapped.cls)], interfaces=[interface]) as host:
        with pytest.raises(SignatureMismatchError) as caught:
            host.load(package(echo_component(other.type)), grants=[CAPABILITY])
        assert caught.value.plugin == "guest"
        assert caught.value.hook == "echo"
        assert caught.value.message == (
            "exports echo with another type: parameter 'value'.value is string, the contract says s64"
        )
        assert "the hookspec says func(value: wrapper) -> wrapper" in caught.value.hint
        assert host.plugins == {}


def test_loading_shows_where_an_imported_function_differs() -> None:
    wrapped, other = wrap(int), wrap(str)
    interface = bounce_interface(other.cls)
    with hyperhost.Host("test", specs=[specs_for(wrapped.cls)], interfaces=[interface]) as host:
        with pytest.raises(SignatureMismatchError) as caught:
            host.load(package(echo_component(wrapped.type)), grants=[CAPABILITY])
        assert caught.value.message == (
            "imports test:bounce/host@1.0.0 bounce with another type: "
            "parameter 'value'.value is s64, the contract says string"
        )


# --- types that come from the component alone ----------------------------------------------------------


def test_generic_types_have_bytes_and_no_python_classes() -> None:
    kind = guest_view(function(value=tuple[bytes, list[Point], Point | Name, bytes | None])).parameters[0][2]
    made = generic(kind)
    ours = function(value=tuple[bytes, list[Point], Point | Name, bytes | None])
    assert mismatch(ours, Function((("value", "value", kind),), None), guest_is_callee=True) is None
    assert "is_bytes=True" in repr(made)
    assert "Point'" not in repr(made)


def test_a_host_function_imported_with_its_parameters_swapped_is_refused() -> None:
    text = Prim("string")
    host = Function((("key", "key", text), ("value", "value", text)), None)
    swapped = Function((("value", "value", text), ("key", "key", text)), None)
    assert (
        mismatch(host, swapped, guest_is_callee=False)
        == "the parameters come in another order than key, value"
    )
    assert mismatch(host, swapped, guest_is_callee=True) is None  # a hook's arguments go by name
