"""The whole permission matrix, and the one table that it is made of."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from access_matrix import FILE, ROLES, matrix

import hyperhost
from builtin_plugins.access.permissions import LINES, OPEN
from builtin_plugins.access.roles import BUILT_IN
from hyperhost.contracts import OperationInfo

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture(scope="module")
def found() -> dict[str, dict[str, str]]:
    return matrix()


@pytest.fixture(scope="module")
def offered(tmp_path_factory: pytest.TempPathFactory) -> dict[str, OperationInfo]:
    """What a host offers that has every built-in plugin."""
    home = tmp_path_factory.mktemp("home")
    from hyperhost.host.home import find_home
    from hyperhost.host.registryhome import init_registry

    providers = {"storage": "storage-sql", "content": "content-tiers", "signing": "signing-ed25519"}
    init_registry(find_home(home / "h"), providers)
    with hyperhost.open_host(home / "h") as host:
        failed = {plugin.id: plugin.failure for plugin in host.plugins.values() if plugin.failure is not None}
        assert failed == {}
        return hyperhost.Operations(host).offered()


def test_every_cell_of_the_matrix_is_decided_on_purpose(found: dict[str, dict[str, str]]) -> None:
    agreed = json.loads(FILE.read_text(encoding="utf-8"))
    differing = {
        f"{name}, {role}": (agreed.get(name, {}).get(role), row.get(role))
        for name, row in found.items()
        for role in ROLES
        if agreed.get(name, {}).get(role) != row.get(role)
    }
    assert differing == {}, f"agreed and found differ; see {FILE.name} and tests/support/access_matrix.py"
    assert agreed.keys() == found.keys()


def test_every_operation_of_a_full_host_has_a_line(offered: dict[str, OperationInfo]) -> None:
    assert sorted(offered.keys() - LINES.keys()) == [], "add them to builtin_plugins/access/permissions.py"


def test_every_line_is_about_an_operation_and_asks_for_what_it_says_of_itself(
    offered: dict[str, OperationInfo],
) -> None:
    assert sorted(LINES.keys() - offered.keys()) == []
    assert {name: line.permission for name, line in LINES.items() if name in offered} == {
        name: info.permission for name, info in offered.items() if name in LINES
    }


def test_arguments_that_the_table_names_exist(offered: dict[str, OperationInfo]) -> None:
    for name, line in LINES.items():
        known = json.loads(offered[name].arguments_schema_json).get("properties", {})
        for path in (line.argument, *(path for path, _ in line.extra)):
            assert not path or path.removeprefix("!").partition(".")[0] in known, (name, path)


def test_what_names_a_file_of_the_machine_is_for_the_owner_of_the_home(
    offered: dict[str, OperationInfo],
) -> None:
    words = {"file", "directory", "passphrase_file", "key_file", "value_file", "index_file"}
    others = {  # of these names, what is no file
        "path": {"namespace_create", "namespace_read", "namespace_update", "namespace_delete"},
        "target": {"audit_list", "authentication_failed", "graph_path"},
    }
    named = set()
    for name, info in offered.items():
        for argument in json.loads(info.arguments_schema_json).get("properties", {}):
            if argument in words or (argument in others and name not in others[argument]):
                named.add((name, argument))
    kept = {name for name, line in LINES.items() if line.local}
    assert {(name, argument) for name, argument in named if name not in kept} == {
        (name, argument) for name, line in LINES.items() for argument in line.files
    }
    assert {"export", "backup", "sync", "import", "remote_fetch", "tuf_export"} <= kept


def test_only_what_is_about_nobody_else_is_open_to_everybody() -> None:
    opened = {name for name, line in LINES.items() if line.permission == OPEN}
    assert opened == {"token_attenuate", "token_show", "token_check", "token_key", "whoami"}


def test_no_role_but_the_administrators_manages_users_roles_keys_or_the_registry(
    found: dict[str, dict[str, str]],
) -> None:
    kinds = ("role:manage", "role:assign", "user:", "registry:", "administration:", "audit:", "key:generate")
    for name, line in LINES.items():
        if line.permission.startswith(kinds) and not line.local:
            assert {role: found[name][role] for role in ROLES} == {
                role: "aaaaaa" if role == "admin" else "dddddd" for role in ROLES
            }, name


@pytest.mark.parametrize("role", sorted(BUILT_IN))
def test_the_matrix_in_the_documents_is_the_one_that_holds(
    role: str, found: dict[str, dict[str, str]]
) -> None:
    text = (ROOT / "docs" / "access.md").read_text(encoding="utf-8").partition("## The permission matrix")[2]
    lines = [line for line in text.splitlines() if line.startswith("|")]
    heads, *rows = [
        [cell.strip(" `") for cell in line.split("|")[1:-1]] for line in lines if "---" not in line
    ]
    column = heads.index(role)
    for row in rows[: len(_MEANT)]:
        operation, (own, others) = _MEANT[row[0]]
        cells = found[operation][role]
        said = {"yes": ("a", "a"), "no": ("dm", "dm"), "own": ("a", "dm")}[row[column]]
        assert cells[own] in said[0], row[0]
        assert cells[others] in said[1], row[0]


_MEANT = {
    "create": ("create", (1, 5)),
    "publish": ("publish", (0, 1)),
    "update": ("update", (0, 1)),
    "deprecate": ("deprecate", (0, 1)),
    "delete": ("delete", (0, 1)),
    "read public": ("read", (0, 1)),
    "read internal": ("read", (2, 3)),
    "read private": ("read", (4, 5)),
    "manage namespace": ("namespace_update", (0, 1)),
    "manage users": ("role_assign", (0, 1)),
}
