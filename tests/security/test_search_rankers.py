"""Components that rank: what they may do, and what is refused while the search goes on."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import wasmtime
from search_hosts import Searchable, searchable
from small_components import write_plugin

from hyperhost import Limits

NAN, HUGE = "(f64.const nan)", "(f64.const inf)"
STORE = "(i64.store (local.get $next) {id}) (f64.store offset=8 (local.get $next) {boost})"
OWN = "(i64.load (local.get $hit))"
FIRST = "(i64.load (local.get $first))"
INVENTED = "(i64.const 0x0000000800000040)"  # eight bytes at 64
LOWER = "(f64.neg (f64.load offset=8 (local.get $hit)))"


def ranker(identity: str = OWN, boost: str = LOWER, *, before: str = "", keep: str = "") -> bytes:
    """A component that says of each hit by how much it moves.

    Args:
        identity: Address and length of the id, as one number.
        boost: By how much.
        before: Code that comes first.
        keep: Code that says how many of the hits it speaks of; all by default.
    """
    text = f"""
(component
  (import "hyperhost:plugins/types@1.0.0" (instance $types
    (type $sort' (record (field "key" string) (field "descending" bool)))
    (export "search-sort" (type $sort (eq $sort')))
    (type $mode' (enum "keyword" "semantic" "hybrid"))
    (export "search-mode" (type $mode (eq $mode')))
    (type $request' (record
      (field "query" string) (field "filter" string) (field "sort" (list $sort))
      (field "facets" (list string)) (field "size" u32) (field "token" string)
      (field "highlight" bool) (field "explain" bool) (field "mode" $mode)))
    (export "search-request" (type $request (eq $request')))
    (type $highlight' (record
      (field "field-name" string) (field "text" string) (field "start" u32) (field "end" u32)))
    (export "highlight" (type $highlight (eq $highlight')))
    (type $hit' (record
      (field "artifact-id" string) (field "score" f64) (field "highlights" (list $highlight))
      (field "explanation" string)))
    (export "search-hit" (type $hit (eq $hit')))
    (type $adjustment' (record
      (field "artifact-id" string) (field "boost" f64) (field "reason" string)))
    (export "rank-adjustment" (type $adjustment (eq $adjustment')))))
  (alias export $types "search-request" (type $request))
  (alias export $types "search-hit" (type $hit))
  (alias export $types "rank-adjustment" (type $adjustment))
  (core module $main
    (memory (export "memory") 4)
    (data (i32.const 64) "invented")
    (data (i32.const 80) "upside down")
    (global $heap (mut i32) (i32.const 4096))
    (func $realloc (export "realloc") (param i32 i32 i32) (param $size i32) (result i32)
      (local $start i32)
      (local.set $start (global.get $heap))
      (global.set $heap
        (i32.and (i32.add (i32.add (local.get $start) (local.get $size)) (i32.const 7)) (i32.const -8)))
      (local.get $start))
    (func (export "free") (param i32) (global.set $heap (i32.const 4096)))
    (func (export "search-rerank")
      (param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32)
      (param $hit i32) (param $count i32) (result i32)
      (local $made i32) (local $next i32) (local $left i32) (local $first i32)
      {before}
      {keep}
      (local.set $made
        (call $realloc (i32.const 0) (i32.const 0) (i32.const 8) (i32.mul (local.get $count) (i32.const 24))))
      (local.set $next (local.get $made))
      (local.set $first (local.get $hit))
      (local.set $left (local.get $count))
      (block $done
        (loop $more
          (br_if $done (i32.eqz (local.get $left)))
          {STORE.format(id=identity, boost=boost)}
          (i32.store offset=16 (local.get $next) (i32.const 80))
          (i32.store offset=20 (local.get $next) (i32.const 11))
          (local.set $hit (i32.add (local.get $hit) (i32.const 32)))
          (local.set $next (i32.add (local.get $next) (i32.const 24)))
          (local.set $left (i32.sub (local.get $left) (i32.const 1)))
          (br $more)))
      (i32.store (i32.const 16) (local.get $made))
      (i32.store (i32.const 20) (local.get $count))
      (i32.const 16)))
  (core instance $main (instantiate $main))
  (func (export "search-rerank")
    (param "request" $request) (param "hits" (list $hit)) (result (list $adjustment))
    (canon lift (core func $main "search-rerank") (memory (core memory $main "memory"))
      (realloc (core func $main "realloc")) (post-return (core func $main "free")))))
"""
    return bytes(wasmtime.wat2wasm(text))


@pytest.fixture
def registry() -> Iterator[Searchable]:
    with searchable() as made:
        for number in range(5):
            made.create(f"auth-{number}", "logs people in " + "and out " * number)
        yield made


def test_a_component_turns_the_order_around_and_explain_shows_why(
    registry: Searchable, tmp_path: Path
) -> None:
    before = registry.run("search", query="people", explain=True)["hits"]
    scores = {hit["artifact"]["name"]: hit["score"] for hit in before}
    assert len(set(scores.values())) == 5
    twice = "(f64.mul (f64.const -2) (f64.load offset=8 (local.get $hit)))"
    registry.host.load(write_plugin(tmp_path / "upside-down", ranker(boost=twice)))
    after = registry.run("search", query="people", explain=True)["hits"]
    assert [hit["artifact"]["name"] for hit in after] == [hit["artifact"]["name"] for hit in before][::-1]
    for hit in after:
        assert f"{-2 * scores[hit['artifact']['name']]:+.2f} upside down" in hit["explanation"]
        assert hit["score"] == pytest.approx(-scores[hit["artifact"]["name"]])
    assert not registry.host.faults


def test_a_component_that_speaks_of_no_hit_drops_none(registry: Searchable, tmp_path: Path) -> None:
    before = registry.found("people")
    registry.host.load(write_plugin(tmp_path / "silent", ranker(keep="(local.set $count (i32.const 0))")))
    assert registry.found("people") == before
    assert not registry.host.faults


@pytest.mark.parametrize(
    ("guest", "words"),
    [
        (ranker(INVENTED, "(f64.const 1)"), "moves 'invented', which it was not shown"),
        (ranker(OWN, NAN), "by nan, which is no finite number"),
        (ranker(OWN, HUGE), "by inf, which is no finite number"),
        (ranker(FIRST, "(f64.const 1)"), "twice"),
        (ranker(before="unreachable"), "trapped"),
        (ranker(before="(loop $l (br $l))"), "deadline"),
        (ranker(keep="(local.set $count (i32.const 100000000))"), ""),
    ],
    ids=["invents", "nan", "infinite", "duplicates", "traps", "never-ends", "lies-about-its-length"],
)
def test_what_a_component_must_not_answer_is_its_fault_and_moves_nothing(
    registry: Searchable, tmp_path: Path, guest: bytes, words: str
) -> None:
    before = registry.found("people")
    registry.host.load(write_plugin(tmp_path / "liar", guest), limits=Limits(deadline="200ms"))
    assert registry.found("people") == before
    [fault] = registry.host.faults
    assert (fault.plugin, fault.hook) == ("liar", "search_rerank")
    assert words in fault.message
    registry.create("auth-9", "logs people in")  # the registry goes on
    assert "auth-9" in registry.found("people")


def test_one_that_lies_takes_nothing_from_one_that_does_not(registry: Searchable, tmp_path: Path) -> None:
    before = registry.found("people")
    twice = "(f64.mul (f64.const -2) (f64.load offset=8 (local.get $hit)))"
    registry.host.load(write_plugin(tmp_path / "upside-down", ranker(boost=twice)))
    registry.host.load(write_plugin(tmp_path / "liar", ranker(OWN, NAN)))
    assert registry.found("people") == before[::-1]
    assert {fault.plugin for fault in registry.host.faults} == {"liar"}
