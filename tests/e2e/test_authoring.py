"""The plugins of ``docs/authoring.md`` build, and pass the tests that stand there, in every language."""

from __future__ import annotations

import importlib.util
import shutil
import subprocess
from pathlib import Path

import pytest
from cli_shell import ROOT
from node import link_packages
from pages import Reader, blocks

from hyperhost.host.manifest import LANGUAGES
from hyperhost.sdk.languages.jco import PACKAGE as JCO

PAGE = ROOT / "docs" / "authoring.md"
FILES = {block.words["file"]: block.body for block in blocks(PAGE) if "file" in block.words}
SOURCES = {
    "python": "plugin.py",
    "javascript": "plugin.js",
    "c": "plugin.c",
    "zig": "plugin.zig",
    "rust": "src/lib.rs",
}
NEEDS = {"python": "componentize_py", "c": "ziglang", "zig": "ziglang"}
PACKAGES = {"javascript": "componentize-qjs", "c": JCO, "zig": JCO}
MORE = {"javascript": "\n[limits]\nmemories = 3\n"}


def need_rust() -> None:
    """Skip the test where Rust cannot compile components."""
    if shutil.which("cargo") is None or shutil.which("rustc") is None:
        pytest.skip("needs Rust: cargo and rustc")
    command = ["rustc", "--print", "target-libdir", "--target", "wasm32-wasip2"]
    place = subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()
    if not place or not Path(place).is_dir():
        pytest.skip("needs Rust's target: rustup target add wasm32-wasip2")


@pytest.mark.parametrize("language", SOURCES)
@pytest.mark.timeout(300)
def test_the_plugin_of_the_page_builds_and_passes_its_tests(language: str, tmp_path: Path) -> None:
    if language in NEEDS and importlib.util.find_spec(NEEDS[language]) is None:
        pytest.skip(f"{NEEDS[language]} is not installed")
    if language == "rust":
        need_rust()
    reader = Reader(tmp_path)
    status, said = reader.type(f"hyperhost plugin new licence-gate --lang {language}\ncd licence-gate")
    assert status == 0, said
    if language in PACKAGES:
        link_packages(reader.place, PACKAGES[language])
    build = f'\n[build]\nlanguage = "{language}"\nsource = "{SOURCES[language]}"\n'
    reader.save("plugin.toml", FILES["plugin.toml"] + build + MORE.get(language, ""))
    for name in (SOURCES[language], "tests/test_licence_gate.py"):
        reader.save(name, FILES[name])
    status, said = reader.type("hyperhost plugin test")
    if language == "rust" and "cargo cannot get a crate" in said:
        pytest.skip("cargo cannot get wit-bindgen: no network")
    assert status == 0, said
    assert "3 passed" in said


def test_every_language_has_a_section() -> None:
    text = PAGE.read_text(encoding="utf-8")
    names = {"python": "Python", "javascript": "JavaScript", "c": "C", "zig": "Zig", "rust": "Rust"}
    assert list(names) == list(LANGUAGES)
    for name in names.values():
        assert f"\n### {name}\n" in text, name
