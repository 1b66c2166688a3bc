"""``hyperhost demo`` as a whole process: what a stranger runs first."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

COMMAND = [sys.executable, "-m", "hyperhost.cli.main", "demo"]
NO_NETWORK = """
import sys

def refuse(event, arguments):
    if event.startswith("socket.") and event not in ("socket.__new__", "socket.gethostname"):
        raise RuntimeError(f"the demo used the network: {event}")

sys.addaudithook(refuse)
from hyperhost.cli.main import main
main(["demo"])
"""


def environment(tmp_path: Path, **more: str) -> dict[str, str]:
    """A machine where nothing was ever set up, and where everything that is left behind is seen."""
    for name in ("home", "temporary"):
        (tmp_path / name).mkdir(exist_ok=True)
    kept = {
        key: value for key, value in os.environ.items() if key.startswith(("PYTHON", "PATH", "LANG", "LD_"))
    }
    return {
        **kept,
        "HOME": str(tmp_path / "home"),
        "TMPDIR": str(tmp_path / "temporary"),
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONIOENCODING": "utf-8",
        **more,
    }


def demo(
    tmp_path: Path, *arguments: str, command: list[str] = COMMAND, **more: str
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*command, *arguments],
        env=environment(tmp_path, **more),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=60,
        check=False,
    )


def left_behind(tmp_path: Path) -> list[Path]:
    return [path for name in ("home", "temporary") for path in (tmp_path / name).iterdir()]


def test_it_runs_without_terminal_network_or_answers_and_leaves_nothing_behind(tmp_path: Path) -> None:
    started = time.monotonic()
    done = demo(tmp_path, command=[sys.executable, "-c", NO_NETWORK])
    assert time.monotonic() - started < 15
    assert (done.returncode, done.stderr) == (0, "")
    assert left_behind(tmp_path) == []
    text = " ".join(done.stdout.split())
    for words in (
        "secret-scan 1.0.0",
        "write messages to its log",
        "connect to the network",
        "planted/settings.py",
        "secret/aws-access-key-id",
        "ImportDeniedError: imports hyperhost:host/http@1.0.0",
        "DeadlineError: stopped at its deadline of 100 ms",
        "MemoryLimitError: gave up after its memory had grown to 8.0 MiB",
        "QuarantinedError: is quarantined for 30 s more",
        "CapabilityDeniedError: capability 'log' is not granted",
        "Everything said above was checked, and held.",
    ):
        assert words in text
    assert text.count("the host is alive: 3 of 3 plugins answer as before") == 5
    assert "\x1b" not in done.stdout
    assert max(map(len, done.stdout.splitlines())) <= 80


def test_programs_get_the_same_as_json(tmp_path: Path) -> None:
    done = demo(tmp_path, "--output", "json")
    assert (done.returncode, done.stderr) == (0, "")
    found: dict[str, Any] = json.loads(done.stdout)
    assert " ".join(found) == (
        "format ok hyperhost python platform installed scan planted trials plugins "
        "process_peak_bytes seconds home"
    )
    assert (found["format"], found["ok"], found["home"]) == (1, True, None)
    assert [(item["id"], item["kind"], item["granted"]) for item in found["installed"]] == [
        ("secret-scan", "component", ["log"]),
        ("license-scan", "component", []),
        ("dangerous-calls", "native", []),
    ]
    assert sum(item["component_bytes"] for item in found["installed"]) < 100_000
    assert found["scan"]["files"] > 100
    assert found["scan"]["unanswered"] == 0
    assert sum(found["scan"]["findings"]["license-scan"].values()) > 0
    assert {item["plugin"] for item in found["planted"]} == {"secret-scan", "license-scan", "dangerous-calls"}
    assert [(item["name"], item["code"], item["answered_afterwards"]) for item in found["trials"]] == [
        ("network-refused", "HH-IMPORT-DENIED", 3),
        ("loop-stopped", "HH-LIMIT-DEADLINE", 3),
        ("memory-stopped", "HH-LIMIT-MEMORY", 3),
        ("faults-quarantined", "HH-QUARANTINED", 3),
        ("revoke-binds", "HH-DENIED", 3),
    ]
    rows = {item["id"]: item for item in found["plugins"]}
    assert rows["secret-scan"]["calls"] == rows["license-scan"]["calls"] == rows["dangerous-calls"]["calls"]
    assert rows["secret-scan"]["calls"] > found["scan"]["files"]
    assert {name: row["faults"] for name, row in rows.items() if row["faults"]} == {
        "secret-scan": 1,
        "spins": 1,
        "eats-memory": 1,
        "faults": 6,
    }
    assert rows["wants-network"]["calls"] == 0
    assert rows["spins"]["total_ms"] >= 100
    if sys.platform == "linux":
        assert rows["eats-memory"]["memory_bytes"] == 8 << 20
    assert left_behind(tmp_path) == []


def test_a_kept_home_can_be_used(tmp_path: Path) -> None:
    from hyperhost.demo.corpus import planted_text
    from hyperhost.host.home import open_host

    done = demo(tmp_path, "--keep", "--output", "json")
    assert (done.returncode, done.stderr) == (0, "")
    home = Path(json.loads(done.stdout)["home"])
    assert home.parent.parent == tmp_path / "temporary"
    assert (home.parent / "planted" / "settings.py").read_text(encoding="utf-8") == planted_text()
    with open_host(home, only=["secret-scan", "license-scan"]) as host:
        found = host.plugin("license-scan").call("check_text", path="a.py", text=planted_text())
        assert [finding.rule for finding in found] == ["license/AGPL-3.0-only"]
        assert host.plugin("secret-scan").granted == ("log",)
        assert host.state.logs("secret-scan")


def test_in_a_locale_without_unicode_it_says_the_same_in_ascii(tmp_path: Path) -> None:
    done = demo(tmp_path, PYTHONIOENCODING="ascii", COLUMNS="100")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.isascii()
    assert re.search(r"ok +stopped after [0-9]+ ms", done.stdout)


@pytest.mark.parametrize("wait_s", [0.0, 0.4])
def test_control_c_removes_the_temporary_home(tmp_path: Path, wait_s: float) -> None:
    with subprocess.Popen(
        COMMAND,
        env=environment(tmp_path),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as process:
        deadline = time.monotonic() + 30
        homes = (tmp_path / "temporary").glob
        while not list(homes("hyperhost-demo-*")) and time.monotonic() < deadline:
            time.sleep(0.002)
        assert list(homes("hyperhost-demo-*"))
        time.sleep(wait_s)
        process.send_signal(signal.SIGINT)
        assert process.wait(30) != 0
    assert left_behind(tmp_path) == []
