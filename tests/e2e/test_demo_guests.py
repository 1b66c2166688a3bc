"""The demo's guest components: what they are, what they find, and that they can be rebuilt.

They are called through wasmtime-py alone, so that a failure here is the guest's and not the host's.
Secrets are put together at run time: no file of the repository holds one, not even a made-up one.
"""

from __future__ import annotations

import base64
import hashlib
import subprocess
import sys
from importlib.metadata import PackageNotFoundError, version
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
from wasmtime import Config, Engine, Store, WasmtimeError
from wasmtime.component import Component, Linker, Record, Variant

from hyperhost.demo.specs import Finding

GUESTS = Path(str(files("hyperhost.demo"))) / "guests"
BUILD = Path(__file__).resolve().parents[2] / "sdk" / "demo_guests" / "build.py"
SCANNERS = ("secret_scan", "license_scan")
IMPORTS = {  # wasmtime leaves out the imports that only name a type
    "secret_scan": ["hyperhost:host/log@1.0.0"],
    "license_scan": [],
    "wants_network": ["hyperhost:host/http@1.0.0"],
    "spins": [],
    "eats_memory": [],
    "faults": [],
}


class Guest:
    """One instance of a guest, called without any host of ours."""

    def __init__(self, name: str, *, fuel: int = 20_000_000_000, memory: int = 64 << 20) -> None:
        config = Config()
        config.consume_fuel = True
        engine = Engine(config)
        self.component = Component(engine, (GUESTS / f"{name}.wasm").read_bytes())
        self.imports = self.component.type.imports(engine)
        self.exports = self.component.type.exports(engine)
        self.logged: list[tuple[str, str]] = []
        self.sent: list[Any] = []
        self.store = Store(engine)
        self.store.set_fuel(fuel)
        self.store.set_limits(memory_size=memory)
        self.linker = Linker(engine)

    def give_log(self) -> None:
        logged = self.logged  # wasmtime-py keeps the function for ever; it must not keep the guest
        with self.linker.root() as root, root.add_instance("hyperhost:host/log@1.0.0") as log:
            log.add_func("write", lambda _store, level, message: logged.append((level, message)))

    def start(self) -> None:
        instance = self.linker.instantiate(self.store, self.component)
        function = instance.get_func(self.store, "check-text")
        assert function is not None
        self.function = function

    def __call__(self, text: str, path: str = "a.py") -> list[Finding]:
        found = self.function(self.store, path, text)
        self.function.post_return(self.store)
        return [Finding(f.rule, f.line, f.severity, f.excerpt) for f in found]

    def cost(self, text: str) -> int:
        """Fuel for one call: the same number every time, on every machine."""
        before = self.store.get_fuel()
        self(text)
        return before - self.store.get_fuel()


@pytest.fixture
def secrets() -> Guest:
    guest = Guest("secret_scan")
    guest.give_log()
    guest.start()
    return guest


@pytest.fixture
def licences() -> Guest:
    guest = Guest("license_scan")
    guest.start()
    return guest


def noise(length: int, alphabet: str = "base62", seed: str = "a") -> str:
    """Random-looking text that is the same in every run and never was anybody's secret."""
    digest = b"".join(hashlib.sha256(f"{seed}{i}".encode()).digest() for i in range(length // 8 + 1))
    letters = {
        "base62": "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789",
        "upper": "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567",
        "hex": "0123456789abcdef",
    }[alphabet]
    return "".join(letters[byte % len(letters)] for byte in digest)[:length]


def pem(label: str, newline: str = "\n") -> str:
    body = base64.b64encode(hashlib.sha512(label.encode()).digest() * 2).decode()
    lines = [body[i : i + 64] for i in range(0, len(body), 64)]
    dashes = "-" * 5
    return newline.join([f"{dashes}BEGIN {label}{dashes}", *lines, f"{dashes}END {label}{dashes}", ""])


def jwt(payload: str = '{"sub":"svc-7431","aud":"billing"}') -> str:
    parts = ['{"alg":"HS256","typ":"JWT"}', payload]
    encoded = [base64.urlsafe_b64encode(part.encode()).decode().rstrip("=") for part in parts]
    return ".".join([*encoded, noise(43)])


# ---- what the files are ----


def test_the_two_scanners_are_small_and_all_guests_together_stay_under_30_kb() -> None:
    sizes = {path.stem: path.stat().st_size for path in GUESTS.glob("*.wasm")}
    assert sorted(sizes) == sorted(IMPORTS)
    assert sum(sizes[name] for name in SCANNERS) < 20_000
    assert sum(sizes.values()) < 30_000


@pytest.mark.parametrize("name", IMPORTS)
def test_a_guest_is_a_component_and_holds_no_names_or_paths(name: str) -> None:
    binary = (GUESTS / f"{name}.wasm").read_bytes()
    assert binary.startswith(b"\0asm\x0d\0\x01\0")
    for word in (b"producers", b"component-name", b"target_features", b".debug", b"/home", b"/Users"):
        assert word not in binary


@pytest.mark.parametrize("name", IMPORTS)
def test_the_import_section_is_exactly_the_permission_request(name: str) -> None:
    guest = Guest(name)
    assert list(guest.imports) == IMPORTS[name]
    assert list(guest.exports) == ["check-text"]


# ---- secrets ----

TOKENS = [
    ("secret/aws-access-key-id", "high", "AK" + "IA" + noise(16, "upper")),
    ("secret/aws-access-key-id", "high", "AS" + "IA" + noise(16, "upper", "b")),
    ("secret/github-token", "high", "gh" + "p_" + noise(36)),
    ("secret/github-token", "high", "github" + "_pat_" + noise(22) + "_" + noise(59, seed="b")),
    ("secret/gitlab-token", "high", "gl" + "pat-" + noise(20)),
    ("secret/slack-token", "high", "xo" + "xb-" + "731904285117-" + noise(24)),
    ("secret/slack-webhook", "high", "hooks.slack" + ".com/services/T7Q2/B9K4/" + noise(32)),
    ("secret/stripe-key", "high", "sk" + "_live_" + noise(24)),
    ("secret/stripe-test-key", "low", "sk" + "_test_" + noise(24)),
    ("secret/google-api-key", "high", "AI" + "za" + noise(35)),
    ("secret/npm-token", "high", "np" + "m_" + noise(36)),
    ("secret/pypi-token", "high", "pypi-" + "AgEIcHlwaS5vcmc" + noise(100)),
    ("secret/sendgrid-key", "high", "S" + "G." + noise(22) + "." + noise(43, seed="b")),
    ("secret/huggingface-token", "high", "h" + "f_" + noise(34)),
    ("secret/jwt", "medium", jwt()),
]


@pytest.mark.parametrize(("rule", "severity", "token"), TOKENS, ids=[f"{t[0]}-{t[2][:4]}" for t in TOKENS])
@pytest.mark.parametrize("form", ['x = "{}"\n', "see {} here", 'y = "\\n{}"', "{}"])
def test_a_token_known_by_its_form_is_found_once_and_masked(
    secrets: Guest, rule: str, severity: str, token: str, form: str
) -> None:
    assert secrets("import os\n\n" + form.replace("{}", token)) == [
        Finding(rule, 3, severity, token[:4] + "…")  # type: ignore[arg-type]
    ]


@pytest.mark.parametrize(
    "label",
    ["PRIVATE KEY", "RSA PRIVATE KEY", "EC PRIVATE KEY", "OPENSSH PRIVATE KEY", "ENCRYPTED PRIVATE KEY"],
)
@pytest.mark.parametrize("newline", ["\n", "\\n"])
def test_a_private_key_is_found_at_its_header(secrets: Guest, label: str, newline: str) -> None:
    text = "# the key\nKEY = '''" + pem(label, newline) + "'''\n"
    (found,) = secrets(text)
    assert (found.rule, found.line, found.severity) == ("secret/private-key", 2, "high")
    assert found.excerpt == pem(label).split("\n")[1][:4] + "…"


@pytest.mark.parametrize(
    ("code", "rule"),
    [
        ('password = "{}"', "secret/password"),
        ("DB_PASSWORD='{}'", "secret/password"),
        ('    password: str = "{}"', "secret/password"),
        ('{"user": "joe", "password": "{}"}', "secret/password"),
        ('connect(user="joe", password=b"{}")', "secret/password"),
        ('os.environ["ADMIN_PASSWORD"] = "{}"', "secret/password"),
        ('clientSecret := "{}"', "secret/hard-coded-secret"),
        ('SECRET_KEY = ("{}")', "secret/hard-coded-secret"),
        ("'api-key' => '{}'", "secret/api-key"),
        ('apiKey: "{}"', "secret/api-key"),
        ('aws_secret_access_key = "{}"', "secret/api-key"),
        ('token = "{}"', "secret/api-key"),
    ],
)
def test_a_literal_assigned_to_a_name_that_says_secret_is_found(secrets: Guest, code: str, rule: str) -> None:
    value = noise(28)
    assert secrets(code.replace("{}", value)) == [Finding(rule, 1, "medium", value[:4] + "…")]


def test_a_value_without_quotes_counts_in_env_files_and_not_in_python(secrets: Guest) -> None:
    text = "DEBUG=1\nDB_PASSWORD=" + noise(16) + "\nexport API_KEY=" + noise(24, seed="b") + "\n"
    assert [(f.rule, f.line) for f in secrets(text, "deploy/.env")] == [
        ("secret/password", 2),
        ("secret/api-key", 3),
    ]
    assert secrets(text, "settings.py") == []


@pytest.mark.parametrize(
    "code",
    [
        'password = "changeme"',
        'password = "your-password-1234"',
        'api_key = "your_api_key_h3r3_9912"',
        'api_key = "<API-KEY-2f9a71c0>"',
        'api_key = "${API_KEY_2f9a71c0b4}"',
        'password = "{{ vault_9f31c2 }}"',
        'password = f"{user}9f31c2a7"',
        'password = "%(pw9f31)s2a77"',
        'secret = "xxxxxxxxxxxx1234"',
        'secret_key = "abcdefghijklmnop123456"',
        'api_key = "example9f31c2a7bd"',
        'password = "password"',
        'password = os.environ["PASSWORD"]',
        'password = get("9f31c2a7")',
        'password == "9f31c2a7Qx"',
        'password_hash = "9f31c2a7Qx44kk"',
        'PASSWORD_FIELD = "form9f31c2a7Qx"',
        'nonsecret = "9f31c2a7Qx44kkA"',
        'secret = "oauth2_client_credentials"',
        'secret = "Base64EncodedValue"',
        'password = "sha256.digest"',
        '"AWS::ApiGateway::ApiKey": "48205d4ffd7feba3"',
        'password = """9f31c2a7Qx\n"""',
        "password = 'Contraseña9f31'",
        "AK" + "IAIOSFODNN7EXAMPLE",
        "AK" + "IAXXXXXXXXXXXXXXXX",
        "AK" + "IA" + noise(30, "upper"),
        "gh" + "p_" + "x" * 36,
        "gh" + "p_short",
        "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9",
        jwt('{"sub":"1234567890","name":"John Doe"}'),
        'if data.startswith("-----BEGIN RSA ' + 'PRIVATE KEY-----"): return load(data)',
        '"-----BEGIN ' + "PRIVATE KEY-----\\n...\\n-----END " + 'PRIVATE KEY-----"',
        pem("CERTIFICATE"),
        pem("PUBLIC KEY"),
    ],
)
def test_placeholders_and_code_about_secrets_are_not_findings(secrets: Guest, code: str) -> None:
    assert secrets(code + "\n") == []
    assert secrets.logged == []


def test_a_finding_is_logged_in_one_line_without_the_secret(secrets: Guest) -> None:
    first, second = noise(20), noise(20, seed="b")
    secrets(f'password = "{first}"\npassword = "{second}"\n', "src/é.py")
    assert secrets.logged == [("warning", "2 possible secrets in src/é.py")]


def test_a_long_path_is_cut_between_characters_in_the_log(secrets: Guest) -> None:
    secrets(f'password = "{noise(20)}"', "x" + "é" * 300)
    assert secrets.logged == [("warning", "1 possible secret in x" + "é" * 99)]


# ---- licences ----

GNU = "it under the terms of the GNU {}General Public License published by\n# the Free Software Foundation; "


@pytest.mark.parametrize(
    ("text", "rule", "severity"),
    [
        ("# SPDX-License-Identifier: MIT", "license/MIT", "low"),
        ("// SPDX-License-Identifier: GPL-2.0-only", "license/GPL-2.0-only", "medium"),
        ("/* SPDX-License-Identifier: AGPL-3.0-or-later */", "license/AGPL-3.0-or-later", "high"),
        ("# " + GNU.format("") + "either version 3 of the License", "license/GPL-3.0", "medium"),
        ("# " + GNU.format("") + "version 2.", "license/GPL-2.0", "medium"),
        ("# " + GNU.format("Lesser ") + "either\n# version 2.1 of it", "license/LGPL-2.1", "low"),
        ("# " + GNU.format("Affero ") + "either version 3", "license/AGPL-3.0", "high"),
        ("See the GNU General Public License for more details.", "license/GPL", "medium"),
        ('license = "GPLv3"', "license/GPL-3.0", "medium"),
        ("License: LGPL-3.0", "license/LGPL-3.0", "low"),
        (
            "Permission is hereby granted, free of charge, to any\n * person obtaining a copy",
            "license/MIT",
            "low",
        ),
        ("__license__ = 'MIT'", "license/MIT", "low"),
        ('Licensed under the Apache License,\n# Version 2.0 (the "License")', "license/Apache-2.0", "low"),
        ("the Mozilla Public License, v. 2.0.", "license/MPL-2.0", "low"),
        ("Redistribution and use in source and binary forms", "license/BSD-2-Clause", "low"),
        (
            "Redistribution and use in source and binary forms: ... Neither the name of the",
            "license/BSD-3-Clause",
            "low",
        ),
        ("Licensed to PSF under a Contributor Agreement.", "license/PSF-2.0", "low"),
        ("Copyright 2020 Acme. All rights reserved.", "license/all-rights-reserved", "medium"),
    ],
)
def test_a_licence_statement_is_found(licences: Guest, text: str, rule: str, severity: str) -> None:
    (found,) = licences("#!/usr/bin/python\n" + text + "\n")
    assert (found.rule, found.line, found.severity) == (rule, 2, severity)
    assert found.excerpt
    assert found.excerpt in text


def test_every_licence_of_an_spdx_expression_is_found_and_exceptions_are_not(licences: Guest) -> None:
    text = "# SPDX-License-Identifier: (Apache-2.0 OR MIT) AND GPL-2.0-only WITH GPL-CC-1.0\n"
    assert [f.rule for f in licences(text)] == ["license/Apache-2.0", "license/MIT", "license/GPL-2.0-only"]


def test_a_licence_named_many_times_is_reported_once_with_its_version(licences: Guest) -> None:
    text = "# " + GNU.format("") + "either version 3\n" + "# GNU General Public License\n" * 5
    assert [f.rule for f in licences(text)] == ["license/GPL-3.0"]


@pytest.mark.parametrize(
    "text",
    [
        "Copyright 2020 Acme. All rights reserved. Use is governed by the file LICENSE.",
        "def license(self): ...",
        "SPDX-License-Identifier: <identifier>",
        "the license mitigates",
        "the license of the GPL-licensed thing",
        "a permission is granted",
    ],
)
def test_a_mention_of_licences_is_not_a_statement(licences: Guest, text: str) -> None:
    assert licences(text) == []


def test_an_excerpt_holds_nothing_a_terminal_would_obey(licences: Guest) -> None:
    (found,) = licences("\x1b[31mred\x1b[0m MIT License \x1b[2J\x07\n")
    assert found.excerpt == "[0m MIT License "


# ---- both, on awkward input ----


@pytest.mark.parametrize("name", SCANNERS)
def test_awkward_texts_are_taken(name: str) -> None:
    guest = Guest(name)
    guest.give_log()
    guest.start()
    for text in (
        "",
        "\0",
        "\n" * 5000,
        "é" * 70_000,
        "\U0001f600",
        "-----BEGIN",
        "eyJ",
        "\\",
        "password =",
        "API_KEY=",
    ):
        assert guest(text, "") == []


def test_findings_are_bounded(secrets: Guest, licences: Guest) -> None:
    found = secrets("".join(f'password = "7k{noise(20, seed=str(i))}"\n' for i in range(1000)))
    assert [f.line for f in found] == list(range(1, 201))
    assert secrets.logged == [("warning", "200 possible secrets in a.py")]
    lines = "".join(f"# SPDX-License-Identifier: LicenseRef-{i}\n" for i in range(1000))
    assert len(licences(lines)) == 200


@pytest.mark.parametrize("name", SCANNERS)
def test_a_second_call_starts_from_nothing_and_takes_no_more_memory(name: str) -> None:
    guest = Guest(name, memory=3 << 20)  # two texts of 1 MB would not fit beside the first pages
    guest.give_log()
    guest.start()
    text = f'password = "{noise(20)}"\n# MIT License\n' + "x = 1\n" * 170_000
    first = guest(text)
    assert len(first) == 1
    assert all(guest(text) == first for _ in range(5))
    assert guest("") == []


HOSTILE = {
    "one word": "a",
    "blanks": " ",
    "token prefixes": "xoxb-",
    "long tokens": "xoxb-" + "a1b2c3d4-" * 40,
    "jwt prefixes": "eyJaaaaaaaaaaaaaaaaaaa.",
    "jwt chains": "eyJaaaaaaaaaaa.eyJaaaaaaaaaaa.eyJ.",
    "pem headers": "-----BEGIN PRIVATE " + "KEY-----\n",
    "pem headers in a row": "-----BEGIN ",
    "names": 'password="',
    "nested quotes": "password='x1\" password=\"x1' ",
    "annotations": "token: a ",
    "escapes": "\\n",
    "gnu": "GNU General Public License ",
    "bsd": "Redistribution and use in source and binary forms ",
    "rights": "All rights reserved. ",
    "gaps": "gnu" + " # " * 20,
    "spdx": "SPDX-License-Identifier: WITH ",
    "versions": "version version ",
}


@pytest.mark.parametrize("name", SCANNERS)
@pytest.mark.parametrize("attack", HOSTILE)
def test_hostile_text_costs_at_most_linear_time(name: str, attack: str) -> None:
    guest = Guest(name)
    guest.give_log()
    guest.start()
    pattern = HOSTILE[attack]
    small = guest.cost((pattern * 60_000)[:60_000])
    large = guest.cost((pattern * 240_000)[:240_000])
    assert large < 4.2 * small
    assert large < 240_000 * 2_000  # instructions for each byte: a text of 1 MB stays under a second or so


# ---- the hostile ones ----


def test_wants_network_cannot_be_started_without_the_http_interface() -> None:
    guest = Guest("wants_network")
    with pytest.raises(WasmtimeError, match=r"hyperhost:host/http@1\.0\.0"):
        guest.start()


def test_wants_network_would_send_the_text_if_it_were_let() -> None:
    guest = Guest("wants_network")
    sent = guest.sent

    def fetch(_store: object, request: Any) -> Any:
        sent.append(request)
        error = Record()
        error.kind, error.message = "denied", "no"  # type: ignore[attr-defined]
        return Variant("err", error)

    with guest.linker.root() as root, root.add_instance("hyperhost:host/http@1.0.0") as http:
        http.add_func("fetch", fetch)
    guest.start()
    assert guest("print('private')") == []
    (request,) = sent
    assert (request.method, request.url) == ("POST", "https://collector.example.invalid/upload")
    assert bytes(request.body) == b"print('private')"


def test_spins_never_returns_by_itself() -> None:
    guest = Guest("spins", fuel=5_000_000)
    guest.start()
    with pytest.raises(WasmtimeError, match="all fuel consumed"):
        guest("x")


@pytest.mark.parametrize("limit", [1 << 20, 16 << 20])
def test_eats_memory_stops_at_whatever_limit_it_is_given(limit: int) -> None:
    guest = Guest("eats_memory", memory=limit)
    guest.start()
    before = guest.store.get_fuel()
    with pytest.raises(WasmtimeError, match="unreachable"):
        guest("x")
    pages = (limit >> 16) - 2
    assert before - guest.store.get_fuel() > pages * 5  # it wrote to each page it was given


def test_eats_memory_and_faults_take_large_arguments_first() -> None:
    for name in ("eats_memory", "faults", "spins"):
        guest = Guest(name, fuel=50_000_000, memory=8 << 20)
        guest.start()
        with pytest.raises(WasmtimeError):
            guest("x" * 1_000_000)


def test_faults_faults_in_every_call() -> None:
    for _ in range(3):
        guest = Guest("faults")
        guest.start()
        with pytest.raises(WasmtimeError, match="unreachable"):
            guest("x")


# ---- the build ----


def test_the_committed_guests_are_what_the_sources_build_to() -> None:
    try:
        version("ziglang")
    except PackageNotFoundError:
        pytest.skip("ziglang is not installed (pip install 'hyperhost[guests]')")
    if not BUILD.exists():
        pytest.skip("the guests' sources are not here: this is not a checkout")
    done = subprocess.run(
        [sys.executable, str(BUILD), "--check"], capture_output=True, text=True, check=False
    )
    if done.returncode == 2:
        pytest.skip(done.stderr.strip())
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count("same bytes") == len(IMPORTS)
