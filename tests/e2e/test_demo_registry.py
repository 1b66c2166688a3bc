"""``hyperhost demo --registry`` as a whole process."""

from __future__ import annotations

from pathlib import Path

import pytest
from cli_shell import Shell
from installed import installed_shell


@pytest.fixture
def shell(registry_template: Path, tmp_path: Path) -> Shell:
    made = installed_shell(tmp_path, registry_template / "site")
    (tmp_path / "temporary").mkdir()
    made.environ["TMPDIR"] = str(tmp_path / "temporary")
    return made


def test_it_loads_marks_moves_and_restores_real_packages_and_leaves_nothing_behind(
    shell: Shell, tmp_path: Path
) -> None:
    done = shell.ok("demo", "--registry", "--limit", "60")
    assert done.err == ""
    for words in (
        "publish: ",
        "render a configuration: 1",
        "generate from a template: 1",
        "that were lost are back as they were",
        "Everything said above was checked, and held.",
    ):
        assert words in " ".join(done.out.split())
    assert "left out" not in done.out
    assert "\x1b" not in done.out
    assert list((tmp_path / "temporary").iterdir()) == []
    assert not shell.home.exists()


def test_programs_get_the_figures_as_json(shell: Shell) -> None:
    found = shell.ok("demo", "--registry", "--limit", "30", "-o", "json").data
    assert (found["format"], found["ok"], found["left_out"]) == (1, True, [])
    names = [step["name"] for step in found["steps"]]
    assert names[0] == "read the corpus"
    assert names[-1] == "verify the audit log"
    for step in found["steps"]:
        assert step["count"] > 0
        assert step["seconds"] >= 0
    assert found["seconds"] < 60


def test_a_machine_without_the_plugins_is_told_so(bare: Shell) -> None:
    bare.environ["PYTHONPATH"] += ":/nonexistent"
    done = bare("demo", "--registry", "--limit", "5", "-o", "json")
    if done.status == 0:
        pytest.skip("HyperHost is installed here, with its plugins")
    assert done.data["ok"] is False
    assert done.data["failure"]


def test_the_limit_goes_with_the_registry_only(bare: Shell) -> None:
    assert bare("demo", "--limit", "5").status == 2
