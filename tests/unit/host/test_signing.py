"""Signed packages: whatever is changed after signing is found out, and so is another key."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import pytest
from cli_guests import GUESTS, KEY, OTHER_KEY, packed

from hyperhost.errors import (
    CorruptComponentError,
    HyperHostError,
    ManifestError,
    PackError,
    PluginLoadError,
    SignatureError,
    UpgradeApprovalError,
)
from hyperhost.host.decisions import Decision, Question, grant_required
from hyperhost.host.installer import Installer
from hyperhost.host.keyfile import PrivateKey, generate_key, public_key, read_key
from hyperhost.host.packing import pack
from hyperhost.host.signature import key_id
from hyperhost.host.signing import sign_package, verify_package

ASKS = [("clock", "to date findings")]
MEMBERS = ["LICENSE", "README.md", "docs/use.md", "plugin.toml", "plugin.wasm", "sbom.cdx.json"]


def project(directory: Path, **options: object) -> Path:
    packed(directory, "clock", required=ASKS, **options)  # type: ignore[arg-type]
    (directory / "docs").mkdir(exist_ok=True)
    for name in ("README.md", "LICENSE", "docs/use.md"):
        (directory / name).write_text(f"{name}\n")
    return directory


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A signed package."""
    return pack(project(tmp_path / "project"), tmp_path / "scan.hhp", seed=KEY).path


def members(path: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def rewrite(path: Path, files: dict[str, bytes]) -> None:
    """As somebody does who has a zip program and no key."""
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in files.items():
            archive.writestr(name, data)


# --- a package changed after signing ------------------------------------------------------------------


def test_an_unchanged_package_is_verified(file: Path) -> None:
    assert sorted(members(file)) == sorted([*MEMBERS, "plugin.sig"])
    package = verify_package(file)
    assert (package.id, package.publisher) == ("scan", key_id(KEY))
    assert verify_package(file, key_id(KEY)).digest == package.digest


def test_only_the_content_counts_not_how_it_was_zipped(file: Path) -> None:
    rewrite(file, dict(reversed(members(file).items())))
    assert verify_package(file).publisher == key_id(KEY)


@pytest.mark.parametrize("name", MEMBERS)
def test_any_member_altered_after_signing_is_found_out(file: Path, name: str) -> None:
    files = members(file)
    added = b"# more\n" if name == "plugin.toml" else b"x"
    rewrite(file, files | {name: files[name] + added})
    with pytest.raises(SignatureError, match="the signature is for digest"):
        verify_package(file)


@pytest.mark.parametrize("name", MEMBERS)
def test_any_bit_of_a_member_flipped_in_place_is_found_out(file: Path, name: str) -> None:
    data = bytearray(file.read_bytes())
    content = members(file)[name]
    at = data.index(content) + len(content) // 2
    data[at] ^= 1
    file.write_bytes(data)
    with pytest.raises(HyperHostError) as caught:  # the archive's own sums, or a manifest that is none now
        verify_package(file)
    assert isinstance(caught.value, CorruptComponentError | SignatureError | ManifestError)


@pytest.mark.parametrize("name", [name for name in MEMBERS if not name.startswith("plugin.")])
def test_any_member_removed_after_signing_is_found_out(file: Path, name: str) -> None:
    files = members(file)
    del files[name]
    rewrite(file, files)
    with pytest.raises(SignatureError, match="the signature is for digest"):
        verify_package(file)


@pytest.mark.parametrize("name", ["plugin.toml", "plugin.wasm"])
def test_without_its_manifest_or_component_it_is_no_package(file: Path, name: str) -> None:
    files = members(file)
    del files[name]
    rewrite(file, files)
    with pytest.raises(ManifestError, match=r"does not hold|holds no plugin"):
        verify_package(file)


@pytest.mark.parametrize("name", ["extra.txt", "docs/extra.md", "plugin.sig.old", "sub/plugin.sig"])
def test_any_member_added_after_signing_is_found_out(file: Path, name: str) -> None:
    rewrite(file, members(file) | {name: b""})
    with pytest.raises(SignatureError, match="the signature is for digest"):
        verify_package(file)


@pytest.mark.parametrize("name", MEMBERS)
def test_any_member_renamed_after_signing_is_found_out(file: Path, name: str) -> None:
    files = {f"{each}2" if each == name else each: data for each, data in members(file).items()}
    rewrite(file, files)
    with pytest.raises((SignatureError, ManifestError), match=r"the signature is for digest|hold"):
        verify_package(file)


def test_a_removed_signature_is_not_overlooked(file: Path) -> None:
    files = members(file)
    del files["plugin.sig"]
    rewrite(file, files)
    with pytest.raises(SignatureError, match="is not signed: nobody vouches for it"):
        verify_package(file)


def test_the_signature_of_another_package_moved_in_is_found_out(file: Path, tmp_path: Path) -> None:
    others = {
        "id": project(tmp_path / "a", id="other"),
        "version": project(tmp_path / "b", version="1.0.1"),
        "digest": project(tmp_path / "c", plugin={"description": "another"}),
    }
    for differs, directory in others.items():
        other = pack(directory, tmp_path / f"{differs}.hhp", seed=KEY).path
        mixed = tmp_path / f"{differs}-mixed.hhp"
        rewrite(mixed, members(file) | {"plugin.sig": members(other)["plugin.sig"]})
        with pytest.raises(SignatureError, match=f"the signature is for {differs}"):
            verify_package(mixed)


def test_a_signature_relabelled_with_another_key_is_found_out(file: Path) -> None:
    files = members(file)
    envelope = json.loads(files["plugin.sig"])
    envelope["signatures"][0]["keyid"] = key_id(OTHER_KEY)
    rewrite(file, files | {"plugin.sig": json.dumps(envelope).encode()})
    with pytest.raises(SignatureError, match="the signature was not made by the key"):
        verify_package(file)


def test_another_key_than_the_expected_one_is_refused(file: Path) -> None:
    with pytest.raises(SignatureError, match="was signed by another key than the one expected") as caught:
        verify_package(file, key_id(OTHER_KEY))
    assert key_id(KEY) in caught.value.message
    assert key_id(OTHER_KEY) in caught.value.message
    assert caught.value.plugin == "scan"


def test_a_lone_component_is_never_signed(tmp_path: Path) -> None:
    with pytest.raises(SignatureError, match="is not signed"):
        verify_package(GUESTS["double"].write(tmp_path / "x.wasm"))


# --- signing what is packed -----------------------------------------------------------------------------


def test_signing_later_gives_the_bytes_of_signing_at_once(file: Path, tmp_path: Path) -> None:
    later = pack(tmp_path / "project", tmp_path / "later.hhp").path
    signed = sign_package(later, KEY)
    assert (signed.changed, signed.replaced, signed.packed.publisher) == (True, "", key_id(KEY))
    assert later.read_bytes() == file.read_bytes()


def test_signing_again_changes_nothing(file: Path) -> None:
    before = file.read_bytes()
    signed = sign_package(file, KEY)
    assert (signed.changed, signed.replaced) == (False, key_id(KEY))
    assert file.read_bytes() == before


def test_another_key_replaces_the_signature_and_nothing_else(file: Path) -> None:
    before = members(file)
    signed = sign_package(file, OTHER_KEY)
    assert (signed.changed, signed.replaced) == (True, key_id(KEY))
    assert verify_package(file, key_id(OTHER_KEY)).digest == signed.packed.digest
    assert {name for name, data in members(file).items() if data != before[name]} == {"plugin.sig"}


def test_what_was_changed_after_signing_is_not_signed_again(file: Path) -> None:
    rewrite(file, members(file) | {"docs/use.md": b"changed"})
    before = file.read_bytes()
    with pytest.raises(SignatureError, match="the signature is for digest"):
        sign_package(file, OTHER_KEY)
    assert file.read_bytes() == before


def test_only_packed_files_are_signed(tmp_path: Path, file: Path) -> None:
    for path in (tmp_path / "project", tmp_path / "gone.hhp", GUESTS["double"].write(tmp_path / "x.wasm")):
        with pytest.raises(PackError, match=r"is no \.hhp file"):
            sign_package(path, KEY)
    rewrite(file, {"x": b""})
    with pytest.raises(ManifestError, match=r"holds no plugin\.toml"):
        sign_package(file, KEY)
    file.write_bytes(b"no archive")
    with pytest.raises(CorruptComponentError, match="no readable archive"):
        sign_package(file, KEY)


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_a_dangerous_archive_is_not_signed(file: Path) -> None:
    with zipfile.ZipFile(file, "a") as archive:
        archive.writestr("../x", b"")
    with pytest.raises(PluginLoadError, match="holds the unsafe name"):
        sign_package(file, KEY)


# --- installing -----------------------------------------------------------------------------------------


def refuse(question: Question) -> Decision:
    return Decision(False)


def test_installing_records_the_publisher_and_another_one_needs_approval(
    work: Installer, file: Path, tmp_path: Path
) -> None:
    entry = work.install(file, grant_required).entry
    assert (entry.publisher, entry.granted) == (key_id(KEY), ("clock",))
    newer = project(tmp_path / "newer", version="1.1.0")

    same = pack(newer, tmp_path / "same.hhp", seed=KEY).path
    other = pack(newer, tmp_path / "other.hhp", seed=OTHER_KEY).path
    unsigned = pack(newer, tmp_path / "unsigned.hhp").path
    for path, change in ((other, "publisher changed from ed25519:"), (unsigned, "no longer signed")):
        with pytest.raises(UpgradeApprovalError, match=change):
            work.upgrade("scan", path, refuse)
        assert work.known("scan") == entry
    # The same publisher is not asked about, as nothing else changed.
    assert work.upgrade("scan", same, refuse).entry.publisher == key_id(KEY)
    replaced = work.upgrade("scan", other, grant_required).entry
    assert (replaced.version, replaced.publisher) == ("1.1.0", key_id(OTHER_KEY))


def test_a_package_changed_after_signing_is_not_installed(work: Installer, file: Path) -> None:
    rewrite(file, members(file) | {"docs/use.md": b"changed"})
    with pytest.raises(SignatureError, match="the signature is for digest"):
        work.install(file, grant_required)
    assert work.entries() == {}


# --- key files ------------------------------------------------------------------------------------------


def test_a_key_file_is_for_its_owner_only_and_read_back(tmp_path: Path) -> None:
    path = tmp_path / "key"
    key = generate_key(path)
    assert path.stat().st_mode & 0o777 == 0o600
    assert read_key(path) == key
    assert (key.id, len(key.seed)) == (key_id(key.seed), 32)
    assert generate_key(tmp_path / "other").id != key.id
    assert [each.name for each in sorted(tmp_path.iterdir())] == ["key", "other"]


def test_a_key_is_not_shown_by_accident() -> None:
    assert "\\x" not in repr(PrivateKey("ed25519:…", KEY))


def test_a_key_file_is_never_overwritten(tmp_path: Path) -> None:
    path, link = tmp_path / "key", tmp_path / "link"
    path.write_text("dear")
    link.symlink_to("nowhere")
    for each in (path, link):
        with pytest.raises(SignatureError, match="is there already and was left as it is"):
            generate_key(each)
    assert path.read_text() == "dear"
    assert sorted(each.name for each in tmp_path.iterdir()) == ["key", "link"]
    with pytest.raises(PackError, match="cannot be written: No such file"):
        generate_key(tmp_path / "gone" / "key")


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o644])
def test_a_key_that_others_can_read_is_not_used(tmp_path: Path, mode: int) -> None:
    path = tmp_path / "key"
    generate_key(path)
    path.chmod(mode)
    with pytest.raises(SignatureError, match="can be read or written by others") as caught:
        read_key(path)
    assert f"chmod 600 {path}" in caught.value.hint


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "is no key file"),
        ("[]", "is no key file"),
        ('{"type": "other"}', "is no key file"),
        ("[" * 4000, "is no key file"),
        ("x" * 5000, "is too large"),
        ('{"type": "hyperhost-ed25519-private-key"}', "is damaged"),
        ('{"type": "hyperhost-ed25519-private-key", "keyid": "x", "secret": "?"}', "is damaged"),
    ],
)
def test_what_is_no_key_file_is_refused(tmp_path: Path, text: str, words: str) -> None:
    path = tmp_path / "key"
    path.write_text(text)
    path.chmod(0o600)
    with pytest.raises(SignatureError, match=words):
        read_key(path)


def test_a_key_file_whose_id_was_altered_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "key"
    key = generate_key(path)
    path.write_text(path.read_text().replace(key.id, key_id(KEY)))
    with pytest.raises(SignatureError, match="its secret does not belong to its key id"):
        read_key(path)


def test_a_key_file_that_is_none_at_all_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SignatureError, match="cannot be read: No such file"):
        read_key(tmp_path / "gone")
    with pytest.raises(SignatureError, match="is no regular file"):
        read_key(tmp_path)
    (tmp_path / "a").symlink_to("a")
    with pytest.raises(SignatureError, match="cannot be read"):
        read_key(tmp_path / "a")


def test_a_public_key_may_be_written_in_several_ways(tmp_path: Path) -> None:
    import base64

    path = tmp_path / "key"
    key = generate_key(path)
    digits = key.id.removeprefix("ed25519:")
    written = tmp_path / "key.pub"
    written.write_text(f"{key.id}\n")
    raw = bytes.fromhex(digits)
    texts = [key.id, digits, digits.upper(), base64.b64encode(raw).decode(), str(path), str(written)]
    texts.append(base64.urlsafe_b64encode(raw).decode())
    assert [public_key(text) for text in texts] == [key.id] * len(texts)


def test_what_is_no_public_key_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SignatureError, match="is no public key and no file"):
        public_key("ed25519:12")
    (tmp_path / "x").write_text("nothing")
    with pytest.raises(SignatureError, match="holds no public key"):
        public_key(str(tmp_path / "x"))
