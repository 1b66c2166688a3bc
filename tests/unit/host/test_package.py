from __future__ import annotations

import hashlib
import os
import stat
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from hyperhost.errors import (
    ComponentTooLargeError,
    CorruptComponentError,
    ManifestError,
    PluginLoadError,
    SignatureError,
)
from hyperhost.host import archive, package
from hyperhost.host.package import Package, open_package, package_digest
from hyperhost.host.signature import key_id, sign

SEED = bytes(range(32))
WASM = b"\0asm\x0d\0\1\0"
MANIFEST = b'[plugin]\nid = "scan"\nversion = "1.0.0"\n'
FILES = {"plugin.toml": MANIFEST, "plugin.wasm": WASM, "docs/read.me": b"hello"}


def packed(path: Path, files: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        for name, data in files.items():
            file.writestr(name, data)
    return path


def unpacked(path: Path, files: dict[str, bytes]) -> Path:
    for name, data in files.items():
        target = path / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data)
    return path


def digest_of(files: dict[str, bytes]) -> str:
    return package_digest({name: hashlib.sha256(data).hexdigest() for name, data in files.items()})


Form = Callable[[Path, dict[str, bytes]], Path]


@pytest.fixture(params=["archive", "directory"])
def form(request: pytest.FixtureRequest) -> Form:
    if request.param == "archive":
        return lambda path, files: packed(path / "scan.hhp", files)
    return lambda path, files: unpacked(path / "scan", files)


def test_a_lone_component_has_the_digest_of_its_bytes(tmp_path: Path) -> None:
    file = tmp_path / "secret_scan.wasm"
    file.write_bytes(WASM)
    opened = open_package(file)
    assert (opened.id, opened.version, opened.manifest.bare) == ("secret-scan", "0.0.0", True)
    assert opened.digest == "sha256:" + hashlib.sha256(WASM).hexdigest()
    assert (opened.component, opened.publisher, opened.source) == (WASM, "", file)


def test_component_text_is_compiled(tmp_path: Path) -> None:
    file = tmp_path / "tiny.wat"
    file.write_text("(component)")
    assert open_package(str(file)).component == WASM
    file.write_text("(component")
    with pytest.raises(CorruptComponentError, match=r"tiny\.wat is no component text"):
        open_package(file)


def test_a_packed_or_unpacked_plugin_is_opened(tmp_path: Path, form: Form) -> None:
    opened = open_package(form(tmp_path, FILES))
    assert (opened.id, opened.version, opened.publisher) == ("scan", "1.0.0", "")
    assert opened.component == WASM
    assert opened.digest == digest_of(FILES)
    assert "component" not in repr(opened)[:40]


def test_a_native_plugin_has_no_component(tmp_path: Path, form: Form) -> None:
    opened = open_package(form(tmp_path, {"plugin.toml": MANIFEST + b'native = "acme:Plugin"\n'}))
    assert opened.component is None


@pytest.mark.parametrize("name", list(FILES))
def test_any_changed_byte_changes_the_digest(tmp_path: Path, form: Form, name: str) -> None:
    changed = FILES | {name: FILES[name] + (b"\n" if name == "plugin.toml" else b"x")}
    assert open_package(form(tmp_path, changed)).digest != digest_of(FILES)


def test_a_renamed_added_or_removed_file_changes_the_digest() -> None:
    moved = {"docs/read.you" if name == "docs/read.me" else name: data for name, data in FILES.items()}
    fewer = {name: data for name, data in FILES.items() if name != "docs/read.me"}
    assert len({digest_of(FILES), digest_of(moved), digest_of(FILES | {"x": b""}), digest_of(fewer)}) == 4


def test_the_key_that_signed_is_the_publisher(tmp_path: Path, form: Form) -> None:
    files = FILES | {"plugin.sig": sign("scan", "1.0.0", digest_of(FILES), SEED)}
    opened = open_package(form(tmp_path, files))
    assert opened.publisher == key_id(SEED)
    assert opened.digest == digest_of(FILES)


def test_a_file_changed_after_signing_is_refused(tmp_path: Path, form: Form) -> None:
    files = FILES | {"plugin.sig": sign("scan", "1.0.0", digest_of(FILES), SEED), "docs/read.me": b"changed"}
    with pytest.raises(SignatureError, match="the signature is for digest"):
        open_package(form(tmp_path, files))


def test_an_endless_signature_is_refused(tmp_path: Path, form: Form) -> None:
    with pytest.raises(SignatureError, match="the signature file has"):
        open_package(form(tmp_path, FILES | {"plugin.sig": os.urandom(100_000)}))


def test_the_grammar_given_reads_the_manifest(tmp_path: Path, form: Form) -> None:
    asks = MANIFEST + b'[capabilities]\nrequired = [{ name = "weather:*", reason = "x" }]\n'
    with pytest.raises(ManifestError, match="unknown kind 'weather'"):
        open_package(form(tmp_path, FILES | {"plugin.toml": asks}))


def test_without_a_manifest_it_is_refused(tmp_path: Path, form: Form) -> None:
    with pytest.raises(ManifestError, match=r"holds no plugin\.toml"):
        open_package(form(tmp_path, {"plugin.wasm": WASM}))


def test_without_its_component_it_is_refused(tmp_path: Path, form: Form) -> None:
    with pytest.raises(
        ManifestError, match=r"plugin\.component is 'plugin\.wasm', which the package does not"
    ):
        open_package(form(tmp_path, {"plugin.toml": MANIFEST}))


def test_a_manifest_over_the_limit_is_refused_before_it_is_read(tmp_path: Path, form: Form) -> None:
    with pytest.raises(ManifestError, match="the most is 256 KiB"):
        open_package(form(tmp_path, FILES | {"plugin.toml": os.urandom(300_000)}))


def test_what_is_not_there_or_no_package_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PluginLoadError, match="is not there"):
        open_package(tmp_path / "x.wasm")
    (tmp_path / "x.txt").write_text("x")
    with pytest.raises(PluginLoadError, match="is no plugin package"):
        open_package(tmp_path / "x.txt")


def test_a_component_over_the_limit_is_refused(
    tmp_path: Path, form: Form, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The real limit is 256 MiB; lowering it keeps the disk out of the test.
    monkeypatch.setattr(package, "MAX_COMPONENT_BYTES", 4)
    with pytest.raises(ComponentTooLargeError, match=r"plugin\.wasm is larger than"):
        open_package(form(tmp_path, FILES))
    file = tmp_path / "lone.wasm"
    file.write_bytes(WASM)
    with pytest.raises(ComponentTooLargeError, match="wasm-tools strip"):
        open_package(file)


@pytest.mark.parametrize(
    "name", ["../x", "/etc/x", "a/../../x", "a\\b", "a//b", "./a", "C:x", "a\nb", "a/./b"]
)
def test_an_entry_whose_name_leads_elsewhere_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(PluginLoadError, match="holds the unsafe name"):
        open_package(packed(tmp_path / "p.hhp", FILES | {name: b"x"}))


def test_an_entry_with_a_zero_byte_in_its_name_is_refused(tmp_path: Path) -> None:
    path = packed(tmp_path / "p.hhp", FILES | {"aXb": b"x"})
    path.write_bytes(path.read_bytes().replace(b"aXb", b"a\0b"))
    with pytest.raises(PluginLoadError, match="holds the unsafe name"):
        open_package(path)


@pytest.mark.filterwarnings("ignore:Duplicate name")
@pytest.mark.parametrize("name", ["plugin.wasm", "PLUGIN.wasm"])
def test_two_entries_of_one_name_are_refused(tmp_path: Path, name: str) -> None:
    path = packed(tmp_path / "p.hhp", FILES)
    with zipfile.ZipFile(path, "a") as file:
        file.writestr(name, b"other")
    with pytest.raises(PluginLoadError, match="twice"):
        open_package(path)


@pytest.mark.parametrize("kind", [stat.S_IFLNK, stat.S_IFIFO, stat.S_IFCHR])
def test_a_link_in_an_archive_is_refused(tmp_path: Path, kind: int) -> None:
    path = packed(tmp_path / "p.hhp", FILES)
    with zipfile.ZipFile(path, "a") as file:
        info = zipfile.ZipInfo("link")
        info.external_attr = (kind | 0o777) << 16
        file.writestr(info, "/etc/passwd")
    with pytest.raises(PluginLoadError, match="a link or no regular file"):
        open_package(path)


def test_a_link_in_a_directory_is_refused(tmp_path: Path) -> None:
    path = unpacked(tmp_path / "p", FILES)
    (path / "link").symlink_to("/etc/passwd")
    with pytest.raises(PluginLoadError, match="holds 'link', which is a link"):
        open_package(path)


def test_a_linked_directory_or_pipe_in_a_directory_is_refused(tmp_path: Path) -> None:
    path = unpacked(tmp_path / "p", FILES)
    (path / "link").symlink_to("/etc")
    with pytest.raises(PluginLoadError, match="holds 'link'"):
        open_package(path)
    (path / "link").unlink()
    os.mkfifo(path / "pipe")
    with pytest.raises(PluginLoadError, match="holds 'pipe'"):
        open_package(path)


def test_directories_in_an_archive_do_not_count(tmp_path: Path) -> None:
    path = packed(tmp_path / "p.hhp", FILES)
    with zipfile.ZipFile(path, "a") as file:
        file.mkdir("docs")
    assert open_package(path).digest == digest_of(FILES)


def test_a_directory_entry_with_content_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PluginLoadError, match="holds the unsafe name"):
        open_package(packed(tmp_path / "p.hhp", FILES | {"x/": b"content"}))


def test_a_zip_bomb_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PluginLoadError, match="unpacks to over 200 times its size"):
        open_package(packed(tmp_path / "p.hhp", FILES | {"bomb": bytes(20 << 20)}))


def test_an_archive_that_states_too_small_a_size_is_refused(tmp_path: Path) -> None:
    path = packed(tmp_path / "p.hhp", FILES | {"docs/read.me": b"q" * 1000})
    data = path.read_bytes()
    path.write_bytes(data.replace(struct.pack("<L", 1000), struct.pack("<L", 10)))
    with pytest.raises(CorruptComponentError, match=r"docs/read\.me in p\.hhp is (damaged|not as long)"):
        open_package(path)


def test_an_archive_that_states_too_large_a_size_is_refused(tmp_path: Path) -> None:
    path = packed(tmp_path / "p.hhp", FILES | {"docs/read.me": b"q" * 1000})
    data = path.read_bytes()
    path.write_bytes(data.replace(struct.pack("<L", 1000), struct.pack("<L", 2000)))
    with pytest.raises(CorruptComponentError, match=r"docs/read\.me in p\.hhp is (damaged|not as long)"):
        open_package(path)


@pytest.mark.parametrize("keep", [0, 10, -1, -30])
def test_a_truncated_archive_is_refused(tmp_path: Path, keep: int) -> None:
    path = packed(tmp_path / "p.hhp", FILES)
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(CorruptComponentError, match="is no readable archive"):
        open_package(path)


def test_a_damaged_entry_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "p.hhp"
    with zipfile.ZipFile(path, "w") as file:
        for name, content in FILES.items():
            file.writestr(name, content)
    path.write_bytes(path.read_bytes().replace(b"hello", b"hullo"))
    with pytest.raises(CorruptComponentError, match=r"docs/read\.me in p\.hhp is damaged"):
        open_package(path)


def test_an_encrypted_entry_is_refused(tmp_path: Path) -> None:
    path = packed(tmp_path / "p.hhp", FILES)
    data = bytearray(path.read_bytes())
    data[data.index(b"PK\1\2") + 8] |= 1
    path.write_bytes(data)
    with pytest.raises(PluginLoadError, match="is encrypted"):
        open_package(path)


def test_an_unknown_compression_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "p.hhp"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_BZIP2) as file:
        for name, content in FILES.items():
            file.writestr(name, content)
    with pytest.raises(PluginLoadError, match="compressed in an unknown way"):
        open_package(path)


def test_too_many_files_are_refused(tmp_path: Path, form: Form, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive, "MAX_FILES", 2)
    with pytest.raises(PluginLoadError, match="holds more than 2 files"):
        open_package(form(tmp_path, FILES))


def test_a_package_that_unpacks_to_too_much_is_refused(
    tmp_path: Path, form: Form, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archive, "MAX_TOTAL_BYTES", 1 << 20)
    files = FILES | {f"{n}.bin": b"q" * 600_000 for n in range(2)}
    with pytest.raises(PluginLoadError, match="holds more than 1 MiB"):
        open_package(form(tmp_path, files))


def test_an_archive_that_claims_a_huge_table_of_contents_is_refused(tmp_path: Path) -> None:
    path = packed(tmp_path / "p.hhp", FILES)
    data = bytearray(path.read_bytes())
    struct.pack_into("<HH", data, len(data) - 22 + 8, 60_000, 60_000)
    path.write_bytes(data)
    with pytest.raises(PluginLoadError, match="holds more than 4096 files"):
        open_package(path)


def test_zip64_is_refused(tmp_path: Path) -> None:
    path = packed(tmp_path / "p.hhp", FILES)
    data = path.read_bytes()
    locator = struct.pack("<4sLQL", b"PK\6\7", 0, 0, 1)
    path.write_bytes(data[:-22] + locator + data[-22:])
    with pytest.raises(PluginLoadError, match="ZIP64"):
        open_package(path)


@pytest.mark.parametrize("names", [("docs", "docs/x"), ("a/b", "A"), ("x/y/z", "x/y")])
def test_a_name_that_is_both_a_file_and_a_directory_is_refused(
    tmp_path: Path, names: tuple[str, str]
) -> None:
    files = {"plugin.toml": MANIFEST, "plugin.wasm": WASM, **dict.fromkeys(names, b"x")}
    with pytest.raises(PluginLoadError, match="both as a file and as a directory"):
        open_package(packed(tmp_path / "p.hhp", files))


def test_names_that_differ_in_how_accents_are_written_are_refused(tmp_path: Path) -> None:
    files = FILES | {"docs/\u00e9": b"1", "docs/e\u0301": b"2"}
    with pytest.raises(PluginLoadError, match="twice"):
        open_package(packed(tmp_path / "p.hhp", files))


def test_what_stands_before_or_behind_an_archive_is_refused(tmp_path: Path) -> None:
    path = packed(tmp_path / "p.hhp", FILES)
    data = path.read_bytes()
    other = packed(tmp_path / "other.hhp", FILES | {"docs/read.me": b"another"}).read_bytes()
    for altered in (b"#!/bin/sh\n" + data, other + data, data + b"x", data[:-22] + b"gap" + data[-22:]):
        path.write_bytes(altered)
        with pytest.raises(PluginLoadError, match="holds bytes before or behind the archive"):
            open_package(path)


def test_bytes_before_the_first_entry_are_refused_though_all_offsets_are_right(tmp_path: Path) -> None:
    path = tmp_path / "p.hhp"
    path.write_bytes(b"#!/bin/sh\n")
    with zipfile.ZipFile(path, "a") as file:
        for name, content in FILES.items():
            file.writestr(name, content)
    with pytest.raises(PluginLoadError, match="holds bytes before or behind the archive"):
        open_package(path)


def test_entries_that_share_bytes_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "p.hhp"
    with zipfile.ZipFile(path, "w") as file:
        for name in ("plugin.toml", "plugin.wasm", "docs/1", "docs/2"):
            file.writestr(name, FILES.get(name, b"x" * 1000))
        first, second = file.getinfo("docs/1"), file.getinfo("docs/2")
        second.header_offset = first.header_offset + 100
    with pytest.raises(PluginLoadError, match="holds 'docs/2' within another entry"):
        open_package(path)


def test_the_manifest_of_a_lone_component_can_be_completed(tmp_path: Path) -> None:
    file = tmp_path / "lone.wasm"
    file.write_bytes(WASM)
    opened = open_package(file)
    full = type(opened.manifest).for_bare_component(file, ["check_text"])
    completed = opened.with_manifest(full)
    assert isinstance(completed, Package)
    assert completed.manifest.hook_names == ("check_text",)
    assert completed.digest == opened.digest
