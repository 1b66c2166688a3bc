"""The project file: read strictly, changed without touching what a person wrote."""

from __future__ import annotations

import pytest

from builtin_plugins.resolution.project import EMPTY, add_dependency, read_project, remove_dependency
from hyperhost.contracts import Dependency, DependencyCondition, DependencyType
from hyperhost.errors import RefusalError

TEXT = """\
# What we need.
[dependencies]
"org.acme/log" = "^1.0.0"   # for the journal
"org.acme/db" = { constraint = "^2", type = "dev", optional = true, condition = { os = ["linux"] } }

[overrides]
"org.acme/tls" = "=1.2.3"

[pins]
"org.acme/*" = "acme"

[resolution]
strategy = "lowest"
features = ["http"]
"""


def test_a_project_is_read_whole() -> None:
    request = read_project(TEXT).request()
    assert request.roots == [
        Dependency("org.acme/log", "^1.0.0"),
        Dependency(
            "org.acme/db",
            "^2",
            DependencyType.DEV,
            optional=True,
            condition=DependencyCondition(os=["linux"]),
        ),
    ]
    assert (request.strategy, request.features) == ("lowest", ["http"])
    assert request.overrides == {"org.acme/tls": "=1.2.3"}
    assert request.pins == {"org.acme/*": "acme"}


def test_without_those_for_development() -> None:
    assert [each.artifact for each in read_project(TEXT).request(dev=False).roots] == ["org.acme/log"]


def test_adding_leaves_comments_and_order() -> None:
    written = add_dependency(TEXT, Dependency("org.acme/new", "~3"))
    assert written.replace('"org.acme/new" = "~3"\n', "") == TEXT
    assert read_project(written).dependencies[-1] == Dependency("org.acme/new", "~3")


def test_adding_what_is_there_changes_it_in_its_place() -> None:
    written = add_dependency(TEXT, Dependency("org.acme/log", "^2.0.0"))
    assert written.splitlines()[2].startswith('"org.acme/log" = "^2.0.0"')
    assert len(read_project(written).dependencies) == 2


def test_all_that_a_dependency_says_is_written() -> None:
    dependency = Dependency(
        "org.acme/x",
        ">=1",
        DependencyType.PEER,
        optional=True,
        registry="acme",
        scope="tools",
        condition=DependencyCondition(os=["linux"], arch=["x86_64"], env=["ci"], feature=["a", "b"]),
        reason='it\'s "needed"',
    )
    assert read_project(add_dependency(EMPTY, dependency)).dependencies == (dependency,)


def test_removing_takes_one_line() -> None:
    written = remove_dependency(TEXT, "org.acme/log")
    assert '"org.acme/log"' not in written
    assert "# What we need." in written
    assert [each.artifact for each in read_project(written).dependencies] == ["org.acme/db"]


def test_removing_what_is_not_there_names_the_nearest() -> None:
    with pytest.raises(RefusalError) as caught:
        remove_dependency(TEXT, "org.acme/lgo")
    assert caught.value.rule == "missing:dependency"
    assert caught.value.hint == "did you mean org.acme/log?"


@pytest.mark.parametrize(
    ("text", "rule", "words"),
    [
        ("[dependencies", "invalid:project:toml", "is no TOML"),
        ("a = " + "[" * 100_000, "invalid:project:toml", "is no TOML"),
        ("[dependency]\n", "invalid:dependency:unknown", "which nobody reads"),
        ("dependencies = 3", "invalid:dependencies:type", "is no table"),
        ('[dependencies]\n"a/b" = 3', "invalid:dependencies.a/b:type", "neither a constraint nor a table"),
        ('[dependencies]\n"a/b" = { version = "1" }', "invalid:dependencies.a/b.version:type", "version"),
        ('[dependencies]\n"a/b" = { type = "devel" }', "invalid:dependencies.a/b.type:type", "dev"),
        (
            '[dependencies]\n"a/b" = { artifact = "c/d" }',
            "invalid:dependencies.a/b.artifact:unknown",
            "twice",
        ),
        ('[overrides]\n"a/b" = 1', "invalid:overrides.a/b:type", "overrides"),
        ("[resolution]\nstrategie = 'x'", "invalid:resolution.strategie:unknown", "which nobody reads"),
        ("[resolution]\nstrategy = 1", "invalid:resolution.strategy:type", "resolution.strategy"),
        ("#" * 5_000_000, "invalid:project:size", "5,000,000 characters"),
    ],
)
def test_what_is_no_project_file_is_refused_with_its_place(text: str, rule: str, words: str) -> None:
    with pytest.raises(RefusalError) as caught:
        read_project(text)
    assert caught.value.rule == rule
    assert words in caught.value.reason
