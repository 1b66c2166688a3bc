"""A file in which one id stands twice: the later artifact is told and left out, the others come in."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from registries import Reg, registry
from transfer_files import honest, members_of

from builtin_plugins.transfer.writing import line_of
from hyperhost.errors import InvalidInputError


@pytest.fixture(params=["memory", "sqlite"])
def target(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Reg]:
    with registry(tmp_path / "target", request.param) as reg:
        yield reg


def twice(data: bytes, *, apart: bool) -> bytes:
    """The file with the id of its first artifact given to a later one, in its chunk or in one of its own."""
    members, text = [], b""
    for name, old in members_of(data):
        if not name.startswith("artifacts/"):
            members.append((name, old))
            continue
        assert not text
        lines = [json.loads(line) for line in old.splitlines()]
        lines[-1]["artifact"]["id"] = lines[0]["artifact"]["id"]
        parts = [lines[:-1], lines[-1:]] if apart else [lines]
        for number, part in enumerate(parts, 1):
            text = b"".join(line_of(line) + b"\n" for line in part)
            members.append((f"artifacts/{number:08d}.jsonl", text))
    return honest(members)


def made(tmp_path: Path, kind: str) -> bytes:
    with registry() as source:
        for name in ("one", "two", "three"):
            source.create(name)
        if kind == "backup":
            return Path(source.run("backup", directory=str(tmp_path))["path"]).read_bytes()
        source.run("export", target=str(tmp_path / "x"))
        return (tmp_path / "x").read_bytes()


@pytest.mark.parametrize("apart", [True, False], ids=["in another chunk", "in the same chunk"])
@pytest.mark.parametrize("on_conflict", ["report", "replace", "fail"])
def test_the_later_artifact_with_a_known_id_is_refused_with_key_field_and_rule(
    target: Reg, tmp_path: Path, on_conflict: str, apart: bool
) -> None:
    (tmp_path / "bad").write_bytes(twice(made(tmp_path, "export"), apart=apart))
    for created in (2, 0):
        report: Any = target.run("import", source=str(tmp_path / "bad"), on_conflict=on_conflict)
        [issue] = report["issues"]
        assert (issue["kind"], issue["what"], issue["key"]) == ("refused", "artifact", "org.acme/three@1.0.0")
        assert (issue["field"], issue["rule"]) == ("id", "duplicate")
        assert "stands before it in the file" in issue["reason"]
        assert (report["created"], report["conflicts"]) == (created, 0)
        assert sorted(target.state()) == ["org.acme/one@1.0.0", "org.acme/two@1.0.0"]


@pytest.mark.parametrize("apart", [True, False], ids=["in another chunk", "in the same chunk"])
def test_a_backup_with_an_id_twice_is_refused_before_anything_is_written(
    target: Reg, tmp_path: Path, apart: bool
) -> None:
    (tmp_path / "bad").write_bytes(twice(made(tmp_path, "backup"), apart=apart))
    target.create("precious")
    for operation, more in (("backup_verify", {}), ("backup_restore", {"force": True})):
        with pytest.raises(InvalidInputError, match="stands there twice") as caught:
            target.run(operation, path=str(tmp_path / "bad"), **more)
        assert (caught.value.field, caught.value.rule) == ("source", "duplicate")
        assert ("artifacts/00000002.jsonl:1" if apart else "artifacts/00000001.jsonl:3") in str(caught.value)
    assert list(target.state()) == ["org.acme/precious@1.0.0"]
