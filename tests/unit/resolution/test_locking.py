"""The lock of a project: the same bytes, what moves and what does not, what is refused."""

from __future__ import annotations

from typing import Any

import pytest
from registry_hosts import uploaded
from resolution_hosts import Remote, publish, resolving

import hyperhost
from hyperhost.errors import ConflictError, InvalidInputError

LOG, DB, APP = "org.acme/log", "org.acme/db", "org.acme/app"
PROJECT = f'[dependencies]\n"{APP}" = "^1"\n"{LOG}" = "*"\n'


@pytest.fixture
def shop(run: hyperhost.Operations) -> hyperhost.Operations:
    """With an application, a library that both use, and one between them."""
    publish(run, "log", "1.0.0")
    publish(run, "db", "1.0.0", {"log": "^1"})
    publish(run, "app", "1.0.0", {"db": "^1", "log": "*"})
    return run


def resolved(
    run: hyperhost.Operations, project: str = PROJECT, lock: str = "", **more: Any
) -> dict[str, Any]:
    frozen = more.pop("frozen", False)
    subject = {"project": project, "lock": lock, **more}
    found: dict[str, Any] = run.run("dependency_resolve", subject=subject, frozen=frozen)
    return found


def versions(found: dict[str, Any]) -> dict[str, str]:
    return {each["artifact"]: each["version"] for each in found["versions"]}


def newer(run: hyperhost.Operations) -> None:
    """A higher version of everything."""
    publish(run, "log", "1.1.0")
    publish(run, "db", "1.1.0", {"log": "^1"})
    publish(run, "app", "1.1.0", {"db": "^1", "log": "*"})


def test_the_same_input_gives_the_same_bytes_in_any_order(shop: hyperhost.Operations) -> None:
    turned = f'[dependencies]\n"{LOG}" = "*"\n"{APP}" = "^1"\n'
    assert resolved(shop)["lock"] == resolved(shop, turned)["lock"]
    with resolving() as other:
        publish(other, "app", "1.0.0", {"log": "*", "db": "^1"})
        publish(other, "db", "1.0.0", {"log": "^1"})
        publish(other, "log", "1.0.0")
        assert resolved(other)["lock"] == resolved(shop)["lock"]


def test_a_lock_resolves_to_itself_though_newer_versions_exist(shop: hyperhost.Operations) -> None:
    first = resolved(shop)
    assert (first["lock_changed"], len(first["changes"])) == (True, 3)
    newer(shop)
    again = resolved(shop, lock=first["lock"])
    assert (again["lock"], again["lock_changed"], again["changes"]) == (first["lock"], False, [])


def test_line_ends_that_version_control_made_are_no_change(shop: hyperhost.Operations) -> None:
    lock = resolved(shop)["lock"].replace("\n", "\r\n")
    assert resolved(shop, lock=lock, frozen=True)["lock_changed"] is False


def test_an_upgrade_moves_what_is_named_and_nothing_else(shop: hyperhost.Operations) -> None:
    lock = resolved(shop)["lock"]
    newer(shop)
    moved = resolved(shop, lock=lock, upgrade=[DB])
    assert versions(moved) == {APP: "1.0.0", DB: "1.1.0", LOG: "1.0.0"}
    assert moved["changes"] == [{"artifact": DB, "before": "1.0.0", "after": "1.1.0"}]
    everything = resolved(shop, lock=lock, upgrade=["*"])
    assert versions(everything) == {APP: "1.1.0", DB: "1.1.0", LOG: "1.1.0"}


def test_an_upgrade_moves_what_it_must_and_no_further(shop: hyperhost.Operations) -> None:
    lock = resolved(shop)["lock"]
    publish(shop, "log", "1.1.0")
    publish(shop, "log", "1.2.0")
    publish(shop, "app", "1.1.0", {"db": "^1"})
    publish(shop, "db", "1.1.0", {"log": ">=1.1.0"})
    assert versions(resolved(shop, lock=lock, upgrade=[DB])) == {APP: "1.0.0", DB: "1.1.0", LOG: "1.2.0"}


def test_upgrading_what_is_neither_locked_nor_asked_for_is_refused(shop: hyperhost.Operations) -> None:
    with pytest.raises(InvalidInputError, match=r"org\.acme/lgo is neither locked nor asked for") as caught:
        resolved(shop, lock=resolved(shop)["lock"], upgrade=["org.acme/lgo"])
    assert caught.value.field == "upgrade"


def test_frozen_passes_while_nothing_changes_and_refuses_what_would(shop: hyperhost.Operations) -> None:
    lock = resolved(shop)["lock"]
    assert resolved(shop, lock=lock, frozen=True)["lock_changed"] is False
    publish(shop, "web", "3.0.0")
    wider = f'{PROJECT}"org.acme/web" = "^3"\n'
    with pytest.raises(ConflictError, match=r"would change: org\.acme/web \(new\) → 3\.0\.0") as caught:
        resolved(shop, wider, lock, frozen=True)
    assert (caught.value.field, caught.value.hint) == (
        "lock",
        "run 'hyperhost deps resolve' and look at the change",
    )
    narrower = PROJECT.replace(f'"{LOG}" = "*"\n', "")
    with pytest.raises(ConflictError, match="it was written for other requirements"):
        resolved(shop, narrower, lock, frozen=True)
    with pytest.raises(ConflictError, match="not the versions, but what is said of them"):
        resolved(shop, lock=f"{lock}# mine\n", frozen=True)
    with pytest.raises(ConflictError, match=r"would change: .*\(new\) → 1\.0\.0"):
        resolved(shop, frozen=True)


def test_frozen_names_five_changes_and_counts_the_rest(run: hyperhost.Operations) -> None:
    names = [f"part-{number}" for number in range(8)]
    for name in names:
        publish(run, name)
    project = "[dependencies]\n" + "".join(f'"org.acme/{name}" = "*"\n' for name in names)
    with pytest.raises(ConflictError) as caught:
        resolved(run, project, frozen=True)
    assert caught.value.message.count("→") == 5
    assert caught.value.message.endswith(" and 3 more")


def test_what_is_no_longer_needed_leaves_the_lock(shop: hyperhost.Operations) -> None:
    lock = resolved(shop)["lock"]
    found = resolved(shop, f'[dependencies]\n"{LOG}" = "*"\n', lock)
    assert [(each["artifact"], each["after"]) for each in found["changes"]] == [(APP, None), (DB, None)]


def test_a_locked_version_that_no_longer_fits_is_left(shop: hyperhost.Operations) -> None:
    lock = resolved(shop)["lock"]
    publish(shop, "log", "1.1.0")
    found = resolved(shop, PROJECT.replace('"*"', '">1.0.0"'), lock)
    assert versions(found)[LOG] == "1.1.0"


def test_content_that_is_not_what_was_locked_is_refused_until_it_is_named(run: hyperhost.Operations) -> None:
    content = uploaded(run, b"print('hello')")
    publish(run, "log", content_hash=content)
    project = f'[dependencies]\n"{LOG}" = "*"\n'
    good = resolved(run, project)
    assert f'hash = "{content}"' in good["lock"]
    forged = good["lock"].replace(content, f"sha256:{'0' * 64}")
    for upgrade in ([], ["*"]):
        with pytest.raises(ConflictError) as caught:
            resolved(run, project, forged, upgrade=upgrade)
        assert f"org.acme/log 1.0.0 has the content {content}" in caught.value.message
        assert f"is locked with sha256:{'0' * 64}" in caught.value.message
        assert "--upgrade org.acme/log" in caught.value.hint
    assert resolved(run, project, forged, upgrade=[LOG])["lock"] == good["lock"]


def test_a_name_that_comes_from_elsewhere_than_locked_is_refused_until_it_is_named() -> None:
    with resolving(Remote("near", {LOG: {"1.0.0": {}}}), Remote("far", {LOG: {"1.0.0": {}}})) as run:
        project = f'[dependencies]\n"{LOG}" = "*"\n[resolution]\nsources = ["near", "far"]\n'
        lock = resolved(run, project)["lock"]
        assert 'source = "near"' in lock
        turned = project.replace('"near", "far"', '"far", "near"')
        with pytest.raises(
            ConflictError, match="comes from the registry 'far', and is locked from the registry"
        ):
            resolved(run, turned, lock)
        assert 'source = "far"' in resolved(run, turned, lock, upgrade=[LOG])["lock"]


@pytest.mark.parametrize(
    ("lock", "rule", "words"),
    [
        ("format = 7\n", "format", "format 7, this HyperHost reads 1"),
        ("<<<<<<< ours\n", "conflict", "marks of a merge"),
        ('{"lockfileVersion": 3}', "text", "no TOML"),
    ],
)
def test_a_lock_of_another_format_is_refused(
    shop: hyperhost.Operations, lock: str, rule: str, words: str
) -> None:
    with pytest.raises(InvalidInputError, match=words) as caught:
        resolved(shop, lock=lock)
    assert (caught.value.field, caught.value.rule) == ("lock", rule)


def test_without_what_is_needed_for_development(shop: hyperhost.Operations) -> None:
    publish(shop, "lint")
    project = f'{PROJECT}"org.acme/lint" = {{ constraint = "*", type = "dev" }}\n'
    assert "org.acme/lint" in versions(resolved(shop, project))
    assert "org.acme/lint" not in versions(resolved(shop, project, dev=False))


def test_a_lock_is_the_same_with_and_without_what_is_needed_for_development(
    shop: hyperhost.Operations,
) -> None:
    publish(shop, "lint", "1.0.0")
    project = f'{PROJECT}"org.acme/lint" = {{ constraint = "*", type = "dev" }}\n'
    lock = resolved(shop, project)["lock"]
    assert "org.acme/lint" in lock
    without = resolved(shop, project, lock, dev=False)
    assert (without["lock"], without["lock_changed"], without["changes"]) == (lock, False, [])
    assert "org.acme/lint" not in versions(without)
    subject = {"project": project, "lock": lock, "dev": False}
    shop.run("dependency_resolve", subject=subject, frozen=True)


def test_whatever_an_index_says_its_lock_can_be_read_again() -> None:
    index = {
        APP: {"1.0.0": {LOG: "", DB: " ^1\n|| ^2\t"}},
        LOG: {"1.0.0": {}},
        DB: {"1.0.0+build.7": {}},
    }
    with resolving(Remote("near", index)) as run:
        project = f'[dependencies]\n"{APP}" = ""\n[resolution]\nsources = ["near"]\n'
        first = resolved(run, project)
        assert f'"{DB} ^1 || ^2"' in first["lock"]
        assert f'"{LOG} *"' in first["lock"]
        assert resolved(run, project, first["lock"], frozen=True)["lock_changed"] is False
