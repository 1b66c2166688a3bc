"""The pytest plugin, used as the author of a plugin uses it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from plugin_projects import make_project, source

from hyperhost.sdk.testrun import plugin_arguments

ROOT = Path(__file__).resolve().parents[3]

GOOD = """
    import pytest
    from datetime import datetime, timedelta, timezone
    from hyperhost import errors
    from hyperhost.testing import denied

    def test_hooks_are_called_by_name_and_as_methods(plugin):
        assert plugin.call("run", n=21) == 42
        assert plugin.hook.run(n=11) == 22
        assert dir(plugin.hook) == ["run"]
        with pytest.raises(AttributeError, match="did you mean 'run'"):
            plugin.hook.rum(n=1)

    def test_facts_of_calls_are_kept(plugin):
        with pytest.raises(errors.PluginStateError, match="not called yet"):
            plugin.last
        plugin.call("run", n=1)
        last = plugin.last
        assert (last.hook, last.outcome, last.host_calls, last.output_bytes) == ("run", "ok", 1, 5)
        assert last.time_ms > 0 and last.fuel > 0
        with pytest.raises(errors.TrapError):
            plugin.call("run", n=8)
        assert plugin.last.outcome == "HH-TRAP"
        assert len(plugin.calls) == 2

    def test_logs(plugin):
        plugin.call("run", n=1)
        assert plugin.messages == ["info: hello"]
        assert plugin.logs[0].level == "info"

    def test_nothing_is_left_of_other_tests(plugin, kv, env):
        assert plugin.messages == [] and dict(kv) == {} and env == {}

    def test_the_clock_stands_still_and_sleeping_moves_it(plugin, clock):
        clock.set(datetime(2026, 5, 1, tzinfo=timezone.utc))
        before = plugin.call("run", n=2)
        clock.advance(timedelta(seconds=5))
        assert plugin.call("run", n=2) - before == 5_000_000_000
        plugin.call("run", n=3)
        assert clock.slept == 60
        assert clock.now == datetime(2026, 5, 1, 0, 1, 5, tzinfo=timezone.utc)
        with pytest.raises(ValueError, match="no time zone"):
            clock.set(datetime(2026, 5, 1))
        with pytest.raises(ValueError, match="does not advance"):
            clock.advance(-1)

    @pytest.mark.limits(deadline_ms=100)
    def test_without_the_fixture_the_clock_is_that_of_the_machine(plugin):
        assert plugin.call("run", n=2) > 1_700_000_000_000_000_000
        with pytest.raises(errors.DeadlineError):
            plugin.call("run", n=3)

    @pytest.mark.parametrize("again", [1, 2])
    def test_randomness_is_the_same_each_time(plugin, random_bytes, again):
        assert plugin.call("run", n=4) == 205
        assert random_bytes.asked == [4]
        random_bytes.next(bytes([7, 8]))
        assert plugin.call("run", n=4) == 7

    def test_the_environment_is_empty_unless_set(plugin, env):
        assert plugin.call("run", n=5) == -1
        env["HOME"] = "x"
        assert plugin.call("run", n=5) == ord("x")

    def test_the_store_can_be_read_and_preset(plugin, kv):
        plugin.call("run", n=6)
        assert dict(kv) == {"k": b"123"} and kv.used_bytes == 4
        kv["k"] = b"A"
        assert plugin.call("run", n=7) == 65
        del kv["k"]
        assert plugin.call("run", n=7) == -1
        with pytest.raises(KeyError):
            kv["k"]
        kv.shared("scores")["a"] = b"1"
        assert list(kv.shared("scores")) == ["a"] and "a" not in kv

    def test_http_is_answered_and_remembered(plugin, http):
        http.answer("GET", "https://api.acme.test/v1/*", status=404)
        http.answer("GET", "https://api.acme.test/v1/x", status=201, json={})
        http.answer("GET", "https://api.acme.test/v1/x", status=503)
        assert [plugin.call("run", n=10) for _ in range(3)] == [201, 503, 503]
        assert [str(each) for each in http.requests] == 3 * [
            "GET https://api.acme.test/v1/x?token=sesame-open"]
        assert http.requests[0].header("user-AGENT") == "hyperhost"

    def test_http_can_fail_in_every_way(plugin, http):
        http.answer("*", "https://api.acme.test/v1/x", error="timeout")
        assert plugin.call("run", n=10) == -2
        http.resolves("api.acme.test")
        assert plugin.call("run", n=10) == -4
        with pytest.raises(ValueError, match="status 99"):
            http.answer("GET", "https://api.acme.test/", status=99)

    @pytest.mark.limits(output="1KiB")
    def test_http_answers_are_limited(plugin, http):
        http.answer("GET", "https://api.acme.test/v1/x", body="x" * 2000)
        assert plugin.call("run", n=10) == -3

    def test_redirects_and_addresses_are_judged_as_always(plugin, http):
        http.answer("GET", "https://api.acme.test/v1/x", status=302, headers={"Location": "https://evil.test/"})
        with denied("http:evil.test"):
            plugin.call("run", n=10)
        http.resolves("api.acme.test", "10.0.0.7")
        with pytest.raises(errors.CapabilityDeniedError, match="not a public address"):
            plugin.call("run", n=10)

    @pytest.mark.denied("http", "clock")
    def test_denied_leaves_something_out(plugin):
        assert plugin.granted == ("env:HOME", "kv", "log", "random")
        with denied("http:api.acme.test") as found:
            plugin.call("run", n=10)
        assert found.error.plugin == "acme-numbers"
        with denied("clock"):
            plugin.call("run", n=2)

    @pytest.mark.grants("log", "http:api.acme.test/v1#GET")
    def test_grants_are_exactly_those(plugin, http):
        assert plugin.granted == ("http:api.acme.test/v1#GET", "log")
        http.answer("GET", "https://api.acme.test/v1/x")
        assert plugin.call("run", n=10) == 200
        plugin.revoke("log")
        with denied("log"):
            plugin.call("run", n=1)
        plugin.grant("log")
        assert plugin.call("run", n=1) == 1

    @pytest.mark.limits(deadline_ms=30, memory="1MiB", fuel=None)
    @pytest.mark.plugin_config({"a": 1})
    def test_limits_and_configuration(plugin):
        assert plugin.handle.config == {"a": 1}
        with pytest.raises(errors.DeadlineError, match="30 ms"):
            plugin.call("run", n=9)
        assert plugin.last.fuel is None

    @pytest.mark.limits(fuel=1000)
    def test_fuel(plugin):
        with pytest.raises(errors.FuelLimitError):
            plugin.call("run", n=9)

    def test_hosts_can_be_made(plugin, hyperhost_host, host_factory, hyperhost_project):
        assert hyperhost_host.hook.run(n=21) == 42
        assert plugin.host is hyperhost_host
        other = host_factory()
        other.load(hyperhost_project.component, grants=[
            "log", "clock", "random", "env:HOME", "kv", "http:api.acme.test"])
        assert other.hook.run(n=21) == 42
"""


def test_everything_that_the_fixtures_promise(project, run):
    result = run(GOOD)
    result.assert_outcomes(passed=19)


def test_a_recorded_exchange_is_replayed_offline_and_holds_no_secret(project, run, pytester):
    tests = """
        import pytest

        @pytest.mark.http_recording("recorded.json")
        def test_it(plugin, http):
            assert plugin.call("run", n=10) == 207
    """
    result = run(tests)
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*there is no recording *recorded.json*", "*pytest --record-http*"])

    from hyperhost.sandbox.services import TransportError, WireResponse
    from hyperhost.testing.httpfile import Exchange, read_exchanges, write_exchanges

    url = "https://api.acme.test/v1/x?token=sesame-open"
    headers = [("Authorization", "Bearer hunter2-hunter2"), ("Accept", "*/*")]
    answer = WireResponse(
        207, [("set-cookie", "sid=abcdefgh; Path=/")], b"you are hunter2-hunter2 of from-env"
    )
    file = project / "tests" / "recorded.json"
    failed = Exchange("GET", "https://api.acme.test/v2", [], TransportError("tls", "no"))
    write_exchanges(file, [Exchange("GET", url, headers, answer), failed], ["from-env"])
    text = file.read_text()
    for secret in ("hunter2", "sesame-open", "abcdefgh", "from-env"):
        assert secret not in text
    first, second = read_exchanges(file)
    assert (first.method, first.answer.status) == ("GET", 207)
    assert second.answer.kind == "tls"
    run(tests).assert_outcomes(passed=1)
    file.write_text(json.dumps({"format": "other", "exchanges": []}))
    result = run(tests)
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*has the format 'other'*"])


def test_recording_goes_out_and_writes_what_came(project, tmp_path):
    import http.server
    import threading

    from hyperhost.sandbox.services import WireRequest
    from hyperhost.testing.httpfile import read_exchanges
    from hyperhost.testing.recorded_http import FakeHttp

    class Server(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.send_header("Content-Length", "2")
            self.end_headers()
            self.wfile.write(b"ok")

        def log_message(self, *_):
            pass

    with http.server.HTTPServer(("127.0.0.1", 0), Server) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            fake = FakeHttp(recording=True, directory=tmp_path)
            fake.record("out/real.json")
            port = server.server_address[1]
            sent = WireRequest("GET", "http", "127.0.0.1", port, "/a", ["127.0.0.1"], [], b"", 100)
            assert fake.send(sent, lambda: 5.0, lambda size: None).body == b"ok"
            assert fake.resolve("127.0.0.1", port, 5.0) == ["127.0.0.1"]
            fake.close()
        finally:
            server.shutdown()
            thread.join()
    [exchange] = read_exchanges(tmp_path / "out" / "real.json")
    assert exchange.answer.body == b"ok"
    assert exchange.url == f"http://127.0.0.1:{port}/a"


def test_a_failure_shows_log_last_call_and_requests(project, run):
    result = run("""
        def test_it(plugin, http):
            http.answer("GET", "https://api.acme.test/v1/x")
            plugin.call("run", n=1)
            plugin.call("run", n=10)
            assert 0
    """)
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        [
            "*Log of acme-numbers*",
            "info: hello",
            "*Last call of acme-numbers*",
            "run: ok, *ms*",
            "*HTTP requests*",
        ]
    )


def test_an_unanswered_request_fails_the_test_and_names_what_is_answered(project, run):
    result = run("""
        def test_it(plugin, http):
            http.answer("GET", "https://api.acme.test/v1/y")
            plugin.call("run", n=10)
    """)
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        [
            "the plugin sent a request that the test does not answer: GET https://api.acme.test/v1/x?token=*",
            "  GET https://api.acme.test/v1/y",
            "hint: http.answer(*",
        ]
    )


WRONG = {
    "limits(memry='1MiB')": "marker limits: unknown limit 'memry'; limits are *memory*",
    "limits(memory='much')": "marker limits: 'much' is not a size*",
    "limits(50)": "marker limits: *takes names and values",
    "grants('fs.read:/x')": "marker grants: 'fs.read:/x' is nothing that plugin.toml asks for*",
    "grants('lgo')": "marker grants: *lgo*",
    "grants(3)": "marker grants: *takes capabilities as text",
    "denied('htp')": "marker denied: 'htp' is nothing*did you mean 'http'?",
    "denied()": "marker denied: say what is denied*",
    "plugin_config(3)": "marker plugin_config: *takes one dictionary",
    "http_recording()": "marker http_recording: name one file",
}


def test_a_wrong_marker_is_named_before_the_test_runs(project, run):
    tests = "".join(
        f"@pytest.mark.{mark}\ndef test_{number}(plugin):\n    raise SystemError\n\n"
        for number, mark in enumerate(WRONG)
    )
    result = run(f"import pytest\n\n{tests}")
    result.assert_outcomes(errors=len(WRONG))
    result.stdout.fnmatch_lines(list(WRONG.values()))
    assert "During handling" not in result.stdout.str()


ANSWER = """
    def test_it(plugin):
        assert plugin.call("run", n=20) == {answer}
"""


def test_what_is_stale_is_built_once_unless_told_not_to(project, run):
    (project / "plugin.c").write_text(source(3))
    run(ANSWER.format(answer=40), "--no-build").assert_outcomes(passed=1)
    run(ANSWER.format(answer=60)).assert_outcomes(passed=1)
    before = (project / "plugin.wasm").stat().st_mtime_ns
    (project / "plugin.c").touch()
    (project / "tests" / "more.py").write_text("")
    run(ANSWER.format(answer=60)).assert_outcomes(passed=1)
    assert (project / "plugin.wasm").stat().st_mtime_ns == before
    (project / "plugin.wasm").unlink()
    result = run(ANSWER.format(answer=60), "--no-build")
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*plugin.wasm is not there", "hint: build it with: hyperhost plugin build*"])


def test_a_build_that_fails_shows_the_compilers_words_and_leaves_the_component(project, run):
    before = (project / "plugin.wasm").read_bytes()
    (project / "plugin.c").write_text("(component (oops))")
    result = run(ANSWER.format(answer=40))
    assert result.ret == 1
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["the plugin cannot be built", "*plugin.c: *", "*oops*"])
    assert (project / "plugin.wasm").read_bytes() == before


def test_a_test_outside_of_a_project_is_told_what_to_do(run):
    result = run(ANSWER.format(answer=40))
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["there is no plugin.toml in*", "hint: *plugin_object*"])


def test_a_wrong_manifest_is_reported_by_each_test_of_it(run, pytester):
    (pytester.path / "plugin.toml").write_text("[plugin]\nid = 3\n")
    result = run(ANSWER.format(answer=40))
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*plugin.id*"])


def test_two_projects_in_one_run_and_one_behind_a_link(run, pytester):
    make_project(pytester.path / "one two", "acme-first")
    make_project(pytester.path / "acme-second", factor=3)
    run(ANSWER.format(answer=40), "one two", directory=pytester.path / "one two").assert_outcomes(passed=1)
    words = ["--import-mode=importlib"]
    run(ANSWER.format(answer=60), *words, directory=pytester.path / "acme-second").assert_outcomes(passed=2)
    (pytester.path / "link").symlink_to(pytester.path / "one two")
    run(ANSWER.format(answer=60), "link", *words, directory=pytester.path / "acme-second").assert_outcomes(
        passed=1
    )


NATIVE = """
    import hyperhost
    import pytest
    from acme_numbers import Numbers

    class Twice:
        @hyperhost.hookimpl
        def run(self, n):
            if n == 0:
                raise ValueError("nothing")
            return n * 2

    @pytest.fixture
    def hyperhost_specs():
        return [Numbers]

    @pytest.fixture
    def plugin_object():
        return Twice()

    def test_a_native_plugin_has_the_same_fixture(plugin):
        assert plugin.call("run", n=4) == 8
        assert plugin.hook.run(n=4) == 8
        assert plugin.last.outcome == "ok" and plugin.last.fuel is None
        with pytest.raises(ValueError):
            plugin.call("run", n=0)
        assert plugin.last.outcome == "ValueError"
"""


def test_native_plugins_are_tested_as_objects(run, pytester, monkeypatch):
    from plugin_projects import SPECS

    (pytester.path / "acme_numbers.py").write_text(SPECS)
    monkeypatch.syspath_prepend(pytester.path)
    run(NATIVE).assert_outcomes(passed=1)


def test_native_plugins_are_tested_by_their_manifest(run, pytester, monkeypatch):
    code = "import hyperhost\nclass Kept:\n    @hyperhost.hookimpl\n"
    (pytester.path / "acme_native.py").write_text(
        code + "    def artifact_validate(self, change): return []\n"
    )
    manifest = '[plugin]\nid = "acme-native"\nversion = "1.0.0"\nnative = "acme_native:Kept"\n'
    (pytester.path / "plugin.toml").write_text(manifest)
    monkeypatch.syspath_prepend(pytester.path)
    run("""
        from hyperhost.testing import change

        def test_it(plugin):
            assert plugin.id == "acme-native"
            assert plugin.call("artifact_validate", change=change()) == []
    """).assert_outcomes(passed=1)


def test_a_conftest_overrides_any_of_the_fixtures(project, run):
    (project / "conftest.py").write_text(
        "import pytest\n@pytest.fixture\ndef clock(): return 1\n@pytest.fixture\ndef http(): return 2\n"
    )
    run("""
        def test_it(plugin, clock, http):
            assert (clock, http) == (1, 2)
            assert plugin.call("run", n=20) == 40
    """).assert_outcomes(passed=1)


def test_it_works_under_this_repositorys_own_settings(project):
    tests = project / "tests"
    tests.mkdir()
    (tests / "test_it.py").write_text(
        "def test_it(plugin, http, clock):\n    assert plugin.call('run', n=20) == 40\n"
    )
    words = [
        "-c",
        str(ROOT / "pyproject.toml"),
        "-p",
        "no:cacheprovider",
        *plugin_arguments(),
        "tests/test_it.py",
    ]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *words],
        cwd=project,
        env={**os.environ, "HOME": str(project), "XDG_CACHE_HOME": str(project / ".cache")},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_plugin_loads_nothing_that_a_run_without_it_would_not():
    code = (
        "import pytest, sys; before = set(sys.modules); import hyperhost.testing.plugin; "
        "print(*sorted(set(sys.modules) - before))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["hyperhost", "hyperhost.testing", "hyperhost.testing.plugin"]
