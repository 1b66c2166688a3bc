"""The demo's claims: what is not so ends it, in words that say what went wrong."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from hyperhost.contracts.limits import Limits
from hyperhost.demo.claims import ClaimError, claim
from hyperhost.demo.corpus import PLANTED, Source, planted_text
from hyperhost.demo.install import guests, new_home, package, refuse
from hyperhost.demo.native import DangerousCalls
from hyperhost.demo.run import run
from hyperhost.demo.scan import Caller, scan
from hyperhost.demo.specs import Checks, Finding
from hyperhost.demo.trials import _caught, _last_fault
from hyperhost.errors import DeadlineError, TrapError
from hyperhost.hookspecs.markers import hookimpl
from hyperhost.host.host import Host
from hyperhost.host.installer import Installer


@pytest.fixture
def host() -> Iterator[Host]:
    with Host("demo", specs=[Checks]) as host:
        host.load(guests() / "secret_scan.wasm", grants=["log"])
        host.load(guests() / "license_scan.wasm")
        host.register(DangerousCalls())
        yield host


@pytest.fixture
def call(host: Host) -> Caller:
    caller = Caller(host, planted_text())
    caller.plant()
    return caller


def shown(**options: Any) -> tuple[int, str]:
    file = io.StringIO()
    return run(Console(file=file, width=80), **options), file.getvalue()


def test_a_claim_that_holds_is_silent_and_one_that_does_not_names_itself() -> None:
    claim(True, "the sky is blue")
    with pytest.raises(ClaimError, match=r"^the sky is green$"):
        claim(False, "the sky is green")


def test_all_three_find_what_was_planted(call: Caller) -> None:
    rules = {plugin: [finding.rule for finding in found] for plugin, found in call.planted.items()}
    assert rules == {
        "secret-scan": ["secret/aws-access-key-id", "secret/github-token", "secret/password"],
        "license-scan": ["license/AGPL-3.0-only"],
        "dangerous-calls": ["danger/yaml-load", "danger/shell", "danger/eval"],
    }
    assert call.check_alive() == 3


def test_a_plugin_that_is_gone_is_missed(host: Host, call: Caller) -> None:
    host.plugin("license-scan").unload()
    with pytest.raises(ClaimError, match=r"^license-scan answers as it did before$"):
        call.check_alive()
    assert call.check_alive(without="license-scan") == 2


def test_a_plugin_that_answers_although_it_should_not_is_noticed(call: Caller) -> None:
    with pytest.raises(ClaimError, match=r"^license-scan is the only one that did not answer$"):
        call.check_alive(without="license-scan")


def test_a_plugin_that_changes_its_mind_is_noticed(host: Host, call: Caller) -> None:
    class Changed:
        @hookimpl
        def check_text(self, text: str) -> list[Finding]:
            return [Finding("danger/other", 1, "low", "")]

    host.plugin("dangerous-calls").unload()
    host.register(Changed(), "dangerous-calls")
    with pytest.raises(ClaimError, match="dangerous-calls answers as it did before"):
        call.check_alive()


def test_a_missing_answer_is_explained_by_the_plugins_last_fault(host: Host, call: Caller) -> None:
    host.plugin("secret-scan").revoke("log")
    with pytest.raises(ClaimError, match=r"secret-scan answers as it did before \(its last fault: .*'log'"):
        call.check_alive()


def test_the_scan_counts_what_was_looked_at_and_what_was_not_answered(host: Host, call: Caller) -> None:
    host.load(guests() / "faults.wasm")
    host.plugin("license-scan").unload()
    sources = [Source("a", "a/x.py", "eval(x)\n", 8), Source("a", "a/y.py", "x = 1\n", 6)]
    result = scan(call, sources, 60.0, lambda done: None)
    assert (result.files, result.size, result.packages, result.complete) == (2, 14, {"a"}, True)
    assert result.found == [("a/x.py", Finding("danger/eval", 1, "medium", "eval(x)"))]
    assert result.unanswered == 2
    assert result.counts()["dangerous-calls"] == {"medium": 1}
    assert result.rules() == {"danger/eval": 1}


def test_the_scan_ends_when_its_time_is_up_and_says_so(call: Caller) -> None:
    result = scan(
        call, (Source("a", "a.py", "x = 1\n", 6) for _ in range(1_000_000)), 0.05, lambda done: None
    )
    assert not result.complete
    assert 0 < result.files < 1_000_000


def test_a_scan_of_nothing_is_no_scan(call: Caller) -> None:
    with pytest.raises(ClaimError, match="there are Python packages on this machine"):
        scan(call, [], 1.0, lambda done: None)


def test_an_error_of_another_kind_than_claimed_is_noticed(host: Host, call: Caller) -> None:
    plugin = host.load(guests() / "faults.wasm", limits=Limits())
    call(PLANTED, "")
    assert _last_fault(host, plugin, TrapError).plugin == "faults"
    with pytest.raises(ClaimError, match="faults ends in DeadlineError, not in TrapError"):
        _last_fault(host, plugin, DeadlineError)
    with pytest.raises(ClaimError, match="the call is refused with DeadlineError"):
        _caught(lambda: None, DeadlineError)


def test_a_component_that_is_installed_although_it_should_be_refused_is_noticed(tmp_path: Path) -> None:
    installer = Installer(new_home(tmp_path / "home"))
    with pytest.raises(ClaimError, match="license-scan is refused without its grant"):
        refuse(installer, package("license-scan", tmp_path))


def test_a_claim_that_does_not_hold_ends_the_demo_with_status_1_and_an_empty_directory(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.setattr("hyperhost.demo.corpus.planted_text", lambda: "x = 1\n")
    status, text = shown()
    assert status == 1
    assert "This turned out not to be so: secret-scan finds something in the planted file" in " ".join(
        text.split()
    )
    assert "Everything said above" not in text
    assert list(tmp_path.iterdir()) == []


def test_an_error_ends_the_demo_with_status_1_in_data_too(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.setattr(
        "hyperhost.demo.install._CONFIG", "[host]\nspecs = ['hyperhost.demo.nothing:Checks']\n"
    )
    given: list[Any] = []
    status, text = shown(emit=given.append)
    assert (status, text) == (1, "")
    assert given[0]["ok"] is False
    assert "'hyperhost.demo.nothing:Checks' cannot be imported" in given[0]["failure"]
    assert list(tmp_path.iterdir()) == []


def test_a_home_that_is_to_be_kept_is_kept_and_named_after_a_failure_too(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.setattr("hyperhost.demo.corpus.planted_text", lambda: "x = 1\n")
    given: list[Any] = []
    assert run(Console(file=io.StringIO()), keep=True, emit=given.append) == 1
    assert Path(given[0]["home"]).is_dir()
    status, text = shown(keep=True)
    assert status == 1
    assert "hyperhost plugin list --home" in text
