"""Attacks on whoever fetches from a registry elsewhere, by mirrors, by its operators, and by names."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest
from registries import Reg
from remote_hosts import Elsewhere, here
from tuf_parts import Mirror, running_mirror

from hyperhost.contracts import Candidate
from hyperhost.errors import (
    ConflictError,
    InvalidInputError,
    OperationError,
    TrustError,
    WrongStateError,
)
from hyperhost.hookspecs import hookimpl
from hyperhost.host.operations import LOCAL_OWNER


@pytest.fixture
def mirror() -> Iterator[Mirror]:
    with running_mirror() as made:
        yield made


@pytest.fixture
def acme(mirror: Mirror, tmp_path: Path) -> Elsewhere:
    """A repository with an artifact that needs another one."""
    made = Elsewhere(tmp_path / "acme", mirror)
    made.offer("core")
    made.offer("auth", needs=("org.acme/core",), content=b"the real auth")
    return made


@pytest.fixture
def reg(acme: Elsewhere, tmp_path: Path) -> Iterator[Reg]:
    """A registry that trusts it."""
    with here(tmp_path / "here") as made:
        made.run("remote_add", name="acme", url=acme.mirror.url, root=acme.root.decode())
        yield made


def _resolve(reg: Reg, name: str = "org.acme/auth") -> dict[str, str]:
    request = {"roots": [{"artifact": name}], "sources": ["acme"]}
    found = reg.run("dependency_resolve", subject={"request": request})["versions"]
    return {each["artifact"]: each["source"] for each in found}


def _every(reg: Reg, out: Path) -> list[Callable[[], Any]]:
    """All ways to get something."""
    return [
        lambda: _resolve(reg),
        lambda: reg.run("remote_find", remote="acme", artifact="org.acme/auth"),
        lambda: reg.run("remote_fetch", remote="acme", artifact="org.acme/auth", target=str(out / "auth")),
        lambda: reg.run("remote_pull", remote="acme"),
    ]


def _nothing(reg: Reg, out: Path) -> None:
    """Nothing came in, and nothing lies about."""
    assert reg.state() == {}
    assert [path.name for path in out.iterdir()] == []
    assert not list((out.parent / "here" / "data").glob("*/acme/incoming*"))


@pytest.fixture
def out(tmp_path: Path) -> Path:
    made = tmp_path / "out"
    made.mkdir()
    return made


def test_an_honest_remote_gives_what_was_published(reg: Reg, out: Path) -> None:
    assert _resolve(reg) == {"org.acme/auth": "acme", "org.acme/core": "acme"}
    done = reg.run("remote_fetch", remote="acme", artifact="org.acme/auth@^1", target=str(out / "auth"))
    assert (out / "auth").read_bytes() == b"the real auth"
    assert done["artifact"] == "org.acme/auth@1.0.0"
    pulled = reg.run("remote_pull", remote="acme")
    assert (pulled["created"], pulled["contents"], pulled["issues"]) == (2, 2, [])
    state = reg.state()
    assert state["org.acme/auth@1.0.0"][0].state == "published"
    again = reg.run("remote_pull", remote="acme")
    assert (again["created"], again["updated"], again["unchanged"]) == (0, 0, 2)
    assert reg.state() == state


@pytest.mark.parametrize("lie", [b"the fake auth", b"the real auth and more", b"the"])
def test_a_mirror_that_swaps_a_content_is_refused(
    reg: Reg, acme: Elsewhere, mirror: Mirror, out: Path, lie: bytes
) -> None:
    mirror.files[f"targets/{acme.stored('org.acme/auth/1.0.0', b'the real auth')}"] = lie
    with pytest.raises(TrustError) as caught:
        reg.run("remote_fetch", remote="acme", artifact="org.acme/auth", target=str(out / "auth"))
    assert caught.value.rule in ("trust.wrong-software", "trust.endless-data")
    with pytest.raises(TrustError):
        reg.run("remote_pull", remote="acme")
    _nothing(reg, out)


def test_a_mirror_that_swaps_the_indexes_of_two_packages_is_refused(
    reg: Reg, acme: Elsewhere, mirror: Mirror, out: Path
) -> None:
    auth, core = (
        next(path for path in mirror.files if name in path and "index" in path) for name in ("auth", "core")
    )
    mirror.files[auth] = mirror.files[core]
    for ask in _every(reg, out):
        with pytest.raises(TrustError):
            ask()
    _nothing(reg, out)


def test_an_index_that_was_signed_for_another_package_is_refused(
    reg: Reg, acme: Elsewhere, out: Path
) -> None:
    acme.offer("auth", "1.0.0", b"the real auth", needs=("org.acme/core",), about="org.acme/core")
    for ask in _every(reg, out):
        with pytest.raises(TrustError) as caught:
            ask()
        assert caught.value.rule == "trust.wrong-software"
    _nothing(reg, out)


def test_a_dependency_that_was_slipped_into_an_index_is_refused(reg: Reg, acme: Elsewhere, out: Path) -> None:
    acme.offer("auth", "1.0.0", b"the real auth", needs=("org.acme/core",), slipped=("org.evil/miner",))
    for ask in _every(reg, out):
        with pytest.raises(TrustError) as caught:
            ask()
        assert caught.value.rule == "trust.extraneous-dependencies"
    _nothing(reg, out)


def test_a_mirror_that_goes_back_to_an_older_state_is_refused(
    reg: Reg, acme: Elsewhere, mirror: Mirror, out: Path
) -> None:
    before = acme.files()
    acme.offer("auth", "1.0.1", b"the fix")
    assert reg.run("remote_find", remote="acme", artifact="org.acme/auth")["version"] == "1.0.1"
    mirror.show(before)
    for ask in _every(reg, out):
        with pytest.raises(TrustError) as caught:
            ask()
        assert caught.value.rule == "trust.rollback"
    _nothing(reg, out)


def test_a_mirror_that_is_frozen_until_its_state_expires_is_refused(
    reg: Reg, acme: Elsewhere, out: Path
) -> None:
    acme.keeper._known = None
    acme.keeper._now = lambda: datetime.now(UTC).replace(microsecond=0) - timedelta(days=20)
    acme.offer("other")
    for ask in _every(reg, out):
        with pytest.raises(TrustError) as caught:
            ask()
        assert caught.value.rule == "trust.freeze"
    _nothing(reg, out)


def test_a_content_or_an_index_without_an_end_is_cut_off(
    reg: Reg, acme: Elsewhere, mirror: Mirror, out: Path
) -> None:
    content = f"targets/{acme.stored('org.acme/auth/1.0.0', b'the real auth')}"
    index = next(path for path in mirror.files if "core" in path and "index" in path)
    for path in (index, content):  # an index that is here already is not asked for
        honest = mirror.files[path]
        mirror.files[path] = mirror.endless
        with pytest.raises(TrustError) as caught:
            reg.run("remote_pull", remote="acme")
        assert caught.value.rule == "trust.endless-data"
        mirror.files[path] = honest
    assert mirror.sent < 200_000_000
    _nothing(reg, out)


def test_a_remote_that_goes_away_half_way_leaves_nothing_and_the_next_pull_goes_on(
    reg: Reg, acme: Elsewhere, mirror: Mirror, out: Path
) -> None:
    def torn(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.send_header("Content-Length", "13")
        handler.end_headers()
        handler.wfile.write(b"the r")
        handler.close_connection = True

    path = f"targets/{acme.stored('org.acme/auth/1.0.0', b'the real auth')}"
    honest, mirror.files[path] = mirror.files[path], torn
    for ask in _every(reg, out)[2:]:
        with pytest.raises(TrustError):
            ask()
    _nothing(reg, out)
    mirror.files[path] = honest
    assert reg.run("remote_pull", remote="acme")["created"] == 2


def test_a_remote_that_is_gone_is_told_and_never_passed_over(reg: Reg, mirror: Mirror, out: Path) -> None:
    reg.run("publish", artifact=reg.create("auth")["id"])
    mirror.files = {}
    request = {"roots": [{"artifact": "org.acme/auth"}], "sources": ["acme", ""]}
    with pytest.raises(OperationError) as caught:
        reg.run("dependency_resolve", subject={"request": request})
    assert caught.value.rule == "trust.mirror"


@pytest.mark.parametrize(
    "name", ["../../etc/cron.d/x", "org.acme/../auth", "org.acme/%2e%2e", "/etc/passwd", "org.acme/auth/x"]
)
def test_a_hostile_name_leads_nowhere(reg: Reg, mirror: Mirror, out: Path, name: str) -> None:
    asked = len(mirror.asked)
    with pytest.raises(InvalidInputError):
        reg.run("remote_fetch", remote="acme", artifact=name, target=str(out / "x"))
    assert len(mirror.asked) == asked
    _nothing(reg, out)


@pytest.mark.parametrize("path", ["org.acme/../1.0.0", "org.acme/.x/1.0.0", "org.acme/UP/1.0.0"])
def test_a_hostile_path_in_a_remote_is_told_and_left_out(
    reg: Reg, acme: Elsewhere, out: Path, path: str
) -> None:
    acme.offer("bad", path=path)
    done = reg.run("remote_pull", remote="acme")
    assert done["created"] == 2
    assert {each["kind"] for each in done["issues"]} == {"refused"}
    assert sorted(reg.state()) == ["org.acme/auth@1.0.0", "org.acme/core@1.0.0"]


def test_an_artifact_that_breaks_the_rules_of_this_registry_is_left_out_and_told(
    reg: Reg, acme: Elsewhere
) -> None:
    acme.offer("bad", "not-a-version")
    acme.offer("self", needs=("org.acme/self",))
    done = reg.run("remote_pull", remote="acme")
    assert done["created"] == 2
    assert {each["key"] for each in done["issues"]} == {"org.acme/bad@not-a-version", "org.acme/self@1.0.0"}


@pytest.mark.parametrize("name", ["", "..", "a/b", "index:x", "Acme", "a" * 41, "local", "a--b", "ä"])
def test_a_remote_is_not_called_like_something_else(reg: Reg, acme: Elsewhere, name: str) -> None:
    with pytest.raises(InvalidInputError):
        reg.run("remote_add", name=name, url=acme.mirror.url, root=acme.root.decode())


class Other:
    """Another plugin that reads a registry by the name of acme."""

    @hookimpl
    def resolution_list_candidates(self, source: str, artifacts: list[str]) -> list[Candidate] | None:
        return [Candidate(each, "9.9.9", source=source) for each in artifacts] if source == "acme" else None


def test_a_remote_does_not_take_the_name_of_another_source_nor_lose_its_own(
    acme: Elsewhere, tmp_path: Path
) -> None:
    with here(tmp_path / "one", Other()) as reg:
        with pytest.raises(ConflictError):
            reg.run("remote_add", name="acme", url=acme.mirror.url, root=acme.root.decode())
        assert reg.run("remote_list") == []
    with here(tmp_path / "two") as reg:
        reg.run("remote_add", name="acme", url=acme.mirror.url, root=acme.root.decode())
        reg.host.register(Other())
        found = reg.hook.resolution_list_candidates(
            source="acme", artifacts=["org.acme/auth"], principal=None
        )
        assert [each.version for each in found] == ["1.0.0"]


@pytest.mark.parametrize(
    "url",
    [
        "",
        "ftp://x",
        "file:///etc",
        "https://",
        "https://me:secret@x.example",
        "https://x/?token=1",
        "https://x y",
    ],
)
def test_an_address_is_a_plain_one(reg: Reg, acme: Elsewhere, url: str) -> None:
    with pytest.raises(InvalidInputError) as caught:
        reg.run("remote_add", name="other", url=url, root=acme.root.decode())
    assert caught.value.field == "url"


def test_a_registry_that_the_root_does_not_vouch_for_is_not_added(
    reg: Reg, mirror: Mirror, tmp_path: Path
) -> None:
    with running_mirror() as elsewhere:
        stranger = Elsewhere(tmp_path / "stranger", elsewhere)
        stranger.offer("auth")
        with pytest.raises(TrustError):
            reg.run("remote_add", name="other", url=mirror.url, root=stranger.root.decode())
        with pytest.raises(InvalidInputError):
            reg.run("remote_add", name="other", url=mirror.url, root="{}")
        assert [each["name"] for each in reg.run("remote_list")] == ["acme"]
        assert not list((tmp_path / "here" / "data").glob("*/other"))
        reg.run("remote_add", name="other", url=elsewhere.url, root=stranger.root.decode())


def test_what_is_here_under_a_name_is_never_replaced(reg: Reg, acme: Elsewhere) -> None:
    reg.run("publish", artifact=reg.create("auth")["id"])
    before = reg.state()["org.acme/auth@1.0.0"]
    done = reg.run("remote_pull", remote="acme")
    assert [(each["kind"], each["key"]) for each in done["issues"]] == [("conflict", "org.acme/auth@1.0.0")]
    assert done["created"] == 1
    assert reg.state()["org.acme/auth@1.0.0"] == before


def test_a_private_content_does_not_become_public_by_naming_its_hash(
    reg: Reg, acme: Elsewhere, mirror: Mirror
) -> None:
    secret = b"the plans"
    reg.create("plans", content_hash=reg.upload(secret), visibility="private")
    acme.offer("leak", content=secret)
    del mirror.files[f"targets/{acme.stored('org.acme/leak/1.0.0', secret)}"]  # it knows the hash only
    with pytest.raises(TrustError):
        reg.run("remote_pull", remote="acme")
    assert "org.acme/leak@1.0.0" not in reg.state()


def test_what_nobody_trusted_signed_does_not_come_into_a_namespace_that_demands_it(
    reg: Reg, acme: Elsewhere, out: Path
) -> None:
    key, stranger = (reg.run("key_generate")["id"] for _ in range(2))
    reg.run("key_trust", namespace="org.acme", keys=[key])
    acme.offer("signed", signer=reg, key=key)
    acme.offer("other", signer=reg, key=stranger)
    done = reg.run("remote_pull", remote="acme")
    assert done["created"] == 1
    assert {each["key"]: each["rule"] for each in done["issues"]} == {
        f"org.acme/{name}@1.0.0": "state:signatures" for name in ("auth", "core", "other")
    }
    for name in ("auth", "other"):
        with pytest.raises(WrongStateError):
            reg.run("remote_fetch", remote="acme", artifact=f"org.acme/{name}", target=str(out / name))
    reg.run("remote_fetch", remote="acme", artifact="org.acme/signed", target=str(out / "signed"))
    assert [path.name for path in out.iterdir()] == ["signed"]
    assert reg.run("verify", artifact="org.acme/signed@1.0.0")["met"]


def test_an_import_and_a_sync_are_no_way_around_the_signatures_of_a_namespace(tmp_path: Path) -> None:
    from builtin_plugins.transfer.syncing import sync

    with here(tmp_path / "from") as giver, here(tmp_path / "to") as taker:
        giver.run("publish", artifact=giver.create("auth")["id"])
        away = giver.create("away")["id"]
        giver.run("publish", artifact=away)
        giver.run("archive", artifact=away)
        giver.create("draft")
        giver.run("export", target=str(tmp_path / "file.tar"))
        taker.run("key_trust", namespace="org.acme", keys=[taker.run("key_generate")["id"]])
        done = taker.run("import", source=str(tmp_path / "file.tar"))
        assert {each["key"]: each["field"] for each in done["issues"]} == {
            "org.acme/auth@1.0.0": "signatures",
            "org.acme/away@1.0.0": "signatures",  # restoring it would publish it
        }
        report = sync(giver.hook, taker.hook, LOCAL_OWNER)
        assert {each.kind for each in report.conflicts} == {"refused"}
        assert sorted(taker.state()) == ["org.acme/draft@1.0.0"]
        with pytest.raises(WrongStateError):
            taker.run("publish", artifact="org.acme/draft")


def test_an_artifact_that_was_let_in_may_change_when_its_key_has_been_revoked(tmp_path: Path) -> None:
    from builtin_plugins.transfer.syncing import sync

    with here(tmp_path / "from") as giver, here(tmp_path / "to") as taker:
        key = giver.run("key_generate")["id"]
        taker.run("key_import", document=giver.run("key_export", key=key))
        taker.run("key_trust", namespace="org.acme", keys=[key])
        made = giver.create("auth")["id"]
        giver.run("publish", artifact=made, key=key)
        assert sync(giver.hook, taker.hook, LOCAL_OWNER).conflicts == []
        taker.run("key_revoke", key=key, reason="old")
        giver.run("update", artifact=made, edit={"labels": {"a": "b"}})
        assert sync(giver.hook, taker.hook, LOCAL_OWNER).conflicts == []
        assert taker.state()["org.acme/auth@1.0.0"][0].labels == {"a": "b"}


@pytest.mark.parametrize("origin", ["", "import:x", "sync:x", "remote:", "remote:" + "x" * 200, "a b:c"])
def test_an_origin_does_not_pretend_to_be_another(reg: Reg, origin: str) -> None:
    with pytest.raises(InvalidInputError):
        reg.run("import_artifacts", origin=origin, items=[])


def test_a_remote_whose_directory_is_lost_is_trusted_by_its_root_again(
    reg: Reg, acme: Elsewhere, tmp_path: Path
) -> None:
    import shutil

    [place] = (tmp_path / "here" / "data").glob("*/acme")
    shutil.rmtree(place)
    assert _resolve(reg)["org.acme/auth"] == "acme"
    with running_mirror() as other:
        stranger = Elsewhere(tmp_path / "stranger", other)
        acme.mirror.show(stranger.files())
        shutil.rmtree(place)
        with pytest.raises(TrustError):
            reg.run("remote_show", name="acme")


def test_what_was_resolved_is_what_is_fetched_or_nothing(reg: Reg, out: Path) -> None:
    with pytest.raises(TrustError) as caught:
        reg.run(
            "remote_fetch",
            remote="acme",
            artifact="org.acme/auth@1.0.0",
            target=str(out / "auth"),
            content_hash="sha256:" + "0" * 64,
        )
    assert caught.value.rule == "trust.wrong-software"
    _nothing(reg, out)


def test_a_deprecation_comes_along_and_what_was_decided_here_stays(reg: Reg, acme: Elsewhere) -> None:
    def there(name: str, at_us: int | None) -> None:
        said = None if at_us is None else {"deprecated_at_us": at_us, "reason": "old"}
        acme.offer(name, deprecation=said)

    def pulled() -> dict[str, str]:
        assert reg.run("remote_pull", remote="acme")["issues"] == []
        return {
            name: reg.state()[f"org.acme/{name}@1.0.0"][0].state.value for name in ("one", "two", "three")
        }

    for name in ("one", "two", "three"):
        there(name, None)
    assert set(pulled().values()) == {"published"}
    reg.run("deprecate", artifact="org.acme/three@1.0.0", reason="ours")
    there("one", 5)
    there("two", 5)
    there("three", 5)
    assert pulled() == dict.fromkeys(("one", "two", "three"), "deprecated")
    assert reg.state()["org.acme/three@1.0.0"][0].deprecation.reason == "ours"
    reg.run("undeprecate", artifact="org.acme/two@1.0.0")
    assert pulled() == {"one": "deprecated", "two": "published", "three": "deprecated"}
    for name in ("one", "two", "three"):
        there(name, None)
    assert pulled() == {"one": "published", "two": "published", "three": "deprecated"}
