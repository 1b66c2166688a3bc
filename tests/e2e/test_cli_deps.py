"""``hyperhost deps``: each command on a real home, in this process where the process is not the point."""

from __future__ import annotations

import contextlib
import csv
import io
import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from cli_shell import Done, Shell
from resolution_hosts import publish

import hyperhost
from hyperhost.cli.main import main

PROJECT, LOCK = "hyperhost.deps.toml", "hyperhost.lock"


@pytest.fixture(scope="module")
def shop_template(registry_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory with a home whose registry holds an application and two libraries."""
    directory = tmp_path_factory.mktemp("shop")
    shutil.copytree(registry_template / "home", directory / "home")
    with hyperhost.open_host(directory / "home") as host:
        run = hyperhost.Operations(host)
        publish(run, "log", "1.0.0")
        publish(run, "log", "1.1.0")
        publish(run, "log", "2.0.0")
        publish(run, "db", "1.0.0", {"log": "^1"})
        publish(run, "app", "1.0.0", {"db": "^1", "log": "*"})
        publish(run, "org.acme.web/bad", "1.0.0", {"db": "^1", "log": "^2"})
    return directory


class Here:
    """Runs commands in this process, in a directory of its own, on a copy of the home."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory

    def __call__(self, *words: str) -> Done:
        out, err = io.StringIO(), io.StringIO()
        status = 0
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            try:
                main(["--home", str(self.directory / "home"), *words])
            except SystemExit as ended:
                status = int(ended.code or 0)
        return Done(status, out.getvalue(), err.getvalue())

    def ok(self, *words: str) -> Done:
        done = self(*words)
        assert done.status == 0, done.err
        return done

    def text(self, name: str) -> str:
        return (self.directory / name).read_text(encoding="utf-8")


@pytest.fixture
def here(shop_template: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Here:
    shutil.copytree(shop_template / "home", tmp_path / "home")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HYPERHOST_NAMESPACE", "org.acme")
    monkeypatch.setenv("COLUMNS", "120")
    return Here(tmp_path)


def added(here: Here, *names: str) -> None:
    for name in names or ("app",):
        here.ok("deps", "add", name)


def publishing(here: Here, *artifacts: tuple[Any, ...]) -> None:
    with hyperhost.open_host(here.directory / "home") as host:
        for artifact in artifacts:
            publish(hyperhost.Operations(host), *artifact)


def test_a_project_begins_with_an_add_and_is_locked(here: Here) -> None:
    done = here.ok("deps", "add", "app")
    assert here.text(PROJECT) == '[dependencies]\n"org.acme/app" = "^1.0.0"\n'
    assert [line.split() for line in done.out.splitlines()] == [
        ["ARTIFACT", "VERSION", "CHANGE", "NEEDED", "BY"],
        ["org.acme/app", "1.0.0", "new", "-"],
        ["org.acme/db", "1.0.0", "new", "org.acme/app"],
        ["org.acme/log", "1.1.0", "new", "org.acme/app,", "org.acme/db"],
    ]
    assert "hyperhost.lock is written" in done.err
    lock = here.text(LOCK)
    assert '"org.acme/app" = "^1.0.0"' in lock
    assert '  "org.acme/log ^1",' in lock
    here.ok("deps", "add", "org.acme/log@^1.0.0", "--type", "dev", "--reason", "for tests", "--no-resolve")
    assert here.text(LOCK) == lock
    rows = here.ok("deps", "list", "-o", "json").data
    assert [(row["artifact"], row["constraint"], row["type"], row["reason"]) for row in rows] == [
        ("org.acme/app", "^1.0.0", "runtime", ""),
        ("org.acme/log", "^1.0.0", "dev", "for tests"),
    ]
    here.ok("deps", "remove", "log", "--no-resolve")
    here.ok("deps", "remove", "app")
    assert here.text(PROJECT) == "[dependencies]\n"
    assert "artifact" not in here.text(LOCK)


def test_what_cannot_be_is_not_added(here: Here) -> None:
    added(here)
    before = here.text(PROJECT), here.text(LOCK)
    done = here("deps", "add", "log@^2")
    assert done.status == 1
    assert "there is no choice of versions that satisfies everything" in done.err
    assert "org.acme/app 1.0.0 depends on org.acme/db ^1" in done.err
    assert done.err.endswith("org.acme/app ^1.0.0 and org.acme/log ^2, version solving failed.\n")
    assert (here.text(PROJECT), here.text(LOCK)) == before
    error = json.loads(here("deps", "add", "lgo", "-o", "json").err)
    assert error["code"] == "HH-RESOLUTION"
    assert "did you mean org.acme/log" in error["explanation"]
    assert here("deps", "add", "log", "--type", "devel").status == 1


def test_a_lock_is_kept_checked_and_moved_by_name(here: Here) -> None:
    added(here)
    lock = here.text(LOCK)
    publishing(here, ("log", "1.2.0"), ("db", "1.1.0", {"log": "^1"}))
    assert "is up to date" in here.ok("deps", "resolve").err
    assert here.text(LOCK) == lock
    here.ok("deps", "resolve", "--locked")
    moved = here.ok("deps", "resolve", "--upgrade", "db", "-o", "json").data
    assert moved["changes"] == [{"artifact": "org.acme/db", "before": "1.0.0", "after": "1.1.0"}]
    assert "lock" not in moved
    everything = here.ok("deps", "resolve", "--upgrade", "*")
    assert "was 1.1.0" in everything.out
    here.ok("deps", "resolve", "--locked")


def test_locked_fails_when_the_lock_would_change_and_writes_nothing(here: Here) -> None:
    added(here)
    lock = here.text(LOCK)
    project = here.text(PROJECT) + '"org.acme/log" = "=1.0.0"\n'
    (here.directory / PROJECT).write_text(project)
    done = here("deps", "resolve", "--locked")
    assert (done.status, done.out) == (1, "")
    assert "hyperhost.lock would change: org.acme/log 1.1.0 → 1.0.0" in done.err
    assert "hint: run 'hyperhost deps resolve'" in done.err
    assert here.text(LOCK) == lock
    assert here("deps", "resolve", "--upgrade", "nothing").status == 1
    assert here("deps", "resolve", "app", "--locked").status == 2


def test_an_artifact_is_resolved_without_a_project_and_nothing_is_written(here: Here) -> None:
    done = here.ok("deps", "resolve", "app@^1", "--strategy", "lowest", "-o", "json").data
    assert {each["artifact"]: each["version"] for each in done["versions"]}["org.acme/log"] == "1.0.0"
    assert not list(here.directory.glob("hyperhost.*"))
    assert not list(here.directory.glob(".hyperhost*"))
    missing = here("deps", "resolve")
    assert (missing.status, "there is no hyperhost.deps.toml" in missing.err) == (1, True)
    assert "hyperhost deps add" in missing.err


def test_trees_graphs_and_reasons(here: Here) -> None:
    added(here)
    tree = here.ok("deps", "tree").out
    assert tree.splitlines()[:2] == ["this project", "└── org.acme/app 1.0.0 [^1.0.0]"]
    assert len(here.ok("deps", "tree", "--depth", "1").out.splitlines()) == 2
    assert here.ok("deps", "tree", "db").out.splitlines()[0] == "org.acme/db 1.0.0"
    assert here.ok("deps", "graph").out == tree
    assert here.ok("deps", "graph", "app", "--format", "mermaid").out.startswith("---\ntitle: 'org.acme/app'")
    here.ok("deps", "graph", "--format", "svg", "--file", "graph.svg")
    assert here.text("graph.svg").startswith("<svg ")
    data = here.ok("deps", "graph", "-o", "json").data
    assert data["nodes"]["org.acme/log"] == "1.1.0"
    reverse = here.ok("deps", "tree", "db", "--reverse").out
    assert reverse.splitlines()[:2] == ["org.acme/db", "├── org.acme/app 1.0.0 [^1]"]
    assert len(here.ok("deps", "graph", "--depth", "1", "-o", "json").data["nodes"]) == 1
    why = here.ok("deps", "why", "log").out
    assert "org.acme/app ^1.0.0 was asked for; org.acme/app 1.0.0 needs org.acme/log *." in why
    assert "org.acme/bad is not needed by this project" in here("deps", "why", "bad").err


def test_outdated_what_if_and_conflicts(here: Here) -> None:
    added(here)
    publishing(here, ("app", "1.1.0", {"db": "^1"}))
    rows = here.ok("deps", "outdated", "-o", "json").data
    assert [(row["artifact"], row["wanted"], row["latest"], row["held_by"]) for row in rows] == [
        ("org.acme/app", "1.1.0", "1.1.0", []),
        ("org.acme/log", "1.1.0", "2.0.0", ["org.acme/db (^1)"]),
    ]
    before = here.text(LOCK)
    possible = here.ok("deps", "what-if", "app@1.1.0")
    assert "1.1.0" in possible.out
    impossible = here("deps", "what-if", "log@2.0.0")
    assert (impossible.status, "version solving failed." in impossible.out) == (1, True)
    assert here.text(LOCK) == before
    found = here("deps", "conflicts", "org.acme")
    assert found.status == 1
    assert found.out.splitlines()[0] == "org.acme.web/bad@1.0.0"
    assert "1 of 4 cannot be resolved" in found.err
    assert here("deps", "conflicts", "org.acme", "--only").status == 0


def test_reasons_and_conflicts_are_csv_when_csv_is_asked_for(here: Here) -> None:
    here.ok("deps", "add", "app")
    rows = list(csv.reader(io.StringIO(here.ok("deps", "why", "db", "-o", "csv").out)))
    assert rows[:2] == [["sentence"], ["org.acme/db 1.0.0 is part of the answer."]]
    done = here("deps", "conflicts", "org.acme", "-o", "csv")
    rows = list(csv.reader(io.StringIO(done.out)))
    assert (done.status, rows[0], [row[0] for row in rows[1:]]) == (
        1,
        ["artifact", "explanation"],
        ["org.acme.web/bad@1.0.0"],
    )


@pytest.mark.parametrize(
    ("words", "rows"),
    [
        (
            ("tree",),
            [
                ["", "", "org.acme/app", "1.0.0", "^1.0.0"],
                ["org.acme/app", "1.0.0", "org.acme/db", "1.0.0", "^1"],
                ["org.acme/app", "1.0.0", "org.acme/log", "1.1.0", "*"],
                ["org.acme/db", "1.0.0", "org.acme/log", "1.1.0", "^1"],
            ],
        ),
        (
            ("graph", "db"),
            [
                ["", "", "org.acme/db", "1.0.0", ""],
                ["org.acme/db", "1.0.0", "org.acme/log", "1.1.0", "^1"],
            ],
        ),
        (("tree", "log"), [["", "", "org.acme/log", "2.0.0", ""]]),
        (
            ("graph", "db", "--reverse", "--depth", "1", "--format", "svg"),
            [
                ["", "", "org.acme/app", "1.0.0", ""],
                ["", "", "org.acme.web/bad", "1.0.0", ""],
                ["org.acme/app", "1.0.0", "org.acme/db", "", "^1"],
                ["org.acme.web/bad", "1.0.0", "org.acme/db", "", "^1"],
            ],
        ),
    ],
    ids=["a project", "an artifact", "one that needs nothing", "the other way round"],
)
def test_graphs_are_rows_of_who_needs_what_when_csv_is_asked_for(
    here: Here, words: tuple[str, ...], rows: list[list[str]]
) -> None:
    added(here)
    found = list(csv.reader(io.StringIO(here.ok("deps", *words, "-o", "csv").out)))
    assert found == [["owner", "owner_version", "artifact", "version", "constraint"], *rows]


def test_what_cannot_be_is_explained_in_rows_when_csv_is_asked_for(here: Here) -> None:
    added(here)
    done = here("deps", "what-if", "log@2.0.0", "-o", "csv")
    head, *rows = csv.reader(io.StringIO(done.out))
    assert (done.status, head) == (1, ["explanation"])
    assert [len(row) for row in rows] == [1] * len(rows)
    assert rows[-1][0].endswith("version solving failed.")
    possible = here.ok("deps", "what-if", "log@1.0.0", "-o", "csv").out
    assert list(csv.reader(io.StringIO(possible))) == [
        ["artifact", "before", "after"],
        ["org.acme/log", "1.1.0", "1.0.0"],
    ]


def test_a_lock_that_is_no_text_is_refused_with_what_to_do(here: Here) -> None:
    here.ok("deps", "add", "app")
    (here.directory / LOCK).write_bytes(b"format\xff")
    done = here("deps", "resolve")
    assert done.status == 1
    assert "hyperhost.lock cannot be read: byte 6 is not UTF-8" in done.err
    assert "restore it from version control" in done.err
    assert "permissions" not in done.err


def test_a_yanked_version_stays_with_a_warning_until_it_is_upgraded(here: Here) -> None:
    added(here)
    here.ok("version", "yank", "log@1.1.0", "--reason", "leaks")
    assert "org.acme/log 1.1.0 was yanked: leaks" in here.ok("deps", "resolve", "--locked").err
    here.ok("deps", "resolve", "--upgrade", "log")
    assert 'version = "1.0.0"' in here.text(LOCK).partition('name = "org.acme/log"')[2]


def test_a_lock_with_marks_of_a_merge_is_refused_and_left(here: Here) -> None:
    added(here)
    broken = f"<<<<<<< ours\n{here.text(LOCK)}"
    (here.directory / LOCK).write_text(broken)
    done = here("deps", "resolve", "-o", "json")
    error = json.loads(done.err)
    assert (done.status, error["code"], error["rule"]) == (1, "HH-INVALID", "conflict")
    assert here.text(LOCK) == broken


def test_a_plain_index_is_solved_without_a_registry(bare: Shell, tmp_path: Path) -> None:
    index = tmp_path / "index.json"
    index.write_text(
        json.dumps({"a": {"1.0.0": {"b": "^1"}, "2.0.0": {"b": "^9"}}, "b": {"1.0.0": {}, "1.1.0": {}}})
    )
    words = ("deps", "solve", "--index", str(index), "--root")
    done = bare.ok(*words, "a@*", "--locked", "b@1.0.0", "--output", "json")
    assert done.data == {"versions": {"b": "1.0.0", "a": "1.0.0"}, "cycles": []}
    failed = bare(*words, "a@^2", "--output", "json")
    error = json.loads(failed.err)
    assert (failed.status, error["code"]) == (1, "HH-RESOLUTION")
    assert "a ^2, which depends on b ^9" in error["explanation"]
    assert bare(*words, "a@^^1").status == 1
    assert not bare.home.exists()


def test_a_person_at_a_terminal_chooses_and_without_a_terminal_nobody_does(here: Here) -> None:
    words = ("deps", "resolve", "org.acme/log@^1", "--strategy", "manual")
    status, shown = Shell(here.directory).on_terminal(["1.7.0", "1.0.0"], *words)
    assert "org.acme/log: which of 1.1.0, 1.0.0? [1.1.0]:" in shown
    assert "'1.7.0' is not one of" in shown
    assert (status, shown.splitlines()[-1].split()) == (0, ["org.acme/log", "1.0.0", "new", "-"])
    done = here(*words)
    assert (done.status, "nobody answers for the strategy 'manual'" in done.err) == (1, True)


def test_a_constraint_names_an_artifact_wherever_one_is_named(here: Here) -> None:
    assert here.ok("artifact", "get", "log@^1", "-o", "json").data["version"] == "1.1.0"
    assert here("artifact", "get", "log@^9").status == 1
