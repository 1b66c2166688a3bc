"""``hyperhost tuf``: a client by the conformance suite's command line, and a repository, by themselves."""

from __future__ import annotations

import json
from pathlib import Path

from cli_shell import Shell
from installed import installed_shell
from tuf_parts import AUTH, MAIL, Publisher, running_mirror, web_server


def test_a_client_begins_refreshes_and_downloads_with_its_options_before_the_command(
    registry_template: Path, tmp_path: Path
) -> None:
    shell = installed_shell(tmp_path, registry_template / "site")
    publisher = Publisher(tmp_path / "publisher")
    publisher.publish(AUTH, b"one")
    publisher.publish(MAIL, b"two")
    root, trusted, out = tmp_path / "first.json", tmp_path / "trusted", tmp_path / "out"
    root.write_bytes(publisher.root)
    with running_mirror() as mirror:
        mirror.show(publisher.files())
        known = ("tuf", "--metadata-dir", str(trusted))
        online = (*known, "--metadata-url", f"{mirror.url}/metadata")
        assert "init ROOT.json" in shell(*online, "refresh").err
        shell.ok(*known, "init", str(root))
        assert mirror.asked == []
        shell.ok(*online, "refresh")
        assert {path.name for path in trusted.glob("*.json")} == {
            "root.json", "timestamp.json", "snapshot.json", "targets.json"
        }  # fmt: skip
        into = ("--target-base-url", f"{mirror.url}/targets", "--target-dir", str(out))
        names = ("--target-name", AUTH, "--target-name", MAIL)
        found = shell.ok(*online, *names, *into, "download", "-o", "json").data
        assert [Path(each["file"]).read_bytes() for each in found] == [b"one", b"two"]
        mirror.asked.clear()
        shell.ok("tuf", "download", *online[1:], *names, *into)
        assert not [path for path in mirror.asked if path.startswith("targets/")]  # they are there already

        before = {path.name: path.read_bytes() for path in trusted.glob("*.json")}
        mirror.files["metadata/timestamp.json"] = mirror.endless
        refused = shell(*online, "refresh", "-o", "json")
        error = json.loads(refused.err)
        assert (refused.status, error["code"], error["rule"]) == (1, "HH-TRUST", "trust.endless-data")
        assert "try another mirror" in error["hint"]
        assert {path.name: path.read_bytes() for path in trusted.glob("*.json")} == before


def test_what_a_client_needs_is_asked_for(bare: Shell, tmp_path: Path) -> None:
    done = bare("tuf", "--metadata-dir", str(tmp_path), "refresh")
    assert done.status == 2
    assert "--metadata-url is needed" in done.err


def test_a_registry_is_made_a_repository_that_follows_it(registry: Shell, tmp_path: Path) -> None:
    shell = registry
    assert "make it one with: hyperhost tuf create" in shell("tuf", "status").err
    made = shell.ok("tuf", "create", "--root-keys", "2", "-o", "json").data
    assert [each["name"] for each in made["roles"]] == ["root", "timestamp", "snapshot", "targets"]
    (tmp_path / "content").write_bytes(b"software")
    of_it = ("--type", "library", "--version", "1.0.0", "--content", str(tmp_path / "content"))
    shell.ok("artifact", "create", "--name", "org.acme/auth", *of_it)
    shell.ok("artifact", "publish", "org.acme/auth")
    folder = Path(made["metadata"])
    assert AUTH in (folder / "1.org.acme.json").read_text()  # the same command has signed it
    assert "org.acme" in shell.ok("tuf", "status").out
    role = shell.ok("tuf", "delegate", "org.acme", "--keys", "3", "--threshold", "2", "-o", "json").data
    assert (role["threshold"], len(role["keys"]), role["version"]) == (2, 3, 2)
    assert "2 of 3" in shell.ok("tuf", "revoke", "org.acme", role["keys"][0]).out
    assert shell.ok("tuf", "rotate", "-o", "json").data["version"] == 2
    assert shell.ok("tuf", "renew", "-o", "json").data == {"roles": ["timestamp"]}
    assert shell.ok("tuf", "update", "--everything", "-o", "json").data["targets"] == 0
    shell.ok("version", "yank", "org.acme/auth", "--reason", "broken")
    newest = max(folder.glob("*.org.acme.json"), key=lambda path: int(path.name.partition(".")[0]))
    assert AUTH not in newest.read_text()


def test_a_registry_is_exported_and_fetched_from_a_web_server(registry: Shell, tmp_path: Path) -> None:
    shell, place = registry, tmp_path / "mirror"
    shell.ok("tuf", "create", "--root-keys", "1", "--root-threshold", "1")
    (tmp_path / "content").write_bytes(b"software")
    of_it = ("--type", "library", "--version", "1.0.0", "--content", str(tmp_path / "content"))
    shell.ok("artifact", "create", "--name", "org.acme/auth", *of_it)
    shell.ok("artifact", "publish", "org.acme/auth")
    done = shell.ok("tuf", "export", str(place), "-o", "json").data
    assert (done["directory"], done["kept"], done["left_out"]) == (str(place), 0, [])
    assert "wrote 0 files" in shell.ok("tuf", "export", str(place)).err
    index = "org.acme/auth/index.json"
    with web_server(place) as url:
        known = ("tuf", "--metadata-dir", str(tmp_path / "trusted"))
        shell.ok(*known, "init", str(place / "metadata" / "1.root.json"))
        found = shell.ok(
            *known, "--metadata-url", f"{url}/metadata", "--target-base-url", f"{url}/targets",
            "--target-name", AUTH, "--target-name", index, "--target-dir", str(tmp_path / "out"),
            "download", "-o", "json",
        ).data  # fmt: skip
    assert Path(found[0]["file"]).read_bytes() == b"software"
    told = json.loads(Path(found[1]["file"]).read_bytes())
    assert [each["version"] for each in told["versions"]] == ["1.0.0"]
    refused = shell("tuf", "export", str(tmp_path), "-o", "json")
    assert (refused.status, json.loads(refused.err)["rule"]) == (1, "state:directory")
