"""Which versions of an artifact there are: what its index says, when it is signed, how long it stays."""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from registry_hosts import created, operations_on, published, uploaded
from tuf_parts import running_mirror, signed_targets

import hyperhost
from builtin_plugins.keys.plugin import Keys
from builtin_plugins.signing_ed25519.plugin import SigningEd25519
from builtin_plugins.storage_sql.plugin import StorageSql
from builtin_plugins.trust_tuf.indexes import read_index, write_index
from builtin_plugins.trust_tuf.keeper import Keeper
from builtin_plugins.trust_tuf.plugin import TrustTuf
from builtin_plugins.trust_tuf.shelf import IndexShelf
from hyperhost.contracts import PutMode, TrustSource
from hyperhost.errors import RefusalError

INDEX = "org.acme/auth/index.json"


@contextlib.contextmanager
def registry(home: Path) -> Iterator[hyperhost.Operations]:
    home.mkdir(exist_ok=True, mode=0o700)
    storage = StorageSql(str(home / "registry.db"))
    with operations_on(storage, SigningEd25519(), Keys(), home=home) as operations:
        operations.host.register(TrustTuf(), "trust-tuf")
        yield operations


@pytest.fixture
def operations(tmp_path: Path) -> Iterator[hyperhost.Operations]:
    with registry(tmp_path / "home") as operations:
        operations.run("tuf_create", root_keys=1, root_threshold=1)
        yield operations


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "home" / "data" / "trust-tuf"


def keeper_of(folder: Path) -> Keeper:
    """The repository as another process has it."""
    return Keeper(folder, folder.parent.parent / "tuf.key")


def indexes(operations: hyperhost.Operations) -> dict[str, list[dict[str, Any]]]:
    """What every index that is signed says, each as clients get it, checked as they do."""
    operations.run("tuf_update")
    found = {}
    for path, signed in signed_targets(Path(operations.run("tuf_status")["metadata"])).items():
        folder, _, name = path.rpartition("/")
        if name != "index.json":
            continue
        digest = signed["hashes"]["sha256"]
        served = operations.host.hook.trust_serve(path=f"targets/{folder}/{digest}.index.json")
        assert (len(served.data), hashlib.sha256(served.data).hexdigest()) == (signed["length"], digest)
        assert signed["custom"] == {"index": 1}
        data = json.loads(served.data)
        assert served.data == hyperhost.canonical_json(data)
        assert (data["format"], data["artifact"]) == (1, folder)
        found[folder] = data["versions"]
    return found


def versions(operations: hyperhost.Operations, artifact: str = "org.acme/auth") -> list[str]:
    return [each["version"] for each in indexes(operations).get(artifact, [])]


def test_an_index_lists_the_versions_that_are_targets_in_their_order(
    operations: hyperhost.Operations,
) -> None:
    for version in ("1.10.0", "1.9.0", "2.0.0-rc.1", "1.9.0+b", "1.9.0+a"):
        published(operations, "auth", version)
    created(operations, "auth", "3.0.0")
    published(operations, "auth", "4.0.0", visibility="private")
    published(operations, "mail")
    assert versions(operations) == ["1.9.0", "1.9.0+a", "1.9.0+b", "1.10.0", "2.0.0-rc.1"]
    assert versions(operations, "org.acme/mail") == ["1.0.0"]
    signed = signed_targets(Path(operations.run("tuf_status")["metadata"]))
    assert sorted(f"org.acme/auth/{each}" for each in versions(operations)) == sorted(
        path for path in signed if path.startswith("org.acme/auth/") and path != INDEX
    )


def test_the_record_in_an_index_is_the_one_signed_with_the_target(operations: hyperhost.Operations) -> None:
    needs = [{"artifact": "org.acme/base", "constraint": "^1.0.0"}]
    made = published(operations, dependencies=needs, content_hash=uploaded(operations, b"software"))
    [entry] = indexes(operations)["org.acme/auth"]
    signed = signed_targets(Path(operations.run("tuf_status")["metadata"]))["org.acme/auth/1.0.0"]
    record = hyperhost.canonical_json(entry["record"])
    assert hashlib.sha256(record).hexdigest() == signed["custom"]["record"]
    assert entry["record"]["content_hash"] == f"sha256:{signed['hashes']['sha256']}"
    assert entry["record"]["dependencies"][0]["artifact"] == "org.acme/base"
    assert entry["published_at_us"] == made["activity"]["published_at_us"]
    assert (entry["manifest"], entry["bundle"], entry["deprecation"]) == (None, None, None)


@pytest.mark.parametrize(
    ("manifest", "open_to_all"),
    [
        ({"values": {"port": 80}}, True),
        ({"values": {"port": 80, "password": "geheim"}, "sensitive": ["password"]}, False),
        ({"values": {"db": [{"pin": "geheim"}]}, "sensitive": ["db.*.pin"]}, False),
        ({"values": {"db": [1, "geheim"]}, "sensitive": ["db.01"]}, False),
        ({"values": {"pin": "geheim"}, "secrets": [{"path": "pin", "name": "pin"}]}, False),
        ({"values": {}, "secrets": [{"path": "pin", "name": "pin"}], "sensitive": ["other"]}, True),
        ({"overrides": {"production": {"password": "geheim"}}, "sensitive": ["password"]}, False),
        ({"values": "password: geheim\n", "format": "yaml", "sensitive": ["password"]}, False),
        ({"defaults": {"password": "geheim"}, "sensitive": ["password"]}, False),
        ({"schema": {"properties": {"pin": {"default": "geheim"}}}, "sensitive": ["pin"]}, False),
        ({"schema": {"properties": {"pin": {"type": "string"}}}, "sensitive": ["pin"]}, True),
        ({"values": {"password": "geheim"}, "encrypted": True}, False),
    ],
    ids=[
        "plain", "sensitive", "in a list", "by its index", "secret", "only named", "override", "text",
        "default", "schema", "schema without values", "encrypted",
    ],
)  # fmt: skip
def test_a_manifest_with_anything_masked_is_told_neither_as_a_whole_nor_by_its_digest(
    operations: hyperhost.Operations, folder: Path, manifest: dict[str, Any], open_to_all: bool
) -> None:
    made = published(operations, type="config", manifest={"format": "json", **manifest})
    text = operations.host.hook.storage_get_manifest(artifact_id=made["id"])
    digest = hashlib.sha256(text.encode()).hexdigest()
    [entry] = indexes(operations)["org.acme/auth"]
    shown = operations.run("read_manifest", artifact=made["id"])
    assert open_to_all == (shown == json.loads(text))
    if open_to_all:
        assert (entry["manifest"], entry["record"]["manifest_sha256"]) == (text, digest)
        return
    assert (entry["manifest"], entry["record"]["manifest_sha256"]) == (None, None)
    for file in (each for each in folder.rglob("*") if each.is_file() and "keys" not in each.parts):
        assert b"geheim" not in file.read_bytes()
        assert digest.encode() not in file.read_bytes()


def test_an_index_has_the_signatures_of_an_artifact_as_soon_as_there_are_some(
    operations: hyperhost.Operations,
) -> None:
    key = operations.run("key_generate")["id"]
    made = published(operations)
    assert indexes(operations)["org.acme/auth"][0]["bundle"] is None
    operations.run("sign", artifact=made["id"], key=key)
    [entry] = indexes(operations)["org.acme/auth"]
    assert entry["bundle"] == json.loads(operations.run("bundle", artifact=made["id"]))
    artifact = operations.host.hook.storage_get_artifact(artifact_id=made["id"])
    [signature] = hyperhost.read_bundle(json.dumps(entry["bundle"]).encode(), artifact)
    payload = hyperhost.signed_bytes(artifact)
    assert operations.host.hook.signing_verify(payload=payload, signature=signature).valid


def test_a_signature_is_in_the_index_without_being_asked_for(
    operations: hyperhost.Operations, folder: Path
) -> None:
    key = operations.run("key_generate")["id"]
    made = published(operations)
    operations.run("tuf_update")
    operations.run("sign", artifact=made["id"], key=key)
    operations.host.plugins["trust-tuf"].unload()  # waits for what it has heard of
    digest = signed_targets(folder / "metadata")[INDEX]["hashes"]["sha256"]
    assert key.encode() in (IndexShelf(folder / "indexes").read(digest) or b"")


def test_an_index_says_what_is_deprecated_and_what_to_use_instead(operations: hyperhost.Operations) -> None:
    made = published(operations)
    operations.run("deprecate", artifact=made["id"], reason="old", replacement="org.acme/new")
    [entry] = indexes(operations)["org.acme/auth"]
    assert (entry["deprecation"]["reason"], entry["deprecation"]["replacement"]) == ("old", "org.acme/new")
    operations.run("undeprecate", artifact=made["id"])
    assert indexes(operations)["org.acme/auth"][0]["deprecation"] is None


def test_a_date_that_json_cannot_tell_stops_nobody_from_being_signed(
    operations: hyperhost.Operations,
) -> None:
    made = published(operations)
    hook = operations.host.hook
    operations.run("deprecate", artifact=made["id"], reason="old")
    artifact = hook.storage_get_artifact(artifact_id=made["id"])
    far = dataclasses.replace(artifact.deprecation, removed_at_us=2**62)
    changed = dataclasses.replace(artifact, deprecation=far)
    hook.storage_put_artifact(artifact=changed, manifest_json="", mode=PutMode.REPLACE)
    published(operations, "mail")
    operations.run("tuf_update", everything=True)
    [entry] = indexes(operations)["org.acme/auth"]
    assert entry["deprecation"]["removed_at_us"] == 2**53 - 1
    assert versions(operations, "org.acme/mail") == ["1.0.0"]


@pytest.mark.parametrize("how", ["yank", "delete", "unpublish", "archive"])
def test_what_is_taken_back_is_in_no_index_and_the_last_version_takes_it_along(
    operations: hyperhost.Operations, how: str
) -> None:
    for version in ("1.0.0", "2.0.0"):
        published(operations, "auth", version)
    for gone, rest in (("1.0.0", ["2.0.0"]), ("2.0.0", [])):
        if how == "delete":
            operations.run("archive", artifact=f"org.acme/auth@{gone}")
        operations.run(how, artifact=f"org.acme/auth@{gone}", **({"reason": "x"} if how == "yank" else {}))
        assert versions(operations) == rest
    assert operations.host.hook.trust_serve(path=f"targets/{INDEX}") is None


def test_a_publish_signs_one_delegation_for_the_target_and_its_index(
    operations: hyperhost.Operations, folder: Path
) -> None:
    for name in ("auth", "mail"):
        published(operations, name)
    operations.run("tuf_update")
    before = {path.name for path in (folder / "metadata").glob("*.json")}
    published(operations, "auth", "1.1.0")
    operations.run("tuf_update")
    new = {path.name.partition(".")[2] for path in (folder / "metadata").glob("*.json")} - {"json"}
    names = {path.name for path in (folder / "metadata").glob("*.json")} - before
    assert {each.partition(".")[2] for each in names} == {"org.acme.json", "snapshot.json"}
    assert len(names) == 2
    assert new >= {"org.acme.json", "targets.json"}


def test_an_update_without_changes_signs_nothing(operations: hyperhost.Operations, folder: Path) -> None:
    published(operations)
    operations.run("tuf_update")
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    assert operations.run("tuf_update")["targets"] == 0
    assert operations.run("tuf_update", everything=True)["targets"] == 0
    assert {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()} == before


@pytest.mark.parametrize("everything", [True, False], ids=["everything", "by itself"])
def test_a_repository_of_an_earlier_release_gets_its_indexes(
    tmp_path: Path, folder: Path, everything: bool
) -> None:
    with registry(tmp_path / "home") as operations:
        operations.run("tuf_create", root_keys=1, root_threshold=1)
        published(operations, "auth", "1.0.0")
        published(operations, "auth", "2.0.0")
        operations.run("tuf_update")
        operations.host.plugins["trust-tuf"].unload()  # nobody else looks meanwhile
        seq, digest, _ = (folder / "cursor").read_text().split()
        (folder / "cursor").write_text(f"{seq} {digest}\n")  # as it was before there were indexes
        with keeper_of(folder).edit() as repository:
            repository.change({INDEX: None})
        for each in (folder / "indexes").glob("??/*"):
            each.unlink()
        assert INDEX not in signed_targets(folder / "metadata")
    with registry(tmp_path / "home") as operations:
        assert operations.run("tuf_update", everything=everything)["targets"] == 0
        assert versions(operations) == ["1.0.0", "2.0.0"]
        assert operations.run("tuf_update") == {"entries": 0, "targets": 0, "cursor": int(seq)}


def test_a_crash_before_the_metadata_was_written_leaves_an_index_that_nobody_names(
    operations: hyperhost.Operations, folder: Path
) -> None:
    published(operations)
    assert versions(operations) == ["1.0.0"]
    keeper = keeper_of(folder)
    lost = write_index("org.acme/auth", {"9.0.0": {"version": "9.0.0"}})
    with contextlib.suppress(ZeroDivisionError), keeper.edit() as repository:
        repository.change({INDEX: keeper.shelve(repository, INDEX, lost)})
        keeper.indexes.flush(set())  # as far as a crash let it come
        raise ZeroDivisionError
    digest = hashlib.sha256(lost).hexdigest()
    assert keeper.indexes.read(digest) == lost
    assert versions(operations) == ["1.0.0"]
    operations.run("tuf_update", everything=True)
    with keeper.view() as repository:  # by and by it goes like any other that is out of use
        keeper.indexes.retire([], repository.snapshot.signed.version + 63)
        assert keeper.indexes.read(digest) == lost
        keeper.indexes.retire([], repository.snapshot.signed.version + 64)
    assert keeper.indexes.read(digest) is None
    assert versions(operations) == ["1.0.0"]


def test_a_crash_before_the_cursor_was_written_changes_nothing_the_next_time(
    operations: hyperhost.Operations, folder: Path
) -> None:
    cursor = (folder / "cursor").read_bytes()
    published(operations)
    operations.run("tuf_update")
    before = signed_targets(folder / "metadata")
    (folder / "cursor").write_bytes(cursor)
    assert operations.run("tuf_update")["targets"] == 0
    assert signed_targets(folder / "metadata") == before


@pytest.mark.parametrize("damage", ["gone", "cut off", "empty"])
def test_an_index_that_the_disk_lost_is_not_served_and_made_anew(
    operations: hyperhost.Operations, folder: Path, damage: str
) -> None:
    for version in ("1.0.0", "2.0.0"):
        published(operations, "auth", version)
    assert versions(operations) == ["1.0.0", "2.0.0"]
    digest = signed_targets(folder / "metadata")[INDEX]["hashes"]["sha256"]
    place = folder / "indexes" / digest[:2] / digest
    for repair in ("tuf_update", "publish"):
        if damage == "gone":
            place.unlink(missing_ok=True)
        else:
            place.write_bytes(b"" if damage == "empty" else place.read_bytes()[:-1])
        assert operations.host.hook.trust_serve(path=f"targets/{INDEX}") is None
        if repair == "tuf_update":
            operations.run("tuf_update", everything=True)
            assert versions(operations) == ["1.0.0", "2.0.0"]
        else:
            published(operations, "auth", "3.0.0")
            assert versions(operations) == ["1.0.0", "2.0.0", "3.0.0"]


def test_an_index_that_was_replaced_is_there_for_64_snapshots(
    operations: hyperhost.Operations, folder: Path
) -> None:
    hook = operations.host.hook
    published(operations)
    operations.run("tuf_update")
    old = signed_targets(folder / "metadata")[INDEX]["hashes"]["sha256"]
    path = f"targets/org.acme/auth/{old}.index.json"
    published(operations, "auth", "1.1.0")
    assert versions(operations) == ["1.0.0", "1.1.0"]
    assert hook.trust_serve(path=path).lasting
    assert hook.trust_serve(path=f"targets/org.acme/mail/{old}.index.json") is None
    keeper = keeper_of(folder)
    for _ in range(63):
        with keeper.edit() as repository:
            repository._touch("snapshot")
    assert hook.trust_serve(path=path) is not None
    with keeper.edit() as repository:
        repository._touch("snapshot")
    assert hook.trust_serve(path=path) is None
    assert versions(operations) == ["1.0.0", "1.1.0"]


def test_an_index_that_counts_again_is_not_removed_for_having_been_out_of_use(
    operations: hyperhost.Operations, folder: Path
) -> None:
    made = published(operations)
    assert versions(operations) == ["1.0.0"]
    first = signed_targets(folder / "metadata")[INDEX]
    operations.run("yank", artifact=made["id"], reason="broken")
    assert versions(operations) == []
    operations.run("unyank", artifact=made["id"])
    assert versions(operations) == ["1.0.0"]
    assert signed_targets(folder / "metadata")[INDEX] == first
    keeper = keeper_of(folder)
    with keeper.view() as repository:
        keeper.indexes.retire([], repository.snapshot.signed.version + 1_000)
    assert versions(operations) == ["1.0.0"]


def test_a_list_of_replaced_indexes_that_was_cut_off_costs_nothing_but_room(tmp_path: Path) -> None:
    shelf = IndexShelf(tmp_path)
    digests = [shelf.put(bytes([number])) for number in range(20)]
    shelf.flush(set(digests))
    shelf.retire(digests[:10], 1)
    note = tmp_path / "retired"
    note.write_bytes(note.read_bytes()[:-30] + b"\xff\n7 x")
    shelf.retire([], 65)
    assert [shelf.read(each) is None for each in digests] == [True] * 9 + [False] * 11
    shelf.sweep(set(digests[10:]), 66)
    shelf.retire([], 66 + 64)
    assert sorted(shelf.digests()) == sorted(digests[10:])


def test_what_was_taken_in_and_not_wanted_leaves_no_file(tmp_path: Path) -> None:
    shelf = IndexShelf(tmp_path)
    digest = shelf.put(b"index")
    assert shelf.read(digest) == b"index"
    shelf.discard()
    assert shelf.read(digest) is None
    assert not [each for each in tmp_path.rglob("*") if each.is_file()]


@pytest.mark.parametrize("version", ["index.json", "1.0.0/../2.0.0", "..", "one"])
def test_a_version_that_is_none_takes_no_place_of_an_index_and_stops_nobody(
    operations: hyperhost.Operations, version: str
) -> None:
    made = published(operations)
    hook = operations.host.hook
    artifact = hook.storage_get_artifact(artifact_id=made["id"])
    odd = dataclasses.replace(artifact, id="0199-odd", version=version)
    hook.storage_put_artifact(artifact=odd, manifest_json="", mode=PutMode.CREATE)
    operations.run("tuf_update", everything=True)
    assert versions(operations) == ["1.0.0"]
    published(operations, "auth", "1.1.0")
    assert versions(operations) == ["1.0.0", "1.1.0"]


def test_a_record_is_served_as_it_was_signed_though_the_registry_has_moved_on(
    operations: hyperhost.Operations,
) -> None:
    made = published(operations)
    operations.run("tuf_update")
    hook = operations.host.hook
    signed = hook.trust_serve(path="targets/org.acme/auth/1.0.0").data
    artifact = hook.storage_get_artifact(artifact_id=made["id"])
    other = dataclasses.replace(
        artifact, metadata=dataclasses.replace(artifact.metadata, description="other words")
    )
    hook.storage_put_artifact(artifact=other, manifest_json="", mode=PutMode.REPLACE)
    assert hook.trust_serve(path="targets/org.acme/auth/1.0.0").data == signed


def test_a_content_that_is_not_the_signed_one_is_not_served(operations: hyperhost.Operations) -> None:
    made = published(operations, content_hash=uploaded(operations, b"software"))
    operations.run("tuf_update")
    hook = operations.host.hook
    artifact = hook.storage_get_artifact(artifact_id=made["id"])
    content = dataclasses.replace(artifact.content, hash="sha256:" + "0" * 64)
    other = dataclasses.replace(artifact, content=content)
    hook.storage_put_artifact(artifact=other, manifest_json="", mode=PutMode.REPLACE)
    assert hook.trust_serve(path="targets/org.acme/auth/1.0.0") is None


def test_a_client_finds_out_what_there_is_and_gets_it_from_what_the_registry_serves(
    operations: hyperhost.Operations, tmp_path: Path
) -> None:
    hook = operations.host.hook
    published(operations, content_hash=uploaded(operations, b"software"))
    published(operations, "auth", "1.1.0")
    published(operations, "tool", namespace="org.other")
    operations.run("tuf_update")

    def served(path: str) -> bytes | None:
        found = hook.trust_serve(path=path)
        if found is None or found.data:
            return None if found is None else found.data
        content: bytes = hook.content_read(content_hash=found.content_hash, offset=0, length=1 << 20)
        return content

    with running_mirror() as mirror:
        mirror.behind = served
        source = TrustSource(str(tmp_path / "trusted"), f"{mirror.url}/metadata/", f"{mirror.url}/targets/")
        hook.trust_begin(metadata_dir=source.metadata_dir, root=served("metadata/1.root.json"))
        everything = [each.path for each in hook.trust_list(source=source, scope="")]
        assert everything == [
            "org.acme/auth/1.0.0", "org.acme/auth/1.1.0", "org.acme/auth/index.json",
            "org.other/tool/1.0.0", "org.other/tool/index.json",
        ]  # fmt: skip
        paths = [each.path for each in hook.trust_list(source=source, scope="org.acme")]
        assert paths == everything[:3]
        fetched = hook.trust_fetch(source=source, paths=paths, directory=str(tmp_path / "out"))
        files = {each.path: Path(each.file).read_bytes() for each in fetched}
        assert files["org.acme/auth/1.0.0"] == b"software"
        told = read_index(files[INDEX], "org.acme/auth")
        assert list(told) == ["1.0.0", "1.1.0"]
        assert hyperhost.canonical_json(told["1.1.0"]["record"]) == files["org.acme/auth/1.1.0"]


@pytest.mark.parametrize(
    "data",
    [b"", b"[]", b"{}", b'{"versions":[1]}', b'{"artifact":"org.acme/auth","format":2,"versions":[]}',
     b'{"artifact":"org.acme/mail","format":1,"versions":[]}', b"[" * 100_000],
    ids=["nothing", "a list", "an object", "numbers", "a later format", "another's", "depth"],
)  # fmt: skip
def test_what_is_no_index_of_that_artifact_is_refused(data: bytes) -> None:
    with pytest.raises(RefusalError) as caught:
        read_index(data, "org.acme/auth")
    assert caught.value.rule.startswith("invalid:index:")
    assert caught.value.hint
