"""Plugins, contents and whole namespaces from a registry elsewhere, over HTTP, by the command line."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from cli_shell import Shell
from installed import installed_shell
from remote_parts import publish_plugin, publish_text, shown, with_specs
from tuf_parts import Mirror, running_mirror


@dataclass
class Office:
    """A registry that others fetch from."""

    shell: Shell
    mirror: Mirror
    place: Path

    def show(self) -> None:
        shown(self.mirror, self.shell, self.place / "site")


@pytest.fixture(scope="module")
def office_template(registry_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with two versions of base, scan that needs ^1 of it, and a text."""
    directory = tmp_path_factory.mktemp("office")
    shutil.copytree(registry_template / "home", directory / "home")
    shell = installed_shell(directory, registry_template / "site")
    with_specs(shell)
    shell.ok("tuf", "create", "--root-keys", "1", "--root-threshold", "1")
    for version in ("1.0.0", "1.5.0", "2.0.0"):
        publish_plugin(shell, directory, "base", version)
    publish_plugin(shell, directory, "scan", "1.0.0", {"base": "^1.0.0"})
    publish_text(shell, directory, "words", "1.0.0", "one two three")
    return directory


@pytest.fixture
def office(office_template: Path, registry_template: Path, tmp_path: Path) -> Iterator[Office]:
    place = tmp_path / "office"
    shutil.copytree(office_template / "home", place / "home")
    with running_mirror() as mirror:
        made = Office(installed_shell(place, registry_template / "site"), mirror, place)
        made.show()
        yield made


@pytest.fixture
def laptop(office: Office, registry: Shell, tmp_path: Path) -> Shell:
    """A registry with the office as the remote acme."""
    with_specs(registry)
    root = tmp_path / "root.json"
    root.write_bytes(office.mirror.files["metadata/1.root.json"])  # type: ignore[arg-type]  # it is no function
    registry.ok("remote", "add", "acme", office.mirror.url, "--root", str(root))
    return registry


def _installed(shell: Shell) -> dict[str, str]:
    rows = shell.ok("plugin", "list", "-o", "json").data
    return {row["id"]: row["version"] for row in rows if row["id"] in ("base", "scan")}


def test_a_plugin_is_installed_from_a_remote_with_what_it_needs_and_upgraded_from_there(
    office: Office, laptop: Shell
) -> None:
    done = laptop.ok("plugin", "install", "org.acme/scan", "--from", "acme", "--yes")
    assert done.err.splitlines()[-2:] == [
        "installed base 1.5.0, which org.acme/scan needs",
        "installed scan 1.0.0",
    ]
    assert _installed(laptop) == {"base": "1.5.0", "scan": "1.0.0"}
    assert (
        laptop.ok("plugin", "show", "base", "-o", "json").data["source"]
        == "registry:acme!org.acme/base@1.5.0"
    )
    publish_plugin(office.shell, office.place, "scan", "1.1.0", {"base": "^2.0.0"})
    office.show()
    # Where it came from is asked, without saying so again.
    done = laptop.ok("plugin", "upgrade", "scan", "--yes")
    assert done.err.splitlines()[-2:] == [
        "changed base 2.0.0, which org.acme/scan needs",
        "changed scan 1.1.0",
    ]
    assert _installed(laptop) == {"base": "2.0.0", "scan": "1.1.0"}
    assert laptop.ok("artifact", "list", "-o", "json").data == []  # nothing came into the registry


def test_a_content_is_downloaded_and_a_remote_is_listed_shown_and_removed(
    office: Office, laptop: Shell, tmp_path: Path
) -> None:
    [row] = laptop.ok("remote", "list", "-o", "json").data
    assert (row["name"], row["url"]) == ("acme", office.mirror.url)
    assert laptop.ok("remote", "show", "acme", "-o", "json").data["root"] == 1
    file = tmp_path / "words"
    done = laptop.ok(
        "artifact", "download", "org.acme/words", "--from", "acme", "--to", str(file), "-o", "json"
    )
    assert file.read_text() == "one two three"
    assert (done.data["artifact"], done.data["bytes"]) == ("org.acme/words@1.0.0", 13)
    assert (
        "is there already"
        in laptop("artifact", "download", "org.acme/words", "--from", "acme", "--to", str(file)).err
    )
    laptop.ok("remote", "remove", "acme", "--yes")
    assert "there is no remote 'acme'" in laptop("sync", "--from", "acme").err
    assert not (laptop.home / "data" / "remotes" / "acme").exists()


def test_a_pull_brings_everything_once_and_tells_what_is_gone(office: Office, laptop: Shell) -> None:
    done = laptop.ok("sync", "--from", "acme", "-o", "json").data
    assert (done["created"], done["unchanged"], done["issues"], done["gone"]) == (5, 0, [], [])
    state = laptop.ok("artifact", "get", "org.acme/scan@1.0.0", "-o", "json").data
    assert state["state"] == "published"
    again = laptop.ok("sync", "--from", "acme", "-o", "json").data
    assert (again["created"], again["updated"], again["unchanged"], again["contents"]) == (0, 0, 5, 0)
    laptop.ok("plugin", "install", "org.acme/scan", "--yes")  # from this registry, which has it now
    office.shell.ok("version", "yank", "org.acme/words@1.0.0", "--reason", "broken")
    office.shell.ok("artifact", "deprecate", "org.acme/base@1.0.0", "--reason", "old")
    office.show()
    last = laptop.ok("sync", "--from", "acme", "-o", "json").data
    assert (last["created"], last["updated"], last["gone"]) == (0, 1, ["org.acme/words@1.0.0"])
    assert laptop.ok("artifact", "get", "org.acme/words@1.0.0", "-o", "json").data["state"] == "published"
    assert laptop.ok("artifact", "get", "org.acme/base@1.0.0", "-o", "json").data["state"] == "deprecated"


def test_a_pull_of_one_namespace_leaves_the_others(office: Office, laptop: Shell) -> None:
    publish_text(office.shell, office.place, "tool", "1.0.0", "x", namespace="org.other.team")
    office.show()
    done = laptop.ok("sync", "--from", "acme", "--namespace", "org.other", "-o", "json").data
    assert done["created"] == 1
    assert [row["artifact"] for row in laptop.ok("artifact", "list", "-o", "json").data] == [
        "org.other.team/tool@1.0.0"
    ]


def test_what_is_said_wrongly_is_named(laptop: Shell, tmp_path: Path) -> None:
    assert laptop("sync").status == 2
    assert laptop("sync", "--from", "acme", str(tmp_path)).status == 2
    assert laptop("plugin", "install", "scan.hhp", "--from", "acme").status == 2
    error = laptop("plugin", "install", "org.acme/none", "--from", "acme", "--yes").err
    assert "org.acme/none, which does not exist" in error
    error = laptop("artifact", "download", "org.acme/words@9.0.0", "--from", "acme", "-o", "json").err
    assert json.loads(error)["code"] == "HH-MISSING"
    root = str(tmp_path / "root.json")
    again = laptop("remote", "add", "acme", "https://registry.example", "--root", root)
    assert "there is a remote acme already" in again.err


def test_a_mirror_that_lies_about_a_package_installs_nothing(office: Office, laptop: Shell) -> None:
    content = next(path for path in office.mirror.files if path.endswith(".1.5.0"))  # what scan needs
    honest = office.mirror.files[content]
    assert isinstance(honest, bytes)
    office.mirror.files[content] = honest[:-1] + b"!"
    done = laptop("plugin", "install", "org.acme/scan", "--from", "acme", "--yes", "-o", "json")
    assert (done.status, json.loads(done.err)["rule"]) == (1, "trust.wrong-software")
    assert _installed(laptop) == {}


def test_a_name_that_came_from_a_remote_is_looked_for_nowhere_else(
    office: Office, laptop: Shell, tmp_path: Path
) -> None:
    laptop.ok("plugin", "install", "org.acme/base@^1", "--from", "acme", "--yes")
    publish_plugin(laptop, tmp_path, "base", "9.0.0")  # in this registry, under the same name
    publish_plugin(laptop, tmp_path, "tool", "1.0.0")
    laptop.ok("plugin", "upgrade", "base", "--yes")
    assert _installed(laptop) == {"base": "2.0.0"}
    laptop.ok("remote", "remove", "acme", "--yes")
    done = laptop("plugin", "upgrade", "base", "--yes")
    assert (done.status, "no plugin can read the registry 'acme'" in done.err) == (1, True)
    laptop.ok("plugin", "install", "org.acme/tool", "--yes")  # what is not about it goes on
    laptop.ok("plugin", "install", "org.acme/base", "--from", "", "--yes")  # unless somebody says so
    assert _installed(laptop) == {"base": "9.0.0"}
