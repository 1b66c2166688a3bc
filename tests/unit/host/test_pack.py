"""Packing: the same bytes for the same content, nothing that does not belong, nothing half-written."""

from __future__ import annotations

import hashlib
import json
import os
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from cli_guests import GUESTS, KEY, OTHER_KEY

from hyperhost.errors import (
    ComponentTooLargeError,
    CoreModuleError,
    CorruptComponentError,
    ManifestError,
    PackError,
    SignatureError,
)
from hyperhost.host import ingredients, packing
from hyperhost.host.inspection import inspect_package
from hyperhost.host.package import open_package
from hyperhost.host.packing import Packed, pack, write_package
from hyperhost.host.signature import key_id
from hyperhost.host.tomltext import toml_text

WASM = GUESTS["clock"].binary()
PLUGIN = {
    "id": "scan",
    "version": "1.2.0",
    "publisher": "Acme",
    "license": "Apache-2.0 OR (MIT AND BSD-3-Clause)",
    "homepage": "https://acme.test/scan",
    "description": "Finds things.",
    "hooks": ["run"],
}
FILES = {
    "plugin.wasm": WASM,
    "README.md": b"# Scan\n",
    "LICENSE": b"do what you like\n",
    "docs/use.md": b"use it\n",
    "docs/more/été.md": b"more\n",
    # what stays behind
    ".gitignore": b"build/\n",
    "src/app.py": b"print()\n",
    "notes.txt": b"mine\n",
    "tests/test_app.py": b"pass\n",
}
GOLDEN = "d14c24966307ef377b14c5d4adea6fe4be0c8329002b212685a035ff3094a032"
"""SHA-256 of a small signed package. Should it change, so does what everybody gets who packs again."""

INSIDE = [
    "LICENSE",
    "README.md",
    "docs/more/été.md",
    "docs/use.md",
    "plugin.toml",
    "plugin.wasm",
    "sbom.cdx.json",
]


def manifest(**plugin: object) -> bytes:
    asks = {"required": [{"name": "clock", "reason": "to date findings"}]}
    return toml_text(
        {"plugin": PLUGIN | plugin, "capabilities": asks, "dependencies": {"base": "^1.0", "aid": "*"}}
    ).encode()


def written(directory: Path, files: dict[str, bytes]) -> Path:
    for name, data in files.items():
        path = directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return directory


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return written(tmp_path / "project", {**FILES, "plugin.toml": manifest()})


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "out.hhp"


def names(path: Path) -> list[str]:
    with zipfile.ZipFile(path) as archive:
        return archive.namelist()


# --- what is packed -----------------------------------------------------------------------------------


def test_manifest_component_documents_licence_and_parts_list_are_packed(project: Path, out: Path) -> None:
    packed = pack(project, out)
    assert names(out) == list(packed.files) == INSIDE
    opened = open_package(out)
    assert (opened.id, opened.version, opened.component) == ("scan", "1.2.0", WASM)
    assert (packed.id, packed.version, packed.digest) == ("scan", "1.2.0", opened.digest)
    assert (packed.publisher, opened.publisher) == ("", "")
    assert packed.size == out.stat().st_size
    assert packed.sha256 == hashlib.sha256(out.read_bytes()).hexdigest()
    assert packed.notes == (
        "it is not signed; add --key FILE, or sign it later with 'hyperhost plugin sign'",
    )


def test_the_signature_covers_everything_and_names_the_publisher(project: Path, out: Path) -> None:
    packed = pack(project, out, seed=KEY)
    assert "plugin.sig" in names(out)
    assert packed.publisher == open_package(out).publisher == key_id(KEY)
    assert packed.notes == ()


def test_what_is_missing_is_noted(tmp_path: Path, out: Path) -> None:
    small = written(tmp_path / "small", {"plugin.toml": manifest(), "plugin.wasm": WASM})
    assert pack(small, out, seed=KEY).notes == ("it has no README.md", "it has no licence file")


def test_the_name_says_what_it_is(project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert pack(project).path == tmp_path / "scan-1.2.0.hhp"


def test_a_component_may_be_text_and_lie_deeper(tmp_path: Path, out: Path) -> None:
    text = GUESTS["clock"].text().encode()
    files = {"plugin.toml": manifest(component="dist/app.wat"), "dist/app.wat": text, "dist/other.wat": text}
    packed = pack(written(tmp_path / "text", files), out)
    assert packed.files == ("dist/app.wat", "plugin.toml", "sbom.cdx.json")
    found = inspect_package(out)
    assert found.sbom is not None
    assert found.sbom.problem == ""
    assert found.names.needed == inspect_package(tmp_path / "text" / "dist" / "app.wat").names.needed != ()


def test_what_is_packed_again_from_a_package_is_the_same(project: Path, out: Path, tmp_path: Path) -> None:
    first = pack(project, out, seed=KEY)
    with zipfile.ZipFile(out) as archive:
        archive.extractall(tmp_path / "again")
    second = pack(tmp_path / "again", tmp_path / "again.hhp", seed=KEY)
    assert second.sha256 == first.sha256


# --- the same bytes -----------------------------------------------------------------------------------


def test_the_same_content_gives_the_same_bytes(project: Path, tmp_path: Path, out: Path) -> None:
    first = pack(project, out, seed=KEY)
    again = pack(project, tmp_path / "again.hhp", seed=KEY)
    assert again.sha256 == first.sha256
    files = {**FILES, "plugin.toml": manifest()}
    before = os.umask(0o077)
    try:
        # Made in the opposite order, by someone with another umask, at another time.
        other = written(tmp_path / "other", dict(reversed(files.items())))
        (other / "plugin.wasm").chmod(0o700)
        for path in sorted(other.rglob("*")):
            os.utime(path, (1_000_000_000, 2_000_000_000))
        moved = pack(other, tmp_path / "moved.hhp", seed=KEY)
    finally:
        os.umask(before)
    assert (tmp_path / "moved.hhp").read_bytes() == out.read_bytes()
    assert moved.digest == first.digest


def test_the_bytes_are_those_of_every_version_of_python_and_of_every_machine(
    tmp_path: Path, out: Path
) -> None:
    toml = b'[plugin]\nid = "fixed"\nversion = "1.0.0"\nlicense = "MIT"\n'
    files = {"plugin.toml": toml, "plugin.wasm": b"\0asm\x0d\0\1\0", "README.md": b"fixed\n"}
    packed = pack(written(tmp_path / "fixed", files), out, seed=KEY)
    assert packed.sha256 == GOLDEN


def test_entries_are_sorted_stored_and_say_nothing_about_the_machine(project: Path, out: Path) -> None:
    pack(project, out, seed=KEY)
    with zipfile.ZipFile(out) as archive:
        entries = archive.infolist()
        assert archive.comment == b""
    assert [entry.filename for entry in entries] == sorted(entry.filename for entry in entries)
    assert {
        (entry.date_time, entry.external_attr >> 16, entry.create_system, entry.compress_type, entry.extra)
        for entry in entries
    } == {((1980, 1, 1, 0, 0, 0), 0o100644, 3, zipfile.ZIP_STORED, b"")}


@pytest.mark.parametrize("name", ["plugin.toml", "plugin.wasm", "README.md", "LICENSE", "docs/use.md"])
def test_other_content_gives_another_digest(project: Path, tmp_path: Path, out: Path, name: str) -> None:
    first = pack(project, out)
    path = project / name
    path.write_bytes(GUESTS["double"].binary() if name == "plugin.wasm" else path.read_bytes() + b"\n")
    assert pack(project, tmp_path / "other.hhp").digest != first.digest


# --- the parts list -----------------------------------------------------------------------------------


def test_what_is_compressed_holds_the_same_and_has_the_same_digest(project: Path, tmp_path: Path) -> None:
    (project / "docs").mkdir(exist_ok=True)
    (project / "docs" / "long.md").write_bytes(b"acme " * 20_000)
    plain = pack(project, tmp_path / "plain.hhp")
    small = pack(project, tmp_path / "small.hhp", compressed=True)
    assert small.size < plain.size - 90_000
    assert (small.digest, small.files) == (plain.digest, plain.files)
    assert open_package(small.path).digest == plain.digest
    assert pack(project, tmp_path / "again.hhp", compressed=True).sha256 == small.sha256


def test_the_parts_list_names_component_digest_licence_imports_and_needs(project: Path, out: Path) -> None:
    pack(project, out)
    with zipfile.ZipFile(out) as archive:
        document = json.loads(archive.read("sbom.cdx.json"))
    assert (document["bomFormat"], document["specVersion"], document["version"]) == ("CycloneDX", "1.6", 1)
    assert "serialNumber" not in document
    assert list(document["metadata"]) == ["component"]
    subject = document["metadata"]["component"]
    assert (subject["name"], subject["version"], subject["publisher"]) == ("scan", "1.2.0", "Acme")
    assert subject["licenses"] == [{"expression": "Apache-2.0 OR (MIT AND BSD-3-Clause)"}]
    component, aid, base = document["components"]
    assert component["name"] == "plugin.wasm"
    assert component["hashes"] == [{"alg": "SHA-256", "content": hashlib.sha256(WASM).hexdigest()}]
    imported = [each["value"] for each in component["properties"] if each["name"] == "hyperhost:import"]
    assert imported == list(inspect_package(out).names.needed) != []
    assert [each["name"] for each in (aid, base)] == ["aid", "base"]
    assert base["properties"] == [{"name": "hyperhost:constraint", "value": "^1.0"}]
    needs = {each["ref"]: each.get("dependsOn", []) for each in document["dependencies"]}
    assert needs["plugin:scan"] == ["file:plugin.wasm", "plugin:aid", "plugin:base"]
    references = [subject["bom-ref"], *(each["bom-ref"] for each in document["components"])]
    assert sorted(needs) == sorted(references)


def test_a_licence_that_is_no_expression_is_given_by_its_name(project: Path, out: Path) -> None:
    (project / "plugin.toml").write_bytes(manifest(license="ask our lawyers (first)"))
    pack(project, out)
    found = inspect_package(out).sbom
    assert found is not None
    assert found.licenses == ("ask our lawyers (first)",)


def test_a_parts_list_that_lies_is_found_out(project: Path, out: Path) -> None:
    pack(project, out)
    with zipfile.ZipFile(out) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    files["plugin.wasm"] = GUESTS["double"].binary()
    write_package(files, open_package(out).manifest, out)
    found = inspect_package(out).sbom
    assert found is not None
    assert found.problem == "it states another SHA-256 of plugin.wasm"


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (b"{", "it is no JSON"),
        (b"[" * 100_000, "it is no JSON"),
        (b"[]", "it is no CycloneDX document"),
        (b'{"bomFormat": "CycloneDX"}', "it does not list plugin.wasm"),
        (b'{"bomFormat": "CycloneDX", "components": [7], "metadata": []}', "it does not list plugin.wasm"),
        (b" " * (9 << 20), "it is larger than 8 MiB"),
    ],
)
def test_a_parts_list_that_is_none_is_found_out(project: Path, out: Path, data: bytes, problem: str) -> None:
    (project / "sbom.cdx.json").write_bytes(data)
    found = inspect_package(project_only(project)).sbom
    assert found is not None
    assert found.problem == problem
    pack(project, out)  # which makes a list of its own
    found = inspect_package(out).sbom
    assert found is not None
    assert found.problem == ""


def project_only(project: Path) -> Path:
    (project / ".gitignore").unlink()
    return project


# --- what is refused ----------------------------------------------------------------------------------


def linked(project: Path, name: str) -> None:
    path = project / name
    path.unlink(missing_ok=True)
    path.parent.mkdir(exist_ok=True)
    path.symlink_to("/etc/hostname")


def linked_docs(project: Path) -> None:
    (project / "docs").rename(project / "elsewhere")
    (project / "docs").symlink_to("elsewhere")


def linked_within_docs(project: Path) -> None:
    (project / "docs" / "src").symlink_to("../src")


def pipe(project: Path) -> None:
    os.mkfifo(project / "docs" / "pipe")


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda p: linked(p, "README.md"), "'README.md' is a link"),
        (lambda p: linked(p, "LICENSE.txt"), r"'LICENSE\.txt' is a link"),
        (lambda p: linked(p, "plugin.toml"), r"'plugin\.toml' is a link"),
        (lambda p: linked(p, "plugin.wasm"), r"'plugin\.wasm' is a link"),
        (lambda p: linked(p, "docs/x.md"), r"'docs/x\.md' is a link"),
        (linked_docs, "'docs' is a link"),
        (linked_within_docs, "'docs/src' is a link"),
        (pipe, "'docs/pipe' is no regular file"),
        (lambda p: written(p, {"docs/.DS_Store": b""}), "'docs/.DS_Store' begins with a dot"),
        (lambda p: written(p, {"docs/.git/config": b""}), "'docs/.git' begins with a dot"),
        (lambda p: written(p, {"docs/__pycache__/x.pyc": b""}), "'docs/__pycache__' looks like something"),
        (lambda p: written(p, {"docs/a.pyc": b""}), r"'docs/a\.pyc' looks like something left behind"),
        (lambda p: written(p, {"docs/use.md~": b""}), "'docs/use.md~' looks like something left behind"),
        (lambda p: written(p, {"docs/old.hhp": b""}), r"'docs/old\.hhp' looks like something left behind"),
        (lambda p: written(p, {"LICENSE.orig": b""}), r"'LICENSE\.orig' looks like something left behind"),
        (lambda p: written(p, {"docs/a\nb": b""}), r"holds the unsafe name 'docs/a\\nb'"),
        (lambda p: written(p, {"docs/C:x": b""}), "holds the unsafe name 'docs/C:x'"),
        (lambda p: written(p, {"docs/Use.md": b""}), r"holds 'docs/use\.md' twice"),
    ],
)
def test_what_does_not_belong_into_a_package_is_refused(
    project: Path, out: Path, spoil: Callable[[Path], object], words: str
) -> None:
    spoil(project)
    out.write_bytes(b"the old one")
    with pytest.raises(PackError, match=words):
        pack(project, out)
    assert out.read_bytes() == b"the old one"
    assert sorted(path.name for path in out.parent.iterdir()) == ["out.hhp", "project"]


def test_links_and_hidden_files_elsewhere_in_the_project_do_not_matter(project: Path, out: Path) -> None:
    (project / ".venv").symlink_to("/usr")
    (project / "src" / "link").symlink_to("/etc")
    (project / "node_modules").mkdir()
    assert list(pack(project, out).files) == INSIDE


def test_what_is_too_large_is_refused(project: Path, out: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (project / "docs" / "film.bin").write_bytes(bytes((16 << 20) + 1))
    with pytest.raises(PackError, match=r"'docs/film\.bin' is larger than 16 MiB"):
        pack(project, out)
    (project / "docs" / "film.bin").unlink()
    # The real limits are 256 and 512 MiB; lowering them keeps the disk out of the test.
    monkeypatch.setattr(ingredients, "MAX_TOTAL_BYTES", 100)
    with pytest.raises(PackError, match="holds more than 0 MiB"):
        pack(project, out)
    monkeypatch.setattr(ingredients, "MAX_COMPONENT_BYTES", 100)
    with pytest.raises(ComponentTooLargeError, match=r"plugin\.wasm is larger than"):
        pack(project, out)
    (project / "plugin.toml").write_bytes(bytes(300_000))
    with pytest.raises(ManifestError, match="the most is 256 KiB"):
        pack(project, out)


def test_too_many_documents_are_refused(project: Path, out: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ingredients, "MAX_FILES", 10)
    written(project, {"docs/third.md": b""})
    with pytest.raises(PackError, match="docs holds more than 2 files"):
        pack(project, out)


@pytest.mark.parametrize(
    ("files", "error", "words"),
    [
        ({"plugin.wasm": b""}, CorruptComponentError, r"plugin\.wasm is empty"),
        ({"plugin.wasm": b"not at all"}, CorruptComponentError, r"plugin\.wasm is not WebAssembly"),
        ({"plugin.wasm": b"\0asm\1\0\0\0"}, CoreModuleError, "is a core module"),
        ({"plugin.wasm": WASM[:-5]}, CorruptComponentError, "its sections do not add up"),
        ({"plugin.toml": b"[plugin"}, ManifestError, "is no TOML"),
        ({"plugin.toml": manifest(component="gone.wasm")}, ManifestError, "which is not there"),
        ({"plugin.toml": manifest(component="README.md")}, PackError, r"ends in neither \.wasm nor \.wat"),
        ({"plugin.toml": manifest(native="acme:Plugin")}, PackError, "is a native plugin"),
    ],
)
def test_what_is_no_plugin_is_not_packed(
    project: Path, out: Path, files: dict[str, bytes], error: type[Exception], words: str
) -> None:
    written(project, files)
    with pytest.raises(error, match=words):
        pack(project, out)
    assert not out.exists()


def test_a_directory_without_a_manifest_is_refused(tmp_path: Path, out: Path) -> None:
    with pytest.raises(ManifestError, match=r"holds no plugin\.toml"):
        pack(tmp_path, out)
    with pytest.raises(PackError, match="gone is no directory"):
        pack(tmp_path / "gone", out)


def test_the_file_written_needs_the_ending_and_a_place(project: Path, tmp_path: Path) -> None:
    with pytest.raises(PackError, match=r"does not end in \.hhp"):
        pack(project, tmp_path / "out.zip")
    with pytest.raises(PackError, match="cannot be written: No such file or directory"):
        pack(project, tmp_path / "gone" / "out.hhp")
    (tmp_path / "dir.hhp").mkdir()
    with pytest.raises(PackError, match="is a directory"):
        pack(project, tmp_path / "dir.hhp")


def test_a_key_that_is_none_is_refused_before_anything_is_written(project: Path, out: Path) -> None:
    with pytest.raises(SignatureError, match="has 32 bytes"):
        pack(project, out, seed=b"short")
    assert not out.exists()


# --- nothing half-written -----------------------------------------------------------------------------


def test_a_failure_in_the_middle_leaves_the_old_file(
    project: Path, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = pack(project, out, seed=KEY)

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(packing.os, "fsync", full)
    with pytest.raises(PackError, match="cannot be written: No space left on device"):
        pack(project, out, seed=OTHER_KEY)
    assert hashlib.sha256(out.read_bytes()).hexdigest() == old.sha256
    assert sorted(path.name for path in out.parent.iterdir()) == ["out.hhp", "project"]


def test_what_could_not_be_opened_again_is_not_written(project: Path, out: Path) -> None:
    first: Packed = pack(project, out)
    with zipfile.ZipFile(out) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    with pytest.raises(PackError, match=r"would not be a package that can be installed: .* no JSON"):
        write_package(files | {"plugin.sig": b"?"}, open_package(out).manifest, out)
    assert hashlib.sha256(out.read_bytes()).hexdigest() == first.sha256


def test_a_link_to_a_package_stays_a_link_and_permissions_stay(project: Path, tmp_path: Path) -> None:
    real, link = tmp_path / "real.hhp", tmp_path / "link.hhp"
    pack(project, real)
    real.chmod(0o640)
    link.symlink_to(real.name)
    assert pack(project, link, seed=KEY).path == real
    assert link.is_symlink()
    assert real.stat().st_mode & 0o777 == 0o640
    assert open_package(link).publisher == key_id(KEY)
