"""What ``plugin new`` writes builds and answers, in every language whose tools are there."""

from __future__ import annotations

from pathlib import Path

import pytest
from author_tools import ready
from cli_shell import Shell

from hyperhost.hookspecs import KERNEL_SPECS
from hyperhost.host.manifest import LANGUAGES
from hyperhost.host.specs import read_specs
from hyperhost.sdk.build import build
from hyperhost.sdk.examples import example_arguments
from hyperhost.sdk.new import write_project
from hyperhost.sdk.project import open_project
from hyperhost.sdk.writing.order import order

KERNEL = [name for spec in KERNEL_SPECS for name in read_specs(spec)]
FOREIGN = ["do_everything", "flags_only", "refuses_only"]


@pytest.mark.timeout(600)
@pytest.mark.parametrize("language", LANGUAGES)
def test_every_hook_of_every_type_builds_and_answers(language: str, tmp_path: Path) -> None:
    wanted = order("all-hooks", language, [*KERNEL, *FOREIGN], ["log"], specs=["rich_contract:Rich"])
    directory = write_project(wanted, tmp_path / "all").directory
    ready(directory)
    built = build(directory)
    assert set(built.hooks) == {*KERNEL, *FOREIGN}
    assert not [note for note in built.notes if "warning" in note]
    project = open_project(directory)
    with project.host() as host:
        plugin = host.load(project.package(project.component.read_bytes()), grants=["log"])
        for name, info in project.hooks.items():
            # That it returns at all is the point: an answer that did not fit its type would be a fault.
            plugin.call(name, **example_arguments(info.function))
        logged = [line.message for line in plugin.logs(1000)]
    assert logged == [f"{name} was called" for name in project.hooks]


@pytest.mark.timeout(600)
@pytest.mark.parametrize("language", LANGUAGES)
def test_a_new_plugin_passes_its_tests_and_is_packed(bare: Shell, language: str, tmp_path: Path) -> None:
    directory = tmp_path / "desc-check"
    hooks = ("--hook", "artifact_validate", "--hook", "search_rerank")
    bare.ok("plugin", "new", "desc-check", "--lang", language, *hooks, "--dir", str(directory))
    ready(directory)
    tested = bare.ok("plugin", "test", str(directory), "--output", "json").data
    assert (tested["tests"], tested["failures"], tested["errors"]) == (3, 0, 0)
    target = tmp_path / "desc-check.hhp"
    packed = bare.ok("plugin", "pack", str(directory), "--out", str(target), "--output", "json").data
    assert packed["id"] == "desc-check"
    assert sorted(packed["files"]) == ["README.md", "plugin.toml", "plugin.wasm", "sbom.cdx.json"]
    assert "it has no licence file" in packed["notes"]
