"""What crosses into WIT and what is refused, in which words."""

from __future__ import annotations

import dataclasses
import enum
import typing
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal, Optional

import pytest
from echo_components import annotated

import hyperhost
from hyperhost.contracts.types import F32, S8, S16, S32, S64, U8, U16, U32, U64
from hyperhost.errors import RefusalError, UnsupportedTypeError
from hyperhost.sandbox.types import (
    BYTES,
    REFUSAL,
    Enum,
    Field,
    Flags,
    Function,
    List,
    Map,
    Prim,
    Record,
    Result,
    Variant,
    function_from_python,
    kebab,
    type_from_python,
)
from hyperhost.sandbox.wit import show


@dataclass(frozen=True)
class Point:
    x: int
    label: str = ""


@dataclass(frozen=True)
class Line:
    start: Point
    points: list[Point] = field(default_factory=list)


class Color(enum.Enum):
    RED = 1
    DARK_GREEN = "g"
    CRIMSON = 1  # noqa: PIE796 - an alias of RED, which is no case of its own


class Rights(enum.Flag):
    NONE = 0
    READ = 1
    WRITE_ALL = 2
    BOTH = 3


@dataclass(frozen=True)
class Node:
    children: list[Node]


@dataclass(frozen=True)
class Even:
    odd: Odd | None


@dataclass(frozen=True)
class Odd:
    even: list[Even]


@dataclass
class Thawed:
    x: int


@dataclass(frozen=True)
class Empty:
    pass


@dataclass(frozen=True)
class Clash:
    line_number: int
    lineNumber: int


@dataclass(frozen=True)
class Dangling:
    fine: int
    other: Nowhere  # noqa: F821 - the point of it


def refused(annotation: Any) -> UnsupportedTypeError:
    """The error for a hook whose parameter ``value`` has this type."""

    def check(self, value): ...

    with pytest.raises(UnsupportedTypeError) as caught:
        function_from_python(annotated(check, value=annotation), where="hook 'check'")
    return caught.value


# --- what crosses -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("annotation", "wit"),
    [
        (bool, "bool"),
        (str, "string"),
        (float, "f64"),
        (int, "s64"),
        (bytes, "list<u8>"),
        (F32, "f32"),
        (U8, "u8"),
        (U16, "u16"),
        (U32, "u32"),
        (U64, "u64"),
        (S8, "s8"),
        (S16, "s16"),
        (S32, "s32"),
        (S64, "s64"),
        (Annotated[str, "char"], "char"),
        (Annotated[str, "any other note"], "string"),
        (list[U8], "list<u8>"),
        (list[list[str]], "list<list<string>>"),
        (typing.List[int], "list<s64>"),  # noqa: UP006 - the old spelling crosses too
        (tuple[int, str], "tuple<s64, string>"),
        (dict[str, bool], "list<tuple<string, bool>>"),
        (int | None, "option<s64>"),
        (Optional[U32], "option<u32>"),  # noqa: UP045 - the same
        (list[int] | None, "option<list<s64>>"),
        (Point, "point"),
        (Color, "color"),
        (Rights, "rights"),
        (Literal["a", "b"], "value"),
        (Point | Line, "point-or-line"),
        (Point | Line | None, "option<point-or-line>"),
    ],
    ids=str,
)
def test_a_row_of_the_table(annotation: Any, wit: str) -> None:
    assert show(type_from_python(annotation, "x")) == wit


def test_bytes_are_told_from_a_list_of_numbers() -> None:
    assert type_from_python(bytes, "x") == BYTES
    assert type_from_python(list[U8], "x") == List(Prim("u8"), is_bytes=False)


def test_records_keep_their_class_and_know_which_fields_have_defaults() -> None:
    point = Record(
        "point", (Field("x", "x", Prim("s64")), Field("label", "label", Prim("string"), True)), Point
    )
    assert type_from_python(Point, "x") == point
    line = type_from_python(Line, "x")
    assert line == Record(
        "line", (Field("start", "start", point), Field("points", "points", List(point), True)), Line
    )


def test_fields_that_the_constructor_does_not_take_stay_at_home() -> None:
    cls = dataclasses.make_dataclass(
        "Sized", [("x", int), ("size", int, field(init=False, default=0))], frozen=True
    )
    kind = type_from_python(cls, "x")
    assert isinstance(kind, Record)
    assert [item.name for item in kind.fields] == ["x"]


def test_enums_leave_out_aliases_and_flags_leave_out_zero_and_combinations() -> None:
    color = type_from_python(Color, "x")
    assert color == Enum("color", ("red", "dark-green"), (Color.RED, Color.DARK_GREEN), Color)
    rights = type_from_python(Rights, "x")
    assert rights == Flags("rights", ("read", "write-all"), (Rights.READ, Rights.WRITE_ALL), Rights)


def test_a_literal_is_named_after_its_parameter_or_its_field() -> None:
    def scan(self, mode: Literal["fast", "very_slow"]) -> Literal["yes"]: ...

    function = function_from_python(scan)
    (_, _, mode), result = function.parameters[0], function.result
    assert isinstance(mode, Enum)
    assert (mode.name, mode.cases, mode.values) == ("mode", ("fast", "very-slow"), ("fast", "very_slow"))
    assert isinstance(result, Enum)
    assert result.name == "scan-result"
    cls = dataclasses.make_dataclass("Finding", [("severity", Literal["low"])], frozen=True)
    kind = type_from_python(cls, "x")
    assert isinstance(kind, Record)
    assert show(kind.fields[0].type) == "finding-severity"


def test_a_union_of_dataclasses_is_a_variant_in_the_order_written() -> None:
    kind = type_from_python(Line | Point, "x")
    assert isinstance(kind, Variant)
    assert [(name, cls) for name, _, cls in kind.cases] == [("line", Line), ("point", Point)]


def test_a_function_has_kebab_names_and_keyword_only_parameters() -> None:
    def check_text(self, file_path: str, *, maxLines: U32) -> dict[str, int]: ...

    assert function_from_python(check_text) == Function(
        (("file_path", "file-path", Prim("string")), ("maxLines", "max-lines", Prim("u32"))), Map(Prim("s64"))
    )


def test_no_result_and_none_are_the_same() -> None:
    def silent(self): ...
    def said(self) -> None: ...

    assert function_from_python(silent) == function_from_python(said) == Function((), None)


def test_raises_makes_a_result_whose_error_is_the_refusal() -> None:
    def decide(self) -> int: ...

    assert function_from_python(decide, raises=RefusalError).result == Result(Prim("s64"), REFUSAL)

    def gate(self): ...

    assert function_from_python(gate, raises=RefusalError).result == Result(None, REFUSAL)
    assert function_from_python(gate, error=str).result == Result(None, Prim("string"))


def test_raises_must_be_a_refusal() -> None:
    def decide(self) -> int: ...

    with pytest.raises(
        UnsupportedTypeError, match=r"decide documents raises=ValueError \(derive it from"
    ) as caught:
        function_from_python(decide, raises=ValueError)
    assert "hyperhost.errors.RefusalError" in caught.value.hint


@pytest.mark.parametrize(
    "word", ["type", "list", "use", "record", "func", "string", "option", "world", "result"]
)
def test_names_that_wit_keeps_for_itself_are_allowed(word: str) -> None:
    cls = dataclasses.make_dataclass(word.title(), [(word, int)], frozen=True)
    kind = type_from_python(cls, "x")
    assert isinstance(kind, Record)
    assert show(kind) == f"%{word}"
    assert kind.fields[0].name == word


@pytest.mark.parametrize(
    ("python", "wit"),
    [
        ("check_text", "check-text"),
        ("CheckText", "check-text"),
        ("HTTPServer", "http-server"),
        ("x_1", "x1"),
        ("sha256", "sha256"),
        ("_private", "private"),
        ("A", "a"),
        ("RED", "red"),
    ],
)
def test_kebab(python: str, wit: str) -> None:
    assert kebab(python) == wit


# --- what does not -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("annotation", "shown", "nearest"),
    [
        (set[int], "set[int]", "list[T]"),
        (frozenset[str], "frozenset[str]", "list[T]"),
        (set, "set", "list[T]"),
        (dict, "dict", "dict[str, T]"),
        (dict[int, str], "dict[int, str]", "dict[str, T]"),
        (list, "list", "list[T]"),
        (tuple, "tuple", "tuple[A, B] with every element named"),
        (tuple[int, ...], "tuple[int, ...]", "tuple[A, B] with every element named"),
        (Any, "Any", "a frozen dataclass, or str holding JSON"),
        (object, "object", "a frozen dataclass"),
        (bytearray, "bytearray", "bytes"),
        (memoryview, "memoryview", "bytes"),
        (complex, "complex", "tuple[float, float]"),
        (None, "NoneType", "only a result may be None"),
        (Literal[1, 2], "typing.Literal[1, 2]", "Literal[...] of str, or an Enum"),
        (Literal["a", 1], "typing.Literal['a', 1]", "Literal[...] of str, or an Enum"),
        (typing.Callable[[], int], "typing.Callable[[], int]", "a frozen dataclass"),
        (type, "type", "a frozen dataclass"),
        (hyperhost.Limits.__mro__[-1], "object", "a frozen dataclass"),
    ],
    ids=str,
)
def test_what_does_not_cross_is_refused_with_the_nearest_type(
    annotation: Any, shown: str, nearest: str
) -> None:
    error = refused(annotation)
    assert error.message.startswith("parameter 'value' of hook 'check' has type ")
    assert shown in error.message
    assert error.message.endswith(", which does not cross into WIT")
    assert nearest in error.hint


@pytest.mark.parametrize(
    "outer", [lambda kind: list[kind], lambda kind: dict[str, kind], lambda kind: kind | None]
)
def test_what_does_not_cross_is_found_inside_containers(outer: Any) -> None:
    assert "parameter 'value' of hook 'check' has type set[int]" in refused(outer(set[int])).message


def test_a_field_is_named_together_with_its_parameter() -> None:
    cls = dataclasses.make_dataclass("Bag", [("items", set[str])], frozen=True)
    error = refused(list[cls])  # type: ignore[valid-type]
    assert error.message.startswith(
        "field 'items' of Bag (parameter 'value' of hook 'check') has type set[str]"
    )


@pytest.mark.parametrize(
    "annotation", [int | str, int | str | None, Point | str, Color | Point, list[int] | dict]
)
def test_unions_are_of_dataclasses_only(annotation: Any) -> None:
    error = refused(annotation)
    assert (
        error.message == "parameter 'value' of hook 'check' is a union of types that are not all dataclasses"
    )
    assert error.hint == "wrap each in a frozen dataclass"


def test_a_dataclass_that_is_not_frozen() -> None:
    error = refused(Thawed)
    assert error.message == "parameter 'value' of hook 'check' uses dataclass Thawed, which is not frozen"
    assert "frozen=True" in error.hint


@pytest.mark.parametrize(("annotation", "name"), [(Node, "Node"), (Even, "Even"), (list[Odd], "Odd")])
def test_recursion_is_refused_directly_and_in_a_circle(annotation: Any, name: str) -> None:
    error = refused(annotation)
    assert f"uses dataclass {name}, which contains itself" in error.message
    assert "parameter 'value' of hook 'check'" in error.message
    assert "by index" in error.hint


def test_the_same_dataclass_twice_is_no_recursion() -> None:
    assert show(type_from_python(tuple[Point, list[Point]], "x")) == "tuple<point, list<point>>"


def test_an_empty_dataclass() -> None:
    error = refused(Empty)
    assert error.message == "parameter 'value' of hook 'check' uses dataclass Empty, which has no fields"
    assert error.hint == "use a Literal or an Enum instead"


def test_an_enum_and_a_flag_without_members() -> None:
    assert "nothing has no cases" in refused(enum.Enum("Nothing", [])).message
    assert "nothing has no cases" in refused(enum.Flag("Nothing", [])).message


def test_more_flags_than_a_component_carries() -> None:
    assert isinstance(type_from_python(enum.Flag("Bits", [f"B{i}" for i in range(32)]), "x"), Flags)
    error = refused(enum.Flag("Bits", [f"B{i}" for i in range(33)]))
    assert (
        error.message == "parameter 'value' of hook 'check' uses Bits with 33 flags, and components carry 32"
    )
    assert error.hint == "split it in two"


def test_star_parameters() -> None:
    def many(self, *paths: str): ...
    def named(self, **options: str): ...

    for function in (many, named):
        with pytest.raises(
            UnsupportedTypeError, match=r"takes \* or \*\* parameters \(name and annotate each one\)"
        ):
            function_from_python(function)


def test_a_parameter_without_annotation() -> None:
    def check(self, path: str, text): ...

    with pytest.raises(
        UnsupportedTypeError, match=r"parameter 'text' of hook 'check' has no annotation"
    ) as caught:
        function_from_python(check, where="hook 'check'")
    assert "annotate it" in caught.value.hint


def test_a_forward_reference_that_leads_nowhere_names_its_parameter() -> None:
    def check(self, path: str, text: Missing): ...  # noqa: F821 - the point of it

    with pytest.raises(UnsupportedTypeError) as caught:
        function_from_python(check, where="hook 'check'")
    assert caught.value.message == (
        "parameter 'text' of hook 'check' has type Missing, "
        "which cannot be resolved: name 'Missing' is not defined"
    )
    assert caught.value.hint == "define or import the type at the top level of the module"


def test_a_forward_reference_that_leads_nowhere_names_the_result() -> None:
    def check(self, path: str) -> list[Missing]: ...  # noqa: F821 - the point of it

    with pytest.raises(UnsupportedTypeError, match=r"the result of hook 'check' has type list\[Missing\]"):
        function_from_python(check, where="hook 'check'")


def test_a_forward_reference_that_leads_nowhere_names_the_field() -> None:
    error = refused(Dangling)
    assert error.message == (
        "field 'other' of Dangling (parameter 'value' of hook 'check') has type Nowhere, "
        "which cannot be resolved: name 'Nowhere' is not defined"
    )


def test_names_that_are_one_in_wit() -> None:
    assert refused(Clash).message == (
        "parameter 'value' of hook 'check': two names of clash are both 'line-number' once spelled in WIT"
    )
    assert "are both 'a-b'" in refused(Literal["a-b", "a_b"]).message
    assert "are both 'red'" in refused(enum.Enum("Shade", ["RED", "red"])).message
    one = dataclasses.make_dataclass("Point", [("y", int)], frozen=True)
    assert "two names of point-or-point are both 'point'" in refused(Point | one).message

    def check(self, a_b: int, aB: int): ...

    with pytest.raises(
        UnsupportedTypeError, match=r"two parameters of hook 'check' are both 'a-b' once spelled"
    ):
        function_from_python(check, where="hook 'check'")


@pytest.mark.parametrize(
    ("annotation", "name"),
    [
        (Literal["1st"], "1st"),
        (Literal[""], ""),
        (Literal["é"], ""),
        (Literal["日本"], ""),
    ],
    ids=str,
)
def test_names_that_wit_cannot_spell(annotation: Any, name: str) -> None:
    error = refused(annotation)
    assert "parameter 'value' of hook 'check'" in error.message
    assert f"{name!r} cannot be spelled in WIT" in error.message


@pytest.mark.parametrize("name", ["_", "__"])
def test_a_parameter_that_wit_cannot_spell(name: str) -> None:
    namespace: dict[str, Any] = {}
    exec(f"def check(self, {name}: int): ...", namespace)
    with pytest.raises(UnsupportedTypeError, match="cannot be spelled in WIT"):
        function_from_python(namespace["check"])


def test_a_host_refuses_such_a_hook_when_it_is_declared_and_keeps_nothing_of_it() -> None:
    class Bad:
        @hyperhost.hookspec
        def fine(self, path: str) -> None: ...

        @hyperhost.hookspec
        def check(self, path: str, seen: set[str]) -> None: ...

    with hyperhost.Host("test", specs=[]) as host:
        with pytest.raises(UnsupportedTypeError, match="parameter 'seen' of hook 'check' has type set"):
            host.add_specs(Bad)
        assert host.hooks() == {}
        assert not hasattr(host.hook, "fine")
