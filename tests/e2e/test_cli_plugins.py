"""``hyperhost plugin`` as a person or a script runs it: a process of its own, a home of its own."""

from __future__ import annotations

import csv
import io
import json
import os
from pathlib import Path

import pytest
from cli_guests import GUESTS, lone, packed
from cli_shell import Shell

# --- a plugin's life --------------------------------------------------------------------------------


def test_init_makes_a_home_once(bare: Shell) -> None:
    assert f"made {bare.home}" in bare.ok("init").err
    assert "is complete already" in bare.ok("init").err
    assert bare.ok("init", "-o", "json").data == {"home": str(bare.home), "created": []}


def test_a_plugin_is_installed_called_and_removed(shell: Shell, tmp_path: Path) -> None:
    source = packed(tmp_path / "s", "clock", required=[("clock", "to date findings")])
    done = shell.ok("plugin", "install", str(source), "--yes")
    assert done.err == "installed scan 1.0.0; it may use clock\n"
    assert done.out == ""

    # Where hyperhost itself is installed, pip brought a plugin, too.
    [row] = [row for row in shell.ok("plugin", "list", "-o", "json").data if row["id"] == "scan"]
    assert (row["version"], row["kind"], row["state"]) == ("1.0.0", "component", "active")
    assert (row["granted"], row["hooks"], row["error"]) == (["clock"], ["run"], None)
    table = [line.split() for line in shell.ok("plugin", "list").out.splitlines()]
    assert table[0] == ["ID", "VERSION", "KIND", "STATE", "MAY", "USE"]
    assert ["scan", "1.0.0", "component", "active", "clock"] in table
    assert "scan" in shell.ok("plugin", "list", "-q").out.splitlines()
    lines = csv.DictReader(io.StringIO(shell.ok("plugin", "list", "-o", "csv").out))
    assert {line["id"]: line["state"] for line in lines}["scan"] == "active"

    assert shell.ok("plugin", "call", "scan", "run", "--json", '{"n": 1}').data > 10**18
    shown = shell.ok("plugin", "show", "scan", "-o", "json").data
    assert shown["path"].startswith(str(shell.home / "plugins" / "scan" / "1.0.0-"))
    assert shown["limits"]["memory"] == "64MiB"

    assert shell.ok("plugin", "uninstall", "scan").err == "uninstalled scan 1.0.0\n"
    assert "scan" not in shell.ok("plugin", "list", "-q").out.splitlines()
    assert list((shell.home / "plugins").iterdir()) == []


def test_without_a_terminal_nothing_is_asked_and_nothing_changes(shell: Shell, tmp_path: Path) -> None:
    source = packed(tmp_path / "s", "clock", required=[("clock", "r")])
    for done in (
        shell("plugin", "install", str(source)),
        shell("plugin", "install", str(source), stdin="y\n"),
    ):
        assert done.status == 1
        assert "it requires: clock" in done.err
        assert "add --yes to grant what it requires, or --grant CAPABILITY" in done.err
    assert not (shell.home / "plugins.lock").exists()
    done = shell("plugin", "install", str(source), "-o", "json")
    assert json.loads(done.err)["code"] == "HH-INPUT"


def test_a_terminal_is_asked_like_a_telephone_asks(shell: Shell, tmp_path: Path) -> None:
    source = packed(
        tmp_path / "s",
        "clock",
        required=[("clock", "to date findings")],
        optional=[("kv", "to remember them"), ("env:HOME", "to know you")],
        plugin={"name": "Text\x1b[31m scan", "publisher": "Acme"},
    )
    status, shown = shell.on_terminal(["y", "y", "n"], "plugin", "install", str(source))
    assert status == 0, shown
    for words in (
        "Text\\x1b[31m scan 1.0.0  (scan)",
        "NOT SIGNED; says it is from 'Acme'",
        "- tell the time (to date findings)",
        "It would like to, and works without:",
        "It can NOT:",
        "- connect to the network",
        "- use more than 64 MiB of memory",
        "Also allow it to keep its own data (to remember them)? [y/N] y",
        "installed scan 1.0.0; it may use clock, kv",
    ):
        assert words in shown


def test_a_no_is_a_no(shell: Shell, tmp_path: Path) -> None:
    for answer in ("n", ""):
        status, shown = shell.on_terminal([answer], "plugin", "install", str(packed(tmp_path / "s")))
        assert status == 1
        assert "was declined; nothing was changed" in shown
    assert not (shell.home / "plugins.lock").exists()


def test_an_unclear_answer_is_asked_again(shell: Shell, tmp_path: Path) -> None:
    status, shown = shell.on_terminal(["perhaps", "yes"], "plugin", "install", str(packed(tmp_path / "s")))
    assert status == 0
    assert shown.count("Install it? [y/N]") == 2


def test_an_upgrade_asks_for_what_is_new_and_the_old_version_runs_on(shell: Shell, tmp_path: Path) -> None:
    source = packed(tmp_path / "s")
    shell.ok("plugin", "install", str(source), "--yes")
    packed(source, version="1.1.0")
    assert shell.ok("plugin", "upgrade", "scan").err == "upgraded scan from 1.0.0 to 1.1.0\n"
    assert "is this package already" in shell.ok("plugin", "upgrade", "scan").err

    packed(source, version="2.0.0", required=[("kv", "to remember")])
    done = shell("plugin", "upgrade", "scan", "-o", "json")
    assert (done.status, json.loads(done.err)["code"]) == (1, "HH-UPGRADE")
    status, shown = shell.on_terminal(["n"], "plugin", "upgrade", "scan")
    assert status == 1
    assert "This replaces version 1.1.0. What changes:" in shown
    assert "- new: keep its own data" in shown
    assert shell.ok("plugin", "call", "scan", "run", "--json", '{"n": 21}').data == 42
    done = shell.ok("plugin", "upgrade", "scan", "--yes", "-o", "json")
    assert (done.data["version"], done.data["granted"], done.data["changed"]) == ("2.0.0", ["kv"], True)


def test_stored_data_is_asked_about_before_it_is_lost(shell: Shell, tmp_path: Path) -> None:
    shell.ok("plugin", "install", str(lone("keep", tmp_path / "keeper.wasm")), "--yes")
    shell.ok("plugin", "call", "keeper", "run", "--json", '{"n": 1}')
    done = shell("plugin", "uninstall", "keeper")
    assert done.status == 1
    assert "add --purge to delete them or --keep-data to keep them" in done.err
    assert "keeper" in shell.ok("plugin", "list").out
    status, shown = shell.on_terminal(["n"], "plugin", "uninstall", "keeper")
    assert status == 0
    assert "keeper stored 4 bytes. Delete them, too? [y/N]" in shown
    assert "the 4 bytes it stored are kept" in shown


def test_a_lone_component_still_asks_for_what_was_revoked(shell: Shell, tmp_path: Path) -> None:
    shell.ok("plugin", "install", str(lone("clock", tmp_path / "scan.wasm")), "--yes")
    shell.ok("plugin", "revoke", "scan", "clock")
    record = shell.ok("plugin", "permissions", "scan", "-o", "json").data
    [asked] = record["asked"]
    assert (asked["capability"], asked["allowed"], asked["need"]) == ("clock", "no", "required")
    assert record["effective"] == []
    assert shell.ok("plugin", "show", "scan", "-o", "json").data["installed_at"].endswith("Z")


def test_permissions_are_shown_granted_and_revoked(shell: Shell, tmp_path: Path) -> None:
    source = packed(tmp_path / "s", optional=[("kv", "to remember"), ("env:APP_*", "to be set up")])
    shell.ok("plugin", "install", str(source), "--grant", "env:APP_X")
    record = shell.ok("plugin", "permissions", "scan", "-o", "json").data
    assert [(item["capability"], item["allowed"]) for item in record["asked"]] == [
        ("kv", "no"),
        ("env:APP_*", "only env:APP_X"),
    ]
    assert (record["granted"], record["effective"]) == (["env:APP_X"], ["env:APP_X"])
    assert "connect to the network" in record["cannot"]
    assert shell.ok("plugin", "grant", "scan", "kv").err == "scan may use env:APP_X, kv\n"
    assert shell.ok("plugin", "revoke", "scan", "kv", "env:APP_X").err == "scan may use nothing now\n"
    done = shell("plugin", "grant", "scan", "random")
    assert (done.status, "never asked for it" in done.err) == (1, True)
    text = shell.ok("plugin", "permissions", "scan").out
    assert "to remember" in text
    assert "It can NOT:\n  - connect to the network\n" in text


def test_a_plugin_is_switched_off_and_on(shell: Shell, tmp_path: Path) -> None:
    shell.ok("plugin", "install", str(packed(tmp_path / "s")), "--yes")
    assert shell.ok("plugin", "deactivate", "scan").err == "scan is inactive\n"
    assert shell.ok("plugin", "list", "--filter", "state=inactive", "-q").out == "scan\n"
    done = shell("plugin", "call", "scan", "run", "--json", '{"n": 1}')
    assert done.status == 1
    assert "hyperhost plugin activate scan" in done.err
    assert shell.ok("plugin", "activate", "scan").err == "scan is active\n"


def test_a_tampered_plugin_is_listed_as_failed_and_the_doctor_says_so(shell: Shell, tmp_path: Path) -> None:
    shell.ok("plugin", "install", str(packed(tmp_path / "s")), "--yes")
    [component] = (shell.home / "plugins").rglob("plugin.wasm")
    component.write_bytes(GUESTS["trap"].binary())
    [listed] = [each for each in shell.ok("plugin", "list", "-o", "json").data if each["id"] == "scan"]
    assert (listed["state"], listed["error"]["code"]) == ("failed", "HH-GRANT")
    assert "warning: scan: was altered since it was installed" in shell.ok("plugin", "list").err
    done = shell("doctor", "-o", "json")
    assert done.status == 1
    assert {"plugin scan": "broken", "home": "ok"}.items() <= {
        item["check"]: item["status"] for item in done.data
    }.items()


def test_the_doctor_is_content_with_a_sound_home(shell: Shell, tmp_path: Path) -> None:
    shell.ok("plugin", "install", str(packed(tmp_path / "s")), "--yes")
    rows = {item["check"]: item["status"] for item in shell.ok("doctor", "-o", "json").data}
    assert {"python", "wasmtime", "home", "configuration", "lock file", "cache", "plugins"} <= set(rows)
    assert "broken" not in rows.values()


@pytest.mark.parametrize(
    ("file", "text", "check"),
    [
        ("hyperhost.toml", "[hosts]", "configuration"),
        ("plugins.lock", "format = 7", "lock file"),
        ("cache", "a file", "cache"),
    ],
)
def test_the_doctor_finds_what_is_broken(shell: Shell, file: str, text: str, check: str) -> None:
    (shell.home / file).write_text(text)
    done = shell("doctor", "-o", "json")
    assert done.status == 1
    found = {item["check"]: item for item in done.data}
    assert found[check]["status"] == "broken"
    assert found[check]["hint"]


def test_repeated_faults_end_in_quarantine_and_a_command_ends_that(shell: Shell, tmp_path: Path) -> None:
    with (shell.home / "hyperhost.toml").open("a") as file:
        file.write("[quarantine]\nfaults = 2\n")
    shell.ok("plugin", "install", str(lone("trap", tmp_path / "bad.wasm")), "--yes")
    codes = []
    for _ in range(3):
        done = shell("plugin", "call", "bad", "run", "--json", '{"n": 1}', "-o", "json")
        codes.append(json.loads(done.err)["code"])
    assert codes == ["HH-TRAP", "HH-TRAP", "HH-QUARANTINED"]
    assert shell.ok("plugin", "show", "bad", "-o", "json").data["state"] == "quarantined"
    assert shell.ok("plugin", "release", "bad").err == "bad is released\n"
    assert shell.ok("plugin", "show", "bad", "-o", "json").data["state"] == "active"
    levels = [row["level"] for row in shell.ok("plugin", "logs", "bad", "-o", "json").data]
    assert levels == ["fault", "fault", "info"]
    [stats] = shell.ok("plugin", "stats", "bad", "-o", "json").data
    assert (stats["calls"], stats["success"], stats["outcomes"]) == (2, 0.0, {"HH-TRAP": 2})


# --- calls, commands, learning ----------------------------------------------------------------------


def test_arguments_come_from_the_line_a_file_or_standard_input(shell: Shell, tmp_path: Path) -> None:
    shell.ok("plugin", "install", str(packed(tmp_path / "s")), "--yes")
    (tmp_path / "n.json").write_text('{"n": 3}')
    assert shell.ok("plugin", "call", "scan", "run", "--json", f"@{tmp_path / 'n.json'}").data == 6
    assert shell.ok("plugin", "call", "scan", "run", "--json", "-", stdin='{"n": 4}').data == 8
    for text, words in (
        ("{", "--json holds no JSON"),
        ('{"n": "x"}', 'n is "x"'),
        ("{}", "argument 'n' is missing"),
        ("@nowhere", "nowhere cannot be read"),
    ):
        done = shell("plugin", "call", "scan", "run", "--json", text)
        assert (done.status, words in done.err) == (1, True), done.err
    done = shell("plugin", "call", "scan", "annotate", "--json", '{"note": {"text": "a"}}')
    assert "does not implement 'annotate'" in done.err


def test_a_native_plugin_answers_with_typed_json(shell: Shell, tmp_path: Path) -> None:
    shell.ok("plugin", "install", str(packed(tmp_path / "s", "native", id="helper")), "--yes")
    text = json.dumps({"note": {"text": "a", "data": {"text": "b"}}})
    assert shell.ok("plugin", "call", "helper", "annotate", "--json", text).data == {
        "text": "A",
        "data": {"base64": "Yv8="},
        "tone": "STERN",
    }
    done = shell("plugin", "call", "helper", "annotate", "--json", '{"note": {"text": "boom"}}')
    assert done.status == 1
    assert "plugin 'helper', hook 'annotate': raised ValueError: it went boom" in done.err


def test_commands_of_plugins_become_commands_of_the_program(shell: Shell, tmp_path: Path) -> None:
    source = packed(tmp_path / "s", "native", id="helper")
    done = shell.ok("plugin", "install", str(source), "--yes")
    assert "its command 'plugin' is hidden" in done.err
    assert "hyperhost plugin run helper plugin" in done.err
    text = shell.ok("--help").out
    assert "Greet [bold]somebody[/bold]. (plugin helper)" in text
    assert shell.ok("greet", "--name", "Ada", "--loud").out == "Hello Ada 1!\\x1b[2J\n"
    assert shell.ok("-o", "json", "greet", "--name", "Ada").data == {"ok": True}
    assert shell("greet").status == 2
    assert shell("greet", "--name", "nobody").status == 1
    done = shell("greet", "--name", "Eve")
    assert (done.status, "Eve is not greeted" in done.err) == (1, True)
    done = shell("greet", "--name", "boom")
    assert (done.status, "plugin 'helper', hook 'command_run': raised ValueError" in done.err) == (1, True)
    assert shell.ok("stock", "count").out == "ran stock count\n"
    assert shell.ok("plugin", "run", "helper", "plugin").out == "ran plugin\n"
    assert shell.ok("plugin", "run", "helper", "greet", "--name", "B", "--times", "2").out.startswith(
        "Hello B 2."
    )
    assert "stock count" in shell.ok("plugin", "run", "helper").out
    assert "offers no command 'dance'" in shell("plugin", "run", "helper", "dance").err


def test_a_lost_list_of_commands_is_made_anew(shell: Shell, tmp_path: Path) -> None:
    shell.ok("plugin", "install", str(packed(tmp_path / "s", "native", id="helper")), "--yes")
    (shell.home / "commands.json").unlink()
    assert shell.ok("stock", "count").out == "ran stock count\n"
    assert (shell.home / "commands.json").exists()
    shell.ok("plugin", "deactivate", "helper")
    assert shell("stock", "count").status == 2


def test_learning_prints_the_smallest_manifest(shell: Shell, tmp_path: Path) -> None:
    path = lone("env", tmp_path / "reader.wasm")
    done = shell.ok("plugin", "learn", str(path), "--hook", "run", "--json", '{"n": 1}')
    assert "it reached for env:HOME\n" in done.err
    assert "learn again with --grant env:HOME" in done.err
    assert '{ name = "env:HOME", reason = "reached for when it ran" }' in done.out
    (tmp_path / "made").mkdir()
    (tmp_path / "made" / "plugin.toml").write_text(done.out)
    (tmp_path / "made" / "reader.wasm").write_bytes(path.read_bytes())
    shell.ok("plugin", "install", str(tmp_path / "made"), "--yes")
    record = shell.ok("plugin", "learn", "reader", "--hook", "run", "--json", '{"n": 1}', "-o", "json").data
    assert (record["reached"], record["error"]["code"]) == (["env:HOME"], "HH-DENIED")


# --- plugins that pip installed -----------------------------------------------------------------------


@pytest.fixture
def site(shell: Shell, tmp_path: Path) -> Path:
    """A distribution with a native plugin and a component, as pip leaves it."""
    site = tmp_path / "site"
    info = site / "acme-2.1.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: acme\nVersion: 2.1\n")
    (info / "entry_points.txt").write_text(
        "[hyperhost.plugins]\nhelper = cli_guests:Native\n[hyperhost.components]\nscan = acme_scan\n"
    )
    packed(site / "acme_scan", "clock", required=[("clock", "to date findings")])
    shell.environ["PYTHONPATH"] += os.pathsep + str(site)
    return site


def test_native_plugins_of_pip_are_used_until_they_are_switched_off(shell: Shell, site: Path) -> None:
    rows = {row["id"]: row for row in shell.ok("plugin", "list", "-o", "json").data}
    assert (rows["helper"]["version"], rows["helper"]["kind"], rows["helper"]["state"]) == (
        "2.1",
        "native",
        "active",
    )
    assert rows["helper"]["source"] == "pip:acme"
    assert "scan" not in rows
    assert shell.ok("stock", "count").out == "ran stock count\n"
    shell.ok("plugin", "deactivate", "helper")
    rows = {row["id"]: row for row in shell.ok("plugin", "list", "-o", "json").data}
    assert rows["helper"]["state"] == "inactive"
    assert shell("stock", "count").status == 2
    for words in (["uninstall", "helper"], ["upgrade", "helper"], ["grant", "helper", "kv"]):
        done = shell("plugin", *words)
        assert done.status == 1
        assert "pip" in done.err or "native plugin" in done.err
    shell.ok("plugin", "activate", "helper")
    assert shell.ok("stock", "count").out == "ran stock count\n"


def test_a_component_of_pip_is_installed_by_its_id_and_granted_like_any_other(
    shell: Shell, site: Path
) -> None:
    assert shell("plugin", "install", "scan").status == 1
    shell.ok("plugin", "install", "scan", "--yes")
    [row] = [row for row in shell.ok("plugin", "list", "-o", "json").data if row["id"] == "scan"]
    assert (row["source"], row["granted"]) == ("pip:scan", ["clock"])
    packed(site / "acme_scan", "clock", version="1.1.0", required=[("clock", "to date findings")])
    assert shell.ok("plugin", "upgrade", "scan").err == "upgraded scan from 1.0.0 to 1.1.0\n"


def test_an_id_that_pip_installed_is_taken(shell: Shell, site: Path, tmp_path: Path) -> None:
    done = shell("plugin", "install", str(packed(tmp_path / "s", id="helper")), "--yes")
    assert done.status == 1
    assert "is installed already, by pip (acme)" in done.err
