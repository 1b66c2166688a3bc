"""Lint and test: what is said of an artifact, and that nothing changes by it."""

from __future__ import annotations

from typing import Any

import pytest
from registry_hosts import created, draft, everything, operations_on, published, uploaded

import hyperhost
from builtin_plugins.content_memory.plugin import ContentMemory
from builtin_plugins.registry.licences import problem_of_licence
from hyperhost.errors import InvalidInputError

TIDY: dict[str, Any] = {
    "metadata": {
        "description": "Signs people in with a password.",
        "author": "Acme",
        "licenses": ["Apache-2.0", "MIT OR (GPL-2.0-or-later WITH Classpath-exception-2.0)"],
        "keywords": ["login", "c++"],
        "homepage": "https://acme.test/auth",
        "repository": "git@acme.test:auth.git",
    },
    "dependencies": [{"artifact": "org.acme/store", "constraint": "^1.0.0"}],
}


def rules(found: list[dict[str, Any]]) -> list[tuple[str, str]]:
    return [(each["rule"], each["path"]) for each in found]


@pytest.mark.parametrize(
    "expression",
    [
        "MIT",
        "GPL-3.0-only",
        "Apache-2.0+",
        "(MIT)",
        "MIT AND (ISC OR Zlib)",
        "LicenseRef-acme",
        "DocumentRef-a:LicenseRef-b",
    ],
)
def test_a_licence_expression_has_no_problem(expression: str) -> None:
    assert problem_of_licence(expression) is None


@pytest.mark.parametrize(
    ("expression", "words"),
    [
        ("", "a licence is missing"),
        ("mit", "is written 'MIT'"),
        ("GPL-2.0", "write GPL-2.0-only or GPL-2.0-or-later"),
        ("GPL-2.0+", "write GPL-2.0-only or"),
        ("MIT or ISC", "'or' stands where AND, OR or WITH has to"),
        ("MIT ISC", "'ISC' stands where"),
        ("MIT OR", "a licence is missing at its end"),
        ("(MIT", "a bracket is not closed"),
        ("MIT)", "')' stands where"),
        ("MIT/ISC", "'/ISC' belongs into no SPDX expression"),
        ("Acme-1.0", "'LicenseRef-Acme-1.0' is one of your own"),
        ("MIT WITH anything", "is no licence exception known here"),
        ("(" * 5000, "a licence is missing"),
    ],
)
def test_what_is_wrong_with_a_licence_is_said(expression: str, words: str) -> None:
    problem = problem_of_licence(expression)
    assert problem is not None
    assert words in problem


def test_a_tidy_artifact_is_not_remarked_upon(run: hyperhost.Operations) -> None:
    created(run, content_hash=uploaded(run, b"x"), **TIDY)
    assert run.run("lint", artifact="org.acme/auth") == []


def test_style_is_remarked_upon_in_the_order_of_fields(run: hyperhost.Operations) -> None:
    metadata = {
        "description": "Login",
        "licenses": ["MIT", "gpl"],
        "keywords": ["Log In", "a", "a"],
        "homepage": "acme.test",
        "repository": "here",
    }
    dependencies = [{"artifact": "org.acme/store"}]
    before = everything(run.host)
    found = run.run("lint", draft=draft(metadata=metadata, dependencies=dependencies))
    assert rules(found) == [
        ("description.short", "metadata.description"),
        ("author.missing", "metadata.author"),
        ("license.spdx", "metadata.licenses[1]"),
        ("homepage.url", "metadata.homepage"),
        ("repository.url", "metadata.repository"),
        ("keywords.style", "metadata.keywords[0]"),
        ("keywords.twice", "metadata.keywords[2]"),
        ("dependency.open", "dependencies[0].constraint"),
        ("content.missing", "content"),
    ]
    assert everything(run.host) == before


@pytest.mark.parametrize(
    ("kind", "manifest", "expected"),
    [
        (
            "plugin",
            {"runtime": "wasm", "entry_point": "x", "permissions": ["fs.write:/"], "config_defaults": {}},
            ["config.schema", "hooks.missing", "permission.wide"],
        ),
        (
            "service",
            {"deployment": {"kind": "container", "image": "acme/auth:latest"}},
            ["image.version", "health.missing", "memory.missing"],
        ),
        (
            "config",
            {"format": "json", "values": {"db": {"password": "x"}}, "sensitive": ["db.password"]},
            ["schema.missing", "secret.plain"],
        ),
        (
            "template",
            {"engine": "jinja2", "outputs": [{"path": "x"}], "parameters": [{"name": "a"}]},
            ["parameter.description"],
        ),
    ],
)
def test_manifests_are_remarked_upon(
    run: hyperhost.Operations, kind: str, manifest: dict[str, Any], expected: list[str]
) -> None:
    found = run.run("lint", draft=draft(type=kind, manifest=manifest, **TIDY))
    assert [each["rule"] for each in found] == expected


def test_lint_takes_one_of_two(run: hyperhost.Operations) -> None:
    for arguments in ({}, {"artifact": "org.acme/auth", "draft": draft()}):
        with pytest.raises(InvalidInputError, match="give one of them"):
            run.run("lint", **arguments)


def checks(report: dict[str, Any]) -> dict[str, tuple[bool, str]]:
    return {each["name"]: (each["passed"], each["message"]) for each in report["checks"]}


def test_an_artifact_that_holds_what_it_promises_passes(run: hyperhost.Operations) -> None:
    published(run, "store")
    created(run, content_hash=uploaded(run, b"hello"), dependencies=[{"artifact": "org.acme/store"}])
    before = everything(run.host)
    report = run.run("test", artifact="org.acme/auth")
    assert report["passed"] is True
    found = checks(report)
    assert found["content"][1].startswith("5 bytes have the hash sha256:")
    assert found["dependency:org.acme/store"] == (True, "1 versions, the highest is 1.0.0")
    assert everything(run.host) == before


def test_what_is_missing_is_said(run: hyperhost.Operations) -> None:
    created(run, "only-draft")
    published(run, "yanked")
    run.run("yank", artifact="org.acme/yanked", reason="x")
    published(run, "old")
    run.run("deprecate", artifact="org.acme/old")
    needs = [
        {"artifact": "org.acme/none"},
        {"artifact": "org.acme/maybe", "optional": True},
        {"artifact": "org.acme/elsewhere", "registry": "other"},
        {"artifact": "org.acme/only-draft"},
        {"artifact": "org.acme/yanked"},
        {"artifact": "org.acme/old"},
    ]
    manifest = {"format": "json", "extends": "org.acme/base"}
    created(run, type="config", manifest=manifest, dependencies=needs)
    report = run.run("test", artifact="org.acme/auth")
    assert report["passed"] is False
    found = checks(report)
    assert found["dependency:org.acme/none"] == (False, "there is no such artifact")
    assert found["dependency:org.acme/maybe"] == (True, "there is no such artifact; it is optional")
    assert found["dependency:org.acme/elsewhere"][0] is True
    assert found["dependency:org.acme/only-draft"] == (False, "none of its versions is published")
    assert found["dependency:org.acme/yanked"][0] is False
    assert found["dependency:org.acme/old"] == (True, "1 versions, the highest is 1.0.0, which is deprecated")
    assert found["extends"] == (False, "there is no artifact org.acme/base")


def test_content_that_was_damaged_or_lost_is_found() -> None:
    class Damaged(ContentMemory):
        plugin_id = "damaged"

        @hyperhost.hookimpl
        def content_read(self, content_hash: str, offset: int, length: int) -> bytes | None:
            data = super().content_read(content_hash, offset, length)
            return how(data)

    with operations_on(None, Damaged()) as run:
        run.host.select("content", "damaged")
        created(run, content_hash=uploaded(run, b"hello"))
        how = lambda data: b"jello"  # noqa: E731
        assert checks(run.run("test", artifact="org.acme/auth"))["content"] == (
            False,
            "its bytes do not have its hash",
        )
        how = lambda data: None  # noqa: E731
        report = run.run("test", artifact="org.acme/auth")
        assert checks(report)["content"] == (False, "only 0 of 5 bytes are there")
        assert report["passed"] is False
