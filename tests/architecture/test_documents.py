"""Reference pages list everything there is, and nothing that is not."""

from __future__ import annotations

import dataclasses
import re
import tomllib
from pathlib import Path

import pytest

from hyperhost import errors
from hyperhost.capabilities.kinds import BUILTIN_KINDS
from hyperhost.contracts.limits import Limits
from hyperhost.sandbox.interface import HostInterface
from hyperhost.sandbox.interfaces import builtin_interfaces
from hyperhost.sandbox.wasi import wasi_interfaces

ROOT = Path(__file__).resolve().parents[2]


def table(page: str, heading: str) -> list[list[str]]:
    """The rows of the first table under a heading of ``docs/page``, cells without backticks."""
    text = (ROOT / "docs" / page).read_text(encoding="utf-8")
    section = text.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    rows = []
    for line in section.splitlines():
        if line.startswith("|"):
            rows.append([cell.strip().replace("`", "") for cell in re.split(r"(?<!\\)\|", line)[1:-1]])
        elif rows:
            break
    return rows[2:]


def test_every_error_is_listed_under_its_parent_with_its_code() -> None:
    text = (ROOT / "docs" / "errors.md").read_text(encoding="utf-8")
    listed = {}
    for line in text.splitlines():
        if line.startswith("| `"):
            name, code, when, step = [cell.strip() for cell in line.split("|")[1:-1]]
            assert when, name
            assert step, name
            listed[name.strip("`")] = code.strip("`")
    assert listed == {name: getattr(errors, name).code for name in errors.__all__}


def test_every_class_of_the_tree_is_public_and_has_a_code_of_its_own() -> None:
    classes = [item for item in vars(errors).values() if isinstance(item, type)]
    tree = [item for item in classes if issubclass(item, errors.HyperHostError)]
    assert {item.__name__ for item in tree} == set(errors.__all__)
    assert len({item.code for item in tree}) == len(tree)


def test_every_kind_of_capability_is_listed() -> None:
    assert [row[0] for row in table("capabilities.md", "Grammar")] == [kind.form for kind in BUILTIN_KINDS]


def test_every_limit_is_listed_with_its_default() -> None:
    def words(default: object) -> str:
        return "none" if default is None else f"{default:,}" if isinstance(default, int) else str(default)

    rows = table("capabilities.md", "Limits")
    assert {row[0]: row[1] for row in rows} == {
        field.name: words(field.default) for field in dataclasses.fields(Limits)
    }
    assert {row[3].partition(" ")[0] for row in rows} <= set(errors.__all__)


@pytest.mark.parametrize(
    ("heading", "interfaces"),
    [("The host's own interfaces", builtin_interfaces()), ("WASI", wasi_interfaces())],
    ids=["own", "wasi"],
)
def test_every_host_interface_is_listed_with_its_capability(
    heading: str, interfaces: list[HostInterface]
) -> None:
    def kinds(interface: HostInterface) -> str:
        if interface.always:
            return "none"
        needed = interface.capability
        return needed if isinstance(needed, str) else ", ".join(needed)

    listed = [(name, row[1]) for row in table("capabilities.md", heading) for name in row[0].split(", ")]
    offered = [(item.name.removeprefix("hyperhost:host/"), kinds(item)) for item in interfaces]
    assert sorted(listed) == sorted(offered)


def test_every_dependency_is_listed_with_its_reason() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]

    def names(requirements: list[str]) -> list[str]:
        return [re.match(r"[\w.-]+", text)[0] for text in requirements]  # type: ignore[index]

    assert [row[0] for row in table("dependencies.md", "The base install")] == names(project["dependencies"])
    for extra, requirements in project["optional-dependencies"].items():
        listed = [row[1] for row in table("dependencies.md", "Extras") if row[0] == extra]
        assert listed == names(requirements), extra
