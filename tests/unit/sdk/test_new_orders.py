"""What ``plugin new`` is asked for is checked before anything is written."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from hyperhost.errors import (
    BuildError,
    CapabilitySyntaxError,
    ConfigError,
    HyperHostError,
    SpecError,
)
from hyperhost.host.manifest import LANGUAGES
from hyperhost.sdk.writing.naming import check_name, suggestion
from hyperhost.sdk.writing.order import order

CONTRACT = '''
from dataclasses import dataclass
from typing import Protocol

from hyperhost.hookspecs import hookspec


@dataclass(frozen=True, slots=True)
class Letter:
    subject: str
    urgent: bool = False


class Inbox(Protocol):
    @hookspec(firstresult=True)
    def sort_letter(self, letter: Letter) -> str | None:
        """Choose a folder for a letter."""

    @hookspec
    def count_letters(self) -> int:
        """Count."""


class Empty:
    """Has no hooks."""
'''


@pytest.fixture
def contract(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The name of a module that lies in the current directory and nowhere else."""
    name = "acme_letters"
    (tmp_path / f"{name}.py").write_text(CONTRACT, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    yield name
    sys.modules.pop(name, None)


def test_without_a_hook_it_is_artifact_validate_in_python() -> None:
    wanted = order("desc-check")
    assert (wanted.language, [hook.name for hook in wanted.hooks]) == ("python", ["artifact_validate"])


@pytest.mark.parametrize("spelling", ["search_rerank", "search-rerank"])
def test_a_hook_is_known_in_pythons_and_in_wits_spelling(spelling: str) -> None:
    assert [hook.name for hook in order("a", hooks=[spelling]).hooks] == ["search_rerank"]


def test_hooks_keep_their_order() -> None:
    names = ["search_rerank", "artifact_validate", "command_list"]
    assert [hook.name for hook in order("a", hooks=names).hooks] == names


def refused(*arguments: Any, **options: Any) -> HyperHostError:
    with pytest.raises(HyperHostError) as caught:
        order(*arguments, **options)
    assert caught.value.hint
    return caught.value


def test_an_unknown_hook_is_answered_with_the_nearest() -> None:
    error = refused("a", hooks=["artifact_valdate"])
    assert type(error) is BuildError
    assert error.message == "there is no hook 'artifact_valdate'"
    assert error.hint == "did you mean 'artifact_validate'?"


@pytest.mark.parametrize("second", ["artifact_validate", "artifact-validate"])
def test_a_hook_that_is_named_twice_is_refused(second: str) -> None:
    error = refused("a", hooks=["artifact_validate", second])
    assert type(error) is BuildError
    assert error.message == "the hook 'artifact_validate' is named twice"


@pytest.mark.parametrize(
    ("language", "hint"),
    [
        ("pyton", "did you mean 'python'?"),
        ("JavaScript", "did you mean 'javascript'?"),
        ("cobol", "languages are"),
    ],
)
def test_an_unknown_language_is_answered_with_the_nearest(language: str, hint: str) -> None:
    error = refused("a", language)
    assert type(error) is BuildError
    assert error.message == f"there is no language {language!r}"
    assert error.hint.startswith(hint)


@pytest.mark.parametrize(
    ("name", "better"),
    [
        ("SecretScan", "secret-scan"),
        ("secret_scan", "secret-scan"),
        ("Secret Scan!", "secret-scan"),
        ("-secret--scan-", "secret-scan"),
        ("3d-view", "plugin-3d-view"),
        ("ümlaut", "mlaut"),
        ("", "secret-scan"),
        ("日本", "secret-scan"),
        ("a" * 65, "a" * 64),
        ("../evil", "evil"),
        ("/etc/passwd", "etc-passwd"),
        ("a/b", "a-b"),
        ("a\\b", "a-b"),
        ("a\x00b", "a-b"),
        ("a\n", "a"),
        ("~", "secret-scan"),
        (".", "secret-scan"),
        ("--help", "help"),
    ],
)
def test_a_name_that_is_not_kebab_case_is_answered_with_the_nearest_that_is(name: str, better: str) -> None:
    error = refused(name)
    assert type(error) is BuildError
    assert "is no name for a plugin" in error.message
    assert error.hint == f"for example {better!r}"
    assert check_name(suggestion(name)) == better


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", ["import", "class", "hyperhost", "wit-world", "plugin", "tests", "bindings"])
def test_a_name_that_means_something_else_is_refused(name: str, language: str) -> None:
    error = refused(name, language)
    assert type(error) is BuildError
    assert repr(name) in error.message
    assert error.hint == f"choose another name, for example 'acme-{name}'"
    assert check_name(f"acme-{name}", language) == f"acme-{name}"


def test_a_native_plugin_hides_no_module_of_python() -> None:
    error = refused("statistics", native=True)
    assert error.message == "'statistics' is a module of Python, which the plugin would hide"
    assert order("statistics").name == "statistics"


@pytest.mark.parametrize("name", ["fn", "self", "core", "crate"])
def test_a_plugin_in_rust_is_not_called_like_a_word_of_rust(name: str) -> None:
    assert "is a word of Rust" in refused(name, "rust").message


@pytest.mark.parametrize("capability", ["lgo", "http", "env:", "fs.read:relative", ""])
def test_a_capability_that_does_not_parse_is_refused(capability: str) -> None:
    assert isinstance(refused("a", capabilities=[capability]), CapabilitySyntaxError)


def test_a_capability_that_is_named_twice_is_asked_for_once() -> None:
    assert [each.text for each in order("a", capabilities=["log", "log"]).capabilities] == ["log"]


def test_native_plugins_are_in_python_and_ask_for_nothing() -> None:
    assert "is written in Python" in refused("a", "c", native=True).message
    assert "has no sandbox" in refused("a", capabilities=["log"], native=True).message


def test_hooks_of_another_host_program_are_known(contract: str) -> None:
    wanted = order("a", specs=[f"{contract}:Inbox"], hooks=["count-letters", "artifact_validate"])
    assert [hook.name for hook in wanted.hooks] == ["count_letters", "artifact_validate"]


def test_without_a_hook_it_is_the_first_that_they_declare(contract: str) -> None:
    assert [hook.name for hook in order("a", specs=[f"{contract}:Inbox"]).hooks] == ["sort_letter"]


@pytest.mark.parametrize("specs", ["acme_absent:Inbox", "acme_letters:Outbox"])
def test_specs_that_cannot_be_imported_are_refused(contract: str, specs: str) -> None:
    error = refused("a", specs=[specs])
    assert type(error) is ConfigError
    assert f"{specs!r} cannot be imported" in error.message


@pytest.mark.parametrize("specs", ["", "inbox.py", "a b:C", "../contract:Inbox", "-c:x", "a:b:c", "os;x"])
def test_specs_that_are_no_name_of_a_class_are_refused(specs: str) -> None:
    error = refused("a", specs=[specs])
    assert type(error) is ConfigError


def test_specs_without_a_hook_are_refused(contract: str) -> None:
    assert isinstance(refused("a", specs=[f"{contract}:Empty"]), SpecError)
