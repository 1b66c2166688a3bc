"""Plugins in C: from source to component, and the words when something is in the way."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest
from native_projects import native_project, need_zig
from node import node_packages

from hyperhost.contracts import Artifact, ArtifactChange, ArtifactType, ChangeKind
from hyperhost.errors import BuildError, CompileError, RefusalError, ToolchainError, UndeclaredImportError
from hyperhost.sdk.build import Built, build
from hyperhost.sdk.languages.jco import PACKAGE
from hyperhost.sdk.project import open_project

RULE = """\
#include "plugin.h"

bool artifact_validate(const plugin_artifact_change *change, plugin_list_validation_issue *result,
                       plugin_refusal *refusal) {
  if (change->artifact.metadata.licenses.len) return true;
  if (change->kind == PLUGIN_CHANGE_KIND_PUBLISHED)
    return plugin_refuse(refusal, plugin_string_lit("name a license"), plugin_string_lit("license.missing"));
  plugin_validation_issue *issue = plugin_list_validation_issue_push(result);
  issue->rule = plugin_string_lit("license.missing");
  issue->path = plugin_string_lit("metadata.licenses");
  return true;
}
"""
BODY = """\
#include "plugin.h"
{before}
bool artifact_validate(const plugin_artifact_change *change, plugin_list_validation_issue *result,
                       plugin_refusal *refusal) {{
  {inside}
  return true;
}}
"""
DRAFT = Artifact("a1", "org.acme", "auth", ArtifactType.LIBRARY, "1.0.0")
LOG = """
[[capabilities.required]]
name = "log"
reason = "says what it finds"
"""


@pytest.fixture(scope="module", autouse=True)
def tools() -> None:
    need_zig()
    node_packages(PACKAGE)


def with_body(inside: str, before: str = "") -> str:
    return BODY.format(inside=inside, before=before)


def refused(directory: Path, text: str, error: type[BuildError] = CompileError, more: str = "") -> BuildError:
    """What building this source ends with; the component that was there stays."""
    native_project(directory, text, more=more)
    (directory / "plugin.wasm").write_bytes(b"the one before")
    with pytest.raises(error) as caught:
        build(directory)
    assert (directory / "plugin.wasm").read_bytes() == b"the one before"
    for place in (str(directory), "hyperhost-build", ".wasm:"):
        assert place not in caught.value.message
    assert not list(directory.glob("**/*cache*"))
    return caught.value


def asked(directory: Path, kind: ChangeKind) -> object:
    """What the built plugin says of a change."""
    project = open_project(directory)
    with project.host() as host:
        host.load(project.package(project.component.read_bytes()))
        return host.hook.artifact_validate(change=ArtifactChange(kind, DRAFT))


def test_a_hook_in_c_answers_and_refuses(tmp_path: Path) -> None:
    built = build(native_project(tmp_path, RULE))
    assert (built.language, built.hooks, built.imports, built.notes) == ("c", ("artifact_validate",), (), ())
    assert set(built.tools) == {"ziglang", "node", PACKAGE}
    [[issue]] = asked(tmp_path, ChangeKind.CREATED)  # type: ignore[misc]
    assert (issue.rule, issue.path) == ("license.missing", "metadata.licenses")
    with pytest.raises(RefusalError, match="name a license"):
        asked(tmp_path, ChangeKind.PUBLISHED)


def test_the_same_source_gives_the_same_bytes_in_another_directory(tmp_path: Path) -> None:
    text = with_body("host_log_write(HOST_LOG_LEVEL_INFO, plugin_string_lit(__FILE__));")
    first, second = (
        build(native_project(tmp_path / name, text, more=LOG)).sha256
        for name in ("one", "a-much-longer-name/two")
    )
    assert first == second
    assert str(tmp_path).encode() not in (tmp_path / "one" / "plugin.wasm").read_bytes()


def test_only_what_is_called_is_imported(tmp_path: Path) -> None:
    assert build(native_project(tmp_path / "silent", RULE, more=LOG)).imports == ()
    text = with_body('host_log_write(HOST_LOG_LEVEL_INFO, plugin_string_lit("hello"));')
    assert build(native_project(tmp_path / "loud", text, more=LOG)).imports == ("hyperhost:host/log@1.0.0",)


def test_the_compilers_warnings_are_notes(tmp_path: Path) -> None:
    built = build(native_project(tmp_path, with_body("int unused = 3;")))
    assert "plugin.c:5:7: warning: unused variable 'unused' [-Wunused-variable]" in built.notes


def test_a_syntax_error_has_the_authors_line(tmp_path: Path) -> None:
    error = refused(tmp_path, with_body("int x = ;"))
    assert "plugin.c:5:11: error: expected expression" in error.message


def test_a_missing_hook_is_named_with_its_declaration(tmp_path: Path) -> None:
    error = refused(tmp_path, '#include "plugin.h"\nint x;\n')
    assert (
        "plugin.c defines no artifact_validate; plugin.h declares: bool artifact_validate(const "
        in error.message
    )


@pytest.mark.parametrize("include", ['#include "plugin.h"\n', "#include <stdbool.h>\n"])
def test_another_signature_is_shown_beside_the_declared_one(tmp_path: Path, include: str) -> None:
    error = refused(tmp_path, include + "bool artifact_validate(int change) { return change; }\n")
    assert "plugin.c:2:6: error: conflicting types for 'artifact_validate'" in error.message
    assert (
        "artifact_validate does not fit its hook; plugin.h declares: bool artifact_validate(" in error.message
    )


def test_a_function_that_is_nowhere_is_named(tmp_path: Path) -> None:
    error = refused(tmp_path, with_body("acme_missing();", "void acme_missing(void);"))
    assert "plugin.c uses acme_missing, which nothing defines" in error.message


def test_a_host_function_without_its_capability_says_what_to_ask_for(tmp_path: Path) -> None:
    error = refused(tmp_path, with_body("host_clock_now();"), UndeclaredImportError)
    assert "host_clock_now needs the capability clock" in error.message
    assert 'name = "clock"' in error.hint


def test_the_c_library_is_there_when_it_is_used(tmp_path: Path) -> None:
    inside = """char *copy = malloc(100);
  snprintf(copy, 100, "%s %g", strpbrk("a-b", "-"), strtod("2.5", NULL));
  return plugin_refuse(refusal, plugin_string_copy(copy, strlen(copy)), plugin_string_lit("x"));"""
    before = "#include <stdio.h>\n#include <stdlib.h>\n#include <string.h>"
    build(native_project(tmp_path, with_body(inside, before)))
    with pytest.raises(RefusalError, match=r"-b 2\.5"):
        asked(tmp_path, ChangeKind.CREATED)


def test_printing_is_refused_with_what_to_use_instead(tmp_path: Path) -> None:
    error = refused(
        tmp_path, with_body('puts(getenv("HOME"));', "#include <stdio.h>\n#include <stdlib.h>"), BuildError
    )
    assert "plugin.c uses parts of the C library that need an operating system" in error.message
    assert "fd_write" in error.message
    assert "environ_get" in error.message
    assert "use host_log_write" in error.hint


# --- missing tools --------------------------------------------------------------------------------


def test_without_the_compiler_one_sentence_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "ziglang" else found(name))
    error = refused(tmp_path, RULE, ToolchainError)
    assert "needs ziglang" in error.message
    assert error.hint == "python -m pip install ziglang"


def test_without_node_one_sentence_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    native_project(tmp_path, RULE)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ToolchainError, match=r"needs Node\.js, which is not on the PATH"):
        build(tmp_path)


@pytest.mark.parametrize("listed", [True, False])
def test_without_the_component_tools_the_npm_command_is_named(tmp_path: Path, listed: bool) -> None:
    native_project(tmp_path, RULE, node=False)
    if listed:
        (tmp_path / "package.json").write_text("{}")
    with pytest.raises(ToolchainError) as caught:
        build(tmp_path)
    assert f"needs {PACKAGE}" in caught.value.message
    assert ("run `npm install` in" if listed else f"npm install --save-dev {PACKAGE}") in caught.value.hint


def test_bindings_can_be_made_again_and_again(tmp_path: Path) -> None:
    made: list[Built] = [build(native_project(tmp_path, RULE)) for _ in range(2)]
    assert made[0].sha256 == made[1].sha256
