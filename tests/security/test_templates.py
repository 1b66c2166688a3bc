"""Templates and configs that mean harm: they reach nothing, they end, and secrets stay out of messages."""

from __future__ import annotations

import json
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import pytest
from template_hosts import template_registry

from builtin_plugins.templates.rendering import SHIPPED
from builtin_plugins.templates_jinja2.process import render
from hyperhost.errors import InvalidInputError, RefusalError
from hyperhost.host.package import open_package

ENGINES = ("ejs", "eta", "handlebars")
ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def registry(tmp_path_factory):
    with template_registry(tmp_path_factory.mktemp("home")) as made:
        yield made


def one(registry, engine, text, **parameters):
    name = f"t-{time.monotonic_ns()}"
    registry.template(
        name,
        engine,
        parameters=[{"name": each} for each in parameters],
        outputs=[{"path": "out", "content": text}],
    )
    return registry.generate(name, **parameters)["outputs"][0]["text"]


# --- Jinja2 -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "{{ ''.__class__.__mro__ }}",
        "{{ cycler.__init__.__globals__.os.popen('id').read() }}",
        "{{ lipsum.__globals__['os'] }}",
        "{{ self._TemplateReference__context }}",
        "{{ '{0.__class__.__init__.__globals__}'.format(name) }}",
        "{{ name | attr('__class__') | attr('__mro__') }}",
        "{{ [].append(1) }}",
        "{% set x = namespace() %}{{ x.__init__.__globals__ }}",
        "{% include '/etc/passwd' %}",
        "{% import 'os' as os %}",
        "{{ name.__reduce_ex__(2) }}",
        "{{ dict.mro() }}",
    ],
)
def test_nothing_leads_out_of_jinja2(text):
    with pytest.raises(RefusalError) as caught:
        render([text], '{"name": "x"}')
    assert caught.value.rule == "template.failed:0"


def test_the_process_behind_jinja2_has_no_environment_and_opens_nothing():
    """As if a template had left the sandbox: what the process itself can still do."""
    program = (
        "import os, resource, runpy, sys\n"
        f"worker = runpy.run_path({str(ROOT / 'builtin_plugins/templates_jinja2/worker.py')!r})\n"
        "worker['limit'](1 << 28, 5)\n"
        "for attempt in (lambda: open('/etc/passwd'), lambda: os.pipe(), lambda: bytearray(1 << 29)):\n"
        "    try:\n"
        "        attempt()\n"
        "        print('possible')\n"
        "    except (OSError, MemoryError):\n"
        "        print('refused')\n"
    )
    done = subprocess.run(
        [sys.executable, "-I", "-c", program], capture_output=True, text=True, env={}, check=True
    )
    assert done.stdout.split() == ["refused"] * 3


@pytest.mark.parametrize(
    "text",
    [
        "{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}",
        "{{ 'x' * 10 ** 9 }}",
        "{{ 'x' * 10 ** 7 }}",
        "{{ '%0999999999d' | format(1) }}",
        "{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}",
        "{% for i in range(99999) %}{{ 'x' * 1000 }}{% endfor %}",
        "{{ (2 ** 31) ** (2 ** 31) }}",
        "{% set x = 'a' * 1000 %}" + "{% set x = x ~ x ~ x ~ x %}" * 12 + "{{ x }}",
    ],
)
def test_a_jinja2_template_that_takes_too_much_is_stopped(text):
    began = time.monotonic()
    with pytest.raises(RefusalError) as caught:
        render([text], "{}", deadline_s=2)
    assert caught.value.rule == "template.limit"
    assert time.monotonic() - began < 10


def test_nothing_is_left_of_a_template_that_was_stopped():
    before = set(Path("/proc/self/fd").iterdir())
    with pytest.raises(RefusalError, match=r"stopped after 0\.5 s"):
        render(
            ["{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}"],
            "{}",
            deadline_s=0.5,
        )
    assert set(Path("/proc/self/fd").iterdir()) == before


# --- engines that are components --------------------------------------------------------------------


@pytest.mark.parametrize("engine", ENGINES)
def test_a_shipped_engine_asks_for_nothing_and_carries_its_licence(engine):
    package = open_package(SHIPPED / f"{engine}.hhp")
    assert package.id == f"template-engine-{engine}"
    assert list(package.manifest.requested) == []
    with zipfile.ZipFile(SHIPPED / f"{engine}.hhp") as archive:
        assert {"LICENSE", f"LICENSE-{engine}"} <= set(archive.namelist())


@pytest.mark.parametrize(
    ("engine", "text"),
    [
        ("ejs", "<% for (;;) {} %>"),
        ("eta", "<% for (;;) {} %>"),
        ("ejs", "<%= 'x'.repeat(20e6) %>"),
        ("eta", "<% const f = () => f() + 1; f() %>"),
    ],
)
def test_a_script_that_takes_too_much_is_stopped_and_the_engine_goes_on(registry, engine, text):
    for _ in range(2):
        with pytest.raises(InvalidInputError) as caught:
            one(registry, engine, text)
        assert caught.value.rule in ("limit", "failed")
    assert one(registry, engine, "good") == "good"


def test_an_engine_never_rests_however_often_its_templates_fail(registry):
    for _ in range(8):  # five faults within a minute put a plugin that a person installed to rest
        with pytest.raises(InvalidInputError):
            one(registry, "ejs", "<%= 'x'.repeat(20e6) %>")
    assert one(registry, "ejs", "<%= 1 + 1 %>") == "2"
    assert registry.host.plugin("template-engine-ejs").state == "active"


def test_a_script_reaches_nothing_and_remembers_nothing(registry):
    text = (
        "<%= [typeof process, typeof require, typeof fetch, typeof seen].join() %><% globalThis.seen = 1 %>"
    )
    for _ in range(2):
        assert one(registry, "ejs", text) == "undefined,undefined,undefined,undefined"
    for inclusion in ("<%- include('/etc/passwd') %>", "<% await import('node:fs') %>"):
        with pytest.raises(InvalidInputError):
            one(registry, "ejs", inclusion)
    assert one(registry, "handlebars", "<{{lookup (lookup this 'constructor') 'constructor'}}>") == "<>"


# --- what comes out ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "path",
    [
        "../x",
        "/etc/passwd",
        "a/../../x",
        "C:\\x",
        "a\\..\\..\\x",
        "nul",
        "aux.txt",
        "a\nb",
        "",
        ".",
        "a//b",
        "\u202e",
        ".git/hooks/post-commit",
        "a/.GIT/config",
    ],
)
def test_a_path_that_leads_out_of_the_folder_is_refused_where_it_is_made(registry, path):
    name = f"p-{time.monotonic_ns()}"
    registry.template(
        name,
        parameters=[{"name": "path"}],
        outputs=[{"path": "good", "content": "x"}, {"path": "{{ path }}", "content": "x"}],
    )
    with pytest.raises(InvalidInputError, match="is refused") as caught:
        registry.generate(name, path=path)
    assert (caught.value.field, caught.value.rule) == ("manifest.outputs[1].path", "path")


@pytest.mark.parametrize("pattern", ["(a+)+", "(a|a)*b", "(a|aa)+c", "([a-z]+)*1", "(?:a?){50}a{50}"])
def test_a_pattern_never_hangs(registry, pattern):
    name = f"r-{time.monotonic_ns()}"
    registry.template(name, parameters=[{"name": "text", "pattern": pattern}])
    began = time.monotonic()
    with pytest.raises(InvalidInputError):
        registry.generate(name, text="a" * 50_000 + "!")
    assert time.monotonic() - began < 5


# --- secrets ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "schema",
    [
        {"properties": {"key": {"maxLength": 3}}},
        {"properties": {"key": {"pattern": "^x"}}},
        {"properties": {"key": {"enum": ["x"]}}},
        {"properties": {"key": {"type": "integer"}}},
        {"required": ["other"]},
        {"maxProperties": 0},
        {"additionalProperties": False},
        {"const": {}},
        {"not": {}},
        {"anyOf": [{"required": ["x"]}, {"type": "array"}]},
    ],
)
def test_no_message_repeats_a_secret(registry, monkeypatch, schema):
    monkeypatch.setenv("HYPERHOST_SECRET_KEY", "s3cr3t")
    name = f"s-{time.monotonic_ns()}"
    registry.config(
        name,
        values={"plain": "pl4in"},
        sensitive=["plain"],
        secrets=[{"path": "key", "name": "key"}],
        schema=schema,
    )
    for reveal in (False, True):
        with pytest.raises(InvalidInputError) as caught:
            registry.run("render", artifact=f"org.acme/{name}", reveal=reveal)
        said = f"{caught.value} {caught.value.__cause__} {caught.value.field}"
        assert "s3cr3t" not in said
        assert "pl4in" not in said


def test_a_config_cannot_take_the_programs_own_variables(registry, monkeypatch):
    monkeypatch.setenv("HYPERHOST_SECRET_KEY", "s3cr3t")
    name = f"e-{time.monotonic_ns()}"
    registry.config(name, values={}, env={"stolen": "HYPERHOST_SECRET_KEY"})
    with pytest.raises(InvalidInputError, match="is a variable of HyperHost itself") as caught:
        registry.rendered(name)
    assert "s3cr3t" not in str(caught.value)


def test_text_values_with_something_sensitive_are_masked_as_a_whole(registry):
    name = f"m-{time.monotonic_ns()}"
    registry.config(name, format="yaml", values="key: s3cr3t\n", sensitive=["key"])
    assert registry.run("read_manifest", artifact=f"org.acme/{name}")["values"] == "********"
    assert "s3cr3t" not in json.dumps(registry.run("render", artifact=f"org.acme/{name}"))


@pytest.mark.parametrize("name", ["../x", "a b", "", "x" * 300, "a=b", "a\0"])
def test_a_name_that_is_no_name_of_a_secret_is_refused(registry, name):
    with pytest.raises(RefusalError, match="is no name of a secret"):
        registry.host.hook.secrets_read(provider="builtin", name=name, namespace="org.acme")
