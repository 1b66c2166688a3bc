"""A client: how it begins, what it takes for too slow, and what it believes of delegations."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import timedelta
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest
from tuf.api.metadata import DelegatedRole, Delegations, Metadata, TargetFile, Targets
from tuf_parts import AUTH, Mirror, Publisher, Victim, meta, running_mirror

from builtin_plugins.trust_tuf.client import TrustedClient
from builtin_plugins.trust_tuf.clock import utc_now
from builtin_plugins.trust_tuf.fetcher import BoundedFetcher
from hyperhost.contracts import TrustSource
from hyperhost.errors import RefusalError


@pytest.fixture
def publisher(tmp_path: Path) -> Publisher:
    made = Publisher(tmp_path / "publisher")
    made.publish(AUTH, b"one")
    return made


@pytest.fixture
def mirror() -> Iterator[Mirror]:
    with running_mirror() as mirror:
        yield mirror


def test_a_client_begins_once(publisher: Publisher, tmp_path: Path) -> None:
    place = str(tmp_path / "trusted")
    assert TrustedClient.begin(place, publisher.root) == 1
    assert TrustedClient.begin(place, publisher.root) == 1  # the same says nothing new
    other = Publisher(tmp_path / "other")
    with pytest.raises(RefusalError, match="trusts another root already") as caught:
        TrustedClient.begin(place, other.root)
    assert caught.value.rule == "state:root"
    assert (tmp_path / "trusted" / "root.json").read_bytes() == publisher.root


@pytest.mark.parametrize(
    "root", [b"", b"{}", b"\xff", b"[" * 100_000], ids=["nothing", "an object", "bytes", "depth"]
)
def test_what_is_no_root_is_not_trusted(root: bytes, tmp_path: Path) -> None:
    with pytest.raises(RefusalError, match=r"the root is no (TUF metadata|root)"):
        TrustedClient.begin(str(tmp_path / "trusted"), root)
    assert not (tmp_path / "trusted").exists()


def test_other_metadata_is_no_root(publisher: Publisher, tmp_path: Path) -> None:
    with pytest.raises(RefusalError, match="the root is no root metadata but timestamp"):
        TrustedClient.begin(str(tmp_path / "trusted"), (publisher.folder / "timestamp.json").read_bytes())


def test_without_a_root_nothing_is_asked_for(mirror: Mirror, tmp_path: Path) -> None:
    with pytest.raises(RefusalError, match="no root is trusted in") as caught:
        TrustedClient(TrustSource(str(tmp_path), mirror.url)).refresh()
    assert caught.value.rule == "missing:root"
    assert mirror.asked == []


def test_an_answer_that_drips_is_given_up(publisher: Publisher, mirror: Mirror, tmp_path: Path) -> None:
    def drip(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.end_headers()
        try:
            for _ in range(200):
                handler.wfile.write(b" ")
                time.sleep(0.05)
        except OSError:
            pass

    TrustedClient.begin(str(tmp_path / "trusted"), publisher.root)
    mirror.show(publisher.files())
    mirror.files["metadata/timestamp.json"] = drip
    fetcher = BoundedFetcher(grace_s=0.3, slowest=1_000)
    client = TrustedClient(TrustSource(str(tmp_path / "trusted"), f"{mirror.url}/metadata"), fetcher=fetcher)
    with pytest.raises(RefusalError, match="comes in too slowly to ever end") as caught:
        client.refresh()
    assert caught.value.rule == "trust.endless-data"
    fetcher.close()


def test_what_is_there_already_is_not_fetched_again(
    publisher: Publisher, mirror: Mirror, tmp_path: Path
) -> None:
    mirror.show(publisher.files())
    victim = Victim(tmp_path / "victim", mirror, publisher.root)
    assert victim.fetch() == b"one"
    mirror.asked.clear()
    assert victim.fetch() == b"one"
    assert mirror.asked == ["metadata/2.root.json", "metadata/timestamp.json"]
    victim.fetcher.close()


def test_a_role_that_two_delegate_to_is_verified_for_each_of_them(
    publisher: Publisher, mirror: Mirror, tmp_path: Path
) -> None:
    one, two = "org.one/tool/1.0.0", "org.two/tool/1.0.0"
    publisher.publish("org.one/base/1.0.0", b"base")
    publisher.publish("org.two/base/1.0.0", b"base")
    keys = publisher.keeper.make_keys("release", 2)
    targets = {path: TargetFile(1, {"sha256": "0" * 64}, path) for path in (one, two)}
    expires = (utc_now() + timedelta(days=1)).replace(microsecond=0)
    release = Metadata(Targets(targets=targets, expires=expires))
    [signer] = publisher.keeper.keys.signers([keys[0].keyid])
    release.sign(signer)  # by the key that only one of them accepts
    data = release.to_bytes()
    with publisher.keeper.edit() as repository:
        for role, key in zip(("org.one", "org.two"), keys, strict=True):
            rule = DelegatedRole("release", [key.keyid], 1, True, [f"{role}/*/*"])
            repository._role(role).signed.delegations = Delegations({key.keyid: key}, {"release": rule})
            repository._touch(role)
        repository.snapshot.signed.meta["release.json"] = meta(data, 1)
    mirror.show(publisher.files())
    mirror.files["metadata/1.release.json"] = data
    victim = Victim(tmp_path / "victim", mirror, publisher.root)
    client = victim.client()
    assert client.find(one) is not None
    with pytest.raises(RefusalError, match="release metadata is signed by none of the keys") as caught:
        client.find(two)
    assert caught.value.rule == "trust.arbitrary-installation"
    assert client.find(one) is not None
    victim.fetcher.close()
