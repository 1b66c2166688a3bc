"""Plugins in Python: compiled by componentize-py, run in a host, and wrong in every way."""

from __future__ import annotations

import dataclasses
import importlib.metadata
import importlib.util
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from guest_contract import FULL, SPARE, Echo
from guest_projects import need_python_tool, python_project, session_directory, two_builds

import hyperhost
from hyperhost.errors import (
    BuildError,
    CompileError,
    RefusalError,
    ToolchainError,
    TrapError,
    UndeclaredImportError,
)
from hyperhost.sdk.build import generate
from hyperhost.sdk.languages import python as language
from hyperhost.sdk.languages.python import TOOLCHAIN
from hyperhost.sdk.project import open_project


@pytest.fixture(scope="module")
def loaded():
    need_python_tool()
    component, _, _ = two_builds("python")
    # The home keeps machine code, so that the next test that loads the component need not wait.
    with hyperhost.Host("python", specs=[Echo], home=session_directory() / "home") as host:
        yield host, host.load(component, grants=["log", "kv"])


@pytest.fixture
def host(loaded):
    return loaded[0]


@pytest.fixture
def said(loaded):
    plugin = loaded[1]
    before = len(plugin.logs())
    return lambda: [(line.level, line.message) for line in plugin.logs()[before:]]


@pytest.fixture
def directory(tmp_path):
    need_python_tool()
    return python_project(tmp_path / "project")


def compiled(directory: Path) -> Path:
    project = open_project(directory)
    out = directory.parent / "out" / "plugin.wasm"
    out.parent.mkdir()
    TOOLCHAIN.compile(project, generate(project), project.bindings, out)
    return out


def rewrite(directory: Path, old: str, new: str) -> None:
    path = directory / "plugin.py"
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


READER = """\
from pathlib import Path
from hyperhost_guest import refuse


class Plugin:
    def check_more(self, kind, count):
        raise refuse(Path("{path}/a.txt").read_text())
"""

# --- what works --------------------------------------------------------------------------------


@pytest.mark.parametrize("value", [FULL, SPARE], ids=["full", "spare"])
def test_every_kind_of_value_comes_back(host, value):
    assert host.hook.echo_all(value=value) == [value]


def test_a_hook_answers_with_nothing(host):
    assert host.hook.check_more(kind="none", count=1) == []
    assert host.hook.check_more(kind="some", count=2**32 - 1) == [2**32 - 1]


def test_a_refusal_carries_its_reason_and_rule(host):
    with pytest.raises(RefusalError, match="because") as caught:
        host.hook.check_more(kind="no", count=1)
    assert caught.value.rule == "r1"


def test_host_functions_are_modules(host):
    assert host.hook.check_more(kind="kv", count=1) == [2]


def test_print_goes_to_the_log(host, said):
    host.hook.check_more(kind="none", count=1)
    assert said() == [("debug", "hello none"), ("info", "printed none")]


def test_an_exception_leaves_a_traceback_in_the_log(host, said):
    with pytest.raises(TrapError):
        host.hook.check_more(kind="bug", count=1)
    assert [message for level, message in said() if level == "error"] == [
        "Traceback (most recent call last):",
        '  File "plugin.py", line 18, in Plugin.check_more',
        '    raise ValueError("a bug")',
        "ValueError: a bug",
    ]


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("late", "ModuleNotFoundError: csv has to be imported at the top of the module, not later"),
        ("file", "PermissionError: 'words.txt': there are no files in a component, except when it is built"),
    ],
)
def test_what_only_works_at_build_time_says_so(host, said, kind, words):
    with pytest.raises(TrapError):
        host.hook.check_more(kind=kind, count=1)
    assert said()[-1] == ("error", words)


def test_imports_are_those_of_the_capabilities(loaded):
    from hyperhost.sandbox.outernames import outer_names

    component, _, _ = two_builds("python")
    names = outer_names(component.read_bytes(), "").needed
    assert [name for name in names if not name.startswith("hyperhost:plugin/")] == [
        "hyperhost:host/kv@1.0.0",
        "hyperhost:host/log@1.0.0",
    ]


# --- bindings ----------------------------------------------------------------------------------


def test_a_type_checker_knows_the_hooks(directory, tmp_path):
    if importlib.util.find_spec("mypy") is None:
        pytest.skip("mypy is not installed")
    generate(open_project(directory))

    def checked() -> str:
        return subprocess.run(
            [sys.executable, "-m", "mypy", "--strict", "--cache-dir", tmp_path / "cache", "plugin.py"],
            cwd=directory,
            env={**os.environ, "MYPYPATH": "bindings"},
            capture_output=True,
            text=True,
            check=False,
        ).stdout

    assert checked().startswith("Success")
    rewrite(directory, "return value", "return [value]")
    rewrite(directory, "kind: str, count: int", "kind: bytes, count: int")
    found = checked()
    assert "Incompatible return value type" in found
    assert 'Argument 1 of "check_more" is incompatible with supertype' in found


def test_bindings_hold_the_docstrings(directory):
    generate(open_project(directory))
    assert (
        "Behave as ``kind`` says." in (directory / "bindings" / "hyperhost_guest" / "__init__.py").read_text()
    )


# --- what is wrong, as the compiler sees it ------------------------------------------------------


def test_a_syntax_error_has_the_authors_line(directory):
    rewrite(directory, "def echo_all(self, value: Everything)", "def echo_all(self, value: Everything")
    with pytest.raises(CompileError) as caught:
        compiled(directory)
    message = caught.value.message
    assert 'File "plugin.py", line 10' in message
    assert message.endswith("SyntaxError: invalid syntax")
    assert "^" in message
    for noise in ("/0/", "backtrace", "anyhow", "hyperhost_entry", str(directory), "hyperhost-problem"):
        assert noise not in message


def test_an_interface_that_was_not_asked_for_is_named(directory):
    rewrite(
        directory,
        "import Everything, World, kv, log, refuse",
        "import Everything, World, clock, kv, log, refuse",
    )
    with pytest.raises(UndeclaredImportError, match=r"imports hyperhost:host/clock@1\.0\.0") as caught:
        compiled(directory)
    assert caught.value.hint == (
        'add to plugin.toml: [[capabilities.required]] with name = "clock" and a reason'
    )


# --- what is wrong, as the entry module sees it: the same code in this Python, which takes no time ---


@pytest.fixture(scope="module")
def stubs():
    need_python_tool()
    return python_project(session_directory() / "stubs")


def entered(directory: Path, source: str) -> BuildError | None:
    """What the build would raise for a source, found by running the entry module here."""
    (directory / "plugin.py").write_text(source)
    project = open_project(directory)
    world = generate(project)
    settings = directory.parent / "entry"
    settings.mkdir(exist_ok=True)
    entry = Path(language.__file__).with_name("python_entry.py").read_text()
    (settings / "hyperhost_entry.py").write_text(entry.replace('"/0/"', repr(f"{directory}/")))
    language._write_settings(
        settings / "hyperhost_settings.py", project, world, project.bindings, stubbed=True
    )
    (settings / "componentize_py_runtime.py").touch()
    paths = [str(path) for path in (project.bindings, directory, settings)]
    done = subprocess.run(
        [sys.executable, "-B", "-c", f"import sys; sys.path[:0] = {paths}; import hyperhost_entry"],
        capture_output=True,
        text=True,
        check=False,
    )
    return language._failure(done.stderr, project) if done.returncode else None


WHOLE = """\
class Plugin:
    def echo_all(self, value): ...
    def check_more(self, kind, count): ...
"""


def test_no_base_class_is_needed(stubs):
    assert entered(stubs, WHOLE) is None


@pytest.mark.parametrize(
    ("old", "new", "message", "hint"),
    [
        (
            "def check_more",
            "def chek_more",
            "class Plugin of plugin.py has no method for the hook 'check_more'",
            "rename chek_more",
        ),
        (
            "    def check_more(self, kind, count): ...\n",
            "",
            "class Plugin of plugin.py has no method for the hook 'check_more'",
            "write: def check_more(self, kind, count)",
        ),
        (
            "kind, count",
            "kind",
            "plugin.py, line 3: check_more(self, kind) does not take the hook's parameters",
            "write: def check_more(self, kind, count)",
        ),
        (
            "def check_more",
            "async def check_more",
            "plugin.py, line 3: a hook is a plain function, without async and yield",
            "",
        ),
        ("class Plugin", "class Plugn", "plugin.py has no class Plugin", "rename Plugn"),
        (WHOLE, "", "plugin.py has no class Plugin", "write: class Plugin:"),
    ],
)
def test_what_the_class_lacks_is_said_in_a_sentence(stubs, old, new, message, hint):
    error = entered(stubs, WHOLE.replace(old, new))
    assert isinstance(error, CompileError)
    assert (error.message, error.hint) == (message, hint)


def test_a_derived_class_that_lacks_a_hook_is_found_too(stubs):
    source = "from hyperhost_guest import World\n" + WHOLE.replace("Plugin:", "Plugin(World):")
    error = entered(stubs, source.replace("check_more", "check_mor"))
    assert isinstance(error, CompileError)
    assert error.hint == "rename check_mor"


@pytest.mark.parametrize(
    ("source", "line", "words"),
    [
        ("x = 1\nnothere\n" + WHOLE, 2, "NameError: name 'nothere' is not defined"),
        ("import acme_nothing\n" + WHOLE, 1, "ModuleNotFoundError: No module named 'acme_nothing'"),
        ("raise SystemExit(3)\n" + WHOLE, 1, "SystemExit: 3"),
        (WHOLE + "    def __init__(self):\n        1 / 0\n", 5, "ZeroDivisionError: division by zero"),
        ("print('x' * 100_000)\nnothere\n" + WHOLE, 2, "NameError: name 'nothere' is not defined"),
    ],
)
def test_what_the_module_raises_is_shown_with_the_authors_frames_only(stubs, source, line, words):
    error = entered(stubs, source)
    assert isinstance(error, CompileError)
    assert error.message.startswith("plugin.py cannot be imported:\nTraceback (most recent call last):\n")
    assert re.findall(r'File "(.*?)", line (\d+)', error.message) == [("plugin.py", str(line))]
    assert error.message.endswith(words)


# --- what is missing -----------------------------------------------------------------------------


def test_without_the_tool_one_sentence_says_what_to_install(stubs, monkeypatch):
    def missing(name):
        raise importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(language, "version", missing)
    with pytest.raises(ToolchainError, match="componentize-py, which is not installed") as caught:
        TOOLCHAIN.require(open_project(stubs))
    assert caught.value.hint == "install it with: python -m pip install componentize-py"


def test_files_need_imports_that_are_refused_when_called(stubs):
    (stubs / "plugin.py").write_text(WHOLE)
    project = open_project(stubs)
    manifest = project.manifest.asking(
        [
            *project.manifest.asks,
            dataclasses.replace(project.manifest.asks[0], capability=_capability("fs.read:/data")),
        ]
    )
    with pytest.raises(BuildError, match=r"asks for fs\.read") as caught:
        language._reads_files(dataclasses.replace(project, manifest=manifest))
    assert "stub_denied = true" in caught.value.hint
    manifest = dataclasses.replace(manifest, stub_denied=True)
    assert language._reads_files(dataclasses.replace(project, manifest=manifest))


def _capability(text: str):
    from hyperhost.capabilities.grammar import Grammar

    return Grammar().parse(text)


def test_a_plugin_reads_the_files_that_it_was_granted(directory, tmp_path):
    data = tmp_path / "data"
    data.mkdir()
    (data / "a.txt").write_text("from a file")
    (directory / "plugin.py").write_text(READER.format(path=data))
    manifest = (directory / "plugin.toml").read_text().replace('"echo_all", ', "")
    asks = f'[[capabilities.required]]\nname = "fs.read:{data}"\nreason = "reads"\n'
    (directory / "plugin.toml").write_text(f"{manifest}\n{asks}[runtime]\nstub_denied = true\n")
    component = compiled(directory)
    project = open_project(directory)
    with project.host() as host:
        host.load(project.package(component.read_bytes()), grants=["log", f"fs.read:{data}"])
        with pytest.raises(RefusalError, match="from a file"):
            host.hook.check_more(kind="", count=0)


@pytest.mark.parametrize("name", ["my-plugin.py", "class.py", "plugin.txt"])
def test_the_source_is_a_module(stubs, name, tmp_path):
    (stubs / "plugin.py").write_text(WHOLE)
    (stubs / name).write_text(WHOLE)
    project = open_project(stubs)
    plan = dataclasses.replace(project.plan, source=name)
    with pytest.raises(CompileError, match="is no module's name"):
        TOOLCHAIN.compile(
            dataclasses.replace(project, plan=plan), None, project.bindings, tmp_path / "x.wasm"
        )
    (stubs / name).unlink()
