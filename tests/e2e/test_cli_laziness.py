"""What commands import: nothing that they do not use, however much is installed."""

from __future__ import annotations

import importlib.util
import subprocess
import sys

import pytest
from cli_shell import Shell

PROGRAM = (
    "import sys; from hyperhost.cli.main import main\n"
    "try: main(sys.argv[1:])\n"
    "finally: print('\\nimported', *sorted(sys.modules))"
)
HEAVY = {
    *("wasmtime", "cryptography", "nacl", "hcl2", "yaml", "jinja2", "whoosh", "rich"),
    *("jsonschema_rs", "psycopg", "psycopg_pool", "obstore", "pydantic"),
}


def imported(shell: Shell, *words: str, **environ: str) -> tuple[list[str], set[str]]:
    """What a command printed, and what it had imported when it ended."""
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, *words],
        env={**shell.environ, **environ},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stderr == ""
    printed, _, modules = done.stdout.rpartition("\nimported ")
    return printed.split(), set(modules.split())


def pressed(typed: str) -> dict[str, str]:
    """The environment of a command line that is to be completed."""
    return {
        "_HYPERHOST_COMPLETE": "complete_bash",
        "COMP_WORDS": f"hyperhost artifact get {typed}",
        "COMP_CWORD": "3",
    }


@pytest.fixture
def filled(registry: Shell) -> Shell:
    """A registry on SQLite with an artifact."""
    registry.ok("artifact", "create", "--name", "org.acme/auth", "--type", "library", "--version", "1.0.0")
    return registry


def test_the_heavy_libraries_are_here() -> None:
    # Otherwise the tests below could not fail.
    assert {name for name in HEAVY if importlib.util.find_spec(name)} >= HEAVY - {"obstore", "pydantic"}


@pytest.mark.parametrize("words", [["get", "org.acme/auth", "-q"], ["list", "-q"], ["list", "-o", "json"]])
def test_reading_the_registry_imports_what_it_uses(filled: Shell, words: list[str]) -> None:
    printed, modules = imported(filled, "artifact", *words)
    assert "org.acme/auth" in " ".join(printed)
    assert not HEAVY & modules
    assert "builtin_plugins.registry.artifacts" in modules
    other = ("lifecycle", "history", "rendering", "lint", "testing", "administration")
    assert not {f"builtin_plugins.registry.{name}" for name in other} & modules
    unused = ("transfer.operations", "audit.operations", "templates.generating")
    assert not {f"builtin_plugins.{name}" for name in unused} & modules


def test_names_are_completed_by_the_storage_alone(filled: Shell) -> None:
    printed, modules = imported(filled, **pressed("org.acme/"))
    assert printed == ["org.acme/auth"]
    assert not HEAVY & modules
    assert "builtin_plugins.storage_sql.store" in modules
    parts = {name.split(".")[1] for name in modules if name.startswith("builtin_plugins.")}
    assert parts == {"storage_sql"}


def test_namespaces_are_completed_without_other_plugins(filled: Shell) -> None:
    printed, modules = imported(filled, **pressed("org"))
    assert printed == ["org.acme/"]
    assert not HEAVY & modules
    parts = {name.split(".")[1] for name in modules if name.startswith("builtin_plugins.")}
    assert parts == {"registry", "storage_sql"}
    assert "builtin_plugins.registry.artifacts" not in modules


def test_completion_knows_what_was_just_created_and_what_is_gone(filled: Shell) -> None:
    assert imported(filled, **pressed("org.acme/"))[0] == ["org.acme/auth"]
    filled.ok("artifact", "create", "--name", "org.acme/new", "--type", "library", "--version", "1.0.0")
    assert imported(filled, **pressed("org.acme/"))[0] == ["org.acme/auth", "org.acme/new"]
    filled.ok("artifact", "delete", "org.acme/auth", "--yes")
    assert imported(filled, **pressed("org.acme/"))[0] == ["org.acme/new"]


def test_completion_is_silent_when_the_database_is_no_database(filled: Shell) -> None:
    for file in (filled.home / "data" / "storage-sql").glob("registry.db*"):
        file.write_bytes(b"no database" * 1000)
    assert imported(filled, **pressed("org.acme/"))[0] == []
