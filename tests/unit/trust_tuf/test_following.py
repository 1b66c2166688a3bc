"""The repository follows the registry, through its operations and its history."""

from __future__ import annotations

import contextlib
import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from registry_hosts import created, operations_on, published, uploaded
from tuf_parts import running_mirror, signed_targets

import hyperhost
from builtin_plugins.storage_sql.plugin import StorageSql
from builtin_plugins.trust_tuf.plugin import TrustTuf
from hyperhost.contracts import TrustSource
from hyperhost.errors import ConfigError, InvalidInputError, NotFoundError, TrustError, WrongStateError

CONTENT = b"the content of an artifact"


@contextlib.contextmanager
def registry(home: Path) -> Iterator[hyperhost.Operations]:
    home.mkdir(exist_ok=True, mode=0o700)
    with operations_on(StorageSql(str(home / "registry.db")), home=home) as operations:
        operations.host.register(TrustTuf(), "trust-tuf")
        yield operations


@pytest.fixture
def operations(tmp_path: Path) -> Iterator[hyperhost.Operations]:
    with registry(tmp_path / "home") as operations:
        operations.run("tuf_create", root_keys=1, root_threshold=1)
        yield operations


def targets(operations: hyperhost.Operations) -> dict[str, Any]:
    """All artifacts that are signed, once everything that was heard of is."""
    operations.run("tuf_update")
    found = signed_targets(Path(operations.run("tuf_status")["metadata"]))
    return {path: each for path, each in found.items() if not path.endswith("/index.json")}


def test_what_is_published_becomes_a_target_with_its_dependencies(operations: hyperhost.Operations) -> None:
    content = uploaded(operations, CONTENT)
    needs = [{"artifact": "org.acme/base", "constraint": "^1.0.0"}]
    made = published(operations, content_hash=content, dependencies=needs)
    found = targets(operations)["org.acme/auth/1.0.0"]
    assert (found["length"], f"sha256:{found['hashes']['sha256']}") == (len(CONTENT), content)
    assert found["custom"]["id"] == made["id"]
    [need] = found["custom"]["dependencies"]
    assert (need["artifact"], need["constraint"]) == ("org.acme/base", "^1.0.0")


def test_publishing_is_signed_without_being_asked_for(
    operations: hyperhost.Operations, tmp_path: Path
) -> None:
    published(operations)
    operations.host.plugins["trust-tuf"].unload()  # waits for what it has heard of
    data = (tmp_path / "home" / "data" / "trust-tuf" / "metadata" / "1.org.acme.json").read_bytes()
    assert sorted(json.loads(data)["signed"]["targets"]) == [
        "org.acme/auth/1.0.0", "org.acme/auth/index.json"
    ]  # fmt: skip


def test_what_cannot_be_signed_is_published_all_the_same_and_the_fault_is_told(
    operations: hyperhost.Operations, tmp_path: Path
) -> None:
    host = operations.host
    (tmp_path / "home" / "tuf.key").unlink()
    host.plugins["trust-tuf"].unload()  # a new process knows no key any more
    host.register(TrustTuf(), "trust-tuf")
    assert published(operations)["state"] == "published"
    host.plugins["trust-tuf"].unload()
    [fault] = [fault for fault in host.faults if fault.plugin == "trust-tuf"]
    assert "the key file" in fault.message
    assert "is not there" in fault.message


def test_drafts_and_what_not_everybody_may_see_are_no_targets(operations: hyperhost.Operations) -> None:
    created(operations, "draft")
    published(operations, "hidden", visibility="private")
    published(operations, "open")
    assert list(targets(operations)) == ["org.acme/open/1.0.0"]


@pytest.mark.parametrize("how", ["yank", "delete", "unpublish", "archive"])
def test_what_is_taken_back_is_no_target_any_more(operations: hyperhost.Operations, how: str) -> None:
    made = published(operations)
    published(operations, "mail")
    assert len(targets(operations)) == 2
    if how == "delete":
        operations.run("archive", artifact=made["id"])
    operations.run(how, artifact=made["id"], **({"reason": "broken"} if how == "yank" else {}))
    assert list(targets(operations)) == ["org.acme/mail/1.0.0"]


def test_a_yank_that_is_taken_back_makes_it_a_target_again(operations: hyperhost.Operations) -> None:
    made = published(operations)
    operations.run("yank", artifact=made["id"], reason="broken")
    assert targets(operations) == {}
    operations.run("unyank", artifact=made["id"])
    assert list(targets(operations)) == ["org.acme/auth/1.0.0"]


def test_a_crash_between_the_commit_and_the_signing_heals(tmp_path: Path) -> None:
    home = tmp_path / "home"
    with registry(home) as operations:
        operations.run("tuf_create", root_keys=1, root_threshold=1)
    with operations_on(StorageSql(str(home / "registry.db")), home=home) as operations:
        published(operations)  # nobody is there to sign, as after a crash
    with registry(home) as operations:
        assert operations.run("tuf_update")["targets"] == 1
        assert operations.run("tuf_update") == {"entries": 0, "targets": 0, "cursor": 2}


def test_a_lost_cursor_costs_a_look_and_signs_nothing(operations: hyperhost.Operations) -> None:
    published(operations)
    before = targets(operations)
    status = operations.run("tuf_status")
    (Path(status["metadata"]).parent / "cursor").unlink()
    assert operations.run("tuf_update")["targets"] == 0
    assert operations.run("tuf_status")["roles"] == status["roles"]
    assert targets(operations) == before


def test_another_history_makes_it_look_at_everything(operations: hyperhost.Operations) -> None:
    published(operations)
    before = targets(operations)
    cursor = Path(operations.run("tuf_status")["metadata"]).parent / "cursor"
    operations.host.plugins["trust-tuf"].unload()  # nobody else looks meanwhile
    operations.host.register(TrustTuf(), "trust-tuf")
    cursor.write_text(f"{10_000} {'0' * 64}\n")  # as when a backup with a shorter history was restored
    assert operations.run("tuf_update") == {"entries": 1, "targets": 0, "cursor": 2}
    assert targets(operations) == before


def test_many_who_publish_at_once_are_all_signed(operations: hyperhost.Operations) -> None:
    def publish(name: str) -> None:
        for number in range(4):
            published(operations, f"{name}{number}")

    threads = [threading.Thread(target=publish, args=(name,)) for name in ("one", "two", "three")]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert len(targets(operations)) == 12


def test_a_registry_that_is_no_repository_says_how_to_make_it_one(tmp_path: Path) -> None:
    with registry(tmp_path / "home") as operations:
        published(operations)
        with pytest.raises(NotFoundError, match="registry is no TUF repository") as caught:
            operations.run("tuf_status")
        assert "hyperhost tuf create" in caught.value.hint
        operations.run("tuf_create")
        assert list(targets(operations)) == ["org.acme/auth/1.0.0"]
        with pytest.raises(WrongStateError, match="registry is a TUF repository already"):
            operations.run("tuf_create")


def test_keys_are_delegated_revoked_and_rotated_by_operations(operations: hyperhost.Operations) -> None:
    published(operations)
    targets(operations)
    role = operations.run("tuf_delegate", namespace="org.acme", keys=3, threshold=2)
    assert (role["threshold"], len(role["keys"]), role["held"]) == (2, 3, role["keys"])
    gone = role["keys"][0]
    role = operations.run("tuf_revoke", namespace="org.acme", key=gone[:12])
    assert gone not in role["keys"]
    assert len(role["keys"]) == 3
    role = operations.run("tuf_revoke", namespace="org.acme", key=role["keys"][0], replace=False)
    with pytest.raises(WrongStateError, match="would have fewer keys than its threshold of 2"):
        operations.run("tuf_revoke", namespace="org.acme", key=role["keys"][0], replace=False)
    with pytest.raises(NotFoundError, match="has no single key"):
        operations.run("tuf_revoke", namespace="org.acme", key=gone)
    before = next(each for each in operations.run("tuf_status")["roles"] if each["name"] == "root")
    after = operations.run("tuf_rotate", keys=3, threshold=2)
    assert (after["version"], after["threshold"]) == (before["version"] + 1, 2)
    assert set(before["keys"]).isdisjoint(after["keys"])
    assert operations.run("tuf_renew") == {"roles": ["timestamp"]}


@pytest.mark.parametrize(
    "namespace", ["", "org", "org.Acme", "org..acme", "targets", "org.a*", "../x", "org.ä"]
)
def test_what_is_no_namespace_is_not_delegated(operations: hyperhost.Operations, namespace: str) -> None:
    with pytest.raises(InvalidInputError, match=r"is (no namespace|not delegated as a whole)"):
        operations.run("tuf_delegate", namespace=namespace)


def test_clients_fetch_from_what_the_registry_serves(
    operations: hyperhost.Operations, tmp_path: Path
) -> None:
    hook = operations.host.hook
    published(operations, content_hash=uploaded(operations, CONTENT))
    published(operations, "bare")
    found = targets(operations)
    with running_mirror() as mirror:
        for path in ["1.root.json", "timestamp.json", *(f"{n}.{role}.json" for n in range(1, 6)
                     for role in ("snapshot", "targets", "org.acme"))]:  # fmt: skip
            served = hook.trust_serve(path=f"metadata/{path}")
            if served is not None:
                mirror.files[f"metadata/{path}"] = served.data
        for path, target in found.items():
            folder, _, version = path.rpartition("/")
            name = f"targets/{folder}/{target['hashes']['sha256']}.{version}"
            served = hook.trust_serve(path=name)
            assert served.lasting
            size = target["length"]
            mirror.files[name] = served.data or hook.content_read(
                content_hash=served.content_hash, offset=0, length=size
            )
        source = TrustSource(str(tmp_path / "trusted"), f"{mirror.url}/metadata/", f"{mirror.url}/targets/")
        assert (
            hook.trust_begin(metadata_dir=source.metadata_dir, root=mirror.files["metadata/1.root.json"]) == 1
        )
        state = hook.trust_refresh(source=source)
        assert state.root == 1
        fetched = hook.trust_fetch(source=source, paths=list(found), directory=str(tmp_path / "out"))
        contents = {each.path: Path(each.file).read_bytes() for each in fetched}
        assert contents["org.acme/auth/1.0.0"] == CONTENT
        assert json.loads(contents["org.acme/bare/1.0.0"])["name"] == "bare"
        [one] = hook.trust_find(source=source, paths=["org.acme/none/1.0.0", "org.acme/auth/1.0.0"])
        assert (one.length, one.file) == (len(CONTENT), "")


@pytest.mark.parametrize(
    "path",
    [
        "metadata/../keys/seal.json",
        "metadata/",
        "metadata/.lock",
        "metadata/..",
        "targets/org.acme/hidden/1.0.0",
        "targets/org.acme/auth/" + "0" * 64 + ".1.0.0",
        "targets/org.acme/auth",
        "cursor",
        "",
    ],
)
def test_nothing_else_is_served(operations: hyperhost.Operations, path: str) -> None:
    published(operations)
    published(operations, "hidden", visibility="private")
    targets(operations)
    assert operations.host.hook.trust_serve(path="targets/org.acme/auth/1.0.0") is not None
    assert operations.host.hook.trust_serve(path=path) is None


def test_refusals_of_the_client_are_errors_that_name_the_attack(operations: hyperhost.Operations) -> None:
    from hyperhost.errors import RefusalError
    from hyperhost.host.operations import typed

    error = typed(RefusalError("older than before", "trust.rollback", hint="try another mirror"))
    assert type(error) is TrustError
    assert (error.rule, error.code, error.hint) == ("trust.rollback", "HH-TRUST", "try another mirror")


@pytest.mark.parametrize(
    ("config", "words"),
    [
        ({"timestamp_days": 0}, "timestamp_days is 0"),
        ({"visibility": ["secret"]}, "visibility is no list of"),
        ({"key_file": "here"}, "key_file is no absolute path"),
        ({"days": 1}, "days is not known"),
    ],
)
def test_a_configuration_that_makes_no_sense_is_refused(config: dict[str, Any], words: str) -> None:
    from builtin_plugins.trust_tuf.settings import read_settings

    with pytest.raises(ConfigError, match=words):
        read_settings(config)
