"""What people ask: graph, why, outdated, what if, conflicts, relations; and changing the project."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from resolution_hosts import publish

import hyperhost
from builtin_plugins.resolution import indexfile
from hyperhost.errors import InvalidInputError, NotFoundError, OperationError, ResolutionError

LOG, DB, APP = "org.acme/log", "org.acme/db", "org.acme/app"
PROJECT = {"project": f'[dependencies]\n"{APP}" = "^1"\n'}


@pytest.fixture
def shop(run: hyperhost.Operations) -> hyperhost.Operations:
    """Two versions of two libraries, an application, and what cannot be."""
    publish(run, "log", "1.0.0")
    publish(run, "log", "2.0.0")
    publish(run, "db", "1.0.0", {"log": "^1"})
    publish(run, "db", "2.0.0", {"log": "^2"})
    publish(run, "app", "1.0.0", {"db": "^1", "log": {"constraint": "*", "type": "peer"}})
    return run


def test_a_graph_is_drawn_as_text(shop: hyperhost.Operations) -> None:
    found = shop.run("dependency_graph", subject=PROJECT, format="text")
    assert found["drawing"] == (
        "this project\n"
        "└── org.acme/app 1.0.0 [^1]\n"
        "    ├── org.acme/db 1.0.0 [^1]\n"
        "    │   └── org.acme/log 1.0.0 [^1]\n"
        "    └── org.acme/log 1.0.0 [*]\n"
    )
    shallow = shop.run("dependency_graph", subject=PROJECT, format="text", depth=1)
    assert shallow["drawing"] == "this project\n└── org.acme/app 1.0.0 [^1]\n"


def test_a_graph_of_an_artifact_begins_with_it(shop: hyperhost.Operations) -> None:
    found = shop.run("dependency_graph", subject={"artifact": f"{APP}@^1"}, format="text", depth=1)
    assert found["drawing"].splitlines()[0] == "org.acme/app 1.0.0"
    assert "this" not in found["drawing"]


def test_a_graph_is_data_svg_and_mermaid(shop: hyperhost.Operations) -> None:
    data = shop.run("dependency_graph", subject=PROJECT)
    assert data["nodes"] == {LOG: "1.0.0", DB: "1.0.0", APP: "1.0.0"}
    assert data["edges"] == [["", APP, "^1"], [APP, DB, "^1"], [APP, LOG, "*"], [DB, LOG, "^1"]]
    assert data["drawing"] == ""
    svg = shop.run("dependency_graph", subject=PROJECT, format="svg", title="the shop")["drawing"]
    assert svg.startswith("<svg ")
    assert svg.count('marker-end="url(#arrow)"') == 4
    assert 'class="edge dashed"' in svg  # the peer
    assert "the shop" in svg
    mermaid = shop.run("dependency_graph", subject=PROJECT, format="mermaid")["drawing"]
    assert mermaid.startswith("flowchart LR\n")
    assert '-.->|"*"|' in mermaid
    with pytest.raises(InvalidInputError, match="format"):
        shop.run("dependency_graph", subject=PROJECT, format="gif")


def test_a_graph_has_no_more_levels_than_asked_for(shop: hyperhost.Operations) -> None:
    found = shop.run("dependency_graph", subject={"artifact": DB}, depth=1)
    assert (found["nodes"], len(found["edges"])) == ({LOG: "2.0.0", DB: "2.0.0"}, 1)
    found = shop.run("dependency_graph", subject=PROJECT, depth=1, format="svg")
    assert (found["nodes"], found["edges"]) == ({APP: "1.0.0"}, [["", APP, "^1"]])
    assert "org.acme/db" not in found["drawing"]


def test_a_graph_is_turned_round_to_say_who_needs_something(shop: hyperhost.Operations) -> None:
    publish(shop, "org.acme.web/site", needs={"org.acme/app": "^1"})
    subject = {"artifact": LOG}
    tree = shop.run("dependency_graph", subject=subject, format="text", direction="dependents")
    assert tree["drawing"] == (
        "org.acme/log\n"
        "├── org.acme/app 1.0.0 [*]\n"
        "│   └── org.acme.web/site 1.0.0 [^1]\n"
        "└── org.acme/db 2.0.0 [^2]\n"
        "    └── org.acme/app 1.0.0 [^1] (above)\n"
    )
    data = shop.run("dependency_graph", subject=subject, depth=1, direction="dependents")
    assert data["nodes"] == {APP: "1.0.0", DB: "2.0.0"}
    assert data["edges"] == [[APP, LOG, "*"], [DB, LOG, "^2"]]
    with pytest.raises(InvalidInputError, match="who needs it is known of an artifact"):
        shop.run("dependency_graph", subject=PROJECT, direction="dependents")
    with pytest.raises(NotFoundError, match=r"there is no artifact org\.acme/none"):
        shop.run("dependency_graph", subject={"artifact": "org.acme/none"}, direction="dependents")


def test_an_arrow_from_another_version_than_the_one_shown_says_so(shop: hyperhost.Operations) -> None:
    publish(shop, "trace", "1.0.0", {"log": "^2"})
    publish(shop, "app", "1.1.0", {"trace": "*"})
    subject = {"artifact": LOG}
    tree = shop.run("dependency_graph", subject=subject, format="text", direction="dependents")["drawing"]
    assert "├── org.acme/app 1.0.0 [*]\n" in tree
    assert "└── org.acme/app 1.0.0 [* in 1.1.0]\n" in tree
    data = shop.run("dependency_graph", subject=subject, direction="dependents")
    assert [APP, "org.acme/trace", "*"] in data["edges"]


def test_who_needs_something_in_a_cycle_is_told_once(run: hyperhost.Operations) -> None:
    publish(run, "a", needs={"b": "*"})
    publish(run, "b", needs={"a": "*"})
    found = run.run("dependency_graph", subject={"artifact": "org.acme/a"}, direction="dependents")
    assert found["edges"] == [["org.acme/b", "org.acme/a", "*"], ["org.acme/a", "org.acme/b", "*"]]


def test_a_cycle_is_marked_in_a_drawing(run: hyperhost.Operations) -> None:
    publish(run, "a", needs={"b": "*"})
    publish(run, "b", needs={"a": "*"})
    found = run.run("dependency_graph", subject={"artifact": "org.acme/a"}, format="svg")
    assert found["cycles"] == [["org.acme/a", "org.acme/b"]]
    assert found["drawing"].count('class="edge problem"') == 2
    text = run.run("dependency_graph", subject={"artifact": "org.acme/a"}, format="text")["drawing"]
    assert "(a cycle)" in text


def test_why_says_by_which_ways_something_came_in(shop: hyperhost.Operations) -> None:
    assert shop.run("dependency_why", subject=PROJECT, artifact=LOG) == [
        "org.acme/log 1.0.0 is part of the answer.",
        "org.acme/app ^1 was asked for; org.acme/app 1.0.0 needs org.acme/log * as a peer dependency.",
        "org.acme/app ^1 was asked for; org.acme/app 1.0.0 needs org.acme/db ^1; "
        "org.acme/db 1.0.0 needs org.acme/log ^1.",
    ]


def test_why_says_that_something_is_not_needed(shop: hyperhost.Operations) -> None:
    publish(shop, "web")
    with pytest.raises(NotFoundError, match=r"org\.acme/web is not needed by this project") as caught:
        shop.run("dependency_why", subject=PROJECT, artifact="org.acme/web")
    assert caught.value.hint == "'hyperhost deps tree' shows what is"


def test_why_says_why_something_cannot_be(shop: hyperhost.Operations) -> None:
    subject = {"project": f'{PROJECT["project"]}"{LOG}" = "^2"\n'}
    found = shop.run("dependency_why", subject=subject, artifact=LOG)
    assert found[-1].endswith("version solving failed.")
    with pytest.raises(NotFoundError):
        shop.run("dependency_why", subject=subject, artifact="org.acme/web")


def test_outdated_says_what_could_be_newer_and_who_holds_it_back(shop: hyperhost.Operations) -> None:
    lock = shop.run("dependency_resolve", subject=PROJECT)["lock"]
    publish(shop, "app", "1.1.0", {"db": "^1", "log": "*"})
    publish(shop, "app", "3.0.0-rc.1", {"db": "^1"})
    assert shop.run("dependency_outdated", subject=PROJECT | {"lock": lock}) == [
        {"artifact": APP, "current": "1.0.0", "wanted": "1.1.0", "latest": "1.1.0", "held_by": []},
        {
            "artifact": DB,
            "current": "1.0.0",
            "wanted": "1.0.0",
            "latest": "2.0.0",
            "held_by": ["org.acme/app (^1)"],
        },
        {
            "artifact": LOG,
            "current": "1.0.0",
            "wanted": "1.0.0",
            "latest": "2.0.0",
            "held_by": ["org.acme/db (^1)"],
        },
    ]
    publish(shop, "app", "2.0.0")
    [app, *_] = shop.run("dependency_outdated", subject=PROJECT | {"lock": lock})
    assert (app["latest"], app["held_by"]) == ("2.0.0", ["this project (^1)"])


def test_outdated_answers_where_only_the_lock_makes_an_answer_possible(shop: hyperhost.Operations) -> None:
    lock = shop.run("dependency_resolve", subject=PROJECT)["lock"]
    shop.run("yank", artifact=f"{DB}@1.0.0", reason="broken")
    found = shop.run("dependency_outdated", subject=PROJECT | {"lock": lock})
    assert [(each["artifact"], each["wanted"]) for each in found] == [(DB, "1.0.0"), (LOG, "1.0.0")]


def test_what_if_says_what_would_change(shop: hyperhost.Operations) -> None:
    publish(shop, "app", "2.0.0", {"db": "^2"})
    found = shop.run("dependency_what_if", subject=PROJECT, artifact=f"{APP}@2.0.0")
    assert found["possible"] is True
    assert [(each["artifact"], each["before"], each["after"]) for each in found["changes"]] == [
        (APP, "1.0.0", "2.0.0"),
        (DB, "1.0.0", "2.0.0"),
        (LOG, "1.0.0", "2.0.0"),
    ]


def test_what_if_says_why_something_cannot_be(shop: hyperhost.Operations) -> None:
    found = shop.run("dependency_what_if", subject=PROJECT, artifact=f"{LOG}@2.0.0")
    assert (found["possible"], found["changes"]) == (False, [])
    assert "org.acme/db ^1" in found["explanation"]
    with pytest.raises(InvalidInputError, match="in which version") as caught:
        shop.run("dependency_what_if", subject=PROJECT, artifact=LOG)
    assert caught.value.hint == "write it as org.acme/log@2.0.0"


def test_conflicts_of_a_namespace_are_found_with_their_reasons(shop: hyperhost.Operations) -> None:
    publish(shop, "org.acme.web/bad", needs={"org.acme/db": "^2", "org.acme/log": "^1"})
    publish(shop, "x", needs={"y": "*"})
    publish(shop, "y", needs={"x": "*"})
    found = shop.run("conflict_detect", namespace="org.acme")
    assert found["checked"] == 6
    [conflict] = found["conflicts"]
    assert conflict["artifact"] == "org.acme.web/bad@1.0.0"
    assert conflict["explanation"].endswith("version solving failed.")
    assert found["cycles"] == [["org.acme/x", "org.acme/y"]]
    assert shop.run("conflict_detect", namespace="org.acme", descendants=False)["conflicts"] == []
    with pytest.raises(NotFoundError, match=r"nothing is published in org\.none"):
        shop.run("conflict_detect", namespace="org.none")


def test_relations_of_an_artifact(shop: hyperhost.Operations) -> None:
    shop.run("deprecate", artifact=f"{DB}@2.0.0", replacement="org.acme/sql")
    found = shop.run("relationship_find", artifact=DB)
    assert [(each["kind"], each["artifact"], each["version"], each["constraint"]) for each in found] == [
        ("depends-on", LOG, "", "^2"),
        ("used-by", APP, "1.0.0", "^1"),
        ("replaced-by", "org.acme/sql", "", ""),
    ]
    [only] = shop.run("relationship_find", artifact=DB, kinds=["used-by"])
    assert only["artifact"] == APP
    with pytest.raises(NotFoundError):
        shop.run("relationship_find", artifact="org.acme/none")


def test_a_dependency_is_added_with_the_version_that_fits(shop: hyperhost.Operations) -> None:
    dependency = {"artifact": LOG, "constraint": ""}
    text = shop.run("dependency_add", project=PROJECT["project"], dependency=dependency)
    assert text == f'{PROJECT["project"]}"{LOG}" = "^1.0.0"\n'
    listed = shop.run("dependency_list", project=text)
    assert [(each["artifact"], each["constraint"]) for each in listed] == [(APP, "^1"), (LOG, "^1.0.0")]
    assert shop.run("dependency_remove", project=text, artifact=LOG) == PROJECT["project"]


def test_a_dependency_that_cannot_be_is_not_added(shop: hyperhost.Operations) -> None:
    dependency = {"artifact": LOG, "constraint": "^2"}
    with pytest.raises(ResolutionError) as caught:
        shop.run("dependency_add", project=PROJECT["project"], dependency=dependency)
    assert "org.acme/db ^1" in caught.value.explanation
    text = shop.run("dependency_add", project="", dependency=dependency, check=False)
    assert text == f'[dependencies]\n"{LOG}" = "^2"\n'


def test_a_dependency_of_another_machine_gets_a_version_too(shop: hyperhost.Operations) -> None:
    dependency = {"artifact": LOG, "constraint": "", "condition": {"os": ["plan9"]}}
    text = shop.run("dependency_add", project="", dependency=dependency)
    assert text == f'[dependencies]\n"{LOG}" = {{constraint = "^2.0.0", condition = {{os = ["plan9"]}}}}\n'


INDEX = {
    "web": {"2.0.0": {"log": "^2"}, "1.0.0": {"log": "^1"}},
    "log": {"1.5.0": {}, "1.6.0": {"dependencies": {}, "yanked": "leaks"}, "1.4.0": {}},
}


def test_a_plain_index_is_solved_from_text_and_from_a_file(run: hyperhost.Operations, tmp_path: Path) -> None:
    file = tmp_path / "index.json"
    file.write_text(json.dumps(INDEX))
    for index in ({"index_json": json.dumps(INDEX)}, {"index_file": str(file)}):
        found = run.run("dependency_solve", roots={"web": "*"}, **index)
        assert found == {"versions": {"log": "1.5.0", "web": "1.0.0"}, "cycles": []}
    kept = run.run("dependency_solve", roots={"web": "*"}, index_file=str(file), locked={"log": "1.6.0"})
    assert kept["versions"]["log"] == "1.6.0"
    with pytest.raises(ResolutionError) as caught:
        run.run("dependency_solve", roots={"log": ">1.5.0"}, index_file=str(file))
    assert "log 1.6.0 is yanked (leaks)" in caught.value.explanation


def test_packages_may_be_called_what_the_long_form_says(run: hyperhost.Operations) -> None:
    index = {"web": {"1.0.0": {"hash": "^1", "yanked": "^2"}}, "hash": {"1.0.0": {}}, "yanked": {"2.0.0": {}}}
    found = run.run("dependency_solve", roots={"web": "*"}, index_json=json.dumps(index))
    assert found["versions"] == {"hash": "1.0.0", "yanked": "2.0.0", "web": "1.0.0"}


@pytest.mark.parametrize(
    ("arguments", "error", "words"),
    [
        ({}, InvalidInputError, "either as text or as a file"),
        ({"index_json": "{}", "index_file": "x"}, InvalidInputError, "either as text or as a file"),
        ({"index_json": "["}, InvalidInputError, "is no JSON"),
        ({"index_json": "[]"}, InvalidInputError, "no JSON object"),
        ({"index_json": '{"web": 1}'}, InvalidInputError, "int for 'web', not a mapping"),
        ({"index_json": '{"web": {"one": {}}}'}, InvalidInputError, "one"),
        (
            {"index_json": '{"web": {"1.0.0": {"log": "^^1"}}, "log": {}}'},
            InvalidInputError,
            "what web 1.0.0 says",
        ),
        ({"index_json": '{"web": {"1.0.0": {"log": 3}}}'}, InvalidInputError, "what web 1.0.0 says of log"),
        ({"index_json": '{"web": {"1.0.0": null}}'}, ResolutionError, "lists web 1.0.0, but has no such"),
        ({"index_file": "/nowhere/index.json"}, OperationError, "cannot be read"),
    ],
)
def test_what_is_no_index_is_refused(
    run: hyperhost.Operations, arguments: dict[str, Any], error: type[OperationError], words: str
) -> None:
    with pytest.raises(error) as caught:
        run.run("dependency_solve", roots={"web": "*"}, **arguments)
    assert words in str(caught.value)


def test_an_index_that_never_ends_is_refused(run: hyperhost.Operations) -> None:
    with pytest.raises(OperationError, match="the index /dev/zero is a device"):
        run.run("dependency_solve", roots={"a": "*"}, index_file="/dev/zero")


def test_an_index_file_is_read_once_and_again_when_it_changed(
    run: hyperhost.Operations, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "index.json"
    chain = {f"org.acme/p{each}": {"1.0.0": {f"org.acme/p{each + 1}": "*"}} for each in range(20)}
    path.write_text(json.dumps(chain | {"org.acme/p20": {"1.0.0": {}}}))
    read: list[Path] = []

    def counted(place: Path) -> Any:
        read.append(place)
        return whole(place)

    whole = indexfile.read_index
    monkeypatch.setattr(indexfile, "read_index", counted)
    request = {"roots": [{"artifact": "org.acme/p0"}], "sources": [f"index:{path}"]}
    found = run.run("dependency_resolve", subject={"request": request})
    assert (len(found["versions"]), len(read)) == (21, 1)
    path.write_text(json.dumps({"org.acme/p0": {"1.1.0": {}}}))
    found = run.run("dependency_resolve", subject={"request": request})
    assert [each["version"] for each in found["versions"]] == ["1.1.0"]


@pytest.mark.parametrize(
    ("arguments", "field", "words"),
    [
        ({"roots": {"": "*"}}, "roots", "a root has no name"),
        ({"roots": {"log": ">=1 <"}}, "roots", "the root log: '>=1 <' is no constraint: at character 5"),
        ({"roots": {"log": "*"}, "locked": {"log": "soon"}}, "locked", "what is locked of log: 'soon'"),
    ],
)
def test_what_the_caller_wrote_is_not_blamed_on_the_index(
    run: hyperhost.Operations, arguments: dict[str, Any], field: str, words: str
) -> None:
    with pytest.raises(InvalidInputError, match=re.escape(words)) as refused:
        run.run("dependency_solve", index_json='{"log": {"1.0.0": {}}}', **arguments)
    assert refused.value.field == field


def test_an_index_file_is_a_registry(run: hyperhost.Operations, tmp_path: Path) -> None:
    file = tmp_path / "index.json"
    more = {
        "dependencies": {LOG: {"caret": "1.0.0"}},
        "published_at": "2026-01-02T03:04:05Z",
        "hash": "sha256:00",
        "downloads": 3,
        "deprecated": "old",
    }
    file.write_text(
        json.dumps({APP: {"1.0.0": more}, LOG: {"1.0.0": {}, "1.1.0": {"dependencies": {}, "yanked": "bad"}}})
    )
    source = f"index:{file}"
    project = f'[dependencies]\n"{APP}" = "*"\n[resolution]\nsources = ["{source}"]\n'
    found = run.run("dependency_resolve", subject={"project": project})
    assert [(each["artifact"], each["version"], each["source"]) for each in found["versions"]] == [
        (LOG, "1.0.0", source),
        (APP, "1.0.0", source),
    ]
    assert found["versions"][1]["content_hash"] == "sha256:00"
    assert found["warnings"] == ["org.acme/app 1.0.0 is deprecated: old"]


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        ('{"1.0.0": {"dependencies": {}, "yanked": 3}}', "has a int as yanked of 1.0.0"),
        ('{"1.0.0": {"dependencies": {}, "downloads": "7"}}', "has a str as downloads of 1.0.0"),
        ('{"1.0.0": {"dependencies": {}, "downloads": -7}}', "has -7 as downloads"),
        ('{"1.0.0": {"dependencies": {}, "published_at": "soon"}}', "no time as published_at"),
        ('{"1.0.0": {"dependencies": {}, "hash": null}}', "has a NoneType as hash"),
        ('{"1.0.0": {"a/b": 3}}', "has no constraint for a/b"),
        ('{"1.0.0": {"a/b": {"near": "1"}}}', "says of a/b, which 1.0.0 needs"),
        ('{"1.0.0": []}', "no table of dependencies"),
        ('{"latest": {}}', "has what is no version"),
        ("3", "no table of versions"),
    ],
)
def test_an_entry_that_is_none_is_refused_with_its_name(
    run: hyperhost.Operations, tmp_path: Path, entry: str, words: str
) -> None:
    file = tmp_path / "index.json"
    file.write_text(f'{{"{APP}": {entry}}}')
    project = f'[dependencies]\n"{APP}" = "*"\n[resolution]\nsources = ["index:{file}"]\n'
    with pytest.raises(InvalidInputError) as caught:
        run.run("dependency_resolve", subject={"project": project})
    assert words in caught.value.message
    assert f"'{APP}' in the index" in caught.value.message


@pytest.mark.parametrize(
    ("index", "twice"),
    [
        ('{"log": {"1.0.0": {}}, "app": {}, "log": {"9.0.0": {}}}', "log"),
        ('{"log": {"1.0.0": {"app": "^1"}, "1.0.0": {}}}', "1.0.0"),
        ('{"log": {"1.0.0": {"app": "^1", "app": "^2"}}}', "app"),
        ('{"log": {"1.0.0": {"dependencies": {}, "yanked": "bad", "yanked": ""}}}', "yanked"),
    ],
    ids=["a name", "a version", "a need", "what is said of a version"],
)
def test_an_index_that_says_something_twice_is_refused_whichever_is_meant(
    run: hyperhost.Operations, tmp_path: Path, index: str, twice: str
) -> None:
    file = tmp_path / "index.json"
    file.write_text(index)
    for more in ({"index_json": index}, {"index_file": str(file)}):
        with pytest.raises(InvalidInputError, match=f"the index has '{re.escape(twice)}' twice") as refused:
            run.run("dependency_solve", roots={"log": "*"}, **more)
        assert (refused.value.field, refused.value.rule) == ("index", "twice")


def test_a_version_of_a_plain_index_that_cannot_be_read_is_named_with_its_package(
    run: hyperhost.Operations,
) -> None:
    index = {"app": {"1.0.0": {"log": "*"}}, "log": {"1.0.0": {}, "latest": {}}}
    with pytest.raises(InvalidInputError, match="what the index has of log: 'latest'"):
        run.run("dependency_solve", roots={"app": "*"}, index_json=json.dumps(index))


@pytest.mark.parametrize(
    ("wanted", "words"),
    [
        (
            {DB: "^2"},
            "So, because org.acme/app is installed, version solving failed.",
        ),
        (
            {DB: "^3"},
            "Because you asked for org.acme/db ^3, which no version matches (the highest is 2.0.0), "
            "version solving failed.",
        ),
    ],
)
def test_what_is_installed_was_not_asked_for(
    shop: hyperhost.Operations, wanted: dict[str, str], words: str
) -> None:
    roots = [{"artifact": name, "constraint": text} for name, text in wanted.items()]
    request = {"roots": [*roots, {"artifact": APP}], "installed": [APP]}
    with pytest.raises(ResolutionError) as caught:
        shop.run("dependency_resolve", subject={"request": request})
    assert caught.value.explanation.splitlines()[-1] == words
    assert f"asked for {APP}" not in caught.value.explanation


def test_two_installed_things_that_exclude_each_other_are_both_called_installed(
    shop: hyperhost.Operations,
) -> None:
    publish(shop, "tool", "1.0.0", {"db": "^2"})
    roots = [{"artifact": APP}, {"artifact": "org.acme/tool"}]
    request = {"roots": roots, "installed": [APP, "org.acme/tool"]}
    with pytest.raises(ResolutionError) as caught:
        shop.run("dependency_resolve", subject={"request": request})
    assert "org.acme/app is installed" in caught.value.explanation
    assert "org.acme/tool is installed" in caught.value.explanation
    assert "asked for" not in caught.value.explanation
