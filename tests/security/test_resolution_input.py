"""What strangers give a resolution: constraints, names, indexes, locks that are wrong, huge or hostile."""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from resolution_hosts import Remote, answer, chosen, publish, resolving, root

import hyperhost
from hyperhost.contracts import Dependency
from hyperhost.errors import InvalidInputError, OperationError, RefusalError, ResolutionError

LOG, APP = "org.acme/log", "org.acme/app"


@pytest.fixture
def run() -> Iterator[hyperhost.Operations]:
    with resolving() as operations:
        publish(operations, "log", "1.0.0")
        yield operations


def test_a_malformed_constraint_is_told_with_its_place_and_what_was_expected(
    run: hyperhost.Operations,
) -> None:
    with pytest.raises(InvalidInputError) as caught:
        run.run("dependency_resolve", subject={"project": f'[dependencies]\n"{LOG}" = "^1 || >=x.y"\n'})
    assert (caught.value.field, caught.value.rule) == ("roots[0].constraint", "range")
    assert caught.value.message.startswith("what you ask of org.acme/log cannot be read: ")
    assert "at character 9 stands '.', expected a number" in caught.value.message
    assert caught.value.hint.startswith("write it as in '^1.2'")


def test_a_malformed_override_is_told_by_its_name(run: hyperhost.Operations) -> None:
    with pytest.raises(RefusalError, match=r"the override of org\.acme/log cannot be read") as caught:
        answer(run, "log", overrides={LOG: "=>1"})
    assert caught.value.rule == f"invalid:overrides.{LOG}:range"


def test_an_unknown_package_is_told_with_its_nearest_names(run: hyperhost.Operations) -> None:
    with pytest.raises(ResolutionError) as caught:
        run.run("dependency_resolve", subject={"artifact": "org.acme/logg"})
    assert "org.acme/logg, which does not exist (did you mean org.acme/log?)" in caught.value.message


def test_a_draft_is_not_suggested_as_nobody_may_choose_it(run: hyperhost.Operations) -> None:
    secret = {"namespace": "org.acme", "name": "logs-secret", "type": "library", "version": "1.0.0"}
    run.run("create", draft=secret)
    with pytest.raises(RefusalError) as caught:
        answer(run, "logs-secre")
    assert "logs-secret" not in caught.value.reason


def test_a_dependency_on_itself_is_met_by_itself_or_makes_the_version_unusable() -> None:
    index = {LOG: {"1.0.0": {LOG: "*"}, "2.0.0": {LOG: "^1"}}}
    with resolving(Remote("near", index)) as run:
        found = answer(run, "log", sources=["near"])
        assert [(each.version, each.needs, each.required_by) for each in found.versions] == [
            ("1.0.0", [], [])
        ]
        with pytest.raises(RefusalError) as caught:
            answer(run, "log ^2", sources=["near"])
        assert "org.acme/log 2.0.0 needs itself in another version (^1)" in caught.value.reason


@pytest.mark.parametrize(
    "constraint",
    [
        "^1 || " * 20_000 + "^1",
        ">=1.0.0 " * 12_500,
        "1." * 50_000,
        "^" * 100_000,
        "(" * 100_000,
        " " * 100_000,
        "1.0.0-" + "a." * 50_000 + "a",
        "||" * 50_000,
    ],
)
def test_constraints_of_100_000_characters_cost_time_in_proportion(
    run: hyperhost.Operations, constraint: str
) -> None:
    begun = time.process_time()
    with contextlib.suppress(RefusalError):
        assert chosen(run, root(f"log {constraint}")) == {"log": "1.0.0"}
    assert time.process_time() - begun < 20  # what grows with the square takes minutes


@pytest.mark.parametrize("constraint", ["^" * 100_000, "(" * 100_000, "1." * 50_000])
def test_what_is_said_of_a_huge_constraint_is_short(run: hyperhost.Operations, constraint: str) -> None:
    with pytest.raises(RefusalError) as caught:
        answer(run, root(f"log {constraint}"))
    assert caught.value.rule == "invalid:roots[0].constraint:range"
    assert len(str(caught.value)) < 1_000


def test_a_version_that_needs_something_unreadable_is_left_out_and_told() -> None:
    index = {
        APP: {"1.0.0": {LOG: "^1"}, "1.1.0": {LOG: "^^1"}, "1.2.0": {"../../etc/passwd": "*"}},
        LOG: {"1.0.0": {}},
    }
    with resolving(Remote("near", index)) as run:
        found = answer(run, "app", sources=["near"])
        assert {each.artifact: each.version for each in found.versions} == {APP: "1.0.0", LOG: "1.0.0"}
        assert len(found.warnings) == 2
        assert (
            found.warnings[0]
            == "org.acme/app 1.2.0 is left out: it needs '../../etc/passwd', which is no name"
        )
        assert found.warnings[1].startswith(
            "org.acme/app 1.1.0 is left out: it needs org.acme/log in a way that cannot be read: "
        )
        with pytest.raises(RefusalError, match=r"1\.1\.0 needs org\.acme/log in a way that cannot be read"):
            answer(run, "app =1.1.0", sources=["near"])


@pytest.mark.parametrize(
    "name",
    [
        "",
        "log",
        "org.acme/",
        "/log",
        "org.acme/a/b",
        "org.acme/a b",
        "org.acme/a\n[pins]",
        "a/\x1b[2J",
        "a/" + "b" * 600,
    ],
)
def test_a_name_that_could_forge_a_line_of_a_lock_or_a_terminal_is_refused(
    run: hyperhost.Operations, name: str
) -> None:
    with pytest.raises(RefusalError, match="names no artifact") as caught:
        answer(run, Dependency(name))
    assert caught.value.rule == "invalid:roots[0].artifact:name"


def test_a_needed_name_with_line_ends_never_reaches_a_lock() -> None:
    forged = 'org.acme/x *",\n]\n[[artifact]]\nname = "evil/e'
    index = {APP: {"1.0.0": {forged: "*"}}, forged: {"1.0.0": {}}}
    with resolving(Remote("near", index)) as run, pytest.raises(RefusalError, match="which is no name"):
        answer(run, "app", sources=["near"])


def test_an_index_nested_without_end_is_refused(run: hyperhost.Operations, tmp_path: Path) -> None:
    file = tmp_path / "index.json"
    file.write_text("[" * 500_000)
    with pytest.raises(InvalidInputError, match="is no JSON"):
        run.run("dependency_solve", roots={"a": "*"}, index_file=str(file))


def test_an_index_that_is_no_file_is_refused(run: hyperhost.Operations, tmp_path: Path) -> None:
    for path in (tmp_path, Path("/dev/null/x"), tmp_path / "gone.json"):
        with pytest.raises(OperationError, match="cannot be read"):
            run.run("dependency_solve", roots={"a": "*"}, index_file=str(path))


def test_an_index_that_makes_a_solver_search_for_ever_is_answered(run: hyperhost.Operations) -> None:
    """Two packages whose versions exclude each other pairwise: backtracking without learning never ends."""
    count = 60
    index = {
        "a": {f"1.{i}.0": {f"x{i % 7}": "^1", "b": f"<1.{i}.0"} for i in range(count)},
        "b": {f"1.{i}.0": {"a": f"<1.{i}.0"} for i in range(count)},
        **{f"x{i}": {"1.0.0": {"b": ">=1.0.0"}} for i in range(7)},
    }
    with pytest.raises(ResolutionError) as caught:
        run.run("dependency_solve", roots={"a": "*", "b": "*"}, index_json=json.dumps(index))
    assert caught.value.explanation.endswith("version solving failed.")


def test_a_pin_cannot_be_widened_by_a_name_that_looks_like_a_pattern() -> None:
    ours, evil = Remote("ours", {LOG: {"1.0.0": {}}}), Remote("evil", {LOG: {"9.0.0": {}}})
    with resolving(ours, evil) as run:
        with pytest.raises(RefusalError, match="is no pin"):
            answer(run, "log", sources=["ours"], pins={"org.acme/*x": "evil"})
        assert chosen(run, "log", sources=["ours"], pins={"ORG.ACME/*": "evil"}) == {"log": "1.0.0"}


def test_a_lock_with_a_thousand_brackets_or_of_other_bytes_is_refused(run: hyperhost.Operations) -> None:
    project = f'[dependencies]\n"{LOG}" = "*"\n'
    for lock in ("format = 1\na = " + "[" * 100_000, "\x01\x02", "format = 1\n" * 2):
        with pytest.raises(
            InvalidInputError, match=r"hyperhost\.lock cannot be read: it is no TOML"
        ) as caught:
            run.run("dependency_resolve", subject={"project": project, "lock": lock})
        assert caught.value.hint.startswith("restore it from version control")
