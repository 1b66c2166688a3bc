"""A directory that any web server can hand out, and what clients get from it whatever happens to it."""

from __future__ import annotations

import contextlib
import dataclasses
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from registry_hosts import operations_on, published, uploaded
from tuf_parts import signed_targets, web_server

import hyperhost
from builtin_plugins.storage_sql.plugin import StorageSql
from builtin_plugins.trust_tuf import exporting
from builtin_plugins.trust_tuf.client import TrustedClient
from builtin_plugins.trust_tuf.fetcher import BoundedFetcher
from builtin_plugins.trust_tuf.plugin import TrustTuf
from hyperhost.contracts import PutMode, TrustSource
from hyperhost.errors import InvalidInputError, NotFoundError, OperationError, WrongStateError

_ALICE = "user.alice@example.com"


@contextlib.contextmanager
def registry(home: Path) -> Iterator[hyperhost.Operations]:
    home.mkdir(mode=0o700)
    with operations_on(StorageSql(str(home / "registry.db")), home=home) as operations:
        operations.host.register(TrustTuf(), "trust-tuf")
        operations.run("tuf_create", root_keys=1, root_threshold=1)
        yield operations


@pytest.fixture
def operations(tmp_path: Path) -> Iterator[hyperhost.Operations]:
    with registry(tmp_path / "home") as operations:
        published(operations, content_hash=uploaded(operations, b"software"))
        published(operations, "auth", "1.1.0+build.7")
        tool = published(operations, "tool", namespace="org.other")
        hook = operations.host.hook
        artifact = hook.storage_get_artifact(artifact_id=tool["id"])
        note = dataclasses.replace(artifact, id="0199-note", namespace=_ALICE, name="note")
        hook.storage_put_artifact(artifact=note, manifest_json="", mode=PutMode.CREATE)
        operations.run("tuf_update", everything=True)
        yield operations


@pytest.fixture
def place(tmp_path: Path) -> Path:
    return tmp_path / "mirror"


def files(place: Path) -> dict[str, bytes]:
    return {
        path.relative_to(place).as_posix(): path.read_bytes()
        for path in sorted(place.rglob("*"))
        if path.is_file() and path.name != ".hyperhost-tuf"
    }


def export(operations: hyperhost.Operations, place: Path) -> Any:
    return operations.run("tuf_export", directory=str(place))


@contextlib.contextmanager
def client(place: Path, url: str, folder: Path) -> Iterator[TrustedClient]:
    source = TrustSource(str(folder / "trusted"), f"{url}/metadata/", f"{url}/targets/")
    TrustedClient.begin(source.metadata_dir, (place / "metadata" / "1.root.json").read_bytes())
    fetcher = BoundedFetcher(silence_s=5)
    try:
        yield TrustedClient(source, fetcher=fetcher)
    finally:
        fetcher.close()


def fetched(place: Path, folder: Path) -> dict[str, bytes]:
    """Everything that a client gets from a web server with the directory."""
    with web_server(place) as url, client(place, url, folder) as trusted:
        paths = [each.path for each in trusted.listed("")]
        return {
            path: Path(trusted.fetch(path, str(folder / "downloads")).file).read_bytes() for path in paths
        }


def test_a_client_gets_everything_from_a_web_server_that_knows_nothing(
    operations: hyperhost.Operations, place: Path, tmp_path: Path
) -> None:
    published(operations, "hidden", visibility="private")
    done = export(operations, place)
    found = fetched(place, tmp_path / "client")
    assert set(found) == {
        "org.acme/auth/1.0.0", "org.acme/auth/1.1.0+build.7", "org.acme/auth/index.json",
        "org.other/tool/1.0.0", "org.other/tool/index.json",
        "user.alice@example.com/note/1.0.0", "user.alice@example.com/note/index.json",
    }  # fmt: skip
    assert found["org.acme/auth/1.0.0"] == b"software"
    told = json.loads(found["org.acme/auth/index.json"])
    assert [each["version"] for each in told["versions"]] == ["1.0.0", "1.1.0+build.7"]
    assert json.loads(found["org.acme/auth/1.1.0+build.7"]) == told["versions"][1]["record"]
    assert done["written"] == len(files(place))
    assert done["written_bytes"] == sum(map(len, files(place).values()))
    assert (done["kept"], done["removed"], done["left_out"]) == (0, 0, [])


def test_what_is_there_stays_and_what_is_no_target_any_more_goes(
    operations: hyperhost.Operations, place: Path, tmp_path: Path
) -> None:
    export(operations, place)
    first = files(place)
    again = export(operations, place)
    assert (again["written"], again["removed"], again["kept"]) == (0, 0, len(first))
    assert files(place) == first
    published(operations, "mail")
    operations.run("yank", artifact="org.acme/auth@1.0.0", reason="broken")
    done = export(operations, place)
    after = files(place)
    gone = first.keys() - after.keys()
    assert [name.rpartition(".1.0.0")[0].rpartition("/")[0] for name in gone] == ["targets/org.acme/auth"]
    assert done["removed"] == 1
    assert done["written"] == len(after.keys() - first.keys()) + 1  # the timestamp
    found = fetched(place, tmp_path / "client")
    assert "org.acme/auth/1.0.0" not in found
    assert "org.acme/mail/1.0.0" in found


def test_a_client_in_the_middle_of_an_update_gets_what_it_was_told_of(
    operations: hyperhost.Operations, place: Path, tmp_path: Path
) -> None:
    export(operations, place)
    with web_server(place) as url, client(place, url, tmp_path / "client") as trusted:
        trusted.refresh()
        published(operations, "auth", "2.0.0")
        export(operations, place)
        index = trusted.fetch("org.acme/auth/index.json", str(tmp_path / "out"))
        assert [each["version"] for each in json.loads(Path(index.file).read_bytes())["versions"]] == [
            "1.0.0", "1.1.0+build.7"
        ]  # fmt: skip


def test_the_timestamp_is_replaced_when_everything_that_it_announces_is_there(
    operations: hyperhost.Operations, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    export(operations, place)
    published(operations, "auth", "2.0.0")
    order: list[str] = []
    lay = exporting._lay

    def noted(file: Path, *more: Any) -> None:
        if file.name == "timestamp.json":
            before = files(place)
            folder = operations.host.home / "data" / "trust-tuf" / "metadata"  # type: ignore[operator]  # it has one
            for path, target in signed_targets(folder).items():
                above, _, name = path.rpartition("/")
                assert f"targets/{above}/{target['hashes']['sha256']}.{name}" in before
        lay(file, *more)
        order.append(file.name)

    monkeypatch.setattr(exporting, "_lay", noted)
    export(operations, place)
    assert order[-1] == "timestamp.json"
    kinds = ["targets" if each[64:65] == "." else "metadata" for each in order]
    assert kinds == sorted(kinds, reverse=True)
    assert "snapshot.json" in order[-2] or "org.acme.json" in order[-2]


@pytest.mark.parametrize("when", range(1, 6))
def test_a_crash_at_any_file_leaves_the_state_before_and_the_next_export_goes_on(
    operations: hyperhost.Operations, place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, when: int
) -> None:
    export(operations, place)
    before = fetched(place, tmp_path / "before")
    published(operations, "auth", "2.0.0", content_hash=uploaded(operations, b"newer software"))
    lay, count = exporting._lay, [0]

    def crashing(file: Path, *more: Any) -> None:
        count[0] += 1
        if count[0] == when:
            raise KeyboardInterrupt
        lay(file, *more)

    monkeypatch.setattr(exporting, "_lay", crashing)
    with pytest.raises(KeyboardInterrupt):
        export(operations, place)
    monkeypatch.undo()
    assert count[0] == when
    assert fetched(place, tmp_path / "between") == before
    for path in place.glob("targets/org.acme/auth/*.2.0.0"):
        path.write_bytes(bytes(path.stat().st_size))  # what a power failure makes of a file
    export(operations, place)
    after = fetched(place, tmp_path / "after")
    assert after["org.acme/auth/2.0.0"] == b"newer software"
    assert not [name for name in files(place) if "/." in name]


def test_a_content_that_is_not_what_was_signed_is_not_announced(
    operations: hyperhost.Operations, place: Path, tmp_path: Path
) -> None:
    export(operations, place)
    before = files(place)
    newer = uploaded(operations, b"newer software")
    published(operations, "auth", "2.0.0", content_hash=newer)
    operations.run("tuf_update")
    operations.host.hook.content_delete(content_hash=newer)
    with pytest.raises(WrongStateError, match=r"content of org\.acme/auth/2\.0\.0 is not what was signed"):
        export(operations, place)
    assert files(place)["metadata/timestamp.json"] == before["metadata/timestamp.json"]
    assert "org.acme/auth/2.0.0" not in fetched(place, tmp_path / "client")
    uploaded(operations, b"newer software")
    export(operations, place)
    assert fetched(place, tmp_path / "later")["org.acme/auth/2.0.0"] == b"newer software"


def test_a_file_of_another_length_is_written_anew(operations: hyperhost.Operations, place: Path) -> None:
    export(operations, place)
    first = files(place)
    for name in first:
        if name != "metadata/timestamp.json":
            (place / name).write_bytes(b"half of it")
    done = export(operations, place)
    assert files(place) == first
    assert done["written"] == len(first) - 1


def test_a_directory_with_something_else_is_left_alone(operations: hyperhost.Operations, place: Path) -> None:
    (place / "targets").mkdir(parents=True)
    (place / "targets" / "thesis.txt").write_text("years of work")
    with pytest.raises(WrongStateError, match="holds something else"):
        export(operations, place)
    assert files(place) == {"targets/thesis.txt": b"years of work"}


def test_a_directory_of_another_repository_is_left_alone(
    operations: hyperhost.Operations, place: Path, tmp_path: Path
) -> None:
    export(operations, place)
    before = files(place)
    with registry(tmp_path / "other") as other, pytest.raises(WrongStateError, match="another repository"):
        export(other, place)
    assert files(place) == before
    assert export(operations, place)["written"] == 0


def test_a_target_whose_name_no_file_can_have_is_left_out_and_told(
    operations: hyperhost.Operations, place: Path, tmp_path: Path
) -> None:
    version = f"1.0.0-{'x' * 240}"
    published(operations, "auth", version)
    done = export(operations, place)
    assert done["left_out"] == [f"org.acme/auth/{version}"]
    with web_server(place) as url, client(place, url, tmp_path / "client") as trusted:
        assert (
            Path(trusted.fetch("org.acme/auth/1.0.0", str(tmp_path / "out")).file).read_bytes() == b"software"
        )


def test_a_path_that_cannot_be_written_to_is_refused(
    operations: hyperhost.Operations, tmp_path: Path
) -> None:
    with pytest.raises(InvalidInputError, match="no absolute path"):
        operations.run("tuf_export", directory="mirror")
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(OperationError, match="cannot be written: Not a directory"):
        export(operations, tmp_path / "file" / "mirror")


def test_a_registry_that_is_no_repository_exports_nothing(tmp_path: Path, place: Path) -> None:
    home = tmp_path / "bare"
    home.mkdir(mode=0o700)
    with operations_on(StorageSql(str(home / "registry.db")), home=home) as operations:
        operations.host.register(TrustTuf(), "trust-tuf")
        with pytest.raises(NotFoundError, match="no TUF repository"):
            export(operations, place)
    assert not place.exists()
