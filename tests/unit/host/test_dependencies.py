from __future__ import annotations

import itertools

import pytest

from hyperhost.errors import DependencyError
from hyperhost.host.dependencies import check_constraint, order_plugins, satisfies
from hyperhost.host.manifest import Manifest


def plugin(plugin_id: str, version: str = "1.0.0", **needs: str) -> Manifest:
    return Manifest(plugin_id, version, dependencies=needs)


@pytest.mark.parametrize(
    ("version", "constraint", "expected"),
    [
        ("1.2.3", "1.2.3", True),
        ("1.2.3+build", "=1.2.3", True),
        ("1.2.4", "1.2.3", False),
        ("0.0.1", "*", True),
        ("1.9.0", "^1.2.3", True),
        ("1.2.2", "^1.2.3", False),
        ("2.0.0", "^1.2.3", False),
        ("0.2.9", "^0.2.3", True),
        ("0.3.0", "^0.2.3", False),
        ("0.0.3", "^0.0.3", True),
        ("0.0.4", "^0.0.3", False),
        ("0.0.9", "^0.0", True),
        ("0.9.0", "^0", True),
        ("1.0.0", "^0", False),
        ("1.9.9", "^1", True),
        ("1.2.9", "~1.2.3", True),
        ("1.3.0", "~1.2.3", False),
        ("1.9.0", "~1", True),
        ("1.5.0", ">=1.0 <2.0", True),
        ("2.0.0", ">=1.0, <2.0", False),
        ("1.5.0", ">= 1.0.0 , < 2.0.0", True),
        ("1.0.0", ">1.0.0", False),
        ("1.0.0", "<=1.0.0", True),
        ("2.0.0-beta", "^1.0.0", False),
        ("1.3.0-beta", "^1.2.0", False),
        ("1.2.0-beta.2", "^1.2.0-beta.1", True),
        ("1.0.0-beta", "*", False),
        ("2.0.0-0", "^1.0.0", False),
        ("1.2.9", "1.2", True),
        ("1.9.0", "1.x", True),
        ("1.2.9", ">1.2", False),
        ("3.1.0", "^1 || 3.0 - 3.2", True),
    ],
)
def test_what_a_constraint_admits(version: str, constraint: str, expected: bool) -> None:
    assert satisfies(version, constraint) is expected


@pytest.mark.parametrize(
    "constraint", ["", " ", "latest", "1.x.3", "^", "^1.2.3.4", "01.0.0", "1.0.0-", "1 | 2", "9" * 17, "^1,"]
)
def test_a_constraint_that_cannot_be_read_is_refused(constraint: str) -> None:
    with pytest.raises(DependencyError, match=r"is no constraint: at character \d+ stands|is empty"):
        check_constraint(constraint)


def test_a_version_that_cannot_be_read_is_refused() -> None:
    with pytest.raises(DependencyError, match=r"'1\.0' is no version"):
        satisfies("1.0", "*")


def test_plugins_come_after_what_they_need_and_by_id_otherwise() -> None:
    plugins = [plugin("d"), plugin("a", c="^1"), plugin("c"), plugin("b", a="*")]
    assert order_plugins(plugins) == ["c", "d", "a", "b"]


def test_a_cycle_is_named() -> None:
    with pytest.raises(DependencyError) as caught:
        order_plugins([plugin("a", b="*"), plugin("b", c="*"), plugin("c", a="*"), plugin("d")])
    path = caught.value.message.partition(": ")[2].split(" → ")
    assert path[0] == path[-1]
    assert sorted(path[:-1]) == ["a", "b", "c"]
    needs = {"a": "b", "b": "c", "c": "a"}
    assert all(needs[one] == two for one, two in itertools.pairwise(path))


def test_a_missing_plugin_is_named() -> None:
    with pytest.raises(DependencyError, match=r"plugin 'a': needs plugin 'b' \(\^1\.0\), which is not there"):
        order_plugins([plugin("a", b="^1.0")])


def test_a_plugin_of_another_version_is_named() -> None:
    with pytest.raises(DependencyError, match=r"in version \^2\.0, but 1\.0\.0 is there"):
        order_plugins([plugin("a", b="^2.0"), plugin("b")])
