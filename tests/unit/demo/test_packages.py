"""What the registry's demo loads is valid in any registry, wherever it comes from."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from builtin_plugins.registry.names import check_labels, check_name, check_namespace, check_version
from hyperhost.demo.packages import Package, packages, semver_of


def index(count: int) -> str:
    return "".join(
        f"Package: 2lib{number}++.x\nVersion: 1:{number}.0~rc1-2+b1\nSection: contrib/Lib Dev\n"
        f"Depends: libc6 (>= 2.3), 2lib0++.x | other\nDescription: part {number}\n more\n"
        "Maintainer: A <a@acme.test>\n\n"
        for number in range(count)
    )


def check(package: Package) -> None:
    check_name(package.name)
    check_namespace(package.namespace)
    check_version(package.version)
    check_labels(package.labels)


@pytest.mark.parametrize("name", ["acme_Packages", "acme_Packages.gz"])
def test_the_index_of_a_debian_machine_becomes_artifacts(tmp_path: Path, name: str) -> None:
    data = index(300).encode()
    (tmp_path / name).write_bytes(gzip.compress(data) if name.endswith(".gz") else data)
    source, found = packages(50, tmp_path)
    assert "300 packages" in source
    assert len(found) == 50
    for package in found:
        check(package)
    assert found[1].needs == ["2lib0-plus-plus-x", "libc6"]
    assert found[1].description == "part 6"
    assert packages(50, tmp_path)[1] == found


@pytest.mark.parametrize("damage", [b"", b"\x1f\x8b broken", b"nonsense\n" * 3])
def test_without_an_index_it_is_the_python_distributions(tmp_path: Path, damage: bytes) -> None:
    (tmp_path / "acme_Packages.gz").write_bytes(damage)
    source, found = packages(10, tmp_path)
    assert "Python distributions" in source
    assert found
    for package in found:
        check(package)
        assert package.text


@pytest.mark.parametrize(
    ("version", "expected"),
    [
        ("1.2.3", "1.2.3"),
        ("1:2.3.4-5+deb12u1", "2.3.4+1.2.3.4-5.deb12u1"),
        ("01.02", "1.2.0+01.02"),
        ("a", "0.0.0+a"),
        ("~", "0.0.0+0"),
        ("9" * 40, f"{'9' * 15}.0.0+{'9' * 40}"),
    ],
)
def test_any_version_becomes_semver(version: str, expected: str) -> None:
    assert semver_of(version) == expected
    check_version(expected)
