"""No secret that a call came by is in its recording, wherever the plugin carried it."""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from wat import CONFIG, ENV, LOG, Guest, Import, run, text

import hyperhost
from hyperhost import Recording, replay
from hyperhost.errors import HyperHostError
from hyperhost.host.differences import Differences
from hyperhost.host.recorder import Recorder
from hyperhost.host.secrecy import Mask, config_secrets, header_secrets, secrets_of
from hyperhost.sandbox.interfaces.http import HttpRequest, HttpResponse
from hyperhost.sandbox.services import MemoryLog, Services

SECRET = "hunter2-swordfish"

LEAK = text(
    """(call $env (i32.const 1024) (i32.const 5) (i32.const 16))
    (call $log (i32.const 1) (i32.load (i32.const 20)) (i32.load (i32.const 24)))
    (i32.store (i32.const 32) (i32.load (i32.const 20))) (i32.store (i32.const 36) (i32.load (i32.const 24)))
    (i32.const 32)"""
)
LEAKS = Guest([LEAK], [ENV, LOG], core='(data (i32.const 1024) "TOKEN")')
"""Logs a variable and answers with it."""

TEXTS = text(
    """(call $config (i32.const 16))
    (call $log (i32.const 1) (i32.load (i32.const 16)) (i32.load (i32.const 20)))
    (i32.const 16)"""
)
CONFIGURED = Guest([TEXTS], [CONFIG, LOG])
"""Logs its configuration and answers with it."""


class Probe:
    @hyperhost.hookspec(firstresult=True)
    def run(self, n: int) -> int: ...

    @hyperhost.hookspec(firstresult=True)
    def text(self, text: str) -> str: ...


class Vault(hyperhost.HostInterface):
    name = "acme:vault/secrets@1.0.0"
    capability = "vault"
    target_required = False

    @hyperhost.hostfunction(requires="vault")
    def get(self, call: hyperhost.Call, name: str) -> str:
        if name == "broken":
            raise RuntimeError(f"cannot unseal {SECRET}")
        return SECRET


@pytest.fixture
def host() -> Iterator[hyperhost.Host]:
    services = Services(log=MemoryLog(), environ={"TOKEN": SECRET})
    with hyperhost.Host("t", specs=[Probe], interfaces=[Vault()], services=services) as host:
        yield host


@pytest.fixture
def record(host: hyperhost.Host, tmp_path: Path) -> Callable[..., tuple[Recording, Path, Any]]:
    def record(guest: Guest, hook: str = "text", /, **options: Any) -> tuple[Recording, Path, Any]:
        package = options.pop("package", None) or guest.write(tmp_path / "guest.wasm")
        arguments = options.pop("arguments", {"text": "x"})
        plugin = host.load(package, **options)
        result = None
        with Recorder(host, plugin.id) as recorder, contextlib.suppress(HyperHostError):
            result = plugin.call(hook, **arguments)
        return recorder.recording(), package, result

    return record


def test_a_variable_is_in_no_part_of_the_recording_and_the_replay_still_works(record) -> None:
    recording, package, result = record(LEAKS, grants=["env:TOKEN", "log"])
    assert result == SECRET
    written = recording.to_bytes()
    assert SECRET.encode() not in written
    stands = recording.document["calls"][0]["answer"]
    assert len(stands) == len(SECRET)
    assert recording.document["calls"][1]["arguments"][1] == stands
    assert recording.document["end"]["result"] == stands
    outcome = replay(Recording.parse(written), package, specs=[Probe])
    assert (outcome.same, outcome.result) == (True, stands)


def test_a_secret_among_the_arguments_is_masked(record) -> None:
    recording, _, _ = record(LEAKS, grants=["env:TOKEN", "log"], arguments={"text": f"is {SECRET} the word?"})
    assert SECRET not in recording.to_bytes().decode()
    assert recording.document["arguments"]["text"].startswith("is *")


def test_what_a_secret_store_answers_is_masked(record) -> None:
    get = Import(
        "get",
        "acme:vault/secrets@1.0.0",
        "get",
        '(param "name" string) (result string)',
        "(param i32 i32 i32)",
    )
    guest = Guest([text("(call $get (i32.const 1024) (i32.const 1) (i32.const 16)) (i32.const 16)")], [get])
    recording, package, result = record(guest, grants=["vault"])
    assert result == SECRET
    assert SECRET.encode() not in recording.to_bytes()
    assert replay(recording, package, specs=[Probe]).same


def test_a_variable_that_an_earlier_call_read_is_masked_in_the_words_of_a_later_one(host, tmp_path) -> None:
    once = text(
        """(if (i32.eqz (global.get $known)) (then
      (call $env (i32.const 1024) (i32.const 5) (i32.const 512)) (global.set $known (i32.const 1))))
    (call $log (i32.const 1) (i32.load (i32.const 516)) (i32.load (i32.const 520)))
    (i32.const 516)"""
    )
    guest = Guest(
        [once], [ENV, LOG], core='(global $known (mut i32) (i32.const 0)) (data (i32.const 1024) "TOKEN")'
    )
    plugin = host.load(guest.write(tmp_path / "guest.wasm"), grants=["env:TOKEN", "log"], instances="pooled")
    plugin.call("text", text="x")
    with Recorder(host, "guest") as recorder:
        assert plugin.call("text", text="x") == SECRET
    recording = recorder.recording()
    assert recording.reused
    assert len(recording.document["calls"]) == 1
    assert SECRET.encode() not in recording.to_bytes()


@pytest.mark.parametrize("mark", ["writeOnly = true", 'format = "password"'])
def test_a_sensitive_configuration_value_is_masked(record, tmp_path: Path, mark: str) -> None:
    package = tmp_path / "package"
    package.mkdir()
    CONFIGURED.write(package / "guest.wasm")
    (package / "plugin.toml").write_text(
        f"""[plugin]
id = "guest"
version = "1.0.0"
component = "guest.wasm"
hooks = ["text"]
[config.schema]
type = "object"
[config.schema.properties.key]
type = "string"
{mark}
[capabilities]
required = [{{ name = "config", reason = "r" }}, {{ name = "log", reason = "r" }}]
"""
    )
    awkward = 'pass"wörd\\'
    recording, _, result = record(
        CONFIGURED, package=package, grants=["config", "log"], config={"key": awkward, "open": "visible"}
    )
    assert json.loads(result)["key"] == awkward
    written = recording.to_bytes().decode()
    assert awkward not in written
    assert "pass" not in written.replace("passed", "")
    assert "visible" in written
    assert json.loads(recording.document["end"]["result"])["open"] == "visible"
    assert replay(recording, package, specs=[Probe]).same


def test_a_secret_in_the_message_of_an_error_is_masked(record) -> None:
    get = Import(
        "get",
        "acme:vault/secrets@1.0.0",
        "get",
        '(param "name" string) (result string)',
        "(param i32 i32 i32)",
    )
    body = """(call $env (i32.const 1024) (i32.const 5) (i32.const 512))
    (call $get (i32.const 1032) (i32.const 6) (i32.const 16)) (i32.const 16)"""
    guest = Guest([text(body)], [ENV, get], core='(data (i32.const 1024) "TOKEN   broken")')
    recording, package, _ = record(guest, grants=["vault", "env:TOKEN"])
    assert recording.error is not None
    assert "cannot unseal *" in recording.error["message"]
    assert SECRET.encode() not in recording.to_bytes()
    assert replay(recording, package, specs=[Probe]).same


def test_the_recording_of_a_fault_is_masked_on_disk(tmp_path: Path) -> None:
    body = """(call $env (i32.const 1024) (i32.const 5) (i32.const 16))
    (call $log (i32.const 1) (i32.load (i32.const 20)) (i32.load (i32.const 24))) unreachable"""
    guest = Guest([run(body)], [ENV, LOG], core='(data (i32.const 1024) "TOKEN")')
    services = Services(log=MemoryLog(), environ={"TOKEN": SECRET})
    home = tmp_path / "home"
    with hyperhost.Host("t", specs=[Probe], home=home, services=services) as host:
        host.load(guest.write(tmp_path / "guest.wasm"), grants=["env:TOKEN", "log"])
        with pytest.raises(HyperHostError):
            host.hook.run(n=1)
    [path] = (home / "recordings").iterdir()
    assert b"unreachable" in path.read_bytes()
    assert SECRET.encode() not in path.read_bytes()


def test_a_short_secret_is_masked_where_it_stands_alone() -> None:
    mask = Mask(["abc", "1"], [])
    assert mask.text("abc") != "abc"
    assert mask.text("1") == "2"  # still a number
    assert mask.text("abcd") == "abcd"


def test_placeholders_are_as_long_and_tell_secrets_apart() -> None:
    mask = Mask(["swordfish", "Grüße!"], ["albatross"])
    texts = [mask.text(word) for word in ("swordfish", "Grüße!", "albatross")]
    assert [len(text.encode()) for text in texts] == [9, 8, 9]
    assert len(set(texts)) == 3
    assert mask.text("a swordfish, a swordfish") == f"a {texts[0]}, a {texts[0]}"
    assert mask.data(b"\xffswordfish") == b"\xff" + texts[0].encode()
    assert mask.free[0] == texts[2]
    assert {len(each) for each in mask.free} == {9, 11, 12, 18}  # as it is, in Base64, in hexadecimal


@pytest.mark.parametrize("written", ["c3dvcmRmaXNo", "dXNlcjpzd29yZGZpc2g=", "73776F726466697368"])
def test_a_secret_in_another_form_is_no_longer_in_a_recording(written: str) -> None:
    masked = Mask(["swordfish"], []).text(f"authorization: {written}")
    assert written.strip("=") not in masked
    assert len(masked) == len(f"authorization: {written}")


def test_a_secret_within_a_longer_secret_does_not_unmask_it() -> None:
    mask = Mask(["fish", "swordfish"], [])
    assert "sword" not in mask.text("a swordfish")


@pytest.mark.parametrize(
    ("name", "value", "secret"),
    [
        ("Authorization", "Bearer abcdef", ["abcdef"]),
        ("authorization", "abcdef", ["abcdef"]),
        ("Proxy-Authorization", "Basic dXNlcg==", ["dXNlcg=="]),
        ("X-API-Key", "k 1234", ["k 1234"]),
        ("Cookie", "a=first; b=second", ["first", "second"]),
        ("set-cookie", "sid=abcdef; Path=/; HttpOnly", ["abcdef"]),
        ("cookie", "a=1; b=second", ["1", "second", "a=1; b=second"]),
        ("Accept", "text/html", []),
    ],
)
def test_headers_that_carry_credentials(name: str, value: str, secret: list[str]) -> None:
    assert header_secrets([(name, value)]) == secret


def test_a_request_and_its_answer_both_have_secrets() -> None:
    request = HttpRequest("GET", "https://acme.test/", [("Authorization", "Bearer given-token")], b"", None)
    response = HttpResponse(200, [("set-cookie", "sid=answered; Path=/")], b"", "https://acme.test/")
    found = secrets_of("hyperhost:host/http@1.0.0", "fetch", [request], response)
    assert (found.answered, found.given) == (["answered"], ["given-token"])


def test_sensitive_values_are_found_wherever_the_schema_says_so() -> None:
    schema = {
        "$defs": {"key": {"type": "string", "writeOnly": True}},
        "properties": {
            "a": {"$ref": "#/$defs/key"},
            "b": {"items": {"allOf": [{"format": "password"}]}},
            "c": {"writeOnly": True},
            "d": {"type": "string"},
        },
        "additionalProperties": {"writeOnly": True},
    }
    config = {"a": "one", "b": ["two"], "c": {"deep": [3, True, None]}, "d": "open", "e": "five"}
    assert config_secrets(schema, config) == ["one", "two", "3", "five"]


def test_a_schema_that_refers_to_itself_ends() -> None:
    schema = {"$ref": "#", "properties": {"a": {"$ref": "#"}}}
    assert config_secrets(schema, {"a": {"a": "x"}}) == []


def test_in_place_of_what_the_plugin_passed_as_credentials_anything_is_taken() -> None:
    mask = Mask([], ["given-token"])
    recorded = mask.text("sig given-token, then given-token!")
    differences = Differences(mask.free)
    assert differences.first(recorded, "sig other, then another one!", "it") == ""
    for came in ("sig other, now another!", "other, then another!", "sig !", "sig other, then another"):
        assert differences.first([recorded], [came], "it").startswith("it[0]: recorded is")
    assert differences.first("given", "other", "it") == 'it: recorded is "given", came "other"'


def test_comparing_with_many_placeholders_takes_no_time() -> None:
    mask = Mask([], ["given-token"])
    recorded = mask.text("a given-token " * 2000)
    started = time.perf_counter()
    assert Differences(mask.free).first(recorded, "a x " * 1999 + "b x ", "it")
    assert time.perf_counter() - started < 1


def test_a_secret_that_is_computed_with_explains_the_difference(host, tmp_path: Path) -> None:
    body = "(call $env (i32.const 1024) (i32.const 5) (i32.const 16)) (i64.load (i32.load (i32.const 20)))"
    package = Guest([run(body)], [ENV], core='(data (i32.const 1024) "TOKEN")').write(tmp_path / "guest.wasm")
    plugin = host.load(package, grants=["env:TOKEN"])
    with Recorder(host, "guest") as recorder:
        plugin.call("run", n=1)
    outcome = replay(recorder.recording(), package, specs=[Probe])
    assert not outcome.same
    assert outcome.notes == (
        "secrets are masked in the recording; what the plugin computes from one differs",
    )
