"""``hyperhost`` as a person or a script runs it: a process of its own, a home of its own."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from cli_guests import SPECS, packed
from cli_shell import Shell
from installed import built_in_plugins

# --- start, help, usage -----------------------------------------------------------------------------


def test_help_lists_the_commands_and_loads_nothing_heavy(bare: Shell) -> None:
    program = (
        "import sys; from hyperhost.cli.main import main\n"
        "try: main(['--help'])\n"
        "finally: print(sorted({'wasmtime', 'peewee', 'pluggy', 'nacl', 'semver'} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, env=bare.environ, check=True
    )
    for name in ("demo", "init", "doctor", "wit", "hooks", "plugin", "artifact", "registry", "export"):
        assert f" {name} " in done.stdout
    assert done.stdout.endswith("[]\n")
    assert not bare.home.exists()


@pytest.mark.parametrize(
    "words",
    [
        ["nonsense"],
        ["plugin", "nonsense"],
        ["plugin", "list", "--output", "xml"],
        ["plugin", "list", "--filter", "x"],
        ["plugin", "show"],
        ["plugin", "install", "a", "--registry", "b"],
        ["hooks", "--domain", "nonsense"],
        ["wit", "--plugin", "a", "--interface", "kv"],
    ],
)
def test_mistakes_of_usage_end_with_2(bare: Shell, words: list[str]) -> None:
    done = bare(*words)
    assert done.status == 2
    assert "Usage: hyperhost" in done.err


def test_common_options_work_before_and_after_the_command(shell: Shell) -> None:
    before, after = shell.ok("-o", "json", "plugin", "list"), shell.ok("plugin", "list", "-o", "json")
    assert before.out == after.out
    # An installed checkout brings its own plugins along; nothing else may be there.
    assert {row["id"] for row in before.data} <= built_in_plugins()
    other = shell.home.with_name("other")
    for words in (["--home", str(other), "init"], ["init", "--home", str(other)]):
        shell.ok(*words)
    assert (other / "hyperhost.toml").exists()


def test_the_version_is_printed(bare: Shell) -> None:
    import hyperhost

    assert bare.ok("--version").out == f"hyperhost {hyperhost.__version__}\n"


def test_output_that_nobody_reads_to_its_end_is_no_error(shell: Shell) -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "hyperhost.cli.main", "wit"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=shell.environ,
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        assert process.stderr.read() == b""


# --- the contract -----------------------------------------------------------------------------------


def test_wit_and_hooks_print_the_contract(shell: Shell, tmp_path: Path) -> None:
    text = shell.ok("wit").out
    assert "export run: func(n: s64) -> s64;" in text
    assert "export storage-get-artifact:" in text
    own = shell.ok("wit", "--specs", SPECS).out
    assert own.startswith("package cli-guests:plugins@1.0.0;")
    assert "storage" not in own
    assert "interface kv {" in shell.ok("wit", "--interface", "kv").out
    assert "interfaces are clock, config" in shell("wit", "--interface", "nonsense").err
    shell.ok("plugin", "install", str(packed(tmp_path / "s", "clock", required=[("clock", "r")])), "--yes")
    world = shell.ok("wit", "--plugin", "scan").out
    assert "import hyperhost:host/clock@1.0.0;\n  export run: func(n: s64) -> s64;" in world

    rows = {row["name"]: row for row in shell.ok("hooks", "-o", "json").data}
    assert rows["storage_get_artifact"]["service"] == "storage"
    assert rows["command_list"]["on_fault"] == "skip"
    assert rows["run"]["summary"] == "Make another number of a number."
    assert {row["domain"] for row in shell.ok("hooks", "--domain", "mesh", "-o", "json").data} == {"mesh"}
    page = shell.ok("hooks", "show", "command_run").out
    for words in (
        "command_run(name: str, args: dict[str, str])",
        "Example:",
        "may refuse with RefusalError",
        "WIT\n",
    ):
        assert words in page
    assert "did you mean 'command_run'?" in shell("hooks", "show", "comand_run").err


def test_tab_offers_ids_of_plugins(shell: Shell, tmp_path: Path) -> None:
    shell.ok("plugin", "install", str(packed(tmp_path / "s")), "--yes")
    shell.environ |= {
        "_HYPERHOST_COMPLETE": "complete_bash",
        "COMP_WORDS": "hyperhost plugin show sc",
        "COMP_CWORD": "3",
    }
    assert shell().out.split() == ["scan"]


def test_verbose_shows_where_an_error_comes_from(shell: Shell) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "hyperhost.cli.main", "plugin", "show", "nobody", "--verbose"],
        capture_output=True,
        text=True,
        env=shell.environ,
        check=False,
    )
    assert done.returncode == 1
    assert "Traceback" in done.stderr
    expected = "error: plugin 'nobody': is not installed\nhint: installed: "
    installed = ", ".join(sorted(built_in_plugins()))
    assert done.stderr.endswith((f"{expected}nothing\n", f"{expected}{installed}\n"))


def test_an_unknown_command_is_a_mistake_of_usage_even_where_plugins_cannot_be_asked(shell: Shell) -> None:
    (shell.home / "hyperhost.toml").write_text("[hosts]")
    done = shell("nonsense")
    assert done.status == 2
    assert "warning: plugins could not be asked for their commands" in done.err
    assert "No such command 'nonsense'" in done.err
