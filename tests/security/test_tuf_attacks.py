"""The attacks of the TUF specification, against the real client, over HTTP, from a server that lies.

https://theupdateframework.github.io/specification/latest/#goals-to-protect-against-specific-attacks
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from tuf_parts import AUTH, MAIL, Mirror, Publisher, Victim, meta, running_mirror

from builtin_plugins.trust_tuf.client import ClientLimits, check_record
from builtin_plugins.trust_tuf.clock import utc_now
from hyperhost.errors import RefusalError

GOOD, NEWER, EVIL = b"the software", b"newer software", b"malware!"


class Scene:
    """A publisher, an honest mirror at first, and a client that has fetched from it once."""

    def __init__(self, folder: Path, mirror: Mirror) -> None:
        self.publisher = Publisher(folder / "publisher")
        self.publisher.publish(AUTH, GOOD)
        self.mirror = mirror
        self.folder = folder
        mirror.show(self.publisher.files())
        self.victim = Victim(folder / "victim", mirror, self.publisher.root)
        assert self.victim.fetch() == GOOD
        self.before = self.publisher.files()

    def newest(self, role: str) -> tuple[str, bytes]:
        """Path and bytes of the newest metadata of a role, as the mirror shows it."""
        if role == "timestamp":
            return "metadata/timestamp.json", self.publisher.files()["metadata/timestamp.json"]
        version = max(
            int(name.removeprefix("metadata/").partition(".")[0])
            for name in self.publisher.files()
            if name.endswith(f".{role}.json")
            and name.removeprefix("metadata/").partition(".")[2] == f"{role}.json"
        )
        name = f"metadata/{version}.{role}.json"
        return name, self.publisher.files()[name]

    def steal(self, *roles: str) -> list[str]:
        return [key for role in roles for key in self.publisher.keys_of(role)]

    def announce(self, role: str, data: bytes) -> None:
        """What who stole the online keys does: sign a snapshot and a timestamp that name forged metadata."""
        publisher, files = self.publisher, self.mirror.files
        version = json.loads(data)["signed"]["version"]
        files[f"metadata/{version}.{role}.json"] = data
        _, snapshot = self.newest("snapshot")

        def renamed(signed: Any) -> None:
            signed.version += 1
            signed.meta[f"{role}.json"] = meta(data, version)

        forged = publisher.forged(snapshot, renamed, self.steal("snapshot"))
        number = json.loads(forged)["signed"]["version"]
        files[f"metadata/{number}.snapshot.json"] = forged

        def pointed(signed: Any) -> None:
            signed.version += 1
            signed.snapshot_meta = meta(forged, number)

        _, timestamp = self.newest("timestamp")
        files["metadata/timestamp.json"] = publisher.forged(timestamp, pointed, self.steal("timestamp"))


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    with running_mirror() as mirror:
        scene = Scene(tmp_path, mirror)
        yield scene
        scene.victim.fetcher.close()


def refused(scene: Scene, rule: str, words: str, act: Callable[[], Any] | None = None) -> RefusalError:
    """Assert that an act is refused in these words, and that the client trusts exactly what it did before."""
    trusted, installed = scene.victim.trusted(), scene.victim.installed()
    with pytest.raises(RefusalError, match=words) as caught:
        (act or scene.victim.fetch)()
    assert caught.value.rule == f"trust.{rule}"
    assert caught.value.hint
    assert scene.victim.trusted() == trusted
    assert scene.victim.installed() == installed
    return caught.value


def test_arbitrary_installation_of_a_repository_with_keys_of_its_own(scene: Scene) -> None:
    attacker = Publisher(scene.folder / "attacker")
    for _ in range(3):
        attacker.publish(AUTH, EVIL)
        attacker.remove(AUTH)
    attacker.publish(AUTH, EVIL)
    scene.mirror.show(attacker.files())
    refused(
        scene, "arbitrary-installation", "timestamp metadata is signed by none of the keys trusted for it"
    )


def test_arbitrary_installation_by_a_root_that_its_own_keys_sign(scene: Scene) -> None:
    attacker = Publisher(scene.folder / "attacker")
    attacker.rotate("root", 3, 2)
    scene.mirror.show(attacker.files())
    refused(scene, "arbitrary-installation", "root metadata is signed by none of the keys trusted for it")


def test_arbitrary_installation_of_content_in_the_place_of_another(scene: Scene) -> None:
    scene.victim.downloads.joinpath("org.acme%2Fauth%2F1.0.0").unlink()
    [name] = [name for name in scene.mirror.files if name.startswith("targets/")]
    scene.mirror.files[name] = EVIL.ljust(len(GOOD))
    refused(scene, "wrong-software", r"content of org.acme/auth/1.0.0 .* \(arbitrary installation\)")


@pytest.mark.parametrize("name", ["metadata/2.root.json", "metadata/timestamp.json"])
def test_endless_data_in_the_place_of_metadata(scene: Scene, name: str) -> None:
    scene.mirror.files[name] = scene.mirror.endless
    refused(scene, "endless-data", r"metadata is longer than it may be \(endless data\)")
    assert scene.mirror.sent < 20_000_000


def test_endless_data_behind_a_snapshot_of_known_length(scene: Scene) -> None:
    scene.publisher.publish(MAIL, NEWER)
    scene.mirror.show(scene.publisher.files())
    name, data = scene.newest("snapshot")
    scene.mirror.files[name] = data + b" "
    trusted = scene.victim.trusted()
    with pytest.raises(RefusalError, match="snapshot metadata is longer than it may be") as caught:
        scene.victim.refresh()
    assert caught.value.rule == "trust.endless-data"
    after = scene.victim.trusted()
    assert after.pop("timestamp.json") == scene.mirror.files["metadata/timestamp.json"]  # it was genuine
    assert trusted.pop("timestamp.json")
    assert after == trusted


def test_endless_data_in_the_place_of_content(scene: Scene) -> None:
    scene.victim.downloads.joinpath("org.acme%2Fauth%2F1.0.0").unlink()
    [name] = [name for name in scene.mirror.files if name.startswith("targets/")]
    scene.mirror.files[name] = scene.mirror.endless
    refused(scene, "endless-data", "content of org.acme/auth/1.0.0 is longer than it may be")
    assert scene.mirror.sent < 20_000_000


def test_endless_data_that_was_signed_is_more_than_a_client_allows(scene: Scene) -> None:
    scene.victim.limits = ClientLimits(content_bytes=len(GOOD) - 1)
    refused(scene, "endless-data", "has 12 bytes, more than the 11 allowed")


def test_extraneous_dependencies_slipped_into_signed_metadata(scene: Scene) -> None:
    def slipped(signed: Any) -> None:
        signed.version += 1
        signed.targets[AUTH].custom["dependencies"] = [{"artifact": "org.evil/miner", "constraint": "*"}]

    scene.announce("org.acme", scene.publisher.forged(scene.newest("org.acme")[1], slipped))
    known = scene.victim.trusted()["org.acme.json"]
    with pytest.raises(RefusalError, match=r"org\.acme metadata is signed by none of the keys") as caught:
        scene.victim.client().find(AUTH)
    assert caught.value.rule == "trust.arbitrary-installation"
    assert scene.victim.trusted()["org.acme.json"] == known


def test_extraneous_dependencies_in_what_a_mirror_says_of_an_artifact(scene: Scene) -> None:
    needs = [{"artifact": "org.acme/auth", "constraint": "^1.0.0"}]
    scene.publisher.publish(MAIL, NEWER, needs)
    scene.mirror.show(scene.publisher.files())
    target = scene.victim.client().find(MAIL)
    assert target is not None
    assert json.loads(target.custom_json)["dependencies"] == needs
    assert check_record(target, json.dumps({"dependencies": needs}).encode()) == {"dependencies": needs}
    more = json.dumps({"dependencies": [*needs, {"artifact": "org.evil/miner"}]}).encode()
    refused(
        scene, "extraneous-dependencies", "dependencies may be others", lambda: check_record(target, more)
    )


def test_fast_forward_by_stolen_online_keys_is_undone_by_their_rotation(scene: Scene) -> None:
    publisher = scene.publisher
    honest = publisher.files()

    def run_up(signed: Any) -> None:
        signed.version = 2**31

    data = publisher.forged(scene.newest("snapshot")[1], run_up, scene.steal("snapshot"))
    scene.mirror.files[f"metadata/{2**31}.snapshot.json"] = data

    def pointed(signed: Any) -> None:
        run_up(signed)
        signed.snapshot_meta = meta(data, 2**31)

    stolen = scene.steal("timestamp")
    scene.mirror.files["metadata/timestamp.json"] = publisher.forged(
        scene.newest("timestamp")[1], pointed, stolen
    )
    assert scene.victim.refresh().timestamp == 2**31

    scene.mirror.show(honest)
    error = refused(scene, "rollback", r"timestamp metadata is older than what was seen before \(rollback\)")
    assert "rotation of the timestamp and snapshot keys lets clients go on" in error.hint

    publisher.rotate("snapshot")
    publisher.rotate("timestamp")
    scene.mirror.show(publisher.files())
    state = scene.victim.refresh()
    assert state.root == 3
    assert state.timestamp < 10
    assert scene.victim.fetch() == GOOD


def test_indefinite_freeze_ends_when_the_timestamp_expires(scene: Scene) -> None:
    scene.publisher.publish(MAIL, NEWER)  # the mirror goes on to show the state before
    scene.victim.now = lambda: utc_now() + timedelta(days=8)
    error = refused(scene, "freeze", r"timestamp metadata has expired: .*\(indefinite freeze\)")
    assert "clock" in error.hint


def test_indefinite_freeze_behind_a_renewed_timestamp_ends_when_the_snapshot_expires(scene: Scene) -> None:
    def renewed(signed: Any) -> None:
        signed.version += 1
        signed.expires += timedelta(days=365)

    stolen = scene.steal("timestamp")
    timestamp = scene.publisher.forged(scene.newest("timestamp")[1], renewed, stolen)
    scene.mirror.files["metadata/timestamp.json"] = timestamp
    scene.victim.refresh()
    scene.victim.now = lambda: utc_now() + timedelta(days=31)
    refused(scene, "freeze", "snapshot metadata has expired")


@pytest.mark.parametrize(
    "answer",
    [b"", b"<html>down for maintenance</html>", b"[" * 16_000, b"{}"],
    ids=["nothing", "a page", "depth", "an object"],
)
def test_malicious_mirror_sends_what_is_no_metadata(scene: Scene, answer: bytes) -> None:
    scene.mirror.files["metadata/timestamp.json"] = answer
    refused(scene, "mirror", "timestamp metadata is no TUF metadata: the mirror is broken or malicious")


def test_malicious_mirror_withholds_what_it_has_announced(scene: Scene) -> None:
    scene.publisher.publish(MAIL, NEWER)
    scene.mirror.show(scene.publisher.files())
    scene.victim.refresh()
    name, _ = scene.newest("org.acme")
    del scene.mirror.files[name]
    refused(scene, "mirror", r"org.acme metadata cannot be had: .* withholds it: HTTP 404")
    scene.mirror.show(scene.publisher.files())  # another mirror does not
    assert scene.victim.fetch(MAIL) == NEWER


def test_malicious_mirror_hangs_up_in_the_middle(scene: Scene) -> None:
    def hang_up(handler: Any) -> None:
        handler.send_response(200)
        handler.send_header("Content-Length", "1000")
        handler.end_headers()
        handler.wfile.write(b'{"signatures"')

    scene.mirror.files["metadata/timestamp.json"] = hang_up
    refused(scene, "mirror", "timestamp metadata cannot be had")


def test_malicious_mirror_sends_clients_round_in_circles(scene: Scene) -> None:
    def elsewhere(handler: Any) -> None:
        handler.send_response(302)
        handler.send_header("Location", "/metadata/timestamp.json")
        handler.send_header("Content-Length", "0")
        handler.end_headers()

    scene.mirror.files["metadata/timestamp.json"] = elsewhere
    refused(scene, "mirror", "timestamp metadata cannot be had")
    assert len(scene.mirror.asked) < 20


def test_mix_and_match_of_a_new_snapshot_with_old_targets(scene: Scene) -> None:
    scene.publisher.publish(MAIL, NEWER)
    scene.mirror.show(scene.publisher.files())
    scene.victim.refresh()
    name, new = scene.newest("org.acme")
    old = scene.before["metadata/1.org.acme.json"]
    assert old != new
    scene.mirror.files[name] = old
    refused(
        scene, "mix-and-match", r"org.acme metadata .*\(mix-and-match\)", lambda: scene.victim.fetch(MAIL)
    )


def test_mix_and_match_of_a_new_timestamp_with_an_old_snapshot(scene: Scene) -> None:
    _, old = scene.newest("snapshot")
    scene.publisher.publish(MAIL, NEWER)
    scene.mirror.show(scene.publisher.files())
    scene.mirror.files[scene.newest("snapshot")[0]] = old
    trusted = scene.victim.trusted()
    with pytest.raises(RefusalError, match=r"snapshot metadata .*\(mix-and-match\)") as caught:
        scene.victim.refresh()
    assert caught.value.rule == "trust.mix-and-match"
    assert {**trusted, "timestamp.json": b""} == {**scene.victim.trusted(), "timestamp.json": b""}


def test_rollback_to_an_older_timestamp(scene: Scene) -> None:
    scene.publisher.publish(MAIL, NEWER)
    scene.mirror.show(scene.publisher.files())
    scene.victim.refresh()
    scene.mirror.show(scene.before)
    refused(scene, "rollback", r"timestamp metadata is older than what was seen before \(rollback\)")


def test_rollback_of_the_snapshot_by_a_stolen_timestamp_key(scene: Scene) -> None:
    _, old = scene.newest("snapshot")
    scene.publisher.publish(MAIL, NEWER)
    scene.mirror.show(scene.publisher.files())
    scene.victim.refresh()

    def pointed(signed: Any) -> None:
        signed.version += 1
        signed.snapshot_meta = meta(old, json.loads(old)["signed"]["version"])

    stolen = scene.steal("timestamp")
    scene.mirror.files["metadata/timestamp.json"] = scene.publisher.forged(
        scene.newest("timestamp")[1], pointed, stolen
    )
    refused(scene, "rollback", "New snapshot version must be")


def test_key_compromise_below_the_threshold_of_the_root(scene: Scene) -> None:
    def own_keys(signed: Any) -> None:
        signed.version += 1
        signed.roles["timestamp"].keyids = list(signed.roles["root"].keyids)

    [stolen, *_] = scene.steal("root")
    forged = scene.publisher.forged(scene.publisher.root, own_keys, [stolen])
    scene.mirror.files["metadata/2.root.json"] = forged
    refused(scene, "threshold", "root metadata has 1 of the 2 signatures it needs: keys below the threshold")


def test_key_compromise_below_the_threshold_of_a_namespace(scene: Scene) -> None:
    scene.publisher.delegate("org.acme", keys=3, threshold=2)
    scene.mirror.show(scene.publisher.files())
    assert scene.victim.fetch() == GOOD

    def replaced(signed: Any) -> None:
        signed.version += 1
        signed.targets[AUTH].length = len(EVIL)

    [stolen, *_] = scene.steal("org.acme")
    scene.announce("org.acme", scene.publisher.forged(scene.newest("org.acme")[1], replaced, [stolen]))
    known = scene.victim.trusted()["org.acme.json"]
    with pytest.raises(
        RefusalError, match=r"org\.acme metadata has 1 of the 2 signatures it needs"
    ) as caught:
        scene.victim.fetch()
    assert caught.value.rule == "trust.threshold"
    assert scene.victim.trusted()["org.acme.json"] == known
    assert scene.victim.installed() == [GOOD]


def test_key_compromise_of_one_namespace_does_not_reach_another(scene: Scene) -> None:
    scene.publisher.publish("org.other/tool/1.0.0", NEWER)
    scene.mirror.show(scene.publisher.files())
    _, data = scene.newest("org.other")

    def claimed(signed: Any) -> None:
        signed.version += 1
        target = signed.targets["org.other/tool/1.0.0"]
        target.path = MAIL
        signed.targets[MAIL] = target

    scene.announce("org.other", scene.publisher.forged(data, claimed, scene.steal("org.other")))
    assert scene.victim.client().find(MAIL) is None
    assert scene.victim.client().find("org.other/tool/1.0.0") is not None


def test_wrong_software_that_is_genuine_but_not_what_was_asked_for(scene: Scene) -> None:
    scene.publisher.publish(MAIL, NEWER.ljust(len(GOOD))[: len(GOOD)])
    scene.mirror.show(scene.publisher.files())
    names = {name.split("/")[2]: name for name in scene.mirror.files if name.startswith("targets/")}
    scene.mirror.files[names["mail"]] = GOOD
    trusted = scene.victim.trusted()
    with pytest.raises(
        RefusalError, match=r"content of org\.acme/mail/1\.0\.0 is not what was signed"
    ) as caught:
        scene.victim.fetch(MAIL)
    assert caught.value.rule == "trust.wrong-software"
    assert scene.victim.installed() == [GOOD]
    genuine = scene.publisher.files()
    after = scene.victim.trusted()
    assert after["root.json"] == trusted["root.json"]
    assert all(data in genuine.values() for data in after.values())
