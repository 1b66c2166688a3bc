"""The home directory: found, made, checked, and turned into a host."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from cli_guests import SPECS, lone, packed

from hyperhost.config import Config
from hyperhost.errors import ConfigError, HomeError, QuarantinedError, TrapError
from hyperhost.host.commandlist import offers_of, read_offers, write_offers
from hyperhost.host.decisions import grant_required
from hyperhost.host.home import Home, find_home, init_home, open_host
from hyperhost.host.installer import Installer
from hyperhost.host.populate import RELEASED, replay_quarantine
from hyperhost.host.quarantine import QuarantinePolicy
from hyperhost.host.state_rows import FaultRecord

SECOND = 1_000_000_000
NOW = time.time_ns()
POLICY = QuarantinePolicy(faults=3, window="60s", rest="30s")


@pytest.fixture
def home(tmp_path: Path) -> Home:
    home = Home(tmp_path / "home")
    init_home(home)
    home.config_file.write_text(f'[host]\nspecs = ["{SPECS}"]\n')
    return home


def test_the_home_is_what_is_given_then_the_variable_then_the_default(tmp_path: Path) -> None:
    environ = {"HYPERHOST_HOME": str(tmp_path)}
    assert find_home("/a/b", environ).path == Path("/a/b")
    assert find_home(None, environ).path == tmp_path
    assert find_home(None, {}).path == Path("~/.hyperhost").expanduser()
    assert find_home("relative").path == Path.cwd() / "relative"


def test_a_new_home_is_closed_to_others_and_its_template_is_the_defaults(tmp_path: Path) -> None:
    home = Home(tmp_path / "a" / "home")
    assert init_home(home) == [home.path, home.plugins_dir, home.config_file]
    assert home.path.stat().st_mode & 0o777 == 0o700
    config = home.load_config()
    assert (config.specs, config.quarantine, config.limits) == ((), Config().quarantine, Config().limits)
    assert init_home(home) == []


def test_what_the_template_comments_out_is_valid(home: Home) -> None:
    init_home(other := Home(home.path / "other"))
    lines = [
        line.removeprefix("# ") if line.startswith(("# ", "# [")) and ("=" in line or "[" in line) else line
        for line in other.config_file.read_text().splitlines()[1:]
    ]
    other.config_file.write_text("\n".join(lines))
    assert other.load_config().plugin("secret-scan").enabled


def test_a_home_that_others_can_change_is_refused(home: Home) -> None:
    home.path.chmod(0o770)
    with pytest.raises(HomeError, match="can be changed by other users") as caught:
        open_host(home)
    assert caught.value.hint == f"close it with: chmod 700 {home.path}"


def test_a_file_in_the_place_of_the_home_is_refused(tmp_path: Path) -> None:
    (tmp_path / "home").write_text("")
    with pytest.raises(HomeError, match=r"is in the way|cannot be made"):
        init_home(Home(tmp_path / "home"))


def test_without_a_home_the_host_keeps_everything_in_memory(tmp_path: Path) -> None:
    with open_host(tmp_path / "none", Config(specs=(SPECS,))) as host:
        assert host.home is None
        assert "run" in host.hooks()
    assert not (tmp_path / "none").exists()


def test_hookspecs_that_cannot_be_imported_are_named(home: Home) -> None:
    home.config_file.write_text('[host]\nspecs = ["nowhere:Checks"]\n')
    with pytest.raises(ConfigError, match="hookspecs 'nowhere:Checks' cannot be imported"):
        open_host(home)


def test_plugins_are_configured_as_the_operator_says(home: Home, tmp_path: Path) -> None:
    Installer(home).install(
        packed(tmp_path / "source", config={"defaults": {"a": 1, "b": 1}}), grant_required
    )
    home.config_file.write_text(
        f'[host]\nspecs = ["{SPECS}"]\n'
        '[plugins.scan]\nconfig = { b = 2 }\nlimits = { deadline = "7ms" }\n'
    )
    with open_host(home) as host:
        plugin = host.plugin("scan")
        assert plugin.config == {"a": 1, "b": 2}
        assert plugin.options.limits.deadline == "7ms"


def test_a_plugin_that_is_not_enabled_is_not_loaded(home: Home, tmp_path: Path) -> None:
    Installer(home).install(packed(tmp_path / "source"), grant_required)
    home.config_file.write_text(f'[host]\nspecs = ["{SPECS}"]\n[plugins.scan]\nenabled = false\n')
    with open_host(home) as host:
        assert "scan" not in host.plugins


def test_only_what_is_named_and_what_that_needs_is_loaded(home: Home, tmp_path: Path) -> None:
    work = Installer(home)
    for plugin_id, needs in (("base", {}), ("app", {"base": "*"}), ("other", {})):
        work.install(packed(tmp_path / plugin_id, id=plugin_id, dependencies=needs), grant_required)
    with open_host(home, only=["app"]) as host:
        assert list(host.plugins) == ["base", "app"]


# --- quarantine across processes ------------------------------------------------------------------


def history(*seconds_ago: float, code: str = "HH-TRAP") -> list[FaultRecord]:
    hook = "" if code == RELEASED else "run"
    return [FaultRecord(NOW - int(ago * SECOND), "p", hook, code, "") for ago in seconds_ago]


@pytest.mark.parametrize(
    ("faults", "quarantined"),
    [
        ([], False),
        (history(3, 2), False),
        (history(3, 2, 1), True),
        (history(200, 100, 1), False),
        (history(5, 4, 3) + history(2, code=RELEASED), False),
        (history(9, 8, 7) + history(6, code=RELEASED) + history(5, 4), False),
        (history(9, 8, 7) + history(6, code=RELEASED) + history(5, 4, 3), True),
        (history(500, 499, 498), False),
    ],
)
def test_faults_of_earlier_processes_count(faults: list[FaultRecord], quarantined: bool) -> None:
    assert replay_quarantine("p", faults, POLICY, NOW).active is quarantined


def test_a_relapse_in_another_process_rests_longer() -> None:
    first = history(52, 51, 50)
    replayed = replay_quarantine("p", [*first, *history(10)], POLICY, NOW)
    with pytest.raises(QuarantinedError, match=r"for (49|50) s more"):
        replayed.admit("run")
    once = replay_quarantine("p", first, POLICY, NOW)
    once.admit("run")


def test_a_plugin_that_faults_in_every_process_is_quarantined_until_it_is_released(
    home: Home, tmp_path: Path
) -> None:
    home.config_file.write_text(f'[host]\nspecs = ["{SPECS}"]\n[quarantine]\nfaults = 2\n')
    work = Installer(home)
    work.install(lone("trap", tmp_path / "bad.wasm"), grant_required)
    for _ in range(2):
        with open_host(home) as host, pytest.raises(TrapError):
            host.plugin("bad").call("run", n=1)
    with open_host(home) as host:
        assert host.plugin("bad").state == "quarantined"
        with pytest.raises(QuarantinedError):
            host.plugin("bad").call("run", n=1)
    assert work.release("bad").changed
    assert not work.release("bad").changed
    with open_host(home) as host, pytest.raises(TrapError):
        host.plugin("bad").call("run", n=1)


def test_a_new_version_does_not_pay_for_the_old_one(home: Home, tmp_path: Path) -> None:
    home.config_file.write_text(f'[host]\nspecs = ["{SPECS}"]\n[quarantine]\nfaults = 1\n')
    work = Installer(home)
    work.install(lone("trap", tmp_path / "scan.wasm"), grant_required)
    with open_host(home) as host, pytest.raises(TrapError):
        host.plugin("scan").call("run", n=1)
    work.upgrade("scan", lone("double", tmp_path / "scan.wasm"), grant_required)
    with open_host(home) as host:
        assert host.plugin("scan").call("run", n=2) == 4


# --- commands -------------------------------------------------------------------------------------


def test_offered_commands_are_kept_and_read_back(home: Home, tmp_path: Path) -> None:
    Installer(home).install(packed(tmp_path / "source", "native", id="helper"), grant_required)
    with open_host(home) as host:
        offers = offers_of(host)
    assert [(offer.plugin, offer.command.name) for offer in offers][:1] == [("helper", "greet")]
    write_offers(home, offers)
    assert read_offers(home) == offers


@pytest.mark.parametrize(
    "text", ["", "[", "{}", "[1]", '[{"plugin": "a"}]', '[{"plugin": 1, "command": {}}]']
)
def test_a_damaged_list_of_commands_counts_as_none(home: Home, text: str) -> None:
    home.commands_file.write_text(text)
    assert read_offers(home) == []
