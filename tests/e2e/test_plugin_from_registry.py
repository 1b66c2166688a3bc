"""``hyperhost plugin install NAMESPACE/NAME``: plugins and what they need, from the registry."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from cli_guests import SPECS, packed
from cli_shell import Shell
from installed import installed_shell


@pytest.fixture(scope="module")
def stocked_template(registry_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with three versions of base, and with scan, which needs base ^1.0.0 and a library."""
    directory = tmp_path_factory.mktemp("stocked")
    shutil.copytree(registry_template / "home", directory / "home")
    shell = installed_shell(directory, registry_template / "site")
    config = shell.home / "hyperhost.toml"
    config.write_text(config.read_text().replace("[host]\n", f'[host]\nspecs = ["{SPECS}"]\n', 1))
    _publish(shell, directory, "words", "1.0.0", kind="library")
    for version in ("1.0.0", "1.5.0", "2.0.0"):
        _publish(shell, directory, "base", version)
    _publish(shell, directory, "scan", "1.0.0", needs={"base": "^1.0.0", "words": "*"})
    return directory


@pytest.fixture
def stocked(stocked_template: Path, registry_template: Path, tmp_path: Path) -> Shell:
    """That registry, to be changed."""
    shutil.copytree(stocked_template / "home", tmp_path / "home")
    return installed_shell(tmp_path, registry_template / "site")


def _publish(
    shell: Shell,
    place: Path,
    name: str,
    version: str,
    needs: dict[str, str] | None = None,
    kind: str = "plugin",
    required: tuple[tuple[str, str], ...] = (),
    packed_as: str = "",
) -> None:
    file = place / f"{name}-{version}.hhp"
    directory = place / f"{name}-{version}"
    source = packed(directory, id=name, version=packed_as or version, required=required)
    shell.ok("plugin", "pack", str(source), "--out", str(file))
    draft = {
        "namespace": "org.acme",
        "name": name,
        "type": kind,
        "version": version,
        "dependencies": [
            {"artifact": f"org.acme/{other}", "constraint": text} for other, text in (needs or {}).items()
        ],
        "manifest": {"runtime": "wasm", "entry_point": "plugin.wasm"} if kind == "plugin" else None,
    }
    described = place / f"{name}-{version}.json"
    described.write_text(json.dumps({key: value for key, value in draft.items() if value is not None}))
    shell.ok("artifact", "create", str(described), "--content", str(file))
    shell.ok("artifact", "publish", f"org.acme/{name}@{version}")


def _installed(shell: Shell) -> dict[str, str]:
    rows = shell.ok("plugin", "list", "-o", "json").data
    return {row["id"]: row["version"] for row in rows if row["id"] in ("base", "scan")}


def test_a_plugin_comes_with_what_it_needs_in_versions_that_fit(stocked: Shell) -> None:
    done = stocked.ok("plugin", "install", "org.acme/scan", "--yes")
    assert done.err.splitlines()[:2] == [
        "installed base 1.5.0, which org.acme/scan needs",
        "installed scan 1.0.0",
    ]
    assert _installed(stocked) == {"base": "1.5.0", "scan": "1.0.0"}
    shown = stocked.ok("plugin", "show", "base", "-o", "json").data
    assert shown["source"] == "registry:org.acme/base@1.5.0"


def test_what_is_installed_and_fits_stays_as_it_is(stocked: Shell) -> None:
    stocked.ok("plugin", "install", "org.acme/base@1.0.0", "--yes")
    stocked.ok("plugin", "install", "org.acme/scan", "--yes")
    assert _installed(stocked) == {"base": "1.0.0", "scan": "1.0.0"}


def test_what_is_installed_and_does_not_fit_is_changed(stocked: Shell, tmp_path: Path) -> None:
    stocked.ok("plugin", "install", "org.acme/base@1.0.0", "--yes")
    _publish(stocked, tmp_path, "scan", "1.1.0", needs={"base": "^1.5.0"})
    done = stocked.ok("plugin", "install", "org.acme/scan", "--yes")
    assert done.err.splitlines()[0] == "changed base 1.5.0, which org.acme/scan needs"
    assert _installed(stocked) == {"base": "1.5.0", "scan": "1.1.0"}


def test_a_conflict_is_explained_and_installs_nothing(stocked: Shell, tmp_path: Path) -> None:
    _publish(stocked, tmp_path, "scan", "2.0.0", needs={"base": "^3.0.0"})
    done = stocked("plugin", "install", "org.acme/scan@^2", "--yes")
    assert done.status == 1
    assert "which depends on org.acme/base ^3.0.0" in done.err
    assert "the highest is 2.0.0" in done.err
    assert _installed(stocked) == {}


def test_without_consent_nothing_is_installed(stocked: Shell, tmp_path: Path) -> None:
    _publish(stocked, tmp_path, "scan", "1.2.0", required=(("clock", "to date findings"),))
    done = stocked("plugin", "install", "org.acme/scan@1.2.0")
    assert done.status == 1
    assert "it requires: clock" in done.err
    assert _installed(stocked) == {}


@pytest.mark.parametrize(
    ("reference", "words"),
    [
        ("org.acme/words", "org.acme/words@1.0.0 is a library, no plugin"),
        ("org.acme/nothing", "org.acme/nothing, which does not exist"),
        ("org.acme/scan@^9", "which no version matches"),
        ("org.acme/scan@1 ||| 2", "is no constraint"),
    ],
)
def test_what_cannot_be_installed_is_named(stocked: Shell, reference: str, words: str) -> None:
    done = stocked("plugin", "install", reference, "--yes")
    assert done.status == 1
    assert words in done.err
    assert _installed(stocked) == {}


def test_json_is_one_document_that_names_the_others(stocked: Shell) -> None:
    done = stocked.ok("plugin", "install", "org.acme/scan", "--yes", "-o", "json").data
    assert (done["id"], done["changed"]) == ("scan", True)
    assert done["notes"] == ["installed base 1.5.0, which org.acme/scan needs", "installed scan 1.0.0"]
    again = stocked.ok("plugin", "install", "org.acme/scan", "--yes").err
    assert again.splitlines() == ["scan 1.0.0 is installed already"]


def test_what_is_installed_keeps_what_it_needs(stocked: Shell) -> None:
    stocked.ok("plugin", "install", "org.acme/scan", "--yes")
    done = stocked("plugin", "install", "org.acme/base@2", "--yes")
    assert done.status == 1
    assert "because org.acme/scan is installed" in done.err.lower()
    assert "asked for org.acme/scan" not in done.err
    assert _installed(stocked) == {"base": "1.5.0", "scan": "1.0.0"}


def test_an_older_version_is_installed_with_force_only(stocked: Shell) -> None:
    stocked.ok("plugin", "install", "org.acme/base", "--yes")
    refused = stocked("plugin", "install", "org.acme/base@1.0.0", "--yes")
    assert refused.status == 1
    assert "version 1.0.0 is older than 2.0.0" in refused.err
    stocked.ok("plugin", "install", "org.acme/base@1.0.0", "--yes", "--force")
    assert _installed(stocked) == {"base": "1.0.0"}


def test_what_was_installed_before_another_failed_is_said(stocked: Shell, tmp_path: Path) -> None:
    _publish(stocked, tmp_path, "scan", "1.2.0", needs={"base": "*"}, required=(("clock", "to date"),))
    done = stocked("plugin", "install", "org.acme/scan@1.2.0", "--grant", "log")
    assert done.status == 1
    assert "before that failed, and it stays so: installed base 2.0.0" in done.err
    assert _installed(stocked) == {"base": "2.0.0"}
    stocked.ok("plugin", "install", "org.acme/scan@1.2.0", "--grant", "clock")
    assert _installed(stocked) == {"base": "2.0.0", "scan": "1.2.0"}


def test_a_package_of_another_version_than_its_artifact_installs_nothing(
    stocked: Shell, tmp_path: Path
) -> None:
    _publish(stocked, tmp_path, "scan", "1.3.0", needs={"base": "*"}, packed_as="0.9.0")
    done = stocked("plugin", "install", "org.acme/scan@1.3.0", "--yes")
    assert done.status == 1
    assert "org.acme/scan@1.3.0 holds version 0.9.0" in done.err
    assert _installed(stocked) == {}


def test_a_plugin_of_that_id_from_elsewhere_is_not_replaced(stocked: Shell, tmp_path: Path) -> None:
    stocked.ok("plugin", "install", str(packed(tmp_path / "own", id="base", version="0.1.0")), "--yes")
    done = stocked("plugin", "install", "org.acme/scan", "--yes")
    assert done.status == 1
    assert "org.acme/base is a plugin of the same id" in done.err
    assert "hyperhost plugin uninstall base" in done.err
    assert _installed(stocked) == {"base": "0.1.0"}


def test_what_another_registry_has_is_not_taken_from_this_one(stocked: Shell, tmp_path: Path) -> None:
    index = tmp_path / "index.json"
    index.write_text(json.dumps({"org.acme/base": {"1.0.0": {}}}))
    with (stocked.home / "hyperhost.toml").open("a") as config:
        config.write(f'\n[plugins.resolution.config.pins]\n"org.acme/base" = "index:{index}"\n')
    done = stocked("plugin", "install", "org.acme/base", "--yes")
    assert done.status == 1
    assert f"org.acme/base@1.0.0 is in the registry 'index:{index}'" in done.err
    assert _installed(stocked) == {}
