"""No secret is anywhere but where it was asked for: every file, log, error and output is searched."""

from __future__ import annotations

import base64
import contextlib
import io
import json
import sqlite3
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from wat import ENV, LOG, Guest, Import, run, text

import hyperhost
from builtin_plugins.audit.plugin import Audit
from builtin_plugins.content_tiers.plugin import ContentTiers
from builtin_plugins.operations.plugin import Operations as Figures
from builtin_plugins.policy.plugin import Policies
from builtin_plugins.registry.plugin import Registry
from builtin_plugins.secrets_environment.plugin import SecretsEnvironment
from builtin_plugins.secrets_store.plugin import SecretsStore
from builtin_plugins.storage_sql.plugin import StorageSql
from builtin_plugins.transfer.plugin import Transfer
from hyperhost import Recording, replay
from hyperhost.cli.main import main
from hyperhost.config import Config, PluginConfig
from hyperhost.errors import (
    CapabilityDeniedError,
    ConflictError,
    HostFunctionError,
    HyperHostError,
    ImportDeniedError,
    InvalidInputError,
    NotFoundError,
    RefusalError,
    WrongStateError,
)
from hyperhost.hookspecs import KERNEL_SPECS
from hyperhost.host.recorder import Recorder
from hyperhost.sandbox.revealed import MASK, Revealed

SECRET = "hunter2_swordfish_Q9"
"""A word that is also a name of a variable, so that an error can be made to repeat it."""

GET = Import(
    "secret",
    "hyperhost:host/secrets@1.0.0",
    "get",
    '(param "name" string) (result (option string))',
    "(param i32 i32 i32)",
)
READ = "(call $secret (i32.const 1024) (i32.const 11) (i32.const 16))"
SAY = """(call $log (i32.const 1) (i32.load (i32.const 20)) (i32.load (i32.const 24)))
    (i32.store (i32.const 32) (i32.load (i32.const 20))) (i32.store (i32.const 36) (i32.load (i32.const 24)))
    (i32.const 32)"""
GUEST = Guest(
    [
        text(f"{READ} {SAY}"),
        # Asks for a variable that has the name of the secret, which an error repeats.
        run(
            f"{READ} (call $env (i32.load (i32.const 20)) (i32.load (i32.const 24)) (i32.const 64))"
            "(i64.const 1)"
        ),
    ],
    [GET, LOG, ENV],
    core='(data (i32.const 1024) "db-password")',
)
"""Logs a secret and answers with it; and has an error repeat it."""


class Probe:
    @hyperhost.hookspec(firstresult=True)
    def run(self, n: int) -> int: ...

    @hyperhost.hookspec(firstresult=True)
    def text(self, text: str) -> str: ...


@contextlib.contextmanager
def full_host(home: Path, **config: dict[str, Any]) -> Iterator[tuple[hyperhost.Host, hyperhost.Operations]]:
    settings = Config(
        plugins={name: PluginConfig(config=values) for name, values in config.items()},
        providers={"secrets": "secrets-store"},
    )
    with hyperhost.Host("full", specs=[*KERNEL_SPECS, Probe], home=home, config=settings) as host:
        for plugin, name in (
            (StorageSql(), "storage-sql"),
            (ContentTiers(), "content-tiers"),
            (Registry(), "registry"),
            (Figures(), "operations"),
            (Audit(), "audit"),
            (Policies(), "policy"),
            (Transfer(), "transfer"),
            (SecretsEnvironment(), "secrets-environment"),
            (SecretsStore(), "secrets-store"),
        ):
            host.register(plugin, name)
        yield host, hyperhost.Operations(host)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / "home").mkdir(mode=0o700)
    return tmp_path / "home"


def set_secret(
    operations: hyperhost.Operations, name: str = "db-password", value: str = SECRET, **more: Any
) -> None:
    assert operations.host.home is not None
    file = operations.host.home.parent / "given"
    file.write_text(f"{value}\n")
    file.chmod(0o600)
    try:
        operations.run("secret_set", name=name, value_file=str(file), **more)
    finally:
        file.unlink()


def config_draft(name: str = "web", namespace: str = "org.acme") -> dict[str, Any]:
    manifest = {
        "format": "yaml",
        "values": {"a": 1},
        "secrets": [{"path": "db.password", "name": "db-password"}],
    }
    return {"namespace": namespace, "name": name, "type": "config", "version": "1.0.0", "manifest": manifest}


FORMS = [
    SECRET.encode(),
    base64.b64encode(SECRET.encode()).rstrip(b"="),
    SECRET.encode().hex().encode(),
    SECRET.encode("utf-16-le"),
]


def leaks(*places: Path) -> list[str]:
    """Files that hold the secret in any form, by path."""
    found = []
    for place in places:
        for path in [place, *place.rglob("*")]:
            if path.is_file() and any(form in path.read_bytes() for form in FORMS):
                found.append(str(path))
    return found


# --- one secret, everywhere it could end up ------------------------------------------------------


def test_a_secret_is_in_no_file_log_error_recording_audit_entry_export_or_backup(
    home: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    out.mkdir()
    said: list[str] = []
    with full_host(home) as (host, operations):
        set_secret(operations)
        said.append(json.dumps(operations.run("secret_list")))
        # a config that refers to it
        made = operations.run("create", draft=config_draft())
        said += [json.dumps(made), json.dumps(operations.run("render", artifact="org.acme/web"))]
        shown = operations.run("render", artifact="org.acme/web", reveal=True)  # where it was asked for
        assert SECRET in shown["text"]
        # a schema that it does not fit
        schema = {"properties": {"db": {"properties": {"password": {"maxLength": 3}}}}}
        operations.run(
            "create",
            draft=config_draft("bad") | {"manifest": config_draft()["manifest"] | {"schema": schema}},
        )
        with pytest.raises(HyperHostError) as misfit:
            operations.run("render", artifact="org.acme/bad", reveal=True)
        said += [str(misfit.value), repr(misfit.value)]
        # a component that logs it, answers with it, and has an error repeat it
        package = GUEST.write(tmp_path / "guest.wasm")
        plugin = host.load(package, grants=["secrets:db-password", "log"], stub_denied=True)
        with Recorder(host, plugin.id) as recorder:
            said.append(plugin.call("text", text="x"))
        recording = recorder.recording()
        said.append(recording.to_bytes().decode())
        recording.write(out / "call.json")
        with pytest.raises(CapabilityDeniedError) as caught:
            plugin.call("run", n=1)
        said += [str(caught.value), repr(caught.value), *map(str, caught.value.args), caught.value.hint]
        said += [fault.message for fault in host.faults]
        said += [fault.recording.to_bytes().decode() for fault in host.faults if fault.recording is not None]
        logged = [line.message for line in host.state.logs(plugin.id)]
        assert logged == [MASK]
        assert any(fault.recording is not None for fault in host.faults)
        # what leaves the registry
        said.append(json.dumps(operations.run("audit_list")))
        said.append(json.dumps(operations.run("audit_export")))
        operations.run("export", target=str(out / "all.hha"))
        key = out / "backup.key"
        operations.run("backup_keygen", path=str(key))
        operations.run("backup", directory=str(out / "sealed"), key_file=str(key))
        operations.run("backup", directory=str(out / "plain"))
        operations.run("secret_rotate")
        set_secret(operations, replace=True)
        said.append(json.dumps(operations.run("registry_info")))
    assert not [text for text in said if SECRET in text]
    assert not leaks(home, out)
    assert MASK in "".join(said)
    assert replay(Recording.read(out / "call.json"), package, specs=[Probe]).same


class Terminal:
    """Runs commands in this process, and keeps what they print."""

    def __init__(self, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
        self._capsys = capsys
        self._patch = monkeypatch
        self.printed = ""

    def __call__(self, *words: str, stdin: str = "") -> tuple[int, str]:
        self._patch.setattr("sys.stdin", io.StringIO(stdin))
        with pytest.raises(SystemExit) as ended:
            main(list(words))
        out, err = self._capsys.readouterr()
        status = ended.value.code if isinstance(ended.value.code, int) else 0
        return status, out + err


def test_a_secret_is_printed_by_no_command_in_no_form(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HYPERHOST_HOME", str(tmp_path / "home"))
    terminal = Terminal(capsys, monkeypatch)
    (tmp_path / "web.json").write_text(json.dumps(config_draft()))
    said = [
        terminal("registry", "init"),
        terminal("secret", "set", "db-password", stdin=f"{SECRET}\n"),
        terminal("artifact", "create", str(tmp_path / "web.json")),
    ]
    for form in ("table", "wide", "json", "yaml", "csv"):
        said.append(terminal("secret", "list", "-o", form))
        said.append(terminal("artifact", "render", "org.acme/web", "-o", form))
    said += [terminal("secret", "rotate"), terminal("audit", "list", "-o", "json")]
    assert {status for status, _ in said} == {0}
    said.append(terminal("secret", "set", "db-password", "-v", stdin=f"{SECRET}\n"))
    assert said[-1][0] == 1
    assert "there is a secret 'db-password' already" in said[-1][1]
    assert [text for _, text in said if SECRET in text] == []
    assert "db-password" in said[3][1]
    assert not leaks(tmp_path)
    assert SECRET in terminal("artifact", "render", "org.acme/web", "--reveal")[1]
    assert terminal("secret", "remove", "db-password") == (0, "removed db-password\n")
    status, text = terminal("artifact", "render", "org.acme/web")
    assert (status, "the secret 'db-password' of builtin" in text) == (1, True)


# --- components -----------------------------------------------------------------------------------


def test_a_component_gets_no_secret_without_a_grant_and_no_other_than_that(
    home: Path, tmp_path: Path
) -> None:
    package = GUEST.write(tmp_path / "guest.wasm")
    with full_host(home) as (host, operations):
        set_secret(operations)
        with pytest.raises(ImportDeniedError, match="secrets"):
            host.load(package, grants=["log", "env:X"])
        other = host.load(package, grants=["secrets:db-*", "log", "env:X"], id="wide")
        assert other.call("text", text="x") == MASK
        wrong = host.load(package, grants=["secrets:db-passwor", "log", "env:X"], id="wrong")
        with pytest.raises(CapabilityDeniedError, match="'secrets:db-password' is not granted"):
            wrong.call("text", text="x")
        other.revoke("secrets:db-*")
        with pytest.raises(CapabilityDeniedError):
            other.call("text", text="x")


def test_a_component_does_not_get_what_belongs_to_a_namespace(home: Path, tmp_path: Path) -> None:
    with full_host(home) as (host, operations):
        set_secret(operations, namespace="org.acme")
        guest = host.load(GUEST.write(tmp_path / "guest.wasm"), grants=["secrets:*", "log", "env:X"])
        assert guest.call("text", text="x") == ""  # there is none for it
        set_secret(operations, value="for-everybody-1")
        assert guest.call("text", text="x") == MASK


def test_what_the_provider_refuses_is_no_refusal_of_the_component(home: Path, tmp_path: Path) -> None:
    (home / "data" / "secrets-store").mkdir(parents=True, mode=0o700)
    with full_host(home) as (host, operations):
        set_secret(operations)
        (home / "data" / "secrets-store" / "secrets.sealed").chmod(0o644)
        guest = host.load(GUEST.write(tmp_path / "guest.wasm"), grants=["secrets:*", "log", "env:X"])
        with pytest.raises(HostFunctionError, match="can be read or written by others"):
            guest.call("text", text="x")


def test_a_secret_is_masked_in_later_calls_and_in_other_words() -> None:
    revealed = Revealed()
    key = "-----BEGIN KEY-----\nabcdefghijkl\nmnopqrstuvwx\n-----END KEY-----"
    for secret in (SECRET, 'a"b\\cé', key, "abc"):
        revealed.add("p", secret)
    masked = [
        f"it is {SECRET}!",
        json.dumps({"x": 'a"b\\cé'}),
        base64.b64encode(SECRET.encode()).decode(),
        SECRET.encode().hex(),
        "line: mnopqrstuvwx",
        "a%22b%5Cc%C3%A9",
    ]
    for each in masked:
        assert MASK in revealed.text("p", each), each
        assert revealed.text("q", each) == each
    assert revealed.text("p", "abc") == MASK
    assert revealed.text("p", "abcd") == "abcd"  # what is so short is in everything
    assert revealed.value("p", {"k": [SECRET.encode(), ("x", 1)]}) == {"k": [MASK.encode(), ("x", 1)]}
    untouched = {"k": ["x"]}
    assert revealed.value("p", untouched) is untouched
    error = RefusalError(f"no {SECRET}", f"rule-{SECRET}", hint=SECRET)
    error.__cause__ = ValueError(SECRET)
    revealed.error("p", error)
    assert SECRET not in f"{error} {error.reason} {error.rule} {error.hint} {error.__cause__} {error.args}"


# --- the store ------------------------------------------------------------------------------------


def test_a_secret_of_a_namespace_is_that_namespace_s_alone(home: Path) -> None:
    with full_host(home) as (host, operations):
        set_secret(operations, value="for-everybody")
        set_secret(operations, value="for-acme", namespace="org.acme")
        read = host.hook.secrets_read
        for namespace, value in (
            ("org.acme", "for-acme"),
            ("org.acme.deep.down", "for-acme"),
            ("org.acmeish", "for-everybody"),
            ("org", "for-everybody"),
            ("", "for-everybody"),
        ):
            assert read(provider="builtin", name="db-password", namespace=namespace) == value
        assert read(provider="vault", name="db-password", namespace="") is None


@pytest.mark.parametrize("name", ["", "a b", "../x", "a\n", "x" * 201, "a/", "org.acme secret"])
def test_a_name_that_is_none_is_refused(home: Path, name: str) -> None:
    with full_host(home) as (host, operations):
        with pytest.raises(InvalidInputError, match="no name of a secret"):
            set_secret(operations, name=name)
        with pytest.raises(RefusalError, match="no name of a secret"):
            host.hook.secrets_read(provider="builtin", name=name, namespace="")
        with pytest.raises(NotFoundError):
            operations.run("secret_remove", name=name)


def test_the_order_is_that_of_the_configuration(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HYPERHOST_SECRET_DB_PASSWORD", "of-the-process")
    monkeypatch.setenv("HYPERHOST_SECRET_ONLY_HERE", "of-the-process")

    def found(**config: Any) -> tuple[str | None, str | None]:
        with full_host(home, **{"secrets-store": config}) as (host, operations):
            if not operations.run("secret_list"):
                set_secret(operations, value="of-the-store")
            read = host.hook.secrets_read
            return tuple(read(provider="builtin", name=n, namespace="") for n in ("db-password", "only-here"))

    assert found() == ("of-the-store", "of-the-process")
    assert found(order="environment-first") == ("of-the-process", "of-the-process")
    assert found(order="store-only") == ("of-the-store", None)
    with pytest.raises(RefusalError, match="known are store-first"):
        found(order="random")


@pytest.mark.parametrize("how", ["altered", "swapped", "other-key", "open", "no-key", "truncated"])
def test_a_store_that_was_tampered_with_is_not_opened(home: Path, tmp_path: Path, how: str) -> None:
    store = home / "data" / "secrets-store"
    with full_host(home) as (_, operations):
        set_secret(operations)
    sealed = store / "secrets.sealed"
    document = json.loads(sealed.read_text())
    if how == "altered":
        raw = bytearray(base64.b64decode(document["sealed"]))
        raw[3] ^= 1
        sealed.write_text(json.dumps(document | {"sealed": base64.b64encode(bytes(raw)).decode()}))
    elif how == "swapped":
        sealed.write_text(json.dumps(document | {"id": "signing-ed25519:secrets.sealed"}))
    elif how == "other-key":
        (store / "unlock.key").write_text("ab" * 32)
    elif how == "open":
        (store / "unlock.key").chmod(0o644)
    elif how == "no-key":
        (store / "unlock.key").unlink()
    else:
        sealed.write_text(sealed.read_text()[:50])
    with full_host(home) as (_, operations):
        for operation in ("secret_list", "secret_rotate"):
            with pytest.raises(WrongStateError, match="the secrets are locked"):
                operations.run(operation)
        with pytest.raises(WrongStateError):
            set_secret(operations, "other")  # and nothing is lost by making a new one
    assert SECRET not in sealed.read_text()


@pytest.mark.parametrize("crash", ["before the key", "after the key"])
def test_a_crash_while_the_key_is_rotated_loses_nothing(
    home: Path, crash: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from hyperhost.host.keys import sealedfile

    class Crash(BaseException):
        pass

    real = sealedfile._replace

    def stops(path: Path, data: bytes) -> None:
        if path.name == "unlock.key":
            if crash == "after the key":
                real(path, data)
            raise Crash
        real(path, data)

    with full_host(home) as (_, operations):
        set_secret(operations)
        monkeypatch.setattr(sealedfile, "_replace", stops)
        with pytest.raises(Crash):
            operations.run("secret_rotate")
    monkeypatch.undo()
    for _ in range(2):
        with full_host(home) as (host, operations):
            assert host.hook.secrets_read(provider="builtin", name="db-password", namespace="") == SECRET
    with full_host(home) as (_, operations):
        assert operations.run("secret_rotate") == 1


def test_a_rotation_changes_key_and_file_and_another_process_goes_on(home: Path) -> None:
    store = home / "data" / "secrets-store"
    with full_host(home) as (_, operations), full_host(home) as (other, _):
        set_secret(operations)
        read = other.hook.secrets_read
        assert read(provider="builtin", name="db-password", namespace="") == SECRET
        before = (store / "unlock.key").read_text(), (store / "secrets.sealed").read_text()
        operations.run("secret_rotate")
        after = (store / "unlock.key").read_text(), (store / "secrets.sealed").read_text()
        assert before[0] != after[0]
        assert before[1] != after[1]
        assert read(provider="builtin", name="db-password", namespace="") == SECRET
        set_secret(operations, value="another", replace=True)
        assert read(provider="builtin", name="db-password", namespace="") == "another"


def test_two_that_set_secrets_at_once_lose_none(home: Path) -> None:
    with full_host(home) as (one, _), full_host(home) as (two, _):
        hosts = [one.plugin("secrets-store").object, two.plugin("secrets-store").object]
        stores = [plugin._opened() for plugin in hosts]

        def fill(index: int) -> None:
            for number in range(10):
                stores[index].put(f"s{index}-{number}", "", "value", "x", 1, replace=False)

        threads = [threading.Thread(target=fill, args=(index,)) for index in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(stores[0].rows()) == 20


def test_a_file_that_others_can_read_is_not_taken_and_what_is_in_it_is_not_repeated(
    home: Path, tmp_path: Path
) -> None:
    with full_host(home) as (_, operations):
        file = tmp_path / "value"
        file.write_bytes(SECRET.encode())
        file.chmod(0o644)
        for spoil, words in ((None, "may be read by others"), (b"\xff" + SECRET.encode(), "is no text")):
            if spoil:
                file.write_bytes(spoil)
                file.chmod(0o600)
            with pytest.raises(InvalidInputError, match=words) as caught:
                operations.run("secret_set", name="x", value_file=str(file))
            assert SECRET not in str(caught.value)
        with pytest.raises(InvalidInputError, match="cannot be read"):
            operations.run("secret_set", name="x", value_file=str(tmp_path / "nothing"))
        file.write_bytes(b"")
        with pytest.raises(InvalidInputError, match="1 to 65,536 bytes"):
            operations.run("secret_set", name="x", value_file=str(file))
        set_secret(operations)
        with pytest.raises(ConflictError, match="already"):
            set_secret(operations)
        assert operations.run("secret_list")[0]["version"] == 1


def test_the_store_of_the_registry_never_holds_a_secret(home: Path) -> None:
    with full_host(home) as (_, operations):
        set_secret(operations)
    with contextlib.closing(sqlite3.connect(home / "data" / "storage-sql" / "registry.db")) as connection:
        assert SECRET not in "".join(connection.iterdump())
