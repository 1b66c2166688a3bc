"""Resolution for somebody who may not read everything: what is private is not there, and nothing tells."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from access_hosts import Guarded, as_who, guarded
from resolution_hosts import Remote, resolving

import hyperhost
from builtin_plugins.access.plugin import Access
from builtin_plugins.resolution.plugin import Resolution
from hyperhost.errors import AccessDeniedError, InvalidInputError, OperationError, ResolutionError

SECRET = "org.acme/secret"


def given_out(
    registry: Guarded,
    name: str,
    version: str = "1.0.0",
    needs: dict[str, str] | None = None,
    visibility: str = "public",
    who: str = "user:other",
) -> None:
    """Publish a library in org.acme."""
    dependencies = [{"artifact": each, "constraint": said} for each, said in (needs or {}).items()]
    made = registry.make(name, who, version=version, visibility=visibility, dependencies=dependencies)
    registry.of(who, "admin").run("publish", artifact=made["id"])


@contextlib.contextmanager
def registries(*, with_secret: bool) -> Iterator[Guarded]:
    """A public app that needs log and, from 2.0.0 on, a secret; and that secret, if it is to be there."""
    with guarded(None, Resolution()) as registry:
        given_out(registry, "log")
        given_out(registry, "log", "2.0.0")
        given_out(registry, "app", needs={"org.acme/log": "^1"})
        given_out(registry, "app", "2.0.0", needs={"org.acme/log": "*", SECRET: "^1"})
        given_out(registry, "other", needs={"org.acme/log": "^1"})
        if with_secret:
            given_out(registry, "secret", needs={"org.acme/log": "^1"}, visibility="private")
            given_out(registry, "secret", "2.0.0", {"org.acme/log": "^2"}, visibility="private")
            given_out(registry, "secretive", needs={SECRET: "^9"}, visibility="private")
        yield registry


def told(asks: hyperhost.Operations, operation: str, arguments: dict[str, Any]) -> Any:
    """Everything that somebody learns from an operation: the answer, or all of an error."""
    try:
        return asks.run(operation, **arguments)
    except ResolutionError as error:
        return type(error), error.message, error.explanation, error.hint
    except OperationError as error:
        return type(error), error.message, error.hint, error.rule, error.field


ABOUT_THE_SECRET = {
    "resolve": ("dependency_resolve", {"subject": {"artifact": SECRET}}),
    "resolve a version": ("dependency_resolve", {"subject": {"artifact": f"{SECRET}@^1"}}),
    "resolve what is close": ("dependency_resolve", {"subject": {"artifact": "org.acme/secre"}}),
    "resolve what needs it": ("dependency_resolve", {"subject": {"artifact": "org.acme/app@^2"}}),
    "resolve what needed it not": ("dependency_resolve", {"subject": {"artifact": "org.acme/app"}}),
    "project": (
        "dependency_resolve",
        {"subject": {"project": f'[dependencies]\n"{SECRET}" = {{ constraint = "^1", optional = true }}\n'}},
    ),
    "locked": (
        "dependency_resolve",
        {
            "subject": {
                "request": {
                    "roots": [{"artifact": "org.acme/app"}, {"artifact": SECRET, "optional": True}],
                    "locked": {SECRET: "1.0.0", "org.acme/app": "2.0.0"},
                }
            }
        },
    ),
    "optional": (
        "dependency_resolve",
        {"subject": {"request": {"roots": [{"artifact": "org.acme/app"}], "optional": True}}},
    ),
    "graph": ("dependency_graph", {"subject": {"artifact": SECRET}, "format": "text"}),
    "tree of what needs it": (
        "dependency_graph",
        {"subject": {"artifact": "org.acme/app"}, "format": "text"},
    ),
    "dependents": (
        "dependency_graph",
        {"subject": {"artifact": SECRET}, "direction": "dependents", "format": "svg"},
    ),
    "dependents of log": (
        "dependency_graph",
        {"subject": {"artifact": "org.acme/log"}, "direction": "dependents"},
    ),
    "why": ("dependency_why", {"subject": {"artifact": "org.acme/app@^2"}, "artifact": SECRET}),
    "why of an answer": ("dependency_why", {"subject": {"artifact": "org.acme/app"}, "artifact": SECRET}),
    "why not": ("dependency_why", {"subject": {"artifact": SECRET}, "artifact": "org.acme/log"}),
    "outdated": ("dependency_outdated", {"subject": {"artifact": "org.acme/app"}}),
    "what if": (
        "dependency_what_if",
        {"subject": {"artifact": "org.acme/app"}, "artifact": f"{SECRET}@2.0.0"},
    ),
    "what if it moved": (
        "dependency_what_if",
        {"subject": {"artifact": "org.acme/app"}, "artifact": "org.acme/app@2.0.0"},
    ),
    "what if of it": ("dependency_what_if", {"subject": {"artifact": SECRET}, "artifact": f"{SECRET}@2.0.0"}),
    "conflicts": ("conflict_detect", {"namespace": "org.acme"}),
    "relations": ("relationship_find", {"artifact": SECRET}),
    "relations of log": ("relationship_find", {"artifact": "org.acme/log"}),
    "add": ("dependency_add", {"project": "", "dependency": {"artifact": SECRET, "constraint": ""}}),
    "add a version": (
        "dependency_add",
        {"project": "", "dependency": {"artifact": SECRET, "constraint": "^1"}},
    ),
}


@pytest.fixture(scope="module")
def pair() -> Iterator[tuple[Guarded, Guarded]]:
    """The same registry with the secret and without."""
    with registries(with_secret=True) as first, registries(with_secret=False) as second:
        yield first, second


@pytest.mark.parametrize("question", ABOUT_THE_SECRET)
def test_an_outsider_is_told_of_a_private_artifact_what_is_told_where_there_is_none(
    pair: tuple[Guarded, Guarded], question: str
) -> None:
    operation, arguments = ABOUT_THE_SECRET[question]
    there, nowhere = pair
    for who in (("user:eve", "user"), ("user:eve", "contributor"), ("user:eve",)):
        assert told(there.of(*who), operation, arguments) == told(nowhere.of(*who), operation, arguments)


@pytest.mark.parametrize("question", sorted(ABOUT_THE_SECRET.keys() - {"resolve what needed it not"}))
def test_whoever_may_read_everything_is_told_more(pair: tuple[Guarded, Guarded], question: str) -> None:
    operation, arguments = ABOUT_THE_SECRET[question]
    there, nowhere = pair
    who = ("user:ann", "maintainer")
    if told(there.of(*who), operation, arguments) == told(nowhere.of(*who), operation, arguments):
        pytest.fail(f"{question} asks about nothing that is private")


def test_an_outsider_gets_the_newest_version_whose_needs_they_may_read(pair: tuple[Guarded, Guarded]) -> None:
    found = pair[0].of("user:eve", "user").run("dependency_resolve", subject={"artifact": "org.acme/app"})
    assert {each["artifact"]: each["version"] for each in found["versions"]} == {
        "org.acme/app": "1.0.0",
        "org.acme/log": "1.0.0",
    }
    with pytest.raises(ResolutionError) as caught:
        pair[0].of("user:eve", "user").run("dependency_resolve", subject={"artifact": "org.acme/app@^2"})
    assert f"depends on {SECRET} ^1, which does not exist" in caught.value.explanation
    assert "secretive" not in str(vars(caught.value))


def test_the_owner_and_those_in_an_access_list_resolve_what_is_private() -> None:
    with registries(with_secret=True) as registry:
        subject = {"artifact": "org.acme/app"}
        mine = registry.of("user:other", "contributor").run("dependency_resolve", subject=subject)
        assert {each["artifact"]: each["version"] for each in mine["versions"]}[SECRET] == "1.0.0"
        entry = {"principal": "user:bob", "allow": ["artifact:read"]}
        registry.owner.run("namespace_create", path="org.acme", edit={"acl": [entry]})
        his = registry.of("user:bob", "user").run("dependency_resolve", subject=subject)
        assert his["versions"] == mine["versions"]
        hers = registry.of("user:eve", "user").run("dependency_resolve", subject=subject)
        assert SECRET not in json.dumps(hers)


def test_somebody_without_any_role_resolves_nothing(pair: tuple[Guarded, Guarded]) -> None:
    with pytest.raises(ResolutionError, match="does not exist"):
        pair[0].of("user:nobody").run("dependency_resolve", subject={"artifact": "org.acme/log"})


def test_a_token_resolves_what_it_may_read_and_not_what_its_issuer_may() -> None:
    with registries(with_secret=True) as registry:
        given_out(registry, "tool")
        narrow = registry.holding(registry.token(allow=["artifact:read"], resources=["org.acme/tool"]))
        found = narrow.run("dependency_resolve", subject={"artifact": "org.acme/tool"})
        assert [each["artifact"] for each in found["versions"]] == ["org.acme/tool"]
        with pytest.raises(ResolutionError, match="does not exist"):
            narrow.run("dependency_resolve", subject={"artifact": SECRET})
        other = registry.holding(registry.token(allow=["namespace:read"]))
        with pytest.raises(ResolutionError, match="does not exist"):
            other.run("dependency_resolve", subject={"artifact": "org.acme/tool"})


@pytest.mark.parametrize("named", [{"id": "local:owner"}, {"id": "user:x", "kind": "system"}])
def test_a_request_cannot_say_that_somebody_else_asks(
    pair: tuple[Guarded, Guarded], named: dict[str, str]
) -> None:
    request = {"roots": [{"artifact": SECRET}], "principal": named}
    for asks in (pair[0].of("user:eve", "user"), pair[0].owner):
        with pytest.raises(InvalidInputError, match="does not say who asks"):
            asks.run("dependency_resolve", subject={"request": request})


def test_what_a_plugin_excludes_or_chooses_of_is_what_the_asker_may_read() -> None:
    seen: list[str] = []

    class Watching:
        @hyperhost.hookimpl
        def resolution_filter(self, candidates: list[Any]) -> list[Any]:
            seen.extend(f"{each.artifact}@{each.version}" for each in candidates)
            return []

    with registries(with_secret=True) as registry:
        registry.host.register(Watching())
        registry.of("user:eve", "user").run("dependency_resolve", subject={"artifact": "org.acme/app"})
        assert seen
        assert not any("secret" in each for each in seen)


def test_a_registry_elsewhere_hears_for_whom_it_is_asked() -> None:
    heard: list[str | None] = []

    class Elsewhere(Remote):
        @hyperhost.hookimpl
        def resolution_list_candidates(self, source: str, artifacts: list[str], principal: Any) -> Any:
            if source != self.source:
                return None
            heard.append(principal.id)
            return [self.candidate(name, "1.0.0") for name in artifacts]

    with guarded(None, Resolution(), Elsewhere("acme", {"org.acme/far": {"1.0.0": {}}})) as registry:
        subject = {"request": {"roots": [{"artifact": "org.acme/far"}], "sources": ["acme"]}}
        registry.of("user:ann", "maintainer").run("dependency_resolve", subject=subject)
        assert heard == ["user:ann"]


def test_everybody_may_have_those_registries_asked_that_the_configuration_names() -> None:
    remote = Remote("acme", {"org.acme/far": {"1.0.0": {}}})
    request = {"roots": [{"artifact": "org.acme/far"}]}
    with resolving(Access(), remote, config='sources = ["acme", ""]') as run:
        eve = hyperhost.Operations(run.host, as_who("user:eve", "user"))
        for more in ({}, {"sources": ["acme"]}, {"pins": {"org.*": "acme"}}):
            found = eve.run("dependency_resolve", subject={"request": request | more})
            assert [each["source"] for each in found["versions"]] == ["acme"]
        with pytest.raises(AccessDeniedError, match="may not have the registry 'other' asked"):
            eve.run("dependency_resolve", subject={"request": request | {"sources": ["acme", "other"]}})


@pytest.mark.parametrize(
    "request_",
    [
        {"sources": ["{}"]},
        {"pins": {"org.acme/*": "{}"}},
        {"roots": [{"artifact": "org.acme/far", "registry": "{}"}]},
    ],
    ids=["a source", "a pin", "a root"],
)
def test_files_of_the_machine_are_read_for_nobody_but_the_owner_of_the_home(
    request_: dict[str, Any], tmp_path: Path
) -> None:
    file = tmp_path / "index.json"
    file.write_text('{"org.acme/far": {"1.0.0": {}}}', encoding="utf-8")
    text = json.dumps({"roots": [{"artifact": "org.acme/far"}]} | request_).replace("{}", f"index:{file}")
    subject = {"request": json.loads(text)}
    with guarded(None, Resolution()) as registry:
        for role in ("user", "maintainer", "admin"):
            with pytest.raises(AccessDeniedError, match="may not have the registry 'index:"):
                registry.of("user:eve", role).run("dependency_resolve", subject=subject)
        assert registry.owner.run("dependency_resolve", subject=subject)["versions"]


def test_a_registry_that_the_configuration_does_not_name_takes_a_reader_of_everything() -> None:
    remote = Remote("acme", {"org.acme/far": {"1.0.0": {}}})
    subject = {"request": {"roots": [{"artifact": "org.acme/far"}], "sources": ["acme"]}}
    with guarded(None, Resolution(), remote) as registry:
        with pytest.raises(AccessDeniedError, match="may not have the registry 'acme' asked"):
            registry.of("user:eve", "user").run("dependency_resolve", subject=subject)
        assert remote.calls == []
        registry.of("user:ann", "maintainer").run("dependency_resolve", subject=subject)
        assert remote.calls == [["org.acme/far"]]
