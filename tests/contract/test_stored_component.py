"""A component built against contract 1.0.0 keeps working when 1.1 adds hooks, parameters and fields."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, Literal

import pytest
import wasmtime
import wasmtime.component
from published import SDK, Contract, breaks, hooks_of, interface_of, read

import hyperhost
from hyperhost import contracts
from hyperhost.errors import LinkError, RefusalError
from hyperhost.hookspecs import KERNEL_SPECS
from hyperhost.sandbox.compat import mismatch
from hyperhost.sandbox.guest_types import TypeReader, exported_functions, imports
from hyperhost.sandbox.interface import HostInterface, hostfunction
from hyperhost.sandbox.interfaces.log import LogInterface
from hyperhost.sandbox.services import MemoryLog, Services

STORED = Path(__file__).parent / "stored" / "plugin_1_0.wat"
FIRST = read((SDK / "wit" / "1.0.0" / "contract.json").read_text(encoding="utf-8"))
HOOKS = ("search-rerank", "command-run")


# --- a contract 1.1 -------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class SearchSort(contracts.SearchSort):
    missing_last: bool = True


@dataclass(frozen=True, slots=True)
class SearchRequest(contracts.SearchRequest):
    sort: list[SearchSort] = field(default_factory=list)  # type: ignore[assignment]
    language: str = "en"


@dataclass(frozen=True, slots=True)
class SearchHit(contracts.SearchHit):
    previous_rank: int | None = None


@dataclass(frozen=True, slots=True)
class RankAdjustment(contracts.RankAdjustment):
    mode: Literal["add", "multiply"] = "add"


@dataclass(frozen=True, slots=True)
class CommandOutcome(contracts.CommandOutcome):
    links: list[str] = field(default_factory=list)


class Grown:
    @hyperhost.hookspec(on_fault="skip")
    def search_rerank(
        self, actor: str, request: SearchRequest, hits: list[SearchHit]
    ) -> list[RankAdjustment]: ...

    @hyperhost.hookspec(firstresult=True, raises=RefusalError)
    def command_run(self, name: str, args: dict[str, str], dry_run: bool) -> CommandOutcome | None: ...

    @hyperhost.hookspec
    def search_suggest(self, prefix: str) -> list[str]: ...


class GrownLog(LogInterface):
    name: ClassVar[str] = "hyperhost:host/log@1.1.0"

    @hostfunction(requires="log")
    def write(
        self,
        call: hyperhost.Call,
        level: Literal["trace", "debug", "info", "warning", "error"],
        message: str,
    ) -> None:
        call.services.log.write(call.plugin, call.hook, level, message)

    @hostfunction(requires="log")
    def flush(self, call: hyperhost.Call) -> None: ...


class OtherLog(GrownLog):
    name: ClassVar[str] = "hyperhost:host/log@2.0.0"


def part(*, log: HostInterface | None = None, specs: Any = Grown, version: str = "1.1.0") -> Contract:
    """The part of a contract that the stored component meets."""
    return Contract(version, hooks_of([specs]), {"hyperhost:host/log": interface_of(log or GrownLog())})


# --- what the stored component is ---------------------------------------------------------------------


def component(text: str | None = None) -> bytes:
    return bytes(wasmtime.wat2wasm(text or STORED.read_text(encoding="utf-8")))


def test_the_stored_component_has_exactly_the_types_of_contract_1_0_0() -> None:
    engine = wasmtime.Engine()
    stored = wasmtime.component.Component(engine, component())
    exported = exported_functions(stored, engine)
    assert set(exported) == set(HOOKS)
    for name, kind in exported.items():
        guest = TypeReader().function(kind)
        function = FIRST.hooks[name].function
        assert mismatch(function, guest, guest_is_callee=True) is None
        assert [p for _, p, _ in guest.parameters] == [p for _, p, _ in function.parameters]
    needed = [item for item in imports(stored, engine)[0] if item.functions]
    assert [item.name for item in needed] == ["hyperhost:host/log@1.0.0"]
    write = FIRST.interfaces["hyperhost:host/log"].functions["write"]
    assert mismatch(write, needed[0].functions["write"], guest_is_callee=False) is None
    stored.close()
    engine.close()


def test_the_contract_1_1_of_this_test_only_adds() -> None:
    old = dataclasses.replace(
        FIRST,
        hooks={name: FIRST.hooks[name] for name in HOOKS},
        interfaces={"hyperhost:host/log": FIRST.interfaces["hyperhost:host/log"]},
    )
    assert breaks(old, part()) == []
    assert "search-suggest" in part().hooks
    assert breaks(old, part(version="1.0.1")) == ["something was added, which needs a new minor version"]


# --- hooks ------------------------------------------------------------------------------------------------


@contextmanager
def hosted(specs: list[Any], log: HostInterface | None = None) -> Iterator[tuple[hyperhost.Host, MemoryLog]]:
    lines = MemoryLog()
    with hyperhost.Host("test", specs=specs, services=Services(log=lines)) as host:
        if log is not None:
            others = [each for each in host.sandbox.interfaces if not isinstance(each, LogInterface)]
            host.sandbox.interfaces = [log, *others]
        yield host, lines


def load(host: hyperhost.Host, path: Path, text: str | None = None) -> hyperhost.Plugin:
    path.write_bytes(component(text))
    return host.load(path, grants=["log"], id="stored")


def test_it_works_with_the_contract_of_today(tmp_path: Path) -> None:
    with hosted(list(KERNEL_SPECS)) as (host, lines):
        load(host, tmp_path / "stored.wasm")
        request = contracts.SearchRequest("auth", sort=[contracts.SearchSort("rating")], size=5)
        hits = [contracts.SearchHit("a1", 2.5), contracts.SearchHit("a2", -1.0)]
        [found] = host.hook.search_rerank(request=request, hits=hits)
        assert [(item.artifact_id, item.boost, item.reason) for item in found] == [
            ("a1", 2.5, "auth"),
            ("a2", -1.0, "auth"),
        ]
        with pytest.raises(RefusalError) as caught:
            host.hook.command_run(name="greet", args={"to": "you"})
        assert (caught.value.reason, caught.value.rule) == ("greet", "closed")
        assert [(line.level, line.message) for line in lines.records()] == [("info", "auth")]


@pytest.mark.parametrize("log", [None, GrownLog()], ids=["the log of today", "a log that grew"])
def test_it_works_with_a_contract_that_grew(tmp_path: Path, log: HostInterface | None) -> None:
    with hosted([Grown], log) as (host, lines):
        plugin = load(host, tmp_path / "stored.wasm")
        request = SearchRequest("auth", sort=[SearchSort("rating", missing_last=False)], language="de")
        hits = [SearchHit("a1", 2.5, previous_rank=7), SearchHit("a2", -1.0)]
        [found] = host.hook.search_rerank(actor="alice", request=request, hits=hits)
        assert found == [
            RankAdjustment("a1", 2.5, "auth", mode="add"),
            RankAdjustment("a2", -1.0, "auth", mode="add"),
        ]
        with pytest.raises(RefusalError) as caught:
            host.hook.command_run(name="greet", args={"to": "you"}, dry_run=True)
        assert (caught.value.reason, caught.value.rule) == ("greet", "closed")
        assert host.hook.search_suggest(prefix="a") == []
        assert set(plugin.hooks) == {"search_rerank", "command_run"}
        assert [(line.level, line.message) for line in lines.records()] == [("info", "auth")]
        assert host.faults == ()


# --- host interfaces ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("wanted", ["1.1.0", "1.1.7", "1.0.3"])
def test_a_host_at_1_1_serves_an_import_of_1_1_or_1_0(tmp_path: Path, wanted: str) -> None:
    text = STORED.read_text(encoding="utf-8").replace("host/log@1.0.0", f"host/log@{wanted}")
    with hosted([Grown], GrownLog()) as (host, _):
        assert load(host, tmp_path / "stored.wasm", text).state == "active"


@pytest.mark.parametrize(
    ("offered", "wanted"),
    [(GrownLog(), "2.0.0"), (GrownLog(), "1.2.0"), (OtherLog(), "1.0.0")],
    ids=["a later major", "a later minor", "an earlier major"],
)
def test_a_host_refuses_an_import_of_a_version_it_does_not_serve(
    tmp_path: Path, offered: HostInterface, wanted: str
) -> None:
    text = STORED.read_text(encoding="utf-8").replace("host/log@1.0.0", f"host/log@{wanted}")
    has = offered.name.partition("@")[2]
    with hosted([Grown], offered) as (host, _):
        with pytest.raises(LinkError) as caught:
            load(host, tmp_path / "stored.wasm", text)
        assert caught.value.plugin == "stored"
        assert caught.value.message == (
            f"imports hyperhost:host/log@{wanted}, which this host does not offer: it has version {has}"
        )
        assert caught.value.hint == (
            f"did it mean {offered.name}? Build it for that version, or run it in a host that offers {wanted}"
        )
        assert "stored" not in host.plugins
