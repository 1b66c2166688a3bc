"""Whatever was done, the past is what it was: compared with snapshots taken at the time."""

from __future__ import annotations

import contextlib
import json
import random
from typing import Any

import pytest
from audit_hosts import audited_host, draft

from hyperhost.contracts import OperationCall
from hyperhost.errors import RefusalError
from hyperhost.host.operations import LOCAL_OWNER

NAMESPACES = ("org.acme", "org.acme.team", "org.acme-x")


class World:
    """A registry on which random operations are run, one a second."""

    def __init__(self, host: Any, seed: int) -> None:
        self.host = host
        self.chance = random.Random(seed)
        self.now = 1_700_000_000_000_000

    def run(self, operation: str, **arguments: Any) -> Any:
        call = OperationCall(operation, LOCAL_OWNER, json.dumps(arguments), "", self.now)
        return json.loads(self.host.hook.operation_run(call=call).result_json)

    def step(self) -> None:
        self.now += 1_000_000
        pick = self.chance.choice
        namespace, name, version = pick(NAMESPACES), pick("ab"), pick(["1.0.0", "2.0.0-rc.1", "2.0.0"])
        reference = f"{namespace}/{name}@{version}"
        choices: list[tuple[str, dict[str, Any]]] = [
            ("create", {"draft": draft(name, namespace=namespace, version=version)}),
            ("create", {"draft": draft(name, namespace=namespace, version=version)}),
            ("publish", {"artifact": reference}),
            ("unpublish", {"artifact": reference}),
            ("archive", {"artifact": reference}),
            ("restore", {"artifact": reference}),
            ("delete", {"artifact": reference}),
            ("update", {"artifact": reference, "edit": {"labels": {"n": str(self.now)}}}),
            ("tag", {"artifact": reference, "tag": pick(["beta", "latest"])}),
            ("untag", {"name": f"{namespace}/{name}", "tag": "beta"}),
            ("promote", {"artifact": reference, "channel": "edge"}),
            ("demote", {"name": f"{namespace}/{name}", "channel": "edge"}),
            ("yank", {"artifact": reference, "reason": "broken"}),
            ("unyank", {"artifact": reference}),
            ("namespace_create", {"path": namespace}),
            ("namespace_update", {"path": namespace, "edit": {"description": str(self.now)}}),
            ("namespace_delete", {"path": namespace}),
        ]
        operation, arguments = pick(choices)
        with contextlib.suppress(RefusalError):
            self.run(operation, **arguments)

    def snapshot(self) -> dict[str, Any]:
        found: dict[str, Any] = {"artifacts": {}, "namespaces": {}, "meant": {}}
        names = set()
        for artifact in self.run("list", page={"size": 1000})["items"]:
            found["artifacts"][artifact["id"]] = {"artifact": artifact}
            names.add(f"{artifact['namespace']}/{artifact['name']}")
        for name in names:
            for version in self.run("version_list", name=name):
                marks = {key: version[key] for key in ("tags", "channels", "yanked")}
                found["artifacts"][version["id"]] |= marks
            with contextlib.suppress(RefusalError):
                found["meant"][name] = self.run("read", artifact=name)["id"]
        for each in self.run("namespace_list"):
            found["namespaces"][each["path"]] = each
        return found


def keep(item: dict[str, Any]) -> dict[str, Any]:
    return {key: item[key] for key in ("artifact", "tags", "channels", "yanked")}


@pytest.mark.parametrize("seed", range(6))
def test_the_past_is_what_it_was(seed: int) -> None:
    with audited_host(None) as (host, _):
        world = World(host, seed)
        taken: dict[int, dict[str, Any]] = {}
        for _ in range(120):
            world.step()
            taken[world.now] = world.snapshot()
        for moment, then in list(taken.items())[::7]:
            items: dict[str, Any] = {}
            token = ""
            while True:
                page = world.run("registry_at", at_us=moment, page={"size": 3, "token": token})
                for item in page["items"]:
                    assert item["artifact"]["id"] not in items
                    items[item["artifact"]["id"]] = keep(item)
                token = page["next_token"]
                if not token:
                    break
            assert items == then["artifacts"]
            for path in NAMESPACES:
                found = world.run("namespace_at", namespace=path, at_us=moment)
                assert found["namespace"] == then["namespaces"].get(path)
                inside = {key for key, each in items.items() if each["artifact"]["namespace"] == path}
                assert {each["artifact"]["id"] for each in found["items"]} == inside
            for name, artifact_id in then["meant"].items():
                assert world.run("artifact_at", artifact=name, at_us=moment)["artifact"]["id"] == artifact_id
        first, last = sorted(taken)[30], sorted(taken)[90]
        diff = world.run("diff", start_us=first, end_us=last)
        assert (
            not diff["next_token"]
            or not world.run(
                "diff", start_us=first, end_us=last, page={"size": 1000, "token": diff["next_token"]}
            )["changed"]
        )
        before, after = taken[first]["artifacts"], taken[last]["artifacts"]
        assert {each["id"] for each in diff["changed"]} == {
            key for key in before.keys() & after.keys() if _told(before[key]) != _told(after[key])
        }
        assert len(diff["added"]) == len(
            [key for key in after if key not in before and key in world_ids(world)]
        )


def world_ids(world: World) -> set[str]:
    """Artifacts that are there now, which are those on the first page of a diff."""
    return {each["id"] for each in world.run("list", page={"size": 1000})["items"]}


def _told(item: dict[str, Any]) -> Any:
    data = json.loads(json.dumps(item))
    data["artifact"]["activity"].pop("updated_at_us")
    return data
