from __future__ import annotations

from pathlib import Path

import pytest

from hyperhost.capabilities import Capability, Grammar
from hyperhost.contracts.limits import Limits
from hyperhost.errors import ManifestError
from hyperhost.host.manifest import Ask, HookEntry, Manifest

FULL = """
[plugin]
id = "secret-scan"
version = "1.2.3-beta.1+build.5"
name = "Secret scan"
description = "Finds \\"secrets\\" in text.\\nQuickly."
publisher = "Acme"
license = "Apache-2.0"
homepage = "https://acme.test"
component = "build/scan.wasm"
hooks = ["artifact_created"]

[[hook]]
name = "check_text"
priority = 10
before = ["license-check"]
after = ["other"]

[capabilities]
required = [{ name = "fs.read:/data/", reason = "the files to scan" }]
optional = [{ name = "log", reason = "to say what it skipped" }]

[limits]
memory = "32MiB"
fuel = 1000

[config]
schema = { type = "object", properties = { level = { type = "string" } } }

[config.defaults]
level = "high"
"odd key" = [1, 2.5, true, { a = [] }]

[dependencies]
other = "^1.0"

[runtime]
instances = "pooled"
stub_denied = true

[provides]
services = ["storage"]
"""

MINIMAL = '[plugin]\nid = "a"\nversion = "1.0.0"\n'


def parse(text: str) -> Manifest:
    return Manifest.parse(text)


def test_every_key_is_read() -> None:
    manifest = parse(FULL)
    assert manifest.id == "secret-scan"
    assert manifest.version == "1.2.3-beta.1+build.5"
    assert manifest.description == 'Finds "secrets" in text.\nQuickly.'
    assert (manifest.component, manifest.native) == ("build/scan.wasm", None)
    assert manifest.hook_names == ("artifact_created", "check_text")
    assert manifest.hooks[1] == HookEntry("check_text", 10, ("license-check",), ("other",))
    assert [capability.text for capability in manifest.requested] == ["fs.read:/data", "log"]
    assert [capability.text for capability in manifest.required] == ["fs.read:/data"]
    assert [capability.text for capability in manifest.optional] == ["log"]
    assert manifest.asks[0].reason == "the files to scan"
    assert manifest.limits == Limits(memory="32MiB", fuel=1000)
    assert manifest.config_schema["type"] == "object"
    assert manifest.config_defaults["odd key"] == [1, 2.5, True, {"a": []}]
    assert dict(manifest.dependencies) == {"other": "^1.0"}
    assert (manifest.instances, manifest.stub_denied) == ("pooled", True)
    assert manifest.services == ("storage",)
    assert not manifest.bare


def test_defaults_of_a_minimal_manifest() -> None:
    manifest = parse(MINIMAL)
    assert manifest == Manifest("a", "1.0.0", component="plugin.wasm")
    assert manifest.instances == "per-call"


def test_a_native_plugin_has_no_component() -> None:
    manifest = parse(MINIMAL + 'native = "acme.scan:Plugin"\n')
    assert (manifest.component, manifest.native) == (None, "acme.scan:Plugin")


@pytest.mark.parametrize(
    "text", [FULL, MINIMAL, MINIMAL + 'native = "acme.scan:Plugin"\nhooks = ["a", "b"]\n']
)
def test_written_and_read_again_it_is_the_same(text: str) -> None:
    manifest = parse(text)
    written = manifest.to_toml()
    assert parse(written) == manifest
    assert parse(written).to_toml() == written


def test_the_written_form_is_what_a_person_would_write() -> None:
    manifest = parse(MINIMAL).asking(
        [Ask(Capability.parse("log"), "why not", optional=True), Ask(Capability.parse("env:HOME"), "where")]
    )
    assert manifest.to_toml() == (
        '[plugin]\nid = "a"\nversion = "1.0.0"\n\n[capabilities]\nrequired = [\n'
        '  { name = "env:HOME", reason = "where" },\n]\n'
        'optional = [\n  { name = "log", reason = "why not" },\n]\n'
    )


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "plugin is missing (expected a table [plugin])"),
        ("plugin = 3", "plugin is 3 (a whole number) (expected a table [plugin])"),
        ('[plugin]\nversion = "1.0.0"', "plugin.id is missing (expected a kebab-case id"),
        ('[plugin]\nid = "a"', "plugin.version is missing"),
        ('[plugin]\nid = "A_b"\nversion = "1.0.0"', "plugin.id is 'A_b' (expected a kebab-case id"),
        (f'[plugin]\nid = "{"a" * 65}"\nversion = "1.0.0"', "plugin.id is"),
        ("[plugin]\nid = 3", "plugin.id is 3 (a whole number)"),
        ('[plugin]\nid = "a"\nversion = "1.0"', "plugin.version is '1.0' (expected a SemVer version"),
        (MINIMAL + 'homepag = "x"', "unknown key 'plugin.homepag' (text) (did you mean 'plugin.homepage'?)"),
        (MINIMAL + "[limit]\nmemory = 1", "unknown key 'limit' (a table) (did you mean 'limits'?)"),
        (
            MINIMAL + "[limits]\nmemry = 1",
            "unknown key 'limits.memry' (a whole number) (did you mean 'limits.memory'?)",
        ),
        (MINIMAL + '[limits]\nmemory = "lots"', "limits.memory: 'lots' is not a size"),
        (
            MINIMAL + "[limits]\nhost_calls = true",
            "limits.host_calls: limit host_calls must be a whole number",
        ),
        (
            MINIMAL + 'component = "../x.wasm"',
            "plugin.component is '../x.wasm' (expected a file of the package",
        ),
        (MINIMAL + 'component = "/x.wasm"', "plugin.component is '/x.wasm'"),
        (MINIMAL + 'component = "x.wasm"\nnative = "a:b"', "has both plugin.component and plugin.native"),
        (MINIMAL + 'native = "os.system"', "plugin.native is 'os.system' (expected 'module:attribute')"),
        (MINIMAL + 'hooks = "check_text"', "plugin.hooks is 'check_text' (expected a list of hook names"),
        (MINIMAL + "hooks = [3]", "plugin.hooks[0] is 3 (a whole number)"),
        (MINIMAL + 'hooks = ["a"]\n[[hook]]\nname = "a"', "names the hook 'a' twice"),
        (MINIMAL + "[hook]\nname = 1", "hook is a table (expected a list of tables)"),
        (
            MINIMAL + '[[hook]]\nname = "a"\npriority = 1001',
            "hook[0].priority is 1001 (a whole number) (expected a whole",
        ),
        (MINIMAL + '[[hook]]\nname = "a"\npriority = true', "hook[0].priority is True (true or false)"),
        (MINIMAL + '[[hook]]\nname = "a"\nprio = 1', "unknown key 'hook[0].prio'"),
        (MINIMAL + 'capabilities = ["log"]', "unknown key 'plugin.capabilities' (a list)"),
        (
            MINIMAL + '[capabilities]\nrequired = ["log"]',
            "capabilities.required[0] is 'log' (expected a table)",
        ),
        (
            MINIMAL + '[capabilities]\nrequired = [{ name = "log" }]',
            "capabilities.required[0].reason is missing",
        ),
        (
            MINIMAL + '[capabilities]\nrequired = [{ name = "log", reason = " " }]',
            "capabilities.required[0].reason is '' (expected one line",
        ),
        (
            MINIMAL + '[capabilities]\nrequired = [{ name = "log", reason = "a\\nb" }]',
            "capabilities.required[0].reason is 'a\\nb'",
        ),
        (
            MINIMAL + '[capabilities]\nrequired = [{ name = "lgo", reason = "x" }]',
            ".required[0].name: capability 'lgo' has the unknown kind 'lgo' (did you mean 'log'?)",
        ),
        (
            MINIMAL + '[capabilities]\nrequired = [{ name = "log", reason = "x" }]\n'
            'optional = [{ name = "log", reason = "y" }]',
            "asks for 'log' twice",
        ),
        (MINIMAL + "[config]\nschema = []", "config.schema is a list (expected a table [config.schema])"),
        (
            MINIMAL + "[config.defaults]\na = [1979-05-27]",
            "config.defaults.a[0] is datetime.date(1979, 5, 27)",
        ),
        (
            MINIMAL + "[config.defaults]\na = nan",
            "config.defaults.a is nan (a number) (expected a value that JSON has",
        ),
        (
            MINIMAL + f"[config.defaults.{'.'.join('a' * 60)}]\n{'.'.join('a' * 60)} = 1",
            "nested deeper than 64",
        ),
        (
            MINIMAL + "[config.defaults]\n" + ".".join("a" * 65) + " = 1",
            "line 5 has more than 64 dotted parts",
        ),
        (MINIMAL + "name = { " + ".".join("a" * 64) + " = 1 }", "plugin.name is a table"),
        (
            MINIMAL + '[dependencies]\nb = "1.x.y"',
            "dependencies.b: '1.x.y' is no constraint: at character 3 stands '.'",
        ),
        (MINIMAL + '[dependencies]\nB = "*"', "dependencies.B: 'B' is no plugin id"),
        (MINIMAL + '[dependencies]\na = "*"', "needs itself"),
        (
            MINIMAL + '[runtime]\ninstances = "pool"',
            "runtime.instances is 'pool' (expected one of per-call, pooled",
        ),
        (MINIMAL + '[runtime]\nstub_denied = "yes"', "runtime.stub_denied is 'yes' (expected true or false)"),
        (
            MINIMAL + '[provides]\nservices = ["a", "a"]',
            "provides.services[1] is 'a' (expected each item once)",
        ),
        ("[plugin\n", "is no TOML"),
    ],
)
def test_a_wrong_manifest_is_refused_naming_key_found_and_expected(text: str, words: str) -> None:
    with pytest.raises(ManifestError) as caught:
        parse(text)
    assert words in str(caught.value)
    assert "plugin.toml" in str(caught.value)


def test_errors_after_the_id_name_the_plugin() -> None:
    with pytest.raises(ManifestError) as caught:
        parse(MINIMAL + "x = 1")
    assert caught.value.plugin == "a"


def test_bytes_that_are_no_utf8_are_refused() -> None:
    with pytest.raises(ManifestError, match="is no TOML"):
        Manifest.parse(b"\xff")


def test_a_manifest_over_256_kib_is_refused() -> None:
    with pytest.raises(ManifestError, match="the most is 256 KiB"):
        Manifest.parse(b"#" * (256 * 1024 + 1))


def test_registered_kinds_may_be_asked_for() -> None:
    grammar = Grammar()
    grammar.register("weather", describe="x")
    text = MINIMAL + '[capabilities]\nrequired = [{ name = "weather:Paris", reason = "x" }]'
    assert Manifest.parse(text, grammar=grammar).requested[0].text == "weather:Paris"


@pytest.mark.parametrize(
    ("path", "plugin_id"),
    [
        (Path("x/Secret_Scan.wasm"), "secret-scan"),
        ("scan.component.wasm", "scan-component"),
        ("my-id", "my-id"),
        (Path("a" * 80 + ".wasm"), "a" * 64),
    ],
)
def test_a_bare_component_gets_its_id_from_its_file(path: Path | str, plugin_id: str) -> None:
    manifest = Manifest.for_bare_component(path, ["check_text"], [Capability.parse("log")])
    assert (manifest.id, manifest.version, manifest.bare) == (plugin_id, "0.0.0", True)
    assert manifest.hook_names == ("check_text",)
    assert manifest.required[0].text == "log"
    assert Manifest.parse(manifest.to_toml()).id == plugin_id


def test_a_file_name_without_letters_makes_no_id() -> None:
    with pytest.raises(ManifestError, match="rename the file"):
        Manifest.for_bare_component(Path("42.wasm"))
