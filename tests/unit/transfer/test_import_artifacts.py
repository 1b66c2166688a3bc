"""``import_artifacts``: artifacts that somebody else has read come in as those of a file do."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest
from registries import Reg, registry

from hyperhost.contracts import ArtifactWrite
from hyperhost.errors import InvalidInputError


def _items(*names: str) -> list[ArtifactWrite]:
    """Published artifacts of another registry."""
    with registry() as other:
        for name in names:
            other.run("publish", artifact=other.create(name)["id"])
        return [ArtifactWrite(each[0], each[1] or "") for each in other.state().values()]


def _take(reg: Reg, items: list[ArtifactWrite], **more: Any) -> Any:
    return reg.run("import_artifacts", origin="remote:acme", items=items, **more)


def test_what_is_new_comes_in_once_and_the_history_says_where_from() -> None:
    items = _items("auth", "core")
    with registry() as reg:
        assert _take(reg, items)["created"] == 2
        again = _take(reg, items)
        assert (again["created"], again["unchanged"], again["issues"]) == (0, 2, [])
        assert [each["origin"] for each in map(_data, reg.history())] == ["remote:acme"] * 2


def test_what_is_here_and_differs_stays_unless_it_is_to_be_replaced() -> None:
    [item] = _items("auth")
    changed = ArtifactWrite(dataclasses.replace(item.artifact, labels={"a": "b"}), item.manifest_json)
    with registry() as reg:
        _take(reg, [item])
        told = _take(reg, [changed])
        assert [(each["kind"], each["key"]) for each in told["issues"]] == [
            ("conflict", "org.acme/auth@1.0.0")
        ]
        assert reg.state()["org.acme/auth@1.0.0"][0].labels == {}
        assert _take(reg, [changed], on_conflict="replace")["replaced"] == 1
        assert reg.state()["org.acme/auth@1.0.0"][0].labels == {"a": "b"}


def test_one_that_cannot_be_an_artifact_does_not_stop_the_others() -> None:
    auth, core, mail, log = _items("auth", "core", "mail", "log")
    from hyperhost.contracts import ContentInfo

    bad = [
        dataclasses.replace(core.artifact, id="../../x"),
        dataclasses.replace(mail.artifact, id=auth.artifact.id),
        dataclasses.replace(log.artifact, content=ContentInfo("sha256:" + "0" * 64, 1)),
    ]
    with registry() as reg:
        done = _take(reg, [auth, *(ArtifactWrite(each) for each in bad)])
        assert done["created"] == 1
        assert {each["key"]: each["kind"] for each in done["issues"]} == {
            "org.acme/core@1.0.0": "refused",
            "org.acme/mail@1.0.0": "refused",
            "org.acme/log@1.0.0": "content",
        }
        assert list(reg.state()) == ["org.acme/auth@1.0.0"]


def test_more_than_a_chunk_is_refused_as_a_whole() -> None:
    [item] = _items("auth")
    with registry() as reg:
        with pytest.raises(InvalidInputError):
            _take(reg, [item] * 1001)
        assert reg.state() == {}


def _data(entry: Any) -> Any:
    import json

    return json.loads(entry.data_json)
