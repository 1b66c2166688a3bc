"""Who may import what, where import-linter cannot say it: it has no name for "the standard library"."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PUBLIC = (
    "hyperhost",
    "hyperhost.contracts",
    "hyperhost.drawing",
    "hyperhost.errors",
    "hyperhost.hookspecs",
    "hyperhost.jose",
    "hyperhost.offering",
    "hyperhost.query",
    "hyperhost.versions",
)


def imported(file: Path) -> Iterator[str]:
    """Modules a file imports anywhere in it, type checking included; relative imports by their dots."""
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"), str(file))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield "." * node.level + (node.module or "")


def files(package: str) -> list[Path]:
    """Every source file of a package."""
    return sorted((ROOT / package).rglob("*.py"))


@pytest.mark.parametrize("file", files("hyperhost/contracts"), ids=lambda file: file.name)
def test_contract_types_import_nothing_but_the_standard_library(file: Path) -> None:
    for name in imported(file):
        top = name.partition(".")[0]
        assert top in sys.stdlib_module_names or name.startswith("hyperhost.contracts"), name


@pytest.mark.parametrize("file", files("builtin_plugins"), ids=lambda file: "/".join(file.parts[-2:]))
def test_built_in_plugins_import_nothing_of_the_kernel_but_its_public_part(file: Path) -> None:
    own = ".".join(file.relative_to(ROOT).parts[:2])
    for name in imported(file):
        if name.partition(".")[0] == "hyperhost":
            assert (
                name == "hyperhost"
                or name.startswith(tuple(f"{public}." for public in PUBLIC[1:]))
                or name in PUBLIC
            )
        if name.partition(".")[0] == "builtin_plugins":
            assert f"{name}.".startswith(f"{own}."), f"{name}: built-in plugins meet through hooks"


@pytest.mark.parametrize(
    "code",
    [
        "import hyperhost",
        "import hyperhost; hyperhost.Host, hyperhost.hookspec, hyperhost.Limits",
        "import hyperhost; hyperhost.Host('t', specs=[]).close()",
    ],
    ids=["the package", "its names", "a host without components"],
)
def test_a_program_without_components_loads_no_library_that_it_does_not_use(code: str) -> None:
    heavy = ("wasmtime", "cffi", "_cffi_backend", "rich", "typer", "lark", "whoosh", "nacl", "cryptography")
    if "Host(" not in code:
        heavy += ("peewee", "sqlite3")
    listing = f"{code}; import sys; print(*sorted({{name.partition('.')[0] for name in sys.modules}}))"
    done = subprocess.run(
        [sys.executable, "-c", listing], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert not set(heavy) & set(done.stdout.split())
