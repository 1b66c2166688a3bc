"""The published contract is what the Python source says, and no version takes back what an older one gave."""

from __future__ import annotations

import dataclasses
import json
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import pytest
from published import SDK, Contract, Interface, breaks, hooks_of, read, script, written

import hyperhost
from hyperhost.contracts import CONTRACT_VERSION
from hyperhost.errors import RefusalError
from hyperhost.hookspecs import KERNEL_SPECS
from hyperhost.hookspecs.markers import SPEC_ATTRIBUTE
from hyperhost.sandbox.interfaces import builtin_interfaces
from hyperhost.sandbox.types import function_from_python, kebab

WIT = SDK / "wit"
PARSE = "import sys; from componentize_py import script; sys.exit(script())"
VERSIONS = sorted(path.name for path in WIT.iterdir() if path.is_dir())


# --- what is published ------------------------------------------------------------------------------


def test_the_published_contract_is_that_of_the_python_source_and_breaks_no_older_one() -> None:
    assert script.problems() == [], "see docs/hooks.md, The published contract"


def test_the_command_says_the_same() -> None:
    command = [sys.executable, str(SDK / "contract.py"), "--check"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_every_hook_and_every_host_interface_is_in_it() -> None:
    contract = read((WIT / CONTRACT_VERSION / script.SUMMARY).read_text(encoding="utf-8"))
    hooks = [kebab(name) for spec in KERNEL_SPECS for name in vars(spec) if is_hook(vars(spec)[name])]
    assert list(contract.hooks) == hooks
    offered = {item.name.partition("@")[0]: set(item.functions()) for item in builtin_interfaces()}
    assert {name: set(item.functions) for name, item in contract.interfaces.items()} == offered


def is_hook(member: object) -> bool:
    return hasattr(member, SPEC_ATTRIBUTE)


@pytest.mark.parametrize("version", VERSIONS)
def test_the_data_is_read_back_as_it_was_written(version: str) -> None:
    text = (WIT / version / script.SUMMARY).read_text(encoding="utf-8")
    assert read(text).version == version
    assert written(read(text)) == text


@pytest.mark.parametrize("version", VERSIONS)
def test_every_wit_file_parses(version: str, tmp_path: Path) -> None:
    pytest.importorskip("componentize_py", reason="componentize-py, which parses WIT, is not installed")
    folder = WIT / version
    worlds = {path: path.stem for path in folder.glob("*.wit") if path.stem != "types"}
    assert len(worlds) == len(KERNEL_SPECS)
    # Parsing the folder parses all of its files; each world is resolved by itself.
    sources = {**dict.fromkeys(worlds.values(), folder), "imports": folder / "deps" / "host.wit"}
    for world, source in sources.items():
        options = ["-q", "-d", str(source), "-w", world, "bindings", str(tmp_path / world)]
        done = subprocess.run(
            [sys.executable, "-c", PARSE, *options],
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        assert done.returncode == 0, f"{world}: {done.stderr[:2000]}"
        assert (tmp_path / world / "wit_world").is_dir()


# --- raising the version --------------------------------------------------------------------------------


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """The published contract, to be changed."""
    return Path(shutil.copytree(WIT, tmp_path / "wit"))


def thaw(root: Path) -> None:
    """Let the current version change again."""
    digests = {
        version: digest for version, digest in script.frozen(root).items() if version != CONTRACT_VERSION
    }
    (root / script.FROZEN).write_text(json.dumps(digests), encoding="utf-8")


def today(version: str = CONTRACT_VERSION, **changes: Any) -> Contract:
    return dataclasses.replace(script.current(), version=version, **changes)


def next_minor() -> str:
    major, minor, _ = CONTRACT_VERSION.split(".")
    return f"{major}.{int(minor) + 1}.0"


class More:
    @hyperhost.hookspec
    def more_words(self, text: str) -> list[str]: ...


def grown(version: str) -> Contract:
    return today(version, hooks={**script.current().hooks, **hooks_of([More])})


def without(name: str, version: str) -> Contract:
    hooks = {key: hook for key, hook in script.current().hooks.items() if key != name}
    return today(version, hooks=hooks)


def test_a_hook_that_was_added_in_python_alone_is_found(root: Path) -> None:
    found = script.problems(root, grown(CONTRACT_VERSION))
    assert len(found) == 2
    assert all(f"{CONTRACT_VERSION}/" in line and "is not what Python says" in line for line in found)


def test_a_frozen_version_is_not_written_again(root: Path) -> None:
    script.write(root, freeze=True)
    before = script.on_disk(root)
    with pytest.raises(script.ContractError, match=r"is frozen.*raise CONTRACT_VERSION"):
        script.write(root, grown(CONTRACT_VERSION))
    assert script.on_disk(root) == before
    assert script.write(root) is False


def test_a_version_that_is_not_frozen_may_change(root: Path) -> None:
    thaw(root)
    contract = grown(CONTRACT_VERSION)
    assert script.write(root, contract) is True
    assert script.problems(root, contract) == []
    assert "more-words" in (root / CONTRACT_VERSION / script.SUMMARY).read_text(encoding="utf-8")


def test_a_new_minor_version_that_only_adds_stands_beside_the_old_one(root: Path) -> None:
    script.write(root, freeze=True)
    before = script.on_disk(root / CONTRACT_VERSION)
    contract = grown(next_minor())
    assert script.write(root, contract) is True
    assert script.problems(root, contract) == []
    assert script.on_disk(root / CONTRACT_VERSION) == before
    assert f"@{next_minor()};" in (root / next_minor() / "types.wit").read_text(encoding="utf-8")


def test_a_new_minor_version_that_removes_is_not_written(root: Path) -> None:
    script.write(root, freeze=True)
    before = script.on_disk(root)
    contract = without("storage-usage", next_minor())
    with pytest.raises(script.ContractError, match="hook storage-usage was removed"):
        script.write(root, contract)
    assert script.on_disk(root) == before
    assert not [path for path in root.iterdir() if path.name.startswith(".")]


def test_a_new_major_version_may_remove(root: Path) -> None:
    script.write(root, freeze=True)
    contract = without("storage-usage", "99.0.0")
    script.write(root, contract)
    assert script.problems(root, contract) == []


def test_an_old_version_that_was_edited_is_found(root: Path) -> None:
    script.write(root, freeze=True)
    script.write(root, grown(next_minor()))
    with (root / CONTRACT_VERSION / "deps" / "host.wit").open("a", encoding="utf-8") as file:
        file.write("\n")
    found = script.problems(root, grown(next_minor()))
    assert found == [f"{CONTRACT_VERSION} is frozen and was changed: restore it"]


def test_an_old_version_that_is_gone_is_found(root: Path) -> None:
    script.write(root, freeze=True)
    script.write(root, grown(next_minor()))
    shutil.rmtree(root / CONTRACT_VERSION)
    assert script.problems(root, grown(next_minor())) == [
        f"{CONTRACT_VERSION} is frozen and was changed: restore it"
    ]


def test_an_old_version_that_was_never_frozen_is_found(root: Path) -> None:
    thaw(root)
    script.write(root, grown(next_minor()))
    [found] = script.problems(root, grown(next_minor()))
    assert found.startswith(f"{CONTRACT_VERSION} is not the current version")


def test_a_version_newer_than_the_source_is_found(root: Path) -> None:
    script.write(root, grown(next_minor()))
    found = script.problems(root)
    assert f"{next_minor()} is newer than CONTRACT_VERSION, which is {CONTRACT_VERSION}" in found


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"contract": 1, "hooks": []}'])
def test_data_that_is_none_is_found(root: Path, text: str) -> None:
    (root / "0.9.0").mkdir()
    (root / "0.9.0" / script.SUMMARY).write_text(text, encoding="utf-8")
    assert any(line.startswith("0.9.0/contract.json cannot be read: ") for line in script.problems(root))


def test_a_folder_that_holds_another_version_is_found(root: Path) -> None:
    shutil.copytree(root / CONTRACT_VERSION, root / "0.9.0")
    assert f"0.9.0/contract.json is that of {CONTRACT_VERSION}" in script.problems(root)


def test_digests_tell_names_and_texts_apart() -> None:
    assert script.digest({"a": "b", "c": ""}) != script.digest({"a": "", "c": "b"})
    assert script.digest({"ab": "c"}) != script.digest({"a": "bc"})
    assert json.loads(json.dumps(script.digest({"b": "", "a": ""}))) == script.digest({"a": "", "b": ""})


# --- what breaks and what does not ------------------------------------------------------------------------


@dataclass(frozen=True)
class Note:
    text: str
    tags: dict[str, str]
    mark: str = ""


def record(*fields: Any) -> Any:
    return dataclasses.make_dataclass("Note", fields, frozen=True)


TEXT, TAGS = ("text", str), ("tags", dict[str, str])
MARK = ("mark", str, dataclasses.field(default=""))
MEMO = dataclasses.make_dataclass("Memo", [TEXT, TAGS, MARK], frozen=True)
NOTE_AND_MORE = record(TEXT, TAGS, MARK, ("line", int, dataclasses.field(default=0)))
Mode = Literal["add", "replace"]
Wider = Literal["add", "replace", "merge"]


def function(result: Any = None, /, *, raises: Any = None, **parameters: Any) -> Any:
    namespace: dict[str, Any] = {}
    exec(f"def work({', '.join(['self', *parameters])}): ...", namespace)
    namespace["work"].__annotations__ = {**parameters, "return": result}
    return function_from_python(namespace["work"], raises=raises)


def one_hook(version: str, work: Any, **options: Any) -> Contract:
    class Spec:
        work_hook = hyperhost.hookspec(**{"on_fault": "raise", **options})(lambda self: None)

    [hook] = hooks_of([Spec]).values()
    return Contract(version, {"work": dataclasses.replace(hook, function=work)}, {})


def one_interface(version: str, work: Any, capabilities: tuple[str, ...] = ("log",)) -> Contract:
    return Contract(version, {}, {"acme:x/y": Interface({"work": work}, capabilities)})


HOOK_CASES: list[tuple[str, Any, Any, str]] = [
    ("a parameter", function(a=str), function(b=int, a=str), ""),
    ("a field with a default", function(Note, n=Note), function(NOTE_AND_MORE, n=NOTE_AND_MORE), ""),
    ("a case that plugins send", function(Mode), function(Wider), ""),
    ("parameters in another order", function(a=str, b=int), function(b=int, a=str), ""),
    ("a parameter less", function(a=str, b=int), function(a=str), "parameter 'b' is not in the contract"),
    ("another type", function(a=str), function(a=int), "parameter 'a' is string, the contract says s64"),
    ("another result", function(str), function(int), "the result is string"),
    ("a result less", function(str), function(), "the contract says nothing"),
    ("a refusal", function(str), function(str, raises=RefusalError), "the contract says result<"),
    ("a case that plugins receive", function(mode=Mode), function(mode=Wider), "case merge was added"),
    ("a case less to send", function(Wider), function(Mode), "a case 'merge' that the contract lacks"),
    ("a case less to receive", function(mode=Wider), function(mode=Mode), "case merge was removed"),
    ("a field less", function(n=Note), function(n=record(TEXT, TAGS)), "a field 'mark'"),
    (
        "a field without a default",
        function(n=record(TEXT)),
        function(n=record(TEXT, TAGS)),
        "record note: field tags was added without a default",
    ),
    (
        "a field in between",
        function(list[Note]),
        function(list[record(TEXT, TAGS, ("line", int, dataclasses.field(default=0)), MARK)]),
        "its fields changed order; a new field comes last",
    ),
    (
        "a default less",
        function(n=Note),
        function(n=record(TEXT, TAGS, ("mark", str))),
        "record note: field mark lost its default",
    ),
    (
        "pairs instead of a dict",
        function(a=dict[str, int]),
        function(a=list[tuple[str, int]]),
        "what was map is list: list<tuple<string, s64>>",
    ),
    ("another name", function(n=Note), function(n=MEMO), "type note of the hooks was removed or renamed"),
]


@pytest.mark.parametrize(
    ("old", "new", "words"), [case[1:] for case in HOOK_CASES], ids=[c[0] for c in HOOK_CASES]
)
def test_a_hook_that_changed_in(old: Any, new: Any, words: str) -> None:
    told(breaks(one_hook("1.0.0", old), one_hook("1.1.0", new)), words)
    assert breaks(one_hook("1.0.0", old), one_hook("2.0.0", new)) == []


INTERFACE_CASES: list[tuple[str, Any, Any, str]] = [
    ("a case that plugins send", function(mode=Mode), function(mode=Wider), ""),
    ("a field of the answer", function(Note), function(NOTE_AND_MORE), ""),
    ("a field with a default", function(n=Note), function(n=NOTE_AND_MORE), ""),
    ("a parameter", function(a=str), function(a=str, b=int), "parameter 'b' is missing"),
    ("the order of parameters", function(a=str, b=str), function(b=str, a=str), "another order"),
    ("a case that plugins receive", function(Mode), function(Wider), "case merge was added"),
    (
        "a field without a default",
        function(n=record(TEXT)),
        function(n=record(TEXT, TAGS)),
        "lacks field 'tags'",
    ),
]


@pytest.mark.parametrize(
    ("old", "new", "words"), [case[1:] for case in INTERFACE_CASES], ids=[c[0] for c in INTERFACE_CASES]
)
def test_a_host_function_that_changed_in(old: Any, new: Any, words: str) -> None:
    told(breaks(one_interface("1.0.0", old), one_interface("1.1.0", new)), words)
    assert breaks(one_interface("1.0.0", old), one_interface("2.0.0", new)) == []


def told(found: list[str], words: str) -> None:
    if words:
        assert len(found) >= 1
        assert words in found[0]
    else:
        assert found == []


def test_hooks_functions_and_interfaces_that_are_gone() -> None:
    nothing = Contract("1.1.0", {}, {})
    empty = Contract("1.1.0", {}, {"acme:x/y": Interface({}, ("log",))})
    assert breaks(one_hook("1.0.0", function()), nothing) == ["hook work was removed"]
    old = one_interface("1.0.0", function())
    assert breaks(old, nothing) == ["host interface acme:x/y was removed"]
    assert breaks(old, empty) == ["host interface acme:x/y: function work was removed"]


@pytest.mark.parametrize(
    ("option", "before", "after"),
    [
        ("on_fault", "skip", "raise"),
        ("firstresult", False, True),
        ("historic", False, True),
        ("service", None, "storage"),
    ],
)
def test_a_hook_that_promises_something_else(option: str, before: Any, after: Any) -> None:
    old = one_hook("1.0.0", function(), **{option: before})
    new = one_hook("1.1.0", function(), **{option: after})
    assert breaks(old, new) == [f"hook work: {option} was {before!r} and is {after!r}"]


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        (("log",), ("log", "kv"), ""),
        (("log",), (), ""),
        (("log", "kv"), ("log",), "needed the capability log or kv and needs log"),
        ((), ("log",), "needed no capability and needs log"),
    ],
)
def test_an_interface_that_asks_for_another_capability(
    before: tuple[str, ...], after: tuple[str, ...], words: str
) -> None:
    told(breaks(one_interface("1.0.0", function(), before), one_interface("1.1.0", function(), after)), words)


def test_an_addition_needs_a_new_minor_version() -> None:
    new = function(a=str, b=str)
    assert breaks(one_hook("1.0.0", new), one_hook("1.0.1", new)) == []
    assert breaks(one_hook("1.0.0", function(a=str)), one_hook("1.0.1", new)) == [
        "something was added, which needs a new minor version"
    ]
