"""The operation ``generate``: parameters checked, outputs as data, artifacts created."""

from __future__ import annotations

import pytest
from template_hosts import template_registry

import hyperhost
from hyperhost.errors import ConflictError, InvalidInputError, NotFoundError


@pytest.fixture
def registry():
    with template_registry() as made:
        yield made


def refused(registry, name, /, **parameters):
    with pytest.raises(InvalidInputError) as caught:
        registry.generate(name, **parameters)
    return caught.value


def test_paths_and_contents_are_templates(registry):
    registry.template(
        "project",
        parameters=[{"name": "name", "required": True}, {"name": "port", "type": "integer", "default": 80}],
        outputs=[
            {"path": "src/{{ name }}.py", "content": "PORT = {{ port }}\n", "mode": "755"},
            {"path": "data/{{ name }}/", "kind": "directory", "mode": "0750"},
            {"path": "logs", "kind": "directory"},
        ],
        before=[{"kind": "message", "text": "Making {{ name }}"}],
        after=[{"kind": "message", "text": "Run src/{{ name }}.py"}],
    )
    made = registry.generate("project", name="auth")
    assert made["template"] == "org.acme/project@1.0.0"
    assert made["outputs"] == [
        {"path": "src/auth.py", "kind": "file", "mode": "0755", "text": "PORT = 80\n"},
        {"path": "data/auth", "kind": "directory", "mode": "0750", "text": ""},
        {"path": "logs", "kind": "directory", "mode": "0755", "text": ""},
    ]
    assert (made["before"], made["after"]) == (["Making auth"], ["Run src/auth.py"])


@pytest.mark.parametrize(
    ("declared", "value", "rule"),
    [
        ({"type": "integer"}, "80", "type"),
        ({"type": "integer"}, 1.5, "type"),
        ({"type": "integer"}, True, "type"),
        ({"type": "string"}, 80, "type"),
        ({"type": "array", "max": 1}, [1, 2], "maxItems"),
        ({"type": "integer", "min": 1}, 0, "min"),
        ({"type": "number", "max": 1.5}, 1.6, "max"),
        ({"min": 3}, "ab", "min"),
        ({"max": 3}, "abcd", "max"),
        ({"enum": ["a", "b"]}, "c", "enum"),
        ({"pattern": "[a-z]+"}, "abc1", "pattern"),
        ({"pattern": "a|b"}, "ab", "pattern"),
        ({"pattern": "[a-z]+"}, "abc\n", "pattern"),
    ],
)
def test_a_parameter_that_does_not_fit_is_named(registry, declared, value, rule):
    registry.template("t", parameters=[{"name": "it", **declared}])
    error = refused(registry, "t", it=value)
    assert (error.field, error.rule) == ("parameters.it", rule)
    assert "'it' does not fit" in error.message


def test_missing_and_unknown_parameters_are_named(registry):
    registry.template("t", parameters=[{"name": "name", "required": True, "description": "how to call it"}])
    error = refused(registry, "t")
    assert (error.field, error.rule, error.hint) == ("parameters.name", "required", "how to call it")
    error = refused(registry, "t", nam="x")
    assert (error.field, error.rule, error.hint) == ("parameters.nam", "unknown", "did you mean 'name'?")


def test_a_parameter_that_is_not_given_is_nothing(registry):
    registry.template(
        "t",
        parameters=[{"name": "a"}],
        outputs=[{"path": "x", "content": "{{ 'none' if a is none else a }}"}],
    )
    assert registry.generate("t")["outputs"][0]["text"] == "none"


def test_what_is_required_is_looked_at_before_anything_is_rendered(registry):
    registry.template(
        "t",
        parameters=[{"name": "port", "type": "integer", "required": True}],
        outputs=[{"path": "x", "content": "{{ 1 / (port - 80) }}"}],
        before=[{"kind": "require", "text": "{% if port == 80 %}80 is taken{% endif %}"}],
    )
    error = refused(registry, "t", port=80)
    assert (error.field, error.rule, error.message) == ("parameters", "require", "80 is taken")
    assert registry.generate("t", port=81)["outputs"][0]["text"] == "1.0"


def test_a_wrong_template_is_named_by_its_field(registry):
    registry.template("syntax", outputs=[{"path": "a"}, {"path": "b", "content": "{% if %}"}])
    error = refused(registry, "syntax")
    assert (error.field, error.rule) == ("manifest.outputs[1].content", "syntax")
    assert "line 1: Expected an expression" in error.message
    registry.template("failed", outputs=[{"path": "{{ nope }}"}])
    error = refused(registry, "failed")
    assert (error.field, error.rule) == ("manifest.outputs[0].path", "failed")
    assert "'nope' is undefined" in error.message


@pytest.mark.parametrize(
    ("engine", "text"),
    [
        ("jinja2", "{% for each in names %}<{{ each }}>{% endfor %}"),
        ("handlebars", "{{#each names}}<{{this}}>{{/each}}"),
        ("eta", "<% it.names.forEach((each) => { %><<%= each %>><% }) %>"),
        ("ejs", "<% names.forEach((each) => { %><<%= each %>><% }) %>"),
    ],
)
def test_every_engine_renders_and_escapes_nothing(tmp_path, engine, text):
    with template_registry(tmp_path) as registry:
        registry.template(
            "t",
            engine,
            parameters=[{"name": "names", "type": "array"}],
            outputs=[{"path": "x", "content": text}],
        )
        assert registry.generate("t", names=["a", 'b"&'])["outputs"][0]["text"] == '<a><b"&>'


def test_another_plugin_may_bring_an_engine_or_replace_a_shipped_one():
    class Shouting:
        @hyperhost.hookimpl
        def template_render(self, engine, texts):
            return [text.upper() for text in texts] if engine == "ejs" else None

    with template_registry(None, Shouting()) as registry:
        registry.template("t", "ejs", outputs=[{"path": "a", "content": "<%= x %>"}])
        assert registry.generate("t")["outputs"][0]["text"] == "<%= X %>"
        assert "template-engine-ejs" not in registry.host.plugins


def test_an_engine_is_loaded_at_its_first_use_without_capabilities(tmp_path):
    with template_registry(tmp_path) as registry:
        registry.template("t", "eta")
        assert "template-engine-eta" not in registry.host.plugins
        registry.generate("t")
        engine = registry.host.plugin("template-engine-eta")
        assert [str(each) for each in engine.grants.granted] == []
        registry.host.plugin("templates").unload()
        assert "template-engine-eta" not in registry.host.plugins


def test_artifacts_are_created_all_or_none(registry):
    registry.template(
        "pair",
        parameters=[{"name": "name"}, {"name": "second", "default": "b"}],
        outputs=[
            {"kind": "artifact", "path": "org.acme/{{ name }}-a@1.0.0", "content": '{"type": "library"}'},
            {
                "kind": "artifact",
                "path": "org.acme/{{ name }}-{{ second }}@1.0.0",
                "content": '{"type": "library", "metadata": {"description": "made for {{ name }}"}}',
            },
        ],
    )
    tried = registry.run("generate", artifact="org.acme/pair", parameters={"name": "x"}, dry_run=True)
    assert tried["created"] == []
    made = registry.generate("pair", name="x")
    found = registry.run("read", artifact="org.acme/x-b")
    assert made["created"][1] == found["id"]
    assert found["metadata"]["description"] == "made for x"
    with pytest.raises(ConflictError, match="exists already"):
        registry.generate("pair", name="y", second="a")
    with pytest.raises(NotFoundError):
        registry.run("read", artifact="org.acme/y-a")


@pytest.mark.parametrize(
    ("output", "rule"),
    [
        ({"path": "nowhere", "content": "{}"}, "reference"),
        ({"path": "org.acme/x@1.0.0", "content": "no"}, "json"),
        ({"path": "org.acme/x@1.0.0", "content": "[]"}, "object"),
    ],
)
def test_an_artifact_that_is_no_draft_is_refused(registry, output, rule):
    registry.template("t", outputs=[{"kind": "artifact", **output}])
    error = refused(registry, "t")
    assert error.field.startswith("manifest.outputs[0].")
    assert error.rule == rule


def test_only_templates_generate(registry):
    registry.config("c")
    with pytest.raises(InvalidInputError, match="is a config and no template"):
        registry.generate("c")
    with pytest.raises(NotFoundError):
        registry.generate("gone")
    with pytest.raises(InvalidInputError, match="artifact"):
        registry.run("generate")
