"""A repository: what each change signs anew, what it leaves alone, and what happens when keys change."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from tuf.api.metadata import Metadata, Root, TargetFile
from tuf_parts import AUTH, MAIL, Publisher

from builtin_plugins.trust_tuf import layout
from builtin_plugins.trust_tuf.clock import utc_now
from builtin_plugins.trust_tuf.keeper import Keeper
from hyperhost.errors import RefusalError


@pytest.fixture
def publisher(tmp_path: Path) -> Publisher:
    made = Publisher(tmp_path)
    made.publish(AUTH, b"one")
    return made


def written(publisher: Publisher, act: Callable[[], Any]) -> set[str]:
    """Names of the metadata files that an act made or replaced."""
    before = publisher.files()
    act()
    after = publisher.files()
    changed = {name for name, data in after.items() if before.get(name) != data}
    return {name.removeprefix("metadata/") for name in changed if name.startswith("metadata/")}


def signed(publisher: Publisher, name: str) -> Any:
    return json.loads((publisher.folder / name).read_bytes())["signed"]


def target(path: str, digest: str = "0" * 64) -> TargetFile:
    return TargetFile(1, {"sha256": digest}, path)


def test_publishing_signs_its_namespace_the_snapshot_and_the_timestamp_and_nothing_else(
    publisher: Publisher,
) -> None:
    publisher.publish("org.other/tool/1.0.0", b"two")
    files = written(publisher, lambda: publisher.publish(MAIL, b"three"))
    assert files == {"2.org.acme.json", "4.snapshot.json", "timestamp.json"}


def test_the_first_publish_in_a_namespace_also_signs_the_delegation(publisher: Publisher) -> None:
    files = written(publisher, lambda: publisher.publish("org.other/tool/1.0.0", b"two"))
    assert files == {"3.targets.json", "1.org.other.json", "3.snapshot.json", "timestamp.json"}
    [first, second] = signed(publisher, "3.targets.json")["delegations"]["roles"]
    assert {first["name"], second["name"]} == {"org.acme", "org.other"}
    assert first["terminating"]
    assert set(first["keyids"]).isdisjoint(second["keyids"])


def test_saying_the_same_again_signs_nothing(publisher: Publisher) -> None:
    assert written(publisher, lambda: publisher.publish(AUTH, b"one")) == set()


def test_what_is_removed_is_no_target_any_more(publisher: Publisher) -> None:
    files = written(publisher, lambda: publisher.remove(AUTH))
    assert files == {"2.org.acme.json", "3.snapshot.json", "timestamp.json"}
    assert signed(publisher, "2.org.acme.json")["targets"] == {}
    assert written(publisher, lambda: publisher.remove("org.nobody/knows/1.0.0")) == set()


def test_many_targets_are_spread_over_bins_and_a_publish_signs_one_of_them(publisher: Publisher) -> None:
    many = {path: target(path) for path in (f"org.acme/p{number}/1.0.0" for number in range(300))}
    with publisher.keeper.edit() as repository:
        assert repository.change(many) == 300
        assert repository.facts("org.acme")[2] == 16
        assert {*many, AUTH} == {path for path, _ in repository.targets("org.acme")}
    files = written(publisher, lambda: publisher.publish(MAIL, b"two"))
    [name] = files - {"4.snapshot.json", "timestamp.json"}
    assert name.startswith("2.org.acme~4-")
    with publisher.keeper.view() as repository:
        assert repository.target(MAIL) is not None
        assert repository.target(AUTH) is not None


def test_bins_that_become_full_are_divided_and_the_old_ones_stay_in_the_snapshot(
    publisher: Publisher,
) -> None:
    for count in (300, 12_000):
        with publisher.keeper.edit() as repository:
            repository.change({path: target(path) for path in (f"org.acme/p{n}/1.0.0" for n in range(count))})
    with publisher.keeper.view() as repository:
        assert repository.facts("org.acme")[2] == 256
        assert sum(1 for _ in repository.targets("org.acme")) == 12_001
        listed = set(repository.snapshot.signed.meta)
    assert {"org.acme~4-0.json", "org.acme~4-f.json", "org.acme~8-00.json", "org.acme~8-ff.json"} <= listed


@pytest.mark.parametrize(
    ("namespace", "cover"),
    [
        ("org.acme.team.project", "org.acme"),
        ("local.scratch", "local.scratch"),
        ("pkg.react", "pkg"),
        ("lib.commons", "lib"),
        ("user.alice@example.com", "user"),
    ],
)
def test_a_namespace_without_a_delegation_of_its_own_is_covered(namespace: str, cover: str) -> None:
    assert layout.default_cover(namespace) == cover
    assert layout.covering(namespace, [cover, "org.ac", "org.other"]) == cover


def test_a_delegation_of_its_own_takes_the_targets_of_a_namespace_along(publisher: Publisher) -> None:
    publisher.publish("org.acme.team/tool/1.0.0", b"two")
    files = written(publisher, lambda: publisher.delegate("org.acme.team", keys=2, threshold=2))
    assert {name.partition(".")[2] for name in files} == {
        "targets.json", "org.acme.json", "org.acme.team.json", "snapshot.json", "json"
    }  # fmt: skip
    with publisher.keeper.view() as repository:
        assert list(repository.delegations) == ["org.acme.team", "org.acme"]
        assert dict(repository.targets("org.acme")).keys() == {AUTH}
        assert dict(repository.targets("org.acme.team")).keys() == {"org.acme.team/tool/1.0.0"}


def test_metadata_that_the_new_keys_verify_is_not_signed_anew(publisher: Publisher) -> None:
    def add_a_key() -> None:
        with publisher.keeper.edit() as repository:
            keys = [*repository.keys_of("org.acme")[0].values(), *publisher.keeper.make_keys("org.acme", 1)]
            repository.delegate("org.acme", keys, 1)

    assert written(publisher, add_a_key) == {"3.targets.json", "3.snapshot.json", "timestamp.json"}


def test_metadata_that_the_new_keys_do_not_verify_is_signed_anew(publisher: Publisher) -> None:
    files = written(publisher, lambda: publisher.delegate("org.acme", keys=3, threshold=2))
    assert files == {"3.targets.json", "2.org.acme.json", "3.snapshot.json", "timestamp.json"}
    data = json.loads((publisher.folder / "2.org.acme.json").read_bytes())
    assert {each["keyid"] for each in data["signatures"]} == set(publisher.keys_of("org.acme"))


def test_bins_are_signed_anew_with_the_keys_of_their_namespace(publisher: Publisher) -> None:
    with publisher.keeper.edit() as repository:
        repository.change({path: target(path) for path in (f"org.acme/p{n}/1.0.0" for n in range(300))})
    files = written(publisher, lambda: publisher.delegate("org.acme"))
    assert sum("~4-" in name for name in files) == 16
    with publisher.keeper.view() as repository:
        owner = repository._role("org.acme").signed
        assert owner.delegations is not None
        for each in owner.delegations.succinct_roles.get_roles():  # type: ignore[union-attr]  # there are bins
            held = repository._role(each)
            owner.verify_delegate(each, held.signed_bytes, held.signatures)


def test_roots_are_a_chain_in_which_each_is_signed_by_the_one_before(publisher: Publisher) -> None:
    old = publisher.keys_of("root")
    assert written(publisher, lambda: publisher.rotate("root", 3, 2)) == {"2.root.json"}
    publisher.rotate("root", 1, 1)
    roots = [Metadata[Root].from_file(str(publisher.folder / f"{number}.root.json")) for number in (1, 2, 3)]
    for before, after in itertools.pairwise(roots):
        before.signed.verify_delegate("root", after.signed_bytes, after.signatures)
        after.signed.verify_delegate("root", after.signed_bytes, after.signatures)
        assert after.signed.version == before.signed.version + 1
    assert set(old).isdisjoint(publisher.keys_of("root"))
    publisher.publish(MAIL, b"two")  # the others go on as before


def test_root_keys_that_lie_elsewhere_are_asked_for(publisher: Publisher) -> None:
    for each in publisher.keys_of("root")[:2]:
        publisher.keeper.keys.forget(each)
    before = publisher.files()
    with pytest.raises(RefusalError, match=r"fewer root keys are here than the root before asks for \(2\)"):
        publisher.rotate("root", 3, 2)
    assert publisher.files() == before
    publisher.publish(MAIL, b"two")


def test_a_namespace_whose_keys_lie_elsewhere_cannot_be_signed_for(publisher: Publisher) -> None:
    publisher.delegate("org.acme", keys=2, threshold=2)
    publisher.keeper.keys.forget(publisher.keys_of("org.acme")[0])
    before = publisher.files()
    with pytest.raises(
        RefusalError, match=r"org\.acme needs 2 signatures, and 1 of its keys are here"
    ) as caught:
        publisher.publish(MAIL, b"two")
    assert caught.value.rule == "state:keys"
    assert {**publisher.files(), **before} == publisher.files()
    publisher.publish("org.other/tool/1.0.0", b"three")  # others are not concerned


def test_what_has_lived_half_of_its_time_is_renewed(tmp_path: Path) -> None:
    days = [0]
    publisher = Publisher(tmp_path, now=lambda: utc_now() + timedelta(days=days[0]))
    publisher.publish(AUTH, b"one")

    def renew() -> list[str]:
        with publisher.keeper.edit() as repository:
            return repository.renew()

    assert written(publisher, renew) == {"timestamp.json"}
    days[0] = 20
    assert written(publisher, renew) == {"timestamp.json", "3.snapshot.json"}
    days[0] = 200
    renewed = {"timestamp.json", "4.snapshot.json", "3.targets.json", "2.org.acme.json", "2.root.json"}
    assert written(publisher, renew) == renewed


def test_a_crash_before_the_timestamp_was_written_leaves_the_state_before(publisher: Publisher) -> None:
    timestamp = (publisher.folder / "timestamp.json").read_bytes()
    publisher.publish(MAIL, b"two")
    (publisher.folder / "timestamp.json").write_bytes(timestamp)  # what a crash leaves behind
    again = Keeper(publisher.folder.parent, publisher.keeper.keys.unlock)
    with again.edit() as repository:
        assert repository.target(MAIL) is None
        repository.change({MAIL: target(MAIL)})
    with again.view() as repository:
        assert repository.target(MAIL) == target(MAIL)
        assert repository.timestamp.signed.snapshot_meta.version == 3


def test_old_versions_go_and_every_root_stays(publisher: Publisher) -> None:
    publisher.rotate("root", 1, 1)
    for number in range(10):
        publisher.publish(AUTH, str(number).encode())
    names = set(publisher.files())
    assert {"metadata/1.root.json", "metadata/2.root.json"} <= names
    assert "metadata/11.org.acme.json" in names
    assert "metadata/6.org.acme.json" not in names
    assert "metadata/2.snapshot.json" in names


@pytest.mark.parametrize(("keys", "threshold"), [(0, 0), (1, 2), (33, 1)])
def test_a_threshold_of_more_keys_than_there_are_is_refused(
    tmp_path: Path, keys: int, threshold: int
) -> None:
    with pytest.raises(RefusalError, match=f"{threshold} of {keys} is no threshold"):
        Keeper(tmp_path / "tuf", tmp_path / "key").create(keys, threshold)


def test_damaged_metadata_is_named(publisher: Publisher) -> None:
    (publisher.folder / "2.snapshot.json").write_bytes(b"{}")
    again = Keeper(publisher.folder.parent, publisher.keeper.keys.unlock)
    with pytest.raises(RefusalError, match="the snapshot metadata is damaged"), again.view():
        pass
