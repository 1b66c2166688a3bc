"""Plugins in Rust: which tools are asked for, and the words when one is missing."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
from native_projects import native_project

from hyperhost.errors import BuildError, CompileError, ToolchainError
from hyperhost.sdk.languages import rust
from hyperhost.sdk.project import Project, open_project

CARGO = """\
[package]
name = "acme-native"
version = "1.0.0"
edition = "2021"

[lib]
crate-type = ["cdylib"]

[dependencies]
wit-bindgen = "0.44"
"""
SOURCE = """\
wit_bindgen::generate!({ path: "bindings/wit", world: "plugin", generate_all });
struct Plugin;
impl Guest for Plugin {
    fn artifact_validate(_: ArtifactChange) -> Result<Vec<ValidationIssue>, Refusal> {
        Err(Refusal { reason: "no".into(), rule: "test".into() })
    }
}
export!(Plugin);
"""


def rust_project(directory: Path) -> Project:
    native_project(directory, "", node=False)
    manifest = (
        (directory / "plugin.toml").read_text().replace('"c"', '"rust"').replace('"plugin.c"', '"src/lib.rs"')
    )
    (directory / "plugin.toml").write_text(manifest)
    (directory / "src").mkdir()
    (directory / "src" / "lib.rs").write_text(SOURCE)
    (directory / "Cargo.toml").write_text(CARGO)
    return open_project(directory)


def tool(directory: Path, name: str, text: str) -> None:
    """A program that does what this shell script does."""
    path = directory / name
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)


def test_without_cargo_one_sentence_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ToolchainError) as caught:
        rust.TOOLCHAIN.require(rust_project(tmp_path / "p"))
    assert caught.value.message == "needs cargo, which is not on the PATH"
    assert caught.value.hint == "install Rust with rustup"


def test_without_the_target_the_rustup_command_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tool(tmp_path, "cargo", "echo cargo 1.95.0")
    tool(tmp_path, "rustc", f"echo {tmp_path}/not-there")
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin:/usr/bin")
    with pytest.raises(ToolchainError) as caught:
        rust.TOOLCHAIN.require(rust_project(tmp_path / "p"))
    assert caught.value.message == "needs Rust's target wasm32-wasip2"
    assert caught.value.hint == "rustup target add wasm32-wasip2"


def test_a_project_without_cargo_toml_is_told_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tool(tmp_path, "cargo", "echo cargo 1.95.0")
    tool(tmp_path, "rustc", f"echo {tmp_path}")
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin:/usr/bin")
    project = rust_project(tmp_path / "p")
    assert rust.TOOLCHAIN.require(project)["cargo"] == "1.95.0"
    (project.directory / "Cargo.toml").unlink()
    with pytest.raises(BuildError, match=r"holds no Cargo\.toml"):
        rust.TOOLCHAIN.require(project)


@pytest.mark.parametrize(
    ("said", "kind", "words"),
    [
        ("error: failed to get `wit-bindgen` as a dependency", BuildError, "there may be no network"),
        (
            "error: cannot update the lock file because --locked was passed",
            BuildError,
            "does not fit Cargo.toml",
        ),
        ("error[E0425]: cannot find value `x`\n --> src/lib.rs:5:9", CompileError, "src/lib.rs:5:9"),
    ],
)
def test_cargos_words_become_the_right_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, said: str, kind: type[BuildError], words: str
) -> None:
    (tmp_path / "said").write_text(said)
    tool(tmp_path, "cargo", f"cat {tmp_path}/said >&2; exit 101")
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin:/usr/bin")
    project = rust_project(tmp_path / "p")
    with pytest.raises(kind) as caught:
        rust.TOOLCHAIN.compile(project, None, project.bindings, tmp_path / "out.wasm")  # type: ignore[arg-type]
    assert words in caught.value.message
    assert type(caught.value) is kind


def test_a_hook_in_rust_builds_where_the_toolchain_is(tmp_path: Path) -> None:
    rustc = shutil.which("rustc")
    if rustc is None or shutil.which("cargo") is None:
        pytest.skip("needs cargo and rustc")
    asked = [rustc, "--print", "target-libdir", "--target", "wasm32-wasip2"]
    where = subprocess.run(asked, capture_output=True, text=True, check=False)
    if where.returncode or not Path(where.stdout.strip()).is_dir():
        pytest.skip("needs the target: rustup target add wasm32-wasip2")
    from hyperhost.sdk.build import build

    project = rust_project(tmp_path)
    try:
        built = build(project.directory)
    except BuildError as error:
        if "no network" in error.message:
            pytest.skip("needs the crate wit-bindgen, and there is no network")
        raise
    assert built.hooks == ("artifact_validate",)
