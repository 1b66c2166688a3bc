"""Attacks on what says which versions there are: the real client, over HTTP, from a server that lies."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from tuf.api.metadata import TargetFile
from tuf_parts import AUTH, Mirror, Publisher, Victim, meta, running_mirror

import hyperhost
from builtin_plugins.trust_tuf.client import check_record
from builtin_plugins.trust_tuf.indexes import index_target, read_index, write_index
from hyperhost.errors import RefusalError

INDEX, OTHERS = "org.acme/auth/index.json", "org.acme/mail/index.json"


class Shop:
    """A publisher of artifacts with indexes, an honest mirror at first, and a client that knows the root."""

    def __init__(self, folder: Path, mirror: Mirror) -> None:
        self.publisher = Publisher(folder / "publisher")
        self.mirror = mirror
        self.publish("org.acme/auth", "1.0.0")
        self.publish("org.acme/mail", "1.0.0")
        mirror.show(self.publisher.files())
        self.victim = Victim(folder / "victim", mirror, self.publisher.root)

    def record(self, artifact: str, version: str, needs: str = "org.acme/base") -> bytes:
        namespace, _, name = artifact.partition("/")
        data = {"namespace": namespace, "name": name, "version": version, "dependencies": [needs]}
        return hyperhost.canonical_json(data)

    def index(self, artifact: str, *versions: str, needs: str = "org.acme/base") -> bytes:
        entries = {
            each: {"version": each, "record": json.loads(self.record(artifact, each, needs))}
            for each in versions
        }
        return write_index(artifact, entries)

    def publish(self, artifact: str, *versions: str, index: bytes | None = None) -> bytes:
        """Sign versions of an artifact, and an index of them or what is given in its place."""
        data = self.index(artifact, *versions) if index is None else index
        path = f"{artifact}/index.json"
        changes = {path: index_target(path, data)}
        for version in versions:
            record = self.record(artifact, version)
            digest = hashlib.sha256(record).hexdigest()
            target = f"{artifact}/{version}"
            changes[target] = TargetFile(
                len(record), {"sha256": digest}, target, {"custom": {"record": digest}}
            )
            self.publisher.contents[f"{artifact}/{digest}.{version}"] = record
        with self.publisher.keeper.edit() as repository:
            repository.change(changes)
        self.publisher.contents[f"{artifact}/{hashlib.sha256(data).hexdigest()}.index.json"] = data
        return data

    def file(self, path: str) -> str:
        """Under which name the mirror has the index that is signed now."""
        with self.publisher.keeper.view() as repository:
            signed = repository.target(path)
        assert signed is not None
        return f"targets/{path.rpartition('/')[0]}/{signed.hashes['sha256']}.index.json"


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    with running_mirror() as mirror:
        shop = Shop(tmp_path, mirror)
        yield shop
        shop.victim.fetcher.close()


def refused(shop: Shop, rule: str, words: str, act: Callable[[], Any]) -> None:
    """Assert that an act is refused in these words, and that nothing was put into the client's directory."""
    before = shop.victim.installed()
    with pytest.raises(RefusalError, match=words) as caught:
        act()
    assert caught.value.rule == rule
    assert caught.value.hint
    assert shop.victim.installed() == before


def test_an_honest_index_leads_to_records_that_are_signed(shop: Shop) -> None:
    told = read_index(shop.victim.fetch(INDEX), "org.acme/auth")
    target = shop.victim.client().find(AUTH)
    assert target is not None
    assert check_record(target, hyperhost.canonical_json(told["1.0.0"]["record"])) == told["1.0.0"]["record"]


def test_an_index_in_which_the_mirror_lists_another_dependency(shop: Shop) -> None:
    forged = shop.index("org.acme/auth", "1.0.0", needs="org.evil/x123")
    honest = shop.mirror.files[shop.file(INDEX)]
    assert len(forged) == len(honest)  # type: ignore[arg-type]  # it is bytes
    shop.mirror.files[shop.file(INDEX)] = forged
    refused(shop, "trust.wrong-software", "is not what was signed", lambda: shop.victim.fetch(INDEX))


def test_an_index_in_which_the_mirror_lists_one_version_more(shop: Shop) -> None:
    shop.mirror.files[shop.file(INDEX)] = shop.index("org.acme/auth", "1.0.0", "9.0.0")
    refused(shop, "trust.endless-data", "longer than it may be", lambda: shop.victim.fetch(INDEX))


def test_a_signed_index_that_lists_another_dependency_than_the_version_was_signed_with(shop: Shop) -> None:
    shop.publish("org.acme/auth", "1.0.0", index=shop.index("org.acme/auth", "1.0.0", needs="org.evil/miner"))
    shop.mirror.show(shop.publisher.files())
    told = read_index(shop.victim.fetch(INDEX), "org.acme/auth")
    target = shop.victim.client().find(AUTH)
    assert target is not None
    record = hyperhost.canonical_json(told["1.0.0"]["record"])
    refused(
        shop,
        "trust.extraneous-dependencies",
        "dependencies may be others",
        lambda: check_record(target, record),
    )


def test_indexes_that_the_mirror_swaps_between_artifacts(shop: Shop) -> None:
    files = shop.mirror.files
    one, other = shop.file(INDEX), shop.file(OTHERS)
    files[one], files[other] = files[other], files[one]
    for path in (INDEX, OTHERS):
        refused(
            shop,
            "trust.wrong-software",
            "is not what was signed",
            lambda path=path: shop.victim.fetch(path),  # type: ignore[misc]  # bound to the path of the turn
        )


def test_a_signed_index_of_another_artifact(shop: Shop) -> None:
    shop.publish("org.acme/auth", index=shop.index("org.acme/mail", "1.0.0"))
    shop.mirror.show(shop.publisher.files())
    data = shop.victim.fetch(INDEX)
    with pytest.raises(RefusalError, match=r"index of org\.acme/auth is that of 'org\.acme/mail'") as caught:
        read_index(data, "org.acme/auth")
    assert caught.value.rule == "invalid:index:artifact"


def test_mix_and_match_of_new_targets_with_an_older_index(shop: Shop) -> None:
    older = shop.publisher.files()[shop.file(INDEX)]
    shop.publish("org.acme/auth", "1.0.0", "1.1.0")
    shop.mirror.show(shop.publisher.files())
    assert shop.victim.client().find("org.acme/auth/1.1.0") is not None
    shop.mirror.files[shop.file(INDEX)] = older
    refused(shop, "trust.wrong-software", "is not what was signed", lambda: shop.victim.fetch(INDEX))


def test_mix_and_match_of_an_older_delegation_with_its_older_index(shop: Shop) -> None:
    before = shop.publisher.files()
    shop.publish("org.acme/auth", "1.0.0", "1.1.0")
    shop.mirror.show(before | shop.publisher.files())
    [newest, *_] = sorted(
        (name for name in shop.mirror.files if name.endswith(".org.acme.json")), reverse=True
    )
    [old] = [data for name, data in before.items() if name.endswith("/2.org.acme.json")]
    shop.mirror.files[newest] = old
    refused(shop, "trust.mix-and-match", "parts of different states", lambda: shop.victim.fetch(INDEX))


def test_rollback_to_a_state_in_which_a_version_was_not_withdrawn(shop: Shop) -> None:
    before = shop.publisher.files()
    shop.publish("org.acme/auth", "2.0.0")
    with shop.publisher.keeper.edit() as repository:
        repository.change({AUTH: None})
    shop.mirror.show(shop.publisher.files())
    shop.victim.refresh()
    shop.mirror.show(before)
    refused(shop, "trust.rollback", "older than what was seen before", lambda: shop.victim.fetch(INDEX))


def test_a_namespace_that_signs_an_index_of_another_one_is_not_heard(shop: Shop) -> None:
    publisher, files = shop.publisher, shop.mirror.files
    shop.publish("org.evil/tool", "1.0.0")
    evil = shop.index("org.acme/auth", "6.6.6", needs="org.evil/miner")
    honest = publisher.files()
    version = max(int(name[9:].partition(".")[0]) for name in honest if name.endswith(".org.evil.json"))

    def claims(signed: Any) -> None:
        signed.version += 1
        for path in (INDEX, "org.acme/none/index.json", "org.acme/none/1.0.0"):
            signed.targets[path] = index_target(path, evil)

    forged = publisher.forged(
        honest[f"metadata/{version}.org.evil.json"], claims, publisher.keys_of("org.evil")
    )
    files.update(honest)
    files[f"metadata/{version + 1}.org.evil.json"] = forged
    files[f"targets/org.acme/auth/{hashlib.sha256(evil).hexdigest()}.index.json"] = evil

    def announced(signed: Any) -> None:  # online keys sign whatever the keys of a namespace have signed
        signed.version += 1
        signed.meta["org.evil.json"] = meta(forged, version + 1)

    number = max(int(name[9:].partition(".")[0]) for name in honest if name.endswith(".snapshot.json"))
    snapshot = publisher.forged(
        honest[f"metadata/{number}.snapshot.json"], announced, publisher.keys_of("snapshot")
    )
    files[f"metadata/{number + 1}.snapshot.json"] = snapshot

    def pointed(signed: Any) -> None:
        signed.version += 1
        signed.snapshot_meta = meta(snapshot, number + 1)

    files["metadata/timestamp.json"] = publisher.forged(
        honest["metadata/timestamp.json"], pointed, publisher.keys_of("timestamp")
    )
    found = {each.path: each for each in shop.victim.client().listed("")}
    assert "org.evil/tool/1.0.0" in found
    assert not [path for path in found if path.startswith("org.acme/none/")]
    genuine = hashlib.sha256(shop.index("org.acme/auth", "1.0.0")).hexdigest()
    assert found[INDEX].hashes == {"sha256": genuine}
    assert list(read_index(shop.victim.fetch(INDEX), "org.acme/auth")) == ["1.0.0"]
    assert shop.victim.client().find("org.acme/none/index.json") is None


def test_an_index_without_end(shop: Shop) -> None:
    shop.mirror.files[shop.file(INDEX)] = shop.mirror.endless
    refused(shop, "trust.endless-data", "longer than it may be", lambda: shop.victim.fetch(INDEX))
    assert shop.mirror.sent < 20_000_000
